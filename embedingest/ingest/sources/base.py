"""The seam for places that are no local folder: what they list, what changed, how one is read. Knows no documents.

A local folder is read in place (`ingest/scan/`, `ingest/watch/`). Of anything else nothing is kept here: it is listed,
and what changed its mark is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MIRRORS", "Item", "MarkedSource", "Source"]

MIRRORS: Final = "mirrors"
"""The folder of the state folder where earlier versions kept copies of items, by table and alias."""


class Item(NamedTuple):
    """One thing that can be read.

    `key` is its POSIX path below the root of the source, without a leading slash. `mark` changes whenever its
    bytes do (an ETag, a version). `size` is in bytes, `modified_at_ns` counts from the epoch; 0 where unknown.
    """

    key: str
    mark: str
    size: int
    modified_at_ns: int = 0


@runtime_checkable
class Source(Protocol):
    """A place with documents, reached by listing and reading. It is polled: a changed mark is a change.

    `hosts` names the network hosts it will talk to, before it does. `list` yields every item or raises an
    EmbedingestError: a listing that ends early would look like deletions. It is drawn from as the items are compared,
    so that one that yields page by page holds no more than a page; items in order of their keys are compared with the
    least memory. `read` raises DocumentError where one item cannot be read, of the kind `transient` where trying again
    may help; several threads call it at once. A source may be listed again while items of an earlier listing are read.

    A source with a property `url` says where its items lie: `url/key` is told as the address of each.
    """

    @property
    def name(self) -> str: ...

    @property
    def hosts(self) -> tuple[str, ...]: ...

    def list(self) -> Iterator[Item]:
        """Every item, in any order, each once."""
        ...

    def read(self, key: str) -> bytes:
        """The bytes of one item as they are now."""
        ...

    def close(self) -> None:
        """Close connections."""
        ...


@runtime_checkable
class MarkedSource(Source, Protocol):
    """A source that reads just the version that was listed, and can look for a single item.

    Of any other source what is read may be younger than its mark: the next listing has another mark then, and it is
    read again.
    """

    def find(self, key: str) -> Item | None:
        """One item as it is now; `None` where there is none. Raises EmbedingestError where that cannot be told."""
        ...

    def read_as(self, key: str, mark: str) -> bytes:
        """The bytes of one item while it has this mark.

        Raises DocumentError: `moving` (transient) where it has another by now, `vanished` (transient) where it is gone.
        """
        ...
