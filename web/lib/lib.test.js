// What of lib/ is pure. Run by `node --test web`.

import assert from 'node:assert/strict';
import test from 'node:test';

// What the modules expect of a browser.
globalThis.window = { localStorage: { getItem: () => null, setItem() {} }, addEventListener() {}, matchMedia: () => ({ matches: false, addEventListener() {} }) };
const { formatBytes, formatShort, formatPercent, sampleNumber } = await import('./numbers.js');
const { formatAgo, formatDuration, formatElapsed, formatTime, parseDuration, parseTime } = await import('./time.js');

test('a short number keeps its digits and has a unit where it is large or tiny', () => {
  const cases = [[0, '0'], [0.086207, '0.0862'], [1, '1'], [999.96, '1k'], [-1500, '-1.5k'], [12_345_678, '12.3M'], [0.00085, '850µ'], [1e-12, '1e-12'], [NaN, 'NaN'], [Infinity, '+Inf'], [null, '–']];
  for (const [value, text] of cases) assert.equal(formatShort(value), text);
  assert.equal(formatShort(999.96, 4), '1k');
});

test('bytes and percents are read at once', () => {
  assert.equal(formatBytes(999), '999 B');
  assert.equal(formatBytes(4_200_000), '4.2 MB');
  assert.equal(formatPercent(0.9921), '99.2 %');
  assert.equal(formatPercent(0.0005), '0.05 %');
});

test('samples of the API are numbers, infinite ones too', () => {
  assert.equal(sampleNumber('+Inf'), Infinity);
  assert.equal(sampleNumber('-Inf'), -Infinity);
  assert.ok(Number.isNaN(sampleNumber('NaN')));
  assert.equal(sampleNumber('1.5e3'), 1500);
});

test('a duration is read as PromQL writes it, and written so', () => {
  assert.equal(parseDuration('1h30m'), 5400);
  assert.equal(parseDuration('500ms'), 0.5);
  assert.equal(parseDuration('90'), 90);
  for (const text of ['', 'h', '5 minutes', '-5m', '1h?']) assert.equal(parseDuration(text), null);
  for (const text of ['1h30m', '1d', '250ms', '1m15s']) assert.equal(formatDuration(parseDuration(text)), text);
});

test('a moment is read in the zone, or as it says itself', () => {
  const seconds = Date.UTC(2026, 10, 28, 16, 31, 44) / 1000;
  assert.equal(parseTime('2026-11-28 16:31:44', 'utc'), seconds);
  assert.equal(parseTime('2026-11-28T18:31:44+02:00', 'utc'), seconds);
  assert.equal(parseTime(String(seconds)), seconds);
  assert.equal(formatTime(seconds, { zone: 'utc' }), '2026-11-28 16:31:44');
  for (const text of ['', 'now', 'yesterday', '2026-13']) assert.equal(parseTime(text), null);
});

test('lengths and distances of time are said in words', () => {
  assert.equal(formatElapsed(0.00085), '850 µs');
  assert.equal(formatElapsed(0.0123), '12 ms');
  assert.equal(formatElapsed(200), '3m20s');
  assert.equal(formatAgo(100, 130), '30 s ago');
  assert.equal(formatAgo(null), 'never');
});
