"""A small proxy: hands on what is asked under a path of its own, as nginx and Caddy do."""

from __future__ import annotations

import contextlib
import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_OWN = {"connection", "transfer-encoding", "keep-alive", "date", "server"}


class _Handler(BaseHTTPRequestHandler):
    prefix: str
    port: int

    def log_message(self, *_: Any) -> None:
        pass

    def _hand_on(self) -> None:
        if not self.path.startswith(f"{self.prefix}/"):
            self.send_error(404)
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        upstream = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _OWN}
        headers |= {"X-Forwarded-Prefix": self.prefix, "X-Forwarded-For": self.client_address[0]}
        upstream.request(self.command, self.path.removeprefix(self.prefix), body, headers)
        answer = upstream.getresponse()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _OWN:
                self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        with contextlib.suppress(OSError):
            while part := answer.read1(65_536):
                self.wfile.write(part)
        upstream.close()
        self.close_connection = True

    do_GET = do_POST = do_DELETE = do_HEAD = _hand_on


@contextlib.contextmanager
def proxy(port: int, prefix: str) -> Iterator[str]:
    """The address under which a server on `port` is seen through a proxy."""
    handler = type("Handler", (_Handler,), {"prefix": prefix, "port": port})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}{prefix}"
        finally:
            server.shutdown()
            thread.join()
