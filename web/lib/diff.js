// The lines in which two texts differ. Pure.

// Lines that are shown before and behind a difference.
const AROUND = 2;
// Beyond so many pairs of lines, what differs is one removal and one addition.
const MOST_PAIRS = 4_000_000;

/**
 * @param {string[]} before
 * @param {string[]} after
 * @returns {{kind: 'same'|'removed'|'added'|'gap', text: string}[]} Empty where nothing differs; `gap`
 *     is where lines that are the same are left out.
 */
export function differingLines(before, after) {
  const all = compared(before, after);
  const isNear = new Array(all.length).fill(false);
  all.forEach((line, index) => {
    if (line.kind === 'same') return;
    for (let at = Math.max(0, index - AROUND); at <= Math.min(all.length - 1, index + AROUND); at += 1) isNear[at] = true;
  });
  if (!isNear.includes(true)) return [];
  return all.flatMap((line, index) => {
    if (isNear[index]) return [line];
    return index === 0 || isNear[index - 1] ? [{ kind: 'gap', text: '' }] : [];
  });
}

function compared(before, after) {
  let first = 0;
  while (first < before.length && first < after.length && before[first] === after[first]) first += 1;
  let last = 0;
  while (last < before.length - first && last < after.length - first && before.at(-1 - last) === after.at(-1 - last)) last += 1;
  const of = (kind) => (text) => ({ kind, text });
  return [
    ...before.slice(0, first).map(of('same')),
    ...middle(before.slice(first, before.length - last), after.slice(first, after.length - last)),
    ...before.slice(before.length - last).map(of('same')),
  ];
}

/** By the longest lines that both have in the same order. */
function middle(before, after) {
  const [rows, columns] = [before.length + 1, after.length + 1];
  const removed = (text) => ({ kind: 'removed', text });
  const added = (text) => ({ kind: 'added', text });
  if (rows * columns > MOST_PAIRS) return [...before.map(removed), ...after.map(added)];
  const shared = new Uint32Array(rows * columns);
  for (let row = before.length - 1; row >= 0; row -= 1) {
    for (let column = after.length - 1; column >= 0; column -= 1) {
      shared[row * columns + column] = before[row] === after[column]
        ? shared[(row + 1) * columns + column + 1] + 1
        : Math.max(shared[(row + 1) * columns + column], shared[row * columns + column + 1]);
    }
  }
  const lines = [];
  let [row, column] = [0, 0];
  while (row < before.length || column < after.length) {
    if (row < before.length && column < after.length && before[row] === after[column]) {
      lines.push({ kind: 'same', text: before[row] });
      [row, column] = [row + 1, column + 1];
    } else if (column >= after.length || (row < before.length && shared[(row + 1) * columns + column] >= shared[row * columns + column + 1])) {
      lines.push(removed(before[row]));
      row += 1;
    } else {
      lines.push(added(after[column]));
      column += 1;
    }
  }
  return lines;
}
