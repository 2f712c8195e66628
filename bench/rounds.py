"""The rounds in which candidates are asked in turn, and what is written of them."""
import dataclasses
import json
import os
import statistics
import time

import servers


@dataclasses.dataclass
class Round:
    """One candidate's turn."""

    seconds: list  # of each request, to the last byte
    firsts: list  # of each request, to the first byte of the body
    cpu: float | None  # seconds a request; None where there is no process to look at
    switches: float | None  # context switches a request
    members_cpu: float  # seconds a request, of the members that are watched


@dataclasses.dataclass
class Result:
    """What one candidate did with one row."""

    name: str
    rounds: list
    bytes: int  # of the body of one answer
    peak: float | None  # MiB

    @property
    def median(self):
        return statistics.median(second for one in self.rounds for second in one.seconds)

    @property
    def first(self):
        return statistics.median(second for one in self.rounds for second in one.firsts)

    def medians(self):
        """Seconds of a request, round by round."""
        return [statistics.median(one.seconds) for one in self.rounds]

    def middle(self, measure):
        """The median round, or None where there is nothing to look at."""
        figures = [getattr(one, measure) for one in self.rounds]
        return None if None in figures else statistics.median(figures)

    def summary(self):
        """For JSON: seconds, bytes and MiB."""
        return {
            "name": self.name,
            "median": self.median,
            "first": self.first,
            "cpu": self.middle("cpu"),
            "members_cpu": self.middle("members_cpu"),
            "switches": self.middle("switches"),
            "peak": self.peak,
            "bytes": self.bytes,
            "rounds": [
                {
                    "seconds": [round(second, 6) for second in one.seconds],
                    "firsts": [round(second, 6) for second in one.firsts],
                    "cpu": one.cpu,
                    "members_cpu": one.members_cpu,
                    "switches": one.switches,
                }
                for one in self.rounds
            ],
        }


def turn(candidate, path, count, watched=()):
    pid = candidate.pid
    members_cpu = sum(map(servers.cpu_seconds, watched))
    cpu, switches = (servers.cpu_seconds(pid), servers.context_switches(pid)) if pid else (0, 0)
    timings = [candidate.ask(path) for _ in range(count)]
    return Round(
        [one.total for one in timings],
        [one.first for one in timings],
        (servers.cpu_seconds(pid) - cpu) / count if pid else None,
        (servers.context_switches(pid) - switches) / count if pid else None,
        (sum(map(servers.cpu_seconds, watched)) - members_cpu) / count,
    )


def measure(row, candidates, count, requests=None, members=()):
    """The results by name. `members` are pairs of a name and a server whose CPU is watched. Every
    second round goes the other way, so that no candidate always comes after the same one."""
    requests = requests or row.requests
    watched = {server.pid for _, server in members}
    sizes = {}
    path_of = lambda one: row.floor_path if isinstance(one, servers.FanOut) else row.path
    for candidate in candidates:
        if candidate.pid:
            servers.forget_peak(candidate.pid)
        for _ in range(max(2, requests // 2)):  # warms caches and connections
            sizes[candidate.name] = candidate.ask(path_of(candidate)).bytes
    rounds = {candidate.name: [] for candidate in candidates}
    for number in range(count):
        for candidate in candidates if number % 2 == 0 else candidates[::-1]:
            rounds[candidate.name].append(turn(candidate, path_of(candidate), requests, watched))
    return {
        candidate.name: Result(
            candidate.name,
            rounds[candidate.name],
            sizes[candidate.name],
            servers.peak_mebibytes(candidate.pid) if candidate.pid else None,
        )
        for candidate in candidates
    }


# What is written


def markdown(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def write(text, results, kind="", path=None):
    """Markdown, and the figures of each round as JSON beside it; returns the path without its
    ending. A run that writes again gives the path that it was given."""
    os.makedirs("bench/results", exist_ok=True)
    path = path or time.strftime("bench/results/%Y-%m-%d-%H%M%S", time.gmtime()) + kind
    with open(f"{path}.md", "w") as file:
        file.write(text)
    with open(f"{path}.json", "w") as file:
        json.dump(results, file, indent=1, default=dataclasses.asdict)
        file.write("\n")
    return path
