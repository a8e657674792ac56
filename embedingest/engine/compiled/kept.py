"""What lies in the user's cache, how large it is and whether anything here still finds it. Makes nothing."""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from embedingest.engine import hardware
from embedingest.engine.compiled import cache, runtime
from embedingest.paths import user_cache
from embedingest.regular import read_bounded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Kept", "kept", "size_of", "take_away"]

_NOTES: Final = ("hashes", "packaged", "tokenizers")  # folders of what was found out about files
_ENTRY: Final = re.compile(r"[0-9a-f]{32}")
_LEFT_BEHIND_SECONDS: Final = 86_400.0  # what is being made for a day is made by nobody

Kind = Literal["compiled model", "file note", "leftover"]


@dataclass(frozen=True, slots=True)
class Kept:
    """One thing of the cache. `stale` says why nothing on this machine uses it any more; `None` where something may."""

    kind: Kind
    path: Path
    what: str
    size_bytes: int
    used_at: float
    """Seconds since the epoch, to the day."""
    stale: str | None = None


def kept() -> list[Kept]:
    """Everything of ours in the cache, largest first. What others put there is not named."""
    folder = user_cache()
    found = [*_compiled(folder / "compiled"), *(note for name in _NOTES for note in _notes(folder / name))]
    return sorted(found, key=lambda each: -each.size_bytes)


def take_away(things: Iterable[Kept]) -> list[Kept]:
    """Take these away, each at one moment, and answer those that are gone. A process that runs one has it mapped."""
    gone = []
    for each in things:
        with contextlib.suppress(OSError):
            cache.take_away(each.path) if each.path.is_dir() else each.path.unlink()
        if not os.path.lexists(each.path):
            gone.append(each)
    return gone


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder; 0 where there is none."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += (Path(place) / name).lstat().st_size
    return total


def _compiled(folder: Path) -> Iterator[Kept]:
    for path in _children(folder):
        if path.is_symlink():
            continue  # not ours to follow
        if path.is_dir() and _ENTRY.fullmatch(path.name):
            yield _entry(path)
        elif path.name.endswith((".part", ".lock")):
            yield from _leftover(path)


def _entry(path: Path) -> Kept:
    note = path / cache.NOTE
    content = _read(note)
    key = content.get("key")
    if not isinstance(key, dict):
        return Kept("compiled model", path, "a model unknown", size_of(path), _changed(path), "its note is damaged")
    name = content.get("model") or f"model {str(key.get('fingerprint'))[:8]}"
    form = content.get("form") or "left to torch"
    return Kept("compiled model", path, f"{name}, {form}", size_of(path), _changed(note), _why_stale(key))


def _why_stale(key: dict[str, Any]) -> str | None:
    now = f"openvino {runtime.runtime_version()}"
    if key.get("layout") != cache.LAYOUT:
        return "made by another version of embedingest"
    if key.get("runtime") != now:
        return f"made by {key.get('runtime')}, here is {now}"
    return None if key.get("cpu") == list(hardware.flags()) else "made for another processor"


def _leftover(path: Path) -> Iterator[Kept]:
    lock = path.suffix == ".lock"
    if lock and (path.parent / path.name.partition(".")[0]).is_dir():
        return  # of an entry that is there
    changed = _changed(path)
    if time.time() - changed > _LEFT_BEHIND_SECONDS:
        size = size_of(path) if path.is_dir() else path.lstat().st_size
        yield Kept("leftover", path, path.name, size, changed, "left behind by a process that was killed")


def _notes(folder: Path) -> Iterator[Kept]:
    for path in _children(folder):
        if path.suffix == ".json" and path.is_file() and not path.is_symlink():
            about = _read(path).get("path") if _ENTRY.fullmatch(path.stem) else None
            what = about if isinstance(about, str) else f"package {path.stem}"
            stale = "the file is no more" if isinstance(about, str) and not os.path.lexists(about) else None
            yield Kept("file note", path, what, path.lstat().st_size, _changed(path), stale)


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _read(note: Path) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError, RecursionError):
        content = json.loads(read_bounded(note, cache.LARGEST_NOTE_BYTES))
        if isinstance(content, dict):
            return content
    return {}


def _changed(path: Path) -> float:
    with contextlib.suppress(OSError):
        return path.lstat().st_mtime
    return 0.0
