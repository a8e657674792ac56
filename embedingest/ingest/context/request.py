"""What a writer of context is asked about a chunk, and what is made of its answer. Asks nobody."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.ingest.context.front import PARTED, SLACK, cut_to
from embedingest.ingest.identity import hash_fields
from embedingest.ingest.notices import plus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from embedingest.config import ContextConfig
    from embedingest.ingest.context.front import FrontSettings
    from embedingest.ingest.extract.values import Extracted, Part
    from embedingest.types import Chunk, Sizer

__all__ = [
    "MOST_BYTES",
    "MOST_CHARACTERS",
    "AnswerError",
    "Request",
    "requests_of",
    "sentence_of",
    "shown",
    "with_sentences",
]

MOST_BYTES: Final = 64 * 1024
"""Bytes of an answer."""

MOST_CHARACTERS: Final = 4000
"""Characters of a sentence that are kept, before it is cut to tokens."""

_MOST_SHOWN: Final = 200
_NO_WORDS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]+")


class AnswerError(Exception):
    """Nothing that can be embedded came back; the message says why, and names who was asked."""


class Request(NamedTuple):
    """What is asked about one chunk. `key` names it by content: where the document lies does not count."""

    key: str
    part: Part
    chunk: Chunk
    characters: int

    @property
    def body(self) -> bytes:
        """The JSON that is sent."""
        return _json({"source": self.part.document.source, **_asked(self.part, self.chunk, self.characters)})


def requests_of(extracted: Extracted, settings: ContextConfig) -> Iterator[Request]:
    """What is asked about each chunk of a file, in order."""
    whom, characters = settings.whom, settings.document_characters
    for part in extracted.parts:
        for chunk in part.chunks:
            key = hash_fields(whom, _json(_asked(part, chunk, characters)))
            yield Request(key, part, chunk, characters)


def sentence_of(answer: bytes, who: str) -> str:
    """The text of an answer as one line without control characters. Raises AnswerError where there is none."""
    try:
        text = answer.decode("utf-8")
    except UnicodeDecodeError as error:
        raise AnswerError(f"{who} answered with bytes that are no UTF-8") from error
    sentence = " ".join(_NO_WORDS.sub(" ", text).split())[:MOST_CHARACTERS].rstrip()
    if not sentence:
        raise AnswerError(f"{who} answered nothing")
    return sentence


def shown(said: str) -> str:
    """What somebody said, as a message shows it: its beginning, without control characters."""
    short = said if len(said) <= _MOST_SHOWN else said[: _MOST_SHOWN - 1] + "…"
    return "".join(letter for letter in short if letter.isprintable())


def with_sentences(
    extracted: Extracted, keys: list[str], sentences: Mapping[str, str], settings: FrontSettings, sizer: Sizer
) -> Extracted:
    """The file with a sentence in front of each chunk whose key has one; `keys` are those of its chunks, in order.

    A sentence is cut so that it fits beside the chunk, and counted. The text of documents is let go of.
    """
    following = iter(keys)
    parts = []
    for part in extracted.parts:
        chunks, cut = [], 0
        for chunk in part.chunks:
            sentence = sentences.get(next(following), "")
            put = _put(sentence, chunk, settings, sizer) if sentence else chunk
            cut += bool(sentence) and put.prefix != sentence + PARTED + chunk.prefix
            chunks.append(put)
        document = replace(part.document, text="", notices=plus(part.document.notices, context_cut=cut))
        parts.append(replace(part, document=document, chunks=tuple(chunks)))
    return replace(extracted, parts=tuple(parts))


def _put(sentence: str, chunk: Chunk, settings: FrontSettings, sizer: Sizer) -> Chunk:
    room = settings.window - sizer.count(chunk.prefix + chunk.text)
    front = cut_to(sentence, min(settings.most_tokens, room) - SLACK, sizer)
    return replace(chunk, prefix=front + PARTED + chunk.prefix) if front else chunk


def _asked(part: Part, chunk: Chunk, characters: int) -> dict[str, object]:
    """What an answer may depend on: `characters` of the document around the chunk, half of them before it."""
    document, half = part.document, characters // 2
    return {
        "title": document.title,
        "headings": list(chunk.heading_path),
        "document": document.text[max(0, chunk.start - half) : chunk.end + half] if half else "",
        "chunk": chunk.text,
    }


def _json(values: Mapping[str, object]) -> bytes:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
