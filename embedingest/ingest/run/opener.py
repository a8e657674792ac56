"""What a pipeline does not know how to make: the model, the engine, the table, the workers. A seam, without code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from concurrent.futures import Future
    from contextlib import AbstractContextManager
    from pathlib import Path

    from numpy.typing import NDArray

    from embedingest.engine.engine import Engine
    from embedingest.ingest.extract.reading import Job
    from embedingest.ingest.extract.values import Extracted
    from embedingest.ingest.representation import Representation
    from embedingest.ingest.rows.recipe import Recipe
    from embedingest.store.health import Damage
    from embedingest.store.probe import WrongVector
    from embedingest.store.values import Changes, SourceState
    from embedingest.types import ModelInfo, Row, Sizer

__all__ = ["Opener", "Table", "Workers"]


class Table(Protocol):
    """What a run asks of the table of chunks; `ChunkTable` is one."""

    def rows(self, sources: Collection[str]) -> dict[str, list[Row]]: ...
    def ids(self, sources: Collection[str]) -> dict[str, list[str]]: ...
    def source_states(self) -> dict[str, SourceState]: ...
    def vectors(self, text_hashes: Collection[str], column: str = "vector") -> dict[str, NDArray[Any]]: ...
    def commit(self, changes: Changes) -> None: ...
    def count(self) -> int: ...
    def facts(self) -> dict[str, Any]: ...
    def maintain(self, *, background: bool = False) -> object: ...
    def optimize(self) -> object: ...
    def damage(self) -> Sequence[Damage]: ...
    def wrong_vectors(self) -> Sequence[WrongVector]: ...
    def remake_indices(self, names: Collection[str]) -> None: ...
    @property
    def upkeep_error(self) -> str: ...
    def close(self) -> None: ...


class Workers(Protocol):
    """Who extracts: `WorkerPool`, or whatever answers a job with a future."""

    def submit(self, job: Job, *, urgent: bool = False, on_slow: Callable[[], None] | None = None) -> Future[Extracted]:
        """Have a file read. `on_slow` is called, from any thread, when others are read past it, and before it ends."""
        ...

    def close(self) -> None: ...


class Opener(Protocol):
    """Opens the parts of one pipeline when they are first needed, and says where its files lie."""

    @property
    def journal_path(self) -> Path: ...

    @property
    def vectors_path(self) -> Path:
        """The vector cache."""
        ...

    @property
    def outputs(self) -> Sequence[Path]:
        """Folders that are ours and never ingested."""
        ...

    def describe(self) -> ModelInfo:
        """The model, without loading it. Raises ModelNotFoundError."""
        ...

    def describe_beside(self) -> Mapping[str, ModelInfo]:
        """The models of the columns beside the vector, by column, without loading them. Raises ModelNotFoundError."""
        ...

    def engine(self) -> Engine:
        """The engine that embeds; the same one each time."""
        ...

    def table(self, recipe: Recipe) -> Table:
        """The table, made where there was none. Raises FingerprintError where it is another model's."""
        ...

    def prepare_table(self) -> None:
        """Import what `table` will import. Called beside other work as soon as files are to be read."""
        ...

    def workers(self, recipe: Recipe, sizer: Sizer) -> Workers:
        """Who extracts files and cuts them."""
        ...

    def lock(self) -> AbstractContextManager[Any]:
        """The right to write the table. Entering it raises LockedError."""
        ...

    def token(self) -> str | None:
        """The table's newest version, found without opening it; empty for no table, `None` where it cannot be told."""
        ...

    def room(self) -> int:
        """Bytes free where the table and the journal lie; -1 where they cannot be read or written just now."""
        ...

    def lent(self, representation: Representation, hashes: Collection[str]) -> dict[str, NDArray[Any]]:
        """Values of a representation, by text hash, that neither table nor cache has (a rebuild's old table)."""
        ...
