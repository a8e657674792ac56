"""The seam for places that are no local folder: what they list, what changed, how one is read. Knows no documents.

A local folder is read in place (`ingest/scan/`, `ingest/watch/`). Anything else is mirrored into a folder of ours
(`mirror.py`), so that the walk and its limits are the same for both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Item", "Source"]


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
    EmbedingestError: a listing that ends early would look like deletions. `read` raises DocumentError where one item
    cannot be read, of the kind `transient` where trying again may help.
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
