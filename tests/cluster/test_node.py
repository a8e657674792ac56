"""A node's fragments are the rows that a run in one process writes, however the files are cut into parts."""

from __future__ import annotations

import dataclasses
import random
import shutil
import tempfile
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedingest.cluster import node as cluster_node
from embedingest.cluster import part_rows
from embedingest.cluster.values import PartFile, PartResult
from embedingest.errors import ConfigError, EngineError, InputError
from embedingest.ingest.run.rounds import RoundSizes
from tests.cluster.driving import assert_same_tables, driving, whole_files
from tests.depth import few, much, only_deep
from tests.ingest.world import ENGINE, CountingEngine, HoldingEngine, InProcess, World
from tests.waiting import rest
from tests.words_engine import WordsEngine

pytestmark = pytest.mark.slow


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def fates(results: Sequence[PartResult]) -> dict[str, list[str]]:
    """By file, what became of it in each part it was in."""
    found: dict[str, list[str]] = {}
    for result in results:
        for file in result.files:
            found.setdefault(file.source.partition("/")[2], []).append(file.fate)
    return found


def assert_as_in_one_process(world: World) -> int:
    """The table is what a fresh run in one process makes of the folder."""
    other = world.fresh()
    other.engine = type(world.engine)()
    try:
        other.run()
        return assert_same_tables(world, other)
    finally:
        shutil.rmtree(other.base, ignore_errors=True)


def text_of(*words: str) -> str:
    """A document with a section of each word, which is a chunk of its own."""
    return "\n\n".join(map(chunk_of, words))


def chunk_of(word: str) -> str:
    return f"# {word}\n\n" + " ".join([word] * 24)


def library(world: World, files: int = 40) -> None:
    for number in range(files):
        world.write(f"{number % 4}/{number}.md", text_of(f"book{number}", f"all{number % 7}"))
    world.write("empty.md", "")
    world.write("broken.pdf", b"%PDF-1.7\nnothing of the kind")


@few(1)
@pytest.mark.parametrize("size", [5, 1000])
def test_the_rows_of_parts_are_those_of_one_process(world: World, size: int) -> None:
    library(world)
    with driving(world) as driver:
        driver.run(whole_files(size), nodes=2)
        assert assert_as_in_one_process(world) == 80
        assert sum(result.texts for result in driver.results) == len(set(world.engine.texts)) == len(world.engine.texts)
        states = {state.source: state for state in driver.resources.journal.files()}
        assert len(states) == 42
        assert (states["docs/broken.pdf"].state, states["docs/empty.md"].state) == ("failed", "empty")
        assert [file for file in driver.files() if file.before is not None and file.before.settled] == []
    # The journal is the one that a run in one process goes on with.
    assert not world.run().changed_anything()


@only_deep
def test_rows_of_all_models_and_half_precision_are_those_of_one_process(tmp_path: Path) -> None:
    world = World(tmp_path, sparse="terms", late="tokens", context=["title", "headings"], store={"float16": True})
    world.engine = WordsEngine()
    library(world, 12)
    with driving(world) as driver:
        driver.run(whole_files(5))
    assert assert_as_in_one_process(world) > 20


@only_deep
def test_a_part_with_many_rows_is_written_as_several_fragments(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part_rows, "MOST_ROWS", 10)
    monkeypatch.setattr(cluster_node, "SIZES", RoundSizes(8, 4))
    library(world, 30)
    with driving(world) as driver:
        driver.run(whole_files(1000))
        [result] = driver.results
        assert len(result.fragments) > 1
    assert assert_as_in_one_process(world) == result.rows == 60


