import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Measures, readMeasures, speedsOf } from './measures.js';

const family = (name, kind, entries) => ({
  name, metric: entries.map(([labels, value]) => ({ label: Object.entries(labels).map(([key, text]) => ({ name: key, value: text })), [kind]: { value } })),
});
const moment = (requests, failures) => readMeasures([
  family('tributary_member_requests_total', 'counter', [[{ member: 'eu' }, requests]]),
  family('tributary_member_failures_total', 'counter', [[{ member: 'eu', reason: 'connect' }, failures], [{ member: 'eu', reason: 'timeout' }, 1]]),
  family('tributary_member_http_info', 'gauge', [[{ member: 'eu', version: 'HTTP/1.1' }, 0], [{ member: 'eu', version: 'HTTP/2' }, 1]]),
]);

test('counters of all reasons are added up, and the protocol is the one that holds', () => {
  const eu = moment(10, 2).get('eu');
  assert.deepEqual([eu.requests, eu.failures, eu.protocol], [10, 3, 'HTTP/2']);
});

test('speeds are those of the last minute', () => {
  const measures = new Measures();
  measures.add(0, moment(1000, 0));
  measures.add(100, moment(2000, 0));
  measures.add(110, moment(2050, 5));
  const eu = measures.of('eu');
  assert.equal(eu.requestsPerSecond, 5);
  assert.equal(eu.failedShare, 0.1);
});

test('a gateway that started anew has no speed until the next measurement', () => {
  const measures = new Measures();
  measures.add(0, moment(1000, 0));
  measures.add(5, moment(3, 0));
  assert.equal(measures.of('eu').requestsPerSecond, null);
});

test('of one moment there is no speed, and of a stranger nothing', () => {
  const measures = new Measures();
  measures.add(0, moment(1, 0));
  assert.equal(measures.of('eu').requestsPerSecond, null);
  assert.equal(measures.of('us'), null);
});

test('what the gateway says of the last minute is taken as it is', () => {
  assert.deepEqual(speedsOf([{ seconds: 60, requests: 30, failures: 3, bytes: 600 }, { seconds: 300, requests: 1, failures: 1 }]),
    { requestsPerSecond: 0.5, bytesPerSecond: 10, failedShare: 0.1 });
  assert.equal(speedsOf([{ seconds: 60, requests: 0, failures: 0 }]).failedShare, null);
  assert.equal(speedsOf([{ seconds: 60, requests: 0, failures: 2 }]).failedShare, 1);
  assert.equal(speedsOf(undefined), null);
});
