"""What the attacks share: their outcomes, a server of the real program, and a watch over it while it is attacked."""

import atexit
import contextlib
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
MOST_WAIT_SECONDS = 0.25
MOST_QUERY_SECONDS = 1.0
MOST_MEMORY_MIB = 1536.0
MOST_INGEST_MIB = 600.0
SEVERAL = {"most_wait": 1.0, "most_query": 5.0}
"""Bars in seconds where no single request is under way but many."""
QUERY = {"model": "all-minilm", "input": "how does the walrus find its way home?"}


@dataclass(frozen=True)
class Outcome:
    """One attack: what was to happen, what did, and how the others fared meanwhile."""

    name: str
    expected: str
    happened: str
    good: bool
    wait: float | None = None
    """The longest that `/healthz` took meanwhile, in seconds."""
    query: float | None = None
    memory: float | None = None
    """Peak of the attacked process over its rest, in MiB."""
    most_memory: float = MOST_MEMORY_MIB
    most_wait: float = MOST_WAIT_SECONDS
    most_query: float = MOST_QUERY_SECONDS

    @property
    def held(self):
        is_quick = (self.wait or 0) <= self.most_wait and (self.query or 0) <= self.most_query
        return self.good and is_quick and (self.memory or 0) <= self.most_memory

    @property
    def row(self):
        wait = "" if self.wait is None else f"{self.wait * 1e3:.0f} ms"
        query = "" if self.query is None else f"{self.query * 1e3:.0f} ms"
        memory = "" if self.memory is None else f"{self.memory:+.0f} MiB"
        cells = (self.name, self.expected, self.happened, wait, query, memory, "held" if self.held else "NOT HELD")
        return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


STARTED = []
"""Processes that end with this one, however it ends."""


@atexit.register
def _end_all():
    for process in STARTED:
        if process.poll() is None:
            process.kill()


def environment(folder, **more):
    """The model is compiled once for all: beside the folder of an attack lies the cache of all of them."""
    own = {"PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "XDG_CACHE_HOME": str(Path(folder).parent / "cache")}
    own["XDG_DATA_HOME"] = str(Path(folder) / "data")
    return {**os.environ, **own, **more}


def embedingest(folder, *words, timeout=240, **more):
    """Run a command of the program in a folder; what it printed is text."""
    command = [sys.executable, "-m", "embedingest", *words]
    return subprocess.run(command, cwd=folder, env=environment(folder, **more), capture_output=True, text=True,
                          errors="replace", timeout=timeout)  # fmt: skip


class Server:
    """`embedingest run` over a configuration: a process of its own, its log in a file."""

    def __init__(self, folder, config, **more):
        self.port = _free_port()
        self.folder = Path(folder)
        self.log = self.folder / "server.log"
        self.shared = False
        (self.folder / "attack.json").write_text(
            json.dumps(config | {"server": config["server"] | {"port": self.port}})
        )
        command = [sys.executable, "-m", "embedingest", "run", "attack.json"]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command, cwd=folder, env=environment(folder, **more), stdout=log, stderr=log
            )
        STARTED.append(self.process)
        ends = time.monotonic() + 300  # the first start compiles the model
        while time.monotonic() < ends and self.process.poll() is None:
            with contextlib.suppress(OSError):
                if self.get("/readyz")[0] == 200 and self.post("/api/embed", QUERY)[0] == 200:
                    return
            time.sleep(0.1)
        raise SystemExit(f"the server did not start:\n{self.log.read_text()}")

    def memory(self):
        return psutil.Process(self.process.pid).memory_info().rss / 2**20

    def worked(self):
        """Seconds of processor time until now."""
        times = psutil.Process(self.process.pid).cpu_times()
        return times.user + times.system

    def descriptors(self):
        return psutil.Process(self.process.pid).num_fds()

    def holds(self, ports):
        """How many connections from these ports of clients the process itself still has."""
        mine = psutil.Process(self.process.pid).net_connections("tcp")
        return sum(bool(one.raddr) and one.raddr.port in ports for one in mine)

    def request(self, method, path, body=None, headers=None, timeout=150):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def get(self, path, **headers):
        return self.request("GET", path, headers=headers)

    def post(self, path, body, timeout=150, **headers):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.request("POST", path, data, named, timeout)

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def raw(self, data, seconds=20):
        """All that comes back for these bytes until the server closes, or is silent for so long."""
        with self.connect() as connection:
            connection.settimeout(seconds)
            parts = []
            try:
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    connection.sendall(data)
                while part := connection.recv(1 << 18):
                    parts.append(part)
            except TimeoutError:
                parts.append(b"<open>")
            except ConnectionResetError:
                pass
            return b"".join(parts)

    def stop(self):
        self.process.terminate()
        return self.process.wait(60)


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Watch:
    """While inside: how long `/healthz` and a normal query take at most, and the peak of the server's memory.

    Of a server on a `shared` machine a wait counts as long as the processor worked for the server meanwhile.
    """

    def __init__(self, server, *, queries=True):
        self.wait = self.query = self.memory = 0.0
        self.failures = []
        self._server = server
        self._ended = threading.Event()
        work = [self._ask_health, self._weigh, *([self._ask_query] if queries else [])]
        self._threads = [threading.Thread(target=one, daemon=True) for one in work]

    def __enter__(self):
        self._rest = self._server.memory()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        time.sleep(0.1)
        self._ended.set()
        for thread in self._threads:
            thread.join(150)

    def _ask_health(self):
        while not self._ended.wait(0.02):
            self.wait = max(self.wait, self._time(lambda: self._server.get("/healthz")))

    def _ask_query(self):
        while not self._ended.wait(0.1):
            self.query = max(self.query, self._time(lambda: self._server.post("/api/embed", QUERY)))

    def _time(self, ask):
        shared = self._server.shared
        began, worked = time.perf_counter(), self._server.worked() if shared else 0.0
        try:
            status = ask()[0]
            if status != 200:
                self.failures.append(status)
        except OSError as error:
            self.failures.append(repr(error))
        took = time.perf_counter() - began
        return min(took, self._server.worked() - worked) if shared else took

    def _weigh(self):
        while not self._ended.wait(0.03):
            with contextlib.suppress(psutil.Error):
                self.memory = max(self.memory, self._server.memory() - self._rest)

    def outcome(self, name, expected, happened, good, **bars):
        if self.failures:
            happened, good = f"{happened}; others got {self.failures[:3]}", False
        return Outcome(name, expected, happened, good, self.wait, self.query, self.memory, **bars)


def statuses(received):
    """Of all answers in these bytes."""
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3})", received) if status != b"100"]
