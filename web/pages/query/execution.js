// One run of a panel's expression: what is asked, and what came. A gateway that knows `trace` gives data,
// plan and missing members in one answer; from another one, less is known.

import { apiPath, ApiError, request } from '../../lib/api.js';
import { metricMemberNames, session } from '../../lib/session.js';
import { now } from '../../lib/time.js';
import { matcherText, withMatcher } from './promql/selectors.js';
import { stepOf } from './state.js';

/** The text that is sent: with the chosen members in every selector. */
export function sentText(panel) {
  if (panel.members.length === 0) return panel.expr;
  return withMatcher(panel.expr, matcherText(session.partitionLabel, panel.members));
}

/** What is asked of which endpoint. `kind`: `query` or `query_range`. */
export function parametersOf(panel, kind, at = now()) {
  const parameters = { query: sentText(panel) };
  if (kind === 'query') {
    parameters.time = panel.time ?? at;
  } else {
    const step = stepOf(panel);
    // On multiples of the step, so that a window that moves shows the same points.
    parameters.end = Math.floor((panel.end ?? at) / step) * step;
    parameters.start = parameters.end - Math.floor(panel.range / step) * step;
    for (const name of ['start', 'end']) parameters[name] = Number(parameters[name].toFixed(3));
    parameters.step = step;
  }
  if (panel.exact) parameters.exact = 'true';
  if (panel.partial) parameters.partial_response = panel.partial;
  return parameters;
}

/**
 * Runs it.
 *
 * @returns {Promise<Run>} Also of an answer that is an error: then `error` says what.
 *
 * @typedef {{kind: string, parameters: Object, error: ApiError|null, text: string, bytes: number,
 *     seconds: number, type: string|null, result: any, warnings: string[], infos: string[],
 *     missing: {project: string, error: string, effect: string}[], trace: Object|null}} Run
 */
export async function run(panel, kind, signal) {
  const parameters = parametersOf(panel, kind);
  const began = performance.now();
  const outcome = {
    kind, parameters, error: null, text: '', bytes: 0, seconds: 0, type: null, result: null, warnings: [], infos: [], missing: [], trace: null,
  };
  try {
    const answer = await request(`${apiPath()}/${kind}`, { form: { ...parameters, trace: '1' }, signal });
    outcome.text = await answer.text();
    const document = JSON.parse(outcome.text);
    if (document.status === 'error') throw new ApiError(document.error, { status: answer.status, type: document.errorType });
    outcome.type = document.data.resultType;
    outcome.result = document.data.result;
    outcome.warnings = document.warnings ?? [];
    outcome.infos = document.infos ?? [];
    outcome.trace = document.trace ?? null;
    outcome.missing = document.missing ?? missingOf(outcome.warnings);
  } catch (error) {
    if (error?.name === 'AbortError') throw error;
    outcome.error = error instanceof SyntaxError ? new ApiError('the answer broke off: it is not whole') : error;
    if (error.body) outcome.text = JSON.stringify(error.body);
    outcome.missing = missingOf([error.message ?? '']);
  }
  outcome.bytes = outcome.text.length;
  outcome.seconds = (performance.now() - began) / 1000;
  return outcome;
}

/** The plan of what a panel asks. With `analyze` it is run too, in a run of its own. */
export async function explain(panel, kind, { analyze = true, signal } = {}) {
  const form = { ...parametersOf(panel, kind), analyze: String(analyze) };
  const answer = await request(`${apiPath()}/explain`, { form, signal });
  return (await answer.json()).data;
}

/** Members that texts of warnings and errors name: `project "us": connection refused (effect)`. */
export function missingOf(texts) {
  const missing = [];
  for (const text of texts) {
    const match = /^(?:\w+: )?project "([^"]+)": (.*?)(?: \(([^()]*(?:\(\)[^()]*)?)\))?$/.exec(text);
    if (match && !match[2].startsWith('the member has no ')) missing.push({ project: match[1], error: match[2], effect: match[3] ?? '' });
  }
  return missing;
}

/**
 * What each member of the project did for a run.
 *
 * @returns {{name: string, state: 'answered'|'missing'|'notAsked'|'unknown', seconds: number|null,
 *     series: number|null, bytes: number|null, error: string, effect: string}[]}
 */
export function membersOf(outcome, plan) {
  const names = [...metricMemberNames()];
  const fetches = plan ? fetchesOf(plan.plan) : [];
  const seen = seriesByMember(outcome);
  for (const one of [...fetches.map((fetch) => fetch.member), ...(outcome?.missing ?? []).map((gap) => gap.project)]) {
    if (!names.includes(one)) names.push(one);
  }
  return names.map((name) => {
    const own = fetches.filter((fetch) => fetch.member === name);
    const gap = outcome?.missing.find((one) => one.project === name);
    const failure = own.find((fetch) => fetch.failure)?.failure;
    const timed = own.filter((fetch) => fetch.milliseconds !== undefined);
    const member = {
      name, state: 'unknown', error: gap?.error ?? failure ?? '', effect: gap?.effect ?? '',
      // Requests of one query run side by side: the longest is what the member took.
      seconds: timed.length > 0 ? Math.max(...timed.map((fetch) => fetch.milliseconds)) / 1000 : null,
      series: timed.length > 0 ? sum(timed, 'series') : seen?.get(name) ?? null,
      bytes: timed.length > 0 ? sum(timed, 'bytes') : null,
    };
    if (gap || failure) member.state = 'missing';
    else if (plan) member.state = plan.membersAsked.includes(name) ? 'answered' : 'notAsked';
    else if (seen?.has(name)) member.state = 'answered';
    return member;
  });
}

/** The requests to members that a plan has, as its nodes. */
export function fetchesOf(node, found = []) {
  if (!node) return found;
  if (node.place === 'member') found.push(node);
  for (const child of node.children ?? []) fetchesOf(child, found);
  return found;
}

const sum = (all, name) => all.reduce((total, one) => total + (one[name] ?? 0), 0);

function seriesByMember(outcome) {
  if (!Array.isArray(outcome?.result) || outcome.type === 'scalar' || outcome.type === 'string') return null;
  const seen = new Map();
  for (const series of outcome.result) {
    const name = series.metric?.[session.partitionLabel];
    if (name !== undefined) seen.set(name, (seen.get(name) ?? 0) + 1);
  }
  return seen.size > 0 ? seen : null;
}
