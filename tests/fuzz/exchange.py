"""One conversation with a server, and what must hold of all that comes back.

h11 is the second opinion: it reads what was sent as a server would, and each answer as a client does.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import h11

from tests.server.client import post

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from tests.fuzz.requests import Conversation

__all__ = ["Answer", "Asked", "asked", "hold", "judge"]

_QUIET_SECONDS = 0.2
_HANGS_SECONDS = 60.0
_HEAD_BYTES = 128 * 1024


@dataclass(frozen=True)
class Asked:
    """What h11 makes of the bytes that were sent: the methods of whole requests, and whether all of it was understood."""

    methods: tuple[bytes, ...]
    is_whole: bool

    @property
    def most_answers(self) -> int:
        return len(self.methods) + (not self.is_whole)


@dataclass(frozen=True)
class Answer:
    """One answer, its header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


def asked(sent: bytes) -> Asked:
    """The requests in these bytes, up to the first that is none or that ends the connection."""
    methods: list[bytes] = []
    sent = re.sub(
        rb"(?i)host(?=[ \t]*:)", b"h-st", sent
    )  # who is asked is none of the framing: as long, and another name
    while sent := sent.lstrip(b"\r\n"):  # empty lines before a request are skipped, as HTTP advises
        server = h11.Connection(h11.SERVER, max_incomplete_event_size=_HEAD_BYTES)
        line, end, rest = sent.partition(b"\n")
        line = re.sub(rb" +", b" ", line)  # more than one blank between its parts may be taken for one
        server.receive_data(line + end + b"Host: x\r\n" + rest if end else sent)
        try:
            method = _read_request(server)
            if method is None:
                return Asked(tuple(methods), is_whole=False)
            methods.append(method)
            server.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]))
            server.send(h11.EndOfMessage())
        except h11.ProtocolError:
            return Asked(tuple(methods), is_whole=False)
        if server.our_state is not h11.DONE or server.their_state is not h11.DONE:
            break
        sent = server.trailing_data[0]
    return Asked(tuple(methods), is_whole=True)


def _read_request(server: h11.Connection) -> bytes | None:
    """The method of one whole request; `None` if it is not whole."""
    method = None
    while not isinstance(event := server.next_event(), h11.EndOfMessage):
        if event is h11.NEED_DATA or isinstance(event, h11.ConnectionClosed):
            return None
        method = event.method if isinstance(event, h11.Request) else method
    return method


def hold(port: int, several: list[Conversation], threads: ThreadPoolExecutor) -> list[int]:
    """Hold these conversations at once and judge each. Answers their statuses; raises AssertionError."""
    understood = [asked(one.sent) for one in several]
    replies = threads.map(
        lambda pair: converse(port, pair[0], is_whole=pair[1].is_whole), zip(several, understood, strict=True)
    )
    statuses = []
    for one, was_asked, received in zip(several, understood, list(replies), strict=True):
        try:
            statuses += [answer.status for answer in judge(one, was_asked, received)]
        except (AssertionError, ValueError) as error:
            raise AssertionError(
                f"{str(error)[:1000]}\nwas sent: {one.sent!r}\nanswered: {received[:2000]!r}"
            ) from error
    reply = post(port, "/api/embed", {"model": "hashing", "input": "and then", "dimensions": 7})
    assert reply.status == 200
    assert len(reply.json()["embeddings"][0]) == 7
    return statuses


def converse(port: int, conversation: Conversation, *, is_whole: bool) -> bytes:
    """Everything the server sends until it closes. Who left something open half-closes, so that nobody waits."""
    with socket.create_connection(("127.0.0.1", port), timeout=_HANGS_SECONDS) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for packet in conversation.packets:
                connection.sendall(packet)
        except OSError:
            pass  # the server has refused and closed; what it said is read below
        if conversation.is_cut and len(conversation.sent) % 2:
            return b""
        if not is_whole or conversation.is_cut:
            connection.settimeout(_QUIET_SECONDS)
        return _read(connection)


def _read(connection: socket.socket) -> bytes:
    parts, ends = [], time.monotonic() + _HANGS_SECONDS
    while time.monotonic() < ends:
        try:
            part = connection.recv(1 << 18)
        except TimeoutError:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_WR)
            connection.settimeout(_HANGS_SECONDS)
            continue
        except OSError:
            break
        if not part:
            break
        parts.append(part)
    else:
        raise AssertionError("the server neither answers nor closes")
    return b"".join(parts)


def answers(received: bytes, methods: tuple[bytes, ...]) -> list[Answer]:
    """The answers in these bytes. Raises AssertionError where they are no HTTP."""
    found: list[Answer] = []
    while received:
        method = methods[len(found)] if len(found) < len(methods) else b"GET"
        client = h11.Connection(h11.CLIENT)
        client.send(h11.Request(method=b"GET" if method == b"CONNECT" else method, target="/", headers=[("Host", "x")]))
        client.send(h11.EndOfMessage())
        client.receive_data(received)
        answer, body = None, b""
        try:
            while not isinstance(event := client.next_event(), h11.EndOfMessage):
                if isinstance(event, h11.Response):
                    answer = event
                elif isinstance(event, h11.Data):
                    body += bytes(event.data)
                elif not isinstance(event, h11.InformationalResponse):
                    raise AssertionError(f"an answer is cut: {event!r} in {received[:300]!r}")
        except h11.RemoteProtocolError as error:
            raise AssertionError(f"no HTTP: {error} in {received[:300]!r}") from error
        assert answer is not None
        headers = {name.decode(): value.decode("latin-1") for name, value in answer.headers}
        found.append(Answer(answer.status_code, headers, body))
        received = client.trailing_data[0]
    return found


def judge(conversation: Conversation, was_asked: Asked, received: bytes) -> list[Answer]:
    """What must hold of every answer, and of how many there are. Raises AssertionError."""
    try:
        found = answers(received, was_asked.methods)
    except AssertionError:
        if conversation.is_cut or not was_asked.is_whole:
            return []  # who half-closes in the middle may get half an answer
        raise
    assert len(found) <= was_asked.most_answers, f"{len(found)} answers to {was_asked}"
    for answer in found:
        _judge_one(answer)
    if was_asked.is_whole and not conversation.is_cut:
        least = len(was_asked.methods) if conversation.is_well_formed else len(conversation.marks)
        assert len(found) >= least, f"{[a.status for a in found]} for {was_asked}"
    for answer, mark in zip(found, conversation.marks, strict=False):
        if mark is not None:
            assert answer.status == 200, answer
            assert len(json.loads(answer.body)["embeddings"][0]) == mark, "another request's answer"
    return found


def _judge_one(answer: Answer) -> None:
    assert answer.headers.get("x-content-type-options") == "nosniff", answer
    media = answer.headers.get("content-type", "").partition(";")[0]
    if answer.body and media == "application/json":
        document = json.loads(answer.body)
        assert answer.status < 400 or "error" in document, answer
    elif media == "application/x-ndjson":
        for line in answer.body.splitlines():
            json.loads(line)
    elif answer.status >= 400:
        assert media == "text/plain" or not answer.body, answer
    assert answer.status < 500 or _has_cause(answer), answer


def _has_cause(answer: Answer) -> bool:
    """The answers of the fives that are told: what is not supported, not possible here, or too much at once."""
    if answer.status == 501:
        return b"is not supported" in answer.body or not answer.body
    if answer.status == 503:
        return answer.headers.get("retry-after") is not None
    causes = (b"the input length exceeds the context length", b"pull model manifest: ", b"pull model manifest:")
    return answer.status == 500 and any(cause in answer.body for cause in causes)
