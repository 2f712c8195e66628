import assert from 'node:assert/strict';
import { test } from 'node:test';

// What the modules expect of a browser.
globalThis.document = { querySelector: () => null, addEventListener() {} };
globalThis.window = { addEventListener() {}, location: { pathname: '/', search: '' } };
const { foundIn, ranked } = await import('./search.js');

test('the lines of a search are one list of names', () => {
  const found = foundIn('{"results":[{"name":"a"}],"warnings":["w"]}\n{"results":[{"name":"b"}]}\n{"status":"success","has_more":true}\n');
  assert.deepEqual(found, { names: ['a', 'b'], hasMore: true, warnings: ['w'] });
});

test('a search that broke off is no answer', () => {
  assert.throws(() => foundIn('{"results":[{"name":"a"}]}\n'), /broke off/);
});

test('names that have the words come first, then those that are like them, then those whose help has them', () => {
  const metrics = [{ name: 'x', help: 'Of up.' }, { name: 'u_p', help: '' }, { name: 'up', help: '' }, { name: 'z', help: '' }, { name: 'uup_p', help: '' }];
  const fits = (text) => text.toLowerCase().includes('up');
  assert.deepEqual(ranked(metrics, ['uup_p', 'u_p'], fits).map((one) => one.name), ['up', 'uup_p', 'u_p', 'x']);
});
