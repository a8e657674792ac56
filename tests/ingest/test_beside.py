"""What further models make of a text is stored with its row, looked up before it is computed, and never half there."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from embedingest.errors import FingerprintError, InputError
from embedingest.ingest.remedies import remedy_of
from embedingest.store.values import LATE, SPARSE
from tests.depth import few, only_deep
from tests.ingest.crashing import Crash, CrashingTable, Fuse
from tests.ingest.world import World
from tests.words_engine import WordsEngine, token_of, vector_of, words_of

BOTH = {"sparse": "terms", "late": "tokens"}
OWLS = "# Owls\n\nOwls hunt mice at night.\n"
SEALS = "# Seals\n\nSeals sleep on ice.\n"


def world_at(base, **settings) -> World:
    world = World(base, **{**BOTH, **settings})
    world.engine = WordsEngine()
    return world


@pytest.fixture
def world(tmp_path):
    return world_at(tmp_path)


def assert_right(world: World, *, thorough: bool = True) -> int:
    """Every row has of its text what each model gives; the number of rows. `thorough`: the files are sound, too."""
    with contextlib.closing(world.table()) as table:
        rows = [row for rows in table.rows(list(table.source_states())).values() for row in rows]
        hashes = {row.text_hash for row in rows}
        stored = {column: table.vectors(hashes, column) for column in table.identity.extras}
        assert table.count() == len(rows)
        assert not (thorough and (table.damage() or table.wrong_vectors()))
    for row in rows:
        if SPARSE in stored:
            terms = stored[SPARSE][row.text_hash]
            assert terms["token"].tolist() == sorted({token_of(word) for word in words_of(row.text)})
        if LATE in stored:
            vectors = np.array([vector_of(word) for word in words_of(row.text)], np.float16)
            assert np.array_equal(stored[LATE][row.text_hash], vectors)
    return len(rows)


@few(1)
@pytest.mark.parametrize("settings", [BOTH, {"sparse": "terms"}, {"late": "tokens"}])
def test_all_is_stored_with_the_row_and_nothing_is_computed_twice(tmp_path, settings):
    world = world_at(tmp_path, sparse=None, late=None)
    world.settings |= settings
    world.write("owls.md", OWLS)
    world.write("seals.md", SEALS)
    report = world.run()
    kinds = 1 + len(settings)
    assert report.embedded.texts == 2 * kinds
    assert sorted({kind for kind, _ in world.engine.texts}) == sorted(["vector", *settings])
    assert assert_right(world) == 2
    assert not world.run().changed_anything()
    assert not world.engine.texts
    world.write("copy.md", OWLS)
    (world.folder / "seals.md").rename(world.folder / "moved.md")
    report = world.run()
    assert (report.embedded.texts, report.files.moved) == (0, 1)
    assert not world.engine.texts
    assert assert_right(world) == 3


def test_what_the_cache_has_lost_is_read_from_the_table(world):
    world.write("owls.md", OWLS)
    world.run()
    for path in world.state.glob("vectors.sqlite*"):
        path.unlink()
    world.write("copy.md", OWLS)
    assert world.run().embedded.texts == 0
    assert assert_right(world) == 2


def test_a_changed_chunk_alone_is_computed_again(world):
    world.write("owls.md", OWLS)
    world.write("seals.md", SEALS)
    world.run()
    world.write("owls.md", OWLS.replace("mice", "voles"))
    report = world.run()
    assert report.embedded.texts == 3
    assert {kind for kind, _ in world.engine.texts} == {"vector", "sparse", "late"}
    assert assert_right(world) == 2


def test_a_refresh_of_columns_keeps_them_and_computes_nothing(world):
    world.write("owls.md", OWLS)
    world.run()
    world.settings["metadata"] = {"shelf": 3}
    report = world.run()
    assert (report.chunks.refreshed, report.embedded.texts) == (1, 0)
    assert assert_right(world) == 1


@pytest.mark.parametrize("kind", ["embed_sparse", "embed_late"])
def test_a_text_that_one_model_cannot_take_fails_its_document_alone(world, kind):
    compute = getattr(world.engine, kind)

    def failing(texts, **options):
        for index, text in enumerate(texts):
            if "Seals" in text:
                raise InputError("this model knows no seals", index=index)
        return compute(texts, **options)

    setattr(world.engine, kind, failing)
    world.write("owls.md", OWLS)
    world.write("seals.md", SEALS)
    report = world.run()
    assert report.files.failed == 1
    assert "knows no seals" in report.failures[0].error
    assert world.sources_in_table() == {"docs/owls.md"}
    assert assert_right(world) == 1


def test_a_vector_that_is_no_number_fails_its_document(world):
    compute = world.engine.embed_late

    def spoiled(texts, **options):
        answer = compute(texts, **options)
        answer.vectors[0, 0] = np.nan
        return answer

    world.engine.embed_late = spoiled
    world.write("owls.md", OWLS)
    assert world.run().files.failed == 1


def test_what_a_model_had_to_cut_is_told(world):
    world.settings["chunk"] = {"max_tokens": 500}
    world.write("long.txt", "word " * 150)
    report = world.run()
    assert report.chunks.truncated == report.chunks.new == 1
    assert report.notices.counts == {"cut_for:terms": {"files": 1, "count": 1}}
    [notice] = report.notices.named
    assert "cut for `terms`" in notice.detail
    assert "`terms`" in (remedy_of(notice.kind) or "")


@pytest.mark.parametrize(
    ("cutting", "kinds"),
    [(("embed_late",), {"cut_for:terms", "cut_for:tokens"}), (("embed", "embed_late"), {"truncated_chunks"})],
)
def test_a_chunk_that_several_models_cut_is_counted_once(world, cutting, kinds):
    def cut_all(name):
        compute = getattr(world.engine, name)
        return lambda texts, **options: replace(compute(texts, **options), truncated=tuple(range(len(texts))))

    for name in cutting:
        setattr(world.engine, name, cut_all(name))
    world.settings["chunk"] = {"max_tokens": 500}
    world.write("long.txt", "word " * 150)
    report = world.run()
    assert report.chunks.truncated == report.chunks.new == 1
    assert report.notices.counts == {kind: {"files": 1, "count": 1} for kind in kinds}


@few(2)
@pytest.mark.parametrize("point", range(7))
def test_a_crash_at_any_step_leaves_nothing_half(world, point):
    world.write("owls.md", OWLS)
    world.write("seals.md", SEALS)
    world.run()
    world.write("owls.md", OWLS.replace("mice", "voles"))
    world.write("bats.md", "# Bats\n\nBats hang.\n")
    (world.folder / "seals.md").unlink()
    fuse = Fuse()
    fuse.left = point
    world.wrap = lambda table: CrashingTable(table, fuse)
    with contextlib.suppress(Crash):
        world.run(allow_deletes=True)
    world.wrap = lambda table: table
    assert_right(world)
    world.run(allow_deletes=True)
    assert assert_right(world) == 2


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({}, BOTH, "has no column `sparse`"),
        (BOTH, {"sparse": "terms"}, "has column `late` of model `tokens`"),
        ({"late": "tokens"}, {}, "the settings in use have no column `late`"),
    ],
)
def test_a_changed_or_removed_setting_is_refused_and_nothing_is_touched(tmp_path, before, after, told):
    world = world_at(tmp_path, sparse=None, late=None)
    world.settings |= before
    world.write("owls.md", OWLS)
    world.run()
    world.settings = {**world.settings, "sparse": None, "late": None, **after}
    with pytest.raises(FingerprintError, match=told) as refused:
        world.run()
    assert "embedingest rebuild" in str(refused.value.remedy)
    assert not world.engine.texts
    world.settings = {**world.settings, "sparse": None, "late": None, **before}
    assert not world.run().changed_anything()


def test_another_fingerprint_of_the_same_name_is_refused(world):
    world.write("owls.md", OWLS)
    world.run()
    world.engine.fingerprints["terms"] = "terms-2"
    with pytest.raises(FingerprintError, match="fingerprint terms-1; the settings in use have column `sparse`"):
        world.run()


def test_what_another_model_made_is_not_taken_from_the_cache(tmp_path):
    world = world_at(tmp_path)
    world.write("owls.md", OWLS)
    world.run()
    other = world.fresh()
    other.engine = WordsEngine()
    other.engine.fingerprints["terms"] = "terms-2"
    other.state = world.state
    other.run()
    assert {kind for kind, _ in other.engine.texts} == {"sparse"}


@only_deep
def test_verify_finds_and_mends_a_value_that_is_not_its_texts(world):
    world.write("owls.md", OWLS)
    world.write("seals.md", SEALS)
    world.run()
    with contextlib.closing(world.table()) as table:
        (row,) = table.rows(["docs/owls.md"])["docs/owls.md"]
        (other,) = table.rows(["docs/seals.md"])["docs/seals.md"]
        vectors = [table.vectors([h])[h] for h in (row.text_hash,)]
        wrong = {column: [table.vectors([other.text_hash], column)[other.text_hash]] for column in (SPARSE, LATE)}
        table.commit(SimpleNamespace(add=[row], vectors=vectors, extras=wrong, refresh=(), delete=()))
    with world.pipeline() as pipeline:
        found = pipeline.verify(sample=10)
        assert {(problem.source, problem.kind) for problem in found.problems} == {("docs/owls.md", "vector")}
        assert found.vectors == 6
        pipeline.verify(repair=True, sample=10)
        assert not pipeline.verify(sample=10).problems
    assert assert_right(world) == 2


def test_a_plan_counts_what_each_model_would_compute(world):
    world.write("owls.md", OWLS)
    with world.pipeline() as pipeline:
        assert pipeline.plan()["embed"]["texts"] == 3
