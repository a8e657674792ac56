"""A user's shell: an empty folder to stand in, and the program run as the console script runs it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from embedingest.cli._commands import cli
from embedingest.cli._main import run_command

if TYPE_CHECKING:
    from pathlib import Path


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Shell:
    """Runs commands in `folder`. The hashing model keeps it quick; real weights are asked for by name."""

    def __init__(self, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capfd = capfd

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def run(self, *args: str) -> Ran:
        self._capfd.readouterr()
        code = run_command(cli, list(args))
        out, err = self._capfd.readouterr()
        return Ran(code, out, err)

    def ingest(self, *args: str) -> Ran:
        return self.run("ingest", "docs", "--model", "hashing", "--json", *args)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Shell:
    for name in ("OLLAMA_HOST", "OLLAMA_KEEP_ALIVE", "EMBEDINGEST_DB", "EMBEDINGEST_MODEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir(exist_ok=True)
    return Shell(tmp_path, capfd)
