// What a person is about to write at a place of an expression. Pure.

import { selectors, unquoted } from './selectors.js';
import { tokenize } from './tokens.js';

/**
 * @returns {{kind: 'expression'|'label'|'value'|'operator'|'duration'|'grouping'|'none', from: number,
 *     to: number, text: string, label?: string, quote?: string, match?: string, metrics?: string[]}}
 *     `from` to `to` is what a completion replaces; `text` is what of it is before the cursor. `match` is
 *     the selector around the cursor without the matcher that is being written. `metrics` are the names
 *     that a grouping is about.
 */
export function placeOf(text, position) {
  const tokens = tokenize(text);
  const at = tokens.findIndex((token) => token.from < position && position <= token.to);
  const token = at < 0 ? null : tokens[at];
  if (token?.kind === 'comment' && position > token.from) return none(position);
  // A string that is closed before the cursor is not being written any more.
  const isClosed = token?.kind === 'string' && position === token.to && token.to - token.from > 1 && token.text.endsWith(token.text[0]);
  const isWord = token && ['metric', 'function', 'aggregation', 'keyword', 'label', 'number', 'duration'].includes(token.kind);
  const begin = isWord || (token?.kind === 'string' && !isClosed) ? token.from : position;
  const word = { from: begin, to: isWord ? token.to : position, text: text.slice(begin, position) };
  const before = tokens.filter((one) => one.to <= begin && one.kind !== 'comment');
  const inside = opening(before);
  if (token?.kind === 'string' && !isClosed && inside !== '{') return none(position);
  if (inside === '{') return inBraces(text, position, token, isClosed, before, word);
  if (inside === 'g') return { kind: 'grouping', ...word, metrics: metricsOf(text) };
  if (inside === '[') {
    const from = before.at(-1)?.to ?? position;
    return { kind: 'duration', from, to: position, text: text.slice(from, position) };
  }
  if (token?.kind === 'number' || token?.kind === 'duration') return none(position);
  return { kind: 'expression', ...word };
}

function inBraces(text, position, token, isClosed, before, word) {
  const last = before.at(-1);
  const selector = selectors(text).find((one) => one.braces && one.braces.from < position && position <= one.braces.to);
  const match = (without) => matchOf(selector, without);
  if (token?.kind === 'string' && !isClosed) {
    const label = before.at(-2);
    const inner = token.text.length > 1 && token.text.endsWith(token.text[0]) ? token.to - 1 : token.to;
    if (!['=', '!=', '=~', '!~'].includes(last?.text) || !label) return none(position);
    return {
      kind: 'value', from: token.from + 1, to: inner, text: unquoted(text.slice(token.from, position)),
      label: unquoted(label.text), quote: token.text[0], match: match(label.from),
    };
  }
  if (['=', '!=', '=~', '!~'].includes(last?.text)) {
    const label = unquoted(before.at(-2)?.text ?? '');
    return { kind: 'value', from: position, to: position, text: '', label, quote: null, match: match(before.at(-2)?.from) };
  }
  if (last?.text === '{' || last?.text === ',') return { kind: 'label', ...word, match: match(word.from) };
  if (last?.kind === 'label') return { kind: 'operator', from: position, to: position, text: '' };
  return none(position);
}

/** The selector without the matcher that begins at a place; null where that would select everything. */
function matchOf(selector, without) {
  if (!selector) return null;
  const rest = selector.matchers.filter((matcher) => matcher.from !== without && matcher.name !== '__name__');
  const parts = rest.map((matcher) => `${matcher.name}${matcher.operator}${JSON.stringify(matcher.value)}`);
  if (selector.name) parts.unshift(`__name__=${JSON.stringify(selector.name)}`);
  return parts.length > 0 ? `{${parts.join(',')}}` : null;
}

// What is open behind the tokens: `{`, `[`, `(`, `g` for a list of labels, or null.
function opening(tokens) {
  const open = [];
  tokens.forEach((token, index) => {
    if (token.kind !== 'brace') return;
    if ('({['.includes(token.text)) {
      const word = tokens[index - 1];
      const isGrouping = token.text === '(' && /^(by|without|on|ignoring|group_left|group_right)$/i.test(word?.text ?? '');
      open.push(isGrouping ? 'g' : token.text);
    } else {
      open.pop();
    }
  });
  return open.at(-1) ?? null;
}

const metricsOf = (text) => [...new Set(selectors(text).map((one) => one.name).filter(Boolean))];

const none = (position) => ({ kind: 'none', from: position, to: position, text: '' });
