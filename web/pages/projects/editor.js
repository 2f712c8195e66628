// One project: its definition in a form, checked by the gateway before it is saved.

import { ApiError, data } from '../../lib/api.js';
import { h, replace } from '../../lib/h.js';
import { counted } from '../../lib/numbers.js';
import { session } from '../../lib/session.js';
import { formatElapsed } from '../../lib/time.js';
import { badge, banner, errorBanner, field, tabs, toast } from '../../lib/ui.js';
import { ask, confirmByName } from '../common/dialog.js';
import { agoOf, facts, kindName, sourceBadges, stateBadge } from '../common/parts.js';
import { sourcesOf, telemetryKinds } from '../common/sources.js';
import { cleaned, differences, errorsOf, kindOf, kinds, shownValue, withKind } from './definition.js';
import { Draft, checkboxes, pairsField, radios, selectOne, textField } from './fields.js';
import { keyPanel } from './keys.js';
import { sourceFields } from './source.js';

const TABS = [['general', 'General'], ['source', 'Source'], ['keys', 'Keys'], ['json', 'JSON']];
const PLACES = { source: ['prometheus', 'remoteCoroot', 'clusterPool', 'selector', 'replicas', 'discovery', ...telemetryKinds.map((one) => one.key)] };

/**
 * Shows the editor of a project, or of a new one.
 *
 * @param {Element} element
 * @param {{project: Object|null, projects: Object[], pools: string[], tab: string,
 *     ontab: (tab: string) => void, onsaved: (name: string|null) => Promise<void>}} surroundings
 *     `project` as the API shows it; null for a new one. `onsaved` gets null when it was deleted.
 */
