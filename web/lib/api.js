// Requests to the gateway. Every answer is an object; every failure is an `ApiError` with the words of
// the gateway, so that a page shows them as they are.

import { base, here } from './router.js';

/** What a request failed with. `status` is 0 where no answer came. */
export class ApiError extends Error {
  constructor(message, { status = 0, type = '', body = null } = {}) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.type = type;
    this.body = body;
  }

  /** Whether this gateway does not have what was asked: a page then shows less. */
  get isAbsent() {
    return this.status === 404 || this.status === 405 || this.status === 501;
  }
}

/** Whether the error is only that the page itself gave the request up. */
export const isAborted = (error) => error?.name === 'AbortError';

// Called when the gateway demands a token; the shell shows the form.
let unauthorized = () => {};
export function onUnauthorized(listener) {
  unauthorized = listener;
}

// A gateway without sessions gets the token in each request. It is kept in memory alone.
let bearer = null;
export function setBearer(token) {
  bearer = token;
}

/** The path of Prometheus's API of a project; of the one that the URL names if none is given. */
export function apiPath(project = here().project) {
  return project === null ? `${base}api/v1` : `${base}p/${encodeURIComponent(project)}/api/v1`;
}

/**
 * One request.
 *
 * @param {string} path Absolute, as of `apiPath()`, or relative to the base.
 * @param {{method?: string, params?: Object|URLSearchParams, form?: Object|URLSearchParams,
 *     json?: any, signal?: AbortSignal, headers?: Object}} options `form` and `json` are bodies.
 * @returns {Promise<Response>}
 * @throws ApiError
 */
export async function request(path, options = {}) {
  const { params, form, json, signal } = options;
  const headers = { Accept: 'application/json', 'X-Tributary-CSRF': '1', ...options.headers };
  if (bearer) headers.Authorization = `Bearer ${bearer}`;
  let body;
  if (form) body = searchOf(form);
  if (json !== undefined) {
    body = JSON.stringify(json);
    headers['Content-Type'] = 'application/json';
  }
  const method = options.method ?? (body === undefined ? 'GET' : 'POST');
  const query = params ? searchOf(params).toString() : '';
  const url = (path.startsWith('/') ? path : base + path) + (query ? `?${query}` : '');
  let answer;
  try {
    answer = await fetch(url, { method, headers, body, signal, credentials: 'same-origin' });
  } catch (error) {
    if (isAborted(error)) throw error;
    throw new ApiError('the gateway cannot be reached');
  }
  if (answer.ok) return answer;
  const text = await answer.text().catch(() => '');
  const refusal = parsed(text);
  const message = refusal?.error ?? (shortText(text) || `${answer.status} ${answer.statusText}`);
  const failure = new ApiError(message, { status: answer.status, type: refusal?.errorType ?? '', body: refusal });
  if (answer.status === 401) unauthorized(failure);
  throw failure;
}

/** The whole JSON document of an answer: `{status, data, warnings, …}`. */
export async function answer(path, options) {
  const response = await request(path, options);
  const text = await response.text();
  const value = parsed(text);
  if (value === undefined) throw new ApiError('the answer is not JSON', { status: response.status });
  return value;
}

/** The `data` of an answer. */
export async function data(path, options) {
  return (await answer(path, options)).data;
}

/** As `data`, of an endpoint of Prometheus's API of a project: `v1('labels', {params: {…}})`. */
export function v1(endpoint, options = {}) {
  return data(`${apiPath(options.project)}/${endpoint}`, options);
}

/** As `v1`, but `fallback` where this gateway or member lacks the endpoint. */
export async function v1OrLess(endpoint, options = {}, fallback = null) {
  try {
    return await v1(endpoint, options);
  } catch (error) {
    if (error instanceof ApiError && error.isAbsent) return fallback;
    throw error;
  }
}

function searchOf(value) {
  if (value instanceof URLSearchParams) return value;
  const search = new URLSearchParams();
  for (const [name, one] of Object.entries(value)) {
    for (const item of Array.isArray(one) ? one : [one]) {
      if (item !== null && item !== undefined) search.append(name, String(item));
    }
  }
  return search;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// What a proxy says in HTML is not worth showing.
function shortText(text) {
  const line = text.trim();
  return line.startsWith('<') || line.length > 300 ? '' : line;
}
