"""How long `tributary serve` takes from exec to its first answer."""
import os
import socket
import statistics
import subprocess
import time

import servers

STARTS = 20
REQUEST = (
    b"GET /api/v1/query?query=1%2B1&time=0 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
)


def first_answer(binary, configuration, port):
    """Seconds until the gateway has answered a query that needs no member."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [binary, "serve", "--config", configuration],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    try:
        while True:
            try:
                with socket.create_connection(("127.0.0.1", port)) as connection:
                    connection.sendall(REQUEST)
                    answer = b""
                    while part := connection.recv(65536):
                        answer += part
                    took = time.perf_counter() - began
                break
            except ConnectionRefusedError:
                if process.poll() is not None or time.perf_counter() - began > 30:
                    raise SystemExit(f"{binary} serve did not begin to listen")
                time.sleep(0.0005)
    finally:
        process.kill()
        process.wait()
    if not answer.startswith(b"HTTP/1.1 200 ") or b'"success"' not in answer:
        raise SystemExit(f"{binary} answered {answer[:200]!r}")
    return took


def measure(binary):
    """The binary, and the seconds of each start but the first, which reads it from disk."""
    print(f"measuring: {STARTS} starts …", flush=True)
    port = servers.free_port()
    configuration = f"{servers.HOME}/cold.yaml"
    with open(configuration, "w") as file:
        file.write(f"listen_address: 127.0.0.1:{port}\ndefaultProject: all\nprojects:\n")
        for name in ("east", "north", "west"):
            # Nothing listens there, and nothing is asked.
            file.write(f'  - name: {name}\n    prometheus: {{url: "http://127.0.0.1:9"}}\n')
        file.write("  - name: all\n    memberProjects: [east, north, west]\n")
    first_answer(binary, configuration, port)
    seconds = [first_answer(binary, configuration, port) for _ in range(STARTS)]
    return {
        "seconds": seconds,
        "median": statistics.median(seconds),
        "bytes": os.path.getsize(binary),
        "has_swift_inside": "libswift" not in libraries(binary),
    }


def libraries(binary):
    return subprocess.run(["ldd", binary], capture_output=True, text=True).stdout
