"""Deadlines: who is slow gets 408 and is gone; who is merely idle, or waits for a slow answer, is not disturbed."""

from __future__ import annotations

import time

import pytest

from tests.server.client import connect, get, raw_request, read_to_end

QUICK = {"head_timeout_seconds": 0.3, "body_timeout_seconds": 0.4}


@pytest.fixture
def port(serve):
    return serve(QUICK).port


def late(connection, began: float) -> bytes:
    answer = read_to_end(connection)
    connection.close()
    assert time.monotonic() - began > 0.2
    return answer


def test_a_client_that_says_nothing_is_let_go(port):
    began = time.monotonic()
    assert late(connect(port), began).startswith(b"HTTP/1.1 408 ")


def test_a_head_sent_byte_by_byte_is_let_go(port):
    began = time.monotonic()
    connection = connect(port)
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


def test_a_body_sent_byte_by_byte_is_let_go(port):
    began = time.monotonic()
    connection = connect(port)
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


def test_a_connection_that_is_kept_may_idle_longer_than_a_head_may_take(port):
    connection = connect(port)
    for _ in range(2):
        connection.sendall(raw_request({"model": "hashing"}))
        answer = b""
        while not answer.endswith(b"}"):
            answer += connection.recv(1000)
        assert answer.startswith(b"HTTP/1.1 200 ")
        time.sleep(0.6)
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
    assert read_to_end(connection).startswith(b"HTTP/1.1 4")
    connection.close()
    assert get(port, "/").body == b"Ollama is running"


def test_a_hundred_silent_clients_leave_room_for_one_that_speaks(port):
    silent = [connect(port) for _ in range(100)]
    assert get(port, "/api/version").status == 200
    for connection in silent:
        assert read_to_end(connection).startswith(b"HTTP/1.1 408 ")
        connection.close()
