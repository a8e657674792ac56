"""Streams of events: bounded in number and in memory, ended by a stop at once, in no query's way."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from embedingest.config import ServerConfig
from embedingest.config.keys import write_keys
from embedingest.server import lifecycle, protocol, streams
from embedingest.server.app import create_app
from embedingest.server.pipelines import PipelineFigures, PipelineRefusalError
from embedingest.server.run import HttpServer
from embedingest.server.streams import MOST_STREAMS
from tests.depth import few, only_deep
from tests.server.client import connect, get, post, read_to_end
from tests.server.keyed import made
from tests.server.wirecases import send
from tests.waiting import ends, until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

pytestmark = pytest.mark.slow

HOUR_SECONDS = 3600
ASK = b"GET /ui/data/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


class Board:
    """Pipelines of which the test writes what they tell, and sees what they are asked."""

    def __init__(self) -> None:
        self.told: dict[str, dict[str, Any]] = {"docs": {"name": "docs", "n": 0}}
        self.looks = 0
        self.deeds: list[Asked] = []

    def names(self) -> Sequence[str]:
        return tuple(self.told)

    def figures(self, name: str) -> PipelineFigures:
        return PipelineFigures("at rest") if name in self.told else self.told[name]["figures"]

    def status(self, name: str) -> Mapping[str, Any]:
        self.looks += 1
        return self.told[name]

    def act(self, name: str, verb: str, **what: Any) -> Asked:
        if verb == "pause" and self.told[name].get("ended"):
            raise PipelineRefusalError("it has ended", remedy="start it again")
        self.deeds.append(Asked(verb, what))
        return self.deeds[-1]


class Asked:
    """What was asked: answered when the test says so."""

    def __init__(self, verb: str, what: dict[str, Any]) -> None:
        self.verb, self.what = verb, what
        self.answer: dict[str, Any] | None = None
        self.looks = 0
        self.is_withdrawn = threading.Event()

    def look(self) -> Mapping[str, Any] | None:
        self.looks += 1
        return self.answer

    def withdraw(self) -> None:
        self.is_withdrawn.set()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks ten times a second, not twice."""
    monkeypatch.setattr(streams, "PERIOD_SECONDS", 0.1)


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
def server(engine: Any, board: Board) -> Iterator[HttpServer]:
    config = ServerConfig(port=0, write_timeout_seconds=60)
    with HttpServer(create_app(engine, config, pipelines=board), config) as running:
        running.start()
        yield running


@contextlib.contextmanager
def stream(server: HttpServer, request: bytes = ASK) -> Iterator[Reader]:
    with connect(server.port) as connection:
        connection.sendall(request)
        reader = Reader(connection)
        try:
            yield reader
        finally:
            reader.lines.close()


class Reader:
    """One client that follows."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.lines = connection.makefile("rb")
        self.status = int(self.lines.readline().split()[1])
        self.headers = dict(self._header() for _ in iter(self._next_is_header, False))

    def _next_is_header(self) -> bool:
        self._line = self.lines.readline()
        return self._line != b"\r\n"

    def _header(self) -> tuple[str, str]:
        name, _, value = self._line.decode().partition(":")
        return name.lower(), value.strip()

    def event(self) -> Any:
        """The next event's document."""
        while not (line := self.lines.readline()).startswith(b"data: "):
            assert line.rstrip() != b"0", "the stream has ended"
        return json.loads(line[6:])


def open_streams(server: HttpServer) -> int:
    return server._app.server_state.streams.open


