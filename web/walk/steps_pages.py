"""The other pages show what the API says."""
import re


def members(walk):
    """Members have their state, version and series."""
    person = walk.open("members")
    walk.settle()
    shown = person.rows(person.see("table", "^Members$"))[1:]
    projects = walk.scene.get("/api/projects")["data"]
    wanted = [one for one in projects if one["kind"] != "multiCluster"]
    walk.equal(len(shown), len(wanted), "members")
    for one in wanted:
        row = next(row for row in shown if one["name"] in row[0].split())
        walk.holds("up" in row[1], f"{one['name']} is {row[1]}")
        walk.holds(one["status"]["version"] in row[2], f"{one['name']} is {row[2]}")
    person.reads(f"{len(wanted)} members: {len(wanted)} up")
    person.click("button", "^Details of eu$")
    person.reads(rf"http://127\.0\.0\.1:{walk.scene.ports['eu']}")
    person.click("button", "^Ask it now$")
    person.reads("eu is up")
    # The columns can be sorted.
    person.click("button", "^Member$")
    names = [row[0].split()[-1] for row in person.rows(person.see("table", "^Members$"))[1:] if len(row) > 1]
    walk.equal([name for name in names if name in walk.scene.MEMBERS], sorted(walk.scene.MEMBERS), "sorted members")


def metrics(walk):
    """A metric is found by a word, with its series by member."""
    person = walk.visit("Metrics")
    # The letters of its name in their order are enough.
    person.fill("^Search names and help$", "promhttpreqtotal")
    person.see("button", "^prometheus_http_requests_total")
    person.fill("^Search names and help$", "http requests total")
    person.click("button", "^prometheus_http_requests_total")
    name = person.see("table", "^Series by member$")
    wanted = walk.scene.query("count by (project) (prometheus_http_requests_total)")
    # It grows: a number between before and after is right.
    shown = {row[0]: int(row[1].replace(",", "")) for row in person.rows(name)[1:]}
    after = walk.scene.query("count by (project) (prometheus_http_requests_total)")
    walk.equal(set(shown), {dict(labels)["project"] for labels in wanted}, "members of the metric")
    for labels, least in wanted.items():
        member = dict(labels)["project"]
        walk.holds(int(least) * 0.5 <= shown[member] <= int(after[labels]) * 1.5,
                   f"{member} has {shown[member]} series, the API {least}")
    person.see("table", "^Labels and their values$")
    person.click("link", r"^sum by \(project\) \(rate")
    person.see("heading", "^Query$")
    walk.holds("rate" in person.path(), person.path())
    walk.settle()


def cardinality(walk):
    """What a project has most of is shown by member."""
    person = walk.visit("Cardinality")
    table = person.see("table", "^Metrics by series$")
    head, first = person.rows(table)[:2]
    walk.equal(head[2:5], list(walk.scene.MEMBERS), "columns")
    top = walk.scene.get("/api/v1/status/tsdb", limit=1)["data"]["seriesCountByMetricName"][0]
    walk.equal(first[0], top["name"], "the metric with the most series")
    person.click("tab", "^Labels$")
    person.click("button", "^job$")
    person.see("table", "^Values of job$")
    wanted = sorted(dict(labels)["job"] for labels in walk.scene.query('count by (job) ({job!=""})'))
    rows = person.rows(person.see("table", "^Values of job$"))[1:]
    walk.equal(sorted(row[0] for row in rows), wanted, "values of job")
    # Each value is counted by member, and what they have is all there is.
    for row in rows:
        walk.equal(number(row[1]), sum(number(cell) for cell in row[2:5]), f"series of {row[0]}")
    person.click("button", "^Close$")


def number(text):
    return int(text.replace(",", ""))


def targets(walk):
    """Targets are in their pools, and one that is down says why."""
    person = walk.visit("Targets")
    active = walk.scene.get("/api/v1/targets", state="active")["data"]["activeTargets"]
    person.reads(f"{len(active)} targets, 1 down")
    for pool in {one["scrapePool"] for one in active}:
        person.see("heading", f"^{pool}$")
    person.choose("^Health$", "down")
    person.reads("1 target, 1 down")
    person.click("button", "^Details of 127.0.0.1:1$")
    person.reads("connection refused")
    walk.holds("health=down" in person.path(), f"the URL has no filter: {person.path()}")


def rules(walk):
    """Rules are in their groups, and one that fails says why."""
    person = walk.visit("Rules")
    person.see("heading", "^eu / shop$")
    groups = walk.scene.get("/api/v1/rules")["data"]["groups"]
    wanted = [rule["name"] for group in groups for rule in group["rules"]]
    shown = [row[0] for row in person.rows(person.see("table", "^Rules of shop$"))[1:]]
    walk.equal([re.sub(r"^[▸▾]\s*", "", name) for name in shown], wanted, "rules")
    person.choose("^State$", "fails")
    person.reads("1 rule in 1 group, 1 failing")
    person.click("button", "^Details of never:made$")
    person.reads("many-to-many matching not allowed")


def alerts(walk):
    """Alerts are counted by member."""
    person = walk.visit("Alerts")
    wanted = walk.scene.get("/api/v1/alerts")["data"]["alerts"]
    person.reads(f"{len(wanted)} alerts firing, 0 pending")
    bar = person.see("group", "^Members$")
    walk.holds(person.find("button", rf"^eu\s*{len(wanted)}$", bar), "eu is not counted")
    person.click("button", r"^us\s*0$", bar)
    person.reads("No alert fits the filters")
    person.click("button", "^All members", bar)
    person.click("button", "^Details of AlwaysFiring$")
    person.reads("It always fires")


def status(walk):
    """The status has the configuration in force, and reads it again."""
    person = walk.visit("Status")
    version = walk.scene.get("/version")["tributary"]
    person.reads(re.escape(version))
    person.click("tab", "^Configuration$")
    walk.settle()
    yaml = walk.scene.get("/api/v1/status/config")["data"]["yaml"]
    shown = walk.person.tab.run("document.querySelector('.yaml')?.textContent.trim()")
    walk.equal(shown, yaml.strip(), "configuration")
    person.click("button", "^Compare with the file$")
    person.reads("The file is in force as it is")
    walk.scene.rewrite("interval: 1s", "interval: 2s")
    try:
        person.click("button", "^Compare with the file$")
        person.reads("The file is not in force as it is now")
        person.reads(r"− +interval: 1s\s+\+ +interval: 2s")
        walk.picture("status-compared")
    finally:
        walk.scene.rewrite("interval: 2s", "interval: 1s")
    person.click("tab", "^Flags$")
    person.see_row("query.timeout")
    asked = "sum by (job) (up)"
    walk.scene.query(asked)
    person.click("tab", "^Top queries$")
    walk.settle()
    person.reads(re.escape(asked))
    person.click("button", "^Reload configuration$")
    person.reads("The configuration was read again")


STEPS = [members, metrics, cardinality, targets, rules, alerts, status]