def test_a_file_that_is_written_while_it_is_read_is_read_again(world: World) -> None:
    world.write("a.md", text_of("early"))

    class Moving(InProcess):
        def submit(self, job: Any, **options: Any) -> Any:
            future = super().submit(job, **options)
            extracted = future.result()
            if any("early" in chunk.text for part in extracted.parts for chunk in part.chunks):
                world.write("a.md", text_of("late"))
                rest()
                future = Future()
                future.set_result(dataclasses.replace(extracted, after=extracted.after._replace(size=1)))
            return future

    with driving(world, workers=Moving) as driver:
        driver.run(whole_files(1))
    assert world.engine.texts == [chunk_of("late")]
    assert assert_as_in_one_process(world) == 1


@only_deep
def test_what_changed_is_written_again_and_what_did_not_keeps_its_vectors(world: World) -> None:
    world.write("edited.md", text_of("one", "two"))
    world.write("touched.md", text_of("three"))
    world.write("shorter.md", text_of("four", "five"))
    world.run()
    world.write("edited.md", text_of("one", "second"))
    world.write("shorter.md", text_of("four"))
    (world.folder / "touched.md").touch()
    world.engine.texts.clear()
    with driving(world) as driver:
        driver.run(whole_files(2))
        files = {file.source: file for result in driver.results for file in result.files}
    assert world.engine.texts == [chunk_of("second")]
    assert (files["docs/edited.md"].outcome, files["docs/edited.md"].new, files["docs/edited.md"].deleted) == (
        "changed",
        1,
        1,
    )
    assert files["docs/edited.md"].refreshed == 1
    assert (files["docs/touched.md"].outcome, files["docs/touched.md"].refreshed) == ("unchanged", 1)
    assert files["docs/shorter.md"].deleted == 1
    assert assert_as_in_one_process(world) == 4


def test_a_file_that_moved_embeds_nothing(world: World) -> None:
    world.write("a.md", "One mill.")
    world.run()
    (world.folder / "a.md").rename(world.folder / "b.md")
    world.engine.texts.clear()
    with driving(world) as driver:
        driver.run(whole_files(1))
        assert [(result.texts, result.reused) for result in driver.results] == [(0, 1)]
    assert not world.engine.texts
    assert world.sources_in_table() == {"docs/a.md", "docs/b.md"}, "what is gone is the driver's to delete"


def test_a_text_that_another_part_computes_is_not_computed_and_its_document_comes_again(world: World) -> None:
    world.write("a.md", text_of("same"))
    world.write("b.md", text_of("own", "same"))
    with driving(world) as driver:
        one, other = (driver.part([file]) for file in driver.files())
        first, second = driver.node(), driver.node(far=True)
        done, put_back = first.work(one), second.work(other)
        assert fates([done, put_back]) == {"a.md": ["stored"], "b.md": ["put_back"]}
        assert (put_back.fragments, put_back.texts, put_back.files[0].state) == ((), 0, None)
        driver.commit(done, put_back)
        again = second.work(driver.part(other.files))
        assert (again.texts, again.reused) == (1, 1)
        driver.commit(again)
    assert sorted(world.engine.texts) == [chunk_of("own"), chunk_of("same")]
    assert assert_as_in_one_process(world) == 3


@only_deep
def test_a_text_that_another_node_of_this_machine_computed_is_known(world: World) -> None:
    world.write("a.md", text_of("same"))
    world.write("b.md", text_of("own", "same"))
    with driving(world) as driver:
        one, other = (driver.part([file]) for file in driver.files())
        first, second = driver.node(), driver.node()
        results = first.work(one), second.work(other)
        assert fates(results) == {"a.md": ["stored"], "b.md": ["stored"]}
        assert [(result.texts, result.reused) for result in results] == [(1, 0), (1, 1)]
        driver.commit(*results)
    assert assert_as_in_one_process(world) == 3


def test_a_node_that_computed_a_text_for_an_earlier_part_knows_it(world: World) -> None:
    world.write("a.md", text_of("same"))
    world.write("b.md", text_of("same"))
    with driving(world) as driver:
        one, other = (driver.part([file]) for file in driver.files())
        node = driver.node()
        results = node.work(one), node.work(other)
        assert fates(results) == {"a.md": ["stored"], "b.md": ["stored"]}
        driver.commit(*results)
    assert len(world.engine.texts) == 1
    assert assert_as_in_one_process(world) == 2


