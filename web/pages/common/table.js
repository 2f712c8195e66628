// A table of dense lines. It sorts by its heads, opens a line for its details, and keeps the focus and
// what is open when newer data comes.

import { h, replace } from '../../lib/h.js';
import { counted } from '../../lib/numbers.js';

let tables = 0;

/**
 * @param {Object} options
 * @param {string} options.caption What the table lists, for screen readers.
 * @param {Array<{id: string, label: string, cell: Function, sort?: Function, numeric?: boolean,
 *     wide?: boolean, width?: string, title?: string}>} options.columns `cell(row)` is a node or a text; `sort(row)` a
 *     number or a text, without which one cannot sort by the column. Wide ones are left out of narrow
 *     windows; the details should have them. `width`, given for all, lets several tables have their
 *     columns below each other. The first column names the row.
 * @param {(row: any) => string} options.key Tells rows apart, also from one answer to the next.
 * @param {(row: any) => Node} [options.details] What is under a line that is open.
 * @param {(row: any) => string} [options.name] What a row is called in the label of its button.
 * @param {{id: string, down?: boolean}} [options.sort] How it is sorted at first; as given without.
 * @param {string} [options.empty] Said in place of no rows.
 * @param {number} [options.most] Rows that are shown before one asks for all.
 */
export class DataTable {
  constructor(options) {
    this.options = { most: 200, empty: 'Nothing is here.', ...options };
    this.prefix = `table-${++tables}`;
    this.sort = options.sort ?? null;
    this.open = new Set();
    this.rows = [];
    this.isWhole = false;
    this.shown = new Map();
    this.heads = new Map();
    this.body = h('tbody');
    this.foot = h('div', { class: 'table-foot' });
    this.element = h('div', { class: 'table-block' },
      h('div', { class: 'table-scroll', role: 'group', tabindex: '0', 'aria-label': options.caption },
        h('table', { class: ['data-table', this.options.columns.some((one) => one.width) && 'fixed'] },
          h('caption', { class: 'visually-hidden' }, options.caption),
          h('thead', null, h('tr', null, this.options.columns.map((column) => this.#head(column)))),
          this.body)),
      this.foot);
    this.isPressed = false;
    this.isStale = false;
    this.element.addEventListener('pointerdown', () => this.#press());
    this.#showSort();
  }

  /** Shows these rows in the place of the ones before; once a press that is under way has ended. */
  show(rows) {
    this.rows = rows;
    if (this.isPressed) this.isStale = true;
    else this.#draw();
  }

  // What is pressed must still be there when it is let go: a click that begins on one button and ends on
  // its successor is none.
  #press() {
    this.isPressed = true;
    const ends = ['pointerup', 'pointercancel'];
    const release = () => {
      for (const end of ends) window.removeEventListener(end, release, true);
      // The click itself comes first.
      setTimeout(() => {
        this.isPressed = false;
        if (this.isStale) this.#draw();
        this.isStale = false;
      });
    };
    for (const end of ends) window.addEventListener(end, release, true);
  }

  #head(column) {
    const classes = [column.numeric && 'number', column.wide && 'wide'];
    const css = { width: column.width };
    if (!column.sort) return h('th', { scope: 'col', class: classes, title: column.title, css }, column.label);
    const arrow = h('span', { class: 'arrow', 'aria-hidden': 'true' });
    const head = h('th', { scope: 'col', class: classes, title: column.title, css },
      h('button', { type: 'button', class: 'head-button', onclick: () => this.#sortBy(column) }, column.label, arrow));
    this.heads.set(column.id, { head, arrow });
    return head;
  }

  #sortBy(column) {
    const isSame = this.sort?.id === column.id;
    // Numbers are looked at from the largest.
    this.sort = { id: column.id, down: isSame ? !this.sort.down : Boolean(column.numeric) };
    this.#showSort();
    this.#draw();
  }

  #showSort() {
    for (const [id, { head, arrow }] of this.heads) {
      const isSorted = this.sort?.id === id;
      if (isSorted) head.setAttribute('aria-sort', this.sort.down ? 'descending' : 'ascending');
      else head.removeAttribute('aria-sort');
      arrow.textContent = isSorted ? (this.sort.down ? ' ↓' : ' ↑') : '';
    }
  }

  #sorted() {
    const column = this.options.columns.find((one) => one.id === this.sort?.id);
    if (!column?.sort) return this.rows;
    const sign = this.sort.down ? -1 : 1;
    return this.rows
      .map((row) => ({ row, by: column.sort(row) }))
      .sort((a, b) => sign * compared(a.by, b.by))
      .map((one) => one.row);
  }

  #draw() {
    const { columns, key, most, empty } = this.options;
    const sorted = this.#sorted();
    const visible = this.isWhole ? sorted : sorted.slice(0, most);
    const before = this.shown;
    this.shown = new Map();
    const lines = [];
    for (const row of visible) {
      const id = key(row);
      const line = before.get(id) ?? { main: h('tr'), cells: [], more: null };
      this.shown.set(id, line);
      columns.forEach((column, index) => {
        const fresh = this.#cell(column, row, index === 0, id);
        const old = line.cells[index];
        if (old?.isEqualNode(fresh)) return;
        line.cells[index] = fresh;
        if (old) exchange(old, fresh);
        else line.main.append(fresh);
      });
      lines.push(line.main);
      if (this.options.details && this.open.has(id)) {
        const fresh = h('tr', { class: 'details-row', id: this.#detailsID(id) },
          h('td', { colspan: String(columns.length) }, this.options.details(row)));
        if (!line.more) line.more = fresh;
        else if (!line.more.isEqualNode(fresh)) {
          exchange(line.more, fresh);
          line.more = fresh;
        }
        lines.push(line.more);
      } else {
        line.more = null;
      }
    }
    if (lines.length === 0) {
      lines.push(h('tr', null, h('td', { colspan: String(columns.length), class: 'empty' }, empty)));
    }
    arrange(this.body, lines);
    replace(this.foot, visible.length < sorted.length && h('button', {
      type: 'button', class: 'quiet',
      onclick: () => {
        this.isWhole = true;
        this.#draw();
      },
    }, `${visible.length} of ${counted(sorted.length, 'line')}: show all`));
  }

  #cell(column, row, isFirst, id) {
    const classes = [column.numeric && 'number', column.wide && 'wide'];
    if (!isFirst) return h('td', { class: classes }, column.cell(row));
    if (!this.options.details) return h('th', { scope: 'row', class: classes }, column.cell(row));
    const isOpen = this.open.has(id);
    const name = this.options.name?.(row) ?? id;
    return h('th', { scope: 'row', class: classes }, h('div', { class: 'first-cell' },
      h('button', {
        type: 'button', class: 'opener', 'aria-expanded': String(isOpen),
        'aria-controls': isOpen ? this.#detailsID(id) : null, 'aria-label': `Details of ${name}`,
        onclick: () => {
          if (this.open.has(id)) this.open.delete(id);
          else this.open.add(id);
          this.#draw();
        },
      }, isOpen ? '▾' : '▸'),
      h('div', null, column.cell(row))));
  }

  #detailsID(id) {
    return `${this.prefix}-${id.replace(/[^a-zA-Z0-9_-]/g, (one) => `_${one.codePointAt(0)}`)}`;
  }
}

/** Puts a node in the place of another; what had the focus in it has it again. */
function exchange(old, fresh) {
  const controls = (node) => [...node.querySelectorAll('button, a[href], input, select, summary')];
  const at = old.contains(document.activeElement) ? controls(old).indexOf(document.activeElement) : -1;
  old.replaceWith(fresh);
  if (at >= 0) controls(fresh)[at]?.focus({ preventScroll: true });
}

/** Makes the children of an element these, moving only those that are elsewhere. */
function arrange(parent, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  nodes.forEach((node, index) => {
    if (parent.children[index] !== node) parent.insertBefore(node, parent.children[index] ?? null);
  });
}

// What is not known is last, whichever way one sorts.
function compared(a, b) {
  const [noA, noB] = [a, b].map((one) => one === null || one === undefined || Number.isNaN(one));
  if (noA || noB) return noA === noB ? 0 : noA ? 1 : -1;
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a).localeCompare(String(b), 'en', { numeric: true });
}