def test_what_happens_is_told_at_once_and_again_only_when_it_is_something_else(server, board):
    with stream(server) as reader:
        assert (reader.status, reader.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert reader.headers["cache-control"] == "no-store"
        assert reader.event() == {"pipelines": [{"name": "docs", "n": 0}]}
        looks = board.looks
        until(lambda: board.looks > looks + 2)
        board.told["docs"] = {"name": "docs", "n": 1}
        assert reader.event()["pipelines"][0]["n"] == 1
        del board.told["docs"]
        assert reader.event() == {"pipelines": []}


def test_one_producer_serves_all_and_rests_once_nobody_reads(server, board):
    with contextlib.ExitStack() as readers:
        for _ in range(20):
            readers.enter_context(stream(server)).event()
        looks = board.looks
        began = time.monotonic()
        until(lambda: board.looks >= looks + 3)
        assert time.monotonic() - began > streams.PERIOD_SECONDS, "each stream looks by itself"
    until(lambda: open_streams(server) == 0)
    assert server._app.server_state.streams._producer is None


@only_deep
def test_streams_are_bounded_however_many_are_asked_for_and_queries_go_on(server, board):
    """What is counted is work: with all streams open, a query waits for a few of their writes at most."""
    with contextlib.ExitStack() as readers:
        for _ in range(MOST_STREAMS):
            assert readers.enter_context(stream(server)).status == 200
        refused = [get(server.port, "/ui/data/events") for _ in range(900)]
        assert {reply.status for reply in refused} == {503}
        assert refused[0].headers["retry-after"] == "1"
        assert open_streams(server) == MOST_STREAMS
        board.told["docs"] = {"name": "docs", "n": 1}
        reply = post(server.port, "/api/embed", {"model": "hashing", "input": "why is the sky blue?"})
        assert reply.status == 200
    until(lambda: open_streams(server) == 0)
    with stream(server) as reader:
        assert reader.status == 200


def test_a_slow_reader_gets_the_newest_and_no_queue_grows(server, board):
    size, last = 4_000_000, 6
    with stream(server) as slow, stream(server) as quick:
        slow.event()
        quick.event()
        for number in range(1, last + 1):
            board.told["docs"] = {"name": "docs", "n": number, "padding": "x" * size}
            assert quick.event()["pipelines"][0]["n"] == number
        held = [
            connection.transport.get_write_buffer_size()
            for connection in server._server.server_state.connections
            if connection.transport is not None
        ]
        assert max(held) < 2 * size, "more than one event waits for one reader"
        seen = []
        while not seen or seen[-1] != last:
            seen.append(slow.event()["pipelines"][0]["n"])
        assert len(seen) < last, "what was overtaken was sent too"


def test_a_stop_waits_for_no_stream_not_even_one_that_nobody_reads(server, board, caplog, monkeypatch):
    monkeypatch.setattr(protocol, "_STOP_WRITE_SECONDS", HOUR_SECONDS)
    monkeypatch.setattr(lifecycle, "_ANSWER_SECONDS", HOUR_SECONDS)
    with stream(server) as idle, stream(server) as stuck:
        idle.event()
        stuck.event()
        board.told["docs"] = {"name": "docs", "n": 1, "padding": "x" * 16_000_000}
        until(lambda: any(c.transport.get_write_buffer_size() for c in server._server.server_state.connections))
        reading = threading.Thread(target=read_to_end, args=(idle.connection,))
        reading.start()
        with caplog.at_level(logging.WARNING):
            ends(server.stop)
        reading.join(60)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_reader_that_leaves_leaves_nothing(server):
    with stream(server) as reader:
        reader.event()
        assert open_streams(server) == 1
    until(lambda: open_streams(server) == 0)
    until(lambda: not server._server.server_state.tasks)


def test_a_stream_ends_after_a_while_so_that_who_may_no_longer_look_is_told(server, board, monkeypatch):
    monkeypatch.setattr(streams, "LIFE_SECONDS", 0.2)
    with stream(server) as reader:
        reader.event()
        numbers = iter(range(1, 1000))

        def ended() -> bool:
            board.told["docs"] = {"name": "docs", "n": next(numbers)}
            return open_streams(server) == 0

        until(ended)
        until(lambda: reader.lines.readline() == b"0\r\n", "the end of the answer")


@only_deep
def test_a_key_that_is_taken_away_is_told_nothing_more(engine, board, tmp_path):
    key, held = made("control")
    keys = tmp_path / "keys.yaml"
    write_keys(keys, {"team": held})
    config = ServerConfig(port=0, keys_file=keys)
    with HttpServer(create_app(engine, config, pipelines=board), config) as running:
        running.start()
        asked = ASK[:-2] + f"Authorization: Bearer {key}\r\nConnection: close\r\n\r\n".encode()
        with stream(running, asked) as reader:
            reader.event()
            write_keys(keys, {})
            until(lambda: get(running.port, "/api/tags", Authorization=f"Bearer {key}").status == 401)
            board.told["docs"] = {"name": "docs", "n": 1}
            rest = reader.lines.read()
            assert b"data:" not in rest
            assert rest.endswith(b"0\r\n\r\n")


def test_http_1_0_gets_what_is_now_with_a_length_and_head_the_head_alone(server):
    with connect(server.port) as connection:
        connection.sendall(b"GET /ui/data/events HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
        answer = read_to_end(connection)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"chunked" not in head
    assert body.startswith(b"event: pipelines\ndata: {")
    reply = send(server.port, {"method": "HEAD", "path": "/ui/data/events"})
    assert (reply.status, reply.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert open_streams(server) == 0


def test_other_pages_and_other_hosts_get_no_stream(server):
    assert get(server.port, "/ui/data/events", Origin="http://evil.example").status == 403
    assert get(server.port, "/ui/data/events", Host="evil.example").status == 403
    assert get(server.port, "/ui/data/pipelines", Sec_Fetch_Site="cross-site").status == 403


def test_a_folder_whose_name_is_no_text_is_told(server, board):
    board.told["docs"] = {"name": "docs", "path": "/home/caf\udce9"}
    assert get(server.port, "/ui/data/pipelines").json() == {"pipelines": [{"name": "docs", "path": "/home/caf\udce9"}]}


# -- asking


def ask(server: HttpServer, **fields: Any) -> Any:
    return post(server.port, "/ui/data/act", fields)


@few(3)
@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"pipeline": "docs", "verb": "drop"}, 400, "must be one of"),
        ({"pipeline": "docs", "verb": "retry", "sources": "docs/a.md"}, 400, "must be a list"),
        ({"pipeline": "docs", "verb": "retry", "sources": []}, 400, "one at least"),
        ({"pipeline": "docs", "verb": "confirm"}, 400, "name what waits"),
        ({"pipeline": "docs", "verb": "confirm", "sources": ["a"], "pending": "b"}, 400, "either"),
        ({"pipeline": "docs", "verb": "pause", "sources": ["a"]}, 400, "says nothing to `pause`"),
        ({"pipeline": "docs", "verb": "retry", "all": True}, 400, 'no field "all"'),
        ({"pipeline": "<b>", "verb": "pause"}, 404, "is followed here"),
    ],
)
def test_what_is_asked_wrongly_says_what_is_wrong(server, board, fields, status, said):
    reply = ask(server, **fields)
    assert reply.status == status
    assert said in reply.json()["error"]
    assert board.deeds == []


