// Fields of a form that write into a draft, and show what the gateway says of it.

import { h } from '../../lib/h.js';
import { field, uniqueId } from '../../lib/ui.js';
import { errorsAt, setAt, valueAt } from './definition.js';

/** A definition that is being edited, and what is wrong with it. */
export class Draft {
  constructor(value, isReadOnly) {
    this.value = structuredClone(value);
    this.isReadOnly = isReadOnly;
    this.errors = [];
    // What was taken out by a box, by its key, in case that it is wanted back.
    this.removed = {};
    // Errors that a field shows; the others are shown above the form.
    this.placed = new Set();
    this.changed = () => {};
  }

  get(path) {
    return valueAt(this.value, path);
  }

  set(path, value) {
    setAt(this.value, path, value);
    this.changed();
  }

  /** What a field has to say, or null. */
  errorAt(path) {
    const found = errorsAt(this.errors, path);
    for (const one of found) this.placed.add(one);
    return found.length > 0 ? found.map((one) => one.message).join('; ') : null;
  }
}

/** A line of text. An empty one is a key that is left out. */
export function textField(draft, path, label, { hint, type = 'text', placeholder, always = false } = {}) {
  const input = h('input', {
    type, value: draft.get(path) ?? '', placeholder, autocomplete: type === 'password' ? 'new-password' : 'off',
    spellcheck: 'false', disabled: draft.isReadOnly, dataset: { path },
    oninput: () => draft.set(path, input.value === '' && !always ? undefined : input.value),
  });
  return field(label, input, { hint, error: draft.errorAt(path) });
}

/** A whole number; an empty one is left out. */
export function numberField(draft, path, label, { hint } = {}) {
  const input = h('input', {
    type: 'number', min: 1, value: draft.get(path) ?? '', disabled: draft.isReadOnly, dataset: { path },
    oninput: () => draft.set(path, input.value === '' ? undefined : Number(input.value)),
  });
  return field(label, input, { hint, error: draft.errorAt(path) });
}

/** One of several: `[[value, title]]`. */
export function selectOne(draft, path, label, choices, { hint } = {}) {
  const input = h('select', {
    value: draft.get(path) ?? choices[0]?.[0] ?? '', disabled: draft.isReadOnly, dataset: { path },
    onchange: () => draft.set(path, input.value),
  }, choices.map(([value, title]) => h('option', { value }, title)));
  return field(label, input, { hint, error: draft.errorAt(path) });
}

/** Yes or no; no is left out. */
export function checkField(draft, path, label) {
  const input = h('input', {
    type: 'checkbox', checked: draft.get(path) === true, disabled: draft.isReadOnly, dataset: { path },
    onchange: () => draft.set(path, input.checked ? true : undefined),
  });
  return h('div', { class: 'field' }, h('label', { class: 'check' }, input, label), errorText(draft.errorAt(path), input));
}

/** Names and values, one a line: `region=eu`. */
export function pairsField(draft, path, label, { hint } = {}) {
  const input = h('textarea', {
    rows: 3, spellcheck: 'false', disabled: draft.isReadOnly, dataset: { path },
    value: Object.entries(draft.get(path) ?? {}).map((pair) => pair.join('=')).join('\n'),
    oninput: () => {
      const pairs = input.value.split('\n').map((line) => line.trim()).filter(Boolean)
        .map((line) => (line.includes('=') ? [line.slice(0, line.indexOf('=')).trim(), line.slice(line.indexOf('=') + 1).trim()] : [line, '']));
      draft.set(path, pairs.length > 0 ? Object.fromEntries(pairs) : undefined);
    },
  });
  return field(label, input, { hint, error: draft.errorAt(path) });
}

/** Radio buttons: `[{id, title, hint}]`. */
export function radios(label, choices, selected, isDisabled, onselect) {
  const name = uniqueId('radio');
  return h('fieldset', { class: 'choices' }, h('legend', null, label), choices.map((one) => h('label', { class: 'check' },
    h('input', {
      type: 'radio', name, value: one.id, checked: one.id === selected, disabled: isDisabled, onchange: () => onselect(one.id),
    }), h('span', null, one.title, one.hint && h('span', { class: 'dim' }, ` – ${one.hint}`)))));
}

/** Check boxes of names; `onchange` gets those that are checked, in the order given. */
export function checkboxes(label, names, checked, { isDisabled = false, describe = () => null, error = null, onchange }) {
  const chosen = new Set(checked);
  const id = uniqueId('error');
  return h('fieldset', { class: 'choices', 'aria-describedby': error ? id : null }, h('legend', null, label),
    h('div', { class: 'check-grid' }, names.map((name) => h('label', { class: 'check' },
      h('input', {
        type: 'checkbox', checked: chosen.has(name), disabled: isDisabled, onchange: (event) => {
          if (event.target.checked) chosen.add(name);
          else chosen.delete(name);
          onchange(names.filter((one) => chosen.has(one)));
        },
      }), h('span', null, name, ' ', describe(name))))),
    error && h('small', { id, class: 'field-error' }, `✗ ${error}`));
}

function errorText(error, input) {
  if (!error) return null;
  const id = uniqueId('error');
  input.setAttribute('aria-describedby', id);
  input.setAttribute('aria-invalid', 'true');
  return h('small', { id, class: 'field-error' }, `✗ ${error}`);
}
