"""Where the database of a URI lies. Imports no LanceDB."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from embedingest.errors import ConfigError
from embedingest.paths import absolute

__all__ = ["absolute_uri", "local_folder"]


def absolute_uri(uri: str | os.PathLike[str]) -> str:
    """A URI as it is, a folder as the path that means it from everywhere. Raises ConfigError for an empty one."""
    text = os.fspath(uri)
    return text if "://" in text else str(absolute(text))


def local_folder(uri: str | Path) -> Path | None:
    """The folder a database URI means on this machine; `None` for object stores.

    Raises ConfigError for a path with bytes that are no text: LanceDB takes none.
    """
    text = str(uri)
    if "://" not in text:
        _check_text(text)
        return Path(text)
    parts = urlsplit(text)
    return Path(unquote(parts.path)) if parts.scheme in ("file", "file+uring") else None


def _check_text(path: str) -> None:
    try:
        path.encode()
    except UnicodeEncodeError:
        raise ConfigError(
            f"the path {path} has bytes that are not UTF-8, and LanceDB opens no database there",
            remedy="rename that folder, or name a database elsewhere with `--db`",
        ) from None
