// The members under the editor: who answered, in what time, with how much; who did not, and why. A click
// asks one member only.

import { h, replace } from '../../lib/h.js';
import { formatBytes, counted } from '../../lib/numbers.js';
import { formatElapsed } from '../../lib/time.js';
import { keepFocus } from '../../lib/ui.js';
import { membersOf } from './execution.js';

const SIGNS = { answered: '✓', missing: '✗', notAsked: '–', unknown: '·' };

/**
 * @param {{onchoose(members: string[]): void}} options
 * @returns {{element: HTMLElement, show(outcome, plan, chosen: string[]): void}}
 */
export function strip({ onchoose }) {
  const element = h('div', { class: 'strip', role: 'group', 'aria-label': 'Members' });
  let chosen = [];
  let names = [];

  function choose(name, isToggle) {
    if (isToggle) {
      const from = chosen.length > 0 ? chosen : names;
      const next = from.includes(name) ? from.filter((one) => one !== name) : [...from, name];
      onchoose(next.length === names.length ? [] : next);
    } else {
      onchoose(chosen.length === 1 && chosen[0] === name ? [] : [name]);
    }
  }

  function chip(member) {
    const isChosen = chosen.includes(member.name);
    return h('button', {
      type: 'button', class: ['chip', member.state], 'aria-pressed': String(isChosen),
      title: title(member, isChosen), onclick: (event) => choose(member.name, event.ctrlKey || event.metaKey),
    },
    h('span', { class: 'glyph', 'aria-hidden': 'true' }, SIGNS[member.state]), h('b', {}, member.name),
    h('span', { class: 'chip-text' }, words(member)));
  }

  return {
    element,
    show(outcome, plan, members) {
      chosen = members;
      const all = membersOf(outcome, plan);
      names = all.map((member) => member.name);
      element.hidden = all.length === 0;
      keepFocus(element, () => replace(element, all.map(chip),
        chosen.length > 0 && h('button', { type: 'button', class: 'link small', onclick: () => onchoose([]) }, 'Ask all')));
    },
  };
}

function words(member) {
  switch (member.state) {
    case 'missing': return member.error;
    case 'notAsked': return 'not asked';
    case 'answered': return [
      member.seconds !== null && formatElapsed(member.seconds), member.series !== null && counted(member.series, 'series', 'series'),
    ].filter(Boolean).join(' · ') || 'answered';
    default: return '';
  }
}

function title(member, isChosen) {
  const lines = [];
  if (member.state === 'missing') lines.push(`${member.name} is missing: ${member.error}`, member.effect);
  if (member.bytes !== null) lines.push(`${formatBytes(member.bytes)} of series`);
  lines.push(isChosen ? 'Click: ask all members' : 'Click: ask only this member', 'Ctrl-click: with or without this member');
  return lines.filter(Boolean).join('\n');
}
