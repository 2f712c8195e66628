// Times and lengths of time, as people read and write them. Seconds since 1970 unless a name says
// otherwise. Pure, but for the time zone that the person chose.

import { preference } from './preferences.js';

const UNITS = [['y', 31_536_000], ['w', 604_800], ['d', 86_400], ['h', 3_600], ['m', 60], ['s', 1], ['ms', 0.001]];

/** Seconds of a text such as `1h30m`, `15`, `500ms`; null if it is none. */
export function parseDuration(text) {
  const word = String(text).trim();
  if (/^\d+(\.\d+)?$/.test(word)) return Number(word);
  if (!/^(\d+(\.\d+)?(ms|y|w|d|h|m|s))+$/.test(word)) return null;
  let seconds = 0;
  for (const [, number, unit] of word.matchAll(/(\d+(?:\.\d+)?)(ms|y|w|d|h|m|s)/g)) {
    seconds += Number(number) * UNITS.find(([name]) => name === unit)[1];
  }
  return seconds;
}

/** As PromQL writes it: 5400 is `1h30m`. */
export function formatDuration(seconds) {
  if (!Number.isFinite(seconds)) return '–';
  if (seconds <= 0) return '0s';
  let rest = Math.round(seconds * 1000);
  let text = '';
  // Years and weeks are hard to read beside days.
  for (const [unit, length] of UNITS.filter(([unit]) => unit !== 'y' && unit !== 'w')) {
    const count = Math.floor(rest / Math.round(length * 1000));
    if (count > 0) text += count + unit;
    rest -= count * Math.round(length * 1000);
  }
  return text;
}

/** How long something took: `850 µs`, `12 ms`, `1.4 s`, `3m20s`. */
export function formatElapsed(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return '–';
  if (seconds < 0.001) return `${Math.round(seconds * 1e6)} µs`;
  if (seconds < 0.01) return `${(seconds * 1000).toFixed(1)} ms`;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  return formatDuration(Math.round(seconds));
}

export const now = () => Date.now() / 1000;

/** `local` or `utc`. */
export const timeZone = () => preference('timeZone', 'local');

/** `2026-11-28 16:31:44`, in the chosen zone; with milliseconds where there are any. */
export function formatTime(seconds, { zone = timeZone(), date = true } = {}) {
  if (seconds === null || seconds === undefined || !Number.isFinite(Number(seconds))) return '–';
  const parts = partsOf(new Date(Math.round(seconds * 1000)), zone);
  const clock = `${parts.hour}:${parts.minute}:${parts.second}${parts.ms === '000' ? '' : `.${parts.ms}`}`;
  return date ? `${parts.year}-${parts.month}-${parts.day} ${clock}` : clock;
}

/** Seconds of `2026-11-28 16:31`, of seconds, of RFC 3339; `null` if it is none, and for `now`. */
export function parseTime(text, zone = timeZone()) {
  const word = String(text ?? '').trim();
  if (/^\d{9,}(\.\d+)?$/.test(word)) return Number(word);
  const match = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:?\d\d)?)?$/.exec(word);
  if (!match) return null;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '0', offset] = match;
  const numbers = [year, month - 1, day, hour, minute, second].map(Number);
  const part = Number(`0.${fraction}`);
  if (offset && offset !== 'Z') {
    const [, sign, hours, minutes] = /([+-])(\d\d):?(\d\d)/.exec(offset);
    const shift = (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60);
    return Date.UTC(...numbers) / 1000 - shift + part;
  }
  return (offset === 'Z' || zone === 'utc' ? Date.UTC(...numbers) : new Date(...numbers).getTime()) / 1000 + part;
}

/** A `<time>`'s worth of words: `12 s ago`, `in 3m`, `never`. */
export function formatAgo(seconds, at = now()) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return 'never';
  const length = at - seconds;
  if (Math.abs(length) < 1) return 'now';
  const text = coarse(Math.abs(length));
  return length > 0 ? `${text} ago` : `in ${text}`;
}

/** Seconds of an RFC 3339 text, or null. */
export function fromRFC3339(text) {
  const milliseconds = Date.parse(text ?? '');
  return Number.isNaN(milliseconds) ? null : milliseconds / 1000;
}

// Two units are enough to say how long ago something was.
function coarse(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 129_600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

function partsOf(date, zone) {
  const pad = (number, width = 2) => String(number).padStart(width, '0');
  const get = (name) => (zone === 'utc' ? date[`getUTC${name}`]() : date[`get${name}`]());
  return {
    year: pad(get('FullYear'), 4), month: pad(get('Month') + 1), day: pad(get('Date')),
    hour: pad(get('Hours')), minute: pad(get('Minutes')), second: pad(get('Seconds')),
    ms: pad(get('Milliseconds'), 3),
  };
}
