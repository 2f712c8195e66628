// Projects: made, changed and deleted while the gateway runs; and tokens, pools, and who changed what.

import { data } from '../../lib/api.js';
import { h, replace } from '../../lib/h.js';
import { note } from '../../lib/router.js';
import { loadProjects, session } from '../../lib/session.js';
import { badge, empty, errorBanner, loading, tabs } from '../../lib/ui.js';
import { agoOf, hasWords, kindName, searchField, stateBadge } from '../common/parts.js';
import { DataTable } from '../common/table.js';
import { editor } from './editor.js';
import { attributeSection, poolSection } from './pools.js';
import { tokenSection } from './tokens.js';

const SECTIONS = [['projects', 'Projects'], ['tokens', 'Tokens'], ['pools', 'Pools'], ['attributes', 'Records'], ['audit', 'Changes']];

export function mount({ element, actions, params, signal }) {
  const state = { section: 'projects', project: '', tab: 'general', new: '' };
  const panel = h('div', { id: 'projects-panel', role: 'tabpanel', 'aria-label': 'What is chosen' });
  const list = tabs({
    label: 'Settings', panel: 'projects-panel', selected: 'projects', items: SECTIONS.map(([id, title]) => ({ id, title })),
    onselect: (id) => {
      Object.assign(state, { section: id, project: '', tab: 'general', new: '' });
      keep(true);
      draw();
    },
  });
  replace(actions, h('button', {
    type: 'button', class: 'primary', onclick: () => {
      Object.assign(state, { section: 'projects', project: '', tab: 'general', new: '1' });
      keep(true);
      list.select('projects');
      draw();
    },
  }, 'New project'));
  replace(element, list, panel);

  function keep(push) {
    const { section, project, tab } = state;
    note({
      ...(section !== 'projects' ? { section } : {}), ...(project ? { project } : {}), ...(state.new ? { new: '1' } : {}), ...(tab !== 'general' ? { tab } : {}),
    }, { push });
  }

  function take(from) {
    Object.assign(state, { section: from.get('section') ?? 'projects', project: from.get('project') ?? '', tab: from.get('tab') ?? 'general', new: from.get('new') ?? '' });
    list.select(state.section);
  }

  const draws = { projects: projectSection, tokens: tokenSection, pools: poolSection, attributes: attributeSection, audit: auditSection };

  async function draw() {
    const mine = h('div', null, loading());
    replace(panel, mine);
    try {
      await (draws[state.section] ?? projectSection)(mine, { signal });
    } catch (error) {
      if (!signal.aborted) replace(mine, errorBanner(error));
    }
  }

  async function projectSection(place) {
    const projects = await loadProjects();
    // For administrators alone.
    const pools = session.admin ? await data('api/cluster-pools', { signal }).catch(() => []) : [];
    const names = h('ul', { class: 'project-list', 'aria-label': 'Projects' });
    const chosen = h('div', { class: 'card editor' });
    let words = '';
    const drawNames = () => replace(names, projects.filter((one) => hasWords(`${one.name} ${kindName(one.kind)}`, words)).map((one) => h('li', null, h('button', {
      type: 'button', class: 'project-button', 'aria-pressed': String(one.name === state.project && !state.new),
      onclick: () => {
        Object.assign(state, { project: one.name, tab: 'general', new: '' });
        keep(true);
        drawNames();
        drawEditor(true);
      },
    }, h('span', { class: 'project-name' }, one.name), ' ', stateBadge(one), ' ',
    h('span', { class: 'dim' }, kindName(one.kind), one.kind === 'multiCluster' && ` of ${one.memberProjects?.length ?? 0}`), ' ',
    one.readOnly && badge('info', 'read only')))));

    function drawEditor(isChosen) {
      const project = projects.find((one) => one.name === state.project) ?? null;
      if (!project && !state.new) {
        return replace(chosen, empty(state.project ? `There is no project ${state.project}.` : 'Choose a project, or make a new one.'));
      }
      editor(chosen, {
        project: state.new ? null : project, projects, pools: pools.map((one) => one.name), tab: state.tab,
        ontab: (tab) => {
          state.tab = tab;
          keep();
        },
        onsaved: async (name) => {
          Object.assign(state, { project: name ?? '', new: '', tab: name ? state.tab : 'general' });
          keep();
          await draw();
        },
      });
      if (isChosen) {
        const title = chosen.querySelector('h2');
        title?.focus({ preventScroll: true });
        title?.scrollIntoView({ block: 'nearest' });
      }
    }

    replace(place, h('div', { class: 'two-columns' },
      h('div', { class: 'project-column' }, projects.length > 8 && searchField('Filter', '', (text) => { words = text; drawNames(); }), names), chosen));
    drawNames();
    drawEditor(Boolean(state.new));
  }

  async function auditSection(place) {
    const table = new DataTable({
      caption: 'Changes', key: (one) => `${one.time} ${one.by} ${one.action} ${one.subject}`, empty: 'Nothing was changed since the gateway started.',
      columns: [
        { id: 'time', label: 'When', cell: (one) => agoOf(one.time) },
        { id: 'by', label: 'Who', cell: (one) => one.by },
        { id: 'what', label: 'What', cell: (one) => `${one.action} ${one.subject}` },
      ],
    });
    try {
      table.show(await data('api/audit', { params: { limit: 1000 }, signal }));
    } catch (error) {
      if (!error.isAbsent) throw error;
      return replace(place, empty('This gateway keeps its changes in its log alone.'));
    }
    replace(place, h('h2', null, 'Changes'), h('p', { class: 'dim' }, 'The last 1,000 since the gateway started. They are in its log, too.'), table.element);
  }

  take(params);
  if (!session.admin) actions.textContent = '';
  draw();
  return {
    navigated(changed) {
      take(changed);
      draw();
    },
  };
}
