// What may be wrong with an expression although it can be answered. Pure: what is known of metrics is
// given. The gateway's parser finds what cannot be answered.

import { selectors } from './selectors.js';
import { AGGREGATIONS, tokenize } from './tokens.js';
import { parseDuration } from '../../../lib/time.js';

const NEEDS_COUNTER = new Set(['rate', 'irate', 'increase', 'resets']);
const OVER_COUNTERS = new Set([...NEEDS_COUNTER, 'changes', 'count_over_time', 'absent', 'absent_over_time', 'present_over_time', 'timestamp', 'last_over_time', 'first_over_time', 'count', 'group', 'delta', 'idelta', 'deriv', 'info']);

/**
 * @param {string} text
 * @param {{types?: Map<string, string>, scrapeSeconds?: number|null, partition?: string,
 *     members?: number}} known `types` by metric name, such as `counter`.
 * @returns {{from: number, to: number, message: string, fix?: {title: string, text: string}}[]} `fix` is
 *     the whole expression as it would be.
 */
export function hints(text, { types = new Map(), scrapeSeconds = null, partition = 'project', members = 1 } = {}) {
  const tokens = tokenize(text).filter((token) => token.kind !== 'comment');
  const found = [];
  const calls = callsOf(tokens);
  for (const selector of selectors(text)) {
    const range = rangeBehind(text, selector.to);
    const around = calls.filter((call) => call.from < selector.from && selector.to <= call.to).map((call) => call.name);
    const type = types.get(selector.name ?? '') ?? types.get(baseOf(selector.name ?? ''));
    if (type === 'counter' && !around.some((name) => OVER_COUNTERS.has(name)) && !range && !isCompared(tokens, selector)) {
      found.push({
        from: selector.from, to: selector.to, message: `${selector.name} is a counter: its rate is usually what one wants`,
        fix: { title: 'Wrap in rate(…[5m])', text: wrapped(text, selector, 'rate', '[5m]') },
      });
    }
    if (type === 'gauge' && around.some((name) => NEEDS_COUNTER.has(name)) && range) {
      found.push({ from: selector.from, to: selector.to, message: `${selector.name} is a gauge: ${around.find((name) => NEEDS_COUNTER.has(name))}() is for counters; delta() and deriv() are for gauges` });
    }
    const seconds = range ? parseDuration(range.text) : null;
    if (seconds !== null && scrapeSeconds && seconds < 4 * scrapeSeconds && around.some((name) => NEEDS_COUNTER.has(name))) {
      found.push({ from: range.from, to: range.to, message: `The range is less than four scrapes of ${scrapeSeconds} s: one lost scrape leaves a gap` });
    }
    for (const matcher of selector.matchers) {
      if (matcher.operator.endsWith('~') && matcher.value !== '' && !/[.*+?^${}()|[\]\\]/.test(matcher.value)) {
        const plain = matcher.operator === '=~' ? '=' : '!=';
        const piece = text.slice(matcher.from, matcher.to);
        found.push({
          from: matcher.from, to: matcher.to, message: `The pattern is a plain text: ${plain} says the same`,
          fix: { title: `Use ${plain}`, text: text.slice(0, matcher.from) + piece.replace(matcher.operator, plain) + text.slice(matcher.to) },
        });
      }
    }
  }
  for (const call of calls) {
    const inner = calls.find((one) => one.from === call.inner);
    if (NEEDS_COUNTER.has(call.name) && inner && AGGREGATIONS.has(inner.name)) {
      found.push({ from: call.from, to: call.to, message: `${call.name}(${inner.name}(…)) misses resets of counters: write ${inner.name}(${call.name}(…))` });
    }
    if (members > 1 && AGGREGATIONS.has(call.name) && call.by && !call.by.includes(partition) && !['topk', 'bottomk'].includes(call.name)) {
      found.push({ from: call.from, to: call.from + call.name.length, kind: 'info', message: `Merged over ${members} members: “by” has no ${partition}` });
    }
  }
  return found;
}

/** Calls of functions and aggregations: where they are, where their first argument begins, `by`. */
function callsOf(tokens) {
  const calls = [];
  tokens.forEach((token, index) => {
    if (token.kind !== 'function' && token.kind !== 'aggregation') return;
    let at = index + 1;
    let by = null;
    const grouping = () => {
      const word = tokens[at]?.text.toLowerCase();
      if (word !== 'by' && word !== 'without') return;
      const end = closing(tokens, at + 1);
      if (word === 'by') by = tokens.slice(at + 2, end).filter((one) => one.kind === 'label').map((one) => one.text);
      at = end + 1;
    };
    grouping();
    if (tokens[at]?.text !== '(') return;
    const open = at;
    const end = closing(tokens, open);
    at = end + 1;
    if (!by) grouping();
    calls.push({
      name: token.text.toLowerCase(), from: token.from, to: (tokens[end] ?? tokens.at(-1)).to, inner: tokens[open + 1]?.from, by,
    });
  });
  return calls;
}

function closing(tokens, open) {
  let depth = 0;
  for (let at = open; at < tokens.length; at++) {
    if (tokens[at].kind !== 'brace') continue;
    depth += '({['.includes(tokens[at].text) ? 1 : -1;
    if (depth === 0) return at;
  }
  return tokens.length;
}

/** The range behind a selector: `[5m]`, without a subquery's step. */
function rangeBehind(text, at) {
  const match = /^\s*\[\s*([^\]:]+?)\s*(?::[^\]]*)?\]/.exec(text.slice(at));
  if (!match) return null;
  const from = at + match[0].indexOf(match[1]);
  return { text: match[1], from, to: from + match[1].length };
}

// `_total == 0` and the like are asked on purpose.
function isCompared(tokens, selector) {
  const next = tokens.find((token) => token.from >= selector.to);
  return ['==', '!=', '>', '<', '>=', '<=', 'offset'].includes(next?.text);
}

// Types are told of the family, which a histogram's or a summary's series only begin with.
const baseOf = (name) => name.replace(/_(bucket|count|sum|total|created)$/, '');

const wrapped = (text, selector, name, range) =>
  `${text.slice(0, selector.from)}${name}(${text.slice(selector.from, selector.to)}${range})${text.slice(selector.to)}`;

/** How to write what was not pushed down so that members compute it, or null. */
export function pushdownHint(reason, part, label) {
  const key = { 'cannot be split exactly': 'keeping', 'the match key lacks': 'matching' };
  const kind = Object.entries(key).find(([text]) => reason.includes(text))?.[1];
  if (kind === 'keeping') {
    const text = withGrouping(part, label);
    return text && { title: `If one value for each ${label} will do`, text };
  }
  if (kind === 'matching') {
    const text = part.replace(/\bon\s*\(\s*/i, (found) => `${found}${label}, `).replace(/, \)/, ')');
    return text !== part ? { title: `If what is matched is always of one ${label}`, text } : null;
  }
  return null;
}

function withGrouping(part, label) {
  const match = /^\s*([a-z_]+)\s*(?:(by|without)\s*\(([^)]*)\)\s*)?\(/i.exec(part);
  if (!match || !AGGREGATIONS.has(match[1].toLowerCase())) return null;
  const [whole, name, word, list = ''] = match;
  const labels = list.split(',').map((one) => one.trim()).filter(Boolean);
  if (word?.toLowerCase() === 'without') {
    const rest = labels.filter((one) => one !== label);
    return rest.length === labels.length ? null : `${name} without (${rest.join(', ')}) (${part.slice(whole.length)}`;
  }
  if (labels.includes(label)) return null;
  return `${name} by (${[label, ...labels].join(', ')}) (${part.slice(whole.length)}`;
}
