// Definitions of projects as the API takes them: what kind they are of, and how two of them differ. Pure.

import { telemetryKinds } from '../common/sources.js';

/** What a project can be made of, by the key of its definition. */
export const kinds = [
  { id: 'prometheus', title: 'A Prometheus', hint: 'or another server with its API' },
  { id: 'multiCluster', title: 'Other projects', hint: 'a multi-cluster project: one view of all its members' },
  { id: 'remoteCoroot', title: 'A remote Coroot', hint: 'or Tributary, read with a key of one of its projects' },
  { id: 'clusterPool', title: 'A cluster pool', hint: 'of which any one cluster answers' },
  { id: 'telemetryOnly', title: 'No metrics', hint: 'a Loki, a Tempo or a Pyroscope alone' },
  { id: 'other', title: 'Something else', hint: 'replicas, discovery and all other keys, as JSON' },
];

const MEMBER_KEYS = ['memberProjects', 'memberSelector', 'discovery'];
const SOURCES = ['prometheus', 'replicas', 'remoteCoroot', 'clusterPool', ...MEMBER_KEYS];
const TELEMETRY = telemetryKinds.map((one) => one.key);
// A multi-cluster project has none of these.
const OF_ONE_SOURCE = ['apiKeys', 'labels', 'selector', 'keepLabel', 'timeRange', 'replicaLabels', 'dedup', 'externalUrl', ...TELEMETRY];

/** The kind of a definition. What a form cannot show is `other`. */
export function kindOf(definition) {
  if (definition.replicas || definition.memberSelector || definition.discovery) return 'other';
  if (definition.memberProjects) return 'multiCluster';
  return ['remoteCoroot', 'clusterPool', 'prometheus'].find((key) => definition[key] !== undefined)
    ?? (telemetryOf(definition).length > 0 ? 'telemetryOnly' : 'prometheus');
}

/** The keys of the servers of logs, traces and profiles that a definition names. */
export const telemetryOf = (definition) => TELEMETRY.filter((key) => definition[key] !== undefined);

/** Whether a project of this definition may name such servers: one that is over members may not. */
export const takesTelemetry = (definition) => MEMBER_KEYS.every((key) => definition[key] === undefined);

/** The definition as it is for another kind: without the source that it had, and with an empty one. */
export function withKind(definition, kind) {
  if (kind === 'other') return definition;
  const changed = Object.fromEntries(Object.entries(definition).filter(([key]) => !SOURCES.includes(key)));
  switch (kind) {
    case 'multiCluster':
      for (const key of OF_ONE_SOURCE) delete changed[key];
      return { ...changed, memberProjects: definition.memberProjects ?? [] };
    case 'remoteCoroot': return { ...changed, remoteCoroot: definition.remoteCoroot ?? {} };
    case 'clusterPool': return { ...changed, clusterPool: definition.clusterPool ?? '' };
    // It needs one of them, and begins with logs.
    case 'telemetryOnly': return telemetryOf(changed).length > 0 ? changed : { ...changed, loki: {} };
    default: return { ...changed, prometheus: definition.prometheus ?? {} };
  }
}

/** The value at a path such as `prometheus.basicAuth.username`. */
export function valueAt(definition, path) {
  return path.split('.').reduce((value, key) => value?.[key], definition);
}

/** Sets the value at a path; with `undefined` it is taken out, and what is empty without it. */
export function setAt(definition, path, value) {
  const keys = path.split('.');
  const last = keys.pop();
  const parents = [definition];
  for (const key of keys) {
    if (typeof parents.at(-1)[key] !== 'object' || parents.at(-1)[key] === null) {
      if (value === undefined) return;
      parents.at(-1)[key] = {};
    }
    parents.push(parents.at(-1)[key]);
  }
  if (value !== undefined) {
    parents.at(-1)[last] = value;
    return;
  }
  delete parents.at(-1)[last];
  // The source itself stays, even if it is empty: it says what the project is.
  for (let depth = keys.length - 1; depth > 0; depth -= 1) {
    if (Object.keys(parents[depth + 1]).length > 0) return;
    delete parents[depth][keys[depth]];
  }
}

/** Every key that differs: `[{path, before, after}]`; undefined where it is not there. */
export function differences(before, after) {
  const [old, fresh] = [flat(before), flat(after)];
  return [...new Set([...old.keys(), ...fresh.keys()])]
    .filter((path) => old.get(path) !== fresh.get(path))
    .map((path) => ({ path, before: old.get(path), after: fresh.get(path) }));
}

function flat(value, path = '', found = new Map()) {
  if (Array.isArray(value) && value.every((one) => typeof one !== 'object')) found.set(path, value.join(', ') || '(none)');
  else if (value !== null && typeof value === 'object') {
    for (const [key, one] of Object.entries(value)) {
      flat(one, Array.isArray(value) ? `${path}[${key}]` : path ? `${path}.${key}` : key, found);
    }
  } else if (value !== undefined) found.set(path, String(value));
  return found;
}

const SECRET = /(^|\.)(password|bearerToken|apiKey|clientSecret|secretKey|sessionToken|key)$|\.(headers|queryParameters|endpointParams)\./;
const REDACTED = '<redacted>';

/** What a difference shows of a value: of a secret only that it is one. */
export function shownValue(path, text) {
  if (text === undefined) return '–';
  if (!SECRET.test(path)) return text;
  return text === REDACTED ? 'the secret that is kept' : 'a new secret';
}

/** Errors of the gateway with the paths of the form: `projects[0].prometheus.url` is `prometheus.url`. */
export function errorsOf(list) {
  return (list ?? []).map((one) => ({ path: (one.path ?? '').replace(/^projects\[\d+\]\.?/, ''), message: one.message }));
}

/** Those errors that belong to the field of a path. */
export function errorsAt(errors, path) {
  return errors.filter((one) => one.path === path || one.path.startsWith(`${path}.`) || one.path.startsWith(`${path}[`));
}

/** What is sent: without parts that a person left empty. */
export function cleaned(definition) {
  const copy = structuredClone(definition);
  for (const key of ['labels', 'externalUrl', 'selector']) {
    const value = copy[key];
    if (value === '' || (value && typeof value === 'object' && Object.keys(value).length === 0)) delete copy[key];
  }
  return copy;
}
