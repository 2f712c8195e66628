// Keys. Each has a button that does the same; `?` shows them all. A key is written as
// `Ctrl-Shift-F`, `Alt-ArrowUp`, `g m` (one after the other), `?`.

import { preference } from './preferences.js';

const bindings = new Map();
let pending = null;
let pendingTimer = 0;

/**
 * Binds a key until the returned function is called.
 *
 * @param {string} keys As above.
 * @param {string} title What it does, for the list of keys.
 * @param {(event: KeyboardEvent) => void} action
 * @param {{group?: string, inText?: boolean}} options `inText`: also while a person types into a field.
 */
export function bind(keys, title, action, { group = 'Everywhere', inText = false } = {}) {
  const binding = { keys, title, action, group, inText };
  const before = bindings.get(keys);
  bindings.set(keys, binding);
  return () => {
    if (bindings.get(keys) !== binding) return;
    if (before) bindings.set(keys, before);
    else bindings.delete(keys);
  };
}

// Keys that something else handles, such as the editor: they are only listed.
const listed = [];
export function list(keys, title, group) {
  if (!listed.some((one) => one.keys === keys && one.group === group)) listed.push({ keys, title, group });
}

/** All keys of now, by group: `[[group, [{keys, title}]]]`. */
export function allKeys() {
  const groups = new Map();
  for (const one of [...bindings.values(), ...listed]) {
    if (!groups.has(one.group)) groups.set(one.group, []);
    groups.get(one.group).push(one);
  }
  return [...groups];
}

// Keys without Ctrl or Alt can be switched off: speech input and trembling hands press them by chance.
const isSingle = (keys) => !/^(Ctrl|Alt)-/.test(keys);
const isOff = (keys) => isSingle(keys) && !preference('singleKeys', true);

// What is scrolled, or walked through, by arrows itself.
const TAKES_ARROWS = '.table-scroll, .raw, [role="menu"], [role="tablist"]';

/** The name of what was pressed, as `bind` takes it. */
export function nameOf(event) {
  let name = event.key === ' ' ? 'Space' : event.key;
  const isLetter = name.length === 1;
  if (isLetter && (event.ctrlKey || event.altKey || event.metaKey)) name = name.toUpperCase();
  const parts = [];
  if (event.ctrlKey || event.metaKey) parts.push('Ctrl');
  if (event.altKey) parts.push('Alt');
  // The shift that makes `?` of a key is in its name already.
  if (event.shiftKey && (!isLetter || parts.length > 0)) parts.push('Shift');
  return [...parts, name].join('-');
}

function isText(element) {
  return element?.closest?.('input:not([type=checkbox]):not([type=radio]):not([type=button]), textarea, select, [contenteditable=true]');
}

document.addEventListener('keydown', (event) => {
  if (event.defaultPrevented || event.isComposing || ['Shift', 'Control', 'Alt', 'Meta'].includes(event.key)) return;
  if (document.querySelector('dialog[open]')) return;
  const name = nameOf(event);
  const inText = isText(event.target);
  const sequence = pending && !inText ? bindings.get(`${pending} ${name}`) : null;
  const binding = sequence ?? bindings.get(name);
  clearTimeout(pendingTimer);
  pending = null;
  if (name.startsWith('Arrow') && event.target.closest?.(TAKES_ARROWS)) return;
  if (binding && !isOff(binding.keys) && (!inText || binding.inText)) {
    event.preventDefault();
    binding.action(event);
    return;
  }
  if (!inText && !isOff(name) && [...bindings.keys()].some((keys) => keys.startsWith(`${name} `))) {
    pending = name;
    pendingTimer = setTimeout(() => { pending = null; }, 1500);
  }
});
