// The log-in: a token becomes a session of this browser.

import { data, setBearer } from '../../lib/api.js';
import { h, replace } from '../../lib/h.js';
import { base, navigate, urlOf } from '../../lib/router.js';
import { loadSession, session } from '../../lib/session.js';
import { banner, errorBanner, field } from '../../lib/ui.js';

export function mount({ element, params, signal }) {
  const trouble = h('div', { 'aria-live': 'assertive' });
  const token = h('input', { type: 'password', autocomplete: 'current-password', required: true, spellcheck: 'false' });
  const button = h('button', { type: 'submit', class: 'primary' }, 'Log in');

  async function submit(event) {
    event.preventDefault();
    if (token.value === '') {
      replace(trouble, banner('error', 'Type your token first.'));
      token.focus();
      return;
    }
    button.disabled = true;
    try {
      await open(token.value);
      token.value = '';
      await loadSession();
      navigate(target(params.get('next')), { replace: true });
    } catch (error) {
      if (signal.aborted) return;
      replace(trouble, error.status === 401 ? banner('error', 'The gateway does not know this token.') : errorBanner(error));
      token.select();
      token.focus();
    } finally {
      button.disabled = false;
    }
  }

  async function open(text) {
    try {
      await data('api/session', { method: 'POST', headers: { 'X-API-Key': text }, signal });
    } catch (error) {
      if (!error.isAbsent) throw error;
      // A gateway without sessions is sent the token with each request, as long as the page is open.
      setBearer(text);
      try {
        await data('api/projects', { signal });
      } catch (refusal) {
        setBearer(null);
        throw refusal;
      }
    }
  }

  replace(element, h('form', { class: 'card login', onsubmit: submit, novalidate: true },
    session.signedIn && banner('info', `You are logged in as ${session.name}.`),
    field('Token', token, { hint: 'An access token of the gateway, or a key of a project. It is not kept in this browser: a cookie that no script can read takes its place.' }),
    trouble, button));
  token.focus();
  return {};
}

/** Where one wanted to go: a page of this gateway, and of no other. */
function target(next) {
  const home = urlOf('query', { project: null });
  if (!next) return home;
  const url = new URL(next, window.location.origin);
  const isOurs = url.origin === window.location.origin && url.pathname.startsWith(base) && !url.pathname.endsWith('/login');
  return isOurs ? url.pathname + url.search : home;
}
