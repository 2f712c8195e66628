"""Lines of two members, which are small Lokis with 100,000 lines together: the gateway beside the
slowest of them, and beside both asked at once. And what the gateway holds while it merges."""
import dataclasses
import json
import urllib.parse

import rounds
import rows
import servers

LINES = 100_000
MEMBERS = ("north", "south")
# Of the lines, in seconds since 1970; the doubles make them so.
START, LENGTH = 1_795_734_000, 3600
SELECTOR = '{namespace="shop"}'
# As Grafana asks: the structured metadata of a line is not among the labels of its stream.
HEADERS = ("X-Loki-Response-Encoding-Flags: categorize-labels",)


def path_of(query, seconds=LENGTH, **more):
    """Of the first so many seconds."""
    parameters = {"query": query, "start": START, "end": START + seconds, **more}
    return "/loki/api/v1/query_range?" + urllib.parse.urlencode(parameters)


def row(name, query, requests, **more):
    path = path_of(query, **more)
    return rows.Row(name, name, query, path, path, requests, members=len(MEMBERS))


ROWS = [
    row("no line", '{namespace="none"}', 20),
    row("100,000 lines, all that there are", SELECTOR, 3, limit=LINES),
    row("10,000 of 100,000 lines", SELECTOR, 5, limit=LINES // 10),
    row(
        "metric query, 121 steps",
        f"sum by (app) (count_over_time({SELECTOR}[1m]))",
        5,
        step=LENGTH // 120,
    ),
]


@dataclasses.dataclass
class Holding:
    """A question whose answer is bounded by its limit, whatever members have or send."""

    limit: int
    matching: int  # lines of all members
    members: int = len(MEMBERS)  # more are the two under other names


HOLDINGS = [
    Holding(limit=1, matching=LINES),
    Holding(limit=1_000, matching=LINES // 10),
    Holding(limit=1_000, matching=LINES),
    Holding(limit=10_000, matching=LINES),
    Holding(limit=10_000, matching=10 * LINES, members=10 * len(MEMBERS)),
    Holding(limit=LINES, matching=LINES),
]


def members(binary):
    """Pairs of a name and its server."""
    found = []
    for number, name in enumerate(MEMBERS):
        port = servers.free_port()
        command = [binary, *map(str, (port, LINES, number, len(MEMBERS)))]
        found.append((name, servers.Server(name, command, port, "/ready", HEADERS)))
    return found


def gateway(binary, named):
    return servers.tributary(
        "gateway", binary, named, kind="loki", headers=HEADERS,
        # Members are as near as they can be, where compressing is of no use.
        settings=f"maxLines: {LINES}, acceptEncoding: identity",
        more=f"limits: {{maxLogLines: {LINES}}}\n",
    )


def lines_of(server, path):
    """How many lines the answer has, or points of a metric."""
    result = json.loads(server.get(path))["data"]["result"]
    return sum(len(one["values"]) for one in result)


def measured_row(row, binary, named, count, requests):
    print(f"measuring: {row.name} …", flush=True)
    floor = servers.FanOut(named)
    ours = gateway(binary, named)
    try:
        candidates = [floor, *(server for _, server in named), ours]
        found = rounds.measure(row, candidates, count, requests, named)
        values = lines_of(ours, row.path)
    finally:
        floor.close()
        ours.stop()
    return {
        "title": row.title, "text": row.text, "members": [name for name, _ in named],
        "requests": requests, "values": values,
        "results": [one.summary() for one in found.values()],
    }


def measured_holding(one, binary, named, requests):
    print(f"measuring: memory for {one.limit:,} of {one.matching:,} lines …", flush=True)
    asked = servers.many_names(named, one.members)
    seconds = LENGTH * one.matching * len(named) // (LINES * one.members)
    path = path_of(SELECTOR, seconds, limit=one.limit)
    floor = servers.FanOut(asked)
    ours = gateway(binary, asked)
    try:
        received = floor.ask(path).bytes
        sent = [ours.ask(path).bytes for _ in range(requests)][-1]
        peak = servers.peak_mebibytes(ours.pid)
        values = lines_of(ours, path)
    finally:
        floor.close()
        ours.stop()
    return {
        **dataclasses.asdict(one), "received": received, "bytes": sent, "values": values,
        "peak": peak,
    }


def measure(binary, count, quick=False):
    named = members(servers.built("doubles", "LokiMember"))
    return {
        "rows": [
            measured_row(one, binary, named, count, 1 if quick else one.requests) for one in ROWS
        ],
        "holdings": [
            measured_holding(one, binary, named, 2 if quick else 10) for one in HOLDINGS
        ],
    }
