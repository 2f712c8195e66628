"""Three real Prometheus servers, and gateways over them, on this machine."""
import importlib.machinery
import importlib.util
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

from browser import until
from doubles import Loki

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOKEN = "token-of-the-walk"
ADMIN = "admin-of-the-walk"

RULES = """\
groups:
  - name: shop
    interval: 2s
    rules:
      - {record: "job:up:sum", expr: sum by (job) (up)}
      - alert: AlwaysFiring
        expr: vector(1)
        labels: {severity: page}
        annotations: {summary: "It always fires."}
      - {alert: TargetDown, expr: up == 0, labels: {severity: ticket}}
      - {record: "never:made", expr: up * on () up}
"""


def demonstration():
    """The servers of scripts/demo-scene, whose functions start and stop processes."""
    loader = importlib.machinery.SourceFileLoader("demo_scene", f"{ROOT}/scripts/demo-scene")
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("demo_scene", loader))
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


class Scene:
    MEMBERS = ("eu", "us", "ops")

    def __init__(self, home, prometheus, tributary, page):
        self.home = home
        self.prometheus = prometheus
        self.tributary = tributary
        self.page = page
        self.servers = demonstration()
        self.servers.HOME = home
        self.ports = {}
        self.children = {}
        self.loki = None
        os.makedirs(home, exist_ok=True)

    def start(self):
        """Everything answers, and each member has samples of some seconds, when this returns."""
        self.loki = Loki()
        for index, name in enumerate(self.MEMBERS):
            self.ports[name] = self.servers.free_port(9291 + index)
        for name in self.MEMBERS:
            self._configure(name)
            self.begin(name)
        self.base = self._gateway("open", 9290, "")
        self.locked = self._gateway(
            "locked", 9289,
            f"auth:\n  tokens:\n    - {{name: reader, token: {TOKEN}, projects: [world]}}\n"
            f"    - {{name: keeper, token: {ADMIN}, admin: true}}\n")
        until(
            lambda: self._count("count(count_over_time(up[1m]) > 12)") >= 6,
            "the members have no samples", patience=60)

    def _configure(self, name):
        folder = f"{self.home}/{name}"
        os.makedirs(folder)
        jobs = [("prometheus", [self.ports[name]])]
        if name == "eu":
            jobs.append(("broken", [1]))
        if name == "ops":
            jobs.append(("others", [self.ports["eu"], self.ports["us"]]))
        # Two samples a second: the walk waits for nobody's minute.
        text = self.servers.scrape_configuration(jobs).replace(
            "scrape_interval: 2s", "scrape_interval: 500ms")
        if name == "eu":
            text += "rule_files: [rules.yml]\n"
            with open(f"{folder}/rules.yml", "w") as file:
                file.write(RULES)
        with open(f"{folder}/prometheus.yml", "w") as file:
            file.write(text)

    def begin(self, name):
        """Starts a member, or starts it again with the data that it had."""
        folder = f"{self.home}/{name}"
        # One member has native histograms.
        more = ["--enable-feature=native-histograms"] if name == "ops" else []
        self.children[name] = self.servers.start(name, [
            f"{self.prometheus}/prometheus", f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{self.ports[name]}", "--log.level=warn", *more])
        self.servers.wait_for(self.children[name], f"http://127.0.0.1:{self.ports[name]}/-/ready")

    def kill(self, name):
        self.children[name].kill()
        self.children[name].wait()

    def _gateway(self, name, port, more):
        port = self.servers.free_port(port)
        folder = f"{self.home}/{name}"
        os.makedirs(folder)
        lines = [f"listen_address: 127.0.0.1:{port}", f"data_dir: {folder}/data",
                 "defaultProject: world", "probes: {interval: 1s}", more.rstrip(), "projects:"]
        for member in self.MEMBERS:
            url = f"http://127.0.0.1:{self.ports[member]}"
            lines.append(f'  - {{name: {member}, prometheus: {{url: "{url}"}}}}')
        lines.append(f"  - {{name: world, memberProjects: [{', '.join(self.MEMBERS)}]}}")
        with open(f"{self.home}/{name}.yaml", "w") as file:
            file.write("\n".join(line for line in lines if line) + "\n")
        child = self.servers.start(name, [
            self.tributary, "serve", "--config", f"{self.home}/{name}.yaml",
            "--web-dir", self.page])
        base = f"http://127.0.0.1:{port}"
        self.servers.wait_for(child, f"{base}/-/ready")
        return base

    def rewrite(self, text, other):
        """Changes the file of the gateway without a token, which is not told of it."""
        path = f"{self.home}/open.yaml"
        with open(path) as file:
            whole = file.read()
        with open(path, "w") as file:
            file.write(whole.replace(text, other))

    # What the API says, which the page must show.

    def get(self, path, **parameters):
        """The data of an answer, warnings and all, whatever its status."""
        url = f"{self.base}{path}"
        if parameters:
            url += "?" + urllib.parse.urlencode(parameters)
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as refusal:
            return json.loads(refusal.read())

    def send(self, method, path, document=None):
        """Changes something, and gives the data of the answer; whatever is refused is a failure."""
        body = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(
            f"{self.base}{path}", body, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read())

    def query(self, text, **parameters):
        """Values by the sorted labels of their series."""
        answer = self.get("/api/v1/query", query=text, **parameters)
        if answer["status"] != "success":
            raise AssertionError(f"{text}: {answer}")
        return {
            tuple(sorted(series["metric"].items())): series["value"][1]
            for series in answer["data"]["result"]
        }

    def _count(self, text):
        values = list(self.query(text).values())
        return int(values[0]) if values else 0

    def stop(self):
        if self.loki:
            self.loki.stop()
        self.servers.stop_all()


def now():
    """Seconds since the epoch, whole."""
    return int(time.time())
