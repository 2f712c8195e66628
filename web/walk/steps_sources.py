"""Logs, traces and profiles beside metrics: how they are, and where they are configured."""
import contextlib
import re

from browser import until
from steps_access import narrow
from steps_projects import save

# Nothing listens there.
AWAY = "http://127.0.0.1:1"


@contextlib.contextmanager
def projects(walk, **definitions):
    """Projects that are there for one step."""
    names = [name.replace("_", "-") for name in definitions]
    try:
        for name, definition in zip(names, definitions.values()):
            if definition is not None:
                walk.scene.send("PUT", f"/api/projects/{name}", {"name": name, **definition})
        yield
    finally:
        for name in names:
            walk.scene.send("DELETE", f"/api/projects/{name}")


def metrics(walk, member):
    return {"prometheus": {"url": f"http://127.0.0.1:{walk.scene.ports[member]}"}}


def logs(walk):
    return {"url": walk.scene.loki.url, "headers": {"X-Scope-OrgID": "tenant-a"}}


def health(walk):
    """The logs of a member answer, the traces of another do not, and each says so."""
    with projects(walk, logs_eu={**metrics(walk, "eu"), "loki": logs(walk)},
                  traces_us={**metrics(walk, "us"), "tempo": {"url": AWAY}}):
        person = walk.open("members")
        walk.settle()
        person.see_row(r"logs-eu ✓ up .*✓ metrics up ✓ logs up")
        # Metrics go on without them.
        person.see_row(r"traces-us ✓ up .*✓ metrics up (✗ traces failing|! traces paused)")
        person.see_row(r"\beu ✓ up .*✓ metrics up (?!.*logs)")
        person.reads("no answer: traces of traces-us")
        # From below, so that what grows moves no button that is to be pressed.
        person.click("button", "^Details of traces-us$")
        failing = sources(walk, "traces-us", "tempo", "traces")
        walk.holds("connection refused" in failing[7].lower(), f"it does not say why: {failing}")
        person.click("button", "^Details of logs-eu$")
        healthy = sources(walk, "logs-eu", "loki", "logs")
        walk.equal(healthy[1], "Loki", "server of the logs")
        walk.holds(re.search("ago|now", healthy[4]), f"the logs never answered: {healthy}")
        walk.equal(healthy[8], walk.scene.loki.url, "address of the logs")
        walk.picture("members-sources")
        faults = walk.axe.faults(person.tab)
        person.tab.size(360, 740, phone=True)
        faults += narrow(walk) + walk.axe.faults(person.tab)
        walk.picture("members-sources-360")
        walk.holds(not faults, "; ".join(faults))
        person.tab.size(1280, 900)
        person.fill("^Filter$", "tempo")
        person.row_gone("logs-eu")
        person.see_row("traces-us")


def sources(walk, name, key, data):
    """The row of a source, after a look whether it and that of metrics are as the API says."""
    table = walk.person.see("table", f"^Sources of {name}$")
    rows = walk.person.rows(table)[1:]
    walk.equal([row[0] for row in rows], ["metrics", data], f"sources of {name}")
    project = walk.scene.get(f"/api/projects/{name}")["data"]
    status = project["telemetry"][key]
    for row, one in zip(rows, (project["status"], status)):
        walk.holds(one["state"] in row[2], f"{row[0]} are {row[2]}, the API says {one['state']}")
    error = (status["lastError"] or {"error": "none"})["error"]
    walk.holds(error in rows[1][7], f"{data} have {rows[1][7]!r}, the API has {error!r}")
    return rows[1]


