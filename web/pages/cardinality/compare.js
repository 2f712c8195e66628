// Lists of `status/tsdb` of several members, side by side. Pure.

/** The lists of an answer, as the page shows them. */
export const lists = [
  { id: 'seriesCountByMetricName', title: 'Metrics', what: 'series', first: 'Metric' },
  { id: 'labelValueCountByLabelName', title: 'Labels', what: 'values', first: 'Label' },
  { id: 'seriesCountByLabelValuePair', title: 'Pairs', what: 'series', first: 'Label and value' },
  { id: 'memoryInBytesByLabelName', title: 'Memory', what: 'bytes', first: 'Label' },
];

/**
 * One row a name, the largest first.
 *
 * A member lists its largest entries alone. One that does not list a name has no more of it than its
 * smallest entry, or, if its list has room left, none.
 *
 * @param {Array<{name: string, value: number}>} merged The list of the project.
 * @param {Map<string, Array<{name: string, value: number}>>} byMember
 * @param {number} limit How many entries each was asked for.
 * @returns {Array<{name, merged, members: Map<string, {value: number, isBound: boolean}>,
 *     spread: {value: number, isBound: boolean}|null}>} `spread` is between the members with the most and
 *     the least; where the least is only bounded, it is at least that much.
 */
export function sideBySide(merged, byMember, limit) {
  const rows = new Map();
  const row = (name) => {
    if (!rows.has(name)) rows.set(name, { name, merged: null, members: new Map(), spread: null });
    return rows.get(name);
  };
  for (const one of merged ?? []) row(one.name).merged = one.value;
  for (const list of byMember.values()) for (const one of list) row(one.name);
  for (const [member, list] of byMember) {
    const values = new Map(list.map((one) => [one.name, one.value]));
    const least = list.length >= limit ? Math.min(...list.map((one) => one.value)) : 0;
    for (const one of rows.values()) {
      const value = values.get(one.name);
      one.members.set(member, value === undefined ? { value: least, isBound: least > 0 } : { value, isBound: false });
    }
  }
  for (const one of rows.values()) {
    const cells = [...one.members.values()];
    const known = cells.filter((cell) => !cell.isBound).map((cell) => cell.value);
    if (known.length === 0 || cells.length < 2) continue;
    const least = cells.reduce((a, b) => (b.value < a.value ? b : a));
    one.spread = { value: Math.max(0, Math.max(...known) - least.value), isBound: least.isBound };
  }
  const size = (one) => one.merged ?? Math.max(0, ...[...one.members.values()].map((cell) => cell.value));
  return [...rows.values()].sort((a, b) => size(b) - size(a)).slice(0, limit);
}
