"""What every encoder owes. Knows the seam, no encoder."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from embedingest.engine.encoder import Encoder, PictureTokens, SupportsPictures, batch_tokens
from embedingest.picture import Picture, PictureSource
from embedingest.testing.contract import Check, claims
from embedingest.testing.models import END, TOKENS
from embedingest.testing.texts import ODD, PLAIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["CHECKS"]

_SAME: Final = 0.9999


def owes_its_facts(encoder: Encoder) -> None:
    """States its sizes, fingerprint and runtime, and they make sense together."""
    assert isinstance(encoder, Encoder), "it lacks a member of the Encoder protocol"
    for name in ("dimensions", "max_tokens", "context_length", "special_tokens", "size_bytes", "parallel"):
        assert isinstance(getattr(encoder, name), int), f"`{name}` is {getattr(encoder, name)!r}, not an int"
    assert encoder.dimensions > 0, f"dimensions is {encoder.dimensions}"
    assert encoder.special_tokens < encoder.max_tokens <= encoder.context_length, (
        f"special_tokens {encoder.special_tokens} < max_tokens {encoder.max_tokens} "
        f"<= context_length {encoder.context_length} does not hold"
    )
    assert encoder.size_bytes >= 0, f"size_bytes is {encoder.size_bytes}"
    assert encoder.parallel >= 1, f"parallel is {encoder.parallel}"
    assert isinstance(encoder.fingerprint, str), f"fingerprint is {encoder.fingerprint!r}"
    assert encoder.fingerprint, "fingerprint is empty"
    tokens = batch_tokens(encoder)
    assert tokens is None or (isinstance(tokens, int) and tokens > 0), f"batch_tokens is {tokens!r}, not a positive int"
    assert all(isinstance(part, str) for pair in encoder.runtime.items() for part in pair), "runtime is not str to str"


def owes_an_empty_text_no_tokens(encoder: Encoder) -> None:
    """Has no content tokens for an empty text: special ones are added later."""
    assert list(encoder.tokenize([""])[0]) == [], "an empty text has content tokens: are they special ones?"


def owes_any_text_its_tokens(encoder: Encoder) -> None:
    """Fails for no text, whatever it holds, and gives finite vectors for it."""
    tokens = [list(row[: encoder.max_tokens - encoder.special_tokens]) for row in encoder.tokenize(ODD)]
    _vectors(encoder, tokens)


def owes_shape_and_type(encoder: Encoder) -> None:
    """Gives finite float32 (N, D), also for no texts and for one."""
    tokens = _fitting(encoder, PLAIN)
    for size in (0, 1, len(tokens)):
        _vectors(encoder, tokens[:size])


def owes_its_row_to_each_text(encoder: Encoder) -> None:
    """Row i belongs to text i, whatever else is in the batch and in which order."""
    tokens = _fitting(encoder, PLAIN)
    together = _unit(_vectors(encoder, tokens))
    alone = _unit(np.concatenate([_vectors(encoder, [row]) for row in tokens]))
    backwards = _unit(_vectors(encoder, tokens[::-1]))[::-1]
    for other, how in ((alone, "alone"), (backwards, "in another order")):
        cosine = (together * other).sum(axis=1)
        worst = int(cosine.argmin())
        assert cosine[worst] >= _SAME, f"text {worst} {how} has cosine {cosine[worst]:.6f} to itself in the batch"


def owes_the_same_again(encoder: Encoder) -> None:
    """The same tokens give the same vectors the second time, and the fingerprint stays."""
    before, tokens = encoder.fingerprint, _fitting(encoder, PLAIN)
    first, second = _unit(_vectors(encoder, tokens)), _unit(_vectors(encoder, tokens))
    assert (first * second).sum(axis=1).min() >= _SAME, "a second call gave other vectors"
    assert encoder.fingerprint == before, "the fingerprint changed by use"


def owes_its_whole_window(encoder: Encoder) -> None:
    """Takes a text that fills the window to the last token."""
    room = min(encoder.max_tokens - encoder.special_tokens, 4096)
    tokens = list(encoder.tokenize([PLAIN[-1] * (room // 20 + 1)])[0])
    while len(tokens) < room:
        tokens += tokens
    _vectors(encoder, [tokens[:room], list(encoder.tokenize(["one"])[0])])


def owes_nearness(encoder: Encoder) -> None:
    """Puts two sentences of the same words nearer together than a third of other words."""
    first, second, other = _unit(_vectors(encoder, _fitting(encoder, PLAIN[:3])))
    assert first @ second > first @ other, f"cosine {first @ second:.3f} of like texts, {first @ other:.3f} of unlike"


def owes_a_sizer(encoder: Encoder) -> None:
    """Its sizer can be pickled, counts exactly its tokens, and says where each starts."""
    sizer = pickle.loads(pickle.dumps(encoder.sizer(100)))  # noqa: S301 -- our own, just pickled
    assert sizer.capacity == 100, f"asked for capacity 100, has {sizer.capacity}"
    for text in (*PLAIN, *ODD):
        count, starts = len(encoder.tokenize([text])[0]), list(sizer.starts(text))
        assert sizer.count(text) == count, f"the sizer counts {sizer.count(text)}, the encoder {count}: {text[:40]!r}"
        assert len(starts) == count, f"{len(starts)} starts for {count} tokens of {text[:40]!r}"
        assert starts == sorted(starts), f"starts do not ascend in {text[:40]!r}"
        assert not starts or 0 <= starts[0] <= starts[-1] < len(text), f"a start lies outside of {text[:40]!r}"


def owes_pictures_their_rows(encoder: Encoder) -> None:
    """If it takes pictures, each has its row beside those of texts, alone or among others, and no other's."""
    if not isinstance(encoder, SupportsPictures):
        return
    assert encoder.picture_tokens >= 1, f"picture_tokens is {encoder.picture_tokens}"
    rows = [PictureTokens.of(picture, encoder.picture_tokens) for picture in _ready_pictures(encoder)]
    texts = _fitting(encoder, PLAIN[: len(rows)])
    mixed = _unit(_vectors(encoder, [row for pair in zip(texts, rows, strict=True) for row in pair]))
    alone = _unit(np.concatenate([_vectors(encoder, [row]) for row in (*texts, *rows)]))
    together = np.concatenate([mixed[::2], mixed[1::2]])
    worst = float((together * alone).sum(axis=1).min())
    assert worst >= _SAME, f"a row has cosine {worst:.6f} to itself, alone and where pictures and texts share a batch"
    cosine = float(alone[-1] @ alone[-2])
    assert cosine < _SAME, f"two pictures have cosine {cosine:.6f}: are their pixels read?"


