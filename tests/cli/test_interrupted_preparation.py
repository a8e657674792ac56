"""Ctrl-C while a model is prepared for its first use: the command ends, its children too, and nothing half is kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from embedingest.engine.folder.folder import ModelFolder
from tests.depth import only_deep
from tests.engine import tiny
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.slow,
    only_deep,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]

PROGRAM = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job inherits that it is ignored
from embedingest.cli import main
main()
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    folder = tiny.save(tiny.KINDS["bert-mean"], tmp_path_factory.mktemp("models") / "small")
    assert ModelFolder.open(folder)
    return folder


def children(process: subprocess.Popen[bytes]) -> list[str]:
    with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="ascii") as file:
        return file.read().split()


def is_running(child: str) -> bool:
    try:
        with open(f"/proc/{child}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize(
    "command",
    [["embed", "hello"], ["ingest", "docs"], ["watch", "docs"], ["serve", "--port", "0"], ["bench"]],
    ids=lambda command: command[0],
)
def test_ctrl_c_ends_it(command, model, tmp_path):
    docs, cache, said = tmp_path / "docs", tmp_path / "cache", tmp_path / "said"
    docs.mkdir()
    (docs / "a.md").write_text("a document")
    environment = {**os.environ, "EMBEDINGEST_CACHE": str(cache), "PYTHONPATH": os.pathsep.join(sys.path)}
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *command, "-m", str(model)],
            cwd=tmp_path, env=environment, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        until(lambda: "preparing" in said.read_text("utf-8"), seconds=60)
        left = children(process)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    finally:
        process.kill()
    assert "is prepared" not in said.read_text("utf-8")
    until(lambda: not any(map(is_running, left)))
    assert [path for path in (cache / "compiled").iterdir() if path.suffix != ".lock"] == []
