"""Who may read a table and its state, and write neither, gets the answers that the writer gets, and leaves no trace."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys

import pytest

from embedingest.build.journals import journal_path
from embedingest.cli._commands import cli
from embedingest.cli._main import run_command
from embedingest.ingest.state.journal import Journal
from tests.depth import only_deep
from tests.faults.elsewhere import as_reader, on_a_read_only_mount
from tests.waiting import rest

pytestmark = pytest.mark.slow

needs_setpriv = pytest.mark.skipif(
    os.getuid() == 0 and shutil.which("setpriv") is None, reason="needs `setpriv` to be another user than root"
)
needs_namespaces = pytest.mark.skipif(
    subprocess.run(["sh", "-c", "unshare --user --map-root-user --mount true"], capture_output=True).returncode != 0,
    reason="needs a user and mount namespace of its own",
)


@pytest.fixture
def project(open_path, monkeypatch):
    """A folder with a table of two documents; the vector of a third is in the vector cache alone."""
    monkeypatch.chdir(open_path)
    (open_path / "docs").mkdir()
    for name in ("walrus", "seal", "puffin"):
        (open_path / f"docs/{name}.md").write_text(f"The {name} sleeps on the ice.\n")
    rest()
    ingest(open_path)
    (open_path / "docs/puffin.md").unlink()
    ingest(open_path)
    (open_path / "docs/puffin.md").write_text("The puffin sleeps on the ice.\n")
    yield open_path
    forbid(open_path, write=True)


def ingest(folder):
    assert run_command(cli, ["-q", "ingest", "docs", "--model", "hashing", "--allow-deletes"]) == 0


def forbid(folder, *, write=False):
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | 0o200 if write else path.stat().st_mode & ~0o222)


def everything(folder):
    return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_size) for path in folder.rglob("*")}


@needs_setpriv
def test_another_user_searches_and_looks_and_changes_nothing(project):
    forbid(project)
    before = everything(project)

    search, status, plan, verify, doctor, *refused = as_reader(
        "search walrus --json", "status --json", "plan --json", "verify", "doctor",
        "retry", "forget docs", "verify --repair", "plan --out frozen.json", cwd=project / "docs",
    )  # fmt: skip
    assert [search[0], status[0], plan[0], verify[0], doctor[0]] == [0, 0, 0, 1, 1]
    assert json.loads(search[1])["results"][0]["source"] == "docs/walrus.md"
    told = json.loads(status[1])
    assert (told["behind"]["seen"], told["roots"][0]["files"]) == (3, {"done": 2})
    told = json.loads(plan[1])
    assert (told["files"]["new"], told["embed"]["texts"]) == (1, 0), "the vector cache is read"
    assert "docs/puffin.md" in verify[1]
    assert "2 rows by model hashing" in doctor[1]
    for code, _, err in refused:
        assert code in {2, 3}
        assert "ermission denied" in err
    assert everything(project) == before


@only_deep
@needs_setpriv
def test_what_a_writer_has_only_in_its_log_is_read(project):
    path = journal_path(project / ".embedingest", ".embedingest/lancedb", "chunks")
    with contextlib.closing(Journal(path)) as journal:
        journal.set_meta("paused", "before-the-move")
        assert path.with_name(f"{path.name}-wal").stat().st_size > 0
        forbid(project)
        ((code, out, err),) = as_reader("status --json", cwd=project)
        assert (code, json.loads(out)["paused"]) == (0, "before-the-move"), err


@needs_setpriv
def test_a_damaged_journal_is_left_to_who_may_write(project):
    path = journal_path(project / ".embedingest", ".embedingest/lancedb", "chunks")
    path.write_bytes(b"rubbish" * 1000)
    forbid(project)
    ((code, out, _),) = as_reader("status", cwd=project)
    assert code == 1, "folders and table are told all the same, by the settings that are kept beside it"
    assert "what failed or waits is not known" in out
    assert path.read_bytes().startswith(b"rubbish")


@only_deep
def test_a_state_folder_that_may_not_be_looked_into_is_told(project):
    (project / ".embedingest").chmod(0)
    code = (
        "import os, sys; from pathlib import Path; import tempfile, embedingest.store.table\n"
        "from embedingest.build.remembered import recall; from embedingest.errors import StoreError\n"
        "import embedingest.ingest.state.reading\n"
        "os.getuid() or os.setuid(65534)\n"
        "try: recall(Path('.embedingest'), '.embedingest/lancedb', 'chunks')\n"
        "except StoreError as error: print(error)"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=project, capture_output=True, text=True)
    assert "cannot be read: Permission denied" in ran.stdout, ran.stderr


@needs_namespaces
def test_a_read_only_mount_at_another_place_is_read_there(project, tmp_path):
    mount = tmp_path / "mount"
    mount.mkdir()
    status, search = on_a_read_only_mount(
        project, mount, "status --json", "search walrus --limit 1", cwd=mount / "docs"
    )
    assert (status[0], search[0]) == (0, 0), status[2]
    told = json.loads(status[1])
    assert (told["roots"][0]["path"], told["behind"]) == (f"{mount}/docs", {"to_read": 1, "gone": 0, "seen": 3})
    assert search[1].startswith("docs/walrus.md:1")
