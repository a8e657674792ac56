"""An application on a socket: bound at once, served until it is stopped; accepted requests are answered first.

Knows uvicorn; knows no routes. `HttpServer` runs in the foreground (`run`) or beside a watch (`start`, `stop`).
"""

from __future__ import annotations

import errno
import logging
import socket
import sys
import threading
from typing import TYPE_CHECKING, Final, Self

from embedingest.errors import ConfigError
from embedingest.server.guard import is_loopback
from embedingest.system import open_files

if TYPE_CHECKING:
    from embedingest.config import ServerConfig
    from embedingest.server.app import App
    from embedingest.server.lifecycle import Server

__all__ = ["HttpServer", "bind"]

_log = logging.getLogger(__name__)

_BACKLOG_CONNECTIONS: Final = 2048
_START_SECONDS: Final = 30
_WAIT_SECONDS: Final = 0.5
_STOP_SECONDS: Final = 30  # a stop takes at most so long
_KEEP_ALIVE_SECONDS: Final = 60  # an idle connection is closed after so long
_OPEN_FILES: Final = 65_536
_OTHER_FILES: Final = 256  # that are left for tables and models


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises ConfigError that names the port and a remedy."""
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise ConfigError(f"cannot listen on {host}: {error.strerror or error}", remedy="check `--host`") from error
    family, kind, protocol, _, address = addresses[0]
    listener = socket.socket(family, kind, protocol)
    try:
        if sys.platform != "win32":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG_CONNECTIONS)
    except OSError as error:
        listener.close()
        raise _bind_error(host, port, error) from error
    return listener


def _bind_error(host: str, port: int, error: OSError) -> ConfigError:
    if error.errno == errno.EADDRINUSE:
        return ConfigError(
            f"port {port} on {host} is taken, often by Ollama itself",
            remedy="stop the other program, or name another port with `--port`",
        )
    if error.errno == errno.EACCES:
        return ConfigError(f"port {port} on {host} needs more rights than this user has", remedy="try `--port 11434`")
    return ConfigError(f"cannot listen on {host}:{port}: {error.strerror}", remedy="check `--host` and `--port`")


class HttpServer:
    """One application on one socket. The constructor binds the port, so a clash is known before any model loads.

    Raises ConfigError when the port is taken.
    """

    def __init__(self, app: App, settings: ServerConfig) -> None:
        self._app = app
        self._settings = settings
        self._listener = bind(settings.host, settings.port)
        self.port = int(self._listener.getsockname()[1])
        """The port really listened on, also if the settings say 0 (any free one)."""
        self._server: Server | None = None
        self._thread: threading.Thread | None = None
        self._started = threading.Event()
        if not is_loopback(settings.host) and not settings.has_keys:
            _log.warning("anyone who reaches %s can embed; documents and control are off without an API key", self.url)

    @property
    def url(self) -> str:
        host = self._settings.host
        shown = f"[{host}]" if ":" in host else host
        return f"http://{shown}:{self.port}"

    def run(self) -> None:
        """Serve until SIGTERM, or SIGINT (raised again as KeyboardInterrupt); what was accepted is finished first.

        A second signal ends the process at once. In the main thread only.
        """
        self._create_server().run(sockets=[self._listener])

    def start(self, until: threading.Event | None = None) -> None:
        """Serve on a thread of its own; returns when requests are answered. It begins to stop once `until` is set."""
        server = self._create_server(until)
        self._thread = threading.Thread(
            target=server.run, kwargs={"sockets": [self._listener]}, name="embedingest-http", daemon=True
        )
        self._thread.start()
        self._started.wait(timeout=_START_SECONDS)

    def begin_stop(self) -> None:
        """Refuse new connections and finish what was accepted, without waiting for it."""
        if self._server is not None:
            self._server.should_exit = True

    def stop(self) -> None:
        """Refuse new connections, finish what was accepted, end the thread. A second call does nothing."""
        self.begin_stop()
        if self._thread is not None:
            self._thread.join(timeout=_STOP_SECONDS)
            self._thread = None
        self._listener.close()

    def wait(self) -> None:
        """Block while it serves beside the program, until `stop` is called or Ctrl-C (KeyboardInterrupt)."""
        while (thread := self._thread) is not None and thread.is_alive():
            thread.join(timeout=_WAIT_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Stops."""
        self.stop()

    def _create_server(self, until: threading.Event | None = None) -> Server:
        import uvicorn

        from embedingest.server.lifecycle import STOP_SECONDS, Server
        from embedingest.server.protocol import timed_protocol

        settings = self._settings
        protocol = timed_protocol(
            head_seconds=settings.head_timeout_seconds,
            body_seconds=settings.body_timeout_seconds,
            write_seconds=settings.write_timeout_seconds,
            most_connections=min(settings.max_connections, _most_connections()),
        )
        config = uvicorn.Config(
            self._app,
            loop="asyncio",  # connections rely on its errors, resets and buffers, where uvloop is installed too
            http=protocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=_BACKLOG_CONNECTIONS,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
        self._server = Server(config, answering=self._started, stop=self._app.server_state.stop, until=until)
        return self._server


def _most_connections() -> int:
    """As many as the system's open files allow; their limit is raised first, which is 1024 on many systems."""
    files = open_files(_OPEN_FILES)
    return _OPEN_FILES if files >= _OPEN_FILES else max(files - _OTHER_FILES, files // 2)
