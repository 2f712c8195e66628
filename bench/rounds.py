"""What is asked, and the rounds in which candidates are asked in turn."""
import dataclasses
import json
import os
import statistics
import time
import urllib.parse

import data
import servers

START = data.START + 20 * data.INTERVAL
END = START + 239 * data.INTERVAL


@dataclasses.dataclass
class Row:
    """One query."""

    title: str
    query: str
    step: int | None  # None for an instant query
    requests: int  # a round

    @property
    def path(self):
        # What is measured is asking and merging. Servers without a cache pass the parameter over.
        if self.step is None:
            parameters = {"query": self.query, "time": END, "nocache": 1}
            return "/api/v1/query?" + urllib.parse.urlencode(parameters)
        parameters = {
            "query": self.query,
            "start": START,
            "end": END,
            "step": self.step,
            "nocache": 1,
        }
        return "/api/v1/query_range?" + urllib.parse.urlencode(parameters)


ROWS = [
    Row("instant, 100 series a member", "up", None, 100),
    Row(
        "dashboard range, 1,000 series a member",
        "sum by (job) (rate(requests_total[5m]))",
        data.INTERVAL,
        10,
    ),
    Row("raw range, 10,000 series x 240 points a member", "raw", data.INTERVAL, 2),
]


@dataclasses.dataclass
class Round:
    """One candidate's turn."""

    seconds: list  # of each request
    cpu: float | None  # seconds a request; None where there is no process to look at
    switches: float | None  # context switches a request


@dataclasses.dataclass
class Result:
    """What one candidate did with one row."""

    name: str
    rounds: list
    peak: float | None  # MiB

    @property
    def median(self):
        return statistics.median(second for one in self.rounds for second in one.seconds)

    def medians(self):
        """Seconds of a request, round by round."""
        return [statistics.median(one.seconds) for one in self.rounds]

    def mean(self, measure):
        return statistics.mean(getattr(one, measure) for one in self.rounds)


def timed(work):
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def turn(candidate, path, count):
    pid = candidate.pid
    if pid is None:
        return Round([timed(lambda: candidate.ask(path)) for _ in range(count)], None, None)
    cpu, switches = servers.cpu_seconds(pid), servers.context_switches(pid)
    seconds = [timed(lambda: candidate.ask(path)) for _ in range(count)]
    return Round(
        seconds,
        (servers.cpu_seconds(pid) - cpu) / count,
        (servers.context_switches(pid) - switches) / count,
    )


def measure(row, candidates, count):
    """The results by name. Every second round goes the other way, so that no candidate always
    comes after the same one."""
    for candidate in candidates:
        candidate.ask(row.path)  # warms caches
        if candidate.pid:
            servers.forget_peak(candidate.pid)
    rounds = {candidate.name: [] for candidate in candidates}
    for number in range(count):
        for candidate in candidates if number % 2 == 0 else candidates[::-1]:
            rounds[candidate.name].append(turn(candidate, row.path, row.requests))
    return {
        candidate.name: Result(
            candidate.name,
            rounds[candidate.name],
            servers.peak_mebibytes(candidate.pid) if candidate.pid else None,
        )
        for candidate in candidates
    }


# What is written


def markdown(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def write(text, results, kind=""):
    """Markdown, and the figures of each round as JSON beside it; returns the path without its
    ending."""
    os.makedirs("bench/results", exist_ok=True)
    path = time.strftime("bench/results/%Y-%m-%d-%H%M%S", time.gmtime()) + kind
    with open(f"{path}.md", "w") as file:
        file.write(text)
    with open(f"{path}.json", "w") as file:
        json.dump(results, file, indent=1, default=dataclasses.asdict)
        file.write("\n")
    return path
