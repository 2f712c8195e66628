// Parts that every page uses: tabs, dialogs, menus, banners, badges. Each works by keyboard and says by
// text what its colour says.

import { h, replace } from './h.js';

let nextId = 0;
/** An id that no other element has. */
export const uniqueId = (prefix = 'id') => `${prefix}-${++nextId}`;

/**
 * Tabs: arrows move among them, as the pattern of ARIA says.
 *
 * @param {{label: string, items: {id: string, title: string, count?: string}[], selected: string,
 *     onselect: (id: string) => void, panel?: string}} options `panel` is the id of what they show.
 * @returns {HTMLElement & {select(id: string): void}} `select` shows a choice without telling of it.
 */
export function tabs({ label, items, selected, onselect, panel }) {
  const buttons = new Map();
  const list = h('div', { class: 'tabs', role: 'tablist', 'aria-label': label });
  const show = (id) => {
    for (const [one, button] of buttons) {
      button.setAttribute('aria-selected', String(one === id));
      button.tabIndex = one === id ? 0 : -1;
    }
  };
  for (const item of items) {
    const button = h('button', {
      type: 'button', role: 'tab', 'aria-controls': panel, title: item.hint,
      onclick: () => { show(item.id); onselect(item.id); },
    }, item.title);
    buttons.set(item.id, button);
    list.append(button);
  }
  list.addEventListener('keydown', (event) => {
    const ids = [...buttons.keys()];
    const at = ids.findIndex((id) => buttons.get(id) === document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: ids.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    const button = buttons.get(ids[(to + ids.length) % ids.length]);
    button.focus();
    button.click();
  });
  show(selected);
  list.select = show;
  return list;
}

/** Buttons of which one is pressed. `items`: `[[value, title, hint?]]`. */
export function choice({ label, items, selected, onselect }) {
  const buttons = new Map();
  const show = (value) => {
    for (const [one, button] of buttons) button.setAttribute('aria-pressed', String(one === value));
  };
  const group = h('div', { class: 'choice', role: 'group', 'aria-label': label }, items.map(([value, title, hint]) => {
    const button = h('button', { type: 'button', title: hint, onclick: () => { show(value); onselect(value); } }, title);
    buttons.set(value, button);
    return button;
  }));
  show(selected);
  group.select = show;
  return group;
}

/**
 * A dialog over the page, closed by Escape, by its button, or by `close()` of what is returned.
 *
 * @param {string} title
 * @param {any} body Children, as of `h`.
 * @param {{actions?: Node[], wide?: boolean, onclose?: () => void}} options
 */
export function dialog(title, body, { actions = [], wide = false, onclose } = {}) {
  const id = uniqueId('dialog');
  const element = h('dialog', { class: ['dialog', wide && 'wide'], 'aria-labelledby': id },
    h('header', {},
      h('h2', { id }, title),
      h('button', { type: 'button', class: 'icon', 'aria-label': 'Close', onclick: () => element.close() }, '✕')),
    h('div', { class: 'dialog-body' }, body),
    actions.length > 0 && h('footer', {}, actions));
  element.addEventListener('close', () => { element.remove(); onclose?.(); });
  // A click beside the dialog closes it.
  element.addEventListener('click', (event) => { if (event.target === element) element.close(); });
  document.body.append(element);
  element.showModal();
  return { element, close: () => element.close() };
}

/**
 * A button that opens a list of things to do.
 *
 * @param {string|Node} face What the button shows.
 * @param {() => ({title: string, hint?: string, action: () => void, checked?: boolean}|null)[]} items
 *     Asked at each opening; `null` is a line between.
 */
export function menu(face, items, { label, className = '' } = {}) {
  const button = h('button', {
    type: 'button', class: className, 'aria-haspopup': 'menu', 'aria-expanded': 'false', 'aria-label': label, title: label,
    onclick: () => (open ? close() : show()),
  }, face);
  let open = null;
  const close = (focus = true) => {
    open?.remove();
    open = null;
    button.setAttribute('aria-expanded', 'false');
    document.removeEventListener('pointerdown', outside, true);
    if (focus) button.focus();
  };
  const outside = (event) => {
    if (!open.contains(event.target) && !button.contains(event.target)) close(false);
  };
  const show = () => {
    open = menuList(items(), close);
    layerOf(button).append(open);
    place(open, button);
    button.setAttribute('aria-expanded', 'true');
    document.addEventListener('pointerdown', outside, true);
    open.querySelector('button')?.focus();
  };
  return button;
}

/** A menu at a place of the page, for example beside a cell of a table. */
export function menuAt(anchor, items) {
  const close = (focus = true) => {
    list.remove();
    document.removeEventListener('pointerdown', outside, true);
    if (focus) anchor.focus();
  };
  const outside = (event) => { if (!list.contains(event.target)) close(false); };
  const list = menuList(items, close);
  layerOf(anchor).append(list);
  place(list, anchor);
  document.addEventListener('pointerdown', outside, true);
  list.querySelector('button')?.focus();
}

// A menu belongs to the dialog, or to the landmark, that its button is in.
const layerOf = (anchor) => anchor.closest('dialog') ?? anchor.closest('main, header') ?? document.body;

function menuList(items, close) {
  const list = h('div', { class: 'menu', role: 'menu' }, items.map((item) => item === null
    ? h('hr', {})
    : h('button', {
      type: 'button', role: item.checked === undefined ? 'menuitem' : 'menuitemcheckbox', tabindex: '-1',
      'aria-checked': item.checked === undefined ? null : String(item.checked),
      onclick: () => { close(); item.action(); },
    }, item.checked !== undefined && h('span', { class: 'tick', 'aria-hidden': 'true' }, item.checked ? '✓' : ''),
    item.title, item.hint && h('span', { class: 'menu-hint' }, item.hint))));
  list.addEventListener('keydown', (event) => {
    const buttons = [...list.querySelectorAll('button')];
    const at = buttons.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (to !== undefined) buttons[(to + buttons.length) % buttons.length].focus();
    else if (event.key === 'Escape' || event.key === 'Tab') close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  return list;
}

/** Puts a floating element below its anchor, within the window. */
export function place(element, anchor) {
  const at = anchor.getBoundingClientRect();
  const size = element.getBoundingClientRect();
  const left = Math.max(8, Math.min(at.left, window.innerWidth - size.width - 8));
  const below = at.bottom + 4 + size.height <= window.innerHeight || at.top < size.height;
  element.style.setProperty('left', `${left}px`);
  element.style.setProperty('top', `${below ? at.bottom + 4 : at.top - size.height - 4}px`);
}

const GLYPHS = { ok: '✓', warning: '!', error: '✗', info: 'i', neutral: '–' };

/** A state in a word, with a sign: `ok`, `warning`, `error`, `info`, `neutral`. */
export function badge(kind, text, title) {
  return h('span', { class: ['badge', kind], title }, h('span', { class: 'glyph', 'aria-hidden': 'true' }, GLYPHS[kind]), ' ', text);
}

/** A line over a result that must be seen, with things to do about it. */
export function banner(kind, text, ...actions) {
  return h('div', { class: ['banner', kind], role: kind === 'error' ? 'alert' : 'status' },
    h('span', { class: 'glyph', 'aria-hidden': 'true' }, GLYPHS[kind]),
    h('div', { class: 'banner-text' }, text),
    actions.length > 0 && h('div', { class: 'banner-actions' }, actions));
}

/** What an error says, in the words of the gateway. */
export function errorBanner(error, ...actions) {
  const type = error?.type ? `${error.type}: ` : '';
  return banner('error', `${type}${error?.message ?? error}`, ...actions);
}

/** Says that there is nothing, and what to do about it. */
export const empty = (text, ...more) => h('div', { class: 'empty' }, h('p', {}, text), more);

/** Says that something is on its way. */
export const loading = (text = 'Loading…') => h('div', { class: 'loading', role: 'status' }, h('span', { class: 'spinner', 'aria-hidden': 'true' }), text);

/** A labelled field. `input` needs no id. */
export function field(label, input, { hint, error } = {}) {
  input.id ||= uniqueId('field');
  const notes = [];
  if (hint) notes.push(h('small', { id: uniqueId('hint'), class: 'hint' }, hint));
  if (error) notes.push(h('small', { id: uniqueId('error'), class: 'field-error' }, `✗ ${error}`));
  if (notes.length > 0) input.setAttribute('aria-describedby', notes.map((note) => note.id).join(' '));
  if (error) input.setAttribute('aria-invalid', 'true');
  return h('div', { class: 'field' }, h('label', { for: input.id }, label), input, notes);
}

/** Says a sentence to those who hear the page. */
export function announce(text) {
  const region = document.getElementById('announcements');
  if (region) replace(region, text);
}

/** A short word at the corner of the page, for what was done by a button. */
export function toast(text, kind = 'ok') {
  const element = h('div', { class: ['toast', kind] }, h('span', { class: 'glyph', 'aria-hidden': 'true' }, GLYPHS[kind]), ' ', text);
  document.getElementById('toasts')?.append(element);
  announce(text);
  setTimeout(() => element.remove(), 4000);
}

/** Copies a text and says so; `what` names it, as in `Copied the link`. */
export async function copy(text, what = 'the text') {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without a secure context there is no clipboard; a selected field has always worked.
    const area = h('textarea', { class: 'visually-hidden', value: text });
    (document.querySelector('dialog[open]') ?? document.body).append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    if (!done) return toast(`The browser does not let ${what} be copied`, 'error');
  }
  toast(`Copied ${what}`);
}

export function copyButton(text, what, face = 'Copy') {
  return h('button', { type: 'button', class: 'quiet', title: `Copy ${what}`, onclick: () => copy(typeof text === 'function' ? text() : text, what) }, face);
}

/** Gives the browser a file to keep. */
export function download(name, content, type = 'text/plain') {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const url = URL.createObjectURL(blob);
  h('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** CSV by RFC 4180. */
export function csv(rows) {
  const cell = (value) => {
    const text = String(value ?? '');
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => row.map(cell).join(',')).join('\r\n') + '\r\n';
}

/**
 * Draws anew what is in a container, and gives the focus back to the control at the same place, so that
 * who works by keys stays where they were.
 */
export function keepFocus(container, draw) {
  const controls = () => [...container.querySelectorAll('button, input, select, textarea, a[href], [tabindex="0"]')];
  const before = container.contains(document.activeElement) ? document.activeElement : null;
  const at = before ? controls().indexOf(before) : -1;
  draw();
  if (at < 0) return;
  // Other controls may have come or gone: a field is found again by its name.
  const after = controls().find((one) => before.name && one.name === before.name) ?? controls()[at] ?? controls().at(-1);
  after?.focus();
  if (after && before.dataset.typed !== undefined && after.name === before.name) carryTyped(before, after);
}

// What is typed and not yet taken goes on in the new field.
function carryTyped(before, after) {
  after.value = before.value;
  after.dataset.typed = '';
  after.setSelectionRange(before.selectionStart, before.selectionEnd);
}

/** A function that runs when it was not called for a while. */
export function debounced(milliseconds, action) {
  let timer = 0;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...args), milliseconds);
  };
}
