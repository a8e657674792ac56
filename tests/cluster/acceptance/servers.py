"""An S3-speaking server on loopback, a proxy before it that misbehaves as networks and gateways do, and a Ray cluster.

The server is moto's, in a process of its own, as the cluster is. It looks whether a key is there and puts it in two steps,
so that on a busy machine two conditional puts may both succeed: the proxy hands on one at a time. Everything a run asks of
its bucket goes through the proxy, which tells what was asked and may hold, lose, delay or refuse it: so a process is
killed at one request, never at about a second.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["BUCKET", "Asked", "Fault", "Proxy", "RayCluster", "ray_cluster", "s3_server"]

BUCKET: Final = "lake"
_CONDITIONS: Final = frozenset({"if-match", "if-none-match"})
_ONE_PUT: Final = threading.Lock()
_OWN: Final = frozenset({"connection", "transfer-encoding", "keep-alive", "date", "server", "content-length"})
_SERVER: Final = """
import sys, time
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""
_CLUSTER: Final = """
import sys
import ray
ray.init(address="local", num_cpus=2, include_dashboard=False, logging_level="ERROR")
print(ray.get_runtime_context().gcs_address, flush=True)
sys.stdin.read()
"""
_TOKEN: Final = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "of-the-trials-of-embedingest-0123456789"}


@dataclass(frozen=True)
class Asked:
    """One request: its method, the key in the bucket with what is asked of it, and its headers in small letters."""

    method: str
    key: str
    headers: dict[str, str]

    @property
    def writes(self) -> bool:
        return self.method in {"PUT", "POST", "DELETE"}


class Fault(Protocol):
    """What the proxy does about a request. `hand_on` sends it to the server and returns its answer.

    Returns the answer to give; `None` closes the connection without one.
    """

    def __call__(self, asked: Asked, hand_on: Callable[[], Answer]) -> Answer | None: ...


@dataclass(frozen=True)
class Answer:
    """A status with headers and a body."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def _as_it_is(asked: Asked, hand_on: Callable[[], Answer]) -> Answer:
    return hand_on()


@dataclass
class Proxy:
    """Its address and what went through it. `fault` may be set at any time; `strip` are headers that it drops."""

    port: int
    fault: Fault = _as_it_is
    strip: frozenset[str] = frozenset()
    asked: list[Asked] = field(default_factory=list)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def storage(self) -> dict[str, str]:
        """Settings of LanceDB for a bucket behind it."""
        return {"aws_endpoint": self.endpoint, "allow_http": "true", "aws_access_key_id": "anyone",
                "aws_secret_access_key": "anything", "aws_region": "us-east-1"}  # fmt: skip

    @property
    def environment(self) -> dict[str, str]:
        """The same as variables of the program."""
        return {"AWS_ENDPOINT": self.endpoint, "AWS_ENDPOINT_URL": self.endpoint, "AWS_ALLOW_HTTP": "true",
                "AWS_ACCESS_KEY_ID": "anyone", "AWS_SECRET_ACCESS_KEY": "anything", "AWS_REGION": "us-east-1",
                "AWS_DEFAULT_REGION": "us-east-1"}  # fmt: skip


@dataclass(frozen=True)
class RayCluster:
    """Where a cluster is asked, and the process below which its nodes run."""

    address: str
    pid: int

    def environment(self, of_nodes: Mapping[str, str]) -> dict[str, str]:
        """Variables of a driver that is to run on it, its nodes having some of their own, as `ray job submit` sets them."""
        settings = {"runtime_env": {"env_vars": dict(of_nodes)}}
        return {**_TOKEN, "RAY_ADDRESS": self.address, "RAY_JOB_CONFIG_JSON_ENV_VAR": json.dumps(settings)}


@contextlib.contextmanager
def s3_server() -> Iterator[int]:
    """The port of a server with an empty bucket `lake`."""
    with _beside(_SERVER) as (_, told):
        port = int(told)
        _ask(port, "PUT", f"/{BUCKET}", b"", {})
        yield port


@contextlib.contextmanager
def ray_cluster() -> Iterator[RayCluster]:
    """A cluster of one machine with two cores that wants a token, which many drivers join one after the other."""
    with _beside(_CLUSTER, _TOKEN) as (process, told):
        yield RayCluster(told, process.pid)


@contextlib.contextmanager
def _beside(program: str, environment: Mapping[str, str] | None = None) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that runs a program for as long as the context lasts, with the first line that it prints."""
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        env={**os.environ, **(environment or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait(30)
        process.stdout.close()


@contextlib.contextmanager
def proxied(server: int, **options: Any) -> Iterator[Proxy]:
    """A proxy before the server at a port of this machine, for as long as the context lasts."""
    proxy = Proxy(0, **options)
    handler = type("Handler", (_Handler,), {"proxy": proxy, "server_port": server})
    with _Server(("127.0.0.1", 0), handler) as listening:
        proxy.port = listening.server_port
        thread = threading.Thread(target=listening.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield proxy
        finally:
            listening.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that was killed has left its connection."""


class _Handler(BaseHTTPRequestHandler):
    proxy: Proxy
    server_port: int
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def _hand_on(self) -> None:
        body = self._body()
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, self.path.removeprefix(f"/{BUCKET}").lstrip("/"), headers)
        self.proxy.asked.append(asked)
        kept = {name: value for name, value in headers.items() if name not in _OWN | self.proxy.strip}

        def hand_on() -> Answer:
            alone = _ONE_PUT if self.command == "PUT" and not _CONDITIONS.isdisjoint(kept) else contextlib.nullcontext()
            with alone:
                return _ask(self.server_port, self.command, self.path, body, kept)

        answer = self.proxy.fault(asked, hand_on)
        if answer is None:
            self.close_connection = True
            return
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in _OWN:
                self.send_header(name, value)
        if self.command == "HEAD":
            self.send_header("Content-Length", answer.headers.get("Content-Length", "0"))
        else:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _hand_on


def _ask(port: int, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
    server = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        server.request(method, path, body, headers)
        answer = server.getresponse()
        return Answer(answer.status, dict(answer.getheaders()), answer.read())
    finally:
        server.close()
