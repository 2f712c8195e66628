// Numbers as people read them. Pure.

const LARGE = [[1e24, 'Y'], [1e21, 'Z'], [1e18, 'E'], [1e15, 'P'], [1e12, 'T'], [1e9, 'G'], [1e6, 'M'], [1e3, 'k']];
const SMALL = [[1e-6, 'µ'], [1e-9, 'n']];

/** Short, for axes and chips: `12.3k`, `1.5M`, `0.086`, `850µ`, `0`. */
export function formatShort(value, digits = 3) {
  if (value === null || value === undefined) return '–';
  if (Number.isNaN(value)) return 'NaN';
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  if (value === 0) return '0';
  // Rounded first: 999.96 of four digits is 1k, not 1000.
  const rounded = Number(value.toPrecision(digits));
  const size = Math.abs(rounded);
  if (size >= 1e27 || size < 1e-9) return value.toExponential(digits - 1).replace(/\.?0+e/, 'e');
  if (size >= 0.001 && size < 1000) return String(rounded);
  const [scale, unit] = [...LARGE, ...SMALL].find(([one]) => size >= one);
  return String(Number((rounded / scale).toPrecision(digits))) + unit;
}

/** All digits that tell the number apart, as Prometheus writes it. */
export function formatExact(value) {
  if (value === null || value === undefined) return '';
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  return String(value);
}

/** `1,234,567`. */
export function formatCount(value) {
  return value === null || value === undefined ? '–' : Math.round(value).toLocaleString('en-US');
}

/** `4.2 MB`: powers of ten. */
export function formatBytes(value) {
  if (value === null || value === undefined) return '–';
  if (value < 1000) return `${value} B`;
  for (const [scale, unit] of LARGE) {
    if (value >= scale) return `${trimmed((value / scale).toPrecision(3))} ${unit === 'k' ? 'kB' : `${unit}B`}`;
  }
  return `${value} B`;
}

/** `99.2 %` of a fraction. */
export function formatPercent(fraction) {
  if (fraction === null || fraction === undefined || !Number.isFinite(fraction)) return '–';
  const percent = fraction * 100;
  return `${trimmed(percent >= 10 || percent === 0 ? percent.toFixed(1) : percent.toPrecision(2))} %`;
}

/** `1 series`, `4 members`: the plural where it is not one. */
export function counted(count, one, many = `${one}s`) {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** A sample's text of Prometheus's API as a number. */
export function sampleNumber(text) {
  if (text === '+Inf' || text === 'Inf') return Infinity;
  if (text === '-Inf') return -Infinity;
  return Number(text);
}

function trimmed(text) {
  return text.includes('.') && !text.includes('e') ? text.replace(/\.?0+$/, '') : text;
}
