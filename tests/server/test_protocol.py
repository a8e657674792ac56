"""Deadlines: who is slow gets 408 and is gone; who is merely idle, or waits for a slow answer, is not disturbed."""

from __future__ import annotations

import contextlib
import json
import socket
import time

import pytest

from tests.depth import few
from tests.server.client import answers, connect, connection_of, get, raw_request, read_to_end
from tests.waiting import until

pytestmark = pytest.mark.slow

QUICK = {"head_timeout_seconds": 0.3, "body_timeout_seconds": 0.4}


@pytest.fixture
def port(serve):
    """Of a server with time: what is sent to it is never late, on whatever machine."""
    return serve().port


@pytest.fixture
def hurried(serve):
    return serve(QUICK).port


def outlast(port: int, sent: bytes = b"") -> None:
    """Until a client that came just now and sent no more than this is let go: whoever was late before it is known."""
    with contextlib.closing(connect(port)) as later:
        later.sendall(sent)
        assert read_to_end(later).startswith(b"HTTP/1.1 408 ")


HALF_A_BODY = raw_request({"model": "hashing"})[:-3]


def late(connection, began: float) -> bytes:
    answer = read_to_end(connection)
    connection.close()
    assert time.monotonic() - began > 0.2
    return answer


def test_a_client_that_says_nothing_is_let_go(hurried):
    began = time.monotonic()
    assert late(connect(hurried), began).startswith(b"HTTP/1.1 408 ")


def test_a_head_sent_byte_by_byte_is_let_go(hurried):
    began = time.monotonic()
    connection = connect(hurried)
    connection.settimeout(0.05)
    answer = b""
    for byte in b"POST /api/embed HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"x" * 200:
        try:
            connection.sendall(bytes([byte]))
            answer = connection.recv(1000)
            break
        except TimeoutError:
            continue
    connection.settimeout(60)
    assert (answer + late(connection, began)).startswith(b"HTTP/1.1 408 ")


def test_a_body_sent_byte_by_byte_is_let_go(hurried):
    began = time.monotonic()
    connection = connect(hurried)
    connection.sendall(b"POST /api/embed HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
    connection.settimeout(0.05)
    answer = b""
    while not answer:
        try:
            connection.sendall(b"{")
            answer = connection.recv(1000)
        except TimeoutError:
            continue
    connection.settimeout(60)
    assert (answer + late(connection, began)).startswith(b"HTTP/1.1 408 ")


def test_a_connection_that_is_kept_may_idle_longer_than_a_head_may_take(hurried):
    connection = connect(hurried)
    for _ in range(2):
        connection.sendall(raw_request({"model": "hashing"}))
        answer = b""
        while not answer.endswith(b"}"):
            answer += connection.recv(1000)
        assert answer.startswith(b"HTTP/1.1 200 ")
        outlast(hurried)
    connection.close()


def test_two_requests_in_one_packet_are_both_answered(port):
    connection = connect(port)
    connection.sendall(raw_request({"model": "hashing"}) * 2)
    answer = b""
    while answer.count(b"HTTP/1.1 200 ") < 2 or not answer.endswith(b"}"):
        answer += connection.recv(1000)
    connection.close()


def test_a_head_without_end_is_refused(port):
    connection = connect(port)
    connection.sendall(b"GET / HTTP/1.1\r\nX-Long: " + b"x" * 100_000)
    assert read_to_end(connection).startswith(b"HTTP/1.1 431 ")
    connection.close()


@pytest.mark.parametrize("garbage", [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"HELLO\r\n\r\n", b"\x00" * 100])
def test_what_is_no_request_is_refused_and_the_next_one_answered(port, garbage):
    connection = connect(port)
    connection.sendall(garbage)
    answer = read_to_end(connection)
    assert answer.startswith(b"HTTP/1.1 4")
    assert b"x-content-type-options: nosniff" in answer
    connection.close()
    assert get(port, "/").body == b"Ollama is running"


def test_a_hundred_silent_clients_leave_room_for_one_that_speaks(hurried):
    silent = [connect(hurried) for _ in range(100)]
    assert until(lambda: get(hurried, "/api/version").status == 200)
    for connection in silent:
        assert read_to_end(connection).startswith(b"HTTP/1.1 408 ")
        connection.close()


@pytest.mark.parametrize(
    "upgrade",
    [
        b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAA\r\n",
        b"Upgrade: websocket\r\nConnection: keep-alive, upgrade\r\nSec-WebSocket-Key: x\r\n",
        b"Upgrade: TLS/1.0, h2c\r\nConnection: Upgrade\r\n",
        b"Upgrade: h2c\r\n",
    ],
)
@pytest.mark.parametrize("packets", ["one", "head apart", "byte by byte"])
def test_an_offer_of_another_protocol_is_ignored_and_the_body_read(port, upgrade, packets):
    plain_request = raw_request({"model": "hashing"})
    request = plain_request.replace(b"\r\n", b"\r\n" + upgrade, 1)
    end_of_head = request.index(b"\r\n\r\n") + 4
    parts = {
        "one": [request],
        "head apart": [request[:end_of_head], request[end_of_head:]],
        "byte by byte": [request[i : i + 1] for i in range(len(request))],
    }[packets]
    connection = connect(port)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for part in parts:
        connection.sendall(part)
    connection.sendall(plain_request)
    assert answers(connection, 2) == [200, 200]
    connection.close()


def test_a_body_behind_an_upgrade_is_never_taken_for_a_request(port):
    inner = b"GET /api/version HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    head = b"POST /api/embed HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"
    for body in (b"Content-Length: %d\r\n\r\n%s" % (len(inner), inner),
                 b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(inner), inner)):  # fmt: skip
        connection = connect(port)
        connection.sendall(head + body + raw_request({"model": "hashing"}))
        assert answers(connection, 2) == [400, 200]
        connection.close()


