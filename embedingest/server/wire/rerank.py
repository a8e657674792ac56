"""The spelling of a rerank call, as Cohere and Jina have it, and as TEI has it. Knows no engine and no HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from embedingest.server.wire.decode import Fields, WireError, decode, kind
from embedingest.server.wire.escape import escaped
from embedingest.server.wire.ollama import keep_alive_of

if TYPE_CHECKING:
    from embedingest.engine.rerank import Activation
    from embedingest.types import Reranked

__all__ = ["RerankRequest", "rerank_answer", "rerank_request"]


@dataclass(frozen=True, slots=True)
class RerankRequest:
    """A decoded body. `is_bare` asks for TEI's answer, a list alone; `model` is empty where none is named."""

    model: str
    query: str
    documents: list[str]
    top_n: int | None
    returns_texts: bool
    truncate: bool
    activation: Activation | None
    keep_alive: float | None
    is_bare: bool


def rerank_request(body: bytes) -> RerankRequest:
    """A body with `documents`, or TEI's with `texts`. Raises WireError (400)."""
    fields = decode(body)
    is_bare = fields.get("documents") is None and fields.get("texts") is not None
    query = fields.text("query")
    if not query.strip():
        raise WireError(400, 'field "query" is missing or empty')
    if fields.get("documents") is None and not is_bare:
        raise WireError(400, 'field "documents" is missing (or "texts", as TEI spells it)')
    raw = fields.flag("raw_scores", default=False)
    activation: Activation | None = "identity" if raw else "sigmoid" if is_bare else None
    return RerankRequest(
        model=fields.text("model"),
        query=query,
        documents=_texts(fields, "texts" if is_bare else "documents"),
        top_n=_top_n(fields),
        returns_texts=fields.flag("return_text" if is_bare else "return_documents", default=False),
        truncate=fields.flag("truncate", default=True),
        activation=activation,
        keep_alive=keep_alive_of(fields),
        is_bare=is_bare,
    )


def _texts(fields: Fields, name: str) -> list[str]:
    value = fields.get(name)
    if not isinstance(value, list):
        raise WireError(400, f'field "{name}" must be an array of texts, not {kind(value)}')
    texts = []
    for index, item in enumerate(value):
        text = item.get("text") if isinstance(item, dict) else item
        if not isinstance(text, str):
            raise WireError(400, f'"{name}" has {kind(item)} where a text or {{"text": …}} is due', index=index)
        texts.append(text)
    return texts


def _top_n(fields: Fields) -> int | None:
    """How many results are wanted; `top_k` is what some call it. Raises WireError (400)."""
    for name in ("top_n", "top_k"):
        if (most := fields.whole(name)) is not None:
            if most < 1:
                raise WireError(400, f'field "{name}" must be a whole number from 1, not {most}')
            return most
    return None


def rerank_answer(call: RerankRequest, name: str, answer: Reranked) -> bytes:
    """The results, the best first: `{"results": […]}`, or the list alone. Raises nothing."""
    cut = frozenset(answer.truncated)
    shown = [_result(call, answer, index, is_cut=index in cut) for index in answer.order[: call.top_n]]
    if call.is_bare:
        return escaped(orjson.dumps(shown))
    usage = {"prompt_tokens": answer.tokens, "total_tokens": answer.tokens}
    body: dict[str, Any] = {"model": name, "results": shown, "usage": usage}
    if answer.truncated:
        body["truncated"] = {"count": len(answer.truncated), "inputs": list(answer.truncated)}
    return escaped(orjson.dumps(body))


def _result(call: RerankRequest, answer: Reranked, index: int, *, is_cut: bool) -> dict[str, Any]:
    score = float(answer.scores[index])
    if not call.is_bare:
        document = {"document": {"text": call.documents[index]}} if call.returns_texts else {}
        return {"index": index, "relevance_score": score, **document}
    text = {"text": call.documents[index]} if call.returns_texts else {}
    return {"index": index, "score": score, **text, **({"truncated": True} if is_cut else {})}
