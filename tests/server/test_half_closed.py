"""A client that ends its side behind a whole request is answered; one that is gone costs nothing more."""

from __future__ import annotations

import logging
import socket
import struct

import pytest

from embedingest.server import http
from tests.depth import few
from tests.server.client import answers, connect, raw_request, read_to_end
from tests.server.test_connection import LARGE, open_connections
from tests.waiting import until

GET = b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n"


def half_closed_after(port: int, sent: bytes) -> socket.socket:
    client = connect(port)
    client.sendall(sent)
    client.shutdown(socket.SHUT_WR)
    return client


@few(8)
@pytest.mark.parametrize("version", [b"HTTP/1.1", b"HTTP/1.0"])
@pytest.mark.parametrize(
    "sent",
    [
        *(GET % path for path in (b"/api/tags", b"/api/version", b"/api/ps", b"/v1/models", b"/healthz", b"/nowhere")),
        raw_request({"model": "hashing", "input": "text"}),
        raw_request({"model": "hashing", "input": ["text"] * 300}),
        raw_request({"model": "hashing"}, "/api/show"),
        raw_request(LARGE, "/v1/embeddings"),
        raw_request({"model": "nowhere", "input": "text"}),
    ],
)
def test_a_whole_request_is_answered_and_the_connection_closed(serve, sent, version):
    client = half_closed_after(serve().port, sent.replace(b"HTTP/1.1", version))
    with client:
        answer = read_to_end(client)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 404 "))
    assert f"content-length: {len(body)}".encode() in head


def test_all_that_was_asked_whole_is_answered_in_order_and_what_is_half_is_dropped(serve):
    whole = raw_request({"model": "hashing", "input": "text"})
    for count, half in ((1, b""), (5, b""), (3, whole[:30]), (3, whole[:-3])):
        with half_closed_after(serve().port, whole * count + half) as client:
            assert answers(client, count) == [200] * count
            assert client.recv(1000) == b""


def test_half_a_request_ends_with_its_connection(serve):
    for size in (0, 20, -3):
        with half_closed_after(serve().port, raw_request({"model": "hashing", "input": "text"})[:size]) as client:
            assert client.recv(1000) == b""


def test_what_takes_long_is_answered_to_who_still_listens(gated_server, gate, soon):
    with half_closed_after(gated_server.port, raw_request({"model": "g", "input": "first"})) as client:
        assert gate.entered.wait(60)
        interim = b"HTTP/1.1 100 Continue\r\n\r\n"
        received = b""
        while len(received) < 3 * len(interim):
            received += client.recv(len(interim))
        assert received == interim * 3
        gate.open()
        answer = read_to_end(client)
    while answer.startswith(interim):
        answer = answer.removeprefix(interim)
    assert answer.startswith(b"HTTP/1.1 200 ")


def test_what_takes_long_is_left_where_nobody_can_be_asked(gated_server, gated_engine, gate, soon):
    request = raw_request({"model": "g", "input": "first"}).replace(b"HTTP/1.1", b"HTTP/1.0")
    with half_closed_after(gated_server.port, request) as client:
        assert gate.entered.wait(60)
        assert read_to_end(client) == b""
    until(lambda: gated_engine._active == 0)


def test_who_leaves_later_is_noticed_too(gated_server, gated_engine, gate, soon):
    client = half_closed_after(gated_server.port, raw_request({"model": "g", "input": "first"}))
    assert gate.entered.wait(60)
    assert client.recv(12) == b"HTTP/1.1 100"
    client.close()
    until(lambda: not open_connections(gated_server))
    until(lambda: gated_engine._active == 0)


def test_a_refusal_behind_a_whole_request_is_told_too(serve):
    whole = raw_request({"model": "hashing", "input": "text"})
    with half_closed_after(serve().port, whole + b"get / HTTP/1.1\r\n\r\n") as client:
        assert answers(client, 2) == [200, 400]
        assert client.recv(1000) == b""


def test_clients_that_leave_in_the_midst_of_their_answers_are_no_line_of_the_log(serve, monkeypatch, caplog):
    monkeypatch.setattr(http, "_PART_BYTES", 1000)  # so that much is written before the loop hears of it
    server = serve()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            client = connect(server.port)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # it ends with a reset
            client.sendall(raw_request({**LARGE, "input": ["some text"] * 3000}, "/v1/embeddings"))
            assert client.recv(1000)
            client.close()
        until(lambda: server._app.server_state.answers.bytes == 0 and not open_connections(server))
    assert not caplog.records