def test_a_tunnel_is_refused(port):
    connection = connect(port)
    connection.sendall(
        b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost:80\r\n\r\n" + raw_request({"model": "hashing"})
    )
    assert read_to_end(connection).startswith(b"HTTP/1.1 400 ")
    connection.close()


@pytest.fixture
def slow(gated_engine, serve):
    return serve(QUICK, over=gated_engine).port


@few(2)
@pytest.mark.parametrize("behind", [b"\r\n", b"\r\n\r\n", b"GET /api/vers", raw_request({"model": "g"})[:-5]])
def test_what_follows_a_request_does_not_cost_its_slow_answer(slow, gate, behind):
    connection = connect(slow)
    connection.sendall(raw_request({"model": "g", "input": "x"}))
    assert gate.entered.wait(60)
    connection.sendall(behind)
    outlast(slow)
    outlast(slow, HALF_A_BODY)
    gate.open()
    assert answers(connection, 1) == [200]
    if behind.strip():
        assert read_to_end(connection).startswith(b"HTTP/1.1 408 ")
    connection.close()


def test_a_half_head_behind_a_slow_request_may_be_finished(slow, gate):
    connection = connect(slow)
    connection.sendall(raw_request({"model": "g", "input": "x"}))
    assert gate.entered.wait(60)
    second = raw_request({"model": "hashing"})
    connection.sendall(second[:20])
    outlast(slow)
    connection.sendall(second[20:-3])
    outlast(slow, HALF_A_BODY)
    gate.open()
    connection.sendall(second[-3:])
    assert answers(connection, 2) == [200, 200]
    connection.close()


def test_garbage_behind_a_slow_request_does_not_cost_its_answer(slow, gate):
    connection = connect(slow)
    connection.sendall(raw_request({"model": "g", "input": "x"}))
    assert gate.entered.wait(60)
    connection.sendall(b"\x16\x03\x01 no request\r\n\r\n")
    gate.open()
    assert_told_behind_the_answer(read_to_end(connection))
    connection.close()


