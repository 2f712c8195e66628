"""The tables of a run, made from its JSON."""
import rounds

# What a run measures, in this order; some of them with --only.
SECTIONS = ("rows", "growth", "parts", "dashboard", "cold", "engine", "logs", "traces")
FLOOR, UNION, GATEWAY = "fan-out", "union", "gateway"


def ratio(result, floor):
    return result["median"] / floor["median"]


def by_name(row):
    return {one["name"]: one for one in row["results"]}


def candidates(rows):
    """All but the fan-out, the gateway first, then the union; a peer may be in some rows only."""
    names = []
    for row in rows:
        names += [one["name"] for one in row["results"] if one["name"] not in names]
    order = {FLOOR: -1, GATEWAY: 0, UNION: 1}
    names.sort(key=lambda name: order.get(name, 2))
    return [name for name in names if name != FLOOR]


def cell(found, name, text):
    return text(found[name]) if name in found else "-"


def size_text(size):
    """Of bytes."""
    for unit, name in ((1e6, "MB"), (1e3, "kB")):
        if size >= unit:
            return f"{size / unit:.{0 if size >= 10 * unit else 1}f} {name}"
    return f"{size} B"


def milliseconds(seconds, sign=""):
    value = seconds * 1e3
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:{sign}.{digits}f}"


def rate(value):
    return f"{value:,.0f}"


def seconds_taken(found):
    """What it cost to measure the line."""
    return f"{found['took']:.0f}"


# Of rows


def asked(row):
    """How many requests the fan-out makes."""
    return 1 if row["asked"] is not None else row["members"]


def time_table(rows):
    names = candidates(rows)
    head = ["what", "query", "answer", "fan-out", "fan-out, ms"]
    head += [f"**{name}**" if name == GATEWAY else name for name in names]
    head += ["first byte after the members' last, ms", "after their first, ms"]
    lines = []
    for row in rows:
        found = by_name(row)
        floor = found[FLOOR]
        line = [
            row["title"],
            f"`{row['text']}`",
            size_text(found[GATEWAY]["bytes"]),
            f"{asked(row)} x" if asked(row) > 1 else "1",
            milliseconds(floor["median"]),
        ]
        for name in names:
            value = cell(found, name, lambda one: f"{ratio(one, floor):.2f}")
            line.append(f"**{value}**" if name == GATEWAY else value)
        first = found[GATEWAY]["first"]
        line.append(milliseconds(first - floor["median"], "+"))
        line.append(milliseconds(first - floor["first"], "+"))
        lines.append(line)
    return rounds.markdown(head, lines)


def cost_table(rows):
    names = candidates(rows)
    measures = [
        ("CPU, ms", lambda one: milliseconds(one["cpu"])),
        ("switches", lambda one: f"{one['switches']:.0f}"),
        ("peak RSS, MiB", lambda one: f"{one['peak']:.0f}"),
    ]
    head = ["what"] + [f"{name} {measure}" for measure, _ in measures for name in names]
    head.insert(2, "gateway and its members")
    lines = []
    for row in rows:
        found = by_name(row)
        line = [row["name"]]
        line += [cell(found, name, text) for _, text in measures for name in names]
        ours = found[GATEWAY]
        line.insert(2, milliseconds(ours["cpu"] + ours["members_cpu"]))
        lines.append(line)
    return rounds.markdown(head, lines)


# Of growth


def size_table(found, key, title):
    head = [
        title, "answer", "fan-out, ms", "gateway", "first byte after the members' last, ms",
        "CPU, ms", "its members' CPU, ms", "switches", "peak RSS, MiB", "measured in, s",
    ]
    lines = []
    for one in found:
        size = f"{one[key]:,}"
        if "left_out" in one:
            lines.append([size, f"left out, {one['left_out']}"] + [""] * (len(head) - 2))
            continue
        results = by_name(one)
        floor, gateway = results[FLOOR], results[GATEWAY]
        lines.append([
            size,
            size_text(gateway["bytes"]),
            milliseconds(floor["median"]),
            f"**{ratio(gateway, floor):.2f}**",
            milliseconds(gateway["first"] - floor["median"], "+"),
            milliseconds(gateway["cpu"]),
            milliseconds(gateway["members_cpu"]),
            f"{gateway['switches']:.0f}",
            f"{gateway['peak']:.0f}",
            seconds_taken(one),
        ])
    return rounds.markdown(head, lines)


