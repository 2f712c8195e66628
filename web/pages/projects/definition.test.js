import assert from 'node:assert/strict';
import { test } from 'node:test';

import { cleaned, differences, errorsAt, errorsOf, kindOf, setAt, shownValue, takesTelemetry, telemetryOf, valueAt, withKind } from './definition.js';

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

test('logs, traces and profiles stay with another source of metrics, and are not for a union', () => {
  const loki = { url: 'http://l', acceptEncoding: 'gzip', tls: { minVersion: '1.3' } };
  const both = { name: 'a', prometheus: { url: 'http://a' }, loki, tempo: { url: 'http://t' } };
  assert.deepEqual(telemetryOf(both), ['loki', 'tempo']);
  assert.deepEqual(withKind(both, 'remoteCoroot'), { name: 'a', remoteCoroot: {}, loki, tempo: { url: 'http://t' } });
  assert.deepEqual(withKind(both, 'telemetryOnly'), { name: 'a', loki, tempo: { url: 'http://t' } });
  assert.deepEqual(withKind(both, 'multiCluster'), { name: 'a', memberProjects: [] });
  assert.equal(takesTelemetry(both), true);
  assert.equal(takesTelemetry({ name: 'a', replicas: [] }), true);
  assert.equal(takesTelemetry({ name: 'a', memberSelector: { env: 'prod' } }), false);
});

test('a project without metrics is known by what it has instead, and begins with logs', () => {
  assert.equal(kindOf({ name: 'a', tempo: { url: 'http://t' } }), 'telemetryOnly');
  assert.equal(kindOf({ name: 'a', prometheus: {}, tempo: { url: 'http://t' } }), 'prometheus');
  assert.equal(kindOf({ name: 'a' }), 'prometheus');
  assert.deepEqual(withKind({ name: 'a', prometheus: { url: 'http://a' } }, 'telemetryOnly'), { name: 'a', loki: {} });
});

test('what a form has no field for is what it was after a change beside it', () => {
  const loki = { url: 'http://l', everyStream: '{cluster=~".+"}', acceptEncoding: 'identity', tls: { caFile: '/ca', serverName: 'l' } };
  const definition = { name: 'a', prometheus: { url: 'http://a', capabilities: { labelNames: 'emulated' } }, loki: structuredClone(loki) };
  setAt(definition, 'loki.tls.serverName', undefined);
  setAt(definition, 'loki.headers', { 'X-Scope-OrgID': 'tenant' });
  assert.deepEqual(cleaned(definition), {
    name: 'a', prometheus: { url: 'http://a', capabilities: { labelNames: 'emulated' } },
    loki: { ...loki, tls: { caFile: '/ca' }, headers: { 'X-Scope-OrgID': 'tenant' } },
  });
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
  assert.equal(shownValue('loki.headers.X-Scope-OrgID', 'tenant'), 'a new secret');
  assert.equal(shownValue('tempo.basicAuth.password', '<redacted>'), 'the secret that is kept');
  assert.equal(shownValue('pyroscope.bearerToken', 'abc'), 'a new secret');
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
