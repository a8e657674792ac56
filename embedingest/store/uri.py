"""Where the database of a URI lies. Imports no LanceDB."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

__all__ = ["local_folder"]


def local_folder(uri: str | Path) -> Path | None:
    """The folder a database URI means on this machine; `None` for object stores."""
    text = str(uri)
    if "://" not in text:
        return Path(text)
    parts = urlsplit(text)
    return Path(unquote(parts.path)) if parts.scheme in ("file", "file+uring") else None
