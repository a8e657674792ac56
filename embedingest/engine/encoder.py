"""The lower seam: what a local model implements. Knows no truncation, no normalising, no queues, no HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final, Protocol, Self, runtime_checkable

from blake3 import blake3

from embedingest.errors import InputError
from embedingest.picture import Picture

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from embedingest.types import Sizer

__all__ = [
    "Encoder",
    "PictureTokens",
    "SupportsBatchTokens",
    "SupportsEnds",
    "SupportsHeads",
    "SupportsPictures",
    "SupportsPromptChecks",
    "TokenIds",
    "batch_tokens",
    "heads",
    "keeps_end",
    "kept",
    "prompted",
    "refuse_pictures",
    "tokens_of",
]

TokenIds = Sequence[int]

_SLICE_CHARACTERS: Final = 131_072  # so often it is asked whether the caller still waits
_TAKES_PICTURES: Final = "name a model that takes pictures: `embedingest-images` runs those of CLIP and SigLIP"
_LONG_CHARACTERS: Final = 32_768  # of a text from here on no more is tokenised than the window takes


@runtime_checkable
class Encoder(Protocol):
    """A model that turns token ids into vectors.

    An encoder gets truncation, dimensions, normalising, prompts, batching and keep-alive for free: they are
    written once, above this seam. `tokenize` may be called from several threads at once; `encode` is called by
    one thread at a time, unless `parallel` says how many may. It may also say which batches it runs best:
    `SupportsBatchTokens`, read less of long texts: `SupportsHeads`, keep the end of those: `SupportsEnds`, refuse
    prompts: `SupportsPromptChecks`, and take pictures: `SupportsPictures`.
    """

    @property
    def dimensions(self) -> int:
        """D, the length of every vector."""
        ...

    @property
    def max_tokens(self) -> int:
        """The window: the most tokens one text may have, special tokens included."""
        ...

    @property
    def context_length(self) -> int:
        """The positions the model has: the most `num_ctx` can raise the window to."""
        ...

    @property
    def special_tokens(self) -> int:
        """How many special tokens `encode` adds to each text."""
        ...

    @property
    def fingerprint(self) -> str:
        """Same fingerprint, same vectors (cosine ≥ 0.9999)."""
        ...

    @property
    def size_bytes(self) -> int:
        """Resident bytes of the loaded weights, for the pool's upper bound."""
        ...

    @property
    def runtime(self) -> dict[str, str]:
        """How it runs, for people: `{"runtime": "openvino", "precision": "bf16", …}`."""
        ...

    @property
    def parallel(self) -> int:
        """How many `encode` calls may run at once (streams); 1 for most."""
        ...

    def tokenize(self, texts: Sequence[str]) -> list[TokenIds]:
        """Content tokens of each text: no special tokens, no cut, no padding."""
        ...

    def detokenize(self, tokens: TokenIds) -> str:
        """The text these content tokens spell."""
        ...

    def encode(self, batch: Sequence[TokenIds]) -> NDArray[np.float32]:
        """Pooled vectors, float32 (N, D), not yet cut or normalised by us; row i belongs to `batch[i]`.

        Adds the model's special tokens to each text. The module chain of the model (pooling, Dense, its own
        Normalize) is applied here.
        """
        ...

    def sizer(self, capacity: int) -> Sizer:
        """A picklable counter of this model's tokens that needs neither weights nor torch."""
        ...

    def close(self) -> None:
        """Give the weights back."""
        ...


@runtime_checkable
class SupportsBatchTokens(Protocol):
    """An encoder that knows how large its batches run best; one without it gets the scheduler's own size."""

    @property
    def batch_tokens(self) -> int | None:
        """Padded tokens (texts × the longest one's tokens) of a batch; `None` where it does not say."""
        ...


@runtime_checkable
class SupportsHeads(Protocol):
    """An encoder that need not read all of a long text to know its first tokens."""

    def tokenize_head(self, text: str, most: int) -> TokenIds:
        """The content tokens of one text: at least the first `most`, or all where it has no more."""
        ...


@runtime_checkable
class SupportsEnds(Protocol):
    """An encoder that says which end of a text that is too long it was trained to keep."""

    @property
    def keeps_end(self) -> bool:
        """Whether the first tokens are cut off, and not the last."""
        ...


