"""Lines of scripts that run from right to left, in the order in which they are read. Pure.

PDFium guesses how such a line was drawn, and may hand out its words from their last letter, its numbers behind the sign
that follows them. Where the letters stand is certain: from there this goes the way of the Unicode Bidirectional
Algorithm backwards.
"""

from __future__ import annotations

import re
import unicodedata
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.pages.page import GAP, Word

if TYPE_CHECKING:
    from collections.abc import Iterable

    from embedingest.ingest.load.pages.page import Line

__all__ = ["in_reading_order", "is_mostly_rtl", "may_run_rtl", "reading_order", "runs_rtl"]

_Sides = tuple[float, float, float, float]

_LETTERS: Final = "\u0590-\u065f\u066e-\u06ef\u06fa-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"  # without Arabic digits
_OTHER_ROWS: Final = bytes(sorted({*range(256)} - {5, 6, 7, 8, 0xFB, 0xFC, 0xFD, 0xFE}))
"""High bytes of all that is none of these letters."""

_RTL: Final = re.compile(f"[{_LETTERS}]")
_ARABIC: Final = re.compile("[\u0600-\u08ff\ufb50-\ufdff\ufe70-\ufefc]")
_LTR: Final = re.compile(rf"[^\W\d_{_LETTERS}]")
_OTHER_WAY: Final = re.compile(rf"[^\W_{_LETTERS}](?:[^{_LETTERS}]*[^\W_{_LETTERS}])?")
"""What is read from left to right within a line of the other kind: from its first letter or digit to its last."""

_RUN: Final = re.compile(rf"[{_LETTERS}](?:(?:(?![^\W\d_{_LETTERS}])[^{_LETTERS}])*[{_LETTERS}])*")
"""From a letter to another, with no letter of the other kind between them."""

_NUMBER: Final = re.compile(r"[$€£₪#]?\d+(?:[.,:/+\-−]\d+)*[%°$€£₪]?")
_ARABIC_NUMBER: Final = re.compile(r"\d+(?:[.,:/\u066b\u066c]\d+)*")
_FORMS: Final = re.compile("[\ufb50-\ufdff\ufe70-\ufefc]")
_PAIRS: Final = dict(zip("([{<«‹)]}>»›", ")]}>»›([{<«‹", strict=True))
_OPENING: Final = frozenset("([{<«‹")
_MOSTLY: Final = 0.9
_BLANK: Final = 0.2
"""How wide a blank is at least that nobody wrote, in heights; letters may stand a little apart."""

_MARKED: Final = 0.45
"""The same between letters with vowels, whose boxes are narrow."""

_LONGEST: Final = 2000
"""Characters of a line that is looked at; each of its vowels is compared with all letters."""

_NO_WIDTH: Final = 0.1
"""A written blank that is narrower stands anywhere."""

_LAM: Final = "\u0644"


def may_run_rtl(letters: bytes) -> bool:
    """Whether a text in UTF-16, low bytes first, may have any that is read from right to left: by its high bytes."""
    return bool(letters[1::2].translate(None, _OTHER_ROWS))


def runs_rtl(text: str) -> bool:
    """Whether any of it is read from right to left."""
    return not text.isascii() and _RTL.search(text) is not None


def is_mostly_rtl(texts: Iterable[str]) -> bool:
    """Whether more letters of the lines are read from right to left than from left to right."""
    whole = " ".join(texts)
    return len(_RTL.findall(whole)) > len(_LTR.findall(whole))


def in_reading_order(line: Line, boxes: list[_Sides], *, rtl: bool) -> tuple[Line, list[int]]:
    """The line as it is read, and for each of its characters at which place of the line it was.

    `boxes` are those of its characters, and `rtl` says how most of the page is read. A line of which letters stand
    above one another is let be, and so is one that is too long for a page.
    """
    clusters = _from_left(line.text, boxes) if len(line.text) <= _LONGEST else []
    as_it_is = line, list(range(len(line.text)))
    if not clusters or not _is_one_row([boxes[cluster[0]] for cluster in clusters]):
        return as_it_is
    clusters = _with_blanks(line.text, clusters, boxes)
    visual = "".join(line.text[cluster[0]] if cluster else " " for cluster in clusters)
    order = reading_order(visual, rtl=_base(visual, rtl=rtl))
    text = ""
    places: list[int] = []
    for place in order:
        cluster = clusters[place] or [-1]
        text += "".join(line.text[index] if index >= 0 else " " for index in cluster)
        places += cluster
    text = _mirrored(text)
    gap = any(not cluster for cluster in clusters) and _has_gap([boxes[cluster[0]] for cluster in clusters if cluster])
    known = _words(text, places, boxes) if line.words else ()
    if _FORMS.search(text) is not None and not known:
        text, places = _spelled(text, places)
    return line._replace(text=text, words=known, gap=gap), places


def reading_order(visual: str, *, rtl: bool) -> list[int]:
    """The places of what is written from left to right, in the order in which it is read; `rtl`: of a line so begun."""
    if not rtl:
        order = list(range(len(visual)))
        for run in _RUN.finditer(visual):
            start, end = run.span()
            order[start:end] = [start + place for place in reading_order(run[0], rtl=True)]
        return order
    number = _ARABIC_NUMBER if _ARABIC.search(visual) else _NUMBER
    order = []
    last = len(visual)
    for start, end in reversed(_other_way(visual, number)):
        order += [*range(last - 1, end - 1, -1), *range(start, end)]
        last = start
    return order + list(range(last - 1, -1, -1))


