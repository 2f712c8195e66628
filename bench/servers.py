"""The servers that are measured, how they are started, and what they took. Linux only."""
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request

import data
import wire

HOME = os.path.abspath(".build/bench")
STARTED = []


class Server:
    """A server that this run started; `headers` go with each request that is measured."""

    def __init__(self, name, command, port, ready="/-/ready", headers=()):
        self.name, self.host, self.port, self.prefix = name, "127.0.0.1", port, ""
        self.headers = headers
        self.connection = wire.Connection(self.host, port, headers=headers)
        with open(f"{HOME}/{name}.log", "wb") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self.pid = self.process.pid
        STARTED.append(self)
        for _ in range(3000):  # loading a file takes its time
            if self.process.poll() is not None:
                sys.exit(f"{name} ended at once, see {HOME}/{name}.log")
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{ready}", timeout=2):
                    return
            except OSError:
                time.sleep(0.1)
        sys.exit(f"{name} did not become ready")

    def ask(self, path):
        return self.connection.ask(path)

    def get(self, path):
        """The body, for what is not measured."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=60) as answer:
            return answer.read()

    def stop(self):
        self.connection.close()
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()
        if self in STARTED:
            STARTED.remove(self)


class Peer:
    """A server that was there before, over the same members: NAME=URL@PID."""

    def __init__(self, text):
        self.name, equals, rest = text.partition("=")
        url, at, pid = rest.rpartition("@")
        parts = urllib.parse.urlsplit(url)
        if not (self.name and equals and at and pid.isdigit() and parts.scheme == "http"):
            sys.exit(f"{text!r} is no peer: write NAME=http://HOST:PORT@PID")
        self.pid = int(pid)
        self.connection = wire.Connection(
            parts.hostname, parts.port or 80, parts.path.rstrip("/")
        )
        if not os.path.exists(f"/proc/{pid}"):
            sys.exit(f"peer {self.name}: there is no process {pid}")

    def ask(self, path):
        return self.connection.ask(path)


class FanOut:
    """The floor for any gateway: the same request to each member at once, on connections that are
    kept as the gateway's are, and bodies that are read and dropped."""

    name, pid = "fan-out", None

    def __init__(self, members):
        """Of pairs of a name and its server."""
        self.connections = wire.Connections(
            [
                wire.Connection(server.host, server.port, headers=server.headers)
                for _, server in members
            ]
        )

    def ask(self, path):
        return self.connections.ask(path)

    def close(self):
        self.connections.close()


def stop_all():
    for server in reversed(STARTED.copy()):
        server.stop()


# What a process took


def cpu_seconds(pid):
    """Of all its threads, those that ended too, to the nanosecond."""
    return time.clock_gettime((~pid << 3) | 2)  # as clock_getcpuclockid(3) makes it


def context_switches(pid):
    """Of all threads that it has now."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/status") as file:
                total += sum(int(line.split()[1]) for line in file if "ctxt_switches" in line)
        except FileNotFoundError:
            pass  # the thread has just ended
    return total


def peak_mebibytes(pid):
    with open(f"/proc/{pid}/status") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0


def forget_peak(pid):
    try:
        with open(f"/proc/{pid}/clear_refs", "w") as file:
            file.write("5")
    except PermissionError:
        pass  # a peer of another user: its peak is that of its life


# Starting them


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pages():
    """What members scrape, so that they have metadata."""
    port = free_port()
    command = [sys.executable, f"{os.path.dirname(os.path.abspath(__file__))}/exporter.py", str(port)]
    return Server("exporter", command, port)


def prometheus(binaries, name, storage, port=None, scraped=()):
    """On a copy of the storage, whose blocks are links: what the server does to it, as compacting,
    is gone at the next start. `scraped` are pairs of the server that has pages, and a page."""
    port = port or free_port()
    copy = f"{HOME}/running/{name}"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(storage, copy, copy_function=os.link)
    configuration = f"{HOME}/{name}.prometheus.yml"
    with open(configuration, "w") as file:
        file.write("global: {scrape_interval: 10s, scrape_timeout: 5s}\n")
        file.write("scrape_configs:\n" if scraped else "")
        for server, page in scraped:
            file.write(f"  - job_name: {page}\n    metrics_path: /{page}\n")
            file.write(f'    static_configs: [{{targets: ["127.0.0.1:{server.port}"]}}]\n')
    command = [
        f"{binaries}/prometheus",
        f"--config.file={configuration}",
        f"--storage.tsdb.path={copy}",
        "--storage.tsdb.retention.time=3650d",
        # Nothing is compacted while it is measured.
        "--storage.tsdb.min-block-duration=2h",
        "--storage.tsdb.max-block-duration=2h",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    server = Server(name, command, port)
    for _, page in scraped:
        wait_for_metadata(server, data.page_metric(page))
    return server


def wait_for_metadata(server, metric):
    for _ in range(300):
        if metric.encode() in server.get(f"/api/v1/metadata?metric={metric}"):
            return
        time.sleep(0.1)
    sys.exit(f"{server.name} has scraped nothing in half a minute")


def tributary(name, binary, members, settings="", kind="prometheus", more="", headers=()):
    """A gateway over pairs of a name and the server that it names; `settings` are those of each
    server, `kind` is its key, and `more` is of the file besides."""
    port = free_port()
    configuration = f"{HOME}/{name}.yaml"
    with open(configuration, "w") as file:
        file.write(f"listen_address: 127.0.0.1:{port}\ndefaultProject: all\n{more}projects:\n")
        for member, server in members:
            url = f"http://127.0.0.1:{server.port}"
            further = f", {settings}" if settings else ""
            file.write(f'  - name: {member}\n    {kind}: {{url: "{url}"{further}}}\n')
        names = ", ".join(member for member, _ in members)
        file.write(f"  - name: all\n    memberProjects: [{names}]\n")
    command = [binary, "serve", "--config", configuration]
    return Server(name, command, port, headers=headers)


def members(binaries, first_port=None, scraped=None):
    """Pairs of a member's name and its server, on ports one after the other if the first is given.
    `scraped` has pages that they scrape."""
    return [
        (
            name,
            prometheus(
                binaries,
                name,
                data.storage(binaries, HOME, name),
                first_port and first_port + index,
                [(scraped, name)] if scraped else (),
            ),
        )
        for index, name in enumerate(data.MEMBERS)
    ]


def built(package, product):
    """The path of a product of one of the bench's own packages, after building it."""
    command = [
        "swift", "build", "-c", "release", "--package-path", f"bench/{package}",
        "--scratch-path", f"{HOME}/{package}",
    ]
    # What the build tells goes beside this run's own lines.
    if subprocess.run(command, stdout=sys.stderr).returncode:
        sys.exit(f"bench/{package} does not build")
    found = subprocess.run([*command, "--show-bin-path"], stdout=subprocess.PIPE, text=True)
    return f"{found.stdout.strip()}/{product}"


def many_names(members, count):
    """The servers of the members under `count` names."""
    return [(name, members[n % len(members)][1]) for n, name in enumerate(data.names(count))]
