// What can be written at the cursor, as a list for the editor. The asking is given, so this runs without
// a browser.

import { catalogue } from './catalogue.js';
import { placeOf } from './cursor.js';
import { quoted } from './selectors.js';

const MOST = 200;
// What is meant more often than its neighbours in the alphabet.
const COMMON = new Set(['rate', 'increase', 'sum', 'avg', 'max', 'min', 'count', 'histogram_quantile', 'by', 'without', 'topk', 'label_replace']);
const DURATIONS = ['30s', '1m', '2m', '5m', '10m', '15m', '30m', '1h', '2h', '6h', '12h', '1d', '1w'];

/**
 * @param {string} text
 * @param {number} position
 * @param {{metrics(): Promise<{name: string, type?: string, help?: string}[]>,
 *     labels(match: string|null): Promise<string[]>,
 *     values(label: string, match: string|null, text: string): Promise<string[]>,
 *     history(): string[], partition: string, members: string[]}} source
 * @returns {Promise<{from: number, to: number, options: {label: string, kind: string, detail?: string,
 *     info?: string, apply?: string, caret?: number}[]}|null>} The best options first; `caret` is where the
 *     cursor goes in `apply`.
 */
export async function complete(text, position, source) {
  const place = placeOf(text, position);
  const options = await optionsAt(place, text, source);
  if (!options) return null;
  const ranked = rank(options, place.text).slice(0, MOST);
  return ranked.length > 0 ? { from: place.from, to: place.to, options: ranked } : null;
}

async function optionsAt(place, text, source) {
  switch (place.kind) {
    case 'expression': return expressions(place, text, source);
    case 'label': return (await labelsOf(source, place.match)).map((label) => ({ label, kind: 'label' }));
    case 'grouping': return groupings(place, source);
    case 'value': return values(place, source);
    case 'duration': return DURATIONS.map((label) => ({ label, kind: 'duration' }));
    case 'operator': return [['=', 'equals'], ['!=', 'differs'], ['=~', 'fits the pattern'], ['!~', 'does not fit the pattern']]
      .map(([label, detail]) => ({ label, kind: 'operator', detail, apply: `${label}""`, caret: label.length + 1 }));
    default: return null;
  }
}

async function expressions(place, text, source) {
  const options = [];
  if (place.from === 0) {
    for (const query of source.history().slice(0, 20)) {
      if (query !== text) options.push({ label: query, kind: 'history', detail: 'asked before' });
    }
  }
  for (const entry of catalogue) {
    if (entry.type === 'keyword') {
      options.push({ label: entry.name, kind: 'keyword', info: entry.example });
    } else {
      const apply = `${entry.name}()`;
      options.push({
        label: entry.name, kind: entry.type, detail: `(${entry.parameters})`, info: `${entry.sentence}\n${entry.example}`,
        apply, caret: entry.parameters === '' ? apply.length : apply.length - 1,
      });
    }
  }
  for (const metric of await source.metrics()) {
    const advice = metric.type === 'counter' ? '\nA counter: its rate is usually what one wants.' : '';
    options.push({ label: metric.name, kind: 'metric', detail: metric.type, info: metric.help ? metric.help + advice : advice.trim() || undefined });
  }
  return options;
}

async function groupings(place, source) {
  const match = place.metrics.length > 0 ? `{__name__=~"${place.metrics.join('|')}"}` : null;
  const labels = await labelsOf(source, match);
  return labels.map((label) => ({ label, kind: 'label', detail: label === source.partition ? 'keeps members apart' : undefined }));
}

// The label that tells members apart is the first one: it decides who is asked.
async function labelsOf(source, match) {
  const labels = (await source.labels(match)).filter((label) => label !== '__name__');
  if (source.members.length < 2) return labels;
  return [source.partition, ...labels.filter((label) => label !== source.partition)];
}

async function values(place, source) {
  const all = place.label === source.partition ? source.members : await source.values(place.label, place.match, place.text);
  // Without quotes there, they are written too.
  return all.map((value) => ({ label: value, kind: 'value', apply: place.quote ? escaped(value, place.quote) : quoted(value) }));
}

const escaped = (value, quote) => (quote === '`' ? value : value.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`));

/** Those that fit the typed text: that begin with it, then that hold it, then its letters in order. */
export function rank(options, typed) {
  const wanted = typed.toLowerCase();
  if (wanted === '') return options;
  const scored = [];
  options.forEach((option, index) => {
    const score = scoreOf(option.label.toLowerCase(), wanted, option.kind);
    if (score !== null) scored.push({ option, score, index });
  });
  return scored.sort((a, b) => a.score - b.score || a.index - b.index).map((one) => one.option);
}

function scoreOf(label, wanted, kind) {
  // A whole query fits only if it begins so: else it would be first everywhere.
  if (kind === 'history') return label.startsWith(wanted) && wanted.length > 2 ? 500 : null;
  if (label === wanted) return 0;
  if (label.startsWith(wanted)) return (kind !== 'metric' && COMMON.has(label) ? 0.5 : 1) + label.length / 1000;
  const at = label.indexOf(wanted);
  if (at >= 0) return ('_:.'.includes(label[at - 1]) ? 100 : 200) + label.length / 1000;
  let from = 0;
  for (const letter of wanted) {
    from = label.indexOf(letter, from) + 1;
    if (from === 0) return null;
  }
  return wanted.length > 2 ? 300 + label.length / 1000 : null;
}
