// What a project is read from: its metrics, and the servers of logs, traces and profiles beside them. Pure.

/** The servers beside those of metrics, by the key that a definition and a status have them at. */
export const telemetryKinds = [
  { key: 'loki', data: 'logs', server: 'Loki', url: 'http://loki:3100' },
  { key: 'tempo', data: 'traces', server: 'Tempo', url: 'http://tempo:3200' },
  { key: 'pyroscope', data: 'profiles', server: 'Pyroscope', url: 'http://pyroscope:4040' },
];

/**
 * Every source of a project, metrics first.
 *
 * @param {Object} project As the API shows it.
 * @returns {Array<{key: string, data: string, server: string|null, status: Object, url: string|undefined}>}
 *     `server` is null of metrics, whose kind is that of the project. `url` is for administrators.
 */
export function sourcesOf(project) {
  const definition = project.definition ?? {};
  const metrics = {
    key: 'metrics', data: 'metrics', server: null, status: project.status, url: definition.prometheus?.url ?? definition.remoteCoroot?.url,
  };
  const others = telemetryKinds.filter(({ key }) => project.telemetry?.[key])
    .map(({ key, data, server }) => ({ key, data, server, status: project.telemetry[key], url: definition[key]?.url }));
  return hasMetrics(project) ? [metrics, ...others] : others;
}

/** Whether there is anything that PromQL could ask. */
export const hasMetrics = (project) => project.kind !== 'telemetryOnly';
