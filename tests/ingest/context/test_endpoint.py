"""An endpoint that writes context: what it is sent, what it may answer, and how every way of failing is told."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from embedingest.errors import ConfigError
from embedingest.ingest.context.command import Command
from embedingest.ingest.context.endpoint import Endpoint
from embedingest.ingest.context.request import MOST_BYTES, AnswerError
from tests.waiting import HANGS_SECONDS, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SOON = HANGS_SECONDS / 4


@contextmanager
def serving(answer: Callable[[BaseHTTPRequestHandler, bytes], None]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer(self, self.rfile.read(int(self.headers["content-length"])))

        def do_GET(self) -> None:
            raise AssertionError("nothing is got")

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/context?style=short"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def endpoint(url: str, *, key_from: str | None = None, seconds: float = HANGS_SECONDS) -> Endpoint:
    return Endpoint(url, key_from, seconds, name="endpoint")


def say(status: int, body: bytes, **headers: str) -> Callable[[BaseHTTPRequestHandler, bytes], None]:
    def answer(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def error_of(answer: Callable[[BaseHTTPRequestHandler, bytes], None], *, seconds: float = HANGS_SECONDS) -> str:
    with serving(answer) as url, pytest.raises(AnswerError) as failed:
        endpoint(url, seconds=seconds).ask(b"{}")
    return str(failed.value)


def test_it_is_sent_the_request_and_a_key_and_answers_json_or_text(monkeypatch):
    heard: list[Any] = []

    def answer(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        heard.append(
            (handler.path, handler.headers["authorization"], handler.headers["content-type"], json.loads(body))
        )
        say(200, json.dumps({"context": "About \n owls."}).encode())(handler, body)

    monkeypatch.setenv("WRITER_KEY", " s3cret ")
    with serving(answer) as url:
        assert endpoint(url, key_from="WRITER_KEY").ask(b'{"chunk": "owls"}') == "About owls."
        assert endpoint(url).ask(b"{}") == "About owls."
    assert heard[0] == ("/context?style=short", "Bearer s3cret", "application/json", {"chunk": "owls"})
    assert heard[1][1] is None
    with serving(say(200, b"Plain words.\n")) as url:
        assert endpoint(url).ask(b"{}") == "Plain words."


@pytest.mark.parametrize("key", [None, "", " ", "a\nb", "schlüssel"])
def test_a_key_that_is_not_there_is_told_before_anything_is_asked_and_never_shown(monkeypatch, key):
    monkeypatch.delenv("WRITER_KEY", raising=False)
    if key is not None:
        monkeypatch.setenv("WRITER_KEY", key)
    with pytest.raises(ConfigError, match="variable `WRITER_KEY`") as refused:
        endpoint("http://127.0.0.1:1/", key_from="WRITER_KEY")
    assert not key or key.strip() == "" or key not in str(refused.value)


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (500, b"{}", "answered with status 500"),
        (404, b"no", "answered with status 404"),
        (200, b"", "answered nothing"),
        (204, b"", "answered nothing"),
        (200, b'{"text": "x"}', 'has no text under "context"'),
        (200, b'{"context": 5}', 'has no text under "context"'),
        (200, b'{"context": ', "with no JSON"),
        (200, b'{"context": "\\ud800"}', None),
        (200, b"\xff\xfe", "no UTF-8"),
    ],
)
def test_answers_that_are_none_are_told(status, body, told):
    if told is None:
        with serving(say(status, body)) as url:
            assert endpoint(url).ask(b"{}") == "?"
        return
    assert told in error_of(say(status, body))


CUT = b"This document says that the offer is no"


@pytest.mark.parametrize("kind", ["text/plain", "application/json"])
@pytest.mark.parametrize("body", [CUT, b"", b'{"context": "whole"}'])
def test_an_answer_that_is_cut_off_is_none(kind, body):
    told = error_of(say(200, body, **{"content-type": kind, "content-length": "500"}))
    assert told == "endpoint broke its answer off before the end"


def test_a_body_in_chunks_that_is_cut_off_is_none():
    told = error_of(say(200, b"5\r\nhello\r\n", **{"transfer-encoding": "chunked"}))
    assert told == "endpoint broke its answer off before the end"


def test_a_part_of_an_answer_is_none():
    assert "status 206, a part" in error_of(say(206, CUT, **{"content-length": str(len(CUT))}))


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "image/png", "application/octet-stream"])
def test_what_is_no_text_is_refused_by_its_type(kind):
    told = error_of(say(200, b"<html>Please log in</html>", **{"content-type": kind}))
    assert told == f"endpoint answered with {kind.partition(';')[0]}; a context is application/json or text/plain"


@pytest.mark.parametrize("kind", ["application/json", "application/problem+json"])
@pytest.mark.parametrize(("body", "told"), [(CUT, "with no JSON"), (b'"words"', "no text under"), (b" ", "nothing")])
def test_what_is_said_to_be_json_is_never_taken_as_text(kind, body, told):
    assert told in error_of(say(200, body, **{"content-type": kind}))


def test_a_whole_answer_of_each_kind_is_taken():
    for kind, body in (("text/plain; charset=utf-8", b"Words."), ("application/json", b'{"context": "Words."}')):
        with serving(say(200, body, **{"content-type": kind, "content-length": str(len(body))})) as url:
            assert endpoint(url).ask(b"{}") == "Words."


def test_redirects_are_not_followed():
    with serving(say(200, b"never")) as other:
        told = error_of(say(307, b"", location=other))
    assert told == "endpoint answered with status 307; redirects are not followed"


def test_a_huge_answer_is_not_read_to_its_end():
    def answer(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b"x" * 65536)
        except OSError:
            pass

    assert error_of(answer) == f"endpoint answered with more than {MOST_BYTES // 1024} KiB"


def test_one_that_answers_a_byte_at_a_time_runs_out_of_time():
    over = threading.Event()

    def answer(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while not over.wait(0.02):
                handler.wfile.write(b"x")
        except OSError:
            pass

    try:
        began = time.monotonic()
        assert error_of(answer, seconds=0.5) == "endpoint gave no answer within 0.5 s"
        assert time.monotonic() - began < SOON
    finally:
        over.set()


def test_one_that_never_answers_runs_out_of_time_and_closing_ends_it_at_once():
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}/"
        with pytest.raises(AnswerError, match=r"gave no answer within 0\.3 s"):
            endpoint(url, seconds=0.3).ask(b"{}")
        waits = endpoint(url)
        failures: list[str] = []

        def ask() -> None:
            try:
                waits.ask(b"{}")
            except AnswerError as error:
                failures.append(str(error))

        thread = threading.Thread(target=ask)
        thread.start()
        until(lambda: any(call._socket is not None for call in waits._calls))
        began = time.monotonic()
        waits.close()
        thread.join(HANGS_SECONDS)
        assert time.monotonic() - began < SOON
    assert failures == ["endpoint was not heard out: the run was stopped"]
    with pytest.raises(AnswerError, match="the run was stopped"):
        waits.ask(b"{}")


def test_what_cannot_be_reached_or_is_no_http_is_told():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(AnswerError, match="cannot be reached: Connection refused"):
        endpoint(f"http://127.0.0.1:{port}/").ask(b"{}")

    with socket.create_server(("127.0.0.1", 0)) as rude:
        thread = threading.Thread(target=_answer_rudely, args=(rude,))
        thread.start()
        with pytest.raises(AnswerError, match="answered with no HTTP"):
            endpoint(f"http://127.0.0.1:{rude.getsockname()[1]}/").ask(b"{}")
        thread.join()


def _answer_rudely(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(b"220 mail ready\r\n")
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass


def test_the_example_that_asks_a_chat_model_answers_its_sentence_or_fails(monkeypatch):
    heard: list[Any] = []

    def answer(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        heard.append((handler.path, handler.headers["authorization"], json.loads(body)))
        say(200, json.dumps({"choices": [{"message": {"content": "About \nowls."}}]}).encode())(handler, body)

    example = Path(__file__).parents[3] / "docs" / "examples" / "context" / "ask_chat.py"
    request = {"source": "a.md", "title": None, "headings": ["Owls"], "document": "They hunt.", "chunk": "hunt"}
    monkeypatch.setenv("CHAT_KEY", "k")
    with serving(answer) as url:
        address = f"{url.rpartition('/')[0]}/v1"
        asks = Command([sys.executable, str(example), address, "m"], None, HANGS_SECONDS, name="ask_chat.py")
        assert asks.ask(json.dumps(request).encode()) == "About owls."
    ((path, key, sent),) = heard
    assert (path, key, sent["model"]) == ("/v1/chat/completions", "Bearer k", "m")
    assert "a.md > Owls" in sent["messages"][0]["content"]
    with serving(say(503, b"busy")) as url:
        refused = Command([sys.executable, str(example), f"{url}/v1", "m"], None, HANGS_SECONDS, name="ask_chat.py")
        with pytest.raises(AnswerError, match=r"exited with status 1: urllib.*HTTP Error 503"):
            refused.ask(json.dumps(request).encode())
