"""What of a document stands in front of its chunks, within the model's window: the context is cut, never the chunk.

Headings are not from here: chunkers know them, and put them in front themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from embedingest.ingest.chunk.capped import CappedSizer
from embedingest.store.search.bare import heading_words

if TYPE_CHECKING:
    from embedingest.types import Chunk, Document, Sizer

__all__ = ["PARTED", "SLACK", "Front", "FrontSettings", "cut_to"]

PARTED: Final = "\n\n"
"""What stands between what is in front and what follows."""

SLACK: Final = 2
"""Tokens that are kept for what may change where the parts meet."""


@dataclass(frozen=True, slots=True)
class FrontSettings:
    """`window` tokens may be embedded at once, `most_tokens` of them before headings and chunk.

    Room for all of these is kept where something is `written` later.
    """

    window: int
    most_tokens: int
    title: bool = False
    written: bool = False


class Front:
    """Puts the title of one document in front of its chunks; `cut` counts those whose context had to be shortened.

    `sizer` is for the chunker: it has that much less room.
    """

    def __init__(self, settings: FrontSettings, document: Document, sizer: Sizer) -> None:
        self.cut = 0
        self._window = settings.window
        self._sizer = sizer
        whole = " ".join((document.title or "").split()) if settings.title else ""
        most = settings.most_tokens // 2 if settings.written else settings.most_tokens
        self._title = cut_to(whole, most - SLACK, sizer)
        self._is_cut = self._title != whole
        self._words = heading_words(self._title)
        taken = sizer.count(self._title) + SLACK if self._title else 0
        taken = settings.most_tokens if settings.written else taken
        self.sizer: Sizer = CappedSizer(sizer, min(sizer.capacity, settings.window - taken)) if taken else sizer

    def put(self, chunk: Chunk) -> Chunk:
        """The chunk with its context in front, as far as there is room; what says the title itself goes without."""
        if not self._title or self._says_title(chunk):
            return chunk
        front = self._title + PARTED
        if self._sizer.count(front + chunk.prefix + chunk.text) > self._window:
            room = self._window - self._sizer.count(chunk.prefix + chunk.text) - SLACK
            title = cut_to(self._title, room, self._sizer) if room > 0 else ""
            front = title + PARTED if title else ""
            self.cut += 1
        elif self._is_cut:
            self.cut += 1
        return replace(chunk, prefix=front + chunk.prefix) if front else chunk

    def _says_title(self, chunk: Chunk) -> bool:
        """Whether headings or text begin with the title: the first heading of a document mostly is its title."""
        first = (chunk.prefix or chunk.text.lstrip()).partition("\n")[0].partition(" > ")[0]
        own = chunk.text.lstrip().partition("\n")[0]
        return self._words in (heading_words(first), heading_words(own))


def cut_to(text: str, most: int, sizer: Sizer) -> str:
    """As many whole words of a text as have `most` tokens; of a first word that is longer, its beginning."""
    starts = sizer.starts(text)
    if len(starts) <= most:
        return text
    if most <= 0:
        return ""
    end = starts[most]
    head = text[:end]
    words = head if text[end - 1].isspace() or text[end].isspace() else head.rpartition(" ")[0]
    return words.rstrip() or _within_a_word(head, most, sizer).rstrip()


def _within_a_word(head: str, most: int, sizer: Sizer) -> str:
    """The beginning of a text with `most` tokens at most: a word that is cut may be taken apart otherwise."""
    while len(starts := sizer.starts(head)) > most:
        head = head[: starts[most]]
    return head
