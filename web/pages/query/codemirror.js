// The editor with colours, completion and marks. Loaded after the first paint.

import { autocompletion, closeBrackets, closeBracketsKeymap, closeCompletion, completionKeymap, completionStatus, selectedCompletion, startCompletion } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, insertNewlineAndIndent, toggleLineComment } from '@codemirror/commands';
import { bracketMatching, HighlightStyle, StreamLanguage, syntaxHighlighting } from '@codemirror/language';
import { lintKeymap, setDiagnostics } from '@codemirror/lint';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { EditorState, Prec } from '@codemirror/state';
import { EditorView, keymap, placeholder } from '@codemirror/view';
import { Tag } from '@lezer/highlight';
import { h } from '../../lib/h.js';
import { complete } from './promql/complete.js';
import { copyState, scan, startState } from './promql/tokens.js';
import { source } from './suggestions.js';

const KINDS = ['comment', 'string', 'number', 'duration', 'function', 'aggregation', 'keyword', 'metric', 'label', 'operator', 'brace', 'invalid'];
const tags = Object.fromEntries(KINDS.map((kind) => [kind, Tag.define()]));

const language = StreamLanguage.define({
  name: 'promql',
  startState,
  copyState,
  token(stream, state) {
    const { kind, to } = scan(stream.string, stream.pos, state);
    stream.pos = to;
    return kind === 'blank' ? null : kind;
  },
  tokenTable: tags,
  languageData: { commentTokens: { line: '#' }, closeBrackets: { brackets: ['(', '[', '{', '"', "'", '`'] } },
});

const colours = HighlightStyle.define(KINDS.map((kind) => ({ tag: tags[kind], class: `promql-${kind}` })));

// The browser's CSP lets styles in that have the nonce of this answer.
const nonce = document.querySelector('meta[name="tributary-nonce"]')?.content ?? '';

/** As `editor` in editor.js says. */
export function codeMirror({ text, label, onchange, onrun, onhistory, onformat }) {
  const run = (view) => {
    closeCompletion(view);
    onrun();
    return true;
  };
  const keys = [
    { key: 'Enter', run: (view) => (isOnlyExact(view) || completionStatus(view.state) !== 'active' ? run(view) : false) },
    { key: 'Mod-Enter', run },
    { key: 'Shift-Enter', run: insertNewlineAndIndent },
    { key: 'Mod-Shift-f', run: () => { onformat(); return true; } },
    { key: 'Mod-/', run: toggleLineComment },
    { key: 'Alt-ArrowUp', run: () => { onhistory(1); return true; } },
    { key: 'Alt-ArrowDown', run: () => { onhistory(-1); return true; } },
  ];
  const view = new EditorView({
    state: EditorState.create({
      doc: text,
      extensions: [
        EditorView.cspNonce.of(nonce),
        Prec.highest(keymap.of(keys)),
        keymap.of([...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...searchKeymap, ...lintKeymap, ...defaultKeymap]),
        language, syntaxHighlighting(colours), bracketMatching(), closeBrackets(), history(),
        search({ top: true }), highlightSelectionMatches({ minSelectionLength: 3 }),
        autocompletion({ override: [completions], icons: false, maxRenderedOptions: 100, optionClass: (option) => `kind-${option.type}` }),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false', autocapitalize: 'off', autocorrect: 'off' }),
        EditorView.updateListener.of((update) => { if (update.docChanged) onchange(view.state.doc.toString()); }),
        placeholder('Expression, for example sum by (project) (up)'),
      ],
    }),
  });
  return {
    element: view.dom,
    get text() { return view.state.doc.toString(); },
    set(value) { view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: value }, selection: { anchor: value.length } }); },
    focus: () => view.focus(),
    insert(value) { view.dispatch(view.state.replaceSelection(value)); },
    mark(marks) {
      const most = view.state.doc.length;
      view.dispatch(setDiagnostics(view.state, marks.map((mark) => ({
        from: Math.min(mark.from, most), to: Math.min(Math.max(mark.to, mark.from), most), severity: mark.kind, message: mark.message,
        actions: mark.fix ? [{ name: mark.fix.title, apply: (editor) => replaceAll(editor, mark.fix.text) }] : [],
      }))));
    },
  };
}

function replaceAll(view, text) {
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
}

// Enter runs where what is selected in the list is what is written already.
function isOnlyExact(view) {
  const option = selectedCompletion(view.state);
  if (!option || option.exact === undefined) return false;
  return option.exact === view.state.sliceDoc(0, view.state.selection.main.head).slice(-option.exact.length) && option.applied === option.exact;
}

async function completions(context) {
  const text = context.state.doc.toString();
  if (!context.explicit && context.pos > 0 && /[\s)\]}"]/.test(text[context.pos - 1]) && !/[{(,]\s*$/.test(text.slice(0, context.pos))) return null;
  if (!context.explicit && text === '') return null;
  const found = await complete(text, context.pos, source);
  if (!found || context.aborted) return null;
  return {
    from: found.from,
    to: found.to,
    filter: false,
    options: found.options.map((option) => ({
      label: option.label,
      type: option.kind,
      detail: option.detail ?? (option.kind === 'metric' ? '' : option.kind),
      info: option.info ? () => h('div', { class: 'completion-info' }, option.info) : undefined,
      exact: option.label,
      applied: option.apply ?? option.label,
      apply: (view, _, from, to) => apply(view, option, from, to),
    })),
  };
}

function apply(view, option, from, to) {
  let text = option.apply ?? option.label;
  let caret = option.caret ?? text.length;
  // A call whose parentheses are there already keeps them.
  if (text.endsWith('()') && view.state.sliceDoc(to, to + 1) === '(') {
    text = text.slice(0, -2);
    caret = text.length + 1;
  }
  view.dispatch({ changes: { from, to, insert: text }, selection: { anchor: from + caret }, userEvent: 'input.complete' });
  // Behind `job=""` the values come, and behind `rate()` the metrics.
  if (caret < text.length) startCompletion(view);
}
