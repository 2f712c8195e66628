// PromQL as tokens, for colours, completion and hints. It never fails: what is no PromQL is a token of
// the kind `invalid`. Pure.

export const AGGREGATIONS = new Set([
  'sum', 'avg', 'count', 'min', 'max', 'group', 'stddev', 'stdvar', 'topk', 'bottomk', 'count_values', 'quantile', 'limitk', 'limit_ratio',
]);
const GROUPINGS = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right']);
const OPERATORS = new Set(['and', 'or', 'unless', 'atan2', 'bool', 'offset', 'smoothed', 'anchored']);
const NUMBERS = new Set(['inf', 'nan']);

const DURATION = /(?:\d+(?:ms|[smhdwy]))+(?![a-zA-Z0-9_])/y;
const NUMBER = /0[xX][0-9a-fA-F]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const OPERATOR = /=~|!~|!=|==|>=|<=|>\/|<\/|[-+*/%^<>=@]/y;
const BLANK = /[ \t\r\n]+/y;

/** Where a scan is: inside of what, and what came before. */
export function startState() {
  return {
    // The quote of a string that goes on over the line, which only a backtick's does.
    quote: null,
    // `{`, `[`, `(` that are open; `g` is the list of labels after `by` and the like.
    open: [],
    // Whether a grouping word was just read, so that `(` opens a list of labels.
    isGrouping: false,
    // The word of the matcher before the cursor.
    label: null,
  };
}

/** A state of its own, for a scan that can go back. */
export const copyState = (state) => ({ ...state, open: [...state.open] });

/**
 * The token that begins at a place of a text.
 *
 * @returns {{kind: string, to: number}} Kinds: `blank`, `comment`, `string`, `number`, `duration`,
 *     `function`, `aggregation`, `keyword`, `metric`, `label`, `operator`, `brace`, `invalid`.
 */
export function scan(text, at, state) {
  if (state.quote) return rest(text, at, state);
  const one = text[at];
  let to;
  if ((to = match(BLANK, text, at))) return { kind: 'blank', to };
  if (one === '#') {
    const end = text.indexOf('\n', at);
    return { kind: 'comment', to: end < 0 ? text.length : end };
  }
  const wasGrouping = state.isGrouping;
  const inside = state.open.at(-1);
  state.isGrouping = false;
  if (one === '"' || one === "'" || one === '`') {
    state.quote = one;
    const token = rest(text, at + 1, state);
    // Only a backtick's string may hold the end of a line.
    if (one !== '`') state.quote = null;
    // In braces, a name may be quoted: `{"http.requests", "a.b"="c"}`.
    if (inside === '{' || inside === 'g') {
      const next = text.slice(token.to).trimStart();
      if (inside === 'g' || /^(=|!)/.test(next)) return { kind: 'label', to: token.to };
      if (state.label === null) return { kind: 'metric', to: token.to };
    }
    state.label = null;
    return token;
  }
  if ('({['.includes(one)) {
    state.open.push(one === '(' && wasGrouping ? 'g' : one);
    if (one === '{') state.label = null;
    return { kind: 'brace', to: at + 1 };
  }
  if (')}]'.includes(one)) {
    const pair = { ')': ['(', 'g'], '}': ['{'], ']': ['['] }[one];
    const fits = pair.includes(inside);
    if (fits) state.open.pop();
    return { kind: fits ? 'brace' : 'invalid', to: at + 1 };
  }
  if (one === ',' || one === ':' && inside === '[') {
    state.label = null;
    return { kind: 'operator', to: at + 1 };
  }
  if (inside !== '{' && inside !== 'g') {
    if ((to = match(DURATION, text, at))) return { kind: 'duration', to };
    if ((to = match(NUMBER, text, at))) return { kind: 'number', to };
  }
  if ((to = match(NAME, text, at))) return { kind: word(text, at, to, state, inside), to };
  if ((to = match(OPERATOR, text, at))) {
    if (inside === '{') state.label ??= '';
    return { kind: 'operator', to };
  }
  return { kind: 'invalid', to: at + 1 };
}

/** All tokens but blanks: `[{kind, from, to, text}]`. */
export function tokenize(text) {
  const state = startState();
  const tokens = [];
  for (let at = 0; at < text.length;) {
    const { kind, to } = scan(text, at, state);
    if (kind !== 'blank') tokens.push({ kind, from: at, to, text: text.slice(at, to) });
    at = to;
  }
  return tokens;
}

function word(text, from, to, state, inside) {
  const name = text.slice(from, to);
  if (inside === '{') {
    state.label = name;
    return 'label';
  }
  if (inside === 'g') return 'label';
  const lower = name.toLowerCase();
  if (GROUPINGS.has(lower)) {
    state.isGrouping = true;
    return 'keyword';
  }
  if (OPERATORS.has(lower)) return 'keyword';
  if (NUMBERS.has(lower)) return 'number';
  const next = /^[ \t\r\n]*(\(|by\b|without\b)?/i.exec(text.slice(to, to + 40))[1];
  if (AGGREGATIONS.has(lower) && next) return 'aggregation';
  return next === '(' ? 'function' : 'metric';
}

// What is left of a string; `at` is behind its quote, or at the begin of a further line.
function rest(text, at, state) {
  const quote = state.quote;
  for (let index = at; index < text.length; index++) {
    if (text[index] === '\\' && quote !== '`') index += 1;
    else if (text[index] === quote) {
      state.quote = null;
      return { kind: 'string', to: index + 1 };
    } else if (text[index] === '\n' && quote !== '`') {
      state.quote = null;
      return { kind: 'invalid', to: index };
    }
  }
  return { kind: 'string', to: text.length };
}

function match(expression, text, at) {
  expression.lastIndex = at;
  return expression.test(text) ? expression.lastIndex : 0;
}
