"""A server on loopback that speaks as much of S3 as LanceDB asks for, and may ignore `If-None-Match` as some gateways do."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

NAME = "lake"


@dataclass
class Bucket:
    """The objects of one bucket by key, and what was asked, as `PUT key`."""

    honours: bool
    objects: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, key: str, body: bytes, *, if_absent: bool) -> bool:
        with self.lock:
            if if_absent and self.honours and key in self.objects:
                return False
            self.objects[key] = body
            return True


@contextlib.contextmanager
def served(monkeypatch: pytest.MonkeyPatch, *, honours: bool = True) -> Iterator[Bucket]:
    """A bucket, `s3://lake`, that this process's clients find by their environment."""
    bucket = Bucket(honours)
    handler = type("Handler", (_Handler,), {"bucket": bucket})
    with _Server(("127.0.0.1", 0), handler) as server, monkeypatch.context() as patched:
        facts = {"ENDPOINT": f"http://127.0.0.1:{server.server_port}", "ALLOW_HTTP": "true", "REGION": "us-east-1"}
        for name, value in {**facts, "ACCESS_KEY_ID": "anyone", "SECRET_ACCESS_KEY": "anything"}.items():
            patched.setenv(f"AWS_{name}", value)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield bucket
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


class _Handler(BaseHTTPRequestHandler):
    disable_nagle_algorithm = True  # what follows a head would wait for the client's word that it has it
    bucket: Bucket
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def _key(self) -> str:
        key = unquote(urlsplit(self.path).path).removeprefix(f"/{NAME}").lstrip("/")
        self.bucket.asked.append(f"{self.command} {key}")
        return key

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        written = self.bucket.put(self._key(), body, if_absent=self.headers["If-None-Match"] == "*")
        self._answer(200 if written else 412, ETag=f'"{hash(body)}"')

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        key, query = self._key(), parse_qs(urlsplit(self.path).query)
        if "list-type" in query and (name := urlsplit(self.path).path.split("/")[1]) != NAME:
            why = f"<Code>NoSuchBucket</Code><Message>The bucket `{name}` does not exist</Message>"
            self._answer(404, f"<Error>{why}</Error>".encode())
            return
        if "list-type" in query:
            self._answer(200, self._listed(**{name: values[0] for name, values in query.items()}))
            return
        body = self.bucket.objects.get(key)
        if body is None:
            self._answer(404)
            return
        facts = {"ETag": f'"{hash(body)}"', "Last_Modified": "Sat, 28 Nov 2026 00:00:00 GMT"}
        asked = self.headers["Range"]
        if asked is None:
            self._answer(200, body, **facts)
            return
        first, last = asked.removeprefix("bytes=").split("-")
        begin = int(first) if first else max(0, len(body) - int(last))
        part = body[begin : int(last) + 1 if first and last else None]
        self._answer(206, part, Content_Range=f"bytes {begin}-{begin + len(part) - 1}/{len(body)}", **facts)

    def do_DELETE(self) -> None:
        self.bucket.objects.pop(self._key(), None)
        self._answer(204)

    def do_POST(self) -> None:
        """Several are deleted at once."""
        body = ET.fromstring(self.rfile.read(int(self.headers["Content-Length"])))
        self._key()
        keys = [str(item.text) for item in body.iter() if item.tag.endswith("Key")]
        for key in keys:
            self.bucket.objects.pop(key, None)
        gone = "".join(f"<Deleted><Key>{escape(key)}</Key></Deleted>" for key in keys)
        self._answer(200, f"<DeleteResult>{gone}</DeleteResult>".encode())

    def _listed(self, prefix: str = "", delimiter: str = "", **query: str) -> bytes:
        after = query.get("start-after", "")
        keys, folders = [], set()
        for key, body in sorted(self.bucket.objects.items()):
            if key.startswith(prefix) and key > after:
                rest = key[len(prefix) :]
                if delimiter and delimiter in rest:
                    folders.add(prefix + rest.partition(delimiter)[0] + delimiter)
                else:
                    keys.append((key, len(body)))
        found = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>2026-11-28T00:00:00.000Z</LastModified>"
            f'<ETag>"e"</ETag><Size>{size}</Size></Contents>'
            for key, size in keys
        )
        within = "".join(f"<CommonPrefixes><Prefix>{escape(one)}</Prefix></CommonPrefixes>" for one in sorted(folders))
        return f"<ListBucketResult><IsTruncated>false</IsTruncated>{found}{within}</ListBucketResult>".encode()
