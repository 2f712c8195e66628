// The tab Raw JSON: the answer as it came, or laid out.

import { h } from '../../lib/h.js';
import { formatBytes } from '../../lib/numbers.js';
import { choice, copyButton, download } from '../../lib/ui.js';

// Longer texts than this would make the browser slow; the rest is in the file.
const MOST = 1_000_000;

/** @returns {{element: HTMLElement, controls: Node[], summary: string}} */
export function raw(outcome) {
  const pre = h('pre', { class: 'raw', tabindex: '0', 'aria-label': 'Answer as JSON' });
  const show = (isLaidOut) => {
    const text = isLaidOut ? laidOut(outcome.text) : outcome.text;
    pre.textContent = text.length > MOST ? `${text.slice(0, MOST)}\n… ${formatBytes(text.length - MOST)} more: download it` : text;
  };
  show(true);
  return {
    element: pre,
    summary: '',
    controls: [
      choice({ label: 'Layout', selected: 'laid', items: [['laid', 'Laid out'], ['plain', 'As it came']], onselect: (value) => show(value === 'laid') }),
      copyButton(() => outcome.text, 'the answer'),
      h('button', { type: 'button', class: 'quiet', onclick: () => download(`${outcome.kind}.json`, outcome.text, 'application/json') }, 'Download'),
    ],
  };
}

/** Indented, with what is short on one line: a sample, a label set. */
export function laidOut(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    return text;
  }
  const write = (one, indent) => {
    const short = JSON.stringify(one);
    if (one === null || typeof one !== 'object' || short.length <= 80) return short.replaceAll('","', '", "');
    const inner = `${indent}  `;
    if (Array.isArray(one)) return `[\n${one.map((item) => inner + write(item, inner)).join(',\n')}\n${indent}]`;
    return `{\n${Object.entries(one).map(([name, item]) => `${inner}${JSON.stringify(name)}: ${write(item, inner)}`).join(',\n')}\n${indent}}`;
  };
  // A text that large would take longer to lay out than to read.
  return text.length > 20 * MOST ? text : write(value, '');
}
