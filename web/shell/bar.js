// The bar: which project, which page, how the members are, what one should know, and how to look at it.

import { data, setBearer } from '../lib/api.js';
import { h, replace, svg } from '../lib/h.js';
import { bind } from '../lib/keys.js';
import { notifications, onLive } from '../lib/live.js';
import { preference, setPreference } from '../lib/preferences.js';
import { here, navigate, onNavigation, urlOf, version } from '../lib/router.js';
import { loadProjects, memberNames, onSession, project, session, stateOf } from '../lib/session.js';
import { formatTime, fromRFC3339 } from '../lib/time.js';
import { counted } from '../lib/numbers.js';
import { choice, dialog, empty, uniqueId } from '../lib/ui.js';
import { pages } from '../pages.js';
import { showKeys } from './keys.js';

export function bar() {
  const links = h('ul', { class: 'nav-links' });
  const picker = h('select', { id: uniqueId('project'), 'aria-label': 'Project', onchange: () => open(picker.value) });
  const health = h('a', { class: 'health', href: urlOf('members') });
  const bell = h('button', { type: 'button', class: 'quiet bell', onclick: showNotifications });
  const user = h('div', { class: 'user' });
  const drawer = h('div', { class: 'nav-drawer', id: 'navigation' },
    h('div', { class: 'nav-project' }, h('label', { for: picker.id }, 'Project'), picker),
    h('nav', { 'aria-label': 'Pages' }, links),
    h('div', { class: 'nav-foot' },
      choice({
        label: 'Theme', selected: preference('theme', 'system'), onselect: (value) => setPreference('theme', value),
        items: [['system', 'Auto', 'Theme of the system'], ['light', 'Light', 'Light theme'], ['dark', 'Dark', 'Dark theme']],
      }),
      choice({
        label: 'Time zone', selected: preference('timeZone', 'local'), onselect: (value) => setPreference('timeZone', value),
        items: [['local', 'Local', `Times of ${Intl.DateTimeFormat().resolvedOptions().timeZone}`], ['utc', 'UTC', 'Times of UTC']],
      }),
      user,
      h('div', { class: 'nav-small' },
        h('button', { type: 'button', class: 'quiet', onclick: showKeys }, 'Keys ', h('kbd', {}, '?')),
        version && h('span', { class: 'version', title: 'Version of the gateway' }, version))));
  const toggle = h('button', {
    type: 'button', class: 'icon nav-toggle', 'aria-controls': 'navigation', 'aria-expanded': 'false', 'aria-label': 'Menu',
    onclick: () => openDrawer(toggle.getAttribute('aria-expanded') !== 'true'),
  }, '☰');
  const element = h('header', { class: 'bar' },
    h('div', { class: 'bar-head' }, toggle,
      h('a', { class: 'brand', href: urlOf('query', { params: {} }) }, mark(), 'Tributary'), health, bell),
    drawer);

  function openDrawer(isOpen) {
    toggle.setAttribute('aria-expanded', String(isOpen));
    element.classList.toggle('open', isOpen);
  }
  element.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && element.classList.contains('open')) { openDrawer(false); toggle.focus(); }
  });

  function draw() {
    const state = here();
    replace(links, pages.filter((page) => !page.hidden).map((page) => h('li', {}, h('a', {
      href: urlOf(page.path), 'aria-current': page.path === state.page ? 'page' : null,
      title: page.key ? `Keys: g ${page.key}` : null,
    }, page.title))));
    drawPicker(state);
    drawHealth();
    drawBell();
    drawUser();
  }

  function drawPicker(state) {
    const names = session.projects.map((one) => one.name);
    const known = state.project ?? session.defaultProject;
    if (known && !names.includes(known)) names.unshift(known);
    replace(picker,
      session.defaultProject === null && h('option', { value: '' }, 'default project'),
      names.map((name) => {
        const one = session.projects.find((project) => project.name === name);
        const members = one?.kind === 'multiCluster' ? ` (${counted(one.memberProjects?.length ?? 0, 'member')})` : '';
        return h('option', { value: name }, name + members);
      }));
    picker.value = known ?? '';
  }

  function drawHealth() {
    const members = memberNames();
    const bad = members.map(project).filter((one) => one && ['failing', 'paused'].includes(stateOf(one)));
    health.href = urlOf('members');
    health.hidden = members.length === 0;
    health.className = `health ${bad.length > 0 ? 'error' : 'ok'}`;
    replace(health, h('span', { class: 'dot', 'aria-hidden': 'true' }, bad.length > 0 ? '✗' : '✓'),
      bad.length > 0 ? `${bad.length} down` : `${members.length} up`);
    health.title = bad.length > 0
      ? `${bad.length} of ${members.length} members do not answer\n` + bad.map((one) => `${one.name}: ${one.status?.lastError?.message ?? one.status?.lastError?.error ?? 'does not answer'}`).join('\n')
      : `Every member of the project answers`;
  }

  function drawBell() {
    const count = notifications.length;
    bell.setAttribute('aria-label', count > 0 ? counted(count, 'notification') : 'No notifications');
    bell.title = bell.getAttribute('aria-label');
    replace(bell, bellSign(), count > 0 && h('span', { class: 'count' }, count));
  }

  function drawUser() {
    replace(user, session.name && h('span', { class: 'user-name', title: session.admin ? 'May make changes' : 'May read' }, session.name),
      session.signedIn && h('button', { type: 'button', class: 'quiet', onclick: signOut }, 'Log out'));
  }

  onNavigation(() => { draw(); openDrawer(false); });
  onSession(draw);
  onLive('notification', drawBell);
  onLive('member', () => loadProjects());
  setInterval(() => { if (!document.hidden) loadProjects(); }, 30_000);
  bind('p', 'Choose the project', () => {
    openDrawer(true);
    picker.focus();
    picker.showPicker?.();
  });
  draw();
  return { element };
}

/** Opens the same page of another project. */
function open(name) {
  const state = here();
  navigate(urlOf(state.page, { project: name === '' || name === session.defaultProject ? null : name, params: state.params }));
}

function showNotifications() {
  dialog('Notifications', notifications.length === 0
    ? empty('Nothing that you should know of now.')
    : h('ul', { class: 'notifications' }, [...notifications].reverse().map((one) =>
      h('li', {}, h('time', { datetime: one.date }, formatTime(fromRFC3339(one.date))), ' ', one.text))));
}

async function signOut() {
  await data('api/session', { method: 'DELETE' }).catch(() => null);
  setBearer(null);
  window.location.assign(urlOf('login', { project: null }));
}

// Streams that become one: the sign of the product.
function mark() {
  return sign('M3 2c0 7 7 5 7 10v6 M10 2v16 M17 2c0 7-7 5-7 10', 'brand-mark');
}

function bellSign() {
  return sign('M10 3a5 5 0 0 0-5 5v4l-1.5 2.5h13L15 12V8a5 5 0 0 0-5-5z M8 16.5a2 2 0 0 0 4 0', 'sign');
}

function sign(d, className) {
  return svg('svg', { viewBox: '0 0 20 20', class: className, 'aria-hidden': 'true' }, svg('path', { d }));
}
