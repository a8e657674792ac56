"""The outline of a file, out of PDFium. Knows no words' meaning."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Final

from embedingest.ingest.load.pages.calls import calls, handle

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["outline"]

_MOST: Final = 10_000
_DEEPEST: Final = 8
_ROOM: Final = 4096
"""Bytes of a title, its end counted; nearly none needs more."""

_IN_ROOM: Final = ctypes.c_ulong(_ROOM)


def outline(raw: Any, document: Any) -> list[tuple[int, str, int]]:
    """Level from 0, title and page index of each entry that leads to a page of this file."""
    bare, whole = calls(raw), handle(document)
    buffer = ctypes.create_string_buffer(_ROOM)
    found = []
    for level, entry in _entries(bare, whole):
        target = bare.target(whole, entry)
        index = bare.target_page(whole, target) if target else -1
        title = " ".join(_title(bare, entry, buffer).split()) if index >= 0 else ""
        if title:
            found.append((level, title, index))
    return found


def _entries(bare: Any, whole: Any) -> Iterator[tuple[int, Any]]:
    """Each entry with its level, before those below it. A damaged outline may lead back to an entry, and ends there."""
    known: set[int | None] = set()
    waiting = [bare.below(whole, None)]
    while waiting:
        entry = waiting.pop()
        if not entry or entry.value in known or len(known) >= _MOST:
            continue
        known.add(entry.value)
        yield len(waiting), entry
        waiting.append(bare.behind(whole, entry))
        if len(waiting) < _DEEPEST:
            waiting.append(bare.below(whole, entry))


def _title(bare: Any, entry: Any, buffer: Any) -> str:
    size = bare.title(entry, buffer, _IN_ROOM)
    if size > _ROOM:
        buffer = ctypes.create_string_buffer(size)
        bare.title(entry, buffer, ctypes.c_ulong(size))
    return ctypes.string_at(buffer, max(0, size - 2)).decode("utf-16-le", "replace")
