"""Subtitles (SubRip, WebVTT, SubStation Alpha and more) as running text, with the time of each cue. Knows no films."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from embedingest.errors import DocumentError
from embedingest.ingest.load.common.decode import decode
from embedingest.ingest.load.common.references import unescaped
from embedingest.ingest.load.markup.substation import events
from embedingest.ingest.load.markup.timed_lines import Cue, begins_timed, timed_lines
from embedingest.types import Document, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CaptionsLoader", "create"]

_TIME: Final = re.compile(
    r"[ \t]*((?:\d{1,3}:)?\d{1,2}:\d{2})[.,]\d{1,3}[ \t]*-->[ \t]*((?:\d{1,3}:)?\d{1,2}:\d{2}[.,]\d{1,3})?"
)
_BEGUN: Final = re.compile(r"[ \t]*\d{1,3}(?::\d{0,2}){1,2}(?:[.,]\d{0,3})?[ \t]*(?:-{1,2}>?)?[ \t]*[\d:.,]*[ \t]*")
_TAG: Final = re.compile(r"</?[a-zA-Z][^<>\n]*>|<\d[\d:.]*>|\{\\[^}\n]{0,400}\}")
_NOTE: Final = re.compile(r"\n[ \t]*\n(?=NOTE(?:[ \t\n]|\Z))")
_VOICE: Final = re.compile(r"<v(?:\.[^\s<>]*)?[ \t]+([^<>\n]{1,200})>")
_NEXT_VOICE: Final = re.compile(r"(?<=</v>)[ \t]*(?=<v[.\s])")
_REMARK: Final = re.compile(r"(?:NOTE|STYLE|REGION)(?:[ \t]|\Z)")
_SECTION: Final = re.compile(r"(?mi)^\[(?:script info|events)\]")
_ROLLING: Final = 0.3
"""From this share of cues on that open with the last lines of the one before, the file rolls up its lines."""


class CaptionsLoader:
    """One line a cue without its markup, with who speaks, a `time` span over each.

    In files that roll up, where a cue opens with the last lines of the one before, these are left out and counted.
    """

    name = "captions"
    version = "8"
    suffixes = frozenset({".srt", ".vtt", ".ass", ".ssa", ".sbv", ".lrc"})
    mimes = frozenset({"application/x-subrip", "text/vtt", "text/x-ssa"})

    def load(self, data: bytes, name: str) -> Document:
        """Raises DocumentError (`corrupt`) where a file that is not blank has no cue."""
        decoded = decode(data, name)
        mime = _mime(decoded.text)
        counted: dict[str, int] = {}
        if mime == "text/x-ssa":
            read = [Cue(event.time, event.lines) for event in events(decoded.text, counted)]
        elif begins_timed(decoded.text):
            read = list(timed_lines(decoded.text))
        else:
            read = list(_cues(decoded.text, web=mime == "text/vtt"))
            notes = len(_NOTE.findall(decoded.text)) if mime == "text/vtt" else 0
            counted |= {"comments_left_out": notes} if notes else {}
        cues, repeated = _without_repeats(read)
        lines: list[str] = []
        spans: list[Span] = []
        length = 0
        for cue in cues:
            for number, words in cue.lines:
                lines.append(words)
                spans += [Span(length, length + len(words), "time", cue.time)] if cue.time else []
                spans.append(Span(length, length + len(words), "line", number))
                length += len(words) + 1
        if not lines and decoded.text.strip() and "-->" not in decoded.text and mime != "text/x-ssa":
            raise DocumentError(f"{name} holds no cues with times", source=name, code="corrupt")
        text = "\n".join(lines) + ("\n" if lines else "")
        counted |= {"cut_off": 1} if _is_cut(decoded.text) else {}
        notices = {**decoded.notices, **counted, **({"repeated_lines": repeated} if repeated else {})}
        return Document(source=name, text=text, mime=mime, spans=tuple(spans), notices=notices)


def _is_cut(text: str) -> bool:
    """Whether a file ends within the times of a cue, or behind them."""
    *_, before, last = ["", "", *text.rsplit("\n", 2)]
    begun = _BEGUN.fullmatch(last) is not None or _TIME.match(last) is not None
    return begun and (not before.strip() or before.strip().isdecimal())


def _mime(text: str) -> str:
    if text.startswith("WEBVTT"):
        return "text/vtt"
    return "text/x-ssa" if _SECTION.search(text[:65_536]) else "application/x-subrip"


def _cues(text: str, *, web: bool) -> Iterator[Cue]:
    """The cues of a file, each to the next one and what stands over that: in SubRip its number, in WebVTT its name.

    In WebVTT a blank line ends a cue, but people who write one within mean what stands below it to be read.
    """
    lines = text.split("\n")
    times = [(at, match) for at, line in enumerate(lines) if "-->" in line and (match := _TIME.match(line))]
    for index, (at, match) in enumerate(times):
        end = times[index + 1][0] if index + 1 < len(times) else len(lines)
        if end < len(lines):
            above = next((row for row in range(end - 1, at, -1) if web or lines[row].strip()), at)
            is_name = not lines[above - 1].strip() if web else lines[above].strip().isdecimal()
            end = above if above > at and is_name else end
        rows = _without_remarks(lines, at + 1, end) if web else range(at + 1, end)
        words = [(row + 1, said) for row in rows for said in _words(lines[row], web=web)]
        yield Cue(match[1], words)


def _without_remarks(lines: list[str], start: int, end: int) -> Iterator[int]:
    """The rows of a cue of WebVTT, and of what stands behind blank lines, save remarks and styles."""
    skips, blank = False, False
    for row in range(start, end):
        if not lines[row].strip():
            skips, blank = False, row > start  # files that roll up begin cues with a line of blanks
            continue
        skips = skips or (blank and _REMARK.match(lines[row]) is not None)
        blank = False
        if not skips:
            yield row


def _words(line: str, *, web: bool) -> Iterator[str]:
    """The words of a line, those who speak in front of theirs, each speaker on a line of their own."""
    for piece in _NEXT_VOICE.split(line) if web and "</v>" in line else [line]:
        if said := _plain(piece, web=web):
            yield said


def _plain(line: str, *, web: bool) -> str:
    spoken = _VOICE.sub(lambda match: f" {match[1].strip()}: ", line) if "<v" in line else line
    spoken = " ".join(_TAG.sub("", spoken).split())
    return unescaped(spoken) if web else spoken


def _without_repeats(cues: list[Cue]) -> tuple[list[Cue], int]:
    """The cues without the lines that roll up from the one before, and how many those are.

    What is said twice is said twice: only where many cues open with the last lines before them do lines roll up.
    """
    filled = [cue for cue in cues if cue.lines]
    opening = [0, *(_carried(before, cue) for before, cue in pairwise(filled))]
    if sum(count > 0 for count in opening) < max(2, _ROLLING * len(filled)) or not _longer(filled, opening):
        return filled, 0
    return [Cue(cue.time, cue.lines[count:]) for cue, count in zip(filled, opening, strict=True)], sum(opening)


def _carried(before: Cue, cue: Cue) -> int:
    """How many lines a cue opens with that are the last ones of the cue before."""
    last = [words for _, words in before.lines[-8:]]
    first = [words for _, words in cue.lines[:8]]
    return next((count for count in range(min(len(last), len(first)), 0, -1) if last[-count:] == first[:count]), 0)


def _longer(cues: list[Cue], opening: list[int]) -> bool:
    """Whether some cue goes on behind what it repeats: a line that rolls up is followed by a new one."""
    return any(0 < count < len(cue.lines) for cue, count in zip(cues, opening, strict=True))


def create() -> CaptionsLoader:
    """The loader of subtitles; it has no settings."""
    return CaptionsLoader()
