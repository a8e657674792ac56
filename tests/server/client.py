"""Small ways to talk to a server over a socket, for tests that need more than one whole request."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

from tests.server.wirecases import Reply, send

if TYPE_CHECKING:
    from embedingest.server.run import HttpServer


def post(port: int, path: str, body: Any, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return send(port, {"method": "POST", "path": path, "json": body, "headers": named})


def get(port: int, path: str, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return send(port, {"method": "GET", "path": path, "headers": named})


def raw_request(body: Any, path: str = "/api/embed") -> bytes:
    data = json.dumps(body).encode()
    return b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n%s" % (path.encode(), len(data), data)


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=60)


def connection_of(server: HttpServer, client: socket.socket) -> Any:
    """The server's own connection with this client, beside which those of earlier tests may still end; None before it is there."""
    for connection in set(server._server.server_state.connections):
        if connection.transport is not None and connection.transport.get_extra_info("peername") == client.getsockname():
            return connection
    return None


def read_to_end(connection: socket.socket) -> bytes:
    """Everything until the server closes."""
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def answers(connection: socket.socket, count: int) -> list[int]:
    """The statuses of so many whole answers."""
    statuses = []
    with connection.makefile("rb", buffering=0) as lines:
        for _ in range(count):
            statuses.append(int(lines.readline().split()[1]))
            size = 0
            while (line := lines.readline()) not in (b"\r\n", b""):
                name, _, value = line.partition(b":")
                size = int(value) if name.lower() == b"content-length" else size
            while size:
                size -= len(lines.read(size))
    return statuses
