"""Bodies are bounded, each and all together; the next request is answered."""

from __future__ import annotations

import contextlib
import gc
import json
import tracemalloc

import pytest

from tests.depth import few
from tests.server.client import connect, post, raw_request, read_to_end
from tests.waiting import until


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_above_the_limit_is_refused_whole(serve, chunked):
    server = serve({"max_body_bytes": 4096})
    data = json.dumps({"model": "hashing", "input": "word " * 3000}).encode()
    connection = connect(server.port)
    if chunked:
        connection.sendall(b"POST /api/embed HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.sendall(b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data))
    else:
        connection.sendall(raw_request({"model": "hashing", "input": "word " * 3000}))
    answer = read_to_end(connection)
    connection.close()
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"the limit is 4096" in answer
    assert post(server.port, "/api/embed", {"model": "hashing", "input": "a"}).status == 200


def test_who_asks_first_is_refused_before_sending_the_body(serve):
    server = serve({"max_body_bytes": 4096})
    connection = connect(server.port)
    connection.sendall(
        b"POST /api/embed HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 100000000\r\n\r\n"
    )
    answer = read_to_end(connection)
    connection.close()
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_who_says_a_length_above_the_limit_and_sends_nothing_is_refused_at_once(serve):
    """Long before the time for a body (here: an hour) is over."""
    server = serve({"max_body_bytes": 4096, "body_timeout_seconds": 3600})
    connection = connect(server.port)
    connection.sendall(b"POST /api/embed HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n")
    answer = read_to_end(connection)
    connection.close()
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"the limit is 4096" in answer


@pytest.mark.parametrize("depth", [2000, 100_000])
def test_a_body_that_is_nested_too_deeply_is_refused_in_words_of_ours(serve, depth):
    connection = connect(serve().port)
    body = b'{"model": "hashing", "Input": ' + b"[" * depth + b"]" * depth + b', "input": "a"}'
    connection.sendall(
        b"POST /api/embed HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
    )
    connection.sendall(body)
    answer = read_to_end(connection)
    connection.close()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"recursion" not in answer.lower()


@pytest.mark.parametrize(
    ("path", "to"), [("/api/embed/?x=1&y=%2f", b"/api/embed?x=1&y=%2f"), ("/api/tags/", b"/api/tags")]
)
def test_a_redirect_keeps_what_was_asked(serve, path, to):
    connection = connect(serve().port)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    answer = read_to_end(connection)
    connection.close()
    assert answer.startswith(b"HTTP/1.1 301 ")
    assert b"\r\nlocation: " + to + b"\r\n" in answer.replace(b"Location", b"location")


@pytest.mark.parametrize(("length", "status"), [(b"0" * 5000 + b"36", b"200"), (b"9" * 5000, b"413")])
def test_a_length_of_thousands_of_digits_is_a_length(serve, length, status):
    connection = connect(serve().port)
    connection.sendall(
        b"POST /api/embed HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: "
        + length
        + b"\r\n\r\n"
        + b'{"model": "hashing", "input": "abc"}'
    )
    answer = read_to_end(connection)
    connection.close()
    assert answer.startswith((b"HTTP/1.1 " + status, b"HTTP/1.1 400"))


def test_all_bodies_together_are_bounded_in_memory(serve):
    server = serve({"max_body_bytes": 4096, "body_timeout_seconds": 20})
    half = [connect(server.port) for _ in range(9)]
    for connection in half:
        connection.sendall(b"POST /api/embed HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4096\r\n\r\n" + b" " * 4000)
    answers = []
    for connection in half:
        connection.settimeout(0.2)
        with contextlib.suppress(TimeoutError):
            answers.append(connection.recv(1000))
        connection.close()
    assert len(answers) >= 1
    assert all(answer.startswith(b"HTTP/1.1 503 ") for answer in answers)
    until(lambda: post(server.port, "/api/embed", {"model": "hashing", "input": "a"}).status == 200)


@few(2)
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/embed", b'{"model":"hashing","input":"%s"}' % (b"word " * 400_000)),
        ("/api/embed", b'{"model":"hashing","truncate":false,"input":"%s"}' % (b"word " * 400_000)),
        ("/api/embed", b'{"model":"nobody","input":"%s"}' % (b"word " * 400_000)),
        ("/api/embed", b'{"model":"hashing","input":5,"more":"%s"}' % (b"word " * 400_000)),
        ("/v1/embeddings", b"no json" * 300_000),
    ],
    ids=["answered", "too long", "unknown model", "wrong type", "no JSON"],
)
def test_a_body_is_in_memory_no_longer_than_its_answer_takes(serve, path, body):
    server = serve()
    request = b"POST %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
    whole = request % (path.encode(), len(body), body)
    ask(server.port, whole)  # what is made once
    gc.collect()
    gc.disable()  # else what is in circles goes too, at some time
    tracemalloc.start()
    try:
        for _ in range(3):
            ask(server.port, whole)
        until(lambda: tracemalloc.get_traced_memory()[0] < len(body))
    finally:
        tracemalloc.stop()
        gc.enable()


def ask(port, whole):
    connection = connect(port)
    connection.sendall(whole)
    assert read_to_end(connection).startswith(b"HTTP/1.1 ")
    connection.close()
