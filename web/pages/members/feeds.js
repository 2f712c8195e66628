// Who feeds whom: members to the left, the projects that are made of them to the right.

import { h, svg } from '../../lib/h.js';
import { stateOf } from '../../lib/session.js';

const ROW = 30;
const BOX = { width: 126, height: 22 };
const GAP = 80;

/** A small drawing, and the same as a list for those who do not see it; null where nobody feeds anybody. */
export function feeds(projects) {
  const unions = projects.filter((one) => one.kind === 'multiCluster');
  if (unions.length === 0) return null;
  const feeding = new Set(unions.flatMap((one) => one.memberProjects ?? []));
  const members = projects.filter((one) => feeding.has(one.name));
  // More than one can take in at a glance is a list alone.
  const isDrawn = members.length <= 24 && members.length > 0;
  const lines = unions.map((one) => `${one.name} is made of ${(one.memberProjects ?? []).join(', ') || 'nothing'}`);
  return h('section', { class: 'feeds', 'aria-labelledby': 'feeds-title' },
    h('h2', { id: 'feeds-title' }, 'Who feeds whom'),
    isDrawn && drawing(members, unions, lines),
    h('ul', { class: isDrawn ? 'visually-hidden' : 'feeds-list' }, lines.map((line) => h('li', null, line))));
}

function drawing(members, unions, lines) {
  const rows = Math.max(members.length, unions.length);
  const height = rows * ROW + 8;
  const width = 2 * BOX.width + GAP + 2;
  const y = (index, count) => 4 + ((index + 0.5) * rows * ROW) / count;
  const at = new Map(members.map((one, index) => [one.name, y(index, members.length)]));
  const links = [];
  unions.forEach((union, index) => {
    const to = y(index, unions.length);
    for (const name of union.memberProjects ?? []) {
      if (!at.has(name)) continue;
      const from = at.get(name);
      const [left, right] = [BOX.width + 1, BOX.width + GAP];
      const isUp = stateOf(members.find((one) => one.name === name)) === 'up';
      links.push(svg('path', {
        class: ['feed', !isUp && 'broken'],
        d: `M${left} ${from}C${left + GAP / 2} ${from} ${right - GAP / 2} ${to} ${right} ${to}`,
      }));
    }
  });
  return h('div', { class: 'feeds-scroll' }, svg('svg', {
    class: 'feeds-drawing', role: 'img', 'aria-label': lines.join('; '), width, height, viewBox: `0 0 ${width} ${height}`,
  }, links,
  members.map((one) => box(one, 1, at.get(one.name))),
  unions.map((one, index) => box(one, BOX.width + GAP + 1, y(index, unions.length)))));
}

function box(project, x, middle) {
  const isUp = stateOf(project) === 'up';
  const top = middle - BOX.height / 2;
  const name = project.name.length > 15 ? `${project.name.slice(0, 14)}…` : project.name;
  return svg('g', { class: ['feed-box', !isUp && 'broken'] },
    svg('rect', { x, y: top, width: BOX.width, height: BOX.height, rx: 4 }),
    svg('text', { x: x + 8, y: middle + 4 }, `${isUp ? '✓' : '✗'} ${name}`));
}