export function editor(element, { project, projects, pools, tab, ontab, onsaved }) {
  const mayChange = session.admin && !project?.readOnly;
  const before = project?.definition ?? {};
  const draft = new Draft(project ? before : { name: '', prometheus: {} }, !mayChange);
  const path = project ? `api/projects/${encodeURIComponent(project.name)}` : 'api/projects';
  const trouble = h('div', { 'aria-live': 'polite' });
  const note = h('p', { class: 'dim tab-note', id: 'project-tab-note' });
  const panel = h('div', { id: 'project-panel', role: 'tabpanel', class: 'editor-panel', 'aria-labelledby': 'project-title' });
  const tabPlace = h('div');
  let selected = tab;
  let json = null;

  const isUnion = () => kindOf(draft.value) === 'multiCluster';
  const whyNot = (id) => {
    if (!isUnion() || !['source', 'keys'].includes(id)) return null;
    return id === 'source' ? 'its series come from its members' : 'it is read with a token of the gateway';
  };

  function drawTabs() {
    const count = (id) => draft.errors.filter((one) => placeOf(one.path) === id).length;
    const list = tabs({
      label: 'Parts of the project', panel: 'project-panel', selected,
      items: TABS.filter(([id]) => (project && before.name) || id !== 'keys').map(([id, title]) => ({
        id, title: count(id) > 0 ? `${title} (✗ ${count(id)})` : title, hint: whyNot(id) ?? undefined,
      })),
      onselect: (id) => {
        if (whyNot(id)) return list.select(selected);
        selected = id;
        ontab(id);
        drawPanel();
      },
    });
    for (const button of list.children) {
      const id = TABS.find(([, title]) => button.textContent.startsWith(title))[0];
      if (!whyNot(id)) continue;
      button.setAttribute('aria-disabled', 'true');
      button.setAttribute('aria-describedby', note.id);
    }
    replace(tabPlace, list);
    replace(note, isUnion() && 'A multi-cluster project has neither a source nor keys of its own: its series come from its members, and it is read with a token of the gateway.');
    note.hidden = !isUnion();
  }

  function draw(focus) {
    if (whyNot(selected)) selected = 'general';
    draft.placed.clear();
    drawTabs();
    drawPanel();
    if (focus) panel.querySelector(focus)?.focus();
  }

  function drawPanel() {
    const content = { general, source, keys, json: asJSON }[selected] ?? general;
    replace(panel, content());
    const rest = draft.errors.filter((one) => !draft.placed.has(one) && (placeOf(one.path) === selected || one.path === ''));
    if (rest.length > 0) panel.prepend(banner('error', h('ul', null, rest.map((one) => h('li', null, one.path ? `${one.path}: ${one.message}` : one.message)))));
  }

  function general() {
    const kind = kindOf(draft.value);
    return [
      isUnion() && banner('info', 'This project puts the series of its members together. Each series has the member’s name in the label '
        + `“${session.partitionLabel}”. The members stay usable by themselves.`),
      project && statusFacts(project),
      textField(draft, 'name', 'Name', { hint: '1 to 63 of a-z, 0-9, - and _. It is in the URL and in the label of its series.', always: true }),
      radios('Made of', kinds.filter((one) => one.id !== 'other' || kind === 'other'), kind, draft.isReadOnly, (id) => {
        draft.value = withKind(draft.value, id);
        draw(`input[type=radio][value=${id}]`);
      }),
      kind === 'multiCluster' && memberBoxes(),
      kind !== 'multiCluster' && pairsField(draft, 'labels', 'Static labels', { hint: 'One a line, as region=eu. All its series get them.' }),
      kind !== 'multiCluster' && textField(draft, 'externalUrl', 'Its own page', { type: 'url', hint: 'Where people see the server itself.' }),
      kind === 'multiCluster' && selectOne(draft, 'partialResponse', 'When a member is missing', [
        ['safe', 'answer where it is safe, and say so'], ['warn', 'answer, and say so'], ['abort', 'answer with an error'],
      ]),
      kind === 'multiCluster' && selectOne(draft, 'exactness', 'Sums over members', [
        ['twoStep', 'in two steps: each member sums first'], ['strict', 'strict: what is summed is fetched'],
      ]),
    ];
  }

  function memberBoxes() {
    const others = projects.filter((one) => one.kind !== 'multiCluster' && one.name !== project?.name);
    const names = others.map((one) => one.name);
    const chosen = draft.get('memberProjects') ?? [];
    // Wildcards stay as they are; so does a name that is gone, until somebody takes it out.
    const strange = chosen.filter((name) => !names.includes(name));
    const all = [...strange, ...names];
    if (all.length === 0) return banner('warning', 'There is no project yet that could be a member. Make one first.');
    return checkboxes('Members', all, chosen, {
      isDisabled: draft.isReadOnly, error: draft.errorAt('memberProjects'),
      describe: (name) => {
        const one = others.find((other) => other.name === name);
        return one ? stateBadge(one) : h('span', { class: 'dim' }, name.includes('*') ? 'all that fit' : 'not there');
      },
      onchange: (list) => draft.set('memberProjects', list),
    });
  }

  function source() {
    return [
      sourceFields(draft, { pools, redraw: draw }),
      mayChange && h('p', null, h('button', { type: 'button', onclick: test }, 'Test the connection')),
    ];
  }

  const keys = () => keyPanel(project, { mayChange, reload: () => onsaved(project.name) });

  function asJSON() {
    json = h('textarea', {
      rows: 22, class: 'mono wide-text', spellcheck: 'false', disabled: draft.isReadOnly, value: JSON.stringify(draft.value, null, 2),
      oninput: () => {
        try {
          draft.value = JSON.parse(json.value);
          json.setCustomValidity('');
        } catch (error) {
          json.setCustomValidity(error.message);
        }
      },
    });
    return field('Definition', json, { hint: 'Every key of a project in the configuration file. A secret is shown as <redacted>, and kept if it is sent back so.' });
  }

  /** Asks the gateway about the draft: its errors go to their fields. Null when there are some. */
  async function check() {
    replace(trouble);
    if (json?.isConnected && !json.checkValidity()) {
      replace(trouble, banner('error', `The JSON is not whole: ${json.validationMessage}`));
      json.focus();
      return null;
    }
    draft.errors = [];
    let result = { errors: [], probe: null };
    try {
      result = await data(path, { method: project ? 'PUT' : 'POST', params: { dryRun: true }, json: cleaned(draft.value) });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.body?.errors) result = { errors: error.body.errors, probe: null };
      else {
        replace(trouble, errorBanner(error));
        return null;
      }
    }
    draft.errors = errorsOf(result.errors);
    if (draft.errors.length === 0) {
      draw();
      return result;
    }
    const places = draft.errors.map((one) => placeOf(one.path));
    if (!places.includes(selected)) selected = places[0];
    draw();
    replace(trouble, banner('error', `${counted(draft.errors.length, 'mistake')}: nothing was saved.`));
    panel.querySelector('[aria-invalid=true]')?.focus();
    return null;
  }

  async function test() {
    const result = await check();
    if (result) replace(trouble, probeBanners(result, kindOf(draft.value)));
  }

  async function save() {
    const result = await check();
    if (!result) return;
    const after = cleaned(draft.value);
    const changes = differences(project ? before : {}, after);
    if (changes.length === 0) return toast('Nothing is changed', 'neutral');
    const { done } = ask(project ? `Change ${project.name}?` : `Make ${after.name}?`, [
      h('div', { class: 'table-scroll', role: 'group', tabindex: '0', 'aria-label': 'What changes' }, h('table', { class: 'diff' },
        h('thead', null, h('tr', null, ['Key', 'Before', 'After'].map((text) => h('th', { scope: 'col' }, text)))),
        h('tbody', null, changes.map((one) => h('tr', null, h('th', { scope: 'row', class: 'mono' }, one.path),
          h('td', null, one.before === undefined ? '–' : h('del', null, shownValue(one.path, one.before))),
          h('td', null, one.after === undefined ? '–' : h('ins', null, shownValue(one.path, one.after)))))))),
      probeBanners(result, kindOf(draft.value)),
    ], { text: 'Save', action: () => data(path, { method: project ? 'PUT' : 'POST', json: after }) });
    const saved = await done;
    if (!saved) return;
    toast(`${after.name} is saved`);
    await onsaved(saved.name ?? after.name);
  }

  async function remove() {
    const gone = await confirmByName(`Delete ${project.name}?`, project.name,
      h('p', null, 'Its keys are deleted with it. What its server stores stays there.'), () => data(path, { method: 'DELETE' }));
    if (!gone) return;
    toast(`${project.name} is deleted`);
    await onsaved(null);
  }

  replace(element,
    h('div', { class: 'editor-head' }, h('h2', { id: 'project-title', tabindex: '-1' }, project?.name ?? 'New project'), ' ',
      project && badge('neutral', kindName(project.kind)), ' ', project?.readOnly && badge('info', 'read only')),
    project?.readOnly && banner('info', originOf(project)),
    !session.admin && banner('info', 'Your token may look, and not change anything.'),
    tabPlace, note,
    h('form', { onsubmit: (event) => { event.preventDefault(); save(); }, novalidate: true }, panel,
      trouble,
      mayChange && h('div', { class: 'editor-buttons' },
        h('button', { type: 'submit', class: 'primary' }, 'Check and save…'),
        project && h('button', { type: 'button', class: 'danger', onclick: remove }, 'Delete…'))));
  draw();
}

