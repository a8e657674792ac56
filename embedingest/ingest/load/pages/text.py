"""Lines of pages to one text: words that are parted at the end of a line joined, paragraphs parted. Pure."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.pages.notes import begins_note
from embedingest.types import Span

if TYPE_CHECKING:
    from embedingest.ingest.load.pages.page import Line, Page

__all__ = ["joined"]

_SIGNS: Final = frozenset("-\u00ad")
_ENDS: Final = frozenset(".!?:。！？")
_FEW: Final = 50
"""So many words are looked for in the text; the words of all of it pay where more are asked for."""

_HEAD: Final = re.compile(r"[^\W\d_]+\Z")
_TAIL: Final = re.compile(r"[^\W\d_]+")


def joined(pages: list[Page]) -> tuple[str, list[Span]]:
    """The pages' lines as one text with a span for each page that has any, behind them those at an angle."""
    known = _Known(pages)
    parts: list[str] = []
    spans: list[Span] = []
    length = 0
    for number, page in enumerate(pages, start=1):
        text = _paragraphs(_whole(page.lines, known))
        if page.aside:
            text += _paragraphs([line.text for line in page.aside])
        if text:
            spans.append(Span(length, length + len(text), "page", number))
            parts.append(text)
            length += len(text)
    return "".join(parts), spans


class _Known:
    """The words of all pages. Few files ask for those with a hyphen, nearly none for all."""

    def __init__(self, pages: list[Page]) -> None:
        self._pages = pages
        self._asked: dict[str, bool] = {}

    @cached_property
    def _lines(self) -> list[str]:
        return [line[0] for page in self._pages for line in page.lines]

    @cached_property
    def parted(self) -> set[str]:
        """The words of lines that have a hyphen."""
        return set(" ".join([line for line in self._lines if "-" in line]).split())

    def __contains__(self, word: str) -> bool:
        if word not in self._asked:
            self._asked[word] = word in self._all if len(self._asked) > _FEW else _has_word(self._text, word)
        return self._asked[word]

    @cached_property
    def _text(self) -> str:
        return "\n".join(self._lines)

    @cached_property
    def _all(self) -> set[str]:
        return set(self._text.split())


def _has_word(text: str, word: str) -> bool:
    """Whether a word stands in the text between blanks."""
    place = text.find(word)
    while place >= 0:
        if not text[max(0, place - 1) : place].strip() and not text[place + len(word) : place + len(word) + 1].strip():
            return True
        place = text.find(word, place + 1)
    return False


def _whole(lines: list[Line], known: _Known) -> list[str]:
    """The lines' texts; of a word that goes on in the next line all of it stands in the first."""
    texts = [line[0] for line in lines]
    parted = [index for index, line in enumerate(lines) if line[4] or line[0][-1:] in _SIGNS]
    for index in parted:
        if index + 1 == len(lines):
            break
        line = lines[index]
        head = _HEAD.search(texts[index].rpartition(" ")[2].removesuffix("-").removesuffix("\u00ad"))
        if begins_note(texts[index + 1]):  # the word goes on elsewhere
            texts[index] = f"{texts[index].removesuffix('-')}-"
            continue
        tail = _TAIL.match(texts[index + 1])
        if head is None or tail is None:
            if line.hyphen:  # no letters: a number, a name of signs
                texts[index : index + 2] = _moved(texts[index], "-", texts[index + 1])
            continue
        if tail[0][0].islower():
            one, two = f"{head[0]}{tail[0]}", f"{head[0]}-{tail[0]}"
            sign = "-" if two in known.parted and one not in known else ""
        elif line.hyphen:
            sign = "-"
        else:
            continue
        texts[index : index + 2] = _moved(texts[index], sign, texts[index + 1])
    if lines and lines[-1].hyphen:  # the word goes on over the page
        texts[-1] = f"{texts[-1].removesuffix('-')}-"
    return [text for text in texts if text]


def _moved(text: str, sign: str, following: str) -> list[str]:
    """The first word of the following line behind the text."""
    word, _, rest = following.partition(" ")
    return [text.removesuffix("-").removesuffix("\u00ad") + sign + word, rest]


def _paragraphs(lines: list[str]) -> str:
    """A line that ends a sentence well before the right margin ends a paragraph."""
    if not lines:
        return ""
    margin = sorted(map(len, lines))[len(lines) * 3 // 4] * 0.8
    ended = [f"{line}\n" if len(line) < margin and line[-1] in _ENDS else line for line in lines]
    return "\n".join(ended).replace("\n\n\n", "\n\n").strip("\n") + "\n\n"
