"""What is asked."""
import dataclasses
import urllib.parse

import data

START = data.START + 20 * data.INTERVAL
END = START + 239 * data.INTERVAL


def instant_path(query):
    # What is measured is asking and merging. Servers without a cache pass `nocache` over.
    parameters = {"query": query, "time": END, "nocache": 1}
    return "/api/v1/query?" + urllib.parse.urlencode(parameters)


def range_path(query, start=START, step=data.INTERVAL, end=END):
    parameters = {"query": query, "start": start, "end": end, "step": step, "nocache": 1}
    return "/api/v1/query_range?" + urllib.parse.urlencode(parameters)


@dataclasses.dataclass
class Row:
    """One question."""

    name: str  # as in the picture
    title: str
    text: str  # as in the table
    path: str  # what gateways and the union are asked
    floor_path: str  # what the members are asked by the fan-out
    requests: int  # a round
    members: int = 3  # 60 are the three servers under 60 names
    asked: int | None = None  # the one member that the fan-out asks, where the question chooses it
    is_of_pages: bool = False  # whether the servers must have scraped

    def of(self, members):
        """Those that the fan-out asks."""
        return members if self.asked is None else [members[self.asked]]


def row(name, title, query, requests, path_of, floor=None, **more):
    return Row(name, title, query, path_of(query), path_of(floor or query), requests, **more)


def list_row(name, title, path, requests, **more):
    return Row(name, title, path.partition("&start=")[0], path, path, requests, **more)


def ten_ups(*matchers):
    """Ten series of each member."""
    return "up{" + ",".join(('job="job0"', *matchers)) + "}"


def rate_by_handler(*matchers):
    selector = "{" + ",".join(matchers) + "}" if matchers else ""
    return f"sum by (handler) (rate(requests_total{selector}[5m]))"


TIMES = f"&start={START}&end={END}"

# What bench/compare asks too.
INSTANT = row("instant, 300 series", "instant, 100 series a member", "up", 100, instant_path)
DASHBOARD = row(
    "sum by (job)",
    "dashboard range, 1,000 series a member",
    "sum by (job) (rate(requests_total[5m]))",
    10,
    range_path,
)
RAW = row("raw range, 162 MB", "raw range, 10,000 series x 240 points a member", "raw", 1, range_path)

ROWS = [
    row("constant", "constant", "1+1", 100, instant_path),
    row("instant, 30 series", "instant, 10 series a member", ten_ups(), 100, instant_path),
    row(
        "instant, 60 members", "the same over 60 members", ten_ups(), 20, instant_path, members=60
    ),
    row(
        "one of 60 by project",
        "one of 60 members, chosen by `project`",
        ten_ups('project="m007"'),
        100,
        instant_path,
        floor=ten_ups(),
        members=60,
        asked=7,
    ),
    INSTANT,
    row(
        "topk(10, rate)",
        "instant, 10,000 series in all",
        "topk(10, rate(jobs_total[5m]))",
        20,
        instant_path,
    ),
    DASHBOARD,
    row("sum by (handler)", "range, 100 groups", rate_by_handler(), 10, range_path),
    row(
        "the same of one project",
        "the same of one member, chosen by `project`",
        rate_by_handler('project="east"'),
        20,
        range_path,
        floor=rate_by_handler(),
        asked=0,
    ),
    row(
        "quantile by (handler)",
        "range that members cannot compute alone",
        "quantile by (handler) (0.9, rate(requests_total[5m]))",
        3,
        range_path,
    ),
    row(
        "histogram_quantile",
        "range over 1,000 buckets a member",
        "histogram_quantile(0.9, sum by (le, handler) (rate(latency_bucket[5m])))",
        10,
        range_path,
    ),
    row(
        "raw range, 65 MB",
        "raw range, 4,000 series x 240 points a member",
        'raw{namespace=~"team-[0-7]"}',
        2,
        range_path,
    ),
    RAW,
    list_row(
        "series, 90,000",
        "series, 30,000 a member",
        "/api/v1/series?match[]=inventory" + TIMES,
        2,
    ),
    list_row(
        "label values, 60,000",
        "label values, 20,000 a member",
        "/api/v1/label/container_id/values?match[]=inventory" + TIMES,
        4,
    ),
    list_row(
        "metadata",
        "metadata of 2,000 metrics a member",
        "/api/v1/metadata",
        10,
        is_of_pages=True,
    ),
]
