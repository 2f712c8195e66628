// Questions that must be answered, and things that are shown once.

import { h, replace } from '../../lib/h.js';
import { copyButton, dialog, errorBanner, field } from '../../lib/ui.js';

/**
 * Asks before something is done. The dialog closes when it was done; why it was not is said in it.
 *
 * @param {string} title
 * @param {any} body Children, as of `h`.
 * @param {{text: string, kind?: string, action: () => Promise<any>}} button `kind` is a class.
 * @returns {{done: Promise<any>, button: HTMLButtonElement}} `done` is what the action gave, or null
 *     when the person did not want it.
 */
export function ask(title, body, { text, kind = 'primary', action }) {
  let result = null;
  const trouble = h('div', { 'aria-live': 'polite' });
  let opened;
  const button = h('button', {
    type: 'button', class: kind, onclick: async () => {
      button.disabled = true;
      try {
        result = (await action()) ?? true;
        opened.close();
      } catch (error) {
        replace(trouble, errorBanner(error));
        button.disabled = false;
      }
    },
  }, text);
  const done = new Promise((resolve) => {
    opened = dialog(title, [body, trouble], {
      actions: [h('button', { type: 'button', class: 'quiet', onclick: () => opened.close() }, 'Cancel'), button],
      onclose: () => resolve(result),
    });
  });
  return { done, button };
}

/** Asks a person to type a name before something is lost. */
export function confirmByName(title, name, body, action) {
  const input = h('input', { type: 'text', autocomplete: 'off', spellcheck: 'false' });
  const { done, button } = ask(title, [body, field(`Type ${name} to go on`, input)], { text: 'Delete', kind: 'danger', action });
  button.disabled = true;
  input.addEventListener('input', () => { button.disabled = input.value !== name; });
  input.focus();
  return done;
}

/** Shows a secret that cannot be had again. It is in no URL, and gone when the dialog is closed. */
export function showSecret(title, label, text, secret) {
  const opened = dialog(title, [
    h('p', null, text),
    h('div', { class: 'secret' },
      field(label, h('input', { type: 'text', readonly: true, value: secret, onfocus: (event) => event.target.select() })),
      copyButton(secret, label.toLowerCase())),
    h('p', { class: 'note' }, '! It is shown this once. The gateway keeps its hash alone.'),
  ], { actions: [h('button', { type: 'button', class: 'primary', onclick: () => opened.close() }, 'I have it')] });
}
