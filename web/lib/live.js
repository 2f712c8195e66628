// What the gateway tells without being asked: notifications, and members that come and go.

import { data } from './api.js';
import { base } from './router.js';

/** The notifications that hold now, oldest first: `{text, date}`. */
export const notifications = [];

const listeners = { notification: new Set(), member: new Set() };

/**
 * Calls at every event.
 *
 * @param {'notification'|'member'} kind A `member` event has `{project, state, since, error}`.
 */
export function onLive(kind, listener) {
  listeners[kind].add(listener);
  return () => listeners[kind].delete(listener);
}

let source = null;
let poll = 0;

/**
 * Begins to listen, as long as the page is to be seen: a browser has six connections to a gateway for
 * all its pages together, and one that is hidden must not keep one. A gateway without the stream is
 * asked every 30 seconds.
 */
export function startLive() {
  if (!isStarted) {
    isStarted = true;
    document.addEventListener('visibilitychange', () => (document.hidden ? stop() : listen()));
    // A page that is left, and kept for the way back.
    window.addEventListener('pagehide', stop);
    window.addEventListener('pageshow', (event) => { if (event.persisted) listen(); });
  }
  if (!document.hidden) listen();
}

let isStarted = false;

function stop() {
  source?.close();
  source = null;
  clearInterval(poll);
}

function listen() {
  stop();
  // The stream begins with all that holds.
  notifications.length = 0;
  tell('notification', null);
  source = new EventSource(`${base}api/v1/notifications/live`, { withCredentials: true });
  const mine = source;
  source.onmessage = (event) => take(parsed(event.data));
  source.addEventListener('member', (event) => tell('member', parsed(event.data)));
  source.onerror = () => {
    // The browser tries again by itself, unless the answer was a refusal.
    if (source !== mine || mine.readyState !== EventSource.CLOSED) return;
    clearInterval(poll);
    poll = setInterval(ask, 30_000);
    ask();
  };
}

async function ask() {
  if (document.hidden) return;
  const all = await data('api/v1/notifications').catch(() => null);
  if (!Array.isArray(all)) return;
  notifications.splice(0, notifications.length, ...all.filter((one) => one.active));
  tell('notification', null);
}

function take(notification) {
  if (!notification) return;
  const index = notifications.findIndex((one) => one.text === notification.text);
  if (index >= 0) notifications.splice(index, 1);
  if (notification.active) notifications.push(notification);
  tell('notification', notification);
}

function tell(kind, value) {
  for (const listener of listeners[kind]) listener(value);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
