// Names of metrics, what is known of them, and queries that suit them. Pure.

const SUFFIXES = /_(bucket|count|sum|total|created|info)$/;

/**
 * One entry a name, with what the metadata says of it.
 *
 * @param {string[]} names
 * @param {Object} metadata By family: `[{type, unit, help, projects?}]`.
 */
export function describe(names, metadata) {
  return names.map((name) => {
    const descriptions = metadata[name] ?? metadata[name.replace(SUFFIXES, '')] ?? [];
    const types = distinct(descriptions.map((one) => one.type).filter(Boolean));
    const units = distinct(descriptions.map((one) => one.unit).filter(Boolean));
    return {
      name, descriptions, types, units,
      type: types[0] ?? guessed(name),
      help: descriptions.find((one) => one.help)?.help ?? '',
      // Members that count in other units, or mean another thing by a name, make a union of nonsense.
      disagree: types.length > 1 || units.length > 1,
    };
  });
}

function guessed(name) {
  if (name.endsWith('_bucket')) return 'histogram';
  if (/_(total|count|sum)$/.test(name)) return 'counter';
  return 'unknown';
}

const distinct = (values) => [...new Set(values)];

/** Whether Prometheus can have the name in a query as it is, without quotes. */
const isPlainName = (name) => /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name);

/** How a query chooses the series of a name. */
export function selectorOf(name, matchers = '') {
  if (isPlainName(name)) return matchers ? `${name}{${matchers}}` : name;
  return `{${[JSON.stringify(name), matchers].filter(Boolean).join(', ')}}`;
}

/** Queries that one would begin with: `[{text, title}]`. */
export function samples(metric, partition) {
  const one = selectorOf(metric.name);
  const plain = metric.name;
  const range = (name) => `${selectorOf(name)}[5m]`;
  const isPart = metric.type === 'histogram' && plain.endsWith('_bucket');
  if (isPart) {
    return [
      { text: `histogram_quantile(0.95, sum by (le, ${partition}) (rate(${range(plain)})))`, title: '95th percentile by member' },
      { text: `histogram_quantile(0.95, sum by (le) (rate(${range(plain)})))`, title: '95th percentile over all members' },
      { text: `sum by (le) (rate(${range(plain)}))`, title: 'Observations a second by bucket' },
    ];
  }
  if (metric.type === 'histogram' && !/_(count|sum)$/.test(plain)) {
    return [
      { text: `histogram_quantile(0.95, sum by (${partition}) (rate(${range(plain)})))`, title: '95th percentile by member, of a native histogram' },
      { text: `sum by (${partition}) (histogram_count(rate(${range(plain)})))`, title: 'Observations a second by member' },
    ];
  }
  if (metric.type === 'counter' || /_(count|sum|total)$/.test(plain)) {
    return [
      { text: `sum by (${partition}) (rate(${range(plain)}))`, title: 'A second, by member' },
      { text: `rate(${range(plain)})`, title: 'A second, by series' },
      { text: `topk(10, rate(${range(plain)}))`, title: 'The ten fastest series of all members' },
    ];
  }
  if (metric.type === 'summary') {
    return [
      { text: one, title: 'Quantiles, as they are' },
      { text: `max by (${partition}, quantile) (${one})`, title: 'The worst by member and quantile' },
    ];
  }
  return [
    { text: one, title: 'As it is' },
    { text: `avg by (${partition}) (${one})`, title: 'The mean, by member' },
    { text: `topk(10, ${one})`, title: 'The ten largest of all members' },
    { text: `quantile(0.9, ${one})`, title: '90 % of all series are below' },
  ];
}
