// Where an expression is written: a plain field at once, and CodeMirror in its place when that is loaded.
// Without CodeMirror the field stays, and says so.

import { h } from '../../lib/h.js';

/**
 * @param {{text: string, label: string, onchange(text: string): void, onrun(): void,
 *     onhistory(direction: number): void, onformat(): void}} options
 * @returns {{element: HTMLElement, text: string, set(text: string): void, focus(): void,
 *     insert(text: string): void, mark(marks: Mark[]): void}}
 * @typedef {{from: number, to: number, kind: 'error'|'warning'|'info', message: string,
 *     fix?: {title: string, text: string}}} Mark
 */
export function editor(options) {
  const element = h('div', { class: 'editor' });
  const note = h('div', { class: 'editor-note small', role: 'status' });
  let inner = plainField(options);
  let marks = [];
  element.append(inner.element, note);

  import('./codemirror.js').then(({ codeMirror }) => {
    const had = inner.element.contains(document.activeElement);
    const better = codeMirror({ ...options, text: inner.text });
    inner.element.replaceWith(better.element);
    inner = better;
    inner.mark(marks);
    if (had) inner.focus();
  }).catch((error) => {
    console.error(error);
    note.textContent = 'The editor could not be loaded: this is a plain field, without colours and completion.';
  });

  return {
    element,
    get text() { return inner.text; },
    set(text) { if (text !== inner.text) inner.set(text); },
    focus: () => inner.focus(),
    insert: (text) => inner.insert(text),
    mark(all) {
      marks = all;
      inner.mark(all);
    },
  };
}

function plainField({ text, label, onchange, onrun, onhistory, onformat }) {
  const area = h('textarea', {
    class: 'editor-plain mono', rows: 1, 'aria-label': label, spellcheck: 'false', autocapitalize: 'off', autocomplete: 'off', value: text,
    placeholder: 'Expression', oninput: () => { grow(); onchange(area.value); },
    onkeydown: (event) => {
      const action = event.key === 'Enter' && !event.shiftKey ? onrun
        : event.altKey && event.key === 'ArrowUp' ? () => onhistory(1)
        : event.altKey && event.key === 'ArrowDown' ? () => onhistory(-1)
        : event.ctrlKey && event.shiftKey && event.key.toLowerCase() === 'f' ? onformat : null;
      if (!action) return;
      event.preventDefault();
      action();
    },
  });
  const grow = () => { area.rows = Math.min(12, area.value.split('\n').length); };
  grow();
  return {
    element: area,
    get text() { return area.value; },
    set(value) { area.value = value; grow(); onchange(value); },
    focus: () => area.focus(),
    insert(value) { area.setRangeText(value, area.selectionStart, area.selectionEnd, 'end'); grow(); onchange(area.value); },
    mark() {},
  };
}
