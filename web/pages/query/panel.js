// One expression with its answer: editor, members, tabs. What a person chooses is in `state`; every change
// is told to the page, which writes it into the URL.

import { ApiError, v1 } from '../../lib/api.js';
import { h, replace } from '../../lib/h.js';
import { formatBytes } from '../../lib/numbers.js';
import { formatElapsed, now } from '../../lib/time.js';
import { announce, badge, banner, copy, debounced, empty, errorBanner, keepFocus, loading, menu, tabs, toast, uniqueId } from '../../lib/ui.js';
import { editor } from './editor.js';
import { explain, run, sentText } from './execution.js';
import { explanation } from './explain.js';
import { graph } from './graph.js';
import { history, pinned, remember, showHistory, togglePin } from './history.js';
import { marksOf } from './lint.js';
import { filtered } from './promql/selectors.js';
import { raw } from './raw.js';
import { nextRange } from './state.js';
import { strip } from './strip.js';
import { table } from './table.js';
import { later, momentControls, windowControls } from './times.js';

export const TABS = [['table', 'Table'], ['graph', 'Graph'], ['explain', 'Explain'], ['json', 'Raw JSON']];

/**
 * @param {Object} state As of `newPanel`.
 * @param {{onchange(push: boolean): void, onclose(): void, onfocus(): void, onnew(): void,
 *     canClose(): boolean, link(): string}} page
 */
export class Panel {
  constructor(state, page) {
    this.state = state;
    this.page = page;
    // The newest runs, by kind, and the plans, by kind.
    this.runs = {};
    this.plans = {};
    this.zooms = [];
    this.historyAt = -1;
    this.stop = null;
    this.shown = null;
    this.build();
  }

  build() {
    const id = uniqueId('panel');
    this.editor = editor({
      text: this.state.expr, label: 'Expression', onrun: () => this.run({ isNew: true }), onformat: () => this.format(),
      onhistory: (direction) => this.recall(direction), onchange: (text) => this.typed(text),
    });
    this.strip = strip({ onchoose: (members) => this.change({ members }) });
    this.tabs = tabs({
      label: 'Result', items: TABS.map(([tab, title], index) => ({ id: tab, title, hint: `Key ${index + 1}` })), selected: this.state.tab, panel: id, onselect: (tab) => this.open(tab),
    });
    this.runButton = h('button', { type: 'button', class: 'primary run', title: 'Run (Enter)', onclick: () => (this.stop ? this.cancel() : this.run({ isNew: true })) }, 'Run');
    this.tools = h('div', { class: 'toolbar panel-tools' });
    this.times = h('div', { class: 'toolbar panel-times' });
    this.summary = h('div', { class: 'panel-summary small' });
    this.banners = h('div', { class: 'panel-banners' });
    this.body = h('div', { id, class: 'panel-body', role: 'tabpanel', tabindex: '-1', 'aria-label': 'Result' });
    this.title = h('h2', { id: uniqueId('panel-title'), class: 'visually-hidden' });
    this.element = h('section', { class: 'panel card', 'aria-labelledby': this.title.id, onfocusin: () => this.page.onfocus() },
      this.title,
      h('div', { class: 'ask' }, this.editor.element, h('div', { class: 'ask-buttons' }, this.runButton,
        menu('⋯', () => this.items(), { label: 'More', className: 'icon' }))),
      this.strip.element,
      h('div', { class: 'panel-head' }, this.tabs, this.summary),
      h('div', { class: 'panel-controls' }, this.times, this.tools),
      this.banners, this.body);
    this.lint = debounced(300, () => this.check());
    // What was written is not lost when the page is left.
    this.note = debounced(500, () => { if (!this.isGone) this.page.onchange(false); });
    this.draw();
    this.lint();
  }

