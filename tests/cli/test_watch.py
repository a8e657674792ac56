"""`watch` as a process of its own: every kind of change arrives, and the table ends equal to a fresh ingest."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from embedingest.build.ask import search_live
from tests.depth import few, only_deep
from tests.waiting import until

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
TEXT = "# {0}\n\nThe first paragraph is about {0}.\n\n## More\n\nThe second one tells more of {0}.\n"


@contextlib.contextmanager
def watching(folder: Path, *flags: str) -> Iterator[subprocess.Popen[str]]:
    """`embedingest watch docs` in `folder`, from its first report on."""
    command = [sys.executable, "-m", "embedingest", "watch", "docs", "--model", "hashing", "--json", *flags]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            json.loads(process.stdout.readline())
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)


def rows(folder: Path, state: str = ".embedingest") -> dict[str, Any]:
    """Every column but when it was ingested, by id."""
    import lancedb

    table = lancedb.connect(folder / state / "lancedb", read_consistency_interval=None).open_table("chunks")
    listed = table.to_arrow().drop_columns(["ingested_at"]).to_pylist()
    assert len({row["id"] for row in listed}) == len(listed)
    return {row["id"]: row for row in listed}


def sources(folder: Path) -> set[str]:
    return {row["source"] for row in rows(folder).values()}


def furnished(folder: Path) -> Path:
    docs = folder / "docs"
    for name in ("walrus", "llama", "owl", "deep/eel", "deep/ray", "gone/ant", "gone/bee", "keep/cat", "keep/dog"):
        path = docs / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(TEXT.format(name))
    (folder / "outside").mkdir()
    (folder / "outside" / "new.md").write_text(TEXT.format("a newcomer"))
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return furnished(tmp_path)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    """A folder under `watch --serve`, for tests that change nothing of it."""
    home = furnished(tmp_path_factory.mktemp("served"))
    with watching(home, "--serve", "--port", "0") as process:
        yield home, process


def test_every_kind_of_change_arrives_and_the_table_equals_a_fresh_ingest(home, shell, monkeypatch):
    docs = home / "docs"
    with watching(home) as process:
        with (docs / "walrus.md").open("a") as file:
            file.write("\n## Added\n\nA paragraph on tusks.\n")
        until(lambda: any("tusks" in row["text"] for row in rows(home).values()))

        (docs / ".llama.md.tmp").write_text(TEXT.format("an alpaca"))
        (docs / ".llama.md.tmp").replace(docs / "llama.md")
        until(lambda: any("alpaca" in row["text"] for row in rows(home).values()))

        (docs / "owl.md").rename(docs / "eule.md")
        until(lambda: {"docs/eule.md"} <= sources(home) and "docs/owl.md" not in sources(home))

        (home / "outside").rename(docs / "inside")
        until(lambda: "docs/inside/new.md" in sources(home))

        (docs / "deep").rename(docs / "keep" / "deeper")
        until(lambda: "docs/keep/deeper/eel.md" in sources(home) and "docs/deep/eel.md" not in sources(home))

        (docs / "inside").rename(home / "outside")
        until(lambda: "docs/inside/new.md" not in sources(home))

        shutil.rmtree(docs / "gone")
        until(lambda: not any(source.startswith("docs/gone/") for source in sources(home)))

        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0, "0 after SIGTERM"
    monkeypatch.chdir(home)
    assert shell.ingest("--db", "fresh/lancedb", "--state", "fresh").code == 0
    assert rows(home) == rows(home, "fresh")


def test_a_second_writer_is_refused_and_told_who_writes(served, shell, monkeypatch):
    home, process = served
    monkeypatch.chdir(home)
    ran = shell.run("ingest", "docs", "--model", "hashing")
    assert ran.code == 3
    assert str(process.pid) in ran.err


def test_commands_ask_who_watches(served):
    state = served[0] / ".embedingest"
    found = search_live(state, str(state / "lancedb"), "chunks", {"text": "walrus", "limit": 1})
    assert [hit["source"] for hit in found["results"]] == ["docs/walrus.md"]


def test_watch_and_serve_share_one_process(served):
    _, process = served
    listening = _port_of(process.pid)
    body = json.dumps({"model": "hashing", "input": ["one", "two"]}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{listening}/api/embed", body)
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert len(json.load(answer)["embeddings"]) == 2
    search = json.dumps({"query": "walrus", "limit": 1}).encode()
    with urllib.request.urlopen(f"http://127.0.0.1:{listening}/api/search", search, timeout=60) as answer:
        assert json.load(answer)["results"][0]["source"] == "docs/walrus.md"


@only_deep
def test_a_taken_port_is_said_the_watch_goes_on_answers_requests_and_ends_with_130_after_ctrl_c(
    home, shell, monkeypatch
):
    import socket

    monkeypatch.chdir(home)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with watching(home, "--serve", "--port", str(listener.getsockname()[1])) as process:
            (home / "docs" / "late.md").write_text(TEXT.format("a latecomer"))
            until(lambda: "docs/late.md" in sources(home))
            assert shell.run("forget", "docs").code == 0
            assert shell.run("status", "--json").json["writer"]["pid"] == process.pid
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=60) == 130


@few(1)
@pytest.mark.parametrize(
    ("flags", "words"),
    [(("--once", "--serve"), "--once ends"), (("--port", "0"), "--port is for a server: add --serve")],
)
def test_options_of_which_one_has_no_effect_beside_the_other_are_refused(home, shell, monkeypatch, flags, words):
    monkeypatch.chdir(home)
    refused = shell.run("watch", "docs", "--model", "hashing", *flags)
    assert refused.code == 2
    assert words in " ".join(refused.err.split())
    assert not list(home.rglob("*.lance"))


def _port_of(pid: int) -> int:
    import psutil

    ports: list[int] = []

    def listens() -> bool:
        ports[:] = [c.laddr.port for c in psutil.Process(pid).net_connections("tcp") if c.status == "LISTEN"]
        return bool(ports)

    until(listens)
    return ports[0]
