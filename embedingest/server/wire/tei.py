"""What TEI's clients ask of a server with one model: about it, and for vectors. Knows no engine and no HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from embedingest.server.wire.decode import WireError, decode, kind
from embedingest.server.wire.ollama import PromptChoice, prompt_choice
from embedingest.version import __version__

if TYPE_CHECKING:
    from embedingest.types import ModelInfo

__all__ = ["EmbedRequest", "ServerBounds", "embed_request", "info_document", "texts_of"]

_DTYPES: Final = {"bf16": "bfloat16", "bf16-linears": "bfloat16", "fp16": "float16", "int8": "int8"}
_POOLING: Final = {"lasttoken": "last_token"}
_LABELS: Final = {"id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}}  # a reranker gives one number


@dataclass(frozen=True, slots=True)
class ServerBounds:
    """Requests at once, tokens of a text and of a batch, texts of a request, and threads that tokenise."""

    requests: int
    input_tokens: int
    batch_tokens: int
    inputs: int
    tokenizing: int


@dataclass(frozen=True, slots=True)
class EmbedRequest:
    """A decoded `/embed` body; `model` is empty where none is named."""

    model: str
    texts: list[str]
    prompt: PromptChoice
    dimensions: int | None
    truncate: bool


def info_document(info: ModelInfo, precision: str, bounds: ServerBounds) -> dict[str, Any]:
    """The answer of `/info`; `precision` is what the model computes in, as the engine names it."""
    return {
        "model_id": info.name,
        "model_sha": info.digest or None,
        "model_dtype": _DTYPES.get(precision, "float32"),
        "served_model_name": info.name,
        "model_type": _model_type(info),
        "max_concurrent_requests": bounds.requests,
        "max_input_length": bounds.input_tokens,
        "max_batch_tokens": bounds.batch_tokens,
        "max_batch_requests": None,
        "max_client_batch_size": bounds.inputs,
        "auto_truncate": info.kind == "reranker",  # its answer has a place to tell it
        "tokenization_workers": bounds.tokenizing,
        "version": __version__,
        "sha": None,
        "docker_label": None,
    }


def _model_type(info: ModelInfo) -> dict[str, Any]:
    if info.kind == "reranker":
        return {"reranker": _LABELS}
    if info.kind == "sparse":
        return {"embedding": {"pooling": "splade"}}
    modes = [_POOLING.get(mode, mode) for mode in info.pooling if info.kind == "embedding"]
    return {"embedding": {"pooling": "+".join(modes) or "none"}}


def embed_request(body: bytes) -> EmbedRequest:
    """A body with `inputs`, one text or a list. Raises WireError (400)."""
    fields = decode(body)
    truncate = fields.flag("truncate", default=False)  # the answer has no place to tell it
    if truncate and fields.text("truncation_direction").lower() == "left":
        raise WireError(400, 'a text is cut at its end here: leave "truncation_direction" out, or send a shorter text')
    return EmbedRequest(
        model=fields.text("model"),
        texts=texts_of(fields.get("inputs")),
        prompt=prompt_choice(fields),
        dimensions=fields.whole("dimensions"),
        truncate=truncate,
    )


def texts_of(value: object) -> list[str]:
    """The texts of `inputs`, one or a list. Raises WireError (400)."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise WireError(400, f'field "inputs" must be a text or an array of texts, not {kind(value)}')
    return texts
