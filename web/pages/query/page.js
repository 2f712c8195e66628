// The query page: panels, and the keys that act on the one that was used last.

import { h } from '../../lib/h.js';
import { list } from '../../lib/keys.js';
import { here, note, urlOf } from '../../lib/router.js';
import { onSession } from '../../lib/session.js';
import { copy } from '../../lib/ui.js';
import { Panel, TABS } from './panel.js';
import { newPanel, panelsOf, paramsOf } from './state.js';

export function mount(page) {
  const area = h('div', { class: 'panels' });
  let panels = [];
  let active = null;

  const number = () => panels.forEach((panel, index) => { panel.number = index + 1; });
  const params = () => paramsOf(panels.map((panel) => panel.state));
  const write = (push) => note(params(), { push });
  const link = () => new URL(urlOf('query', { project: here().project, params: params() }), window.location.href).href;

  function add(state, { focus = false } = {}) {
    const panel = new Panel(state, {
      onchange: write,
      onclose: () => close(panel),
      onfocus: () => { active = panel; },
      onnew: () => add(newPanel(), { focus: true }),
      canClose: () => panels.length > 1,
      link,
    });
    panels.push(panel);
    area.append(panel.element);
    number();
    active ??= panel;
    if (focus) {
      active = panel;
      write(true);
      panel.editor.focus();
    }
    if (state.expr.trim() !== '') panel.run();
    return panel;
  }

  function close(panel) {
    if (panels.length < 2) return;
    const at = panels.indexOf(panel);
    panel.destroy();
    panel.element.remove();
    panels = panels.filter((one) => one !== panel);
    number();
    active = panels[Math.min(at, panels.length - 1)];
    active.editor.focus();
    write(true);
  }

  function show(state) {
    const wanted = panelsOf(state);
    // Panels that stay keep their editors, with what is undone there.
    while (panels.length > wanted.length) {
      const panel = panels.pop();
      panel.destroy();
      panel.element.remove();
      if (active === panel) active = panels.at(-1) ?? null;
    }
    wanted.forEach((one, index) => (panels[index] ? panels[index].take(one) : add(one)));
  }

  page.element.append(area, h('div', { class: 'toolbar' }, h('button', { type: 'button', onclick: () => add(newPanel(), { focus: true }) }, '+ Add a panel ', h('kbd', {}, 'n'))));
  page.actions.append(
    h('button', { type: 'button', class: 'quiet', onclick: () => active.showHistory() }, 'History ', h('kbd', {}, 'h')),
    h('button', { type: 'button', class: 'quiet', onclick: () => copy(link(), 'the link') }, 'Copy link ', h('kbd', {}, 'c')));
  show(page.params);
  if (panels.length === 1 && panels[0].state.expr === '') panels[0].editor.focus();
  page.signal.addEventListener('abort', onSession(() => panels.forEach((panel) => panel.refreshMembers())));

  const group = 'Query';
  const key = (keys, title, action) => page.bind(keys, title, action, { group });
  key('/', 'Write in the editor', () => active.editor.focus());
  TABS.forEach(([tab, title], index) => key(String(index + 1), title, () => active.open(tab)));
  key('e', 'Explain', () => active.open('explain'));
  key('n', 'New panel', () => add(newPanel(), { focus: true }));
  key('x', 'Close the panel', () => close(active));
  key('h', 'Earlier and pinned queries', () => active.showHistory());
  key('c', 'Copy the link', () => copy(link(), 'the link'));
  key('+', 'Shorter range', () => active.longer(-1));
  key('-', 'Longer range', () => active.longer(1));
  key('ArrowLeft', 'Earlier', () => active.move(-1));
  key('ArrowRight', 'Later', () => active.move(1));
  key('t', 'Back to now', () => active.toNow());
  const inEditor = [['Enter', 'Run'], ['Ctrl-Enter', 'Run'], ['Shift-Enter', 'New line'], ['Ctrl-Space', 'Complete'], ['Ctrl-Shift-F', 'Format'], ['Ctrl-/', 'Comment'],
    ['Alt-ArrowUp', 'Query before'], ['Alt-ArrowDown', 'Query after'], ['Escape', 'Leave the list of completions']];
  for (const [keys, title] of inEditor) list(keys, title, 'In the editor');

  return {
    navigated: show,
    unmount() { panels.forEach((panel) => panel.destroy()); },
  };
}
