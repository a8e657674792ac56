"""A call over texts under way, whatever it asks for: its arguments, and what is known so far; and the embed call.

Knows no queue.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypedDict

import numpy as np

from embedingest.engine import vectors
from embedingest.engine.encoder import PictureTokens, heads, kept, prompted, refuse_pictures
from embedingest.errors import InputTooLongError
from embedingest.types import Embeddings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from embedingest.engine.encoder import Encoder, TokenIds
    from embedingest.engine.engine import Priority
    from embedingest.engine.names import Role
    from embedingest.engine.pool import LoadedModel
    from embedingest.engine.scheduling.scheduler import Ticket
    from embedingest.types import ModelInfo

__all__ = [
    "TOO_LONG",
    "TOO_LONG_AFTER_CUT",
    "Call",
    "EmbedCall",
    "content_limit",
    "default_prompt",
    "finish",
    "prepare",
    "read_counts",
    "told",
    "while_wanted",
]

TOO_LONG: Final = "the input length exceeds the context length"
TOO_LONG_AFTER_CUT: Final = "input after truncation exceeds maximum context length"

_TEXTS_AT_ONCE: Final = 1024  # so often it is asked whether the caller still waits


def default_prompt(info: ModelInfo, role: Role | None) -> str:
    """What stands in front of texts where a call names no prompt: the role's, or the model's default."""
    if role is not None:
        return info.prompt(role)
    return "" if info.default_prompt is None else info.prompts.get(info.default_prompt, "")


@dataclass(slots=True, kw_only=True)
class Call:
    """One call under way: what it was asked, and what is known so far. Seconds are of `time.perf_counter`.

    `key` is of the pool, `name` for people; `tokens` has one row for each text, as the scheduler takes them.
    """

    key: str
    name: str
    texts: Sequence[str]
    truncate: bool
    context: int | None
    keep_alive: float | None
    priority: Priority
    began: float = field(default_factory=time.perf_counter)
    load_seconds: float = 0.0
    tokenize_seconds: float = 0.0
    tokens: list[TokenIds] = field(default_factory=list)
    truncated: list[int] = field(default_factory=list)
    is_dropped: bool = False

    @property
    def characters(self) -> int:
        """How many are to be tokenised."""
        return sum(map(len, self.texts))


@dataclass(slots=True, kw_only=True)
class EmbedCall(Call):
    """One embed call under way. `given` are the tokens of its texts."""

    dimensions: int | None = None
    prompt: str = ""
    given: Sequence[TokenIds] | None = None


def prepare(call: EmbedCall, encoder: Encoder, *, room: int | None = None) -> None:
    """Tokens of every text, cut to the window or refused (cases 58 to 72). `room` tokens of it are content's."""
    began = time.perf_counter()
    refuse_pictures(encoder, call.texts)
    texts = prompted(encoder, call.texts, call.prompt)
    limit = content_limit(encoder, call.context) if room is None else room
    for part in while_wanted(call):
        made = heads(encoder, texts[part], max(limit + 1, 1)) if call.given is None else call.given[part]
        for tokens in made:
            fits = len(tokens) <= limit or isinstance(tokens, PictureTokens)
            call.tokens.append(tokens if fits else _cut(tokens, encoder, limit, call))
    call.tokenize_seconds = time.perf_counter() - began


def while_wanted(call: Call) -> Iterator[slice]:
    """Which of a call's texts come next, some at a time, until nobody waits for them any more."""
    for start in range(0, len(call.texts), _TEXTS_AT_ONCE):
        if call.is_dropped:
            return
        yield slice(start, start + _TEXTS_AT_ONCE)


def _cut(tokens: TokenIds, encoder: Encoder, limit: int, call: EmbedCall) -> TokenIds:
    index = len(call.tokens)
    if limit <= 0:
        raise InputTooLongError(TOO_LONG_AFTER_CUT, index=index, remedy="raise `num_ctx`")
    if not call.truncate:
        raise InputTooLongError(TOO_LONG, index=index, remedy=f"only {limit} tokens fit")
    call.truncated.append(index)
    return kept(encoder, tokens, limit)


def finish(call: EmbedCall, raw: vectors.Vectors, loaded: LoadedModel, ticket: Ticket) -> Embeddings:
    """The answer to a call, of the raw vectors that its ticket gave."""
    return Embeddings(
        vectors=vectors.cut(vectors.normalise(raw), call.dimensions),
        token_counts=read_counts(call, loaded.encoder.special_tokens),
        **told(call, loaded, ticket),
    )


def read_counts(call: Call, special_tokens: int) -> NDArray[np.int64]:
    """How many tokens of each text the model reads, with so many special ones, int64 (N,)."""
    return np.fromiter(map(len, call.tokens), dtype=np.int64, count=len(call.tokens)) + special_tokens


def content_limit(encoder: Encoder, context: int | None) -> int:
    """How many content tokens have room in the window, which `context` stands for where it is positive."""
    window = encoder.max_tokens
    if context is not None and context > 0:
        window = min(context, encoder.context_length)
    return window - encoder.special_tokens


class Told(TypedDict):
    """What every answer tells beside its numbers and counts."""

    truncated: tuple[int, ...]
    fingerprint: str
    model: str
    load_seconds: float
    total_seconds: float
    seconds: dict[str, float]


def told(call: Call, loaded: LoadedModel, ticket: Ticket) -> Told:
    """What was cut, by which model, and what each stage took: waiting for it, tokenising, and what the ticket tells."""
    return Told(
        truncated=tuple(call.truncated),
        fingerprint=loaded.fingerprint,
        model=call.name,
        load_seconds=call.load_seconds,
        total_seconds=time.perf_counter() - call.began,
        seconds={
            "load": call.load_seconds,
            "tokenize": call.tokenize_seconds,
            "queue": ticket.queued_seconds,
            "encode": ticket.encode_seconds,
        },
    )
