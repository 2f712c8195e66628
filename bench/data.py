"""Generated data for the measurements: blocks of Prometheus, written once under .build/bench."""
import hashlib
import math
import os
import shutil
import subprocess

MEMBERS = ("east", "north", "west")
START = 1_700_000_000
INTERVAL = 15
# One point a step for an hour, and five minutes before it for the first window of rate().
POINTS = range(240 + 20)
# What is looked at in the last step only.
LAST_WINDOW = POINTS[-25:]
LAST_POINT = POINTS[-1:]
# What the engine is measured with: 1,000 series over 1,000 steps.
ENGINE_POINTS = range(1000 + 20)
# Sizes of answers that grow, in series of all members together, each a metric of its own; three
# samples are enough for ten steps of a selector.
GROWTH = (100, 1_000, 10_000, 100_000, 1_000_000)
GROWTH_POINTS = (POINTS[-17], POINTS[-9], POINTS[-1])
# For ranges over eight days, and what windows reach back.
DAYS_INTERVAL = 60
DAYS = range(8 * 1440 + 20)
# For the dashboard, whose data ends now: as long as its longest range, and what windows reach back.
DASHBOARD_INTERVAL = 15
DASHBOARD_SECONDS = 25 * 3600


def names(count):
    """Of as many members."""
    return [f"m{number:03d}" for number in range(count)]


def share(count, member):
    """The numbers of the series, of `count` in all, that the member has."""
    return range(MEMBERS.index(member), count, len(MEMBERS))


def label_text(labels):
    return ",".join(f'{name}="{value}"' for name, value in sorted(labels.items()))


# Each yields names, labels, a function from the number of the point to the value, and which points.


def up_series(_member):
    for number in range(100):
        labels = {"job": f"job{number % 10}", "instance": f"host{number}:9100"}
        yield "up", labels, lambda step: 1, POINTS


def request_series(_member):
    for number in range(1000):
        labels = {
            "job": f"job{number % 10}",
            "instance": f"host{number}:9100",
            "code": ("200", "404", "500")[number % 3],
            "handler": f"/api/v1/handler-{number // 10:02d}",
        }
        yield "requests_total", labels, lambda step, n=number: step * (n % 97) / 4, POINTS