/** The tab that has the field of a path. */
function placeOf(path) {
  const first = path.split(/[.[]/)[0];
  return PLACES.source.includes(first) ? 'source' : 'general';
}

function originOf(project) {
  const where = project.source ? `in ${project.source.name}` : 'in the configuration file';
  return `It is defined ${where}, and can be changed there alone.${project.source?.error ? ` What is there now is not in force: ${project.source.error}` : ''}`;
}

function statusFacts(project) {
  const status = project.status;
  return facts([
    ['State', [stateBadge(project), status.since && [', since ', agoOf(status.since)]]],
    ['Version', status.version],
    ['Latency', status.latencySeconds !== null && formatElapsed(status.latencySeconds)],
    ['Last error', status.lastError && status.lastError.error],
    ['Sources', project.telemetry && [sourceBadges(project), silences(project)]],
  ]);
}

/** Why logs, traces or profiles cannot be had now. */
function silences(project) {
  return sourcesOf(project).filter((one) => one.server && !one.status.reachable && one.status.lastError)
    .map((one) => h('div', { class: 'error-text' }, `${one.data}: ${one.status.lastError.error}`));
}

/** How the servers of a draft answered: that of metrics, then the others that it names. */
function probeBanners({ probe, telemetry = {} }, kind) {
  const others = telemetryKinds.filter(({ key }) => telemetry[key]).map(({ key, server }) => probeBanner(telemetry[key], { subject: `The ${server}` }));
  // Without metrics, the whole is no more than these.
  if (kind === 'telemetryOnly' && others.length > 0) return others;
  return [probeBanner(probe, { isUnion: kind === 'multiCluster' }), others];
}

function probeBanner(probe, { isUnion = false, subject = 'The server' }) {
  if (!probe) return null;
  const why = probe.lastError?.error ?? 'no reason is known';
  if (!probe.reachable) return banner('warning', `${isUnion ? 'Not every member answers' : `${subject} does not answer`}: ${why}. It can be saved all the same.`);
  const time = probe.latencySeconds ? `, in ${formatElapsed(probe.latencySeconds)}` : '';
  return banner('ok', isUnion ? 'Every member answers.' : `${subject} answers${probe.version ? `: version ${probe.version}` : ''}${time}.`);
}
