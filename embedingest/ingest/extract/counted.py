"""The tokens of what is embedded of a document, from the one count by which it was cut. Knows no models.

To cut a document is to tokenise it. What is embedded are parts of it, so their tokens are there already where a
tokenizer has the same for a part as for the whole; elsewhere they are made here, and the engine makes none.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING

from embedingest.ingest.chunk.ruler import is_at_blank, is_blank_ended

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embedingest.types import Chunk, Sizer, TokenSource

__all__ = ["CountedDocument"]


class CountedDocument:
    """The sizer of a chunker, for one text: what it counts from the first character on is remembered.

    `prompt` stands before everything that is embedded.
    """

    def __init__(self, text: str, sizer: Sizer, source: TokenSource, prompt: str) -> None:
        self.capacity = sizer.capacity
        self.parts_at_blanks = source.parts_at_blanks
        self._text = text
        self._sizer = sizer
        self._source = source
        self._prompt = prompt
        self._counted = 0  # characters, from the first
        self._starts = array("I")
        self._tokens = array("i")
        self._heads: dict[str, Sequence[int]] = {"": ()}

    def count(self, text: str) -> int:
        return self._sizer.count(text)

    def starts(self, text: str) -> Sequence[int]:
        starts, tokens = self._source.placed(text)
        at = self._counted
        if self.parts_at_blanks and is_at_blank(self._text, at) and self._text.startswith(text, at):
            self._starts.extend(map(at.__add__, starts))
            self._tokens.extend(tokens)
            self._counted += len(text)
        return starts

    def tokens_of(self, chunks: Sequence[Chunk]) -> list[Sequence[int]]:
        """The tokens of each chunk with all that is embedded in front of it."""
        found = [self._known(chunk) for chunk in chunks]
        unknown = [
            self._prompt + chunk.prefix + chunk.text
            for chunk, tokens in zip(chunks, found, strict=True)
            if tokens is None
        ]
        made = iter(self._source.tokens(unknown) if unknown else ())
        return [next(made) if tokens is None else tokens for tokens in found]

    def _known(self, chunk: Chunk) -> Sequence[int] | None:
        start, end, head = chunk.start, chunk.end, self._prompt + chunk.prefix
        if end > self._counted or not (is_at_blank(self._text, start) and is_at_blank(self._text, end)):
            return None
        if not is_blank_ended(head) or self._text[start:end] != chunk.text:
            return None
        if head not in self._heads:
            self._heads[head] = self._source.tokens([head])[0]
        before = self._heads[head]
        part = self._tokens[bisect_left(self._starts, start) : bisect_left(self._starts, end)]
        return array("i", [*before, *part]) if before else part
