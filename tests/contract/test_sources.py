"""What every source owes: one that reads alone, one that reads by marks, and breakers of it that are caught."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from embedingest.errors import DocumentError
from embedingest.testing import checks, contract
from tests.ingest.sources.shelf import MarkedShelf, Shelf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedingest.ingest.sources.base import Item

TEXTS = {"a": "The walrus sleeps.", "b": "The llama spits."}

test_a_source_that_reads = contract("sources", lambda: Shelf(**TEXTS))
test_a_source_that_reads_by_marks = contract("sources", lambda: MarkedShelf(**TEXTS))


class Failing(MarkedShelf):
    """Wrong in one way, by name."""

    def __init__(self, fault: str) -> None:
        super().__init__(**TEXTS)
        self.fault = fault

    def list(self) -> Iterator[Item]:
        items = [self._item(key) for key in self.texts]
        match self.fault:
            case "twice":
                items += items
            case "slash":
                items = [item._replace(key=f"/{item.key}") for item in items]
            case "marks":
                self.listed += 1
                items = [item._replace(mark=f"{item.mark}{self.listed}") for item in items]
            case "size":
                items = [item._replace(size=item.size + 1) for item in items]
        return iter(items)

    def find(self, key: str) -> Item | None:
        found = super().find(key)
        return found and found._replace(mark="another") if self.fault == "found" else found

    def read_as(self, key: str, mark: str) -> bytes:
        if self.fault == "any version":
            return self.read(key)
        if self.fault == "no reason" and self.texts.get(key) != mark:
            raise DocumentError(f"{key} cannot be read", kind="transient")
        return super().read_as(key, mark)


@pytest.mark.parametrize("fault", ["twice", "slash", "marks", "size", "found", "any version", "no reason"])
def test_a_source_that_breaks_the_contract_is_caught(fault: str) -> None:
    broken = []
    for check in checks("sources"):
        try:
            check(Failing(fault))
        except (AssertionError, DocumentError):
            broken.append(check.name)
    assert broken, f"nothing noticed the fault `{fault}`"


def test_a_source_without_a_fault_breaks_nothing() -> None:
    for check in checks("sources"):
        check(Failing(""))
