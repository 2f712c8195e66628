// What the editor completes with, as the project's members have it. Kept for a minute.

import { v1, v1OrLess } from '../../lib/api.js';
import { here } from '../../lib/router.js';
import { metricMemberNames, session } from '../../lib/session.js';
import { now } from '../../lib/time.js';
import { history, pinned } from './history.js';

const KEPT_SECONDS = 60;
const cache = new Map();

function kept(key, ask) {
  const whole = `${here().project} ${key}`;
  const one = cache.get(whole);
  if (one && now() - one.at < KEPT_SECONDS) return one.answer;
  const answer = ask();
  cache.set(whole, { at: now(), answer });
  // What failed is asked again.
  answer.catch(() => cache.delete(whole));
  if (cache.size > 500) cache.delete(cache.keys().next().value);
  return answer;
}

const hourAgo = () => Math.floor(now() - 3600);
const orNone = (promise) => promise.catch(() => []);

/** What metadata says of each family: `{up: [{type, help, unit}]}`. */
export const metadata = () => kept('metadata', () => v1OrLess('metadata', { params: { limit_per_metric: 1 } }, {})).catch(() => ({}));

/** The types of all families, by name. */
export async function metricTypes() {
  return new Map(Object.entries(await metadata()).map(([name, all]) => [name, all[0]?.type]));
}

/** The shortest scrape interval that active targets have, in seconds; null where it is not known. */
export const scrapeSeconds = () => kept('scrape', async () => {
  const configuration = await v1OrLess('status/config', { project: metricMemberNames()[0] }, null);
  const match = /scrape_interval:\s*"?(\d+)(s|m)"?/.exec(configuration?.yaml ?? '');
  return match ? Number(match[1]) * (match[2] === 'm' ? 60 : 1) : null;
}).catch(() => null);

/** As `complete` wants it. */
export const source = {
  get partition() { return session.partitionLabel; },
  get members() { return metricMemberNames(); },
  history: () => [...pinned(), ...history()],
  async metrics() {
    const [names, families] = await Promise.all([
      orNone(kept('names', () => v1('label/__name__/values', { params: { start: hourAgo() } }))), metadata(),
    ]);
    return names.map((name) => {
      const family = families[name]?.[0] ?? families[name.replace(/_(bucket|count|sum|total)$/, '')]?.[0];
      return { name, type: family?.type, help: family?.help };
    });
  },
  labels: (match) => orNone(kept(`labels ${match}`, () => v1('labels', { params: { start: hourAgo(), 'match[]': match } }))),
  values: (label, match) => orNone(kept(`values ${label} ${match}`, () =>
    v1(`label/${encodeURIComponent(label)}/values`, { params: { start: hourAgo(), 'match[]': match, limit: 100 } }))),
};
