"""What every source owes. Knows the seam, no place; the source under test must hold at least one item."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Final

from embedingest.errors import DocumentError
from embedingest.ingest.sources.base import Source
from embedingest.testing.contract import Check, claims

__all__ = ["CHECKS"]


def owes_its_facts(source: Source) -> None:
    """States its name and the hosts that it will talk to."""
    assert isinstance(source, Source), "it lacks a member of the Source protocol"
    assert source.name, "its name is empty"
    assert all(isinstance(host, str) and host for host in source.hosts), f"hosts is {source.hosts!r}"


def owes_each_item_once(source: Source) -> None:
    """Lists every item once, by a plain relative path, with a mark."""
    items = list(source.list())
    assert items, "it lists nothing: give it something to list"
    keys = [item.key for item in items]
    assert len(keys) == len(set(keys)), "an item is listed twice"
    for item in items:
        path = PurePosixPath(item.key)
        inside = item.key and not path.is_absolute() and ".." not in path.parts
        assert inside, f"{item.key!r} is no path below the root"
        assert item.mark, f"{item.key} has no mark"
        assert item.size >= 0, f"{item.key} has size {item.size}"


def owes_marks_that_stay(source: Source) -> None:
    """What did not change keeps its mark from one listing to the next."""
    first, second = ({item.key: item.mark for item in source.list()} for _ in range(2))
    assert first == second, "marks differ between two listings"


def owes_the_bytes(source: Source) -> None:
    """Reads what it lists; the number of bytes is the listed size."""
    for item in list(source.list())[:20]:
        data = source.read(item.key)
        assert isinstance(data, bytes), f"{item.key} gave {type(data).__name__}"
        assert len(data) == item.size, f"{item.key}: {len(data)} bytes, listed {item.size}"


def owes_a_clear_no(source: Source) -> None:
    """What is not there is a DocumentError that trying again may mend."""
    try:
        source.read("no/such/item-anywhere.txt")
    except DocumentError as error:
        assert error.kind == "transient", f"kind is {error.kind}"
    else:
        raise AssertionError("an item that is not there was read")


def owes_a_quiet_end(source: Source) -> None:
    """Can be closed, and closed again."""
    source.close()
    source.close()


CHECKS: Final[tuple[Check, ...]] = claims(globals())