def _other_way(visual: str, number: re.Pattern[str]) -> list[tuple[int, int]]:
    """Where something is read from left to right: words with the numbers beside them, else each number."""
    found: list[tuple[int, int]] = []
    for run in _OTHER_WAY.finditer(visual):
        if _LTR.search(run[0]) is None:
            found += [match.span() for match in number.finditer(visual, max(0, run.start() - 1), run.end() + 1)]
            continue
        start, end = run.span()
        closing = visual[end : end + 1]
        if closing in _PAIRS and closing not in _OPENING and run[0].count(_PAIRS[closing]) > run[0].count(closing):
            end += 1
        opening = visual[start - 1 : start]
        if opening in _OPENING and run[0].count(_PAIRS[opening]) > run[0].count(opening):
            start -= 1
        found.append((start, end))
    return found


def _base(visual: str, *, rtl: bool) -> bool:
    """Whether the line is read from the right: both its ends tell, else nearly all of its letters, else its page."""
    letters = [letter for letter in visual if letter.isalpha()]
    ends = {runs_rtl(letters[0]), runs_rtl(letters[-1])}
    if len(ends) == 1:
        return ends.pop()
    share = sum(map(runs_rtl, letters)) / len(letters)
    return share > _MOSTLY or (rtl and share > 1 - _MOSTLY)


def _from_left(text: str, boxes: list[_Sides]) -> list[list[int]]:
    """The places of letters with their points and vowels, from left to right; without blanks that have no width."""
    shown = [place for place, letter in enumerate(text) if boxes[place] != (0.0, 0.0, 0.0, 0.0)]
    if len(shown) < len(text.replace(" ", "")):
        return []
    least = _NO_WIDTH * max((boxes[place][3] - boxes[place][1] for place in shown), default=0.0)
    wide = [place for place in shown if text[place] != " " or boxes[place][2] - boxes[place][0] > least]
    letters = [place for place in wide if not unicodedata.combining(text[place])]
    if not letters:
        return []
    clusters = {place: [place] for place in letters}
    for place in shown:
        if unicodedata.combining(text[place]):
            clusters[min(letters, key=partial(_distance, boxes[place], boxes))].append(place)
    ordered = sorted(letters, key=lambda place: (boxes[place][0] + boxes[place][2], -place))
    for one, (left, right) in enumerate(pairwise(ordered)):
        if boxes[left] == boxes[right] and text[left] == _LAM:  # one sign: lam is read before alef, so stands right
            ordered[one : one + 2] = [right, left]
    return [clusters[place] for place in ordered]


def _distance(mark: _Sides, boxes: list[_Sides], letter: int) -> tuple[bool, float]:
    """How far a point or vowel is from a letter. Those of one sign share its height, and stand side by side."""
    left, bottom, right, top = boxes[letter]
    return (bottom, top) != (mark[1], mark[3]), abs(left + right - mark[0] - mark[2])


def _is_one_row(boxes: list[_Sides]) -> bool:
    """Whether all stand on one row, so that places from the left say what follows what."""
    middles = [(bottom + top) / 2 for _, bottom, _, top in boxes]
    return max(middles) - min(middles) < max(top - bottom for _, bottom, _, top in boxes)


def _has_gap(boxes: list[_Sides]) -> bool:
    return any(here[0] - before[2] > GAP * (here[3] - here[1]) for before, here in pairwise(boxes))


def _with_blanks(text: str, clusters: list[list[int]], boxes: list[_Sides]) -> list[list[int]]:
    """The clusters with an empty one where a gap stands between two."""
    height = max(boxes[cluster[0]][3] - boxes[cluster[0]][1] for cluster in clusters)
    parted = clusters[:1]
    for before, here in pairwise(clusters):
        least = _MARKED if len(before) > 1 and len(here) > 1 else _BLANK
        if boxes[here[0]][0] - boxes[before[0]][2] > least * height and " " not in {text[before[0]], text[here[0]]}:
            parted.append([])
        parted.append(here)
    return parted


def _mirrored(text: str) -> str:
    """The text with its brackets as they are read; in some files they are written as they look."""
    letters = list(text)
    for place, letter in enumerate(text):
        if letter in _PAIRS:
            before = place > 0 and not text[place - 1].isspace()
            behind = place + 1 < len(text) and (text[place + 1].isalnum() or text[place + 1] in _PAIRS)
            if before != behind and (letter in _OPENING) != behind:
                letters[place] = _PAIRS[letter]
    return "".join(letters)


def _words(text: str, places: list[int], boxes: list[_Sides]) -> tuple[Word, ...]:
    words = []
    for found in re.finditer(r"\S+", text):
        sides = [boxes[place] for place in places[found.start() : found.end()]]
        left, right = min(box[0] for box in sides), max(box[2] for box in sides)
        words.append(Word(*found.span(), left, min(box[1] for box in sides), right, max(box[3] for box in sides)))
    return tuple(words)


def _spelled(text: str, places: list[int]) -> tuple[str, list[int]]:
    """Letters that were written by their shapes, as themselves."""
    spelled = [unicodedata.normalize("NFKC", letter) if _FORMS.match(letter) else letter for letter in text]
    again = [place for place, letters in zip(places, spelled, strict=True) for _ in letters]
    return "".join(spelled), again
