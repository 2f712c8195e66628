// Marks in the editor: what the gateway's parser refuses, and hints of what may be meant otherwise.

import { ApiError, v1 } from '../../lib/api.js';
import { metricMemberNames, session } from '../../lib/session.js';
import { hints } from './promql/hints.js';
import { metricTypes, scrapeSeconds } from './suggestions.js';

/** @returns {Promise<Mark[]>} As `editor` takes them. */
export async function marksOf(text, signal) {
  if (text.trim() === '') return [];
  const refusal = await refusalOf(text, signal);
  if (refusal) return [refusal];
  const [types, seconds] = await Promise.all([metricTypes(), scrapeSeconds()]);
  return hints(text, { types, scrapeSeconds: seconds, partition: session.partitionLabel, members: metricMemberNames().length })
    .map((hint) => ({ kind: 'warning', ...hint }));
}

async function refusalOf(text, signal) {
  try {
    await v1('parse_query', { form: { query: text }, signal });
    return null;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // A gateway that cannot be asked says nothing of the expression.
    return error.type === 'bad_data' ? markOf(error.message, text) : null;
  }
}

/** The place that a message names: `1:5: parse error: …`, counted in characters of UTF-8. */
export function markOf(message, text) {
  const match = /(\d+):(\d+): parse error: ([\s\S]*)$/.exec(message);
  const words = match?.[3] ?? message.replace(/^invalid parameter "query": /, '');
  if (!match) return { from: 0, to: text.length, kind: 'error', message: words };
  const lines = text.split('\n');
  const line = Math.min(Number(match[1]), lines.length) - 1;
  const begin = lines.slice(0, line).reduce((sum, one) => sum + one.length + 1, 0);
  const bytes = new TextEncoder().encode(lines[line]).slice(0, Number(match[2]) - 1);
  const from = Math.min(begin + new TextDecoder().decode(bytes).length, text.length);
  const word = /^(?:[\w:]+|\s*\S)/.exec(text.slice(from))?.[0].length ?? 0;
  // At the end of the text, the last character is marked: nothing could be seen otherwise.
  return word === 0 ? { from: Math.max(0, from - 1), to: text.length, kind: 'error', message: words } : { from, to: from + word, kind: 'error', message: words };
}
