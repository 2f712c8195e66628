import assert from 'node:assert/strict';
import { test } from 'node:test';

import { hasMetrics, sourcesOf } from './sources.js';

const up = { state: 'up' };
const failing = { state: 'failing', lastError: { error: 'connection refused' } };

test('a project of a gateway that tells of metrics alone has one source', () => {
  const project = { name: 'eu', kind: 'prometheus', status: up, definition: { prometheus: { url: 'http://p' } } };
  assert.deepEqual(sourcesOf(project), [{ key: 'metrics', data: 'metrics', server: null, status: up, url: 'http://p' }]);
});

test('logs, traces and profiles follow metrics in one order, each with a status of its own', () => {
  const project = {
    name: 'eu', kind: 'remoteCoroot', status: up, telemetry: { pyroscope: up, tempo: failing, loki: up },
    definition: { remoteCoroot: { url: 'http://c' }, loki: { url: 'http://l' }, tempo: { url: 'http://t' } },
  };
  assert.deepEqual(sourcesOf(project).map((one) => [one.data, one.server, one.status.state, one.url]), [
    ['metrics', null, 'up', 'http://c'], ['logs', 'Loki', 'up', 'http://l'], ['traces', 'Tempo', 'failing', 'http://t'],
    ['profiles', 'Pyroscope', 'up', undefined],
  ]);
});

test('a project without metrics has no source of them', () => {
  const project = { name: 'eu', kind: 'telemetryOnly', status: failing, telemetry: { tempo: failing } };
  assert.equal(hasMetrics(project), false);
  assert.deepEqual(sourcesOf(project).map((one) => one.data), ['traces']);
});
