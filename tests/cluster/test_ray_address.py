"""Where a Ray cluster is looked for, and what is said where it is not: nothing here needs Ray."""

from __future__ import annotations

import socket
import sys
import threading
from contextlib import closing
from types import SimpleNamespace

import pytest

from embedingest.cluster.ray_address import host_and_port, silence
from embedingest.cluster.ray_connection import connect
from embedingest.errors import ConfigError
from embedingest.ingest.run.walk_seam import Stopped
from tests.waiting import HANGS_SECONDS


class _AuthenticationError(Exception):
    """As Ray's: none of Python's errors, with its advice beside the message."""

    message = "no reason"


def ray(failure: Exception) -> SimpleNamespace:
    def init(**_options):
        raise failure

    return SimpleNamespace(init=init, exceptions=SimpleNamespace(AuthenticationError=_AuthenticationError))


@pytest.fixture
def listening():
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()[1]


@pytest.fixture
def unused():
    with closing(socket.socket()) as held:
        held.bind(("127.0.0.1", 0))  # nobody else gets it, and nobody listens
        yield held.getsockname()[1]


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("head:6379", ("head", 6379)),
        ("ray://head:10001", ("head", 10001)),
        ("[::1]:6379", ("::1", 6379)),
        ("ray://[2001:db8::1]:10001", ("2001:db8::1", 10001)),
        *((other, None) for other in ("", "auto", "local", "head", "head:port", "http://head:8265", "other://a:1")),
    ],
)
def test_only_a_host_with_a_port_is_looked_for(address, place):
    assert host_and_port(address) == place


def test_a_port_where_somebody_listens_answers_and_the_others_tell_why_not(listening, unused):
    assert silence("127.0.0.1", listening) is None
    assert silence("localhost", listening) is None  # also where its first address is another
    assert silence("127.0.0.1", unused) == f"nobody listens at port {unused} there"
    assert silence("nohost.invalid", 6379) == "no machine of the name `nohost.invalid` is known here"


@pytest.mark.skipif(sys.platform != "linux", reason="a queue of connections that is as long as asked for")
def test_a_machine_that_says_nothing_is_waited_for_no_longer_than_told():
    with closing(socket.create_server(("127.0.0.1", 0), backlog=0)) as server, closing(socket.socket()) as first:
        first.connect(server.getsockname())  # the only place in the queue
        assert silence(*server.getsockname(), seconds=0.2) == "no answer within 0.2 s"


@pytest.mark.parametrize("form", ["{}:{}", "ray://{}:{}"])
def test_ray_is_not_asked_where_nobody_listens(monkeypatch, unused, form):
    address = form.format("127.0.0.1", unused)
    monkeypatch.setenv("RAY_ADDRESS", address)
    for given in (None, address):
        with pytest.raises(ConfigError, match="cannot be reached: nobody listens") as caught:
            connect(ray(AssertionError("asked")), given)
        assert address in caught.value.message
        assert "RAY_ADDRESS" in str(caught.value.remedy)


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "another than that in ~/.ray/auth_token (RAY_AUTH_MODE is not set here)"),
        ({"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": "/etc/t"}, "that in /etc/t (RAY_AUTH_MODE is `token` here)"),
        ({"RAY_AUTH_TOKEN": "secret", "RAY_AUTH_TOKEN_PATH": "/etc/t"}, "that of RAY_AUTH_TOKEN (RAY"),
    ],
)
@pytest.mark.parametrize("failure", [ConnectionError("no reason"), _AuthenticationError("no reason. Read all of this")])
def test_a_cluster_that_answers_and_lets_nobody_in_is_told_with_the_token(
    monkeypatch, listening, environment, said, failure
):
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(
        ConfigError, match="does not let this process in, though its port answers: no reason;"
    ) as caught:
        connect(ray(failure), f"ray://127.0.0.1:{listening}")
    assert said in caught.value.message
    assert "secret" not in str(caught.value)
    assert "copy the token" in str(caught.value.remedy)


@pytest.mark.parametrize("failure", [RuntimeError("Version mismatch"), ConnectionAbortedError("Version mismatch")])
def test_what_the_cluster_itself_says_is_no_matter_of_a_token(listening, failure):
    with pytest.raises(ConfigError, match="answers, and cannot be joined: Version mismatch") as caught:
        connect(ray(failure), f"ray://127.0.0.1:{listening}")
    assert "same versions" in str(caught.value.remedy)


def test_who_is_asked_to_stop_does_not_wait_for_ray_to_be_refused(monkeypatch):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    tries, goes_on, stop = threading.Event(), threading.Event(), threading.Event()

    def init(**_options):
        tries.set()
        assert goes_on.wait(HANGS_SECONDS)

    refusing = SimpleNamespace(init=init, exceptions=SimpleNamespace(AuthenticationError=_AuthenticationError))
    threading.Thread(target=lambda: stop.set() if tries.wait(HANGS_SECONDS) else None, daemon=True).start()
    try:
        with pytest.raises(Stopped):
            connect(refusing, "auto", stop)
        assert tries.is_set()
    finally:
        goes_on.set()


def test_a_cluster_of_this_machine_is_begun_by_the_thread_that_lives_as_long(monkeypatch):
    """What Ray starts ends with the thread that started it."""
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    threads = []
    begun = SimpleNamespace(
        init=lambda **_options: threads.append(threading.current_thread()),
        exceptions=SimpleNamespace(AuthenticationError=_AuthenticationError),
    )
    connect(begun, None)
    assert threads == [threading.current_thread()]
