// Where the page is: everything that a person chose is in the URL, so that a link shows the same.
//
// A URL is   <base>[p/<project>/]<page>?<parameters>   with <base> from the server (url_base_path).

import { pages } from '../pages.js';

/** The path before everything, with `/` at both ends. */
export const base = document.querySelector('meta[name="tributary-base"]')?.content ?? '/';

/** The version of the gateway, or an empty text. */
export const version = document.querySelector('meta[name="tributary-version"]')?.content ?? '';

const listeners = new Set();

/**
 * What the browser's URL says.
 *
 * @returns {{project: string|null, page: string, params: URLSearchParams}} `project` is null for the
 *     default project; `page` is the path of a registered page, or what is there instead.
 */
export function here(location = window.location) {
  let path = location.pathname;
  path = path.startsWith(base) ? path.slice(base.length) : path.replace(/^\//, '');
  let project = null;
  const scoped = /^p\/([^/]+)\/?(.*)$/.exec(path);
  if (scoped) {
    project = decodeURIComponent(scoped[1]);
    path = scoped[2];
  }
  const page = path.replace(/\/+$/, '');
  return { project, page: page === '' ? 'members' : page, params: new URLSearchParams(location.search) };
}

/**
 * The URL of a page.
 *
 * @param {string} page The path of a page, for example `query`.
 * @param {{project?: string|null, params?: URLSearchParams|Object}} options Without `project`, the
 *     project that the browser's URL names is kept.
 */
export function urlOf(page, { project, params } = {}) {
  const inside = project === undefined ? here().project : project;
  const text = params ? new URLSearchParams(params).toString() : '';
  const scope = inside === null ? '' : `p/${encodeURIComponent(inside)}/`;
  return `${base}${scope}${page}${text ? `?${text}` : ''}`;
}

/** Goes to a URL of this page. With `replace` the one before is not kept in the browser's history. */
export function navigate(url, { replace = false } = {}) {
  if (url === window.location.pathname + window.location.search) return;
  window.history[replace ? 'replaceState' : 'pushState'](null, '', url);
  announce();
}

/**
 * Writes parameters into the URL without telling the page of it: for a page that already shows them.
 */
export function note(params, { push = false } = {}) {
  const state = here();
  const url = urlOf(state.page, { project: state.project, params });
  if (url === window.location.pathname + window.location.search) return;
  window.history[push ? 'pushState' : 'replaceState'](null, '', url);
}

/** Calls at every change of the URL: links, the browser's buttons, `navigate`. */
export function onNavigation(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function announce() {
  const state = here();
  for (const listener of listeners) listener(state);
}

window.addEventListener('popstate', announce);

// A click on a link to a page is no new load. With a key held, the browser does what it always does.
document.addEventListener('click', (event) => {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest?.('a[href]');
  if (!link || link.target || link.hasAttribute('download')) return;
  const url = new URL(link.href);
  if (url.origin !== window.location.origin || url.hash) return;
  if (!pages.some((page) => page.path === here(url).page)) return;
  event.preventDefault();
  navigate(url.pathname + url.search);
});
