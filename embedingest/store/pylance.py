"""Lance without LanceDB, for what several processes write into one table. The one place that imports lance."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

from embedingest.errors import ConfigError
from embedingest.store.database import load as load_lancedb
from embedingest.store.uri import local_folder

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["check_installed", "load", "location"]


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


def check_installed() -> None:
    """Raises ConfigError where Lance is not installed; imports nothing."""
    if importlib.util.find_spec("lance") is None:
        raise _missing("it is not installed")


def _missing(why: object) -> ConfigError:
    return ConfigError(
        f"writing one table from several processes needs pylance: {why}",
        remedy="`pip install 'embedingest[cluster]'`",
    )


def location(uri: str | Path, name: str) -> str:
    """Where Lance finds `name`, a table's folder or any other, of the database at `uri`."""
    folder = local_folder(uri)
    if folder is not None:
        return str(folder / name)
    path, mark, query = str(uri).partition("?")
    return f"{path.rstrip('/')}/{name}{mark}{query}"
