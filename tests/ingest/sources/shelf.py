"""A source in memory, and worlds whose pipelines follow it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from embedingest.build.sources import with_reading
from embedingest.config import SourceConfig
from embedingest.errors import DocumentError
from embedingest.ingest.sources.base import Item
from embedingest.ingest.sources.place import Place
from tests.ingest.world import InProcess, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Shelf:
    """Texts by key, in memory; a text is its own mark. Items come in the order in which they were put."""

    name, hosts = "shelf", ()

    def __init__(self, **texts: str) -> None:
        self.texts: dict[str, str] = dict(texts)
        self.read_keys: list[str] = []
        self.listed = 0
        self.error: Exception | None = None
        self.closed = 0
        self.items: Any = None
        self.read_errors: dict[str, Exception] = {}
        self.close_error: Exception | None = None
        self.before_read: Callable[[str], None] = lambda _: None
        self.modified_at_ns = 1_700_000_000_000_000_000

    def list(self) -> Iterator[Item]:
        self.listed += 1
        if self.items is not None:
            return self.items
        if self.error is not None:
            raise self.error
        return iter([self._item(key) for key in self.texts])

    def read(self, key: str) -> bytes:
        self.before_read(key)
        self.read_keys.append(key)
        if key in self.read_errors:
            raise self.read_errors[key]
        if key not in self.texts:
            raise DocumentError(f"{key} is gone", kind="transient", code="vanished")
        if self.texts[key] == "none":
            return 4  # type: ignore[return-value]
        return self.texts[key].encode()

    def close(self) -> None:
        self.closed += 1
        if self.close_error is not None:
            raise self.close_error

    def _item(self, key: str) -> Item:
        text = self.texts[key]
        return Item(key, text, len(text.encode()), self.modified_at_ns)


class MarkedShelf(Shelf):
    """A shelf that reads the version that was listed, and finds one item."""

    def __init__(self, **texts: str) -> None:
        super().__init__(**texts)
        self.found: list[str] = []

    def find(self, key: str) -> Item | None:
        self.found.append(key)
        return self._item(key) if key in self.texts else None

    def read_as(self, key: str, mark: str) -> bytes:
        data = self.read(key)
        if self.texts[key] != mark:
            raise DocumentError(f"{key} is another", kind="transient", code="moving")
        return data


class ShelfWorld(World):
    """A world over a shelf called `shelf`; its folder is not followed."""

    def __init__(self, base: Path, shelf: Shelf, **settings: Any) -> None:
        super().__init__(base, **settings)
        self.shelf = shelf
        self.source: dict[str, Any] = {}
        self.follow()

    def follow(self, **source: Any) -> None:
        """Follow the shelf, with these settings of the source."""
        copies = self.state / "mirrors" / "chunks" / "shelf"
        self.sources = [SourceConfig(path=copies, alias="shelf", source="shelf", gitignore=False, **source)]
        self.places = (Place("shelf", self.shelf, where="shelf://shelf"),)

    def opener(self, table: str = "chunks", **parts: Any) -> Any:
        return super().opener(table, **{"workers": self._workers, **parts})

    def _workers(self, recipe: Any, sizer: Any) -> Any:
        return with_reading(Serial(InProcess(recipe, sizer)), self.places, recipe.config.load)


class Serial:
    """Workers that are in this process, one call at a time."""

    def __init__(self, workers: InProcess) -> None:
        self._workers, self._lock = workers, threading.Lock()

    def submit(self, job: Any, **options: Any) -> Any:
        with self._lock:
            return self._workers.submit(job, **options)

    def close(self) -> None:
        self._workers.close()