def test_a_text_is_computed_once_however_many_documents_of_a_part_have_it(world: World) -> None:
    for number in range(30):
        world.write(f"{number}.md", text_of("same"))
    with driving(world) as driver:
        driver.run(whole_files(1000))
        assert [(result.texts, result.reused, result.rows) for result in driver.results] == [(1, 29, 30)]
    assert world.engine.texts == [chunk_of("same")]


@only_deep
def test_a_part_that_is_tried_again_has_the_same_outcome_and_computes_nothing(world: World) -> None:
    library(world, 8)
    with driving(world) as driver:
        part = driver.part(driver.files())
        result = driver.node().work(part)
        texts = len(world.engine.texts)
        assert driver.node().work(part) is result
        assert len(world.engine.texts) == texts
        driver.commit(result)
    assert assert_as_in_one_process(world) == result.rows


def test_a_part_whose_node_died_is_done_by_another_with_the_same_claims(world: World) -> None:
    library(world, 8)
    with driving(world) as driver:
        part = driver.part(driver.files())
        lost = driver.node().work(part)
        driver.kept.results.clear()  # it died before the outcome was kept
        claimed = len(driver.claims)
        result = driver.node().work(part)
        assert len(driver.claims) == claimed
        assert [file._replace(state=None) for file in sorted(result.files)] == [
            file._replace(state=None) for file in sorted(lost.files)
        ]
        driver.commit(result)
    assert assert_as_in_one_process(world) == result.rows


class Refusing(CountingEngine):
    """Refuses texts with `too long` in them, and gives NaN for those with `strange`."""

    def embed(self, texts: Any, **options: Any) -> Any:
        for index, text in enumerate(texts):
            if "too long" in text:
                raise InputError("it is too long", index=index)
        answer = super().embed(texts, **options)
        for index, text in enumerate(texts):
            if "strange" in text:
                answer.vectors[index, 0] = np.nan
        return answer


def test_texts_that_cannot_be_embedded_fail_their_documents_alone(world: World) -> None:
    world.write("good.md", "One mill.")
    world.write("long.md", text_of("sound", "too long"))
    world.write("strange.md", "A strange one.")
    world.write("broken.pdf", b"%PDF-1.7\nnothing of the kind")
    world.engine = Refusing()
    with driving(world) as driver:
        driver.run(whole_files(2))
        states = {state.source: state for state in driver.resources.journal.files()}
    assert {source: (state.state, state.code) for source, state in states.items()} == {
        "docs/good.md": ("done", ""),
        "docs/long.md": ("failed", "embedding"),
        "docs/strange.md": ("failed", "embedding"),
        "docs/broken.pdf": ("failed", "corrupt"),
    }
    assert "it is too long" in states["docs/long.md"].error
    assert world.sources_in_table() == {"docs/good.md"}


def test_the_rows_of_a_document_that_cannot_be_embedded_any_more_go(world: World) -> None:
    world.write("a.md", text_of("one"))
    world.run()
    world.write("a.md", text_of("too long"))
    world.engine = Refusing()
    with driving(world) as driver:
        driver.run(whole_files(1))
        [file] = driver.results[0].files
    assert (file.fate, file.outcome, file.deleted) == ("stored", "failed", 1)
    assert world.sources_in_table() == set()


def test_a_file_that_went_away_is_no_failure(world: World) -> None:
    world.write("a.md", "One mill.")
    world.write("b.md", "Another mill.")
    with driving(world) as driver:
        part = driver.part(driver.files())
        (world.folder / "a.md").unlink()
        result = driver.node().work(part)
        assert fates([result]) == {"a.md": ["vanished"], "b.md": ["stored"]}
        assert [file.state is None for file in sorted(result.files)] == [True, False]


