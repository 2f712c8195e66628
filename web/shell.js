// The page around all pages: bar, navigation, health, notifications, log-in; and which page is shown.

import { ApiError, onUnauthorized } from './lib/api.js';
import { h, replace } from './lib/h.js';
import { bind } from './lib/keys.js';
import { startLive } from './lib/live.js';
import { applyTheme, onPreference } from './lib/preferences.js';
import { here, navigate, onNavigation, urlOf } from './lib/router.js';
import { loadSession, onSession, session } from './lib/session.js';
import { announce, empty, errorBanner, loading } from './lib/ui.js';
import { aliases, pages } from './pages.js';
import { bar } from './shell/bar.js';
import { showKeys } from './shell/keys.js';

const title = h('h1', { id: 'page-title' });
const actions = h('div', { class: 'page-actions' });
const main = h('div', { class: 'page-body' });

// What is shown now: the page, what it returned, and what ends when it is left.
let shown = null;

start();

async function start() {
  applyTheme();
  const navigation = bar();
  replace(document.body,
    h('a', { class: 'skip-link', href: '#main' }, 'Skip to the page'),
    navigation.element,
    h('main', { id: 'main', tabindex: '-1', 'aria-labelledby': 'page-title' },
      h('div', { class: 'page-head' }, title, actions), main),
    h('div', { id: 'toasts' }),
    h('div', { id: 'announcements', class: 'visually-hidden', 'aria-live': 'polite' }));
  onUnauthorized(() => {
    if (here().page === 'login') return;
    if (pages.some((page) => page.path === 'login')) {
      navigate(urlOf('login', { project: null, params: { next: window.location.pathname + window.location.search } }), { replace: true });
    }
  });
  for (const page of pages) {
    if (page.key) bind(`g ${page.key}`, `Open ${page.title}`, () => navigate(urlOf(page.path)), { group: 'Pages' });
  }
  bind('?', 'This list of keys', showKeys);
  onNavigation(show);
  // Times are drawn anew in the other zone.
  onPreference('timeZone', () => { leave(); show(here()); });
  // The page can begin before it is known who asks: it gets its own answers.
  show(here());
  // Another person may see other notifications.
  let listener = null;
  onSession(() => {
    const who = `${session.name} ${session.signedIn}`;
    if (who === listener) return;
    listener = who;
    startLive();
  });
  await loadSession().catch(() => null);
}

async function show(state) {
  const path = aliases[state.page] ?? state.page;
  if (path !== state.page) {
    navigate(urlOf(path, { project: state.project, params: state.params }), { replace: true });
    return;
  }
  if (shown?.path === path && shown.project === state.project && shown.instance?.navigated) {
    shown.instance.navigated(state.params);
    return;
  }
  leave();
  const page = pages.find((one) => one.path === path);
  title.textContent = page?.title ?? 'Not found';
  document.title = `${title.textContent}${state.project ? ` · ${state.project}` : ''} · Tributary`;
  replace(actions);
  if (!page) {
    replace(main, empty(`There is no page /${state.page}.`, h('p', {}, h('a', { href: urlOf('query') }, 'Query'))));
    return;
  }
  const leaving = new AbortController();
  const mine = { path, project: state.project, instance: null, leaving, unbind: [] };
  const isFirst = shown === null;
  shown = mine;
  replace(main, loading());
  try {
    const module = await page.load();
    if (shown !== mine) return;
    replace(main);
    main.dataset.page = path;
    mine.instance = (await module.mount({
      element: main,
      actions,
      params: state.params,
      project: state.project,
      signal: leaving.signal,
      bind: (...args) => mine.unbind.push(bind(...args)),
      every: (seconds, action) => repeat(seconds, action, leaving.signal),
    })) ?? {};
  } catch (error) {
    if (shown !== mine || error?.name === 'AbortError') return;
    if (!(error instanceof ApiError)) console.error(error);
    replace(main, errorBanner(error, h('button', { type: 'button', onclick: () => { leave(); show(here()); } }, 'Try again')));
  }
  // Who hears the page is told of the other page; the first one, the browser reads by itself.
  if (!isFirst) announce(`${page.title} opened`);
}

function leave() {
  if (!shown) return;
  shown.leaving.abort();
  shown.unbind.forEach((unbind) => unbind());
  shown.instance?.unmount?.();
  shown = { path: null, leaving: new AbortController(), unbind: [] };
}

// Runs every so many seconds while the page is to be seen, one after the other.
function repeat(seconds, action, signal) {
  const timer = setInterval(async () => {
    if (document.hidden || repeat.busy.has(action)) return;
    repeat.busy.add(action);
    try {
      await action();
    } finally {
      repeat.busy.delete(action);
    }
  }, seconds * 1000);
  signal.addEventListener('abort', () => clearInterval(timer));
}
repeat.busy = new Set();
