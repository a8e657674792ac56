"""Bodies are bounded, each and all together; the next request is answered."""

from __future__ import annotations

import contextlib
import json

import pytest

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
