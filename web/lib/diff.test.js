import assert from 'node:assert/strict';
import test from 'node:test';

import { differingLines } from './diff.js';

const shown = (before, after) => differingLines(before.split(' '), after.split(' '))
  .map((one) => `${{ same: '=', removed: '-', added: '+', gap: '~' }[one.kind]}${one.text}`).join(' ');

test('texts that are the same have no lines that differ', () => {
  assert.equal(shown('a b c', 'a b c'), '');
});

test('a line that changed is shown with its neighbours, and the others are left out', () => {
  assert.equal(shown('1 2 3 4 5 6 7', '1 2 3 x 5 6 7'), '~ =2 =3 -4 +x =5 =6 ~');
});

test('lines that came and that went are told apart', () => {
  assert.equal(shown('a b c', 'b c d'), '-a =b =c +d');
  assert.equal(shown('a', 'a b'), '=a +b');
  assert.equal(shown('a b', 'b'), '-a =b');
});

test('texts that have nothing in common and are long are told apart all the same', () => {
  const [before, after] = ['a', 'b'].map((one) => Array.from({ length: 3000 }, (_, index) => `${one}${index}`));
  assert.equal(differingLines(before, after).length, 6000);
});
