// What a plan says, made ready to be shown. Pure.

const WORDS = { member: 'member', merge: 'merge', gateway: 'gateway' };

/** The greatest of each measure in a plan, so that bars can be compared. */
export function greatestOf(node, found = { milliseconds: 0, bytes: 0, series: 0, samples: 0 }) {
  for (const name of Object.keys(found)) found[name] = Math.max(found[name], node[name] ?? 0);
  for (const child of node.children ?? []) greatestOf(child, found);
  return found;
}

/** A plan as text, as one would paste it into an issue. */
export function planText(plan) {
  const lines = [plan.query, ''];
  const walk = (node, depth) => {
    const cost = costOf(node);
    lines.push(`${'  '.repeat(depth)}${node.member ? `→ ${node.member}: ` : ''}${node.text}  [${[WORDS[node.place] ?? node.place, ...cost].join(', ')}]`);
    for (const child of node.children ?? []) walk(child, depth + 1);
  };
  walk(plan.plan, 0);
  lines.push('', `when a member is missing, its part or the answer: ${plan.missingMember}`);
  for (const note of plan.notPushedDown ?? []) lines.push(`not pushed down: ${note.part}: ${note.reason}`);
  return `${lines.join('\n')}\n`;
}

function costOf(node) {
  const cost = [];
  if (node.milliseconds !== undefined) cost.push(`${node.milliseconds.toFixed(1)} ms`);
  for (const name of ['bytes', 'series', 'samples']) if (node[name] !== undefined) cost.push(`${node[name]} ${name}`);
  if (node.failure) cost.push(node.failure);
  return cost;
}

/**
 * Two plans beside each other, by what matters of a plan.
 *
 * @returns {{title: string, before: number|null, after: number|null, unit: string}[]}
 */
export function compared(before, after) {
  const of = (plan) => {
    const measures = { requests: 0, time: plan.plan.milliseconds ?? null, slowest: null, bytes: null, series: null, samples: null };
    const walk = (node) => {
      if (node.place === 'member') {
        measures.requests += 1;
        if (node.milliseconds !== undefined) measures.slowest = Math.max(measures.slowest ?? 0, node.milliseconds);
        for (const name of ['bytes', 'series', 'samples']) if (node[name] !== undefined) measures[name] = (measures[name] ?? 0) + node[name];
      }
      for (const child of node.children ?? []) walk(child);
    };
    walk(plan.plan);
    return measures;
  };
  const [one, two] = [of(before), of(after)];
  return [
    ['Requests to members', 'requests', 'count'], ['Slowest member', 'slowest', 'milliseconds'], ['Work of the gateway', 'time', 'milliseconds'],
    ['Bytes of members', 'bytes', 'bytes'], ['Series of members', 'series', 'count'], ['Samples of members', 'samples', 'count'],
  ].map(([title, name, unit]) => ({ title, before: one[name], after: two[name], unit }));
}
