// The list of keys.

import { h } from '../lib/h.js';
import { allKeys } from '../lib/keys.js';
import { preference, setPreference } from '../lib/preferences.js';
import { dialog } from '../lib/ui.js';

export function showKeys() {
  dialog('Keys', [h('label', { class: 'check' }, h('input', {
    type: 'checkbox', checked: preference('singleKeys', true), onchange: (event) => setPreference('singleKeys', event.target.checked),
  }), 'Keys without Ctrl or Alt work'), h('div', { class: 'key-groups' }, allKeys().map(([group, keys]) => h('section', {},
    h('h3', {}, group),
    h('dl', { class: 'keys' }, keys.map(({ keys: text, title }) => [
      h('dt', {}, caps(text)),
      h('dd', {}, title),
    ])))))], { wide: true });
}

const NAMES = { ArrowUp: '↑', ArrowDown: '↓', ArrowLeft: '←', ArrowRight: '→', Space: 'Space', Enter: 'Enter' };

// `g q` is one key after the other; `Ctrl-Space` are keys at once.
function caps(text) {
  return text.split(' ').map((one) => one.split(/-(?=.)/).map((key) => h('kbd', {}, NAMES[key] ?? key)))
    .flatMap((one, index) => (index > 0 ? [' then ', ...one] : one));
}
