"""Connections are bounded, and so is what one of them holds: silent readers, floods of requests, no descriptors left."""

from __future__ import annotations

import json
import logging
import os
import resource
import socket
import threading
import time

import pytest

from embedingest.server.unread import UnreadDeadline
from tests.server.client import answers, connect, get, post, raw_request, read_to_end
from tests.waiting import until

LARGE = {"model": "hashing", "input": ["some text"] * 8000, "encoding_format": "base64"}
"""Its answer, of 11 MB, is larger than what the system's buffers take."""


def unread(port: int) -> socket.socket:
    """A client that asks for much and takes none of it."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(60)
    client.connect(("127.0.0.1", port))
    client.sendall(raw_request(LARGE, "/v1/embeddings"))
    return client


def open_connections(server):
    return server._server.server_state.connections


def test_a_client_that_takes_nothing_is_broken_off_and_its_answer_forgotten(serve):
    server = serve({"write_timeout_seconds": 0.3})
    held = server._app.server_state.answers
    client = unread(server.port)
    until(lambda: held.bytes > 0)
    until(lambda: held.bytes == 0 and not open_connections(server))
    received = read_to_end(client)
    client.close()
    assert received.startswith(b"HTTP/1.1 200 ")
    assert len(received) < int(received.partition(b"content-length: ")[2].partition(b"\r\n")[0])


class Clock:
    """A loop whose time the test moves, and a transport whose client takes what the test says."""

    def __init__(self) -> None:
        self.waiting, self.is_open, self.due = 0, True, None

    def call_later(self, seconds, call):
        self.due = (seconds, call)
        return self

    def cancel(self):
        self.due = None

    def set_write_buffer_limits(self, high):
        assert high == 0

    def get_write_buffer_size(self):
        return self.waiting

    def abort(self):
        self.is_open = False

    def after(self, waiting):
        """A period later, when so much is still waiting."""
        self.waiting = waiting
        self.due[1]()


def test_who_takes_a_quarter_in_each_period_gets_all_of_it():
    clock = Clock()
    deadline = UnreadDeadline(clock, clock, 60.0)
    clock.waiting = 1000
    deadline.begin()
    for waiting in (750, 500, 1, 3):
        assert clock.due[0] == 60.0
        if waiting == 3:
            deadline.end()
            assert clock.due is None
            break
        clock.after(waiting)
        assert clock.is_open
    deadline.begin()
    deadline.shorten(5.0)
    assert clock.due[0] == 5.0
    clock.after(1)
    assert not clock.is_open


def test_large_answers_share_one_budget_and_small_ones_need_none(serve):
    server = serve({"max_answer_bytes": 100_000})
    client = unread(server.port)
    until(lambda: server._app.server_state.answers.bytes > 0)
    for path in ("/api/embed", "/v1/embeddings"):
        busy = post(server.port, path, LARGE)
        assert busy.status == 503
        assert busy.headers["retry-after"] == "1"
        assert post(server.port, path, {"model": "hashing", "input": "one"}).status == 200
    tokens = {"model": "hashing", "content": "word " * 15_000}
    assert post(server.port, "/api/tokenize", tokens).status == 503
    client.close()
    until(lambda: server._app.server_state.answers.bytes == 0)
    fewer = {"model": "hashing", "input": ["some text"] * 100}
    assert post(server.port, "/api/embed", fewer).status == 200, "one has room whatever its size"
    assert post(server.port, "/api/tokenize", tokens).status == 200


def test_a_flood_of_requests_on_one_connection_is_answered_in_order_and_held_as_bytes(serve):
    server = serve({"max_inputs": 11})
    count = 600
    flood = b"".join(b"GET /v1/models/all-minilm?%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % n for n in range(count))
    client = connect(server.port)
    sending = threading.Thread(target=client.sendall, args=(flood + raw_request({"model": "hashing"}),))
    sending.start()
    longest = 0
    for _ in range(count + 1):
        assert answers(client, 1) == [200]
        longest = max([longest, *(len(one.pipeline) for one in list(open_connections(server)))])
    sending.join(60)
    client.close()
    assert longest < count / 2


def test_connections_beyond_the_bound_are_told_so_and_have_a_place_when_one_ends(serve):
    server = serve({"max_connections": 3})
    silent = [connect(server.port) for _ in range(3)]
    for client in silent:
        client.sendall(b"GET")  # and no more of it: each has its place
    until(lambda: len(open_connections(server)) == 3 and not any(one.idle_since for one in open_connections(server)))
    for request in (raw_request(LARGE), b""):
        surplus = connect(server.port)
        surplus.sendall(request)
        answer = read_to_end(surplus)
        surplus.close()
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 1" in head
        assert b"as many connections as it may" in json.loads(body)["error"].encode()
    silent.pop().close()
    until(lambda: len(open_connections(server)) == 2)
    assert get(server.port, "/api/version").status == 200
    for client in silent:
        client.close()


def test_an_idle_connection_gives_its_place_to_a_new_one(serve):
    server = serve({"max_connections": 2})
    kept = [connect(server.port) for _ in range(2)]
    for client in kept:
        client.sendall(raw_request({"model": "hashing"}))
        assert answers(client, 1) == [200]
    until(lambda: all(one.idle_since for one in open_connections(server)))
    assert get(server.port, "/api/version").status == 200
    assert kept[0].recv(1000) == b"", "the one that was idle longest was closed"
    kept[1].sendall(raw_request({"model": "hashing"}))
    assert answers(kept[1], 1) == [200]
    for client in kept:
        client.close()


def test_connections_on_which_nothing_was_ever_said_give_their_places_to_new_ones(serve):
    server = serve({"max_connections": 3, "head_timeout_seconds": 600.0})
    silent = [connect(server.port) for _ in range(3)]
    until(lambda: len(open_connections(server)) == 3)
    until(lambda: all(one.idle_since <= time.monotonic() for one in open_connections(server)))
    begun = connect(server.port)
    begun.sendall(raw_request({"model": "hashing"})[:30])
    until(lambda: sum(one.idle_since is None for one in list(open_connections(server))) == 1)
    for _ in range(5):
        assert get(server.port, "/api/version").status == 200
    assert silent[0].recv(1000) == b"", "the one that was silent longest was closed"
    begun.sendall(raw_request({"model": "hashing"})[30:])
    assert answers(begun, 1) == [200], "one that began to ask keeps its place"
    for client in (*silent, begun):
        client.close()


def test_a_client_that_went_before_its_last_answer_is_no_error(serve, caplog):
    server = serve({"max_connections": 4})
    client = connect(server.port)
    until(lambda: len(open_connections(server)) == 1)
    (connection,) = open_connections(server)

    def leave_and_say():
        client.close()  # while the loop is here, and sees nothing of it
        connection._say_last(408, "too late")

    connection.loop.call_soon_threadsafe(leave_and_say)
    until(lambda: not open_connections(server))
    assert not caplog.records


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts open files as Linux shows them")
def test_without_descriptors_the_server_says_so_once_a_second_and_lives(serve, caplog):
    server = serve({"max_connections": 50})
    assert get(server.port, "/api/version").status == 200
    client = socket.socket()
    before, filling = resource.getrlimit(resource.RLIMIT_NOFILE), []
    try:
        with caplog.at_level(logging.ERROR):
            highest = max(int(number) for number in os.listdir("/proc/self/fd"))
            resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 2, before[1]))
            try:
                while True:
                    filling.append(os.dup(client.fileno()))
            except OSError:
                client.connect(("127.0.0.1", server.port))
            until(lambda: "no connection can be accepted" in caplog.text)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        for number in filling:
            os.close(number)
    client.settimeout(60)
    client.sendall(b"GET /api/version HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert client.recv(1000).startswith(b"HTTP/1.1 200 ")
    client.close()
    assert len(caplog.records) <= 3
    assert not any(record.exc_info for record in caplog.records)
