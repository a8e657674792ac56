"""The events of subtitles in SubStation Alpha: who speaks and what is said. Knows no other subtitles."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Event", "events"]

_USUAL: Final = ("layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect", "text")
_OVERRIDE: Final = re.compile(r"\{([^{}\n]{0,4000})\}")
_DRAWING: Final = re.compile(r"\\p(\d{1,3})")
_FRACTION: Final = re.compile(r"[.,:]\d{1,3}$")
_MOST_COLUMNS: Final = 40


class Event(NamedTuple):
    """When something is said, and its lines with the line of the file that each stands on."""

    time: str
    lines: list[tuple[int, str]]


def events(text: str, notices: dict[str, int]) -> Iterator[Event]:
    """What is said, in the order of the file. Drawings, remarks and packed files are counted in `notices`."""
    columns: tuple[str, ...] = _USUAL
    section = ""
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.strip()  # noqa: PLW2901 -- blanks around a line say nothing
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1].strip().lower()
            continue
        key, _, value = line.partition(":")
        key = key.strip().lower()
        if section in {"fonts", "graphics"}:
            _count(notices, "encoded_data", key in {"fontname", "filename"})
        elif section == "events" and key == "format":
            columns = tuple(name.strip().lower() for name in value.split(",", _MOST_COLUMNS))
        elif section == "events" and key == "comment":
            _count(notices, "comments_left_out", bool(value.strip()))
        elif section == "events" and key == "dialogue":
            fields = dict(zip(columns, value.split(",", len(columns) - 1), strict=False))
            yield _event(fields, number, notices)


def _event(fields: dict[str, str], number: int, notices: dict[str, int]) -> Event:
    said, drawn = _said(fields.get("text", ""))
    _count(notices, "drawings", drawn)
    lines = [words for line in said.split("\n") if (words := " ".join(line.split()))]
    speaker = " ".join((fields.get("name") or fields.get("actor") or "").split())
    if lines and speaker:
        lines[0] = f"{speaker}: {lines[0]}"
    return Event(_FRACTION.sub("", fields.get("start", "").strip()), [(number, words) for words in lines])


def _said(text: str) -> tuple[str, bool]:
    """The words without what overrides their looks, and whether something is drawn among them."""
    parts: list[str] = []
    drawing = drawn = False
    at = 0
    for match in _OVERRIDE.finditer(text):
        drawn = drawn or (drawing and bool(text[at : match.start()].strip()))
        parts.append("" if drawing else text[at : match.start()])
        for scale in _DRAWING.findall(match[1]):
            drawing = int(scale) > 0
        at = match.end()
    drawn = drawn or (drawing and bool(text[at:].strip()))
    parts.append("" if drawing else text[at:])
    return "".join(parts).replace("\\N", "\n").replace("\\n", " ").replace("\\h", "\u00a0"), drawn


def _count(notices: dict[str, int], kind: str, counts: bool) -> None:
    if counts:
        notices[kind] = notices.get(kind, 0) + 1
