import assert from 'node:assert/strict';
import { test } from 'node:test';

import { describe, samples, selectorOf } from './families.js';

test('a part of a family has the description of the family', () => {
  const [bucket, up] = describe(['http_bucket', 'up'], { http: [{ type: 'histogram', unit: '', help: 'Times.' }] });
  assert.deepEqual([bucket.type, bucket.help, bucket.disagree], ['histogram', 'Times.', false]);
  assert.deepEqual([up.type, up.types], ['unknown', []]);
});

test('members that say another type or unit disagree', () => {
  const [one] = describe(['x'], { x: [{ type: 'gauge', unit: 's', help: '' }, { type: 'counter', unit: 's', help: '' }] });
  assert.equal(one.disagree, true);
  const [two] = describe(['x'], { x: [{ type: 'gauge', unit: 's', help: 'a' }, { type: 'gauge', unit: 's', help: 'b' }] });
  assert.equal(two.disagree, false);
});

test('a name that is no identifier is quoted', () => {
  assert.equal(selectorOf('up'), 'up');
  assert.equal(selectorOf('up', 'job="a"'), 'up{job="a"}');
  assert.equal(selectorOf('http.requests', 'job="a"'), '{"http.requests", job="a"}');
});

test('queries suit the type: a counter is never shown without a rate', () => {
  const [counter] = describe(['http_requests_total'], { http_requests_total: [{ type: 'counter', unit: '', help: '' }] });
  for (const one of samples(counter, 'project')) assert.match(one.text, /rate\(/);
  const [bucket] = describe(['t_bucket'], { t: [{ type: 'histogram', unit: '', help: '' }] });
  assert.equal(samples(bucket, 'cluster')[0].text, 'histogram_quantile(0.95, sum by (le, cluster) (rate(t_bucket[5m])))');
  const [gauge] = describe(['temp'], { temp: [{ type: 'gauge', unit: '', help: '' }] });
  assert.equal(samples(gauge, 'project')[0].text, 'temp');
});