def bucket_series(_member):
    bounds = ("0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "+Inf")
    for handler in range(20):
        for instance in range(5):
            for index, bound in enumerate(bounds):
                labels = {
                    "handler": f"/api/v1/handler-{handler:02d}",
                    "instance": f"host{instance}:9100",
                    "le": bound,
                }
                each = (index + 1) * (handler + 1)
                yield "latency_bucket", labels, lambda step, e=each: step * e, POINTS


def job_series(member):
    """10,000 in all."""
    for number in share(10_000, member):
        labels = {
            "job": f"job{number % 10}",
            "instance": f"host{number % 500}:9100",
            "pod": f"service-{number % 100}-{number:05d}",
        }
        yield "jobs_total", labels, lambda step, n=number: step * (n % 9973), LAST_WINDOW


def inventory_series(member):
    """30,000 series a member, with 20,000 values of `container_id`."""
    for number in range(30_000):
        labels = {
            "container_id": f"{member}-{number % 20_000:05d}",
            "namespace": f"team-{number % 20}",
            "device": f"disk{number // 20_000}",
        }
        yield "inventory", labels, lambda step: 1, LAST_POINT


def pod_labels(number):
    return {
        "job": f"job{number % 10}",
        "instance": f"host{number % 500}:9100",
        "pod": f"service-{number % 100}-{number:05d}",
        "namespace": f"team-{number % 20}",
        "container": "main",
    }


def wave(phase):
    return lambda step: round(50 + 40 * math.sin(step / 20 + phase), 3)


def raw_series(_member):
    for number in range(10_000):
        yield "raw", pod_labels(number), wave(number / 100), POINTS


def growth_series(member):
    for size in GROWTH:
        for number in share(size, member):
            yield f"growth_{size}", pod_labels(number), wave(number / 100), GROWTH_POINTS


def engine_series(_member):
    for number in range(1000):
        labels = {"job": f"job{number % 10}", "instance": f"host{number}:9100"}
        yield "x_total", labels, lambda step, n=number: step * (n % 97) / 4, ENGINE_POINTS


def days_series(_member):
    for number in range(200):
        labels = {"job": f"job{number % 10}", "instance": f"host{number}:9100"}
        yield "days_total", labels, lambda step, n=number: step * (n % 97), DAYS


def first_ups(_member):
    """The part of `up` that 60 members are asked for."""
    for name, labels, value, points in up_series(_member):
        if labels["job"] == "job0":
            yield name, labels, value, points


def dashboard_series(_member):
    points = range(DASHBOARD_SECONDS // DASHBOARD_INTERVAL)
    for number in range(200):
        labels = {
            "job": f"job{number % 4}",
            "instance": f"host{number % 25}:9100",
            "handler": f"/api/v1/handler-{number // 20:02d}",
            "code": ("200", "404", "500")[number % 3],
        }
        yield "http_requests_total", labels, lambda step, n=number: step * (n % 97), points
    for number in range(100):
        labels = {"job": f"job{number % 4}", "instance": f"host{number % 25}:9100", "cpu": f"{number // 25}"}
        yield "load", labels, wave(number / 10), points


EVERYTHING = (up_series, request_series, bucket_series, job_series, inventory_series, raw_series)

# What each storage holds: pairs of a member, or None where series have no label for it, and series.
PARTS = (
    {name: [(name, part, False) for part in EVERYTHING] for name in MEMBERS}
    | {"union": [(name, part, True) for part in EVERYTHING for name in MEMBERS]}
    | {"union-of-60": [(name, first_ups, True) for name in names(60)]}
    | {f"growth-{name}": [(name, growth_series, False)] for name in MEMBERS}
    | {"engine": [(None, engine_series, False)], "days": [(None, days_series, False)]}
)


def write(path, parts, start=START, interval=INTERVAL):
    """OpenMetrics text of triples: a member, its series, and whether it is a label of them."""
    with open(path, "w", buffering=1 << 20) as file:
        for member, series, is_label in parts:
            for name, labels, value, points in series(member):
                if is_label:
                    labels = {**labels, "project": member}
                head = f"{name}{{{label_text(labels)}}}"
                file.write(
                    "".join(
                        f"{head} {value(step)} {start + step * interval}\n" for step in points
                    )
                )
        file.write("# EOF\n")


def make_blocks(binaries, text, directory):
    # Of two hours: for each block the text is read from its beginning to its end. Longer ones, which
    # a server has as well, where that would be a hundred times.
    length = ["--max-block-duration=10d"] if directory.endswith("/days") else []
    subprocess.run(
        [f"{binaries}/promtool", "tsdb", "create-blocks-from", *length, "openmetrics", text, directory],
        check=True,
        stdout=subprocess.DEVNULL,
    )


def storage(binaries, home, name):
    """The directory of the storage, made if it is not there or was made by another text of this
    file."""
    directory, text, mark = f"{home}/data/{name}", f"{home}/data/{name}.om", f"{home}/data/{name}.made-by"
    with open(__file__, "rb") as file:
        version = hashlib.sha256(file.read()).hexdigest()
    if os.path.exists(mark) and open(mark).read() == version:
        return directory
    print(f"generating the data of {name} …", flush=True)
    os.makedirs(f"{home}/data", exist_ok=True)
    shutil.rmtree(directory, ignore_errors=True)
    write(text, PARTS[name], interval=DAYS_INTERVAL if name == "days" else INTERVAL)
    make_blocks(binaries, text, directory)
    if name != "engine":  # which is loaded as text as well
        os.remove(text)
    with open(mark, "w") as file:
        file.write(version)
    return directory


def dashboard_storage(binaries, home, end):
    """Blocks of one member of the dashboard whose data ends at `end`, in seconds; all have the same."""
    directory, text = f"{home}/data/dashboard", f"{home}/data/dashboard.om"
    print("generating the data of the dashboard …", flush=True)
    os.makedirs(f"{home}/data", exist_ok=True)
    shutil.rmtree(directory, ignore_errors=True)
    start = int(end) // DASHBOARD_INTERVAL * DASHBOARD_INTERVAL - DASHBOARD_SECONDS
    write(text, [(None, dashboard_series, False)], start, DASHBOARD_INTERVAL)
    make_blocks(binaries, text, directory)
    os.remove(text)
    return directory


# Pages, for the metadata of metrics


def page_metric(member):
    return f"{member}_service_operation_0000_total"


def page(member):
    """1,500 metrics that every member has, and 500 of its own."""
    lines = []
    for prefix, count in (("shared", 1500), (member, 500)):
        for number in range(count):
            name = f"{prefix}_service_operation_{number:04d}_total"
            lines += [
                f"# HELP {name} Operations of kind {number} that the service has ended, by result.",
                f"# TYPE {name} counter",
                f'{name}{{result="done"}} {number}',
            ]
    return "\n".join(lines) + "\n"
