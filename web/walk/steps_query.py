"""The query page: its numbers are those of the API, its plan is that of the gateway."""
import calendar
import datetime
import os
import re
import time

from browser import until
from scene import now
from walk import close_to, short


def ask(walk, text):
    """Replaces the expression and runs it."""
    person = walk.person
    person.click("textbox", "^Expression$")
    # Text that is typed over other text gets a style of the browser's own, which the CSP forbids.
    person.tab.key("Ctrl+a")
    person.tab.key("Backspace")
    person.tab.type(text)
    # A list of completions would take the key.
    person.tab.key("Escape")
    person.tab.key("Enter")
    walk.settle()


def clock(seconds):
    """A moment as a person types it, in UTC."""
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime(
        "%Y-%m-%d %H:%M:%S")


def results(walk):
    """The rows of the result's table by their labels, in the order of the names."""
    person = walk.person
    region = person.see("group", "^Result table$")
    head, *rows = person.rows(person.see("table", within=region))
    names = ["__name__" if name == "name" else re.sub(r"[↑↓]", "", name).strip() for name in head]
    return {
        tuple(sorted((name, cell) for name, cell in zip(names[:-1], row) if cell)): row[-1]
        for row in rows
    }


def table(walk):
    """A query's table has the numbers of the API."""
    person = walk.open("query")
    moment = now() - 3
    person.fill("^Time, for example", clock(moment))
    person.tab.key("Enter")
    for text in ("up", "sum by (project) (scrape_samples_scraped)", "rate(process_cpu_seconds_total[5s])"):
        ask(walk, text)
        walk.equal(results(walk), walk.scene.query(text, time=moment), text)
    walk.holds("g0.expr=rate" in person.path(), f"the URL does not hold the query: {person.path()}")
    walk.picture("query-table")


def members_of_an_answer(walk):
    """Every member that was asked is shown with how it answered."""
    person = walk.person
    ask(walk, "up")
    strip = person.see("group", "^Members$")
    for name in walk.scene.MEMBERS:
        walk.holds(person.find("button", rf"\b{name}\b", strip), f"{name} is not among the members")
    person.click("button", r"\beu\b", strip)
    walk.settle()
    walk.equal(results(walk), walk.scene.query('up{project="eu"}', time=moment_of(walk)), "only eu")
    person.click("button", "^Ask all$")
    walk.settle()


def moment_of(walk):
    """The moment that the URL names."""
    text = walk.person.tab.run("new URLSearchParams(location.search).get('g0.moment_input')")
    return calendar.timegm(time.strptime(text, "%Y-%m-%d %H:%M:%S"))


def graph(walk):
    """A graph's numbers are those of the API."""
    person = walk.open("query")
    end = now() - 2
    text = 'count by (project) ({__name__=~"prometheus_http.*"})'
    ask(walk, text)
    person.click("tab", "^Graph$")
    walk.settle()
    # No waiting in between: an answer that comes while a person types must not take what is typed.
    person.fill("^End, for example", clock(end))
    person.tab.key("Enter")
    person.fill("^Range, for example", "1m")
    person.tab.key("Enter")
    person.fill("^Step, for example", "1s")
    person.tab.key("Enter")
    walk.settle()
    person.see("image", "^Graph: ")
    answer = walk.scene.get("/api/v1/query_range", query=text, start=end - 60, end=end, step=1)
    wanted = {}
    for series in answer["data"]["result"]:
        values = [float(value) for _, value in series["values"]]
        wanted[series["metric"]["project"]] = (
            values[-1], min(values), sum(values) / len(values), max(values))

    def shown():
        rows = person.rows(person.see("table", "^Series of the graph"))[1:]
        return {re.search(r'project="?(\w+)', row[0])[1]: [short(one) for one in row[1:]]
                for row in rows if len(row) == 5 and "–" not in row}

    def is_same(seen):
        return set(seen) == set(wanted) and all(
            close_to(*pair) for name, numbers in seen.items() for pair in zip(numbers, wanted[name]))
    # The graph of the step before is drawn until the last one is.
    until(lambda: is_same(shown()), lambda: f"the graph has {shown()}, the API {wanted}")
    walk.picture("query-graph")