def test_who_asks_waits_for_the_answer(server, board):
    replies: list[Any] = []
    asking = threading.Thread(target=lambda: replies.append(ask(server, pipeline="docs", verb="retry", sources=["a"])))
    asking.start()
    until(lambda: board.deeds and board.deeds[0].looks > 2)
    deed = board.deeds[0]
    deed.answer = {"files": {"new": 1}}
    asking.join(60)
    assert (replies[0].status, deed.what) == (200, {"sources": ["a"]})
    assert replies[0].json() == {"pipeline": "docs", "verb": "retry", "files": {"new": 1}}
    assert deed.is_withdrawn.wait(60)


def test_who_leaves_takes_back_what_was_asked(server, board):
    body = json.dumps({"pipeline": "docs", "verb": "confirm", "pending": "name"}).encode()
    head = b"POST /ui/data/act HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % len(body)
    with connect(server.port) as connection:
        connection.sendall(head + body)
        until(lambda: board.deeds)
    assert board.deeds[0].is_withdrawn.wait(60)
    until(lambda: server._app.server_state.deeds == 0)


def test_what_cannot_be_done_as_things_stand_is_409_with_the_way_out(server, board):
    board.told["docs"]["ended"] = True
    reply = ask(server, pipeline="docs", verb="pause")
    assert reply.status == 409
    assert "start it again" in reply.json()["error"]


def test_a_stop_ends_what_is_asked_with_503(server, board):
    replies: list[Any] = []
    asking = threading.Thread(target=lambda: replies.append(ask(server, pipeline="docs", verb="pause")))
    asking.start()
    until(lambda: board.deeds)
    server.stop()
    asking.join(60)
    assert replies[0].status == 503
