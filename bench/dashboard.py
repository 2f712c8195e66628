"""A dashboard of 20 panels that is refreshed every ten seconds, through the cache: what members are
asked at a refresh, as a part of what they are asked at the first load.

Time is real, since the cache keeps what is older than its tail: the data ends now, the refreshes come
every ten seconds, and each asks up to that moment. Start and end are multiples of the step, as Grafana
sends them. Bytes are those that the gateway received from members, CPU is that of the members'
processes while panels load.
"""
import re
import time
import urllib.parse

import data
import servers
import wire

PANELS = (
    "sum(rate(http_requests_total[5m]))",
    "sum by (job) (rate(http_requests_total[5m]))",
    "sum by (handler) (rate(http_requests_total[5m]))",
    "sum by (code) (rate(http_requests_total[5m]))",
    "sum by (project) (rate(http_requests_total[5m]))",
    'sum(rate(http_requests_total{code="500"}[5m])) / sum(rate(http_requests_total[5m]))',
    "sum by (job) (increase(http_requests_total[1h]))",
    "max by (handler) (rate(http_requests_total[5m]))",
    "avg by (job) (rate(http_requests_total[5m]))",
    "topk(5, sum by (handler) (rate(http_requests_total[5m])))",
    'rate(http_requests_total{instance="host3:9100"}[5m])',
    "count(http_requests_total)",
    "avg by (job) (load)",
    "max by (instance) (load)",
    "min by (job) (load)",
    "quantile by (job) (0.9, load)",
    "stddev by (job) (load)",
    "avg_over_time(load{cpu=\"1\"}[10m])",
    "load > 80",
    "sum by (project, cpu) (load)",
)
PERIOD = 10
# Hours and step: about as many steps as a panel has pixels.
RANGES = ((6, 30), (24, 120))
# As many as a browser opens to one server.
CONNECTIONS = 6
COUNTERS = ("tributary_member_received_bytes_total", "tributary_member_inflated_bytes_total")


class Dashboard:
    def __init__(self, binary, members, hours, step):
        self.members, self.hours, self.step = [one for _, one in members], hours, step
        self.gateway = servers.tributary(f"gateway-{hours}h", binary, members)
        self.connections = wire.Connections(
            [wire.Connection("127.0.0.1", self.gateway.port) for _ in range(CONNECTIONS)]
        )

    def load(self, hours=None, **more):
        """Loads all panels up to now: seconds, the members' CPU, and the bytes they sent."""
        end = int(time.time()) // self.step * self.step
        start = end - (self.hours if hours is None else hours) * 3600
        paths = iter(
            [
                "/api/v1/query_range?" + urllib.parse.urlencode({
                    "query": panel, "start": start, "end": end, "step": self.step, **more,
                })
                for panel in PANELS
            ]
        )
        cpu, counters = self.cpu(), self.counters()
        timings, failed, took = self.connections.drive(lambda: next(paths, None))
        if failed or len(timings) != len(PANELS):
            raise SystemExit(f"{failed} panels of the dashboard were refused")
        received, inflated = (new - old for new, old in zip(self.counters(), counters))
        return {"seconds": took, "cpu": self.cpu() - cpu, "received": received, "inflated": inflated}

    def cpu(self):
        return sum(servers.cpu_seconds(one.pid) for one in self.members)

    def counters(self):
        page = self.gateway.get("/metrics").decode()
        return [
            sum(float(value) for value in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", page, re.M))
            for name in COUNTERS
        ]


def measure(binaries, binary, refreshes):
    """For each range the first load and the refreshes."""
    storage = data.dashboard_storage(binaries, servers.HOME, time.time() + 1800)
    members = [
        (name, servers.prometheus(binaries, f"dashboard-{name}", storage)) for name in data.MEMBERS
    ]
    boards = [Dashboard(binary, members, hours, step) for hours, step in RANGES]
    found = []
    print(f"measuring: a dashboard and {refreshes} refreshes …", flush=True)
    for board in boards:
        board.load(nocache=1)  # connections, and what members read from disk
        found.append({
            "hours": board.hours, "step": board.step, "panels": len(PANELS), "period": PERIOD,
            "first": board.load(), "refreshes": [],
        })
    for _ in range(refreshes):
        time.sleep(PERIOD)
        for board, one in zip(boards, found):
            one["refreshes"].append(board.load())
    for board, one in zip(boards, found):
        # What no gateway can save: the members' CPU for the newest step alone.
        one["least_cpu"] = board.load(hours=0, nocache=1)["cpu"]
        board.connections.close()
        board.gateway.stop()
    for _, server in members:
        server.stop()
    for one in found:
        one["share"] = {
            name: sum(each[name] for each in one["refreshes"]) / refreshes / one["first"][name]
            for name in ("seconds", "cpu", "received", "inflated")
        }
    return found
