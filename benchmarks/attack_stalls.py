"""Attacks by connections that stand still, very many at once: the event loop answers others, and all is given back."""

import contextlib
import json
import re
import resource
import socket
import struct
import time

import psutil

from attack_common import QUERY, SEVERAL, Outcome, Watch

COUNT = 300
MOST_LEFT = 10
"""Descriptors that may be left over what there was: what was opened on first use."""
MOST_LEFT_MIB = 200.0
BODY = json.dumps({"model": "all-minilm", "input": "some words of a text"}).encode()
LARGE = json.dumps({"model": "all-minilm", "input": [f"text {number}" for number in range(200)]}).encode()


def head(length):
    return b"POST /api/embed HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n" % length


STALLS = {
    "send nothing": b"",
    "send one letter": b"P",
    "send half a head": head(len(BODY)),
    "send a head without its body": head(len(BODY)) + b"\r\n",
    "send half a body": head(len(BODY)) + b"\r\n" + BODY[: len(BODY) // 2],
    "send half a chunk": head(0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked") + b"\r\nffff\r\nabc",
    "send half a packed body": head(1000) + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x00",
    "read nothing of many answers": (head(len(BODY)) + b"\r\n" + BODY) * 8,
    "wait for 100": head(10**7) + b"Expect: 100-continue\r\n\r\n",
}
READ_NOTHING = 30
"""Clients that ask for a large answer each."""


def stalls(server, deadline):
    """So many connections of each kind, all at once; none is there after its deadline, or once its client has left."""
    for name, sent in STALLS.items():
        yield _stalled(server, deadline, name, [sent] * COUNT)
    unread = head(len(LARGE)) + b"\r\n" + LARGE
    yield _stalled(server, deadline, "read nothing of a large answer", [unread] * READ_NOTHING)
    yield _stalled(server, deadline, "stand still in every way", list(STALLS.values()) * (COUNT // len(STALLS)))
    yield _broken_off(server)
    yield _out_of_descriptors(server)


def _stalled(server, deadline, name, sents):
    descriptors, memory = server.descriptors(), server.memory()
    with Watch(server) as watch:
        clients = [_opened(server, sent) for sent in sents]
        ends = time.monotonic() + 1.5
        while time.monotonic() < ends and server.holds({client.getsockname()[1] for client in clients}):
            time.sleep(0.1)
    for client in clients:
        client.close()
    return _at_rest(server, watch, f"stall: {len(sents)} {name}", descriptors, memory, deadline)


def _opened(server, sent):
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(20)
    client.connect(("127.0.0.1", server.port))
    client.setblocking(False)
    with contextlib.suppress(OSError):  # as much as it takes
        client.send(sent)
    return client


def _broken_off(server):
    """Whole requests whose clients break the connection off at once."""
    descriptors, memory = server.descriptors(), server.memory()
    with Watch(server) as watch:
        for _ in range(COUNT):
            client = _opened(server, head(len(BODY)) + b"\r\n" + BODY)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
    return _at_rest(server, watch, f"stall: {COUNT} break off", descriptors, memory, 5)


def _at_rest(server, watch, name, descriptors, memory, seconds):
    ends = time.monotonic() + seconds + 10
    while server.descriptors() > descriptors + MOST_LEFT and time.monotonic() < ends:
        time.sleep(0.1)
    left, more = server.descriptors() - descriptors, server.memory() - memory
    good = left <= MOST_LEFT and more <= MOST_LEFT_MIB
    told = f"{left:+d} descriptors, {more:+.0f} MiB left"
    return watch.outcome(name, "others are answered, all given back", told, good, **SEVERAL)


def _out_of_descriptors(server):
    """No descriptor is left for a new connection: one line a second in the log, and all is well afterwards."""
    process = psutil.Process(server.process.pid)
    before, logged = process.rlimit(resource.RLIMIT_NOFILE), len(server.log.read_text(errors="replace"))
    began, clients = time.monotonic(), []
    process.rlimit(resource.RLIMIT_NOFILE, (server.descriptors() + 20, before[1]))
    try:
        clients += [_opened(server, b"") for _ in range(60)]
        time.sleep(3)
    finally:
        process.rlimit(resource.RLIMIT_NOFILE, before)
        for client in clients:
            client.close()
    took = time.monotonic() - began
    lines = len(re.findall("no connection can be accepted", server.log.read_text(errors="replace")[logged:]))
    status = server.post("/api/embed", QUERY)[0]
    good = status == 200 and 1 <= lines <= took + 2
    return Outcome(
        "C15 out of descriptors", "a line a second, then 200", f"{lines} in {took:.0f} s, then {status}", good
    )
