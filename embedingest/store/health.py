"""Whether the files of a table are there and may be what they were. Reads names, sizes and ends of files alone.

Imports no LanceDB. A hundred fragments take some milliseconds. Of a table in an object store nothing is said.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from embedingest.errors import DamagedTableError, FingerprintError, LockedError, StoreError
from embedingest.store.manifest import ManifestError, listed
from embedingest.store.token import newest_manifest
from embedingest.store.uri import local_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from embedingest.store.manifest import Listed

__all__ = [
    "Damage",
    "check_newest_version",
    "damage",
    "damaged_table",
    "put_aside",
    "room_for",
    "room_now",
    "table_folder",
    "taken_away",
    "telling",
]

_log = logging.getLogger(__name__)

_ENDS: Final = {".lance": b"LANC", ".arrow": b"ARROW1", ".manifest": b"LANC"}
_HINT: Final = "latest_version_hint.json"
_SETTLE_TRIES: Final = 3
_PROBE_BYTES: Final = 65_536
_LOOKED_INTO: Final = ("", "data", "_versions")


@dataclass(frozen=True, slots=True)
class Damage:
    """One file of a table, by its path below the table's folder, and what is wrong with it.

    `part` says what is lost with it: `rows` of the table, an `index`, which is made again from the rows, or its
    `history`: older versions, on which upkeep and snapshots stand. `index` is the index's name.
    """

    path: str
    problem: str
    part: Literal["rows", "index", "history"]
    index: str = ""

    @property
    def remedy(self) -> str:
        """The command that mends it."""
        if self.part == "index":
            return "`embedingest optimize`, or `embedingest verify --repair`, makes the index again"
        return "`embedingest rebuild` makes the table again from its folders, and embeds only what is not cached"

    def __str__(self) -> str:
        return f"{self.path} {self.problem}"

    def to_json(self) -> dict[str, str]:
        return {"file": self.path, "problem": self.problem, "part": self.part, "index": self.index}


def table_folder(uri: str | Path, name: str) -> Path | None:
    """Where a table lies on this machine; `None` for object stores."""
    folder = local_folder(uri)
    return None if folder is None else folder / f"{name}.lance"


def damaged_table(name: str, found: Sequence[Damage]) -> DamagedTableError:
    """The error for a table some of whose files are damaged."""
    more = f", and {len(found) - 1:,} more files" if len(found) > 1 else ""
    return DamagedTableError(f"files of table `{name}` are damaged: {found[0]}{more}", remedy=found[0].remedy)


def telling(error: StoreError, uri: str | Path, name: str) -> StoreError:
    """The error that names the damaged files where that is why `error` was raised; else `error` itself."""
    if isinstance(error, (FingerprintError, LockedError)) or not (found := damage(uri, name)):
        return error
    first = str(error).splitlines()[0]
    if str(found[0]) in first:  # it says so itself
        return damaged_table(name, found)
    return DamagedTableError(f"{first}; {damaged_table(name, found).message}", remedy=found[0].remedy)


def taken_away(uri: str | Path, name: str) -> DamagedTableError | None:
    """The error for a table that was opened, where its folder is there no more; `None` where it is."""
    folder = table_folder(uri, name)
    if folder is None or (folder / "_versions").exists():
        return None
    remedy = "put it back, or make it anew with `embedingest ingest PATH…`"
    return DamagedTableError(f"table `{name}` is not in its database any more", remedy=remedy)


def damage(uri: str | Path, name: str, *, thorough: bool = False) -> list[Damage]:
    """What is wrong with the files of a table; nothing where there is none. `thorough` reads older versions as well.

    Never raises. A table that another process writes meanwhile is looked at again before anything is said of it.
    """
    folder = table_folder(uri, name)
    found: list[Damage] = []
    for _ in range(_SETTLE_TRIES if folder is not None else 0):
        assert folder is not None
        try:
            before = newest_manifest(folder)
            found = list(_damage(folder, before, thorough))
            if not found or before == newest_manifest(folder):
                break
        except OSError as error:
            found = [Damage("_versions", f"cannot be read: {error.strerror}", "rows")]
    return sorted(found, key=lambda item: ("rows", "history", "index").index(item.part))


def check_newest_version(uri: str | Path, name: str) -> None:
    """Raises DamagedTableError where the newest manifest cannot be read: LanceDB would panic over some of these."""
    folder = table_folder(uri, name)
    try:
        newest = None if folder is None else newest_manifest(folder)
        if newest is not None:
            list(listed(newest.read_bytes()))
    except (OSError, ManifestError) as error:
        if found := [item for item in damage(uri, name) if item.part == "rows"]:  # not while it is being replaced
            raise damaged_table(name, found) from error


def put_aside(uri: str | Path, name: str) -> Path | None:
    """Rename a table's folder out of LanceDB's sight; its new path, `None` where nothing is in it. Raises StoreError.

    Of a table in an object store nothing is moved.
    """
    folder = table_folder(uri, name)
    if folder is None or not os.path.lexists(folder):
        return None
    number = 1
    while os.path.lexists(aside := folder.with_name(f"{folder.name}.damaged-{number}")):
        number += 1
    try:
        if folder.is_dir() and not any(folder.iterdir()):
            return None
        folder.rename(aside)
    except OSError as error:
        raise StoreError(
            f"the damaged table {folder} cannot be put aside: {error.strerror}",
            remedy="mend the permissions of that folder, or choose another with `--db`",
        ) from error
    _log.warning("the damaged table %s was put aside as %s; nothing of it is deleted", folder, aside.name)
    return aside


def _is_being_made(folder: Path) -> bool:
    """Whether a table without a version is one that is just made, or whose making was cut short: it had no second
    transaction, and of the first one the data is written before anything else.
    """
    try:
        # Each is written under a name of its own (`.tmp…`) before it has that of a transaction.
        begun = [path.name for path in (folder / "_transactions").iterdir() if path.suffix == ".txn"]
    except FileNotFoundError:
        begun = []
    return all(name.startswith("0-") for name in begun)


def _damage(folder: Path, newest: Path | None, thorough: bool) -> Iterator[Damage]:
    try:
        with os.scandir(folder) as entries:
            if not any(True for _ in entries):
                return
    except FileNotFoundError:
        return
    except OSError as error:
        yield Damage(folder.name, f"cannot be read: {error.strerror}", "rows")
        return
    if newest is None:
        if not _is_being_made(folder):
            yield Damage("_versions", "holds no version of the table", "rows")
        return
    yield from _history(folder, newest, thorough)
    try:
        files = list(listed(newest.read_bytes()))
    except OSError as error:
        yield Damage(f"_versions/{newest.name}", f"cannot be read: {error.strerror}", "rows")
    except ManifestError as error:
        yield Damage(f"_versions/{newest.name}", f"is damaged: {error}", "rows")
    else:
        for file in files:
            if (problem := _problem(folder, file)) is not None:
                yield Damage(file.path, problem, "index" if file.part == "index" else "rows", file.index_name)


def _problem(folder: Path, file: Listed) -> str | None:
    if file.part == "index" and not file.path.count("/") > 1:
        return None if (folder / file.path).is_dir() else "is missing"
    return _wrong(folder / file.path, file.size)


def _wrong(path: Path, size: int | None) -> str | None:
    """What is wrong with a file, as far as its size and its last bytes tell."""
    end = _ENDS.get(path.suffix, b"")
    try:
        with path.open("rb", buffering=0) as file:
            found = os.fstat(file.fileno()).st_size
            if found == 0 or (size is not None and found != size):
                return f"is cut: it has {found:,} bytes" + ("" if size is None else f", not {size:,}")
            file.seek(max(0, found - len(end)))
            if file.read(len(end)) != end:
                return "is damaged: it does not end as such a file does"
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return None


def _history(folder: Path, newest: Path, thorough: bool) -> Iterator[Damage]:
    """Versions beside the newest one, and the snapshots."""
    for manifest in sorted((folder / "_versions").glob("*.manifest")):
        if manifest == newest:
            continue
        problem = _wrong(manifest, None) or (_unreadable(manifest) if thorough else None)
        if problem is not None and manifest.exists():
            yield Damage(f"_versions/{manifest.name}", problem, "history")
    if (hinted := _hinted(folder)) is not None and hinted > (version := _version(newest)):
        yield Damage(f"_versions, version {hinted},", f"is missing; the newest that is there is {version}", "history")
    for snapshot in sorted((folder / "_refs" / "branches").glob("*.json")):
        try:
            json.loads(snapshot.read_bytes())
        except FileNotFoundError:
            continue
        except (OSError, ValueError, RecursionError):
            yield Damage(f"_refs/branches/{snapshot.name}", "is damaged: it is no JSON", "history")


def _unreadable(manifest: Path) -> str | None:
    try:
        for _ in listed(manifest.read_bytes()):
            pass
    except (OSError, ManifestError) as error:
        return f"is damaged: {error}"
    return None


def _hinted(folder: Path) -> int | None:
    """The version that was committed last, as LanceDB noted it after the commit; `None` where it did not."""
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError, RecursionError):
        return int(json.loads((folder / "_versions" / _HINT).read_bytes())["version"])
    return None


def _version(manifest: Path) -> int:
    """Manifests are named by the version, or by the largest number less the version."""
    name = manifest.name.partition(".")[0]
    return 2**64 - 1 - int(name) if len(name) == 20 else int(name)


def room_for(folders: Iterable[Path], table: str) -> int:
    """Bytes free where there are fewest; -1 where one of the folders, or the table in it, cannot be read or written."""
    try:
        return min((_room(folder, table) for folder in folders), default=0)
    except OSError:
        return -1


def room_now(folders: Iterable[Path], table: str) -> int:
    """As `room_for`, for who asks every few seconds: nothing is waited for until it is on the disk. Raises OSError."""
    return min(_room(folder, table, sure=False) for folder in folders)


def _room(folder: Path, table: str, *, sure: bool = True) -> int:
    """Raises OSError. A file is written, made sure of and removed: only that tells of permissions and quotas."""
    for name in _LOOKED_INTO:
        with contextlib.suppress(FileNotFoundError), os.scandir(folder / f"{table}.lance" / name) as entries:
            next(entries, None)
    probe = folder / f".embedingest-probe-{os.getpid()}{'' if sure else '-r'}"
    try:
        with probe.open("wb") as file:
            file.write(bytes(_PROBE_BYTES if sure else 1))
            file.flush()
            if sure:
                os.fsync(file.fileno())
    finally:
        probe.unlink(missing_ok=True)
    return shutil.disk_usage(folder).free
