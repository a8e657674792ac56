"""Attacks by clients that are slow, many, leave early, never read, or fetch; and SIGTERM in the middle of it."""

import http.server
import json
import random
import socket
import time
from concurrent.futures import ThreadPoolExecutor

from attack_common import QUERY, SEVERAL, Outcome, Watch

OPEN = b"POST /api/embed HTTP/1.1\r\nHost: localhost\r\n"
GET = b"GET /api/version HTTP/1.1\r\nHost: localhost\r\n"
DRIPS = {
    "says nothing": (b"", b""),
    "a head, letter by letter": (b"GET / HTTP/1.1\r\n", b"X"),
    "a head, line by line": (b"GET / HTTP/1.1\r\n", b"X: y\r\n"),
    "a body": (OPEN + b"Content-Length: 100000\r\n\r\n", b"x"),
    "chunks": (OPEN + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "a body of a GET": (GET + b"Content-Length: 100000\r\n\r\n", b"x"),
    "trailers": (OPEN + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n"),
    "a packed body": (OPEN + b"Content-Encoding: gzip\r\nContent-Length: 100000\r\n\r\n", b"\x1f"),
    "waits for 100": (OPEN + b"Expect: 100-continue\r\nContent-Length: 9999999\r\n\r\n", b""),
}


def slow(server, seconds):
    """Whoever sends a byte a second is let go, within its deadline and some."""

    def drip(name):
        first, more = DRIPS[name]
        with server.connect() as connection:
            connection.sendall(first)
            connection.settimeout(0.5)
            began = time.monotonic()
            while time.monotonic() - began < seconds * 4:
                try:
                    connection.sendall(more)
                    if not connection.recv(1000):
                        return None
                except TimeoutError:
                    continue
                except OSError:
                    return None
        return name

    clients = list(DRIPS) * 8
    with Watch(server) as watch, ThreadPoolExecutor(len(clients)) as threads:
        kept = [name for name in threads.map(drip, clients) if name]
    happened = "all let go" if not kept else f"kept: {sorted(set(kept))}"
    yield watch.outcome(f"B9 {len(clients)} slow clients", "let go at their deadline", happened, not kept)
    with Watch(server) as watch, server.connect() as connection:
        connection.sendall(GET + b"\r\n")
        answer = b""
        while not answer.endswith(b"}"):  # head and body may come one after the other
            answer += connection.recv(1 << 16) or b"}"
        connection.sendall(b"\r\n")
        connection.settimeout(seconds + 1)
        try:
            unasked = connection.recv(100)
        except TimeoutError:
            unasked = b""
    yield watch.outcome("B9 a newline on an idle connection", "nothing is sent", repr(unasked[:20]), not unasked)
    body = json.dumps(
        {"model": "all-minilm", "input": [f"text {number} of many words" for number in range(2000)]}
    ).encode()
    for name, behind in (("an empty line", b"\r\n"), ("half a head", b"GET /api/vers")):
        with Watch(server) as watch, server.connect() as connection:
            connection.sendall(OPEN + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            time.sleep(0.3)
            connection.sendall(behind)
            first = connection.recv(12)
        yield watch.outcome(
            f"B9 {name} behind a slow request", "200", first.decode("latin-1"), first == b"HTTP/1.1 200"
        )


def unread(server, seconds):
    """Clients that ask for much and never read: their connections end, and what was for them is let go."""
    words = " ".join(f"w{number}" for number in range(200))
    body = json.dumps({"model": "hashing", "input": [words] * 4000}).encode()
    clients = []
    with Watch(server) as watch:
        for _ in range(6):
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", server.port))
            client.sendall(OPEN + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            clients.append(client)
        for client in clients:
            client.settimeout(120)
            client.recv(1)
        ports = {client.getsockname()[1] for client in clients}
        ends = time.monotonic() + seconds
        while (held := server.holds(ports)) and time.monotonic() < ends:
            time.sleep(0.5)
    for client in clients:
        client.close()
    yield watch.outcome(
        "C15 6 clients that never read 16 MB", "let go", f"{held} still held after {seconds:.0f} s", not held, **SEVERAL
    )


def many(server):
    """Connections far beyond what one client needs, and bursts of requests whose clients leave at once."""
    with Watch(server) as watch:
        silent = [server.connect() for _ in range(1500)]
        status, _ = server.post("/api/embed", QUERY)
    happened = f"{len(silent)} opened, then {status}"
    yield watch.outcome("C15 1500 silent connections", "others are answered", happened, status == 200)
    silent += [server.connect() for _ in range(1500)]  # more than it keeps
    status, _ = server.post("/api/embed", QUERY)
    for client in silent:
        client.close()
    after, _ = server.post("/api/embed", QUERY)
    good = status in (200, 503) and after == 200
    yield Outcome("C15 3000 silent connections", "200 or 503, then 200", f"{status}, then {after}", good)
    body = json.dumps({"model": "all-minilm", "input": ["text to embed for nobody " * 8] * 400}).encode()
    with Watch(server, queries=False) as watch:
        for _ in range(100):
            with server.connect() as client:
                client.sendall(OPEN + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        began = time.monotonic()
        status, _ = server.post("/api/embed", QUERY)
        took = time.monotonic() - began
    yield watch.outcome(
        "A3 100 clients that leave",
        "the next is answered soon",
        f"{status} after {took:.1f} s",
        status == 200 and took < 10,
    )


class Hub(http.server.BaseHTTPRequestHandler):
    """A hub that says it has 1 GB and sends a little of it at a time."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self._head(10**9)

    def do_GET(self):
        if self.path.startswith("/api/models"):
            files = [{"rfilename": "model.safetensors", "size": 10**9, "blobId": "b" * 40}]
            answer = json.dumps({"id": "owner/name", "sha": "c" * 40, "siblings": files}).encode()
            self._head(len(answer))
            self.wfile.write(answer)
            return
        self._head(10**9)
        try:
            while True:
                self.wfile.write(b"x" * 1000)
                time.sleep(0.2)
        except OSError:
            pass

    def _head(self, size):
        self.send_response(200)
        for name, value in (("ETag", f'"{"a" * 64}"'), ("X-Repo-Commit", "c" * 40), ("Content-Length", str(size))):
            self.send_header(name, value)
        self.end_headers()


def _pulling(server, count):
    """So many downloads that take for ever; their connections."""
    body = json.dumps({"model": "owner/name"}).encode()
    clients = [server.connect() for _ in range(count)]
    for client in clients:
        client.sendall(b"POST /api/pull HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    time.sleep(1)
    return clients


def _asked(server):
    texts = [f"a {number}" for number in range(100)]
    return [
        server.post("/api/embed", {"model": "all-minilm", "input": texts}, timeout=20)[0],
        server.get("/api/tags")[0],
        server.get("/v1/models")[0],
        server.post("/api/search", {"query": "sky"}, timeout=20)[0],
        server.post("/api/generate", {"model": "hashing", "keep_alive": 0}, timeout=20)[0],
        server.get("/openapi.json")[0],
    ]


def pulls(server):
    """Slow downloads, first with clients that wait, then without: everything else goes on, for as long as they last."""
    clients = _pulling(server, 6)
    with Watch(server) as watch:
        found = _asked(server)
        for client in clients:
            client.close()
        found += _asked(server)
    yield watch.outcome(
        "B12 6 pulls, waited for and not", "everything else is answered", str(found), found == [200] * 12
    )


def stopping(server):
    """SIGTERM while many ask and six download: who was accepted is answered or gets a 503, and it ends in time, in order."""
    answers, pulling = [], _pulling(server, 6)
    body = json.dumps({"model": "all-minilm", "input": [f"text {random.Random(1).random()} of words"] * 300}).encode()

    def ask(_):
        try:
            answers.append(server.post("/api/embed", body)[0])
        except OSError as error:
            answers.append(type(error).__name__)

    with ThreadPoolExecutor(40) as threads:
        for number in range(40):
            threads.submit(ask, number)
        time.sleep(1)
        began = time.monotonic()
        code = server.stop()
        took = time.monotonic() - began
    for client in pulling:
        client.close()
    _, trace, rest = server.log.read_text(errors="replace").partition("Traceback")
    good = code == 0 and took < 35 and set(answers) <= {200, 503} and not trace
    counts = {answer: answers.count(answer) for answer in sorted(set(answers), key=str)}
    raised = next((line for line in rest.splitlines()[1:] if line[:1].isalpha()), "") if trace else "no traceback"
    happened = f"{counts}, ended with {code} after {took:.1f} s, {raised}"
    return "C17, B12 SIGTERM while 40 ask and 6 pull", "200 or 503, ended within 30 s, no traceback", happened, good
