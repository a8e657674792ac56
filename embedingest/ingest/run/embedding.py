"""Texts to what is stored of them, by one call. Knows no rows and no threads.

A text that cannot be embedded fails alone; an engine that fails fails the call.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from embedingest.engine.engine import SupportsTokens
from embedingest.errors import EmbedingestError, EngineError, InputError, OverloadedError
from embedingest.picture import Picture

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from embedingest.engine.engine import Engine, Priority
    from embedingest.ingest.representation import Representation
    from embedingest.ingest.rows.recipe import Recipe
    from embedingest.ingest.run.computing import Computed

__all__ = ["Embedded", "embed_texts"]

_OVERLOADED_SECONDS: Final = 0.25


@dataclass(slots=True)
class Embedded:
    """What one call gave: vectors by key (`ingest/representation.py`), and the reason for each key that has none.

    `truncated` has the keys of texts that the engine cut to fit the model.
    `error` is set where the engine itself failed, and nothing else is.
    """

    hashes: tuple[str, ...]
    vectors: dict[str, NDArray[Any]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    tokens: int = 0
    characters: int = 0
    truncated: set[str] = field(default_factory=set)
    error: BaseException | None = None


def embed_texts(
    engine: Engine,
    recipe: Recipe,
    texts: Mapping[str, str],
    tokens: Mapping[str, Sequence[int]],
    *,
    priority: Priority = "bulk",
    closed: threading.Event,
) -> Embedded:
    """What the engine makes of texts, by key; of each what its key names. Raises nothing: see `Embedded.error`.

    An engine that takes `tokens` is given those in place of the texts where they are known of all. One that others
    keep busy is asked again until it has room, or until `closed`.
    """
    call = _Call(texts, tokens if tokens and isinstance(engine, SupportsTokens) else {})
    halving = _Halving(engine, recipe, priority, closed)
    try:
        for representation, part in call.split(recipe):
            halving.embed(representation, part)
    except EmbedingestError as error:
        return Embedded(tuple(texts), error=error)
    except Exception as error:  # noqa: BLE001 -- raised again by whoever takes the result
        # An engine may be a plug-in: whatever it raises, it is the engine that failed.
        failure = EngineError(f"the engine failed: {type(error).__name__}: {error}")
        failure.__cause__ = error
        return Embedded(tuple(texts), error=failure)
    except BaseException as error:  # noqa: BLE001 -- no failure of the engine: the process is to end
        return Embedded(tuple(texts), error=error)
    result = halving.result
    result.hashes = tuple(texts)
    return result


class _Call(NamedTuple):
    """Texts by key, of one representation for the engine, and the tokens of all or none of them."""

    texts: Mapping[str, str]
    tokens: Mapping[str, Sequence[int]]

    def of(self, hashes: Sequence[str]) -> _Call:
        tokens = self.tokens
        return _Call({key: self.texts[key] for key in hashes}, {key: tokens[key] for key in hashes if key in tokens})

    def split(self, recipe: Recipe) -> Iterator[tuple[Representation, _Call]]:
        """The calls that the engine can take, one for each representation."""
        for representation in recipe.representations:
            keys = [key for key in self.texts if recipe.representation_of(key) is representation]
            if keys:
                yield representation, self.of(keys)


class _Halving:
    """Asks for less and less until what cannot be embedded is alone; `result` has what came of it."""

    def __init__(self, engine: Engine, recipe: Recipe, priority: Priority, closed: threading.Event) -> None:
        self._engine = engine
        self._recipe = recipe
        self._priority = priority
        self._closed = closed
        self.result = Embedded(())

    def embed(self, representation: Representation, call: _Call) -> None:
        keys = list(call.texts)
        while keys:
            try:
                answer = self._answer(representation, call.of(keys))
            except InputError as error:
                if error.index is None and len(keys) > 1:
                    half = len(keys) // 2
                    for part in (keys[:half], keys[half:]):
                        self.embed(representation, call.of(part))
                    return
                self.result.failed[keys.pop(error.index or 0)] = error.message
                continue
            self._keep(keys, call.texts, answer)
            return

    def _answer(self, representation: Representation, call: _Call) -> Computed:
        from embedingest.ingest.run.computing import compute

        tokens = [call.tokens[key] for key in call.texts] if len(call.tokens) == len(call.texts) else None
        texts, prompt, priority = list(call.texts.values()), self._recipe.prompt, self._priority
        while True:
            try:
                return compute(self._engine, representation, texts, prompt=prompt, tokens=tokens, priority=priority)
            except OverloadedError:
                # Others are using the engine: try again until there is room, or until this is closed.
                if self._closed.wait(_OVERLOADED_SECONDS):
                    raise

    def _keep(self, keys: list[str], texts: Mapping[str, str], answer: Computed) -> None:
        from embedingest.ingest.packing import is_finite

        result = self.result
        for key, value in zip(keys, answer.values, strict=True):
            if is_finite(value):
                result.vectors[key] = value
                result.characters += 0 if isinstance(texts[key], Picture) else len(texts[key])
            else:
                result.failed[key] = "the engine gave a vector with NaN or infinity"
        result.tokens += answer.tokens
        result.truncated.update(keys[index] for index in answer.truncated)
