"""Ctrl-C while a model is prepared for its first use: the command ends, its children too, and nothing half is kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from embedingest.engine.folder.folder import ModelFolder
from tests.depth import only_deep
from tests.engine import tiny
from tests.waiting import HANGS_SECONDS, until

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

# Read by each child as it starts: torch's never gets ready, so that no preparation ends before it is interrupted. It
# ends with its standard input, as the real one does.
NEVER_READY = """
import os, sys
if "reference_process" in " ".join(sys.orig_argv):
    while os.read(0, 65536): pass
    os._exit(0)
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    folder = tiny.save(tiny.KINDS["bert-mean"], tmp_path_factory.mktemp("models") / "small")
    assert ModelFolder.open(folder)
    return folder


def children(process: subprocess.Popen[bytes]) -> list[str]:
    """Of all its threads: the system lists each with the thread that started it."""
    return " ".join(file.read_text("ascii") for file in Path(f"/proc/{process.pid}/task").glob("*/children")).split()


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
    (tmp_path / "sitecustomize.py").write_text(NEVER_READY)
    path = os.pathsep.join([str(tmp_path), *sys.path])
    environment = {**os.environ, "EMBEDINGEST_CACHE": str(cache), "PYTHONPATH": path}
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *command, "-m", str(model)],
            cwd=tmp_path, env=environment, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        until(lambda: "preparing" in said.read_text("utf-8"), seconds=60)
        left = until(lambda: children(process))
        process.send_signal(signal.SIGINT)
        assert process.wait(2 * HANGS_SECONDS) == 130
    finally:
        process.kill()
    assert "is prepared" not in said.read_text("utf-8")
    until(lambda: not any(map(is_running, left)))
    assert [path for path in (cache / "compiled").iterdir() if path.suffix != ".lock"] == []
