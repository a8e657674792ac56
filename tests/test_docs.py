"""Every code block of README and docs runs as it stands, in a copy of what a reader has in front of them."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.depth import only_deep
from tests.engine import cross
from tests.waiting import until

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Its blocks are files of a project, not one program; tests/test_reference.py writes, installs and runs them.
FILES_OF_A_PROJECT = ROOT / "docs" / "guides" / "plugins.md"
LASTING = re.compile(r"^embedingest (watch|serve|run)\b(?!.*--once)")


def blocks(page: Path, language: str) -> list[str]:
    return [body for name, body in BLOCK.findall(page.read_text("utf-8")) if name == language]


def commands(page: Path) -> list[str]:
    """The commands of a page in reading order; one behind `&&` is a command of its own."""
    lines = [line for body in blocks(page, "console") for line in body.replace("\\\n", " ").splitlines()]
    return [part.strip() for line in lines if line.strip() for part in line.split("&&")]


class Reader:
    """Someone who types what the page says. What lasts runs beside until it is replaced by another or the page ends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        for name in ("README.md", "docs", "configs", "constraints.txt", "pyproject.toml", "Makefile", "plugins"):
            source = ROOT / name
            copy = shutil.copytree if source.is_dir() else shutil.copy
            if source.exists():
                copy(source, folder / name)
        for config in (folder / "configs").glob("*.yaml"):
            config.write_text(config.read_text("utf-8").replace("11434", str(self.port)), "utf-8")
        self.tools = folder.parent / "tools"
        self.tools.mkdir()
        self._tool("embedingest", f'exec "{sys.executable}" -m embedingest "$@"')
        self.environment = {
            **os.environ,
            "PATH": f"{self.tools}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "OLLAMA_HOST": f"127.0.0.1:{self.port}",
            "HF_HUB_OFFLINE": "1",
        }
        self.lasting: subprocess.Popen[bytes] | None = None

    def _tool(self, name: str, script: str) -> None:
        path = self.tools / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def type(self, command: str) -> str:
        """What it printed, where it ends by itself."""
        if command.startswith("pip install"):
            self._check_install(command)
        elif LASTING.match(command):
            self._last(command)
        else:
            dry = command.replace("make", "make --dry-run", 1) if command.startswith("make") else command  # this suite
            return self._run(dry.replace("11434", str(self.port)))
        return ""

    def _run(self, command: str) -> str:
        ran = subprocess.run(
            command, shell=True, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=120
        )
        assert ran.returncode == 0, f"{command}\n{ran.stdout}\n{ran.stderr}"
        return ran.stdout

    def _check_install(self, command: str) -> None:
        """What an install names has to exist here; the environment that runs this was made by the same lines."""
        for word in command.replace('"', "").split()[2:]:
            if word.endswith(".txt"):
                assert (self.folder / word).is_file(), command
            elif word.startswith((".", "plugins")) or "/" in word:
                assert (self.folder / word.partition("[")[0] / "pyproject.toml").is_file(), command

    def _last(self, command: str) -> None:
        self.leave()
        self.lasting = subprocess.Popen(
            command, shell=True, cwd=self.folder, env=self.environment, stderr=subprocess.PIPE, start_new_session=True
        )
        assert self.lasting.stderr is not None
        said = b""
        serves = "serve" in command or " run " in command
        while not ((b"watching" in said or b"follow" in said) if not serves else b"serving" in said):
            line = self.lasting.stderr.readline()
            assert line, f"{command}\n{said.decode()}"
            said += line
        if serves:
            self._answers()

    def _answers(self) -> None:
        until(self._reached, "an answer of the server")

    def _reached(self) -> bool:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=60).close()
        except OSError:
            return False
        return True

    def leave(self) -> None:
        if self.lasting is not None:
            os.killpg(self.lasting.pid, signal.SIGINT)
            self.lasting.communicate(timeout=60)
            self.lasting = None


@only_deep
@pytest.mark.weights
@pytest.mark.parametrize("page", [p for p in PAGES if commands(p)], ids=lambda p: str(p.relative_to(ROOT)))
def test_every_command_of_a_page_runs(page, tmp_path):
    folder = tmp_path / "checkout"
    folder.mkdir()
    reader = Reader(folder)
    if "./my-reranker" in page.read_text("utf-8"):
        cross.save("bert", folder / "my-reranker")
    try:
        for command in commands(page):
            reader.type(command)
    finally:
        reader.leave()


@only_deep
@pytest.mark.weights
def test_the_readme_shows_the_place_that_its_search_finds(tmp_path):
    readme = ROOT / "README.md"
    folder = tmp_path / "checkout"
    folder.mkdir()
    reader = Reader(folder)
    reader.type("embedingest ingest docs")
    (search,) = [command for command in commands(readme) if command.startswith("embedingest search")]
    assert reader.type(search).split()[0] == blocks(readme, "text")[0].split()[0]


@only_deep
@pytest.mark.weights
@pytest.mark.parametrize(
    "page",
    [p for p in PAGES if blocks(p, "python") and p != FILES_OF_A_PROJECT],
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_every_python_block_of_a_page_runs(page, tmp_path):
    """The blocks of one page are one program, run top to bottom in a folder with some documents."""
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "walrus.md").write_text("# Walrus\n\nThe walrus sleeps on the ice.\n")
    program = "\n".join(blocks(page, "python"))
    guarded = "if __name__ == '__main__':\n" + "".join(f"    {line}\n" for line in program.splitlines())
    (tmp_path / "page.py").write_text(guarded)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    ran = subprocess.run(
        [sys.executable, "page.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_every_block_names_a_language_that_is_checked():
    checked = {"console", "python", "yaml", "toml", "json", "text"}
    for page in PAGES:
        named = {name for name, _ in BLOCK.findall(page.read_text("utf-8"))}
        assert named <= checked, f"{page}: {named - checked}"
