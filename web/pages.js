// All pages. A page is a module that is loaded when it is first opened; web/README.md says what it
// exports. The order is that of the navigation; `key` follows `g`.

export const pages = [
  { path: 'query', title: 'Query', key: 'q', load: () => import('./pages/query/page.js') },
  { path: 'members', title: 'Members', key: 'm', load: () => import('./pages/members/page.js') },
  { path: 'metrics-explorer', title: 'Metrics', key: 'e', load: () => import('./pages/metrics/page.js') },
  { path: 'cardinality', title: 'Cardinality', key: 'c', load: () => import('./pages/cardinality/page.js') },
  { path: 'targets', title: 'Targets', key: 't', load: () => import('./pages/targets/page.js') },
  { path: 'rules', title: 'Rules', key: 'r', load: () => import('./pages/rules/page.js') },
  { path: 'alerts', title: 'Alerts', key: 'a', load: () => import('./pages/alerts/page.js') },
  { path: 'projects', title: 'Projects', key: 'p', load: () => import('./pages/projects/page.js') },
  { path: 'status', title: 'Status', key: 's', load: () => import('./pages/status/page.js') },
  { path: 'login', title: 'Log in', hidden: true, load: () => import('./pages/login/page.js') },
];

/** Paths of other servers' pages that mean one of ours. */
export const aliases = { graph: 'query', '': 'members' };