  items() {
    const { state } = this;
    const expr = this.editor.text;
    return [
      { title: 'Explain', hint: 'e', action: () => this.open('explain') },
      { title: 'Format', hint: 'Ctrl-Shift-F', action: () => this.format() },
      { title: 'Earlier queries', hint: 'h', action: () => this.showHistory() },
      { title: pinned().includes(expr) ? 'Unpin this query' : 'Pin this query', action: () => { togglePin(expr); toast(pinned().includes(expr) ? 'Pinned' : 'Unpinned'); } },
      { title: 'Copy the link', hint: 'c', action: () => copy(this.page.link(), 'the link') },
      { title: 'Copy for curl', action: () => copy(this.curl(), 'the command') },
      null,
      { title: 'All members or nothing', checked: state.partial === 'false', action: () => this.change({ partial: state.partial === 'false' ? null : 'false' }) },
      { title: 'Exact', hint: 'two steps where needed', checked: state.exact, action: () => this.change({ exact: !state.exact }) },
      null,
      { title: 'New panel', hint: 'n', action: () => this.page.onnew() },
      ...(this.page.canClose() ? [{ title: 'Close this panel', hint: 'x', action: () => this.page.onclose() }] : []),
    ];
  }

  /** Its place among the panels, from 1. */
  set number(number) { this.title.textContent = `Query ${number}`; }

  /** Takes a state that the URL says. */
  take(state) {
    const before = JSON.stringify(this.state);
    Object.assign(this.state, state);
    if (JSON.stringify(this.state) === before) return;
    this.editor.set(state.expr);
    this.tabs.select(state.tab);
    this.run();
  }

  /** New fields of the state; what they ask is asked. */
  change(fields, { push = false, rerun = true } = {}) {
    Object.assign(this.state, fields);
    this.page.onchange(push);
    if (rerun) this.run();
  }

  typed(text) {
    this.state.expr = text;
    this.lint();
    this.note();
  }

  open(tab) {
    this.tabs.select(tab);
    const kind = { table: 'query', graph: 'query_range' }[tab] ?? this.state.kind;
    this.change({ tab, kind }, { rerun: false });
    // What was asked already is shown again, unless it was another question.
    const outcome = this.runs[kind];
    if (outcome && outcome.key === this.key(kind)) this.draw();
    else this.run();
  }

  key(kind) {
    const { expr, range, end, time, step, members, exact, partial } = this.state;
    return JSON.stringify([kind, expr, kind === 'query' ? time : [range, end, step], members, exact, partial]);
  }

  cancel() {
    this.stop?.abort();
    this.stop = null;
    this.runButton.textContent = 'Run';
    this.draw();
  }

  /** Asks; `isNew` where a person pressed Run, so that it is remembered. */
  async run({ isNew = false } = {}) {
    this.stop?.abort();
    this.state.expr = this.editor.text;
    if (this.state.expr.trim() === '') {
      this.runs = {};
      this.plans = {};
      this.draw();
      return;
    }
    if (isNew) {
      remember(this.state.expr);
      this.historyAt = -1;
      this.zooms = [];
      this.page.onchange(true);
    }
    const { kind } = this.state;
    const stop = new AbortController();
    this.stop = stop;
    this.runButton.textContent = 'Stop';
    this.element.setAttribute('aria-busy', 'true');
    if (!this.shown) replace(this.body, loading('Asking…'));
    try {
      const outcome = await run(this.state, kind, stop.signal);
      if (this.stop !== stop) return;
      outcome.key = this.key(kind);
      this.runs[kind] = outcome;
      this.plans[kind] = outcome.trace;
      if (this.state.tab === 'explain' && !outcome.trace) await this.plan(kind, stop.signal, outcome.error !== null);
    } catch (error) {
      if (error?.name === 'AbortError') return;
      throw error;
    } finally {
      if (this.stop === stop) {
        this.stop = null;
        this.runButton.textContent = 'Run';
        this.element.removeAttribute('aria-busy');
      }
    }
    this.draw();
    this.say();
  }

