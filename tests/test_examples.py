"""The examples that read our table with other libraries run as they stand, over a real table."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from embedingest.build.models import open_engine
from embedingest.store.table import open_table
from embedingest.store.values import Changes
from tests.depth import only_deep
from tests.store.doubles import row

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.py"))
TEXTS = ["penguins swim in cold water", "lions sleep in the sun", "tickets cost ten coins"]


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    folder = tmp_path_factory.mktemp("examples") / "db"
    engine = open_engine()
    info = engine.describe("hashing")
    facts = {"fingerprint": info.fingerprint, "dimensions": info.dimensions, "model": "hashing"}
    with open_table(folder, "chunks", create=True, **facts) as table:
        rows = [row(f"zoo/{i}.md", text=text, metadata='{"author":"Ann"}') for i, text in enumerate(TEXTS)]
        table.commit(Changes(add=rows, vectors=engine.embed(TEXTS, model="hashing").vectors))
        table.maintain()
    engine.close()
    return folder


@only_deep
@pytest.mark.parametrize("example", EXAMPLES, ids=[path.stem for path in EXAMPLES])
def test_an_example_finds_the_penguins(example, database):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(example), str(database), "penguins in cold water"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "zoo/0.md" in done.stdout
    assert TEXTS[0] in done.stdout


def test_the_guide_names_every_example():
    guide = (ROOT / "docs" / "reading-the-table.md").read_text("utf-8")
    assert [path.name for path in EXAMPLES if path.name not in guide] == []
