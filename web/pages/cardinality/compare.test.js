import assert from 'node:assert/strict';
import { test } from 'node:test';

import { sideBySide } from './compare.js';

const entries = (object) => Object.entries(object).map(([name, value]) => ({ name, value }));

test('rows are those of all members, the largest first, with the difference', () => {
  const rows = sideBySide(entries({ up: 5, go: 3 }), new Map([['eu', entries({ up: 4, go: 1 })], ['us', entries({ go: 2, up: 1 })]]), 10);
  assert.deepEqual(rows.map((row) => [row.name, row.merged, row.spread]), [['up', 5, { value: 3, isBound: false }], ['go', 3, { value: 1, isBound: false }]]);
});

test('a member whose list is full has no more than its smallest entry of what it does not list', () => {
  const [row] = sideBySide(entries({ up: 9 }), new Map([['eu', entries({ up: 9 })], ['us', entries({ go: 4 })]]), 1);
  assert.deepEqual(row.members.get('us'), { value: 4, isBound: true });
  assert.deepEqual(row.spread, { value: 5, isBound: true });
});

test('a member whose list has room left has none of what it does not list', () => {
  const rows = sideBySide(entries({ up: 9 }), new Map([['eu', entries({ up: 9 })], ['us', entries({ go: 4 })]]), 5);
  assert.deepEqual(rows.find((row) => row.name === 'up').members.get('us'), { value: 0, isBound: false });
});

test('no more rows than were asked for', () => {
  assert.equal(sideBySide(entries({ a: 1, b: 2, c: 3 }), new Map(), 2).length, 2);
});
