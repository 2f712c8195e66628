// What a person chose for this browser: theme, time zone, pinned queries. Kept in localStorage, and in
// memory alone where the browser keeps nothing.

const PREFIX = 'tributary.';
const memory = new Map();
const listeners = new Map();

/** The value kept under a name, or the fallback. */
export function preference(name, fallback) {
  if (memory.has(name)) return memory.get(name);
  try {
    const text = window.localStorage.getItem(PREFIX + name);
    if (text !== null) return JSON.parse(text);
  } catch {
    // Nothing is kept, or it is not ours.
  }
  return fallback;
}

export function setPreference(name, value) {
  memory.set(name, value);
  try {
    window.localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // Full, or forbidden: it holds until the page is left.
  }
  for (const listener of listeners.get(name) ?? []) listener(value);
}

/** Calls at every change of a value; returns what ends that. */
export function onPreference(name, listener) {
  if (!listeners.has(name)) listeners.set(name, new Set());
  listeners.get(name).add(listener);
  return () => listeners.get(name).delete(listener);
}

// Another window of this browser changed it.
window.addEventListener('storage', (event) => {
  if (!event.key?.startsWith(PREFIX)) return;
  const name = event.key.slice(PREFIX.length);
  memory.delete(name);
  for (const listener of listeners.get(name) ?? []) listener(preference(name));
});

const dark = window.matchMedia('(prefers-color-scheme: dark)');

/** `light` or `dark`: what is chosen, or what the system says. */
export function theme() {
  const chosen = preference('theme', 'system');
  return chosen === 'system' ? (dark.matches ? 'dark' : 'light') : chosen;
}

/** Shows the theme, now and at each change; `listener` is for what draws by itself. */
export function applyTheme() {
  const show = () => {
    const value = theme();
    if (document.documentElement.dataset.theme === value) return;
    document.documentElement.dataset.theme = value;
    window.dispatchEvent(new CustomEvent('themechange', { detail: value }));
  };
  show();
  dark.addEventListener('change', show);
  onPreference('theme', show);
}
