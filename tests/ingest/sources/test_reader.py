"""An item is asked for a few times where that may help, and what a source says of it is said in our words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from embedingest.errors import DocumentError, DocumentSkipped
from embedingest.ingest.extract.reading import Job
from embedingest.ingest.scan.listing import Beside, Listed
from embedingest.ingest.sources.base import Item
from embedingest.ingest.sources.place import Place, facts_of_item
from embedingest.ingest.sources.reader import ItemReader
from tests.ingest.sources.shelf import MarkedShelf

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def shelf() -> MarkedShelf:
    return MarkedShelf(a="The walrus sleeps.", beside="{}")


def read(shelf: MarkedShelf, mark: str = "The walrus sleeps.", waits: Callable[[float], None] = lambda _: None):
    facts = facts_of_item(Item("a", mark, 18))
    beside = Beside("beside", "{}", facts_of_item(Item("beside", "{}", 2)))
    job = Job("place", "a", "shelf/a", size=18, listed=Listed(mark, facts, beside))
    return ItemReader(Place("shelf", shelf, where="place"), max_bytes=100, wait=waits).read(job)


def test_the_version_that_was_listed_is_given_with_its_sidecar(shelf: MarkedShelf) -> None:
    given = read(shelf)
    assert (given.data, given.sidecar and given.sidecar.data) == (b"The walrus sleeps.", b"{}")
    assert given.facts.size == 18


def test_what_may_pass_is_tried_again_after_growing_waits_and_then_said(shelf: MarkedShelf) -> None:
    waits: list[float] = []

    def recovers(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            shelf.read_errors.clear()

    shelf.read_errors["a"] = ConnectionError("reset")
    assert read(shelf, waits=recovers).data == b"The walrus sleeps."
    assert waits[0] < waits[1]
    shelf.read_errors["a"] = ConnectionError("reset")
    with pytest.raises(DocumentError, match=r"shelf/a could not be read: ConnectionError: reset") as caught:
        read(shelf)
    assert (caught.value.kind, caught.value.code) == ("transient", "unreachable")
    assert shelf.read_keys.count("a") == 6


@pytest.mark.parametrize(
    "error",
    [
        DocumentError("no", kind="permanent", code="unreadable"),
        DocumentSkipped("no", code="too_large"),
        DocumentError("gone", kind="transient", code="vanished"),
        DocumentError("other", kind="transient", code="moving"),
    ],
    ids=lambda error: error.code,
)
def test_what_will_not_pass_is_asked_for_once(shelf: MarkedShelf, error: DocumentError) -> None:
    shelf.read_errors["a"] = error
    with pytest.raises(type(error)) as caught:
        read(shelf)
    assert (caught.value.code, caught.value.kind, caught.value.source) == (error.code, error.kind, "shelf/a")
    assert shelf.read_keys.count("a") == 1


def test_a_document_whose_sidecar_changed_is_moving(shelf: MarkedShelf) -> None:
    shelf.texts["beside"] = "[]"
    with pytest.raises(DocumentError) as caught:
        read(shelf)
    assert caught.value.code == "moving"
    del shelf.texts["beside"]
    with pytest.raises(DocumentError) as caught:
        read(shelf)
    assert caught.value.code == "moving"


def test_what_is_too_large_by_the_listing_is_not_asked_for(shelf: MarkedShelf) -> None:
    facts = facts_of_item(Item("a", "m", 101))
    job = Job("place", "a", "shelf/a", size=101, listed=Listed("m", facts))
    with pytest.raises(DocumentSkipped, match="101 bytes, more than the 100"):
        ItemReader(Place("shelf", shelf, where="place"), max_bytes=100).read(job)
    assert shelf.read_keys == []