def assert_told_behind_the_answer(received, status=b"400", error="error"):
    """One good answer, then one that says what was wrong, then the end."""
    first, second = received.split(b"HTTP/1.1 ")[1:]
    head, _, body = first.partition(b"\r\n\r\n")
    assert head.startswith(b"200 ")
    assert "embeddings" in json.loads(body) or "data" in json.loads(body)
    assert b"connection: close" not in head
    head, _, body = second.partition(b"\r\n\r\n")
    assert head.startswith(status)
    assert b"connection: close" in head
    assert b"content-length: %d" % len(body) in head
    assert json.loads(body)[error]


BAD_SECONDS = {
    "garbage": (b"\x16\x03\x01\r\n\r\n", b"400"),
    "no length": (b"POST /api/embed HTTP/1.1\r\nHost: localhost\r\nContent-Length: many\r\n\r\n", b"400"),
    "huge head": (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 90_000, b"431"),
    "a chunk that is none": (
        b"POST /api/embed HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", b"400",
    ),
    "another protocol": (b"GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", b"400"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_SECONDS)
@pytest.mark.parametrize("goods", [1, 3])
def test_what_is_wrong_behind_good_requests_is_told_behind_their_answers(port, name, goods):
    bad, status = BAD_SECONDS[name]
    connection = connect(port)
    connection.sendall(raw_request({"model": "hashing", "input": "x"}) * goods + bad)
    assert answers(connection, goods - 1) == [200] * (goods - 1)
    assert_told_behind_the_answer(read_to_end(connection), status)
    connection.close()


def test_a_refusal_behind_the_answer_to_a_head_has_its_body(port):
    connection = connect(port)
    connection.sendall(
        b"HEAD /api/version HTTP/1.1\r\nHost: localhost\r\n\r\nget / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    )
    received = read_to_end(connection)
    assert [answer[:3] for answer in received.split(b"HTTP/1.1 ")[1:]] == [b"200", b"400"]
    assert received.endswith(b'{"error":"this is no HTTP request: invalid method encountered"}')
    connection.close()


def test_answers_to_heads_among_others_come_in_their_order(port):
    connection = connect(port)
    paths = [b"/api/version", b"/nowhere"] * 4
    methods = [b"HEAD", b"GET", b"HEAD", b"HEAD", b"GET", b"HEAD", b"GET", b"GET"]
    asked = zip(methods, paths, strict=True)
    connection.sendall(
        b"".join(b"%s %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % one for one in asked) + b"no request\r\n\r\n"
    )
    received = read_to_end(connection)
    assert [answer[:3] for answer in received.split(b"HTTP/1.1 ")[1:]] == [b"200", b"404"] * 4 + [b"400"]
    connection.close()


def test_openai_has_its_own_object_behind_an_answer_too(port):
    connection = connect(port)
    good = raw_request({"model": "hashing", "input": "x"}, "/v1/embeddings")
    connection.sendall(good + b"POST /v1/embeddings HTTP/1.1\r\nContent-Length: x\r\n\r\n")
    assert b'"type"' in read_to_end(connection).rpartition(b"\r\n\r\n")[2]
    connection.close()


@pytest.mark.parametrize("target", [b"http://[::1", b"http://a:99999999/", b"\xff", b"http://", b"a b"])
def test_an_address_that_is_none_does_not_cost_the_answer_to_what_came_before_it(port, target):
    connection = connect(port)
    connection.sendall(raw_request({"model": "hashing"}) + b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % target)
    assert_told_behind_the_answer(read_to_end(connection))
    connection.close()


@pytest.mark.parametrize(
    "encoding", [b"gzip, chunked", b"identity, chunked", b"chunked, chunked", b"chunked;q=1", b"chunked,"]
)
def test_a_body_that_is_packed_for_the_way_is_refused_and_nothing_behind_it_read(port, encoding):
    body = b'{"model":"hashing"}'
    head = b"POST /api/embed HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: %s\r\n\r\n" % encoding
    connection = connect(port)
    connection.sendall(head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) + raw_request({"model": "hashing"}))
    answer = read_to_end(connection)
    assert (answer[:13], answer.count(b"HTTP/1.1")) == (b"HTTP/1.1 400 ", 1)
    assert b"\r\nx-content-type-options: nosniff\r\n" in answer
    connection.close()


@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        (b"Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}", b"`Content-Length` beside `Transfer-Encoding`"),
        (b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", b"`Content-Length` beside `Transfer-Encoding`"),
        (b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", b"two `Content-Length`"),
        (b"Content-Length: -2\r\n\r\n{}", b"no whole number"),
        (b"Content-Length: %d\r\n\r\n{}" % 10**30, b"`Content-Length` is too large"),
        (b"Content-Length:\r\n\r\n{}", b"`Content-Length` is empty"),
        (b"Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n", b"no hexadecimal number"),
        (b"Transfer-Encoding: chunked\r\n\r\n2 2\r\n{}\r\n0\r\n\r\n", b"no hexadecimal number"),
        (b"Transfer-Encoding: chunked\r\n\r\n%s\r\n{}" % (b"f" * 20), b"chunk is too large"),
        (b"a b: c\r\n\r\n", b"invalid header token"),
    ],
)
def test_bytes_that_are_no_request_are_told_why(port, rest, reason):
    connection = connect(port)
    connection.sendall(b"POST /api/embed HTTP/1.1\r\nHost: localhost\r\n" + rest)
    head, _, body = read_to_end(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(body)["error"].startswith("this is no HTTP request: ")
    assert reason in body
    connection.close()


@pytest.mark.parametrize("behind", [b" ", b"  ", b"\t", b" ;ext", b" ;name=value", b";ext", b""])
def test_blanks_behind_the_size_of_a_chunk_are_taken(port, behind):
    body = b'{"model":"hashing"}'
    connection = connect(port)
    for headers in (b"", b"Connection: Upgrade\r\nUpgrade: h2c\r\n"):
        head = b"POST /api/embed HTTP/1.1\r\nHost: localhost\r\n%sTransfer-Encoding: chunked\r\n\r\n" % headers
        connection.sendall(head + b"%x%s\r\n%s\r\n0%s\r\n\r\n" % (len(body), behind, body, behind))
        assert answers(connection, 1) == [200]
    connection.close()


@pytest.mark.parametrize("rest", [b"Content-Length: x", b"Transfer-Encoding: gzip", b"X: " + b"y" * 70_000])
def test_a_refusal_of_a_head_has_no_body(port, rest):
    connection = connect(port)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(b"HEAD /v1/models HTTP/1.1\r\nHost: localhost\r\n" + rest + b"\r\n\r\n")
    answer = read_to_end(connection)
    assert answer.startswith(b"HTTP/1.1 4")
    assert answer.endswith(b"\r\n\r\n")
    connection.close()


def test_nobody_is_told_to_continue_after_a_refusal(port, caplog):
    head = b"POST /api/embed HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"
    connection = connect(port)
    connection.sendall(head + b"no size\r\n")
    answer = read_to_end(connection)
    assert (answer[:13], answer.count(b"HTTP/1.1 ")) == (b"HTTP/1.1 400 ", 1)
    connection.close()
    assert get(port, "/").status == 200
    assert not [record for record in caplog.records if record.exc_info]


def test_what_was_said_a_moment_before_a_refusal_goes_out_before_it(serve, caplog):
    server = serve({})
    (loop,) = {listener.get_loop() for listener in server._server.servers}
    head = b"POST /api/embed HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"

    def come(connection) -> None:
        connection.data_received(head)
        loop.call_soon(connection.data_received, b"no size\r\n")  # in the step in which the client is told to go on

    with connect(server.port) as client:
        loop.call_soon_threadsafe(come, until(lambda: connection_of(server, client), "the server to know the client"))
        received = read_to_end(client)
    said = [answer.partition(b"\r\n")[0] for answer in received.split(b"HTTP/1.1 ")[1:]]
    assert said == [b"100 Continue", b"400 Bad Request"]
    assert not caplog.records


@pytest.mark.parametrize("version", [b"HTTP/2.0", b"HTTP/0.9", b"HTTP/1.2", b"HTTP/3.0"])
def test_other_versions_than_one_are_refused_and_nothing_behind_them_read(port, version):
    head = b"GET /api/version %s\r\nHost: localhost\r\nConnection: keep-alive, close\r\n\r\n" % version
    connection = connect(port)
    connection.sendall(head + raw_request({"model": "hashing"}))
    answer = read_to_end(connection)
    assert (answer[:13], answer.count(b"HTTP/1.1 ")) == (b"HTTP/1.1 400 ", 1)
    connection.close()


def test_an_idle_connection_is_sent_nothing_that_it_did_not_ask_for(port):
    connection = connect(port)
    connection.sendall(raw_request({"model": "hashing"}))
    assert answers(connection, 1) == [200]
    connection.sendall(b"\r\n")
    connection.settimeout(0.8)
    with pytest.raises(TimeoutError):
        connection.recv(1000)
    connection.settimeout(60)
    connection.sendall(raw_request({"model": "hashing"}))
    assert answers(connection, 1) == [200]
    connection.close()


def test_a_client_that_leaves_leaves_all_that_it_asked_for(gated_server, gated_engine, gate, encoders):
    connection = connect(gated_server.port)
    connection.sendall(raw_request({"model": "g", "input": "first"}))
    assert gate.entered.wait(60)
    connection.sendall(raw_request({"model": "g", "input": "second"}))
    connection.close()
    until(lambda: gated_engine._active in (0, 1))
    gate.open()
    until(lambda: gated_engine._active == 0)
    assert ["second"] not in encoders[0].batches


HEADS = {
    "one header": b"X-Long: " + b"x" * 70_000 + b"\r\n",
    "many headers": b"a: b\r\n" * 20_000,
    "two headers": (b"X-Long: " + b"x" * 40_000 + b"\r\n") * 2,
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
@pytest.mark.parametrize("packets", [1, 7])
def test_a_head_beyond_its_bound_is_refused_however_it_is_packed(port, head, packets, caplog):
    request = raw_request({"model": "hashing"}).replace(b"\r\n", b"\r\n" + head, 1)
    connection = connect(port)
    size = len(request) // packets + 1
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        for start in range(0, len(request), size):
            connection.sendall(request[start : start + size])
    assert read_to_end(connection).startswith(b"HTTP/1.1 431 ")
    connection.close()
    assert not [record for record in caplog.records if record.name == "asyncio"]  # refused once


BESIDE = {
    "long extension": b"1;" + b"x" * 80_000 + b"\r\n{\r\n0\r\n\r\n",
    "extensions": (b"1;" + b"x" * 500 + b"\r\n \r\n") * 200 + b"0\r\n\r\n",
    "long trailer": b"0\r\nX-Long: " + b"x" * 80_000 + b"\r\n\r\n",
    "trailer without end": b"0\r\nX-Long: " + b"x" * 80_000,
    "trailers": b"0\r\n" + b"a: b\r\n" * 20_000 + b"\r\n",
}


@pytest.mark.parametrize("rest", BESIDE.values(), ids=BESIDE)
def test_a_body_with_too_much_beside_its_content_is_refused(port, rest):
    connection = connect(port)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(b"POST /api/embed HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + rest)
    answer = read_to_end(connection)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b"x-content-type-options: nosniff" in answer
    connection.close()


def test_a_body_in_tiny_chunks_is_read(port):
    body = raw_request({"model": "hashing", "input": "word " * 4000}).partition(b"\r\n\r\n")[2]
    chunks = b"".join(b"1;a=b\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
    connection = connect(port)
    connection.sendall(b"POST /api/embed HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
    assert answers(connection, 1) == [200]
    connection.close()


def test_a_long_address_is_refused(port):
    connection = connect(port)
    connection.sendall(b"GET /" + b"a" * 66_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert read_to_end(connection).startswith(b"HTTP/1.1 431 ")
    connection.close()


def test_what_comes_after_a_chunked_body_is_no_header(port):
    connection = connect(port)
    body = b'{"model":"hashing"}'
    head = b"POST /api/embed HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    connection.sendall(
        head + b"%x\r\n%s\r\n0\r\nHost: evil.example\r\nContent-Encoding: br\r\n\r\n" % (len(body), body)
    )
    assert answers(connection, 1) == [200]
    connection.close()
