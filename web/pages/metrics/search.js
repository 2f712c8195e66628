// Names of metrics by the gateway's search, which looks into all members.

import { apiPath, ApiError, request } from '../../lib/api.js';

// The most that one search answers.
const MOST = 10_000;

/** Every name of the last hour, as many as one answer has. */
export const allNames = (signal) => ask({ limit: MOST }, signal);

/** The names whose letters have those of a text in that order, the best first. */
export const similarNames = (text, limit, signal) => ask({
  'search[]': text.replace(/\s+/g, ''), fuzz_alg: 'subsequence', case_sensitive: false, sort_by: 'score', limit,
}, signal);

/** @returns {Promise<{names: string[], hasMore: boolean, warnings: string[]}>} */
async function ask(params, signal) {
  const answer = await request(`${apiPath()}/search/metric_names`, { params: { ...params, batch_size: MOST }, signal });
  return foundIn(await answer.text());
}

/** What the lines of an answer say. Pure, but for the error of an answer that broke off. */
export function foundIn(text) {
  const found = { names: [], hasMore: false, warnings: [] };
  let isWhole = false;
  for (const line of text.split('\n').filter(Boolean).map((one) => JSON.parse(one))) {
    for (const one of line.results ?? []) found.names.push(one.name);
    found.warnings.push(...(line.warnings ?? []));
    if (line.status === 'error') throw new ApiError(line.error ?? 'the search failed', { type: line.errorType });
    if (line.status === 'success') [isWhole, found.hasMore] = [true, line.has_more === true];
  }
  if (!isWhole) throw new ApiError('the answer broke off: it is not whole');
  return found;
}

/**
 * Metrics in the order in which one would look for them: those whose names have all words, those that the
 * search found besides, and those whose help has the words.
 *
 * @param {{name: string, help: string}[]} metrics
 * @param {string[]} similar Names as the search ranks them.
 * @param {(text: string) => boolean} fits Whether a text has all words.
 */
export function ranked(metrics, similar, fits) {
  const rank = new Map(similar.map((name, index) => [name, index + 1]));
  const place = (one) => (fits(one.name) ? 0 : rank.get(one.name) ?? (fits(one.help) || fits(`${one.name} ${one.help}`) ? Infinity : null));
  return metrics.map((one) => ({ one, place: place(one) })).filter(({ place: at }) => at !== null)
    .sort((a, b) => (a.place === b.place ? 0 : a.place - b.place)).map(({ one }) => one);
}