def client_table(found):
    head = [
        "clients", "gateway, answers/s", "p50, ms", "p99, ms", "CPU of one, ms", "peak RSS, MiB",
        "refused", "union, answers/s", "p50, ms", "p99, ms", "CPU of one, ms", "measured in, s",
    ]
    lines = []
    for one in found:
        results = by_name(one)
        gateway, union = results[GATEWAY], results[UNION]
        lines.append([
            f"{one['clients']}",
            f"**{rate(gateway['rate'])}**",
            milliseconds(gateway["median"]),
            milliseconds(gateway["p99"]),
            milliseconds(gateway["cpu"]),
            f"{gateway['peak']:.0f}",
            f"{gateway['failed']}",
            rate(union["rate"]),
            milliseconds(union["median"]),
            milliseconds(union["p99"]),
            milliseconds(union["cpu"]),
            seconds_taken(one),
        ])
    return rounds.markdown(head, lines)


# Of the rest


def parts_table(found):
    """The member's own time, then the gateway's as ratios to it."""
    names = [one["name"] for one in found[0]["results"]]
    member, gateways = names[0], names[1:]
    head = ["what", "query", "answer", "the member, ms"]
    cuts = [name.rpartition("-")[2] for name in gateways]
    cuts = ["whole" if cut == "1" else f"in {cut} parts" for cut in cuts]
    head += cuts + [f"the member's CPU, ms, {cut}" for cut in cuts]
    lines = []
    for one in found:
        results = by_name(one)
        line = [one["title"], f"`{one['text']}`", size_text(results[gateways[0]]["bytes"])]
        line.append(milliseconds(results[member]["median"]))
        line += [f"**{ratio(results[name], results[member]):.2f}**" for name in gateways]
        line += [milliseconds(results[name]["members_cpu"]) for name in gateways]
        lines.append(line)
    return rounds.markdown(head, lines)


def dashboard_table(found):
    head = [
        "dashboard", "first load: received", "members' CPU, ms", "time, ms",
        "a refresh: received", "members' CPU", "time", "members' CPU for one step alone",
    ]
    lines = []
    for one in found:
        first, share = one["first"], one["share"]
        lines.append([
            f"{one['panels']} panels, {one['hours']} h, step {one['step']} s,"
            f" {len(one['refreshes'])} refreshes",
            size_text(first["received"]),
            milliseconds(first["cpu"]),
            milliseconds(first["seconds"]),
            *(f"**{share[name]:.1%}**" for name in ("received", "cpu")),
            f"{share['seconds']:.1%}",
            f"{one['least_cpu'] / first['cpu']:.1%}",
        ])
    return rounds.markdown(head, lines)


def cold_table(found):
    seconds = sorted(found["seconds"])
    linked = "linked in" if found["has_swift_inside"] else "in shared libraries"
    line = [
        f"{found['bytes'] / 1e6:.1f} MB, Swift {linked}",
        f"**{milliseconds(found['median'])}**",
        milliseconds(seconds[0]),
        milliseconds(seconds[-1]),
        f"{len(seconds)}",
    ]
    return rounds.markdown(["binary", "median, ms", "least", "most", "starts"], [line])


def engine_table(found):
    line = [
        "1,000 series x 1,000 steps",
        f"`{found['query']}`",
        milliseconds(found["median"]["real"]),
        f"**{found['ratio']:.2f}**",
    ]
    return rounds.markdown(["what", "query", "real Prometheus, ms", "Tributary's engine"], [line])


# Of logs and traces