  async plan(kind, signal, isFailed) {
    try {
      // A query that failed is not run once more.
      this.plans[kind] = await explain(this.state, kind, { analyze: !isFailed, signal });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.plans[kind] = null;
    }
  }

  /** Tells those who hear the page what came. */
  say() {
    const outcome = this.runs[this.state.kind];
    if (!outcome) return;
    const parts = [outcome.error ? `Error: ${outcome.error.message}` : this.shown?.sentence ?? this.shown?.summary, ...outcome.missing.map((one) => `${one.project} is missing`)];
    announce(parts.filter(Boolean).join('. '));
  }

  draw() {
    const { state } = this;
    const outcome = this.runs[state.kind];
    this.shown?.destroy?.();
    this.shown = null;
    const change = (fields) => this.change(fields, { push: true });
    keepFocus(this.times, () => replace(this.times, state.kind === 'query_range' ? windowControls(state, change) : momentControls(state, change), this.rules()));
    this.strip.show(outcome, this.plans[state.kind], state.members);
    replace(this.banners, outcome && this.bannersOf(outcome));
    if (!outcome) {
      replace(this.summary);
      replace(this.tools);
      replace(this.body, empty(this.editor.text.trim() === '' ? 'Write an expression and press Enter.' : 'Press Run to ask.'));
      return;
    }
    this.shown = this.viewOf(outcome);
    keepFocus(this.tools, () => replace(this.tools, this.shown?.controls ?? []));
    replace(this.summary, [this.shown?.summary, formatElapsed(outcome.seconds), outcome.bytes > 0 && formatBytes(outcome.bytes)].filter(Boolean).join(' · '));
    replace(this.body, this.shown?.element);
  }

  // What is not as the project has it, with a way back.
  rules() {
    const { state } = this;
    const tag = (text, fields) => h('button', { type: 'button', class: 'tag', title: `${text}: click to take it back`, onclick: () => this.change(fields) }, text, ' ✕');
    return [state.partial === 'false' && tag('All members or nothing', { partial: null }), state.partial === 'true' && tag('Partial answers taken', { partial: null }), state.exact && tag('Exact', { exact: false })];
  }

  viewOf(outcome) {
    const { state } = this;
    if (state.tab === 'json') return raw(outcome);
    if (state.tab === 'explain') {
      const plan = this.plans[state.kind];
      if (plan) return explanation(plan, { onuse: (text) => this.use(text) });
      return outcome.error ? null : { element: this.askPlan(), summary: '', controls: [] };
    }
    if (outcome.error) return null;
    if (state.tab === 'graph') {
      return graph(outcome, state, {
        change: (fields) => this.change(fields, { rerun: false }), onzoom: (start, end) => this.zoom(start, end), onback: () => this.zoomBack(),
      });
    }
    return table(outcome, { onfilter: (...filter) => this.use(filtered(this.editor.text, ...filter)) });
  }

  askPlan() {
    const element = loading('Asking for the plan…');
    this.plan(this.state.kind, undefined, false).then(() => {
      if (this.state.tab !== 'explain') return;
      if (this.plans[this.state.kind]) this.draw();
      else replace(this.body, banner('error', 'The gateway gives no plan of this expression.'));
    });
    return element;
  }