def histogram(walk):
    """A native histogram is drawn as bars, with the numbers of the API."""
    person = walk.open("query")
    text = 'prometheus_http_request_duration_seconds{project="ops",job="prometheus",handler="/api/v1/query"}'
    moment = now() - 2
    person.fill("^Time, for example", clock(moment))
    person.tab.key("Enter")
    ask(walk, text)
    series = walk.scene.get("/api/v1/query", query=text, time=moment)["data"]["result"]
    walk.holds(len(series) == 1 and "histogram" in series[0], f"the API has no histogram: {series}")
    wanted = series[0]["histogram"][1]
    image = person.see("image", "^Histogram of ", person.see("group", "^Result table$"))
    bars = person.tab.call_on(image, "function () { return this.children.length; }")
    walk.holds(0 < bars <= len(wanted["buckets"]), f"{bars} bars for {len(wanted['buckets'])} buckets")
    heights = person.tab.call_on(
        image, "function () { return [...this.children].map(one => one.getBoundingClientRect().height); }")
    walk.holds(max(heights) > 10 and min(heights) > 0, f"the bars are not to be seen: {heights}")
    person.reads(f"count {int(wanted['count'])}, sum")
    walk.picture("query-histogram")


def explain(walk):
    """The plan of a quantile names who is asked, and for what."""
    person = walk.open("query")
    text = "quantile(0.9, scrape_duration_seconds)"
    ask(walk, text)
    person.click("tab", "^Explain$")
    walk.settle()
    plan = person.see("list", "^Plan$")
    said = person.text_of(plan)
    data = walk.scene.get("/api/v1/explain", query=text)["data"]
    person.reads("Asked: " + ", ".join(data["membersAsked"]))
    for name in walk.scene.MEMBERS:
        walk.holds(name in said, f"{name} is not in the plan: {said}")
    walk.holds("quantile" in said, f"the quantile is not in the plan: {said}")
    person.click("DisclosureTriangle", "requests? to members")
    rows = person.rows(person.see("table", within=person.see("group", "^Requests to members$")))[1:]
    walk.equal({row[0] for row in rows}, set(walk.scene.MEMBERS), "members that were sent requests")
    walk.holds(all(row[4].startswith("HTTP/") and "✓" in row[5] for row in rows), f"requests: {rows}")
    person.click("tab", "^Raw JSON$")
    person.reads('"status"')
    walk.picture("query-raw")


def documented(walk):
    """The pictures of the documentation show a graph over all members, and a plan."""
    person = walk.open("query")
    until(lambda: float(next(iter(walk.scene.query("min(count_over_time(up[2m]))").values()), 0)) > 120,
          "the members have no minute of samples", patience=90)
    person.tab.size(1280, 800)
    ask(walk, "sum by (project) (rate(prometheus_tsdb_head_samples_appended_total[10s]))")
    person.click("tab", "^Graph$")
    person.fill("^Range, for example", "1m")
    person.tab.key("Enter")
    walk.settle()
    person.see("image", "^Graph: ")
    person.tab.run("document.activeElement.blur()")
    walk.picture("docs-web-page-graph")
    person = walk.open("query")
    person.tab.size(1280, 800)
    ask(walk, "topk(3, quantile by (job) (0.9, scrape_duration_seconds))")
    person.click("tab", "^Explain$")
    walk.settle()
    person.click("DisclosureTriangle", "requests? to members")
    person.see("table", within=person.see("group", "^Requests to members$"))
    person.tab.run("document.activeElement.blur()")
    walk.picture("docs-web-page-plan")
    for name in ("graph", "plan"):
        size = os.path.getsize(f"{walk.pictures}/docs-web-page-{name}.png")
        walk.holds(size < 200_000, f"the picture of the {name} has {size} bytes")


def missing_member(walk):
    """A member that is killed is named beside the answer, and on the page Members."""
    person = walk.open("query")
    # Pages ask the member itself, too.
    person.tab.expect("503")
    ask(walk, "sum by (project) (up)")
    walk.scene.kill("us")
    try:
        ask(walk, "sum by (project) (up )")
        person.reads(r"(?s)Partial answer.*us\b.*connection refused|project \"us\": connection refused")
        strip = person.see("group", "^Members$")
        chip = person.see("button", r"\bus\b.*connection refused", strip)
        walk.holds("✗" in person.text_of(chip), "the chip of us has no sign")
        walk.holds(("project", "us") not in [pair for row in results(walk) for pair in row],
                   "a member that is away has a row")
        walk.picture("query-partial")
        walk.visit("Members")
        person.see_row(r"us.*(failing|paused)")
        person.reads("1 (failing|paused)")
        person.click("button", "^Details of us$")
        person.reads("connection refused")
        person.see("link", r"\b1 (of 3 )?down", patience=40)
        walk.picture("members-failing")
    finally:
        walk.scene.begin("us")
    person.click("button", "^Ask it now$")
    person.see_row(r"us.*\bup\b", patience=20)


STEPS = [table, members_of_an_answer, graph, histogram, explain, documented, missing_member]
