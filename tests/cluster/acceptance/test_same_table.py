"""The table of many nodes is the table of one machine, in every column, and each goes on where the other ended."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.cluster.acceptance.documents import copies_of, edit, library, marked
from tests.cluster.acceptance.places import MAX_TOKENS, SMALL, Place, on_any
from tests.cluster.acceptance.tables import differences

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DOCUMENTS = 2_000


def test_a_comparison_sees_what_differs(alone: Callable[[int, str], Place], folder: Path) -> None:
    first = alone(200, "hashing")
    again = Place(folder / "again", first.docs)
    again.ingest().done()
    one, other = first.rows(), again.rows()
    assert differences(one, other) == []
    place = other.column_names.index("line_start")
    lines = [line if n else (line or 0) + 1 for n, line in enumerate(other["line_start"].to_pylist())]
    planted = other.set_column(place, other.schema.field(place), [lines])
    assert differences(one, planted)[0].startswith("column line_start: ")
    assert "rows in the first alone" in differences(one, other.slice(1))[0]
    assert "a doubled id" in differences(one, other.take([0, *range(other.num_rows)]))[0]
    turned = other.set_column(
        4, other.schema.field(4), other["vector"].combine_chunks().take([1, *range(1, other.num_rows)])
    )
    assert differences(one, turned)[0].startswith("vectors: cosine ")


def test_two_thousand_documents_give_the_same_table(on: str, alone: Callable[[int, str], Place], folder: Path) -> None:
    first = alone(DOCUMENTS, "hashing")
    place = Place(folder / "many", first.docs)
    words = ["ingest", str(place.docs), "--as", "docs", "--model", "hashing", "--max-tokens", str(MAX_TOKENS), "--json"]
    where = ["--state", str(place.state), "--db", place.db, "--on", on, "--nodes", "2"]
    ended = place.type(*words, *where).wait().done()
    files = ended.report["files"]
    assert files["new"] == files["seen"] - files["empty"] - files["skipped"] > 1_900
    assert differences(first.rows(), place.rows()) == []
    version = place.version()

    again = place.ingest(on).done()  # nothing is left to do, on many nodes or on one machine
    assert (again.texts, again.report["chunks"]["new"], place.version()) == (0, 0, version)
    one = place.ingest().done()
    assert (one.texts, one.report["chunks"]["new"], place.version()) == (0, 0, version)
    assert one.report["files"]["unchanged"] == again.report["files"]["unchanged"]


@on_any
def test_many_nodes_go_on_where_one_machine_ended(on: str, alone: Callable[[int, str], Place]) -> None:
    place = replace(alone(DOCUMENTS, "hashing"), run=SMALL)
    version = place.version()
    ended = place.ingest(on).done()
    assert (ended.texts, ended.report["chunks"]["new"], place.version()) == (0, 0, version)


def test_edits_a_deletion_a_move_and_a_broken_pdf(on: str, folder: Path) -> None:
    place = Place(folder / "many", library(folder / "docs", 400), run=SMALL)
    place.ingest(on).done()
    before = set(place.rows()["text_hash"].to_pylist())
    edits = edit(place.docs)
    (place.docs / "broken.pdf").write_bytes(b"%PDF-1.4\nno more than this")

    ended = place.ingest(on).done(code=1)
    assert ended.failures == {"docs/broken.pdf": "permanent"}
    fresh = place.beside("fresh")
    fresh.ingest().done(code=1)
    rows = place.rows()
    assert differences(fresh.rows(), rows) == []
    assert ended.texts == len(set(rows["text_hash"].to_pylist()) - before)
    files = ended.report["files"]
    assert files["changed"] == len(edits["edited"])
    assert files["deleted"] == len(edits["gone"])
    assert files["moved"] == len(edits["moved"])


@pytest.mark.parametrize("model", ["all-minilm"])
def test_a_real_model_gives_the_same_vectors(
    on: str, model: str, alone: Callable[[int, str], Place], folder: Path
) -> None:
    first = alone(120, model)
    place = Place(folder / "many", first.docs, model=model, run=SMALL)
    place.ingest(on).done()
    assert differences(first.rows(), place.rows()) == []


def test_no_text_is_embedded_twice(on: str, folder: Path) -> None:
    texts, copies = 1_000, 20
    docs = copies_of(folder / "docs", texts, copies)
    run = {**SMALL, "part_bytes": sum(path.stat().st_size for path in docs.iterdir()) // 50}
    place = Place(folder / "many", docs, pipeline={"chunk": {"max_tokens": 64}}, run=run)
    ended = place.ingest(on).done()
    rows = place.rows()
    assert rows.num_rows == texts * copies
    assert len(set(rows["text_hash"].to_pylist())) == texts
    assert ended.texts == texts
    marked(docs, "walrus")
    assert place.ingest(on).done().texts == 1
