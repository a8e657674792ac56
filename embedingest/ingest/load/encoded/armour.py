"""Data in letters between marks: keys, certificates, signatures, encrypted messages, uuencode, yEnc.

Knows lines, no formats. What is signed in the open keeps its words.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["without_armour"]

_BEGIN: Final = re.compile(r"[ \t>]{0,8}-{4,5} ?BEGIN ([A-Z0-9][A-Z0-9 ]{0,60}?) ?-{4,5}[ \t]*\Z")
_END: Final = re.compile(r"[ \t>]{0,8}-{4,5} ?END [A-Z0-9 ]{1,60}?-{4,5}[ \t]*\Z")
_BODY: Final = re.compile(r"[ \t>]{0,8}(?:[A-Za-z0-9+/=]{1,128}|[A-Za-z][A-Za-z0-9-]{0,40}: ?.{0,400}|)[ \t]*\Z")
_UUENCODED: Final = re.compile(r"begin [0-7]{3,4} \S.{0,200}\Z")
_BASE64: Final = re.compile(r"begin-base64 [0-7]{3,4} \S.{0,200}\Z")
_LINE: Final = re.compile(r"[A-Za-z0-9+/]{48,128}={0,2}[ \t]*\Z")
_LEAST_OPEN: Final = 3
"""Lines of base64 that show a block which nothing ends, as in a file that is cut off."""
_SIGNED: Final = "PGP SIGNED MESSAGE"
_KINDS: Final = {"PGP MESSAGE": "encrypted_data", "PGP SIGNATURE": "signatures_left_out",
                 "SSH SIGNATURE": "signatures_left_out", "AGE ENCRYPTED FILE": "encrypted_data"}  # fmt: skip


def without_armour(text: str) -> tuple[str, dict[str, int]]:
    """The text with a blank line for each that is no words, and how much such data there was, by kind."""
    if not _may_have_data(text):
        return text, {}
    reader = _Reader(text.split("\n"))
    return reader.read(), reader.notices


def _may_have_data(text: str) -> bool:
    """Whether a part of a line that data begins with is there: looked for before any line is."""
    if "BEGIN " in text:
        return True
    return "begin" in text and (text.startswith("begin") or "\nbegin" in text or "=ybegin " in text)


class _Reader:
    """Goes through the lines once; `notices` counts what it leaves out."""

    def __init__(self, lines: list[str]) -> None:
        self.notices: Final[dict[str, int]] = {}
        self._lines: Final = lines
        self._signed = False
        self._is_signed: Final = any("BEGIN PGP SIGNATURE" in line for line in lines)

    def read(self) -> str:
        kept: list[str] = []
        at = 0
        while at < len(self._lines):
            stop = self._data(at)
            if stop > at:
                kept += [""] * (stop - at)
                at = stop
                continue
            line = self._lines[at]
            kept.append(line[2:] if self._signed and line.startswith("- ") else line)
            at += 1
        return "\n".join(kept)

    def _data(self, at: int) -> int:
        """Where data that begins on this line ends; the line itself where none does."""
        line = self._lines[at]
        if "BEGIN" not in line and not line.startswith(("begin", "=ybegin")):
            return at
        begin = _BEGIN.match(line) if "BEGIN" in line else None
        if begin is not None and begin[1] == _SIGNED:
            return self._signed_words(at) if self._is_signed else at
        if begin is not None:
            return self._block(at, begin[1])
        if line.startswith("=ybegin "):
            return self._until(at, lambda row: row.startswith("=yend"), "encoded_data")
        if _UUENCODED.match(line) and at + 1 < len(self._lines) and _is_uuencoded(self._lines[at + 1]):
            return self._run(at, _is_uuencoded, "end")
        if _BASE64.match(line):
            return self._run(at, lambda row: _BODY.match(row) is not None, "====")
        return at

    def _signed_words(self, at: int) -> int:
        """Behind the lines that say how it is signed, up to a blank one."""
        self._signed = True
        stop = at + 1
        while stop < len(self._lines) and self._lines[stop].strip() and ":" in self._lines[stop] and stop < at + 8:
            stop += 1
        return stop

    def _block(self, at: int, label: str) -> int:
        stop, encoded = at + 1, 0
        while stop < len(self._lines) and _BODY.match(self._lines[stop]):
            encoded += _LINE.match(self._lines[stop]) is not None
            stop += 1
        ended = stop < len(self._lines) and _END.match(self._lines[stop]) is not None
        if not ended and encoded < _LEAST_OPEN:
            return at
        self._signed = self._signed and label != "PGP SIGNATURE"
        self._count(_KINDS.get(label, "encoded_data"))
        return stop + ended

    def _run(self, at: int, belongs: Callable[[str], bool], end: str) -> int:
        stop = at + 1
        while stop < len(self._lines) and self._lines[stop].strip() != end and belongs(self._lines[stop]):
            stop += 1
        self._count("encoded_data")
        return stop + (stop < len(self._lines) and self._lines[stop].strip() == end)

    def _until(self, at: int, ends: Callable[[str], bool], kind: str) -> int:
        stop = at
        while stop < len(self._lines) and not ends(self._lines[stop]):
            stop += 1
        self._count(kind)
        return min(stop + 1, len(self._lines))

    def _count(self, kind: str) -> None:
        self.notices[kind] = self.notices.get(kind, 0) + 1


def _is_uuencoded(line: str) -> bool:
    """Whether the first letter says how long the line is."""
    if not line or not " " <= line[0] <= "`":
        return False
    length = ((ord(line[0]) - 32) & 63) + 2
    return length // 3 * 4 <= len(line) - 1 <= length // 3 * 4 + 2 or (line in {"`", " "})
