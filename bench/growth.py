"""How what a query takes grows: with members, with series, with clients.

Each answer of the gateway is beside the fan-out, or beside the union where clients grow. A size that
this machine cannot hold, or that would take minutes, is left out, and the line says so.
"""
import dataclasses
import statistics
import time

import data
import rounds
import rows
import servers
import wire

MEMBERS = (1, 10, 60, 300)
CLIENTS = (1, 4, 16, 64, 256)
# The largest size needs this much for three members, the gateway and what they send.
LEAST_MEMORY = 6 << 30
# The longest that all requests of one size may take.
LONGEST = 150


@dataclasses.dataclass
class Plan:
    rounds: int
    requests: int  # a round, where answers are small
    seconds: float  # each number of clients


FULL = Plan(5, 50, 4)
QUICK = Plan(2, 5, 1)


def available_memory():
    with open("/proc/meminfo") as file:
        for line in file:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return 0


def beside_fan_out(row, members, binary, plan, requests):
    """What one size gives: the gateway's figures and those of the fan-out."""
    began = time.perf_counter()
    floor = servers.FanOut(members)
    gateway = servers.tributary("gateway", binary, members)
    try:
        found = rounds.measure(row, [floor, gateway], plan.rounds, requests, members)
    finally:
        floor.close()
        gateway.stop()
    result = {name: one.summary() for name, one in found.items()}
    return {"results": list(result.values()), "took": time.perf_counter() - began}


def over_members(members, binary, plan):
    """Instant queries of ten series a member."""
    found = []
    for count in MEMBERS:
        print(f"measuring: {count} members …", flush=True)
        requests = max(5, plan.requests * 10 // max(10, count))
        row = rows.row("members", "", rows.ten_ups(), requests, rows.instant_path)
        named = servers.many_names(members, count)
        found.append({"members": count, **beside_fan_out(row, named, binary, plan, requests)})
    return found


def over_series(binaries, binary, plan, sizes=data.GROWTH):
    """Raw ranges of ten steps, over three members."""
    found, last = [], None
    storages = [
        (name, data.storage(binaries, servers.HOME, f"growth-{name}")) for name in data.MEMBERS
    ]
    members = [
        (name, servers.prometheus(binaries, f"growth-{name}", storage)) for name, storage in storages
    ]
    try:
        for size in sizes:
            requests = max(1, min(plan.requests, 50_000 // size))
            reason = why_not(size, last, plan, requests)
            if reason:
                found.append({"series": size, "left_out": reason})
                print(f"left out: {size} series, {reason}", flush=True)
                continue
            print(f"measuring: {size} series …", flush=True)
            row = rows.row(
                "series", "", f"growth_{size}", requests,
                lambda query: rows.range_path(query, rows.END - 9 * data.INTERVAL),
            )
            last = {"series": size, **beside_fan_out(row, members, binary, plan, requests)}
            found.append(last)
    finally:
        for _, server in members:
            server.stop()
    return found


def why_not(size, last, plan, requests):
    """Why the size is left out, if it is; `last` is what the size before took."""
    if size < 1_000_000 or not last:
        return None
    if available_memory() < LEAST_MEMORY:
        return f"as less than {LEAST_MEMORY >> 30} GiB of memory are available"
    each = sum(one["median"] for one in last["results"]) * size / last["series"]
    # Two requests to warm each, and those of all rounds.
    expected = each * (2 + plan.rounds * requests)
    if expected > LONGEST:
        return f"as it would take about {expected:.0f} s"
    return None


def over_clients(members, union, binary, plan):
    """Each client asks anew once it was answered: instant queries of ten series a member."""
    path = rows.instant_path(rows.ten_ups())
    found = []
    for count in CLIENTS:
        print(f"measuring: {count} clients …", flush=True)
        began = time.perf_counter()
        gateway = servers.tributary("gateway", binary, members)
        try:
            results = [loop(server, path, count, plan.seconds) for server in (gateway, union)]
        finally:
            gateway.stop()
        found.append({"clients": count, "results": results, "took": time.perf_counter() - began})
    return found


def loop(server, path, clients, seconds):
    servers.forget_peak(server.pid)
    connections = wire.Connections(
        [wire.Connection(server.host, server.port) for _ in range(clients)]
    )
    connections.drive(until(path, seconds / 10))  # warms
    cpu = servers.cpu_seconds(server.pid)
    timings, failed, took = connections.drive(until(path, seconds))
    cpu = servers.cpu_seconds(server.pid) - cpu
    connections.close()
    times = sorted(one.total for one in timings)
    return {
        "name": server.name,
        "answers": len(times),
        "failed": failed,
        "rate": len(times) / took,
        "median": statistics.median(times) if times else None,
        "p99": times[min(len(times) - 1, len(times) * 99 // 100)] if times else None,
        "cpu": cpu / max(1, len(times) + failed),
        "peak": servers.peak_mebibytes(server.pid),
    }


def until(path, seconds):
    end = time.perf_counter() + seconds
    return lambda: path if time.perf_counter() < end else None
