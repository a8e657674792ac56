"""The server under load and abuse, over real sockets, in a process of its own: `python benchmarks/load.py`.

Each trial ends with the same question, whether the next request is answered normally. Ends with 1 if one is not.
Figures are of this machine; the model is `hashing` unless `--model` names another, so that the server is measured.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import psutil

from embedingest.server.wire.numbers import json_rows

HEAD_SECONDS, BODY_SECONDS = 3.0, 4.0
SERVER = """
import sys
from embedingest.config import EngineConfig, ModelConfig, ServerConfig
from embedingest.engine.local import LocalEngine
from embedingest.server.app import create_app
from embedingest.server.run import HttpServer
models = {"other": ModelConfig(encoder="hashing", max_tokens=300)}
engine = LocalEngine(EngineConfig(max_loaded_models=int(sys.argv[1]), max_waiting=64), models)
settings = ServerConfig(port=0, head_timeout_seconds=float(sys.argv[2]), body_timeout_seconds=float(sys.argv[3]))
server = HttpServer(create_app(engine, settings), settings)
print(server.port, flush=True)
server.run()
engine.close()
"""


class Server:
    """A server process; `rss` is its resident size in MiB."""

    def __init__(self, *, max_models: int = 3) -> None:
        command = [sys.executable, "-c", SERVER, str(max_models), str(HEAD_SECONDS), str(BODY_SECONDS)]
        root = str(Path(__file__).resolve().parent.parent)
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": root}
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    @property
    def rss(self) -> float:
        return psutil.Process(self.process.pid).memory_info().rss / 2**20

    def post(self, body, path="/api/embed"):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(timeout=60)


def answers(server, model) -> bool:
    return server.post({"model": model, "input": "still there?"})[0] == 200


def throughput(server, model):
    """200 requests of one text, from 16 clients; then 20 of 500 texts."""

    def one(number):
        began = time.perf_counter()
        status, _ = server.post({"model": model, "input": f"request number {number}"})
        return status, time.perf_counter() - began

    began = time.perf_counter()
    with ThreadPoolExecutor(16) as threads:
        replies = list(threads.map(one, range(400)))
    rate = len(replies) / (time.perf_counter() - began)
    took = sorted(seconds for _, seconds in replies)
    began = time.perf_counter()
    sizes = [
        len(server.post({"model": model, "input": [f"text {i} of {j}" for i in range(500)]})[1]) for j in range(20)
    ]
    bulk = 20 * 500 / (time.perf_counter() - began)
    good = sum(status == 200 for status, _ in replies)
    p99 = took[int(len(took) * 0.99)] * 1e3
    single = f"{rate:.0f} requests/s (median {statistics.median(took) * 1e3:.1f} ms, p99 {p99:.1f} ms)"
    return good == len(replies) and min(sizes) > 0, f"{single}; {bulk:.0f} texts/s in bulk"


def overload(server, model):
    """300 clients at once where 64 may wait: what is accepted and what is refused is all that was sent."""
    body = {"model": model, "input": ["some text of a few words"] * 200}
    with ThreadPoolExecutor(300) as threads:
        statuses = list(threads.map(lambda _: server.post(body)[0], range(300)))
    counts = {status: statuses.count(status) for status in sorted(set(statuses))}
    return set(counts) <= {200, 503} and sum(counts.values()) == 300, f"answers by status: {counts}"


def silent(server, _model):
    """1000 clients that connect and say nothing, and one that speaks."""
    before = server.rss
    clients = [server.connect() for _ in range(1000)]
    began = time.perf_counter()
    spoke = answers(server, "hashing")
    waited = time.perf_counter() - began
    ends = [client.recv(100).startswith(b"HTTP/1.1 408") for client in clients]
    for client in clients:
        client.close()
    memory = f"{server.rss - before:+.0f} MiB"
    said = f"the speaking one waited {waited * 1e3:.1f} ms; all let go after {HEAD_SECONDS} s; {memory}"
    return spoke and all(ends), said


def slow(server, model):
    """50 clients that send a byte of their body a second."""
    clients = [server.connect() for _ in range(50)]
    for client in clients:
        client.sendall(b"POST /api/embed HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n")
    began = time.perf_counter()
    ended = 0
    while ended < len(clients) and time.perf_counter() - began < BODY_SECONDS * 3:
        time.sleep(1)
        ended = sum(_sent(client) for client in clients)
        if not answers(server, model):
            return False, "a normal request was not answered meanwhile"
    took = time.perf_counter() - began
    return ended == len(clients), f"all let go after {took:.0f} s (the limit is {BODY_SECONDS} s)"


def _sent(client) -> bool:
    """Whether the server has ended this connection."""
    try:
        client.sendall(b" ")
        client.setblocking(False)
        return client.recv(1000) != b"" or True
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        client.setblocking(True)


def huge(server, model):
    """A body of 100 MB, and a million inputs."""
    before = server.rss
    body = b'{"model":"%s","input":"%s"}' % (model.encode(), b"word " * 20_000_000)
    first = server.post(body)[0]
    second = server.post({"model": model, "input": ["a"] * 1_000_000})[0]
    return (first, second) == (413, 413), f"{first} and {second}; {server.rss - before:+.0f} MiB"


def leaving(server, model):
    """200 clients that ask for much and leave at once."""
    body = json.dumps({"model": model, "input": ["text to embed for nobody " * 8] * 500}).encode()
    for _ in range(200):
        client = server.connect()
        client.sendall(
            b"POST /api/embed HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        client.close()
    began = time.perf_counter()
    while not (spoke := answers(server, model)) and time.perf_counter() - began < 10:
        time.sleep(0.01)
    return spoke, f"a request was answered {time.perf_counter() - began:.2f} s later"


def two_models(_server, _model):
    """Two models with room for one, asked for in turn by 8 clients."""
    small = Server(max_models=1)
    names = ["hashing", "other"] * 40
    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(lambda name: small.post({"model": name, "input": "x"})[0], names))
    code = small.stop()
    return statuses == [200] * 80 and code == 0, f"{statuses.count(200)} of 80 answered, none evicted in use"


def stopping(_server, model):
    """SIGTERM while 20 requests are being answered: all of them are."""
    server = Server()
    answers(server, model)
    statuses = []
    body = {"model": model, "input": ["some text of several words"] * 2000}
    clients = [threading.Thread(target=lambda: statuses.append(server.post(body)[0])) for _ in range(20)]
    for client in clients:
        client.start()
    time.sleep(0.3)
    began = time.perf_counter()
    code = server.stop()
    took = time.perf_counter() - began
    for client in clients:
        client.join()
    return code == 0 and statuses == [
        200
    ] * 20, f"{statuses.count(200)} of 20 answered, exit code {code} after {took:.1f} s"


def numbers(_server, _model):
    """Writing 2000 vectors of 384 numbers as Go prints them, against json."""
    rows = np.random.default_rng(0).normal(size=(2000, 384)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    began = time.perf_counter()
    document = json_rows(rows)
    ours = time.perf_counter() - began
    began = time.perf_counter()
    json.dumps(rows.tolist())
    plain = time.perf_counter() - began
    same = np.array_equal(np.array(json.loads(document), dtype=np.float32), rows)
    return same, f"{rows.size / ours / 1e6:.1f} million numbers/s, {plain / ours:.1f} times json.dumps"


TRIALS = (throughput, overload, silent, slow, huge, leaving, two_models, stopping, numbers)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="hashing")
    parser.add_argument("trials", nargs="*", help=f"of {', '.join(t.__name__ for t in TRIALS)}; default: all")
    arguments = parser.parse_args()
    os.chdir(tempfile.gettempdir())
    server = Server()
    answers(server, arguments.model)
    failed = []
    for trial in TRIALS:
        if arguments.trials and trial.__name__ not in arguments.trials:
            continue
        good, said = trial(server, arguments.model)
        good = good and answers(server, arguments.model)
        print(f"{'ok  ' if good else 'FAIL'} {trial.__name__:<11} {said}", flush=True)
        if not good:
            failed.append(trial.__name__)
    code = server.stop()
    print(f"{len(failed)} failed; the server ended with {code}")
    return 1 if failed or code else 0


if __name__ == "__main__":
    sys.exit(main())
