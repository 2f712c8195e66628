// The series of a graph as a table: sorted by what they are at the cursor, each with its measures. It is
// also how the graph is read by those who do not see it.

import { h, replace, svg } from '../../lib/h.js';
import { formatShort } from '../../lib/numbers.js';
import { formatTime } from '../../lib/time.js';

const MOST = 200;

/**
 * @param {Line[]} lines
 * @param {{stroke: string, dash: number[]|null}[]} looks
 * @param {number[]} times
 * @param {{onvisible(visible: boolean[]): void, onfocus(index: number|null): void}} options
 * @returns {{element: HTMLElement, cursor(index: number|null): void}}
 */
export function legend(lines, looks, times, { onvisible, onfocus }) {
  let visible = lines.map(() => true);
  let at = null;
  let wanted = null;
  const moment = h('th', { scope: 'col', class: 'number' });
  const body = h('tbody', {});
  const rows = lines.map((line, index) => row(line, index));
  const element = h('div', { class: 'table-scroll legend', tabindex: '0', role: 'group', 'aria-label': 'Series of the graph' },
    h('table', {},
      h('caption', { class: 'visually-hidden' }, 'Series of the graph with their values'),
      h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Series'), moment,
        ['Min', 'Mean', 'Max'].map((title) => h('th', { scope: 'col', class: 'number' }, title)))), body));

  function row(line, index) {
    const value = h('td', { class: 'number' });
    const button = h('button', {
      type: 'button', class: 'cell', 'aria-pressed': 'true', title: `${line.name}\nClick: only this one. Ctrl-click: with or without it.`,
      onclick: (event) => choose(index, event.ctrlKey || event.metaKey),
    }, swatch(looks[index]), h('span', { class: 'mono' }, line.name));
    const element = h('tr', { onmouseenter: () => onfocus(index), onmouseleave: () => onfocus(null) },
      h('td', {}, button), value,
      [line.min, line.mean, line.max].map((number) => h('td', { class: 'number' }, Number.isFinite(number) ? formatShort(number, 4) : '–')));
    return { element, value, button };
  }

  function choose(index, isToggle) {
    if (isToggle) visible[index] = !visible[index];
    else if (visible[index] && visible.filter(Boolean).length === 1) visible = lines.map(() => true);
    else visible = lines.map((_, other) => other === index);
    if (!visible.includes(true)) visible = lines.map(() => true);
    rows.forEach(({ element, button }, one) => {
      element.classList.toggle('off', !visible[one]);
      button.setAttribute('aria-pressed', String(visible[one]));
    });
    onvisible(visible);
  }

  function draw() {
    const valueOf = (index) => (at === null ? lines[index].last : lines[index].values[at]);
    const order = lines.map((_, index) => index).sort((a, b) => (valueOf(b) ?? -Infinity) - (valueOf(a) ?? -Infinity)).slice(0, MOST);
    replace(moment, at === null ? 'Last' : formatTime(times[at]));
    for (const index of order) rows[index].value.textContent = valueOf(index) === null ? '–' : formatShort(valueOf(index), 4);
    // While a row has the focus, it does not move away.
    if (body.childElementCount > 0 && body.contains(document.activeElement)) return;
    body.replaceChildren(...order.map((index) => rows[index].element));
  }
  draw();
  return {
    element,
    cursor(index) {
      if (wanted === index) return;
      wanted = index;
      requestAnimationFrame(() => {
        if (at === wanted) return;
        at = wanted;
        draw();
      });
    },
  };
}

function swatch({ stroke, dash }) {
  return svg('svg', { class: 'swatch', viewBox: '0 0 22 8', 'aria-hidden': 'true' },
    svg('line', { x1: 1, x2: 21, y1: 4, y2: 4, stroke, 'stroke-width': 3, 'stroke-dasharray': dash ? dash.map((one) => one * 0.7).join(' ') : null }));
}
