"""The upper seam: what both walks hold. Knows no files, tables or HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, Self, runtime_checkable

from embedingest.picture import Picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embedingest.types import Embeddings, ModelInfo, Sizer

__all__ = ["QUERY_TEXTS", "Bounds", "Engine", "Priority", "SupportsHosts", "SupportsTokens", "hosts", "text_list"]

Priority = Literal["query", "bulk"]

QUERY_TEXTS: Final = 8
"""A call of at most so many texts is a query that somebody waits for; a larger one is treated as bulk."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many calls may wait for an engine, and how many texts are tokenised at once."""

    waiting: int
    tokenizing: int


@runtime_checkable
class Engine(Protocol):
    """Turns texts into vectors with the whole meaning of Ollama's embed call, by model name.

    Row i belongs to text i; every row is of unit length; nothing is cut unsaid (`Embeddings.truncated`). An engine that
    talks to other hosts names them: `SupportsHosts`.
    """

    def embed(
        self,
        texts: Sequence[str],
        *,
        model: str,
        truncate: bool = True,
        dimensions: int | None = None,
        context: int | None = None,
        prompt: str | None = None,
        keep_alive: float | None = None,
        priority: Priority = "query",
    ) -> Embeddings:
        """Embed N texts. Raises TypeError for one bare text and for texts that are none (`text_list`).

        A `Picture` among them is embedded by a model that takes pictures, and is an InputError for any other.

        No texts load the model and give vectors of shape (0, D) (the preload, case 35). `dimensions` d with 0 < d < D
        keeps the first d numbers and normalises again; any other value is ignored (cases 109 to 111).
        `context` lowers, or up to the model's positions raises, the window of this call alone (`num_ctx`).
        `prompt` is literal text put in front of every text; its tokens count. `keep_alive` is seconds the model
        stays after the call: negative for ever, 0 unloads after the answer, `None` leaves it as it was.

        Raises ModelNotFoundError, ModelLoadError, InputTooLongError (with `truncate` off, or nothing would be
        left), InputError (NaN, or a text that makes the model fail; has `index`), OverloadedError,
        EngineClosedError.
        """
        ...

    async def aembed(
        self,
        texts: Sequence[str],
        *,
        model: str,
        truncate: bool = True,
        dimensions: int | None = None,
        context: int | None = None,
        prompt: str | None = None,
        keep_alive: float | None = None,
        priority: Priority = "query",
    ) -> Embeddings:
        """The same, awaited. Cancelling drops what has not been computed yet."""
        ...

    def describe(self, model: str) -> ModelInfo:
        """What is known of a model, without loading its weights. Raises ModelNotFoundError, ModelLoadError."""
        ...

    def sizer(self, model: str, *, prompt: str = "") -> Sizer:
        """A picklable token counter whose capacity is the window less special tokens and `prompt`."""
        ...

    def models(self) -> list[str]:
        """Registered names, newest first."""
        ...

    def close(self) -> None:
        """Finish what was admitted, refuse the rest, give the weights back."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None:
        """Closes."""
        ...


@runtime_checkable
class SupportsHosts(Protocol):
    """An engine that talks to other hosts, and names them before it does."""

    @property
    def hosts(self) -> Sequence[str]:
        """Names or addresses, with the port where it is not the usual one. Opens no connection."""
        ...


@runtime_checkable
class SupportsTokens(Protocol):
    """An engine that takes the tokens of texts, where its sizer is a `TokenSource`."""

    def embed_tokens(self, tokens: Sequence[Sequence[int]], *, model: str, priority: Priority = "bulk") -> Embeddings:
        """As `embed` of N texts with these content tokens by the model's own sizer, prompt included."""
        ...


def hosts(engine: Engine) -> tuple[str, ...]:
    """The hosts that an engine talks to; none where it names none."""
    return tuple(engine.hosts) if isinstance(engine, SupportsHosts) else ()


def text_list(texts: Any, *, pictures: bool = False) -> Sequence[str]:
    """The texts of a call, as they must be: some strings in order. Raises TypeError that says what is given instead.

    One bare string is refused, since each of its letters would count as a text. A `Picture` is refused where it is not
    said that `pictures` are taken, since its name would be embedded.
    """
    if isinstance(texts, str | bytes | bytearray):
        raise TypeError(f"one {type(texts).__name__} is given where a list of texts is due: write `[text]`")
    if isinstance(texts, Mapping | Set):
        raise TypeError(f"a {type(texts).__name__} is given where a list of texts is due: its texts have no order")
    listed: Sequence[Any] = texts if isinstance(texts, list | tuple) else list(texts)
    for index, text in enumerate(listed):
        if not isinstance(text, str):
            advice = ": decode it first" if isinstance(text, bytes | bytearray) else ""
            raise TypeError(f"text {index} is a {type(text).__name__}, not a str{advice}")
        if isinstance(text, Picture) and not pictures:
            raise TypeError(f"text {index} is a picture, and only texts are taken here")
    return listed
