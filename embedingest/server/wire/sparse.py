"""The spelling of a sparse call, as TEI has it. Knows no engine and no HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import orjson

from embedingest.server.wire.decode import decode
from embedingest.server.wire.tei import texts_of

if TYPE_CHECKING:
    from embedingest.engine.names import Role
    from embedingest.types import SparseEmbeddings

__all__ = ["SparseRequest", "sparse_answer", "sparse_request"]


@dataclass(frozen=True, slots=True)
class SparseRequest:
    """A decoded body; `model` is empty where none is named."""

    model: str
    texts: list[str]
    role: Role
    truncate: bool


def sparse_request(body: bytes) -> SparseRequest:
    """A body with `inputs`, one text or a list. Raises WireError (400)."""
    fields = decode(body)
    return SparseRequest(
        model=fields.text("model"),
        texts=texts_of(fields.get("inputs")),
        role="query" if fields.text("prompt_name") == "query" else "document",
        truncate=fields.flag("truncate", default=False),  # the answer has no place to tell it
    )


def sparse_answer(answer: SparseEmbeddings) -> bytes:
    """A list for each text: `[{"index", "value"}, …]`, tokens ascending."""
    tokens, weights, offsets = answer.tokens.tolist(), answer.weights.tolist(), answer.offsets.tolist()
    pairs = [{"index": token, "value": weight} for token, weight in zip(tokens, weights, strict=True)]
    return orjson.dumps([pairs[start:end] for start, end in pairwise(offsets)])