  bannersOf(outcome) {
    const banners = [];
    if (outcome.error) {
      const isPartial = outcome.missing.length > 0 && this.state.partial !== 'true';
      banners.push(errorBanner(outcome.error, isPartial && h('button', { type: 'button', onclick: () => this.change({ partial: 'true' }) }, 'Take what there is')));
    } else if (outcome.missing.length > 0) {
      const lines = outcome.missing.map((one) => h('li', {}, h('b', {}, one.project), `: ${one.error}`, one.effect && ` (${one.effect})`));
      banners.push(banner('warning', ['Partial answer. ', h('ul', {}, lines)], h('button', { type: 'button', onclick: () => this.change({ partial: 'false' }) }, 'Ask all or nothing')));
    }
    const isSaid = (text) => outcome.missing.some((one) => text.includes(`project "${one.project}": ${one.error}`));
    const warnings = outcome.warnings.filter((text) => !isSaid(text));
    if (warnings.length > 0) banners.push(banner('warning', h('ul', {}, warnings.map((text) => h('li', {}, text)))));
    if (outcome.infos.length > 0) {
      const isInexact = outcome.infos.some((text) => /exact/.test(text)) && !this.state.exact;
      banners.push(banner('info', h('ul', {}, outcome.infos.map((text) => h('li', {}, text))), isInexact && h('button', { type: 'button', onclick: () => this.change({ exact: true }) }, 'Ask exactly')));
    }
    if (this.state.members.length > 0 && sentText(this.state) !== this.state.expr) {
      banners.push(h('p', { class: 'hint small sent' }, badge('info', `only ${this.state.members.join(', ')}`), ' Sent: ', h('code', {}, sentText(this.state))));
    }
    return banners;
  }

  // What buttons and keys do.

  /** Puts an expression in the place of the present one, and asks it. */
  use(text) {
    this.editor.set(text);
    this.run({ isNew: true });
  }

  async format() {
    try {
      const text = await v1('format_query', { form: { query: this.editor.text } });
      this.editor.set(text);
    } catch (error) {
      toast(error.message, 'error');
    }
  }

  async check() {
    this.checking?.abort();
    const checking = new AbortController();
    this.checking = checking;
    const text = this.editor.text;
    try {
      const marks = await marksOf(text, checking.signal);
      if (this.editor.text === text) this.editor.mark(marks);
    } catch (error) {
      if (error?.name !== 'AbortError') console.error(error);
    }
  }

  /** Steps through the queries of before. */
  recall(direction) {
    if (this.historyAt < 0) this.draft = this.editor.text;
    const all = history().filter((expr) => expr !== this.draft);
    this.historyAt = Math.max(-1, Math.min(all.length - 1, this.historyAt + direction));
    this.editor.set(this.historyAt < 0 ? this.draft : all[this.historyAt]);
  }

  showHistory() { showHistory((expr) => this.use(expr)); }

  zoom(start, end) {
    const { range, end: before } = this.state;
    this.zooms.push({ range, end: before });
    this.change({ range: Math.max(1, Math.round(end - start)), end: Math.round(end) }, { push: true });
  }

  zoomBack() {
    const before = this.zooms.pop();
    this.change(before ?? { range: nextRange(this.state.range, 1) }, { push: true });
  }

  longer(direction) {
    if (this.state.kind === 'query_range') this.change({ range: nextRange(this.state.range, direction) }, { push: true });
  }

  move(direction) {
    const { kind, range } = this.state;
    const [field, stride] = kind === 'query_range' ? ['end', range / 2] : ['time', 60];
    const at = this.state[field];
    this.change({ [field]: direction > 0 ? later(at, stride) : (at ?? now()) - stride }, { push: true });
  }

  toNow() { this.change({ end: null, time: null }, { push: true }); }

  curl() {
    const quote = (text) => `'${String(text).replaceAll("'", "'\\''")}'`;
    const { kind } = this.state;
    const parameters = this.runs[kind]?.parameters ?? { query: sentText(this.state) };
    const path = window.location.pathname.replace(/[^/]*$/, '');
    return [`curl -s ${quote(`${window.location.origin}${path}api/v1/${kind}`)}`, ...Object.entries(parameters).map(([name, value]) => `--data-urlencode ${quote(`${name}=${value}`)}`)].join(' \\\n  ');
  }

  /** The members of the strip are known only when the session is. */
  refreshMembers() { this.strip.show(this.runs[this.state.kind], this.plans[this.state.kind], this.state.members); }

  destroy() {
    this.isGone = true;
    this.stop?.abort();
    this.checking?.abort();
    this.shown?.destroy?.();
  }
}
