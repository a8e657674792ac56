"""The hostile inputs of `benchmarks/attack.py`, small, against the program itself; and its measures can miss."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from embedingest.engine.hashing import HashingSizer
from embedingest.errors import DocumentError
from embedingest.ingest.extract.extractor import ExtractionSettings, Extractor, Job
from tests.server.client import connect, read_to_end
from tests.server.conftest import engine, serve  # noqa: F401 -- fixtures
from tests.server.wirecases import send

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from tests.depth import only_deep

import attack_common
import attack_documents
import attack_requests

if TYPE_CHECKING:
    from collections.abc import Mapping


class Served:
    """What the attacks need of a server, over one that runs in this process."""

    def __init__(self, port: int, log: Path) -> None:
        self.port, self.log, self.shared = port, log, False

    def memory(self) -> float:
        return 0.0

    def request(self, method: str, path: str, body: str | None = None, headers: Mapping[str, str] | None = None):
        request = {"method": method, "path": path, "headers": dict(headers or {}), **({"text": body} if body else {})}
        reply = send(self.port, request)
        return reply.status, reply.body

    def get(self, path: str):
        return self.request("GET", path)

    def post(self, path: str, body: Any):
        return self.request("POST", path, json.dumps(body))

    def raw(self, data: bytes, seconds: float = 20) -> bytes:
        with connect(self.port) as connection:
            connection.settimeout(seconds)
            with contextlib.suppress(OSError):
                connection.sendall(data)
            return read_to_end(connection)


@pytest.fixture
def served(serve, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setattr(attack_common, "QUERY", {"model": "hashing", "input": "a normal query"})
    log = tmp_path / "log"
    log.write_bytes(b"")
    server = serve({"head_timeout_seconds": 0.5, "body_timeout_seconds": 0.5})
    return Served(server.port, log)


def test_framing_hosts_and_origins_hold(served):
    for outcome in (*attack_requests.framing(served), *attack_requests.guard(served, found=404)):
        assert outcome.good, outcome.happened


@only_deep
def test_every_hostile_document_is_read_or_fails_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(attack_documents, "SCALE", 4000)
    extractor = Extractor(ExtractionSettings(HashingSizer(64), loaders={"*.zip": "archive", "*.tar": "archive"}))
    read = 0
    for name in attack_documents.DOCUMENTS:
        size = attack_documents.write(tmp_path, name)
        try:
            extractor.extract(Job(str(tmp_path), name, f"docs/{name}", size))
        except DocumentError:
            continue
        read += 1
    assert read > len(attack_documents.DOCUMENTS) / 2


def test_a_bar_that_is_missed_is_said():
    bars = {"name": "n", "expected": "e", "happened": "h", "good": True}
    assert attack_common.Outcome(**bars).held
    for missed in (
        {"good": False},
        {"wait": 0.3},
        {"query": 1.1},
        {"memory": 2000.0},
        {"memory": 700.0, "most_memory": 600.0},
    ):
        assert not attack_common.Outcome(**{**bars, **missed}).held
        assert "NOT HELD" in attack_common.Outcome(**{**bars, **missed}).row


def test_a_watch_sees_who_is_not_answered():
    def get(_path):
        return 503, b""

    server = SimpleNamespace(memory=lambda: 1.0, get=get, shared=False)
    with attack_common.Watch(server, queries=False) as watch:
        pass
    assert not watch.outcome("n", "e", "h", good=True).held
