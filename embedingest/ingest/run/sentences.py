"""Sentences about chunks: those that were written before, and who writes further ones; opened when first needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from embedingest.config import ContextConfig
    from embedingest.ingest.context.writer import Writer, Written
    from embedingest.ingest.state.sentences import SentenceCache

__all__ = ["Sentences"]


class Sentences:
    """What the settings say of them, and `path`, the file that keeps them. One thread at a time."""

    def __init__(self, settings: ContextConfig | None, path: Path) -> None:
        self._settings = settings
        self._path = path
        self._cache: SentenceCache | None = None
        self._writer: Writer | None = None
        self._on_written: Callable[[Written], None] = lambda _: None

    def known(self, keys: Collection[str]) -> dict[str, str]:
        """What was written before, by key. Makes no file where there is none."""
        there = self._cache is not None or self._path.exists()
        return self._kept().get(keys) if there and keys else {}

    def keep(self, key: str, sentence: str) -> None:
        """Remember what was written."""
        self._kept().put({key: sentence})

    def writer(self, done: Callable[[Written], None]) -> Writer:
        """Who writes them; outcomes go to the `done` of the latest call. Raises ConfigError."""
        self._on_written = done
        if self._writer is None:
            from embedingest.ingest.context.asked import open_asked
            from embedingest.ingest.context.writer import Writer

            assert self._settings is not None
            self._writer = Writer(open_asked(self._settings), self._settings.concurrency, self._hand_on)
        return self._writer

    def stop(self) -> None:
        """End what is being written."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def close(self) -> None:
        """End what is being written, and let go of the file."""
        self.stop()
        if self._cache is not None:
            self._cache.close()
            self._cache = None

    def _kept(self) -> SentenceCache:
        if self._cache is None:
            from embedingest.ingest.state.sentences import SentenceCache

            self._cache = SentenceCache(self._path)
        return self._cache

    def _hand_on(self, written: Written) -> None:
        self._on_written(written)
