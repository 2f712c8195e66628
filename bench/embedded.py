"""Our engine on raw samples beside the real Prometheus: 1,000 series x 1,000 steps, over HTTP."""
import statistics
import urllib.parse

import data
import rows
import servers

QUERY = "sum by (job) (rate(x_total[5m]))"


def measure(binaries, binary, requests):
    """Seconds of each request but the first, which warms caches, and their medians."""
    print("measuring: the engine on raw samples …", flush=True)
    storage = data.storage(binaries, servers.HOME, "engine")
    real = servers.prometheus(binaries, "engine", storage)
    port = servers.free_port()
    command = [binary, "embedded", "--listen", f"127.0.0.1:{port}", "--load", f"{storage}.om"]
    ours = servers.Server("embedded", command, port)
    path = "/api/v1/query_range?" + urllib.parse.urlencode({
        "query": QUERY, "start": rows.START, "end": rows.START + 999 * data.INTERVAL,
        "step": data.INTERVAL,
    })
    times = {"real": [], "ours": []}
    for number in range(requests):
        turns = [("real", real), ("ours", ours)]
        for name, server in turns if number % 2 == 0 else turns[::-1]:
            times[name].append(server.ask(path).total)
    real.stop()
    ours.stop()
    median = {name: statistics.median(values[1:]) for name, values in times.items()}
    return {"query": QUERY, **times, "median": median, "ratio": median["ours"] / median["real"]}
