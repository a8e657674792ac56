"""Entries of JSON and YAML as places to cut and keys around them, by lines and their indentation. Knows no sizes.

A line that begins an entry stands deeper than the one it belongs to; what is written on lines of its own within a
value, such as a text of several lines, belongs to its entry.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["LANGUAGES", "Entries"]

LANGUAGES: Final = frozenset({"json", "yaml"})

_LINE: Final = re.compile(r"[^\n]*\n|[^\n]+\Z")
_LONGEST_NAME: Final = 80
_NAMING: Final = frozenset({"name", "id", "title", "key", "label"})
_JSON_KEY: Final = re.compile(r'"([^"\\\n]{0,200})"\s*:')
_JSON_NAME: Final = re.compile(r'\{\s{0,400}"(?:name|id|title|key|label)"\s{0,40}:\s{0,40}"?([^",\n\\]{1,80})')
_YAML_KEY: Final = re.compile(
    r"""(?:"([^"\n]{0,200})"|'([^'\n]{0,200})'|([^\s#\-\[\]{},&*!|>%@`"'?:][^\n]{0,200}?))\s{0,8}:(?=\s|\Z)"""
)
_DASHES: Final = re.compile(r"(?:-[ \t]+)+|-(?=\s*\Z)")
_TEXT: Final = re.compile(r"[|>][+-]?\d?[+-]?\s*(?:#.*)?\Z")
_STEP: Final = 0.15
_DEEPEST: Final = 8


@dataclass(slots=True)
class _Entry:
    start: int
    end: int
    parent: int  # its place among the entries; -1 at the top
    depth: int
    name: str
    first: bool = False  # the first below its parent


class Entries:
    """One text; all offsets are characters."""

    def __init__(self, text: str, language: str) -> None:
        self._text = text
        self._entries: list[_Entry] = []
        self._open: list[tuple[float, int]] = []  # indentation and place of the entries that are not ended
        (self._read_json if language == "json" else self._read_yaml)()
        self._end(-1.0, len(text))
        self._starts = [entry.start for entry in self._entries]

    def places(self, too_large: Callable[[int, int], bool]) -> Iterator[tuple[int, float]]:
        """Where to cut, ascending, each with its cost: before entries, then inside those that are too large."""
        opened = [False] * len(self._entries)
        heads = [entry.start for entry in self._entries]  # from where an entry cannot be parted
        last = -1
        for place, entry in enumerate(self._entries):
            if entry.parent >= 0 and not opened[entry.parent]:
                continue
            if entry.first:  # stays with the key above it, so what is cut is rather the entry itself
                heads[place] = heads[entry.parent]
            elif entry.start > last:
                last = entry.start
                yield last, _STEP * min(entry.depth, _DEEPEST)
            opened[place] = too_large(heads[place], entry.end)

    def path(self, start: int, end: int) -> tuple[str, ...]:
        """The keys around what begins at `start`, without its own."""
        words = start + len(self._text[start:end]) - len(self._text[start:end].lstrip())
        place = bisect_left(self._starts, words + 1) - 1
        if place >= 0 and self._entries[place].start <= start:
            while place > 0 and self._entries[place - 1].start == self._entries[place].start:
                place -= 1  # several begin on one line
        names: list[str] = []
        while place >= 0:
            entry = self._entries[place]
            if entry.start < start and entry.end > words and entry.name:
                names.append(entry.name)
            place = entry.parent
        return tuple(reversed(names))

    def _begin(self, indent: float, start: int, name: str) -> None:
        self._end(indent, start)
        parent = self._open[-1][1] if self._open else -1
        first = parent >= 0 and parent == len(self._entries) - 1
        depth = len(self._open)
        self._open.append((indent, len(self._entries)))
        self._entries.append(_Entry(start, start, parent, depth, name[:_LONGEST_NAME], first))

    def _end(self, indent: float, at: int) -> None:
        while self._open and self._open[-1][0] >= indent:
            self._entries[self._open.pop()[1]].end = at

    def _read_json(self) -> None:
        for match in _LINE.finditer(self._text):
            line = match[0]
            words = line.lstrip()
            if not words or words[0] in "}]":
                continue
            key = _JSON_KEY.match(words)
            name = key[1] if key else ""
            if not key and words[0] == "{":
                named = _JSON_NAME.match(self._text, match.end() - len(words))
                name = named[1] if named else ""
            self._begin(len(line) - len(words), match.start(), name)

    def _read_yaml(self) -> None:
        text_indent: float | None = None
        comment = -1
        for match in _LINE.finditer(self._text):
            line = match[0].rstrip()
            words = line.lstrip()
            indent = len(line) - len(words)
            if not words or (text_indent is not None and indent > text_indent):
                comment = comment if words else -1
                continue
            text_indent = None
            if words[0] == "#":
                comment = match.start() if comment < 0 else comment
                continue
            start = match.start() if comment < 0 else comment
            comment = -1
            if words in {"---", "..."}:
                self._begin(-0.5, start, "")
                self._end(-0.5, match.end())
                continue
            text_indent = indent if self._yaml_line(words, indent, start) else None

    def _yaml_line(self, words: str, indent: int, start: int) -> bool:
        """The entries that a line begins; whether the last one's value is a text on the lines below."""
        dashes = _DASHES.match(words)
        rest = words[dashes.end() :] if dashes else words
        key = _YAML_KEY.match(rest)
        name = next((each for each in key.groups() if each is not None), "").strip() if key else ""
        value = rest[key.end() :].strip() if key else rest
        if dashes:
            # Items may stand as far left as the key that they belong to.
            called = value.strip("\"'") if name.lower() in _NAMING and value[:1] not in {"|", ">", "&"} else ""
            self._begin(indent + 0.5, start, called)
            if key:
                self._begin(indent + dashes.end(), start, name if not value else "")
        elif key:
            self._begin(indent, start, name)
        return bool(_TEXT.match(value)) if key or dashes else False
