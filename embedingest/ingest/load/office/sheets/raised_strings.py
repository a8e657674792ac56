"""The shared texts of a workbook with what is raised or lowered in them written on the line. Looks at bytes."""

from __future__ import annotations

import html
import re
from typing import Final

from embedingest.ingest.load.common.raised import written

__all__ = ["raised_on_the_line"]

_RUN: Final = re.compile(
    rb"""<(?:\w+:)?vertAlign\s+val\s*=\s*["'](superscript|subscript)["']\s*/>(?:[^<]|<(?!/?(?:\w+:)?r>|(?:\w+:)?(?:t[\s>]|vertAlign\b)))*+"""
    rb"""<(?:\w+:)?t(?:\s[^<>]*)?>([^<]+)<"""
)


def raised_on_the_line(content: bytes) -> bytes | None:
    """The part with 10^8 for 10 and a raised 8; None where nothing is raised or lowered."""
    if b"vertAlign" not in content:
        return None
    parts: list[bytes] = []
    last = 0
    for match in _RUN.finditer(content):
        words = html.unescape(match[2].decode("utf-8", "replace"))
        if not words.strip():
            continue
        said = written(words.strip(), below=match[1] == b"subscript", behind=_before(content, match.start()))
        parts += [content[last : match.start(2)], html.escape(said, quote=False).encode()]
        last = match.end(2)
    return b"".join([*parts, content[last:]]) if parts else None


def _before(content: bytes, at: int) -> str:
    """The character before a run: the last one of the text that ends before it."""
    end = content.rfind(b"</", max(0, at - 400), at)
    while end > 0 and not re.match(rb"</(?:\w+:)?t>", content[end : end + 20]):
        end = content.rfind(b"</", max(0, at - 400), end)
    return content[max(0, end - 1) : end].decode("ascii", "ignore") if end > 0 else ""
