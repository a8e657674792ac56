"""Lance without LanceDB, for what several processes write into one table. The one place that imports lance."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any, Final

from embedingest.errors import ConfigError
from embedingest.store.database import load as load_lancedb
from embedingest.store.uri import local_folder

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["check_installed", "load", "location", "opened", "trained"]

_CACHE_BYTES: Final = 64 << 20


def load() -> Any:
    """Lance's module, which takes a second to import. Raises ConfigError where it is not installed."""
    load_lancedb()  # sets what Lance reads once, while it is imported
    try:
        import lance
        import lance.commit
        import lance.file
        import lance.fragment
    except ImportError as error:
        raise _missing(error) from error
    return lance


def check_installed(extra: str = "cluster") -> None:
    """Raises ConfigError, with the extra that brings it, where Lance is not installed; imports nothing."""
    if importlib.util.find_spec("lance") is None:
        raise _missing("it is not installed", extra)


def _missing(why: object, extra: str = "cluster") -> ConfigError:
    return ConfigError(
        f"writing one table from several processes needs pylance: {why}",
        remedy=f"`pip install 'embedingest[{extra}]'`",
    )


def opened(uri: str | Path, table: str, version: int | None = None) -> Any:
    """A table as Lance's dataset, at a version or the newest, with small caches of its own. Raises as Lance does."""
    lance = load()
    session = lance.Session(index_cache_size_bytes=_CACHE_BYTES, metadata_cache_size_bytes=_CACHE_BYTES)
    return lance.dataset(location(uri, f"{table}.lance"), version=version, session=session)


def trained(
    dataset: Any, column: str, *, partitions: int, sampled: int, dimensions: int, bits: int, number: str
) -> dict[str, Any]:
    """What segments of an IVF_RQ index have in common, as options of `create_index_uncommitted`.

    That is the middles of so many partitions, of so many `sampled` vectors each, and how vectors of so many dimensions,
    each a `number` (float32, float16), are turned before `bits` of each are kept.
    """
    load()
    from lance.indices import IndicesBuilder
    from lance.lance import indices

    builder = IndicesBuilder(dataset, column)
    middles = builder.train_ivf(num_partitions=partitions, distance_type="cosine", sample_rate=sampled).centroids
    return {"ivf_centroids": middles, "rabitq_model": indices.build_rq_model(dimensions, num_bits=bits, dtype=number)}


def location(uri: str | Path, name: str) -> str:
    """Where Lance finds `name`, a table's folder or any other, of the database at `uri`."""
    folder = local_folder(uri)
    if folder is not None:
        return str(folder / name)
    path, mark, query = str(uri).partition("?")
    return f"{path.rstrip('/')}/{name}{mark}{query}"