@only_deep
def test_the_files_of_the_next_part_are_read_beside_the_work_at_another(world: World) -> None:
    library(world, 12)
    with driving(world) as driver:
        files = driver.files()
        one, other = driver.part(files[:7]), driver.part(files[7:])
        node = driver.node()
        node.prepare(other)
        results = node.work(one), node.work(other)
        driver.commit(*results)
        put_back = {file.source for result in results for file in result.files if file.fate == "put_back"}
        assert not put_back, "one node knows what it computed"
    assert assert_as_in_one_process(world) > 20


class Together(HoldingEngine):
    """Goes on with what is `slow` once it was asked for something else."""

    def embed(self, texts: Any, **options: Any) -> Any:
        if texts and not any("slow" in text for text in texts):
            self.go_on.set()
        return super().embed(texts, **options)


@only_deep
def test_the_texts_of_the_next_part_are_embedded_while_those_of_another_come_back(world: World) -> None:
    world.write("a.md", text_of("slow"))
    world.write("b.md", text_of("own", "slow"))
    world.engine = Together()
    with driving(world) as driver:
        one, other = (driver.part([file]) for file in driver.files())
        node = driver.node(far=True)
        node.prepare(other)
        results = node.work(one), node.work(other)
        assert fates(results) == {"a.md": ["stored"], "b.md": ["stored"]}, "it waited for the text of the other"
        assert sorted(world.engine.texts) == [chunk_of("own"), chunk_of("slow")]
        assert [result.reused for result in results] == [0, 1]
        driver.commit(*results)
    world.engine = CountingEngine()
    assert assert_as_in_one_process(world) == 3


@few(1)
@pytest.mark.parametrize("again", [0, 1])
def test_beside_a_part_that_is_tried_again_nothing_of_another_is_embedded(world: World, again: int) -> None:
    world.write("a.md", text_of("one"))
    world.write("b.md", text_of("two"))
    with driving(world) as driver:
        parts = [driver.part([file]) for file in driver.files()]
        parts[again] = parts[again]._replace(again=True)
        node = driver.node()
        node.prepare(parts[1])
        results = [node.work(parts[0])]
        assert world.engine.texts == [chunk_of("one")]
        results.append(node.work(parts[1]))
        driver.commit(*results)
    assert assert_as_in_one_process(world) == 2


@only_deep
def test_a_part_whose_outcome_is_kept_is_done_with_where_it_came_next(world: World) -> None:
    library(world, 8)
    with driving(world) as driver:
        files = driver.files()
        one, other = driver.part(files[:4]), driver.part(files[4:])._replace(again=True)
        kept, node = driver.node().work(other), driver.node()
        node.prepare(other)
        results = node.work(one), node.work(other)
        assert results[1] is kept
        driver.commit(*results)
    assert assert_as_in_one_process(world) == 16


class Failing(CountingEngine):
    """Fails where it is broken."""

    broken = False

    def embed(self, texts: Any, **options: Any) -> Any:
        if texts and self.broken:
            raise EngineError("no device")
        return super().embed(texts, **options)


def test_an_engine_that_fails_fails_the_part_and_the_next_try_is_whole(world: World) -> None:
    library(world, 6)

    world.engine = Failing()
    world.engine.broken = True
    with driving(world) as driver:
        part, node = driver.part(driver.files()), driver.node()
        with pytest.raises(EngineError, match="no device"):
            node.work(part)
        world.engine.broken = False
        result = node.work(part)
        driver.commit(result)
        assert driver.version == 2, "nothing of the failed try"
    assert assert_as_in_one_process(world) == result.rows


@only_deep
def test_rows_that_the_journal_knows_nothing_of_are_written_over(world: World) -> None:
    world.write("a.md", text_of("one"))
    world.run()
    with driving(world) as driver:
        [file] = driver.files() or [None]
        assert file is None
        driver.resources.journal.drop(["docs/a.md"])
        driver.run(whole_files(1))
        assert len(driver.results[0].delete_ids) == 1
    assert assert_as_in_one_process(world) == 1


