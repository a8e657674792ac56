"""What every source owes. Knows the seam, no place; the source under test must hold at least one item."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Final

from embedingest.errors import DocumentError
from embedingest.ingest.sources.base import MarkedSource, Source
from embedingest.testing.contract import Check, claims

__all__ = ["CHECKS"]

_MISSING: Final = "no/such/item-anywhere.txt"
_READ: Final = 20  # items that are read


def owes_its_facts(source: Source) -> None:
    """States its name and the hosts that it will talk to."""
    assert isinstance(source, Source), "it lacks a member of the Source protocol"
    assert source.name, "its name is empty"
    assert all(isinstance(host, str) and host for host in source.hosts), f"hosts is {source.hosts!r}"


def owes_each_item_once(source: Source) -> None:
    """Lists every item once, by a key below its root, with a mark."""
    items = list(source.list())
    assert items, "it lists nothing: give it something to list"
    keys = [item.key for item in items]
    assert len(keys) == len(set(keys)), "an item is listed twice"
    for item in items:
        assert item.key, "an item has no key"
        assert not item.key.startswith("/"), f"{item.key!r} is no path below the root"
        assert item.mark, f"{item.key} has no mark"
        assert item.size >= 0, f"{item.key} has size {item.size}"


def owes_marks_that_stay(source: Source) -> None:
    """What did not change keeps its mark from one listing to the next."""
    first, second = ({item.key: item.mark for item in source.list()} for _ in range(2))
    assert first == second, "marks differ between two listings"


def owes_the_bytes(source: Source) -> None:
    """Reads what it lists; the number of bytes is the listed size."""
    for item in list(source.list())[:_READ]:
        data = source.read(item.key)
        assert isinstance(data, bytes), f"{item.key} gave {type(data).__name__}"
        assert len(data) == item.size, f"{item.key}: {len(data)} bytes, listed {item.size}"


def owes_several_readers(source: Source) -> None:
    """Gives several threads at once what it gives one."""
    keys = [item.key for item in list(source.list())[:_READ]] * 2
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(source.read, keys))
    assert together == [source.read(key) for key in keys], "several threads at once were given other bytes"


def owes_a_clear_no(source: Source) -> None:
    """What is not there is a DocumentError that trying again may mend."""
    try:
        source.read(_MISSING)
    except DocumentError as error:
        assert error.kind == "transient", f"kind is {error.kind}"
    else:
        raise AssertionError("an item that is not there was read")


def owes_one_item_by_its_key(source: Source) -> None:
    """Finds an item by its key as it lists it, and none where there is none, if it can look for one."""
    if not isinstance(source, MarkedSource):
        return
    for item in list(source.list())[:_READ]:
        found = source.find(item.key)
        assert found is not None, f"{item.key} is listed and not found"
        assert found[:3] == item[:3], f"{item.key} is found as {found[:3]} and listed as {item[:3]}"
    assert source.find(_MISSING) is None, "an item that is not there was found"


def owes_the_version_that_was_listed(source: Source) -> None:
    """Reads an item while it has its mark, if it reads by marks; else it is `moving`, or `vanished`."""
    if not isinstance(source, MarkedSource):
        return
    items = list(source.list())[:_READ]
    for item in items:
        assert source.read_as(item.key, item.mark) == source.read(item.key), f"{item.key} is another by its mark"
    assert _refusal(source, items[0].key, items[0].mark + "x") == ("moving", "transient")
    assert _refusal(source, _MISSING, "x") == ("vanished", "transient")


def _refusal(source: MarkedSource, key: str, mark: str) -> tuple[str, str]:
    try:
        source.read_as(key, mark)
    except DocumentError as error:
        return error.code, error.kind
    raise AssertionError(f"{key} was read with a mark that it does not have")


def owes_a_quiet_end(source: Source) -> None:
    """Can be closed, and closed again."""
    source.close()
    source.close()


CHECKS: Final[tuple[Check, ...]] = claims(globals())
