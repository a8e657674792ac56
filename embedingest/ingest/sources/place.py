"""One source of a pipeline under its alias: a stranger's code, with bounds around what it gives. Knows no rows."""

from __future__ import annotations

import logging
import stat
import threading
from typing import TYPE_CHECKING, Final

from blake3 import blake3

from embedingest.errors import EmbedingestError
from embedingest.ingest.json_values import printable, spelled
from embedingest.ingest.remedies import SOURCE_REMEDY, with_remedy
from embedingest.ingest.scan.files import FileFacts
from embedingest.ingest.sources.base import Item, MarkedSource

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from typing import NoReturn

    from embedingest.ingest.sources.base import Source

__all__ = ["NotListedError", "Place", "facts_of_item", "named"]

_log = logging.getLogger(__name__)

MOST_FOUND: Final = 256
"""Of so many items each is asked for by its key; of more the whole listing is drawn."""

_MOST_REASON: Final = 500
_LARGEST_NUMBER: Final = 2**63 - 1
_MODE: Final = stat.S_IFREG | 0o444


class NotListedError(Exception):
    """A listing did not come to its end, or an item could not be looked for; says why, and the way out."""


class Place:
    """An opened source. `where` names it to people and in the journal; `ours` are folders of tables of ours in it.

    A listing, which may take minutes, ends once `stop` is set.
    """

    def __init__(self, alias: str, source: Source, *, where: str, ours: Collection[str] = ()) -> None:
        self.alias: Final = alias
        self.source: Final = source
        self.where: Final = where
        self.ours: Final = frozenset(ours)
        self.stop = threading.Event()
        self._marked: Final = source if isinstance(source, MarkedSource) else None

    def items(self) -> Iterator[Item]:
        """What it lists, as it comes. Raises NotListedError, at any moment."""
        try:
            for item in self.source.list():
                if self.stop.is_set():
                    raise NotListedError("the run was asked to stop")
                yield _checked(item)
        except NotListedError:
            raise
        except Exception as error:  # noqa: BLE001 -- a stranger's code; the other roots go on
            self._failed(error)

    def items_of(self, keys: Collection[str]) -> dict[str, Item]:
        """Those of these items that are there now. Raises NotListedError."""
        if self._marked is not None and len(keys) <= MOST_FOUND:
            try:
                found = [self._marked.find(key) for key in keys]
                return {item.key: _checked(item) for item in found if item is not None}
            except Exception as error:  # noqa: BLE001 -- as above
                self._failed(error)
        wanted = frozenset(keys)
        return {item.key: item for item in self.items() if item.key in wanted}

    def read(self, key: str, mark: str) -> bytes:
        """The bytes of an item that had this mark when it was listed. Raises whatever the source raises."""
        data = self.source.read(key) if self._marked is None else self._marked.read_as(key, mark)
        return data if type(data) is bytes else bytes(memoryview(data))

    def close(self) -> None:
        """Close the source, whatever it says to that."""
        try:
            self.source.close()
        except Exception:  # noqa: BLE001 -- a stranger's code, of which nothing more is wanted
            _log.warning("source %s failed at its end", self.alias, exc_info=True)

    def _failed(self, error: Exception) -> NoReturn:
        if isinstance(error, EmbedingestError):
            reason = printable(spelled(error.message), _MOST_REASON)
            remedy = printable(spelled(error.remedy), _MOST_REASON) if error.remedy else SOURCE_REMEDY
            raise NotListedError(with_remedy(f"the source cannot be listed: {reason}", remedy)) from error
        _log.warning("source %s failed while listing", self.alias, exc_info=error)
        raise NotListedError(with_remedy(f"the source failed: {named(error)}", SOURCE_REMEDY)) from error


def facts_of_item(item: Item) -> FileFacts:
    """What is remembered of an item as stat facts are of a file: the inode stands for its mark."""
    return FileFacts(max(0, item.size), item.modified_at_ns, 0, _number(item.mark), 0, _MODE)


def named(error: Exception) -> str:
    """A stranger's exception in one line."""
    return f"{type(error).__name__}: {printable(spelled(error), _MOST_REASON)}"


def _number(mark: str) -> int:
    return int.from_bytes(blake3(mark.encode("utf-8", "surrogatepass")).digest(8), "big") & _LARGEST_NUMBER


def _checked(item: Item) -> Item:
    """An item of the types that the seam names. Raises TypeError for another."""
    key, mark, size, modified_at_ns = item
    if not (
        isinstance(key, str) and isinstance(mark, str) and isinstance(size, int) and isinstance(modified_at_ns, int)
    ):
        raise TypeError(f"an item whose key, mark, size or time is of another type: {spelled(item)[:200]}")
    return item
