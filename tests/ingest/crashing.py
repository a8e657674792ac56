"""The real table and the real engine, between whose steps the process may end."""

from __future__ import annotations

from typing import Any

from embedingest.store.values import Changes
from tests.ingest.world import ENGINE
from tests.words_engine import WordsEngine

__all__ = ["Crash", "CrashingEngine", "CrashingTable", "CrashingWords", "Fuse"]


class Crash(BaseException):
    """The process ends here."""


class Fuse:
    """Raises Crash at the n-th point that is passed, and at every later one."""

    def __init__(self) -> None:
        self.left = -1

    def __call__(self) -> None:
        if self.left == 0:
            raise Crash
        self.left -= self.left > 0


class CrashingTable:
    """The real table, which may stop between any two of its steps."""

    def __init__(self, table: Any, fuse: Fuse) -> None:
        self._table = table
        self._fuse = fuse

    def commit(self, changes: Changes) -> None:
        steps = [
            Changes(add=changes.add, vectors=changes.vectors, extras=changes.extras),
            Changes(refresh=changes.refresh),
            Changes(delete=changes.delete),
        ]
        for step in steps:
            self._fuse()
            if step:
                self._table.commit(step)
        self._fuse()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)


class CrashingEngine:
    """The real engine, during whose calls the process may end."""

    def __init__(self, fuse: Fuse) -> None:
        self._fuse = fuse

    def __call__(self) -> Any:
        return self

    def embed(self, texts: Any, **options: Any) -> Any:
        if texts:
            self._fuse()
        return ENGINE.embed(texts, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(ENGINE, name)


class CrashingWords(WordsEngine):
    """An engine with a sparse and a late model, during whose calls the process may end."""

    def __init__(self, fuse: Fuse) -> None:
        super().__init__(CrashingEngine(fuse))
        self._fuse = fuse

    def embed_sparse(self, texts: Any, **options: Any) -> Any:
        self._fuse()
        return super().embed_sparse(texts, **options)

    def embed_late(self, texts: Any, **options: Any) -> Any:
        self._fuse()
        return super().embed_late(texts, **options)
