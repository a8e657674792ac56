"""A hub of models on loopback, laid out as the real one: an API, small files from itself, large ones from elsewhere.

It can be told to misbehave: `faults` has, by the name of a file, what is done to the next answers with its bytes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SHA = "0123456789abcdef0123456789abcdef01234567"
PROPOSED = "89abcdef0123456789abcdef0123456789abcdef"
TITLE = "Adding `safetensors` variant of this model"
LARGE = (".safetensors", ".bin", ".onnx", ".model")


@dataclass
class Asked:
    """One request, as it arrived."""

    method: str
    path: str
    headers: dict[str, str]


@dataclass
class Fault:
    """What is done to one answer with bytes: another status, other bytes, a cut, a pause."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    change: Callable[[bytes], bytes] = bytes
    cut: int | None = None
    """After so many bytes the connection breaks."""
    hold: threading.Event | None = None
    """Waited for in the middle."""
    ignores_range: bool = False


class Repositories:
    """What hub and its store of large files share: repositories by name, each with files by commit."""

    def __init__(self) -> None:
        self.commits: dict[tuple[str, str], dict[str, bytes]] = {}
        self.discussions: dict[str, list[dict[str, Any]]] = {}
        self.faults: dict[str, list[Fault]] = {}
        self.states_digests = True
        self.token: str | None = None
        self.gated = False
        self.lies: dict[str, Any] = {}
        """What the list of files says instead."""

    def add(self, name: str, folder: Path, revision: str = SHA) -> dict[str, bytes]:
        files = {str(at.relative_to(folder)): at.read_bytes() for at in sorted(folder.rglob("*")) if at.is_file()}
        return self.commits.setdefault((name, revision), files)

    def find(self, name: str, revision: str) -> tuple[str, dict[str, bytes]] | None:
        commit = {"main": SHA, "refs/pr/7": PROPOSED}.get(revision, revision)
        for (known, at), files in self.commits.items():
            if (known.lower(), at) == (name.lower(), commit):
                return known, files
        return None


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, shared: Repositories, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.shared = shared
        self.asked: list[Asked] = []
        self.elsewhere: str = ""
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def handle_error(self, *_: object) -> None:
        """A client that went away is none."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    disable_nagle_algorithm = True  # what follows a head would wait for the client's word that it has it
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def note(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append(Asked(self.command, self.path, headers))

    def answer(self, status: int, data: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    def bytes_of(self, name: str, data: bytes, **headers: str) -> None:
        """Content, or a part of it, or what a fault makes of it."""
        waiting = self.server.shared.faults.get(name, [])
        fault = waiting.pop(0) if waiting else Fault()
        if fault.status != 200:
            self.answer(fault.status, b"busy", **fault.headers)
            return
        data, status = fault.change(data), 200
        wanted = self.headers.get("Range")
        if wanted and not fault.ignores_range:
            start, size, status = int(wanted.removeprefix("bytes=").rstrip("-")), len(data), 206
            data, headers = data[start:], headers | {"Content_Range": f"bytes {start}-{size - 1}/{size}"}
        if fault.cut is None and fault.hold is None:
            self.answer(status, data, **headers)
            return
        half = len(data) // 2 if fault.cut is None else fault.cut
        self.send_response(status)
        for key, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data[:half])
        if fault.hold is not None:
            self.wfile.flush()
            fault.hold.wait(60)
            self.wfile.write(data[half:])
        else:
            self.close_connection = True


class Store(Handler):
    """Where the hub sends people for large files: another host."""

    def do_GET(self) -> None:
        self.note()
        digest = self.path.rpartition("/")[2]
        for files in self.server.shared.commits.values():
            for name, data in files.items():
                if hashlib.sha256(data).hexdigest() == digest:
                    self.bytes_of(name, data)
                    return
        self.answer(403, b"signature expired")


class Api(Handler):
    """The hub itself."""

    def do_GET(self) -> None:
        self.note()
        shared, path = self.server.shared, urlsplit(self.path)
        if shared.token is not None and self.headers.get("Authorization") != f"Bearer {shared.token}":
            self.answer(401, b"{}", X_Error_Code="GatedRepo" if shared.gated else "RepoNotFound")
            return
        parts = unquote(path.path).strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            self._api("/".join(parts[2:4]), parts[4:], parse_qs(path.query))
        else:
            self._resolve("/".join(parts[:2]), parts[3], "/".join(parts[4:]))

    do_HEAD = do_GET

    def _api(self, name: str, rest: list[str], query: dict[str, list[str]]) -> None:
        shared = self.server.shared
        if waiting := shared.faults.get("api", []):
            fault = waiting.pop(0)
            self.answer(fault.status, fault.change(b"busy"), **fault.headers)
            return
        if rest == ["discussions"]:
            found = [told for told in shared.discussions.get(name, []) if told["author"]["name"] in query["author"]]
            self._json({"discussions": found, "count": len(found), "start": 0})
            return
        at = shared.find(name, "/".join(rest[1:]) or "main")
        if at is None:
            self.answer(404, b"{}", X_Error_Code="RepoNotFound")
            return
        known, files = at
        listed = [self._listed(file, data, states="blobs" in query) for file, data in files.items()]
        sha = SHA if rest[1:] in ([], ["main"], [SHA]) else PROPOSED
        self._json({"id": known, "sha": sha, "private": False, "siblings": listed, **shared.lies})

    def _listed(self, name: str, data: bytes, *, states: bool) -> dict[str, Any]:
        if not states or not self.server.shared.states_digests:
            return {"rfilename": name}
        large = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 134}
        told = {"rfilename": name, "size": len(data), "blobId": git_digest(data)}
        return told | ({"lfs": large} if name.endswith(LARGE) else {})

    def _resolve(self, name: str, revision: str, file: str) -> None:
        at = self.server.shared.find(name, revision)
        if at is None or file not in at[1]:
            self.answer(404, X_Error_Code="EntryNotFound")
            return
        data = at[1][file]
        if not file.endswith(LARGE):
            self.bytes_of(file, data, ETag=f'"{git_digest(data)}"', X_Repo_Commit=SHA)
            return
        digest = hashlib.sha256(data).hexdigest()
        self.answer(302, Location=f"{self.server.elsewhere}/repos/{digest}", X_Linked_Etag=f'"{digest}"',
                    X_Linked_Size=str(len(data)), X_Repo_Commit=SHA)  # fmt: skip

    def _json(self, value: object) -> None:
        self.answer(200, json.dumps(value).encode(), Content_Type="application/json")


def git_digest(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class Hub(Repositories):
    """Both servers, and what they were asked."""

    def __init__(self) -> None:
        super().__init__()
        self.api, self.store = Server(self, Api), Server(self, Store)
        self.api.elsewhere = self.store.url

    @property
    def url(self) -> str:
        return self.api.url

    @property
    def fetched(self) -> list[str]:
        """The names of the files that were asked for, in order."""
        return [
            unquote(asked.path).partition("/resolve/")[2].partition("/")[2]
            for asked in self.api.asked
            if "/resolve/" in asked.path
        ]

    def forget(self) -> None:
        self.api.asked.clear()
        self.store.asked.clear()


@contextlib.contextmanager
def running() -> Iterator[Hub]:
    hub = Hub()
    try:
        yield hub
    finally:
        hub.api.close()
        hub.store.close()
