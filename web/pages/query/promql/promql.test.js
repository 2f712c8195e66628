// PromQL in the editor: tokens, selectors, the place of the cursor, completion, hints. Run by
// `node --test web`.

import assert from 'node:assert/strict';
import test from 'node:test';

globalThis.window = { localStorage: { getItem: () => null, setItem() {} }, addEventListener() {}, matchMedia: () => ({ matches: false, addEventListener() {} }) };
const { scan, startState, tokenize } = await import('./tokens.js');
const { filtered, matcherText, selectorOf, selectors, withMatcher } = await import('./selectors.js');
const { placeOf } = await import('./cursor.js');
const { complete, rank } = await import('./complete.js');
const { hints, pushdownHint } = await import('./hints.js');

const kinds = (text) => tokenize(text).map((token) => `${token.kind}:${token.text}`).join(' ');

test('words are told apart by what is around them', () => {
  assert.equal(kinds('sum by (sum) (rate(sum[5m]))'),
    'aggregation:sum keyword:by brace:( label:sum brace:) brace:( function:rate brace:( metric:sum brace:[ duration:5m brace:] brace:) brace:)');
  assert.equal(kinds('a{by="b", c!~`d`} offset 1d > bool 0x1F'),
    'metric:a brace:{ label:by operator:= string:"b" operator:, label:c operator:!~ string:`d` brace:} keyword:offset duration:1d operator:> keyword:bool number:0x1F');
  assert.equal(kinds('{"http.requests", "a.b"="c"}'), 'brace:{ metric:"http.requests" operator:, label:"a.b" operator:= string:"c" brace:}');
  assert.equal(kinds('up @ end() # sum(x)'), 'metric:up operator:@ function:end brace:( brace:) comment:# sum(x)');
  assert.equal(kinds('x[30m:1m] == Inf'), 'metric:x brace:[ duration:30m operator:: duration:1m brace:] operator:== number:Inf');
});

test('every text has tokens, and they cover it', () => {
  const pieces = ['sum', ' by', '(', ')', '{', '}', '[', '"', '\\', "'", '`', '#', '\n', '5m', '=~', 'é', '$', ',', 'a', ':', '1e', '@'];
  let seed = 7;
  const random = (below) => { seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648; return Math.floor((seed / 2_147_483_648) * below); };
  for (let round = 0; round < 2000; round++) {
    const text = Array.from({ length: random(12) }, () => pieces[random(pieces.length)]).join('');
    const state = startState();
    let at = 0;
    while (at < text.length) {
      const { to } = scan(text, at, state);
      assert.ok(to > at && to <= text.length, JSON.stringify(text));
      at = to;
    }
    selectors(text);
    withMatcher(text, 'a="b"');
    hints(text);
    for (let position = 0; position <= text.length; position++) {
      const place = placeOf(text, position);
      assert.ok(place.from <= position && place.to >= place.from && place.to <= text.length, JSON.stringify([text, position, place]));
    }
  }
});

test('a matcher is put into every selector, and into nothing else', () => {
  const cases = [
    ['up', 'up{p="x"}'],
    ['up{}', 'up{p="x"}'],
    ['up{a="}"}', 'up{a="}", p="x"}'],
    ['rate(a{b="c",}[5m]) / on (up) group_left (up) {__name__="d"}', 'rate(a{b="c", p="x"}[5m]) / on (up) group_left (up) {__name__="d", p="x"}'],
    ['sum by (up) (up offset 1d) + time() # up', 'sum by (up) (up{p="x"} offset 1d) + time() # up'],
    ['label_replace(up, "up", "$1", "up", "(.*)")', 'label_replace(up{p="x"}, "up", "$1", "up", "(.*)")'],
    ['1 + vector(2)', '1 + vector(2)'],
  ];
  for (const [before, after] of cases) assert.equal(withMatcher(before, 'p="x"'), after);
});

test('a matcher of several values is a pattern that fits them alone', () => {
  assert.equal(matcherText('project', ['eu']), 'project="eu"');
  assert.equal(matcherText('project', ['eu', 'a.b']), 'project=~"eu|a\\\\.b"');
});

test('a filter is not doubled', () => {
  assert.equal(filtered('up', 'job', '=', 'a"b'), 'up{job="a\\"b"}');
  assert.equal(filtered('up{job="x"}', 'job', '=', 'x'), 'up{job="x"}');
  assert.equal(filtered('up{job="x"}', 'job', '!=', 'y'), 'up{job="x", job!="y"}');
});

test('a label set is written as a selector', () => {
  assert.equal(selectorOf({ __name__: 'up', job: 'a\\b' }), 'up{job="a\\\\b"}');
  assert.equal(selectorOf({ __name__: 'http.requests', 'a.b': 'c' }), '{"http.requests", "a.b"="c"}');
  assert.equal(selectorOf({}), '{}');
});

