// The rows and columns of an answer. Pure.

import { formatExact, sampleNumber } from '../../lib/numbers.js';

/**
 * @param {string} type `vector`, `matrix`, `scalar` or `string`.
 * @returns {{labels: string[], rows: {metric: Object, value: number|null, text: string, time: number|null,
 *     histogram: Object|null, samples: [number, string][]|null}[]}} `labels`: those that any row has, the
 *     partition label first, `__name__` before the others.
 */
export function tableOf(type, result, partition = 'project') {
  if (type === 'scalar' || type === 'string') {
    const [time, text] = result;
    return { labels: [], rows: [{ metric: {}, value: type === 'scalar' ? sampleNumber(text) : null, text, time, histogram: null, samples: null }] };
  }
  const rows = (result ?? []).map((series) => {
    const row = { metric: series.metric, value: null, text: '', time: null, histogram: null, samples: null };
    if (type === 'matrix') {
      row.samples = series.values ?? [];
      const last = row.samples.at(-1);
      row.value = last ? sampleNumber(last[1]) : null;
      row.histogram = series.histograms?.at(-1)?.[1] ?? null;
      row.text = row.samples.map(([time, text]) => `${text} @${time}`).join('\n');
    } else if (series.histogram) {
      [row.time, row.histogram] = series.histogram;
      row.value = Number(row.histogram.count);
      row.text = `count ${row.histogram.count}, sum ${row.histogram.sum}`;
    } else {
      row.time = series.value[0];
      row.text = series.value[1];
      row.value = sampleNumber(series.value[1]);
    }
    return row;
  });
  return { labels: labelsOf(rows, partition), rows };
}

function labelsOf(rows, partition) {
  const names = new Set();
  for (const row of rows) for (const name of Object.keys(row.metric)) names.add(name);
  const order = (name) => (name === partition ? 0 : name === '__name__' ? 1 : 2);
  return [...names].sort((a, b) => order(a) - order(b) || (a < b ? -1 : 1));
}

/**
 * Rows in another order. By a label or by `value`; the order that was is kept among equals.
 *
 * @param {{key: string, down: boolean}|null} sort
 */
export function sorted(rows, sort) {
  if (!sort) return rows;
  const sign = sort.down ? -1 : 1;
  const compare = sort.key === 'value'
    ? (a, b) => numbers(a.value, b.value, sign)
    : (a, b) => sign * texts(a.metric[sort.key] ?? '', b.metric[sort.key] ?? '');
  return [...rows].sort(compare);
}

// NaN and what has no number are last, whichever way it is sorted.
function numbers(a, b, sign) {
  const [noA, noB] = [a === null || Number.isNaN(a), b === null || Number.isNaN(b)];
  if (noA || noB) return Number(noA) - Number(noB);
  return a === b ? 0 : sign * (a < b ? -1 : 1);
}

const collator = new Intl.Collator('en', { numeric: true });
const texts = (a, b) => collator.compare(a, b);

/** Rows by the value of a label, in the order in which values first come: `[[value, rows]]`. */
export function grouped(rows, label) {
  const groups = new Map();
  for (const row of rows) {
    const key = row.metric[label] ?? '';
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(row);
  }
  return [...groups];
}

/** Rows of CSV: a head, then the labels and the value of each row. */
export function csvRows({ labels, rows }) {
  return [[...labels, 'time', 'value'], ...rows.map((row) => [
    ...labels.map((label) => row.metric[label] ?? ''), row.time ?? '', row.text || formatExact(row.value),
  ])];
}

/**
 * The bars of a native histogram, at most so many: `[{low, high, count, share}]`; `share` is of the
 * greatest.
 */
export function barsOf(histogram, most = 40) {
  let buckets = (histogram.buckets ?? []).map(([, low, high, count]) => ({ low: sampleNumber(low), high: sampleNumber(high), count: Number(count) }));
  while (buckets.length > most) {
    const joined = [];
    for (let at = 0; at < buckets.length; at += 2) {
      const [one, two] = [buckets[at], buckets[at + 1] ?? { ...buckets[at], count: 0 }];
      joined.push({ low: one.low, high: two.high, count: one.count + two.count });
    }
    buckets = joined;
  }
  const greatest = Math.max(...buckets.map((bucket) => bucket.count), 0);
  return buckets.map((bucket) => ({ ...bucket, share: greatest > 0 ? bucket.count / greatest : 0 }));
}