def owes_pictures_made_ready(encoder: Encoder) -> None:
    """If it takes pictures, its sizer can be pickled and makes them ready, small and wide ones: the same each time."""
    if not isinstance(encoder, SupportsPictures):
        return
    for first, second in zip(_ready_pictures(encoder), _ready_pictures(encoder), strict=True):
        assert first == second, "the same picture was made ready in two ways"
        assert first.pixels == second.pixels, "two pictures of one name have other pixels"


def _ready_pictures(encoder: Encoder) -> list[Picture]:
    sizer = pickle.loads(pickle.dumps(encoder.sizer(100)))  # noqa: S301 -- our own, just pickled
    assert isinstance(sizer, PictureSource), "its sizer makes no pictures ready"
    shapes = ((1, 1), (2000, 3), (300, 200), (200, 300))
    return [sizer.ready(Picture(w, h, _pixels(w, h, green))) for green, (w, h) in enumerate(shapes)]


def _pixels(width: int, height: int, green: int) -> bytes:
    """A picture that is darker to the left and redder to the top; 0 to 3 of how much green there is."""
    across = np.linspace(0, 255, width, dtype=np.uint8)
    down = np.linspace(255, 0, height, dtype=np.uint8)
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    pixels[:, :, 0], pixels[:, :, 1], pixels[:, :, 2] = down[:, None], 80 * green, across[None, :]
    return pixels.tobytes()


def _vectors(encoder: Encoder, tokens: Sequence[Any]) -> NDArray[np.float32]:
    vectors = encoder.encode(tokens)
    assert isinstance(vectors, np.ndarray), f"encode gave {type(vectors).__name__}, not an array"
    expected = (len(tokens), encoder.dimensions)
    assert vectors.shape == expected, f"encode gave shape {vectors.shape} for {expected}"
    assert vectors.dtype == np.float32, f"encode gave {vectors.dtype}, not float32"
    assert np.isfinite(vectors).all(), "encode gave NaN or infinity"
    return vectors


def _fitting(encoder: Encoder, texts: Sequence[str]) -> list[list[int]]:
    return [list(row[: encoder.max_tokens - encoder.special_tokens]) for row in encoder.tokenize(texts)]


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    assert (length > 0).all(), "a plain sentence has a vector of zeros"
    unit: NDArray[np.float32] = vectors / length
    return unit


CHECKS: Final[tuple[Check, ...]] = (*claims(globals()), *TOKENS, *END)
