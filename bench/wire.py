"""HTTP/1.1 for a client that times answers and drops their bodies, on connections that are kept.

Everything runs on one thread: where several answers are awaited, epoll says which has bytes.

    python3 -m doctest bench/wire.py

An answer is complete at its last byte, wherever the network cuts it:

>>> ours, theirs = socket.socketpair()
>>> one = Connection("localhost", 80)
>>> one.socket = ours
>>> def answered(*parts):
...     one.send("/")
...     theirs.recv(1000)
...     for part in parts:
...         theirs.sendall(part)
...         yield one.receive()
>>> list(answered(b"HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\n\\r", b"\\nab", b"cde"))
[False, False, True]
>>> one.status, one.bytes
(200, 5)
>>> head = b"HTTP/1.1 503 X\\r\\nTransfer-Encoding: chunked\\r\\nConnection: close\\r\\n\\r\\n"
>>> list(answered(head + b"1", b"0\\r", b"\\n0123456789abcdef\\r\\n", b"1\\r\\n.\\r\\n0\\r\\n", b"\\r\\n"))
[False, False, False, False, True]
>>> one.status, one.bytes, one.refusal, one.is_kept
(503, 17, b'0123456789abcdef.', False)
>>> list(answered(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n"))
[True]
>>> theirs.close(), one.close()
(None, None)
"""
import dataclasses
import select
import socket
import struct
import sys
import time

# What was received is dropped, so all connections share it.
BUFFER = bytearray(1 << 18)
LONGEST_WAIT = 300  # seconds without a byte
# A server closes a connection that is idle for minutes; one that was idle for long is opened anew,
# before the clock runs.
LONGEST_IDLE = 30


@dataclasses.dataclass
class Timing:
    """Of one answer, in seconds from before the request was sent."""

    first: float  # the first byte of the body; of several answers, of the last one to begin
    total: float  # the last byte; of several answers, of the last one to end
    bytes: int  # of the bodies


