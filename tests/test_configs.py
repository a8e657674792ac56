"""The shipped configurations: each is read as it is, and says for whom it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedingest import config

FOLDER = Path(__file__).parents[1] / "configs"
FILES = sorted(FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_shipped_configuration_is_whole(file: Path) -> None:
    read = config.read(file, {})
    assert read.pipelines or read.server


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_shipped_configuration_opens_with_whom_it_is_for(file: Path) -> None:
    first = file.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("# ")
    assert " for " in first


def test_there_is_a_first_run() -> None:
    read = config.read(FOLDER / "first-run.yaml", {})
    assert read.pipelines["docs"].model == "all-minilm"
    assert read.server is not None
