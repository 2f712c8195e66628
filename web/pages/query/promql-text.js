// PromQL as text with colours, where it is only shown.

import { h } from '../../lib/h.js';
import { scan, startState } from './promql/tokens.js';

/** The nodes of an expression. */
export function colored(text) {
  const state = startState();
  const nodes = [];
  for (let at = 0; at < text.length;) {
    const { kind, to } = scan(text, at, state);
    const piece = text.slice(at, to);
    nodes.push(kind === 'blank' ? piece : h('span', { class: `promql-${kind}` }, piece));
    at = to;
  }
  return nodes;
}
