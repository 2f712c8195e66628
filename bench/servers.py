"""The servers that are measured, how they are asked, and what they took. Linux only."""
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request

import data

HOME = os.path.abspath(".build/bench")
STARTED = []


class Server:
    """A server that this run started."""

    def __init__(self, name, command, port):
        self.name, self.host, self.port, self.prefix = name, "127.0.0.1", port, ""
        self.log = open(f"{HOME}/{name}.log", "wb")
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log
        )
        self.pid = self.process.pid
        STARTED.append(self)
        for _ in range(3000):  # loading a file takes its time
            if self.process.poll() is not None:
                sys.exit(f"{name} ended at once, see {HOME}/{name}.log")
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=2):
                    return
            except OSError:
                time.sleep(0.1)
        sys.exit(f"{name} did not become ready")

    def ask(self, path):
        return drop_body(self, path)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()


class Peer:
    """A server that was there before, over the same members: NAME=URL@PID."""

    def __init__(self, text):
        self.name, equals, rest = text.partition("=")
        url, at, pid = rest.rpartition("@")
        parts = urllib.parse.urlsplit(url)
        if not (self.name and equals and at and pid.isdigit() and parts.scheme == "http"):
            sys.exit(f"{text!r} is no peer: write NAME=http://HOST:PORT@PID")
        self.host, self.port = parts.hostname, parts.port or 80
        self.prefix = parts.path.rstrip("/")
        self.pid = int(pid)
        if not os.path.exists(f"/proc/{pid}"):
            sys.exit(f"peer {self.name}: there is no process {pid}")

    def ask(self, path):
        return drop_body(self, path)


class FanOut:
    """The floor for any gateway: the same request to each member at once, bodies dropped."""

    name, pid = "bare fan-out", None

    def __init__(self, members):
        self.members = members

    def ask(self, path):
        threads = [threading.Thread(target=one.ask, args=(path,)) for one in self.members]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def drop_body(server, path):
    """One plain request whose body is read and dropped; returns the number of bytes."""
    buffer = bytearray(1 << 18)
    total = 0
    with socket.create_connection((server.host, server.port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        target = server.prefix + path
        head = f"GET {target} HTTP/1.1\r\nHost: {server.host}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())
        first = b""
        while count := connection.recv_into(buffer):
            if total == 0:
                first = bytes(buffer[:16])
            total += count
    if b" 200 " not in first:
        sys.exit(f"{server.name} answered {first!r} to {path}")
    return total


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


def prometheus(binaries, name, storage, port=None):
    port = port or free_port()
    configuration = f"{HOME}/empty.yml"
    with open(configuration, "w") as file:
        file.write("global: {}\n")
    command = [
        f"{binaries}/prometheus",
        f"--config.file={configuration}",
        f"--storage.tsdb.path={storage}",
        "--storage.tsdb.retention.time=3650d",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    return Server(name, command, port)


def tributary(name, binary, members):
    port = free_port()
    configuration = f"{HOME}/{name}.yaml"
    with open(configuration, "w") as file:
        file.write(f"listen_address: 127.0.0.1:{port}\ndefaultProject: all\nprojects:\n")
        for member in members:
            url = f"http://127.0.0.1:{member.port}"
            file.write(f'  - name: {member.name}\n    prometheus: {{url: "{url}"}}\n')
        file.write(f"  - name: all\n    memberProjects: [{', '.join(data.MEMBERS)}]\n")
    return Server(name, [binary, "serve", "--config", configuration], port)


def members(binaries, storages, first_port=None):
    """The members in their order, on ports one after the other if the first is given."""
    return [
        prometheus(binaries, name, storages[name], first_port and first_port + index)
        for index, name in enumerate(data.MEMBERS)
    ]
