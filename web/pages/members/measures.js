// What the gateway counts of its members, and how fast it grows. Pure.

/** How many measurements are kept for the sparkline: ten minutes of one each five seconds. */
const KEPT = 120;

/**
 * Reads the answer of `status/self_metrics` of one moment.
 *
 * @returns {Map<string, {requests, failures, bytes, retries, latency, protocol, circuit}>} By member.
 */
export function readMeasures(families) {
  const members = new Map();
  const of = (name) => {
    if (!members.has(name)) {
      members.set(name, { requests: 0, failures: 0, bytes: 0, retries: 0, latency: null, protocol: null, circuit: null });
    }
    return members.get(name);
  };
  for (const family of families ?? []) {
    for (const metric of family.metric ?? []) {
      const labels = Object.fromEntries((metric.label ?? []).map((one) => [one.name, one.value]));
      if (labels.member === undefined) continue;
      const value = Number(metric.counter?.value ?? metric.gauge?.value ?? 0);
      const member = of(labels.member);
      switch (family.name) {
        case 'tributary_member_requests_total': member.requests += value; break;
        case 'tributary_member_failures_total': member.failures += value; break;
        case 'tributary_member_received_bytes_total': member.bytes += value; break;
        case 'tributary_member_retries_total': member.retries += value; break;
        case 'tributary_member_latency_seconds': member.latency = value; break;
        case 'tributary_member_http_info': if (value === 1) member.protocol = labels.version; break;
        case 'tributary_member_circuit': if (value === 1) member.circuit = labels.state; break;
        default: break;
      }
    }
  }
  return members;
}

/**
 * Speeds over the last minute, as the gateway says them of a member; null of one that does not.
 *
 * @param {Array<{seconds: number, requests: number, failures: number, bytes?: number}>} windows
 */
export function speedsOf(windows) {
  const minute = windows?.find((one) => one.seconds === 60);
  if (!minute) return null;
  return {
    requestsPerSecond: minute.requests / 60,
    bytesPerSecond: minute.bytes === undefined ? null : minute.bytes / 60,
    failedShare: shareOf(minute.failures, minute.requests),
  };
}

// What failed may not have become a request at all.
const shareOf = (failures, requests) => (failures === 0 ? (requests > 0 ? 0 : null) : Math.min(1, failures / Math.max(requests, failures)));

/** Measurements of some minutes, of which speeds and lines are made. */
export class Measures {
  constructor() {
    this.moments = [];
  }

  /** @param {number} time Seconds. */
  add(time, members) {
    this.moments.push({ time, members });
    if (this.moments.length > KEPT) this.moments.shift();
  }

  /** What holds now, and speeds over the last minute, as far as the page has been open. */
  of(name) {
    const last = this.moments.at(-1);
    const now = last?.members.get(name);
    if (!now) return null;
    const first = this.moments.find((one) => last.time - one.time <= 61 && one.members.has(name));
    const then = first.members.get(name);
    const seconds = last.time - first.time;
    // A gateway that started anew counts from 0 again.
    const grown = (key) => (seconds > 0 && now[key] >= then[key] ? now[key] - then[key] : null);
    const rate = (key) => (grown(key) === null ? null : grown(key) / seconds);
    const requests = grown('requests');
    const failed = grown('failures');
    return {
      ...now,
      requestsPerSecond: rate('requests'), bytesPerSecond: rate('bytes'),
      failedShare: failed === null || requests === null ? null : shareOf(failed, requests),
      latencies: this.moments.map((one) => one.members.get(name)?.latency ?? NaN),
    };
  }
}
