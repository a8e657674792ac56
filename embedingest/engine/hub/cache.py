"""The Hugging Face cache of this user, read only: which models lie in it whole, and the content of single files.

Its layout: `models--NAMESPACE--NAME/` with `refs/main` (a commit), `snapshots/COMMIT/` (links) and `blobs/DIGEST`.
A link is followed inside that one folder only. Knows files; asks no hub, and never writes.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from embedingest.engine.folder.reranker import is_classifier
from embedingest.engine.folder.settings_files import read_object
from embedingest.engine.names import InvalidNameError, ModelName
from embedingest.errors import ModelLoadError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedingest.engine.hub.repository import HubFile

__all__ = ["cached_file", "cached_repositories", "hub_cache", "snapshot_of"]

_PREFIX: Final = "models--"
_LARGEST_REF_BYTES: Final = 200


def hub_cache() -> Path:
    """Where the cache lies: `$HF_HUB_CACHE`, else `hub` in `$HF_HOME`, else in the user's cache folder."""
    for name, below in (("HF_HUB_CACHE", ""), ("HUGGINGFACE_HUB_CACHE", ""), ("HF_HOME", "hub")):
        if value := os.environ.get(name):
            return Path(os.path.expandvars(os.path.expanduser(value))) / below  # noqa: PTH111 -- never raises
    caches = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 -- never raises
    return Path(caches) / "huggingface" / "hub"


def cached_repositories() -> Iterator[tuple[ModelName, Path]]:
    """Every repository that the cache has something of: its name, and its folder there."""
    try:
        folders = sorted(folder for folder in hub_cache().iterdir() if folder.name.startswith(_PREFIX))
    except OSError:
        return
    for folder in folders:
        with contextlib.suppress(InvalidNameError):
            yield ModelName.parse(folder.name.removeprefix(_PREFIX).replace("--", "/")), folder


def cached_file(repository: str, file: HubFile) -> Path | None:
    """The content of a repository's file, if the cache has all of it, right. Raises OSError where it cannot be read."""
    folder = hub_cache() / f"{_PREFIX}{repository.replace('/', '--')}"
    found = [folder / "blobs" / file.digest]
    with contextlib.suppress(OSError):  # where links cannot be made, contents lie in the snapshots themselves
        found += [snapshot / file.name for snapshot in sorted((folder / "snapshots").iterdir())]
    for path in found:
        real = Path(os.path.realpath(path))
        if file.digest and real.is_relative_to(os.path.realpath(folder)) and real.is_file() and file.matches(real):
            return real
    return None


def snapshot_of(folder: Path) -> Path | None:
    """The snapshot of `main`, else the newest one, that lists modules or is a plain reranker's, and whose links all
    stay inside `folder`.
    """
    with contextlib.suppress(OSError):
        snapshots = folder / "snapshots"
        found = sorted(snapshots.iterdir(), key=_modified, reverse=True)
        named = [snapshots / ref] if (ref := _main(folder)) else []
        for place in (*named, *found):
            if _is_model(place) and _stays_inside(place, folder):
                return place
    return None


def _modified(place: Path) -> float:
    listed = place / "modules.json"
    file = listed if listed.exists() else place / "config.json"
    return file.stat().st_mtime if file.exists() else 0.0


def _is_model(place: Path) -> bool:
    with contextlib.suppress(ModelLoadError):
        return (place / "modules.json").is_file() or is_classifier(read_object(place / "config.json", optional=True))
    return False


def _main(folder: Path) -> str | None:
    """The commit that `refs/main` names."""
    try:
        with (folder / "refs" / "main").open("rb") as file:
            ref = file.read(_LARGEST_REF_BYTES).decode("ascii").strip()
    except (OSError, ValueError):
        return None
    return ref if ref.isalnum() else None


def _stays_inside(snapshot: Path, folder: Path) -> bool:
    """Whether every file and folder of a snapshot, links followed, lies in the folder of its repository."""
    real = os.path.realpath(folder)
    for place, below, files in os.walk(snapshot):
        for name in (*below, *files):
            if not Path(os.path.realpath(os.path.join(place, name))).is_relative_to(real):  # noqa: PTH118 -- quick
                return False
    return True