def log_table(found):
    """The gateway's time beside that of the slowest member, and of all of them at once."""
    head = [
        "what", "query", "answer", "slowest member alone, ms", "all members at once, ms",
        "**gateway**, ms", "to the slowest member", "to all at once",
        "first byte after the members' last, ms", "gateway CPU, ms", "its members' CPU, ms",
        "gateway peak RSS, MiB",
    ]
    lines = []
    for row in found:
        results = by_name(row)
        floor, gateway = results[FLOOR], results[GATEWAY]
        slowest = max((results[name] for name in row["members"]), key=lambda one: one["median"])
        lines.append([
            row["title"],
            f"`{row['text']}`",
            f"{row['values']:,} values, {size_text(gateway['bytes'])}",
            milliseconds(slowest["median"]),
            milliseconds(floor["median"]),
            milliseconds(gateway["median"]),
            f"**{ratio(gateway, slowest):.2f}**",
            f"**{ratio(gateway, floor):.2f}**",
            milliseconds(gateway["first"] - floor["median"], "+"),
            milliseconds(gateway["cpu"]),
            milliseconds(gateway["members_cpu"]),
            f"{gateway['peak']:.0f}",
        ])
    return rounds.markdown(head, lines)


def holding_table(found):
    head = [
        "limit", "lines that match", "members", "received", "answer", "gateway peak RSS, MiB",
    ]
    lines = [
        [
            f"{one['limit']:,}",
            f"{one['matching']:,}",
            f"{one['members']}",
            size_text(one["received"]),
            f"{one['values']:,} lines, {size_text(one['bytes'])}",
            f"**{one['peak']:.0f}**",
        ]
        for one in found
    ]
    return rounds.markdown(head, lines)


def trace_table(found):
    head = ["what", "received", "written", "median, ms", "least", "most", "times"]
    titles = {
        "protobuf": f"two answers of {found['spans']:,} spans in all, merged to protobuf",
        "json": "the merged trace, as JSON",
    }
    lines = []
    for form, title in titles.items():
        times = sorted(found[form]["milliseconds"])
        lines.append([
            title,
            size_text(found["received"]) if form == "protobuf" else "-",
            size_text(found[form]["bytes"]),
            f"**{found[form]['median']:.1f}**",
            f"{times[0]:.1f}",
            f"{times[-1]:.1f}",
            f"{len(times)}",
        ])
    return rounds.markdown(head, lines)


def sentence(machine):
    """With what a run was made."""
    quick = "; a quick run, which proves nothing" if machine["quick"] else ""
    return (
        f"{machine['date']}, revision {machine['revision']}, {machine['cores']} processors"
        f" ({machine['processor']}), members and union Prometheus {machine['prometheus']},"
        f" {machine['rounds']} rounds, load average {machine['load']:.1f} before{quick}."
    )


def sections(results):
    """Pairs of a title and a table, of what the run has."""
    found = []
    if rows := results.get("rows"):
        found += [
            ("Time: medians, as ratios to the fan-out", time_table(rows)),
            ("Cost of one query", cost_table(rows)),
        ]
    if growth := results.get("growth"):
        found += [
            (
                "Growing with members: instant, ten series each",
                size_table(growth["members"], "members", "members"),
            ),
            (
                "Growing with series: raw range of ten steps, three members",
                size_table(growth["series"], "series", "series"),
            ),
            (
                "Growing with clients: instant, 30 series, each asks anew once it was answered",
                client_table(growth["clients"]),
            ),
        ]
    if parts := results.get("parts"):
        found.append(("Eight days of one member, asked in parts at once", parts_table(parts)))
    if dashboard := results.get("dashboard"):
        found.append(("A dashboard that is refreshed every ten seconds", dashboard_table(dashboard)))
    if cold := results.get("cold"):
        found.append(("From exec to the first answer", cold_table(cold)))
    if engine := results.get("engine"):
        found.append(("The engine on raw samples, over HTTP", engine_table(engine)))
    if logs := results.get("logs"):
        found += [
            ("Log lines of two members", log_table(logs["rows"])),
            ("Memory of the gateway for log lines", holding_table(logs["holdings"])),
        ]
    if traces := results.get("traces"):
        found.append(("The merge of a trace, without HTTP", trace_table(traces)))
    return found


def text(results):
    parts = [f"### {title}\n\n{table}" for title, table in sections(results)]
    return "\n\n".join([sentence(results["machine"])] + parts) + "\n"
