"""Every text is asked for once; every file that waits gets all its vectors, or fails once and names a reason."""

from __future__ import annotations

import random
from collections.abc import Collection

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from embedingest.ingest.run.embedding import Embedded
from embedingest.ingest.run.missing_vectors import BULK_CALLS, URGENT_CALLS, Call, MissingVectors
from embedingest.ingest.run.planner import PlannedFile
from embedingest.ingest.run.rounds import CALL_TEXTS, URGENT_TEXTS
from embedingest.ingest.state.journal import FileState
from tests.ingest.run.values import candidate

VECTOR = np.ones(2, np.float32)


def waiting_file(name: str, *, urgent: bool = False) -> PlannedFile:
    file = candidate(name, urgent=urgent)
    return PlannedFile(file, FileState(file.source, "docs", *file.file.facts[:4], 1, "done"), None)


def ask(missing: MissingVectors, file: PlannedFile, keys: set[str]) -> None:
    missing.want(file, {key: f"text {key}" for key in sorted(keys)})


def bring(call: Call, bad: Collection[str] = (), cut: Collection[str] = ()) -> Embedded:
    keys = call.texts.keys()
    return Embedded(
        tuple(keys),
        vectors=dict.fromkeys(keys - set(bad), VECTOR),
        failed=dict.fromkeys(keys & set(bad), "bad text"),
        truncated=keys & set(cut),
    )


texts = st.sets(st.integers(0, 30).map(str), min_size=1, max_size=12)


@given(st.lists(st.tuples(texts, st.booleans()), max_size=12), st.sets(st.integers(0, 30).map(str)), st.integers())
def test_each_text_is_asked_for_once_and_each_file_completes_or_fails_once(
    wanted: list[tuple[set[str], bool]], bad: set[str], seed: int
) -> None:
    chance, missing = random.Random(seed), MissingVectors()
    flight: list[Call] = []
    asked: list[str] = []
    complete: list[PlannedFile] = []
    failed: list[PlannedFile] = []
    coming = [(waiting_file(str(number), urgent=urgent), keys) for number, (keys, urgent) in enumerate(wanted)]
    keys_of = {file.candidate.source: keys for file, keys in coming}
    brought: set[str] = set()
    while coming or missing:
        if coming and chance.random() < 0.5:
            file, keys = coming.pop()
            keys_of[file.candidate.source] = keys = keys - brought  # what was brought is known and not missing
            if keys:
                ask(missing, file, keys)
            else:
                complete.append(file)
        while call := missing.next_call(idle=True):
            flight.append(call)
            asked += call.texts
        assert missing.calls == len(flight)
        assert sum(call.urgent for call in flight) <= URGENT_CALLS
        assert sum(not call.urgent for call in flight) <= BULK_CALLS
        assert all(len(call.texts) <= (URGENT_TEXTS if call.urgent else CALL_TEXTS) for call in flight)
        if flight:
            call = flight.pop(chance.randrange(len(flight)))
            brought |= call.texts.keys() - bad
            arrived = missing.arrived(bring(call, bad))
            complete += arrived.complete
            failed += [file for file, _ in arrived.failed]
            assert all(reason == "bad text" for _, reason in arrived.failed)
    assert len(missing) == missing.calls == 0
    assert sorted(file.candidate.source for file in (*complete, *failed)) == sorted(keys_of)
    assert all(file.vectors.keys() == keys_of[file.candidate.source] for file in complete)
    assert all(keys_of[file.candidate.source] & bad for file in failed)
    assert not any(keys_of[file.candidate.source] & bad for file in complete)
    assert not any(file.missing for file in (*complete, *failed))
    good = [key for key in asked if key not in bad]
    assert len(good) == len(set(good))


def test_two_files_with_the_same_text_cost_one() -> None:
    missing = MissingVectors()
    first, second = waiting_file("a"), waiting_file("b")
    ask(missing, first, {"x"})
    assert missing.unasked({"x", "y"}) == {"y"}
    ask(missing, second, {"x"})
    call = missing.next_call(idle=True)
    assert call == Call({"x": "text x"}, urgent=False)
    assert missing.arrived(bring(call)).complete == [first, second]
    assert missing.unasked({"x"}) == {"x"}


def test_a_round_that_is_not_full_waits_while_others_keep_the_engine_busy() -> None:
    missing = MissingVectors()
    for number in range(2 * CALL_TEXTS):
        ask(missing, waiting_file(str(number)), {str(number)})
    assert [missing.next_call(idle=False) is not None for _ in range(3)] == [True, True, False]
    ask(missing, waiting_file("late"), {"late"})
    assert missing.next_call(idle=False) is None, "two calls are in flight and files are being read"
    assert missing.next_call(idle=True) is not None


def test_a_text_of_the_backlog_becomes_urgent_with_the_file_that_is() -> None:
    missing = MissingVectors()
    ask(missing, waiting_file("old"), {"x", "y"})
    ask(missing, waiting_file("saved", urgent=True), {"x"})
    assert missing.next_call(idle=False) == Call({"x": "text x"}, urgent=True)
    assert missing.next_call(idle=False) == Call({"y": "text y"}, urgent=False)


def test_a_file_given_up_gets_nothing_and_those_that_share_its_texts_do() -> None:
    missing = MissingVectors()
    old, other = waiting_file("a"), waiting_file("b")
    ask(missing, old, {"x", "y"})
    ask(missing, other, {"y"})
    assert missing.give_up("docs/a") is old
    assert missing.give_up("docs/a") is None
    again = waiting_file("a", urgent=True)
    ask(missing, again, {"x"})
    complete = []
    while call := missing.next_call(idle=True):
        complete += missing.arrived(bring(call)).complete
    assert set(complete) == {again, other}
    assert old.vectors == {}


def test_a_text_that_the_engine_cut_is_noticed_at_its_file() -> None:
    missing = MissingVectors()
    file = waiting_file("a")
    ask(missing, file, {"x", "y", "z"})
    call = missing.next_call(idle=True)
    assert call is not None
    missing.arrived(bring(call, cut={"x", "y"}))
    assert file.cut == {"x", "y"}


def test_a_call_that_failed_with_the_engine_fails_no_file() -> None:
    missing = MissingVectors()
    file = waiting_file("a")
    ask(missing, file, {"x"})
    call = missing.next_call(idle=True)
    assert call is not None
    assert missing.arrived(Embedded(tuple(call.texts), error=RuntimeError("broken"))) == ([], [])
    assert missing.calls == 0
    assert missing.give_up("docs/a") is file
