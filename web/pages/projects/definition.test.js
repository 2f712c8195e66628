import assert from 'node:assert/strict';
import { test } from 'node:test';

import { cleaned, differences, errorsAt, errorsOf, kindOf, setAt, shownValue, valueAt, withKind } from './definition.js';

test('a definition is of the kind of its source', () => {
  assert.equal(kindOf({ name: 'a', prometheus: { url: 'http://a' } }), 'prometheus');
  assert.equal(kindOf({ name: 'a', memberProjects: [] }), 'multiCluster');
  assert.equal(kindOf({ name: 'a', clusterPool: '' }), 'clusterPool');
  assert.equal(kindOf({ name: 'a', replicas: [] }), 'other');
  assert.equal(kindOf({ name: 'a', memberProjects: ['b'], memberSelector: { env: 'prod' } }), 'other');
});

test('another kind has none of the source before, and a union no labels and keys', () => {
  const regular = { name: 'a', prometheus: { url: 'http://a' }, labels: { region: 'eu' }, partialResponse: 'safe' };
  assert.deepEqual(withKind(regular, 'multiCluster'), { name: 'a', partialResponse: 'safe', memberProjects: [] });
  assert.deepEqual(withKind(regular, 'remoteCoroot'), { name: 'a', labels: { region: 'eu' }, partialResponse: 'safe', remoteCoroot: {} });
  assert.deepEqual(withKind(regular, 'prometheus'), regular);
});

test('a path that is emptied takes its empty parents with it, but not the source', () => {
  const definition = { prometheus: { url: 'http://a', basicAuth: { username: 'x' } } };
  setAt(definition, 'prometheus.basicAuth.username', undefined);
  assert.deepEqual(definition, { prometheus: { url: 'http://a' } });
  setAt(definition, 'prometheus.url', undefined);
  assert.deepEqual(definition, { prometheus: {} });
  setAt(definition, 'prometheus.tls.skipVerify', undefined);
  assert.deepEqual(definition, { prometheus: {} });
  setAt(definition, 'prometheus.tls.skipVerify', true);
  assert.equal(valueAt(definition, 'prometheus.tls.skipVerify'), true);
  assert.equal(valueAt(definition, 'remoteCoroot.url'), undefined);
});

test('differences are those keys that differ', () => {
  assert.deepEqual(
    differences({ name: 'a', memberProjects: ['x'], partialResponse: 'safe' }, { name: 'a', memberProjects: ['x', 'y'], exactness: 'strict' }),
    [
      { path: 'memberProjects', before: 'x', after: 'x, y' },
      { path: 'partialResponse', before: 'safe', after: undefined },
      { path: 'exactness', before: undefined, after: 'strict' },
    ]);
  assert.deepEqual(differences({ a: [{ url: 'http://x' }] }, { a: [{ url: 'http://y' }] }), [{ path: 'a[0].url', before: 'http://x', after: 'http://y' }]);
});

test('a difference never shows a secret', () => {
  assert.equal(shownValue('prometheus.basicAuth.password', 'hunter2'), 'a new secret');
  assert.equal(shownValue('prometheus.headers.X-Scope-OrgID', 'tenant'), 'a new secret');
  assert.equal(shownValue('replicas[1].prometheus.bearerToken', 'abc'), 'a new secret');
  assert.equal(shownValue('remoteCoroot.apiKey', '<redacted>'), 'the secret that is kept');
  assert.equal(shownValue('prometheus.url', 'http://a'), 'http://a');
  assert.equal(shownValue('remoteCoroot.apiKey', undefined), '–');
});

test('an error belongs to the field of its path', () => {
  const errors = errorsOf([
    { path: 'projects[0].prometheus.url', message: 'is no URL' }, { path: 'memberProjects[1]', message: 'is not there' }, { path: '', message: 'is no project' },
  ]);
  assert.deepEqual(errorsAt(errors, 'prometheus.url').map((one) => one.message), ['is no URL']);
  assert.deepEqual(errorsAt(errors, 'memberProjects').map((one) => one.message), ['is not there']);
  assert.deepEqual(errorsAt(errors, 'name'), []);
  assert.deepEqual(errorsAt(errors, 'member'), []);
});

test('what is empty is not sent, and the draft stays as it is', () => {
  const draft = { name: 'a', labels: {}, externalUrl: '', selector: '{a="b"}' };
  assert.deepEqual(cleaned(draft), { name: 'a', selector: '{a="b"}' });
  assert.deepEqual(draft.labels, {});
});