def edited(walk):
    """Logs and traces are edited in the form, which loses nothing that it has no field for."""
    loki = {**logs(walk), "acceptEncoding": "identity", "everyStream": '{app=~".+"}'}
    with projects(walk, edited={
            **metrics(walk, "eu"), "loki": loki, "timeRange": {"newerThan": "30d"}}):
        person = walk.open("projects?project=edited&tab=source")
        walk.settle()
        group = person.see("group", "^Logs$")
        walk.equal(field(walk, "^URL$", group), walk.scene.loki.url, "address of the logs")
        walk.equal(field(walk, "^Headers$", group), "X-Scope-OrgID=<redacted>", "headers")
        person.fill("^Lines of one query$", "1234", group)
        person.click("checkbox", "^Traces are in a Tempo$")
        person.fill("^URL$", "no-url", person.see("group", "^Traces$"))
        person.click("button", "^Check and save")
        person.reads("1 mistake: nothing was saved")
        wrong = person.see("textbox", "^URL$", person.see("group", "^Traces$"))
        walk.holds(person.tab.call_on(wrong, "function () { return this.ariaInvalid === 'true'; }"),
                   "the address of the traces is not marked as wrong")
        person.fill("^URL$", AWAY, person.see("group", "^Traces$"))
        walk.picture("projects-sources")
        faults = walk.axe.faults(person.tab)
        walk.holds(not faults, "; ".join(faults))
        person.click("button", "^Check and save")
        changed = [row[0] for row in person.rows(person.see("table", within=person.see("dialog")))[1:]]
        walk.holds({"loki.maxLines", "tempo.url"} <= set(changed), f"what changes: {changed}")
        person.click("button", "^Cancel$", person.see("dialog"))
        save(walk, "edited")
        shown = walk.scene.get("/api/projects/edited")["data"]["definition"]
        walk.equal({name: shown["loki"].get(name) for name in (*loki, "maxLines")},
                   {**loki, "headers": {"X-Scope-OrgID": "<redacted>"}, "maxLines": 1234},
                   "the logs as they are saved")
        walk.equal(shown["tempo"]["url"], AWAY, "the address of the traces")
        walk.equal(shown["timeRange"], {"newerThan": "30d"}, "what the form has no field for")
        # With the tenant, which was kept, or else it would be refused.
        until(lambda: state(walk, "edited", "loki") == "up", "the logs do not answer any more")
        # A box that is cleared takes the server out.
        person.click("tab", "^Source$")
        person.click("checkbox", "^Traces are in a Tempo$")
        save(walk, "edited")
        after = walk.scene.get("/api/projects/edited")["data"]
        walk.holds("tempo" not in after["definition"], f"traces are still there: {after}")
        walk.equal(after["definition"]["loki"], shown["loki"], "the logs after that")


def without_metrics(walk):
    """A project of logs alone is made, and is a member without metrics."""
    with projects(walk, only_logs=None):
        person = walk.open("projects")
        walk.settle()
        person.click("button", "^New project$")
        person.fill("^Name$", "only-logs")
        person.click("radio", "^No metrics")
        person.click("tab", "^Source$")
        group = person.see("group", "^Logs$")
        walk.holds(person.is_disabled(person.see("checkbox", "^Logs are in a Loki$")),
                   "its only source can be taken out")
        person.fill("^URL$", walk.scene.loki.url, group)
        person.click("DisclosureTriangle", "^Headers, TLS, times$", group)
        person.fill("^Headers$", "X-Scope-OrgID=tenant-a", group)
        person.click("button", "^Test the connection$")
        person.reads("The Loki answers")
        save(walk, "only-logs")
        walk.equal(walk.scene.get("/api/projects/only-logs")["data"]["kind"], "telemetryOnly", "kind")
        walk.visit("Members")
        person.see_row(r"only-logs ✓ up without metrics ✓ logs up")
        person.click("button", "^Details of only-logs$")
        person.see("table", "^Sources of only-logs$")
        walk.holds(not person.find("link", "^Query it$"), "metrics of it can be queried")


def field(walk, name, group):
    return walk.person.value_of(walk.person.see("textbox", name, group))


def state(walk, name, key):
    return walk.scene.get(f"/api/projects/{name}")["data"]["telemetry"][key]["state"]


STEPS = [health, edited, without_metrics]
