// Queries that were asked, the newest first, and those that are kept. Of this browser alone.

import { h, replace } from '../../lib/h.js';
import { preference, setPreference } from '../../lib/preferences.js';
import { dialog, empty } from '../../lib/ui.js';

const MOST = 200;

export const history = () => preference('history', []);
export const pinned = () => preference('pinned', []);

/** Notes that an expression was asked. */
export function remember(expr) {
  if (expr.trim() === '') return;
  setPreference('history', [expr, ...history().filter((one) => one !== expr)].slice(0, MOST));
}

export function togglePin(expr) {
  const all = pinned();
  setPreference('pinned', all.includes(expr) ? all.filter((one) => one !== expr) : [expr, ...all]);
}

/** A dialog that shows both, and gives the one that is chosen. */
export function showHistory(choose) {
  const list = h('div', { class: 'history' });
  const search = h('input', { type: 'search', placeholder: 'Search the queries', 'aria-label': 'Search the queries', oninput: () => draw(), autofocus: true });
  const opened = dialog('Queries of this browser', [
    h('div', { class: 'toolbar' }, search, h('span', { class: 'spring' }),
      h('button', { type: 'button', class: 'quiet', onclick: () => { setPreference('history', []); draw(); } }, 'Forget all but the pinned')),
    list,
  ], { wide: true });

  function draw() {
    const wanted = search.value.toLowerCase();
    const fits = (expr) => expr.toLowerCase().includes(wanted);
    const kept = pinned().filter(fits);
    const asked = history().filter((expr) => fits(expr) && !pinned().includes(expr));
    replace(list,
      kept.length > 0 && [h('h3', {}, 'Pinned'), h('ul', {}, kept.map(row))],
      asked.length > 0 && [h('h3', {}, 'Asked'), h('ul', {}, asked.map(row))],
      kept.length + asked.length === 0 && empty(wanted ? 'None of them has this text.' : 'No query was asked in this browser yet.'));
  }

  function row(expr) {
    const isPinned = pinned().includes(expr);
    return h('li', {},
      h('button', {
        type: 'button', class: 'icon', 'aria-pressed': String(isPinned), 'aria-label': isPinned ? 'Unpin' : 'Pin', title: isPinned ? 'Unpin' : 'Pin',
        onclick: () => { togglePin(expr); draw(); },
      }, isPinned ? '★' : '☆'),
      h('button', { type: 'button', class: 'link mono', onclick: () => { opened.close(); choose(expr); } }, expr));
  }
  draw();
}
