"""Long ranges in parts: one member that is asked for eight days at once, or in two and four parts.

How much a part saves depends on the processors that the member has: each part is computed by one of
them, and with two processors for member and gateway together there is little to gain.
"""
import data
import rounds
import rows
import servers

PARTS = (1, 2, 4)
QUERIES = (
    ("200 series, ten groups", "sum by (job) (rate(days_total[5m]))"),
    ("200 series", "rate(days_total[5m])"),
)
STEP = 300


def path_of(query):
    end = data.START + (len(data.DAYS) - 1) * data.DAYS_INTERVAL
    return rows.range_path(query, end - 8 * 86_400, STEP, end)


def measure(binaries, binary, count, requests):
    storage = data.storage(binaries, servers.HOME, "days")
    member = servers.prometheus(binaries, "days", storage)
    gateways = [
        servers.tributary(f"gateway-{parts}", binary, [("days", member)], f"rangeParts: {parts}")
        for parts in PARTS
    ]
    found = []
    for title, query in QUERIES:
        print(f"measuring: parts of {query} …", flush=True)
        row = rows.row(title, title, query, requests, path_of)
        measured = rounds.measure(row, [member, *gateways], count, requests, [("days", member)])
        results = [one.summary() for one in measured.values()]
        found.append({"title": title, "text": query, "results": results})
    return found
