"""What travels between driver and nodes arrives as it was sent."""

from __future__ import annotations

import pickle

import pytest

from embedingest.cluster.values import FileResult, Part, PartFile, PartResult, result_from_json, result_to_json
from embedingest.ingest.state.journal import FileState
from tests.ingest.run.values import candidate

STATE = FileState(
    "docs/a\udcff.zip", "docs", 10, 2**62, 3, 4, 1, "done", "hash", "config", "print", "text", "structured",
    chunks=2, children=("docs/a\udcff.zip!/b.txt",), error="“quoted”", next_try=1.5, notices={"truncated_chunks": 1},
)  # fmt: skip
PLAIN = FileState("docs/b.txt", "docs", 10, 1, 2, 3, 1, "done")
RESULT = PartResult(
    7,
    (
        FileResult(STATE.source, STATE, "stored", "changed", new=1, kept=2, refreshed=3, deleted=4, truncated=5),
        FileResult("docs/gone.txt", None, "vanished"),
    ),
    fragments=('{"id": 0}',),
    delete_ids=("one", "two"),
    rows=4,
    texts=1,
    tokens=9,
    characters=30,
    reused=2,
    seconds={"read": 0.25},
)


def test_the_outcome_of_a_part_is_read_as_it_was_written() -> None:
    again = result_from_json(result_to_json(RESULT))
    assert again == RESULT
    assert isinstance(again.files[0], FileResult)
    assert isinstance(again.files[0].state, FileState)
    assert hash(again.files[0].state.children)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"{}", b'{"format": 2}', b'{"format": 1}', b'{"format":1,"files":[[1]]}']
)
def test_what_is_no_outcome_of_a_part_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        result_from_json(data)


def test_a_part_travels_pickled_with_what_its_files_are_read_by() -> None:
    part = Part(3, 12, (PartFile(candidate("a.txt", size=12), STATE), PartFile(candidate("b.txt"), PLAIN)))
    again = pickle.loads(pickle.dumps(part))
    assert again.number == 3
    assert [file.before for file in again.files] == [STATE, PLAIN]
    first, sent = again.files[0].candidate, part.files[0].candidate
    assert (first.source, first.file) == (sent.source, sent.file)
    assert (first.root.alias, first.root.path, first.root.config) == (sent.root.alias, sent.root.path, sent.root.config)
    assert again.files[1].candidate.root is first.root