@runtime_checkable
class SupportsPromptChecks(Protocol):
    """An encoder of a model that may have been trained with prompts in a way that it cannot run."""

    def check_prompt(self, prompt: str) -> None:
        """Raises ConfigError for a prompt that the model cannot have."""
        ...


@runtime_checkable
class SupportsPictures(Protocol):
    """An encoder that puts pictures and texts into one space.

    `encode` is then given rows of tokens and `PictureTokens` side by side. Its sizer is a `PictureSource`, and pictures
    come as that made them.
    """

    @property
    def picture_tokens(self) -> int:
        """How many tokens of a text take about as long to compute as one picture; at least 1."""
        ...


class PictureTokens(tuple[int, ...]):  # noqa: SLOT001 -- no tuple can have slots of its own
    """What stands for a picture in a batch, beside tokens of texts: as many numbers as it weighs, made of its content.

    None of them is a token: all are below zero. Never cut; no prompt is put in front of it.
    """

    picture: Picture

    @classmethod
    def of(cls, picture: Picture, weight: int) -> Self:
        """The row of a picture that weighs so many tokens."""
        digest = blake3(picture.encode()).digest(length=4 * weight)
        row = cls(~int.from_bytes(digest[at : at + 4], "little") for at in range(0, 4 * weight, 4))
        row.picture = picture
        return row


def refuse_pictures(encoder: Encoder, texts: Sequence[str]) -> None:
    """Raises InputError for a picture among the texts, if the model takes none."""
    if isinstance(encoder, SupportsPictures):
        return
    for index, text in enumerate(texts):
        if isinstance(text, Picture):
            raise InputError("it is a picture, and the model takes only texts", index=index, remedy=_TAKES_PICTURES)


def prompted(encoder: Encoder, texts: Sequence[str], prompt: str) -> Sequence[str]:
    """Each text with the prompt before it; pictures as they are. Raises ConfigError where the model cannot have it."""
    if not prompt:
        return texts
    if isinstance(encoder, SupportsPromptChecks):
        encoder.check_prompt(prompt)
    return [text if isinstance(text, Picture) else prompt + text for text in texts]


def tokens_of(encoder: Encoder, texts: Sequence[str], is_left: Callable[[], bool]) -> list[TokenIds]:
    """The content tokens of each text, uncut. Once `is_left` says that nobody waits any more, the rest is left out."""
    tokens: list[TokenIds] = []
    while len(tokens) < len(texts) and not is_left():
        end = start = len(tokens)
        characters = 0
        while end < len(texts) and (end == start or characters + len(texts[end]) <= _SLICE_CHARACTERS):
            characters += len(texts[end])
            end += 1
        tokens += encoder.tokenize(texts[start:end])
    return tokens


def heads(encoder: Encoder, texts: Sequence[str], most: int) -> Iterable[TokenIds]:
    """The content tokens of each text; of a long one at least the first `most`, if the encoder can do with those."""
    if isinstance(encoder, SupportsPictures) and any(isinstance(text, Picture) for text in texts):
        return _beside_pictures(encoder, encoder.picture_tokens, texts, most)
    if all(len(text) < _LONG_CHARACTERS for text in texts):
        return encoder.tokenize(texts)
    if not isinstance(encoder, SupportsHeads) or keeps_end(encoder):
        return encoder.tokenize(texts)
    return (
        encoder.tokenize_head(text, most) if len(text) >= _LONG_CHARACTERS else encoder.tokenize([text])[0]
        for text in texts
    )


def _beside_pictures(encoder: Encoder, weight: int, texts: Sequence[str], most: int) -> list[TokenIds]:
    """As `heads`, of pictures and texts."""
    words = iter(heads(encoder, [text for text in texts if not isinstance(text, Picture)], most))
    return [PictureTokens.of(text, weight) if isinstance(text, Picture) else next(words) for text in texts]


def kept(model: object, tokens: TokenIds, most: int) -> TokenIds:
    """The tokens that stay of a text that may have `most`: its first, or its last where the model keeps those."""
    return tokens[max(0, len(tokens) - most) :] if keeps_end(model) else tokens[:most]


def keeps_end(model: object) -> bool:
    """Whether a text that is too long for this encoder or scorer loses its first tokens, and not its last."""
    return isinstance(model, SupportsEnds) and model.keeps_end


def batch_tokens(model: object) -> int | None:
    """Padded tokens of the batches that an encoder or scorer runs best; `None` where it does not say."""
    return model.batch_tokens if isinstance(model, SupportsBatchTokens) else None