// `|` is the cursor.
const at = (text) => placeOf(text.replace('|', ''), text.indexOf('|'));

test('the place of the cursor says what can be written there', () => {
  assert.equal(at('ra|').kind, 'expression');
  assert.equal(at('sum(|').kind, 'expression');
  assert.equal(at('sum by (jo|').kind, 'grouping');
  assert.equal(at('up{|').kind, 'label');
  assert.equal(at('up{job="a",|}').kind, 'label');
  assert.equal(at('up{job|="a"}').text, 'job');
  assert.equal(at('up{job="a"|}').kind, 'none');
  assert.equal(at('up{job="a" |').kind, 'none');
  assert.equal(at('x[5|').kind, 'duration');
  assert.equal(at('up # a|').kind, 'none');
  assert.equal(at('count_values("a|", x)').kind, 'none');
  const value = at('up{a="b",job="no|d"}');
  assert.deepEqual([value.kind, value.label, value.text, value.match], ['value', 'job', 'no', '{__name__="up",a="b"}']);
  assert.equal(at('up{job="no|').kind, 'value');
  assert.equal(at('up{job=|}').quote, null);
});

const source = {
  partition: 'project', members: ['eu', 'us'], history: () => ['sum(up)'],
  metrics: async () => [{ name: 'up', type: 'gauge', help: 'Whether.' }, { name: 'http_requests_total', type: 'counter' }],
  labels: async () => ['__name__', 'instance', 'job', 'project'], values: async (label) => [`${label}-a`, 'b"c'],
};
const options = async (text) => (await complete(text.replace('|', ''), text.indexOf('|'), source))?.options ?? [];

test('completion offers functions, metrics, labels and values', async () => {
  assert.equal((await options('ra|'))[0].label, 'rate');
  assert.ok((await options('rate(http|')).some((one) => one.label === 'http_requests_total' && one.detail === 'counter'));
  assert.equal((await options('up{|'))[0].label, 'project');
  assert.ok(!(await options('up{|')).some((one) => one.label === '__name__'));
  assert.deepEqual((await options('up{project="|"}')).map((one) => one.label), ['eu', 'us']);
  assert.deepEqual((await options('up{job=|}')).map((one) => one.apply), ['"job-a"', '"b\\"c"']);
  assert.equal((await options('sum(u|'))[0].label, 'up');
  assert.equal((await options('sum(u|'))[0].kind, 'metric');
  assert.equal((await complete('# x', 3, source)), null);
});

test('what begins with the typed text comes before what holds it', () => {
  const list = ['node_requests', 'requests_total', 'http_requests'].map((label) => ({ label, kind: 'metric' }));
  assert.deepEqual(rank(list, 'requ').map((one) => one.label), ['requests_total', 'node_requests', 'http_requests']);
  assert.deepEqual(rank(list, 'nrq').map((one) => one.label), ['node_requests']);
});

const known = { types: new Map([['c_total', 'counter'], ['g', 'gauge']]), scrapeSeconds: 30, members: 3 };
const messages = (text) => hints(text, known).map((hint) => hint.message);

test('hints say what is probably meant', () => {
  assert.match(messages('c_total')[0], /is a counter/);
  assert.equal(hints('c_total', known)[0].fix.text, 'rate(c_total[5m])');
  assert.deepEqual(messages('rate(c_total[5m])'), []);
  assert.match(messages('rate(g[5m])')[0], /is a gauge/);
  assert.match(messages('rate(c_total[1m])')[0], /four scrapes of 30 s/);
  assert.match(messages('rate(sum(c_total)[5m:1m])').join(), /misses resets/);
  assert.equal(hints('up{a=~"b"}', known)[0].fix.text, 'up{a="b"}');
  assert.match(messages('sum by (job) (up)')[0], /Merged over 3 members/);
  assert.deepEqual(messages('sum by (project, job) (up)'), []);
});

test('what was not pushed down is rewritten so that it is', () => {
  const reason = 'quantile cannot be split exactly';
  assert.equal(pushdownHint(reason, 'quantile(0.9, x)', 'project').text, 'quantile by (project) (0.9, x)');
  assert.equal(pushdownHint(reason, 'quantile by (job) (0.9, x)', 'project').text, 'quantile by (project, job) (0.9, x)');
  assert.equal(pushdownHint(reason, 'quantile without (project, a) (0.9, x)', 'project').text, 'quantile without (a) (0.9, x)');
  assert.equal(pushdownHint('the match key lacks the partition label', 'a / on (x) b', 'project').text, 'a / on (project, x) b');
  assert.equal(pushdownHint('an operand is known only here', 'a / b', 'project'), null);
});