def test_a_pipeline_whose_context_is_written_by_others_is_refused(world: World) -> None:
    world.settings["context"] = {"command": ["python", "context.py"], "folder": str(world.base)}
    with driving(world) as driver, pytest.raises(ConfigError, match=r"python context\.py") as refused:
        driver.node()
    assert "--on" in str(refused.value.remedy)


def test_a_node_with_another_model_than_the_driver_is_refused_before_it_reads(world: World) -> None:
    described = ENGINE.describe("hashing")
    other = dataclasses.replace(described, fingerprint="another:exact")
    named = f"fingerprint another:exact, and the driver with {described.fingerprint}"
    with driving(world, describe=lambda: other) as driver, pytest.raises(ConfigError, match=named) as refused:
        driver.node()
    assert "models pull" in str(refused.value.remedy)
    assert world.engine.opened == 0


def cut_at_random(seed: int) -> Any:
    chance = random.Random(seed)

    def split(files: Sequence[PartFile]) -> list[list[PartFile]]:
        parts: list[list[PartFile]] = [[] for _ in range(chance.randint(1, len(files)))]
        for file in files:
            chance.choice(parts).append(file)
        return parts

    return split


sections = st.lists(st.sampled_from(["mill", "owl", "seal", "tide", "moss", "lime"]), max_size=4)
libraries = st.lists(sections, min_size=1, max_size=8).filter(any)  # where nothing is written there is no table


@settings(max_examples=much(4, 25))
@given(libraries, st.integers(1, 3), st.booleans(), st.booleans(), st.integers())
def test_any_way_to_cut_files_into_parts_gives_the_same_rows_and_computes_each_text_once(
    documents: list[list[str]], nodes: int, far: bool, ahead: bool, seed: int
) -> None:
    with tempfile.TemporaryDirectory() as base:
        world = World(Path(base))
        for number, words in enumerate(documents):
            world.write(f"{number}.md", text_of(*words))
        with driving(world) as driver:
            driver.run(cut_at_random(seed), nodes=nodes, far=far, ahead=ahead)
        texts = {chunk_of(word) for words in documents for word in words}
        assert sorted(world.engine.texts) == sorted(texts)
        assert assert_as_in_one_process(world) == sum(len(words) for words in documents)


@settings(max_examples=much(4, 25))
@given(libraries, libraries, st.booleans(), st.integers(1, 3), st.booleans(), st.booleans(), st.integers())
def test_after_any_edits_the_rows_are_those_of_a_fresh_run_and_no_text_is_computed_twice(
    before: list[list[str]],
    after: list[list[str]],
    first_in_one_process: bool,
    nodes: int,
    far: bool,
    ahead: bool,
    seed: int,
) -> None:
    with tempfile.TemporaryDirectory() as base:
        world = World(Path(base))
        after = after + before[len(after) :]  # deletions are the driver's
        for documents, in_one_process in ((before, first_in_one_process), (after, False)):
            for number, words in enumerate(documents):
                world.write(f"{number}.md", text_of(*words))
            world.engine.texts.clear()
            if in_one_process:
                world.run()
                continue
            with driving(world) as driver:
                driver.run(cut_at_random(seed), nodes=nodes, far=far, ahead=ahead)
        had, has = ({chunk_of(word) for words in documents for word in words} for documents in (before, after))
        lost = {chunk_of(word) for old, new in zip(before, after, strict=False) for word in {*old} - {*new}}
        computed = set(world.engine.texts)
        assert len(computed) == len(world.engine.texts)
        # Far from the cache a text may come back with a document that was put back after the last row that had it went.
        assert has - had <= computed <= has - had | (lost & has if far else set())
        assert assert_as_in_one_process(world) == sum(len(words) for words in after)
