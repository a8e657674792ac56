"""A proxy in front of an S3-speaking server that fails requests as a test says."""

from __future__ import annotations

import http.client
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Asked", "FaultyProxy"]


class Asked(NamedTuple):
    """A request: its number, its method, its path and its query."""

    number: int
    method: str
    path: str
    query: str

    @property
    def is_listing(self) -> bool:
        return "list-type=2" in self.query

    def is_for(self, key: str) -> bool:
        return self.path.endswith(f"/{key}")


class FaultyProxy:
    """Hands requests on to `endpoint`, but for what `fault` says of each: a status such as `503` is answered instead,
    with `cut` half of the body is sent and the connection closed, with `2s` the answer comes two seconds later.
    """

    def __init__(self, endpoint: str) -> None:
        self.asked: list[Asked] = []
        self.fault: Callable[[Asked], str] = lambda _: ""
        self.at_once = self.most = 0
        lock, proxy, behind = threading.Lock(), self, urlsplit(endpoint)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do(self) -> None:
                parts = urlsplit(self.path)
                with lock:
                    asked = Asked(len(proxy.asked), self.command, unquote(parts.path), parts.query)
                    proxy.asked.append(asked)
                    proxy.at_once += 1
                    proxy.most = max(proxy.most, proxy.at_once)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                fault = proxy.fault(asked)
                try:
                    self._answer(fault, body)
                finally:
                    with lock:
                        proxy.at_once -= 1

            def _answer(self, fault: str, body: bytes) -> None:
                if fault.isdigit():
                    self._send(int(fault), {}, b"<Error><Code>Planted</Code></Error>")
                    return
                if fault.endswith("s"):
                    time.sleep(float(fault[:-1]))
                connection = http.client.HTTPConnection(str(behind.hostname), behind.port)
                connection.request(self.command, self.path, body, dict(self.headers))
                answer = connection.getresponse()
                data = answer.read()
                connection.close()
                self._send(answer.status, dict(answer.getheaders()), data, cut=fault == "cut")

            def _send(self, status: int, headers: dict[str, str], data: bytes, *, cut: bool = False) -> None:
                self.send_response(status)
                length = headers.get("Content-Length", str(len(data)))
                for name, value in headers.items():
                    if name.lower() not in {"content-length", "connection", "transfer-encoding", "server", "date"}:
                        self.send_header(name, value)
                self.send_header("Content-Length", length if self.command == "HEAD" else str(len(data)))
                self.end_headers()
                self.wfile.write(data[: len(data) // 2] if cut else data)
                if cut:
                    self.wfile.flush()
                    self.close_connection = True

            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do  # noqa: N815 -- names that the base class looks for

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
