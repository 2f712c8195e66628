"""Generated data for the measurements, written once under .build/bench."""
import math
import os
import shutil
import subprocess

MEMBERS = ("east", "north", "west")
START = 1_700_000_000
INTERVAL = 15
# One point a step for an hour, and five minutes before it for the first window of rate().
POINTS = 240 + 20
# What `bench engine` measures: 1,000 series over 1,000 steps.
ENGINE_POINTS = 1000 + 20


def label_text(labels):
    return ",".join(f'{name}="{value}"' for name, value in sorted(labels.items()))


def small_series(member):
    """Names, labels and a function from the step to the value."""
    for number in range(100):
        yield "up", {"job": f"job{number % 10}", "instance": f"host{number}:9100"}, lambda step: 1
    for number in range(1000):
        labels = {
            "job": f"job{number % 10}",
            "instance": f"host{number}:9100",
            "code": ("200", "404", "500")[number % 3],
        }
        yield "requests_total", labels, lambda step, n=number: step * (n % 97) / 4


def raw_series(member):
    for number in range(10_000):
        labels = {
            "job": f"job{number % 10}",
            "instance": f"host{number % 500}:9100",
            "pod": f"service-{number % 100}-{number:05d}",
            "namespace": f"team-{number % 20}",
            "container": "main",
        }
        phase = number / 100
        yield "raw", labels, lambda step, p=phase: round(50 + 40 * math.sin(step / 20 + p), 3)


def engine_series(_member):
    for number in range(1000):
        labels = {"job": f"job{number % 10}", "instance": f"host{number}:9100"}
        yield "x_total", labels, lambda step, n=number: step * (n % 97) / 4


def write(path, parts, points):
    """OpenMetrics text of (member or None, generator) parts; a member becomes a label."""
    with open(path, "w", buffering=1 << 20) as file:
        for member, generator in parts:
            for name, labels, value in generator(member):
                if member:
                    labels = {**labels, "project": member}
                head = f"{name}{{{label_text(labels)}}}"
                file.write(
                    "".join(
                        f"{head} {value(step)} {START + step * INTERVAL}\n"
                        for step in range(points)
                    )
                )
        file.write("# EOF\n")


def storages(binaries, home):
    """The storage directory of every member, of the union and of the engine's data."""
    plans = {name: ([(None, small_series), (None, raw_series)], POINTS) for name in MEMBERS}
    plans["union"] = (
        [(member, part) for part in (small_series, raw_series) for member in MEMBERS],
        POINTS,
    )
    plans["engine"] = ([(None, engine_series)], ENGINE_POINTS)
    os.makedirs(home, exist_ok=True)
    for name, (parts, points) in plans.items():
        data = f"{home}/{name}"
        text = f"{home}/{name}.om"
        if os.path.exists(f"{data}/complete"):
            continue
        print(f"generating the data of {name} …", flush=True)
        shutil.rmtree(data, ignore_errors=True)
        write(text, parts, points)
        subprocess.run(
            [f"{binaries}/promtool", "tsdb", "create-blocks-from", "openmetrics", text, data],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        if name != "engine":
            os.remove(text)
        open(f"{data}/complete", "w").close()
    return {name: f"{home}/{name}" for name in plans}
