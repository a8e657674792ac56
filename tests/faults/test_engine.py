"""An engine that fails costs what it failed at, and nothing that is stored."""

from __future__ import annotations

import dataclasses
import threading

import numpy as np
import pytest

from embedingest.errors import EngineClosedError, EngineError
from tests.depth import only_deep
from tests.ingest.world import CountingEngine
from tests.waiting import HANGS_SECONDS


class Spoiled(CountingEngine):
    """An engine whose answers go through `spoil(texts, answer)`, which may raise."""

    def __init__(self, spoil):
        super().__init__()
        self.spoil = spoil

    def embed(self, texts, **options):
        return self.spoil(texts, super().embed(texts, **options))


def replaced(answer, vectors):
    return dataclasses.replace(answer, vectors=vectors)


def test_an_engine_that_raises_ends_the_run_and_the_next_one_does_the_rest(world):
    calls = []

    def spoil(texts, answer):
        calls.append(texts)
        if len(calls) > 2:
            raise EngineClosedError("the worker died")
        return answer

    for number in range(300):
        world.write(f"more/m{number}.md", f"Document {number} of many. " * 5)
    world.engine = Spoiled(spoil)
    with pytest.raises(EngineClosedError, match="the worker died"):
        world.run()
    world.engine = CountingEngine()
    report = world.run()
    assert report.files.failed == 0
    world.assert_like_fresh()


@only_deep
def test_what_was_embedded_before_an_engine_failed_is_not_embedded_again(world):
    for number in range(300):
        world.write(f"more/m{number}.md", f"Document {number} of many is unlike the others. " * 2)
    done = []
    world.engine = Spoiled(lambda texts, answer: done.extend(texts) or answer)
    world.run()
    everything = len(set(done))
    again = world.fresh("second")
    first = []

    def spoil(texts, answer):
        if len(first) > 100:
            raise EngineError("out of memory")
        first.extend(texts)
        return answer

    again.engine = Spoiled(spoil)
    with pytest.raises(EngineError, match="out of memory"):
        again.run()
    again.engine = CountingEngine()
    again.run()
    # What was under way in the threads of the embedder when one failed may be lost.
    assert len(set(again.engine.texts)) <= everything - len(first) + 4 * 64


def test_a_text_whose_vector_is_nan_fails_its_document_only(world):
    bad = world.write("bad.md", "this one is cursed")

    def spoil(texts, answer):
        vectors = answer.vectors.copy()
        for place, text in enumerate(texts):
            if "cursed" in text:
                vectors[place] = np.nan
        return replaced(answer, vectors)

    world.engine = Spoiled(spoil)
    report = world.run()
    assert (report.files.new, report.files.failed) == (12, 1)
    (failure,) = report.failures
    assert (failure.source, failure.kind) == ("docs/bad.md", "permanent")
    assert "NaN" in failure.error
    assert world.run().embedded.texts == 0, "an unchanged poison file is not tried again"
    bad.write_text("this one is blessed")
    assert world.run().files.failed == 0
    world.engine = CountingEngine()
    world.assert_like_fresh()


def test_a_document_edited_into_one_that_cannot_be_embedded_is_never_stored_as_zeros(world):
    world.run()
    world.write("part0/doc0.md", "this one is cursed")
    world.engine = Spoiled(lambda texts, answer: replaced(answer, np.full_like(answer.vectors, np.inf)))
    report = world.run()
    assert report.files.failed == 1
    assert all(np.abs(vector).sum() > 0 for _, vector in world.contents().values())


def test_vectors_of_another_shape_are_refused(world):
    world.engine = Spoiled(lambda texts, answer: replaced(answer, answer.vectors[:, :3]))
    with pytest.raises(EngineError, match="shape"):
        world.run()


def test_an_engine_that_hangs_does_not_keep_a_stop_from_ending_the_run(world):
    hanging, let_go = threading.Event(), threading.Event()

    def spoil(texts, answer):
        hanging.set()
        let_go.wait(2 * HANGS_SECONDS)
        return answer

    world.engine = Spoiled(spoil)
    reports = []
    runner = threading.Thread(target=lambda: reports.append(world.run()))
    runner.start()
    assert hanging.wait(HANGS_SECONDS)
    world.stop.set()
    runner.join(HANGS_SECONDS)
    ended = not runner.is_alive()
    let_go.set()
    assert ended, "the run waited for the engine"
    assert reports[0].stopped
    world.stop.clear()
    world.engine = CountingEngine()
    world.run()
    world.assert_like_fresh()


def test_a_file_that_goes_while_it_is_embedded_leaves_no_rows(world):
    path = world.write("brief.md", "a brief appearance")

    def spoil(texts, answer):
        if any("brief" in text for text in texts):
            path.unlink(missing_ok=True)
        return answer

    world.engine = Spoiled(spoil)
    world.run()
    assert "docs/brief.md" not in world.sources_in_table()
    world.engine = CountingEngine()
    world.assert_like_fresh()
