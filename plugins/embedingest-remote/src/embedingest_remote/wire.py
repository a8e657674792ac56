"""The two wires: how an embed call, a list of models and a model's facts are spelled. Knows no HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from embedingest.plugin import EngineError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["WIRES", "Answered", "Wire"]


@dataclass(frozen=True, slots=True)
class Answered:
    """Vectors float32 (N, D) as they came, and the tokens of the request where the server counts them."""

    vectors: NDArray[np.float32]
    tokens: int | None


class Wire:
    """Ollama's: `/api/embed`."""

    embed = "/api/embed"
    listed = "/api/tags"
    cuts_in_silence = False  # it is asked not to, and refuses

    def body(self, model: str, texts: Sequence[str], keep_alive: float | None) -> dict[str, Any]:
        body: dict[str, Any] = {"model": model, "input": list(texts), "truncate": False}
        return body if keep_alive is None else {**body, "keep_alive": keep_alive}

    def answered(self, said: Any, wanted: int) -> Answered:
        """Raises EngineError for anything but `wanted` finite vectors of one length."""
        rows = said.get("embeddings") if isinstance(said, dict) else None
        return Answered(_matrix(rows, wanted), said.get("prompt_eval_count") if isinstance(said, dict) else None)

    def names(self, said: Any) -> list[str]:
        return [str(model["name"]) for model in said.get("models", [])]


class OpenAIWire(Wire):
    """OpenAI's: `/v1/embeddings`."""

    embed = "/v1/embeddings"
    listed = "/v1/models"
    cuts_in_silence = True  # some servers refuse, some cut: there is no way to ask

    def body(self, model: str, texts: Sequence[str], keep_alive: float | None) -> dict[str, Any]:  # noqa: ARG002
        return {"model": model, "input": list(texts), "encoding_format": "float"}

    def answered(self, said: Any, wanted: int) -> Answered:
        data = said.get("data") if isinstance(said, dict) else None
        if not isinstance(data, list):
            raise EngineError(f"the server gave no vectors: {str(said)[:120]}")
        rows = [item["embedding"] for item in sorted(data, key=lambda item: int(item.get("index", 0)))]
        used = said.get("usage") or {}
        return Answered(_matrix(rows, wanted), used.get("prompt_tokens"))

    def names(self, said: Any) -> list[str]:
        return [str(model["id"]) for model in said.get("data", [])]


def _matrix(rows: Any, wanted: int) -> NDArray[np.float32]:
    try:
        vectors = np.asarray(rows, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise EngineError(f"the server gave vectors of different lengths: {error}") from error
    if vectors.ndim != 2 or len(vectors) != wanted:
        raise EngineError(f"the server gave {vectors.shape} for {wanted} texts")
    if not np.isfinite(vectors).all():
        raise EngineError("the server gave NaN or infinity")
    return vectors


WIRES: Final[dict[str, Wire]] = {"ollama": Wire(), "openai": OpenAIWire()}
