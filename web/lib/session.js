// Who asks, what they may see, and which projects there are. Read once, and again when told.

import { ApiError, data } from './api.js';
import { here } from './router.js';

/** What the gateway says of itself and of the person; every field has a value that works without. */
export const session = {
  /** The name of the token, or null. */
  name: null,
  /** Whether changes may be made. A gateway that does not say may try. */
  admin: true,
  /** Whether there is a session to end. */
  signedIn: false,
  /** The answer of GET /api/projects, by name; empty where it may not be read. */
  projects: [],
  /** The project of URLs without `/p/…`, or null where it is not known. */
  defaultProject: null,
  /** The label that tells members apart. */
  partitionLabel: 'project',
};

const listeners = new Set();

/** Calls whenever something of the session is known anew. */
export function onSession(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

let loading = null;

/** Reads who asks, the projects, and the few settings that the page needs. */
export function loadSession() {
  loading = readSession();
  return loading;
}

/** Ends once all of it was read for the first time. */
export const sessionLoaded = () => loading ?? loadSession();

async function readSession() {
  const [who] = await Promise.all([orNothing(data('api/whoami')), loadProjects()]);
  if (who) {
    session.name = who.name ?? null;
    session.admin = who.admin === true;
    session.signedIn = who.session === true;
    session.defaultProject = who.defaultProject ?? null;
    session.partitionLabel = who.partitionLabel ?? session.partitionLabel;
  }
  for (const listener of listeners) listener(session);
  return session;
}

/** Reads the projects and their status anew. */
export async function loadProjects() {
  const projects = await orNothing(data('api/projects'));
  if (Array.isArray(projects)) session.projects = projects;
  for (const listener of listeners) listener(session);
  return session.projects;
}

/** The project of a name; without a name, the one that the URL names, or the default one. */
export function project(name = here().project ?? session.defaultProject) {
  return session.projects.find((one) => one.name === name) ?? null;
}

/** The names of the members of the project that the URL names; itself where it is no union. */
export function memberNames() {
  const found = project();
  if (!found) return [];
  return found.kind === 'multiCluster' ? found.memberProjects ?? [] : [found.name];
}

/** Those of the members that have metrics: the others are nothing that PromQL could ask. */
export const metricMemberNames = () => memberNames().filter((name) => project(name)?.kind !== 'telemetryOnly');

/** `up`, `failing`, `paused`, `neverAsked`: from a gateway that says it, or that says less. */
export function stateOf(one) {
  const status = one?.status ?? {};
  if (status.state) return status.state;
  if (status.reachable === true) return 'up';
  return status.lastError ? 'failing' : 'neverAsked';
}

async function orNothing(promise) {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof ApiError) return null;
    throw error;
  }
}
