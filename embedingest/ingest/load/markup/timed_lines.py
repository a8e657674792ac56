"""Cues of YouTube and SubViewer (SBV, SUB), of songs (LRC), MicroDVD and SAMI: when each begins, and its lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.ingest.load.common.references import unescaped

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Cue", "begins_timed", "timed_lines"]

_CLOCK: Final = r"(?:\d{1,2}:)?\d{1,2}:\d{2}[.,]\d{1,3}"
_SPAN: Final = re.compile(rf"[ \t]*((?:\d{{1,2}}:)?\d{{1,2}}:\d{{2}})[.,]\d{{1,3}},{_CLOCK}[ \t]*")
_SUNG: Final = re.compile(r"[ \t]*\[(\d{1,3}:\d{2})(?:[.:]\d{1,3})?\]((?:\[\d{1,3}:\d{2}(?:[.:]\d{1,3})?\])*+)(.*)")
_SONG: Final = re.compile(r"[ \t]*\[([a-z#]{2,8}):([^\[\]\n]{0,400})\][ \t]*", re.IGNORECASE)
_SAID_OF_SONGS: Final = frozenset({"ti", "ar", "al", "au"})
_FRAMES: Final = re.compile(r"[ \t]*\{\d{1,9}\}\{\d{0,9}\}(.*)")
_CODE: Final = re.compile(r"\{[a-zA-Z]:[^{}\n]{0,80}\}")
_SYNC: Final = re.compile(r"<sync\b[^<>]{0,80}?\bstart\s{0,9}=\s{0,9}[\"']?(\d{1,10})[^<>]{0,80}>", re.IGNORECASE)
_BODY_END: Final = re.compile(r"</body\b", re.IGNORECASE)
_BREAK: Final = re.compile(r"<br\s{0,9}/?>|\[br\]", re.IGNORECASE)
_TAG: Final = re.compile(r"<[^<>\n]{1,400}>")
_HEAD: Final = 8192


class Cue(NamedTuple):
    """When a cue begins, empty where that is not said; its lines with the line of the file that each stands on."""

    time: str
    lines: list[tuple[int, str]]


def begins_timed(head: str) -> bool:
    """Whether cues of one of these kinds begin here."""
    start = head[:_HEAD].lstrip("\ufeff \t\r\n")
    if start[:5].lower() == "<sami":
        return True
    first = start.partition("\n")[0].rstrip("\r")
    return any(kind.fullmatch(first) for kind in (_SPAN, _SUNG, _SONG, _FRAMES)) or start.startswith("[INFORMATION]")


def timed_lines(text: str) -> Iterator[Cue]:
    """The cues of a text that `begins_timed`, those without words too."""
    if text.lstrip("\ufeff \t\r\n")[:5].lower() == "<sami":
        yield from _sami(text)
        return
    cue: Cue | None = None
    for number, line in enumerate(text.split("\n"), 1):
        if (span := _SPAN.fullmatch(line)) is not None:
            if cue is not None:
                yield cue
            cue = Cue(span[1], [])
        elif cue is not None:
            cue.lines.extend((number, words) for words in _words(line))
        elif (sung := _SUNG.match(line)) is not None:
            yield Cue(sung[1], [(number, words) for words in _words(sung[3])])
        elif (frames := _FRAMES.match(line)) is not None:
            yield Cue("", [(number, words) for part in frames[1].split("|") for words in _words(part)])
        elif (song := _SONG.fullmatch(line)) is not None and song[1].lower() in _SAID_OF_SONGS:
            yield Cue("", [(number, words) for words in _words(song[2])])
        elif song is None and not line.startswith(("[", "{")):
            yield Cue("", [(number, words) for words in _words(line)])
    if cue is not None:
        yield cue


def _sami(text: str) -> Iterator[Cue]:
    begins = list(_SYNC.finditer(text))
    number = at = 0
    for index, begin in enumerate(begins):
        end = begins[index + 1].start() if index + 1 < len(begins) else len(text)
        number += text.count("\n", at, begin.start())
        at = begin.start()
        said = _BODY_END.split(text[begin.end() : end], maxsplit=1)[0]
        seconds = int(begin[1]) // 1000
        time = f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        yield Cue(time, [(number + 1, words) for part in _BREAK.split(said) for words in _words(part)])


def _words(line: str) -> Iterator[str]:
    for part in _BREAK.split(_CODE.sub("", line)):
        plain = _TAG.sub("", part)
        words = " ".join(unescaped(plain).split())
        if words:
            yield words
