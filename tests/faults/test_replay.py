"""The history of a repository, checked out commit by commit while it is followed. `benchmarks/replay.py` does more."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.depth import only_deep

pytestmark = pytest.mark.slow

REPLAY = Path(__file__).resolve().parents[2] / "benchmarks" / "replay.py"


@only_deep
def test_a_history_with_renames_and_deletions_ends_in_the_table_of_its_last_commit():
    result = subprocess.run(
        [sys.executable, REPLAY, "--commits", "40", "--checks", "2"],
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert result.returncode == 0, result.stderr[-3000:] + result.stdout
    said = json.loads(result.stdout)
    assert said["equal_at_every_check"]
    assert min(said[kind] for kind in ("edits", "added", "deleted", "renamed")) > 0
