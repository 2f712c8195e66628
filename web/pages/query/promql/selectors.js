// The selectors of an expression, and the changes that a click makes to them. Pure.

import { tokenize } from './tokens.js';

const OPERATORS = ['=', '!=', '=~', '!~'];

/**
 * Every vector selector of an expression.
 *
 * @returns {{from: number, to: number, name: string|null, braces: {from: number, to: number}|null,
 *     matchers: {name: string, operator: string, value: string, from: number, to: number}[]}[]}
 *     `to` is behind the braces, or behind the name where there are none. Braces that are not closed
 *     end at the end of the text.
 */
export function selectors(text) {
  const tokens = tokenize(text).filter((token) => token.kind !== 'comment');
  const found = [];
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index];
    if (token.kind === 'brace' && token.text === '{') {
      index = readBraces(text, tokens, index, found);
    } else if (token.kind === 'metric') {
      // `start` and `end` of `@ start()` have parentheses, and so are no metrics.
      const selector = { from: token.from, to: token.to, name: token.text, braces: null, matchers: [] };
      found.push(selector);
      const next = tokens[index + 1];
      if (next?.text === '{' && next.kind === 'brace') index = readBraces(text, tokens, index + 1, found, selector);
    }
  }
  return found;
}

function readBraces(text, tokens, index, found, begun) {
  const open = tokens[index];
  const selector = begun ?? { from: open.from, to: open.to, name: null, braces: null, matchers: [] };
  if (!begun) found.push(selector);
  let at = index + 1;
  for (; at < tokens.length && tokens[at].text !== '}'; at++) {
    const [label, operator, value] = tokens.slice(at, at + 3);
    if (label.kind === 'metric') selector.name ??= unquoted(label.text);
    if (label.kind !== 'label' || !OPERATORS.includes(operator?.text) || value?.kind !== 'string') continue;
    selector.matchers.push({
      name: unquoted(label.text), operator: operator.text, value: unquoted(value.text), from: label.from, to: value.to,
    });
    at += 2;
  }
  const end = tokens[at]?.to ?? text.length;
  selector.braces = { from: open.from, to: end };
  selector.to = end;
  const isName = (matcher) => matcher.name === '__name__' && matcher.operator === '=';
  selector.name ??= selector.matchers.find(isName)?.value ?? null;
  return Math.min(at, tokens.length - 1);
}

/** The text of a string or quoted name, or the text itself. */
export function unquoted(text) {
  const quote = text[0];
  if (!'"\'`'.includes(quote)) return text;
  const inner = text.slice(1, text.length > 1 && text.endsWith(quote) ? -1 : undefined);
  if (quote === '`') return inner;
  return inner.replace(/\\(.)/g, (_, one) => ({ n: '\n', t: '\t', r: '\r' })[one] ?? one);
}

/** A string of PromQL. */
export const quoted = (value) => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;

/** The name of a label as it is written in braces. */
const labelText = (name) => (/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? name : quoted(name));

/** A matcher as text: `project=~"eu|us"` of several values. */
export function matcherText(name, values) {
  if (values.length === 1) return `${labelText(name)}=${quoted(values[0])}`;
  const escaped = values.map((value) => value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return `${labelText(name)}=~${quoted(escaped.join('|'))}`;
}

/** The expression with one matcher more in each selector. */
export function withMatcher(text, matcher) {
  let changed = text;
  for (const selector of selectors(text).reverse()) {
    if (!selector.braces) {
      changed = `${changed.slice(0, selector.to)}{${matcher}}${changed.slice(selector.to)}`;
      continue;
    }
    const inner = text.slice(selector.braces.from + 1, selector.braces.to - 1).trim();
    const comma = inner === '' ? '' : inner.endsWith(',') ? ' ' : ', ';
    const at = selector.braces.from + 1 + text.slice(selector.braces.from + 1, selector.braces.to - 1).trimEnd().length;
    changed = `${changed.slice(0, at)}${comma}${matcher}${changed.slice(at)}`;
  }
  return changed;
}

/**
 * The expression that also says `name operator "value"` in each selector; a matcher of the same name and
 * operator that is there already is not doubled.
 *
 * @param {'='|'!='} operator
 */
export function filtered(text, name, operator, value) {
  const one = `${labelText(name)}${operator}${quoted(value)}`;
  const all = selectors(text);
  const has = (selector) => selector.matchers.some((matcher) =>
    matcher.name === name && matcher.operator === operator && matcher.value === value);
  if (all.length > 0 && all.every(has)) return text;
  return withMatcher(text, one);
}

/** A label set as a selector that finds that one series. */
export function selectorOf(metric) {
  const { __name__: name = '', ...labels } = metric;
  const isPlain = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name);
  const parts = Object.entries(labels).map(([label, value]) => `${labelText(label)}=${quoted(value)}`);
  if (name && !isPlain) parts.unshift(quoted(name));
  return `${isPlain ? name : ''}${parts.length > 0 || !isPlain ? `{${parts.join(', ')}}` : ''}`;
}
