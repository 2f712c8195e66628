// The controls of when: the moment of a table, the window and the step of a graph.

import { h } from '../../lib/h.js';
import { formatDuration, formatTime, now, parseDuration, parseTime } from '../../lib/time.js';
import { nextRange, stepOf } from './state.js';

/** A field that shows a value and takes what is typed, or says that it cannot. */
function entry({ name, label, text, placeholder, width, parse, onset }) {
  const input = h('input', {
    type: 'text', name, value: text, placeholder, 'aria-label': label, title: label, class: `entry ${width}`, spellcheck: 'false', autocomplete: 'off',
    oninput: () => { input.dataset.typed = ''; },
    onchange: () => {
      // A field that was drawn anew is left with what was typed: the new one has it.
      if (!input.isConnected) return;
      delete input.dataset.typed;
      const word = input.value.trim();
      const value = word === '' || word === placeholder ? null : parse(word);
      const isBad = word !== '' && word !== placeholder && value === null;
      input.setAttribute('aria-invalid', String(isBad));
      if (!isBad) onset(value);
    },
    onkeydown: (event) => { if (event.key === 'Enter') input.dispatchEvent(new Event('change')); },
  });
  return input;
}

const step = (label, text, onclick) => h('button', { type: 'button', class: 'icon', 'aria-label': label, title: label, onclick }, text);

/** A moment with steps of a minute, or of a quarter of the range; `null` is now. */
function moment({ label, value, stride, onset }) {
  const zone = formatTime(value ?? now());
  return h('span', { class: 'joined', role: 'group', 'aria-label': label },
    step(`${label}: earlier (${formatDuration(stride)}), key ←`, '‹', () => onset((value ?? now()) - stride)),
    entry({ name: label.toLowerCase(), label: `${label}, for example ${zone}`, text: value === null ? '' : formatTime(Math.round(value)), placeholder: 'now', width: 'wide', parse: parseTime, onset }),
    step(`${label}: later (${formatDuration(stride)}), key →`, '›', () => onset(later(value, stride))),
    value !== null && h('button', { type: 'button', class: 'quiet', title: 'Back to now, key t', onclick: () => onset(null) }, 'Now'));
}

/** A moment later; null where that is now. */
export function later(value, stride) {
  if (value === null) return null;
  return value + stride >= now() ? null : value + stride;
}

/** `change` takes the fields of the panel that are new. */
export function momentControls(panel, change) {
  return moment({ label: 'Time', value: panel.time, stride: 60, onset: (time) => change({ time }) });
}

export function windowControls(panel, change) {
  return [
    h('span', { class: 'joined', role: 'group', 'aria-label': 'Range' },
      step('Shorter range, key +', '−', () => change({ range: nextRange(panel.range, -1) })),
      entry({ name: 'range', label: 'Range, for example 1h', text: formatDuration(panel.range), placeholder: '1h', width: 'narrow', parse: parseDuration, onset: (range) => change({ range: range || 3600 }) }),
      step('Longer range, key −', '+', () => change({ range: nextRange(panel.range, 1) }))),
    moment({ label: 'End', value: panel.end, stride: panel.range / 2, onset: (end) => change({ end }) }),
    h('span', { class: 'joined' }, h('span', { class: 'prefix' }, 'Step'),
      entry({
        name: 'step', label: 'Step, for example 15s; empty is what fits', text: panel.step === null ? '' : formatDuration(panel.step), placeholder: formatDuration(stepOf(panel)),
        width: 'narrow', parse: parseDuration, onset: (seconds) => change({ step: seconds || null }),
      })),
  ];
}
