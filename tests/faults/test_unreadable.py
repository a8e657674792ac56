"""Folders that nobody can look into: never called in sync, and named with the way out."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from tests.faults.elsewhere import without_privileges
from tests.waiting import rest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        os.getuid() == 0 and shutil.which("setpriv") is None, reason="needs `setpriv` to be stopped by permissions"
    ),
]


@pytest.fixture
def project(tmp_path):
    """A folder that a user without privileges ingested: two documents, one of them in a folder of its own."""
    for name in ("docs/walrus.md", "docs/d/seal.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"The {name} sleeps on the ice.\n")
    rest()
    ((code, _, told),) = without_privileges("-q ingest docs --model hashing", cwd=tmp_path)
    assert code == 0, told
    yield tmp_path
    for folder in ("docs", "docs/d", "docs/e"):
        if (tmp_path / folder).exists():
            (tmp_path / folder).chmod(0o755)


@pytest.mark.parametrize(("folder", "mode"), [("docs/d", 0), ("docs/d", 0o444), ("docs", 0), ("docs", 0o111)])
def test_what_nobody_can_look_into_is_named_and_never_in_sync(project, folder, mode):
    (project / "docs/d/seal.md").write_text("changed\n")
    (project / folder).chmod(mode)
    answers = without_privileges("status", "status --json", "plan", "plan --json", "verify", cwd=project)
    assert [code for code, _, _ in answers] == [1] * 5
    status, status_json, plan, plan_json, verify = (out for _, out, _ in answers)
    told = f"not looked into: {folder}: cannot be read: Permission denied; let who runs this read"
    assert told in status
    assert told in plan
    assert f"unreachable: {folder}: cannot be read" in verify
    assert "in sync" not in status
    assert not json.loads(status_json)["in_sync"]
    error = next(line for line in plan.splitlines() if told in line).partition(f"{folder}: ")[2]
    for document in (status_json, plan_json):
        assert json.loads(document)["unreadable"] == [{"source": folder, "error": error}]


def test_a_folder_that_could_never_be_read_is_told_after_an_ingest_too(project):
    (project / "docs/e").mkdir(mode=0)
    (project / "docs/e").chmod(0)
    ingest, status, verify = without_privileges("ingest docs --model hashing", "status", "verify", cwd=project)
    assert "docs/e: cannot be read" in ingest[2]
    assert (ingest[0], status[0], verify[0]) == (1, 1, 1)
    assert "not looked into: docs/e" in status[1]
    assert "in sync" not in status[1]
    (project / "docs/e").chmod(0o755)
    status, verify = without_privileges("status", "verify", cwd=project)
    assert (status[0], verify[0]) == (0, 0)
    assert "\nin sync" in status[1]


def test_a_root_that_may_not_be_read_is_told_with_what_to_do(project):
    (project / "docs").chmod(0)
    ((code, _, told),) = without_privileges("ingest docs --model hashing", cwd=project)
    assert code == 2
    assert "error: docs is not readable\nhint: change its rights, or run as a user who may read it" in told