class Connection:
    """One at a time is asked on it; the next request waits for the end of the answer."""

    def __init__(self, host, port, prefix="", headers=()):
        """`headers` are lines that go with each request."""
        self.host, self.port, self.prefix, self.headers = host, port, prefix, headers
        self.socket = None
        self.is_kept = False
        self.used = 0.0

    @property
    def is_fresh(self):
        return self.is_kept and time.perf_counter() - self.used < LONGEST_IDLE

    def open(self):
        self.close()
        self.socket = socket.create_connection((self.host, self.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Not settimeout(), which costs a call of poll() before each that receives.
        timeout = struct.pack("ll", LONGEST_WAIT, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeout)
        self.is_kept = True
        self.used = time.perf_counter()

    def close(self):
        if self.socket:
            self.socket.close()
        self.socket, self.is_kept = None, False

    def send(self, path):
        self.status, self.path, self.first, self.bytes = 0, path, None, 0
        self.phase, self.line, self.left, self.refusal = "head", b"", 0, b""
        self.is_chunked, self.left_of_body = False, 0
        self.began = time.perf_counter()
        lines = [f"GET {self.prefix}{path} HTTP/1.1", f"Host: {self.host}:{self.port}"]
        self.socket.sendall("\r\n".join([*lines, *self.headers, "", ""]).encode())

    def receive(self):
        """Takes what has come, or waits for it; whether the answer is complete."""
        count = self.socket.recv_into(BUFFER)
        now = time.perf_counter()
        if count == 0:
            sys.exit(f"{self.host}:{self.port} closed the connection within its answer to {self.path}")
        at = 0
        while at < count and self.phase != "end":
            if self.left:
                if self.first is None:
                    self.first = now - self.began
                step = min(self.left, count - at)
                if self.status != 200 and len(self.refusal) < 300:
                    self.refusal += bytes(BUFFER[at:at + step])
                self.left -= step
                self.bytes += step
                at += step
                if self.left == 0 and not self.is_chunked:
                    self.phase = "end"
                continue
            newline = BUFFER.find(b"\n", at, count)
            if newline < 0:
                self.line += bytes(BUFFER[at:count])
                break
            line = (self.line + bytes(BUFFER[at:newline])).rstrip(b"\r")
            self.line, at = b"", newline + 1
            self.take(line)
        if self.phase != "end":
            return False
        self.total = now - self.began
        self.used = now
        return True

    def take(self, line):
        """One line of what frames the body."""
        match self.phase:
            case "head" if not self.status:
                self.status = int(line.split(b" ", 2)[1])
            case "head" if line:
                name, _, value = line.partition(b":")
                name, value = name.lower(), value.strip().lower()
                if name == b"content-length":
                    self.left_of_body = int(value)
                elif name == b"transfer-encoding" and value == b"chunked":
                    self.is_chunked = True
                elif name == b"connection" and value == b"close":
                    self.is_kept = False
            case "head" if self.is_chunked:
                self.phase = "size"
            case "head":
                self.left = self.left_of_body
                self.phase = "body" if self.left else "end"
            case "size" if line:  # an empty one ends the chunk before
                self.left = int(line.partition(b";")[0], 16)
                if self.left == 0:
                    self.phase = "trailer"
            case "trailer" if not line:
                self.phase = "end"

    @property
    def timing(self):
        return Timing(self.total if self.first is None else self.first, self.total, self.bytes)

    def ask(self, path):
        """The time of one answer, which must be 200."""
        if not self.is_fresh:
            self.open()
        self.send(path)
        while not self.receive():
            pass
        self.check()
        return self.timing

    def check(self):
        if self.status != 200:
            sys.exit(f"{self.host}:{self.port} answered {self.status} to {self.prefix}{self.path}:"
                     f" {self.refusal[:300].decode(errors='replace')}")


class Connections:
    """Several that are asked at once."""

    def __init__(self, connections):
        self.all = connections
        self.poll = None

    def refresh(self):
        """Opens what is not open, or was idle for long; before the clock runs."""
        if self.poll and all(one.is_fresh for one in self.all):
            return
        self.close()
        self.poll = select.epoll()
        for one in self.all:
            one.open()
            self.poll.register(one.socket.fileno(), select.EPOLLIN)
        self.by_file = {one.socket.fileno(): one for one in self.all}

    def close(self):
        for one in self.all:
            one.close()
        if self.poll:
            self.poll.close()
        self.poll = None

    def answers(self, waiting):
        """Each connection once its answer is complete, while the number of `waiting` is not 0."""
        while waiting():
            for file, _ in self.poll.poll():
                if self.by_file[file].receive():
                    yield self.by_file[file]

    def ask(self, path):
        """The same of all of them at once: the time of all answers together."""
        self.refresh()
        began = time.perf_counter()
        for one in self.all:
            one.send(path)
        left = len(self.all)
        first = total = size = 0
        for one in self.answers(lambda: left):
            left -= 1
            one.check()
            late = one.began - began
            first = max(first, late + one.timing.first)
            total = max(total, late + one.total)
            size += one.bytes
        return Timing(first, total, size)

    def drive(self, next_path):
        """Each connection asks what `next_path` gives, one after the other, until it gives None:
        the times of the answers that were 200, the number of others, and the seconds of all."""
        self.refresh()
        began = time.perf_counter()
        under_way, timings, failed = 0, [], 0

        def go_on(one):
            nonlocal under_way
            path = next_path()
            if path is None:
                return
            if not one.is_kept:
                self.poll.unregister(one.socket.fileno())
                self.by_file.pop(one.socket.fileno())
                one.open()
                self.by_file[one.socket.fileno()] = one
                self.poll.register(one.socket.fileno(), select.EPOLLIN)
            one.send(path)
            under_way += 1

        for one in self.all:
            go_on(one)
        for one in self.answers(lambda: under_way):
            under_way -= 1
            if one.status == 200:
                timings.append(one.timing)
            else:
                failed += 1
            go_on(one)
        return timings, failed, time.perf_counter() - began
