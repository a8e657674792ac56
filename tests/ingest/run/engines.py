"""Engines that refuse what a test says, and answer as one says. What they compute is the hashing model's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from embedingest.errors import InputError
from tests.ingest.world import ENGINE

__all__ = ["Answering", "Picky"]


class Picky:
    """The hashing engine, refusing texts with `bad` in them; `names` says whether it tells which one it was."""

    def __init__(self, *, names: bool = True) -> None:
        self.names = names
        self.calls: list[tuple[int, str]] = []

    def embed(self, texts: Sequence[str], *, priority: str, **options: Any) -> Any:
        self.calls.append((len(texts), priority))
        for index, text in enumerate(texts):
            if "bad" in text:
                raise InputError("no", index=index if self.names else None)
        return ENGINE.embed(texts, priority=priority, **options)


class Answering(Picky):
    """An engine whose answers a test changes."""

    def __init__(self, change: Any) -> None:
        super().__init__()
        self.change = change

    def embed(self, texts: Sequence[str], **options: Any) -> Any:
        return self.change(super().embed(texts, **options))
