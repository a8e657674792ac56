"""One file of a repository to its place on this disk: taken from where it lies already, or fetched, resumed, checked.

Knows the hub and files; knows nothing of models.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from embedingest.engine.hub.cache import cached_file
from embedingest.engine.hub.problems import PullError, TransientError, disk_error
from embedingest.regular import why_not_ours

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from typing import TypeVar

    from embedingest.engine.hub.client import Hub
    from embedingest.engine.hub.repository import HubFile, Repository

    T = TypeVar("T")

__all__ = ["Step", "fetch", "patiently", "take"]

Step = dict[str, Any]
"""One line of a pull's progress, in the words of `/api/pull`."""

_WAITS_SECONDS: Final = (0.5, 1.0, 2.0, 4.0, 8.0)
_LONGEST_WAIT_SECONDS: Final = 300.0  # what a hub asks for beyond that is left to the person
_STEP_SECONDS: Final = 0.25


def take(repository: Repository, file: HubFile, folders: Iterable[Path], target: Path) -> bool:
    """Whether the file's content, right to the last byte, lies on this disk already; then it is at `target`.

    `folders` are searched by its name, then the Hugging Face cache. Raises DiskError.
    """
    try:
        for path in (folder / file.name for folder in folders):
            if path.is_file() and file.digest and file.matches(path):
                return path == target or _take(file, path, target)
        found = cached_file(repository.id, file)
    except OSError:
        return False  # what cannot be read is fetched
    return found is not None and _take(file, found, target)


def fetch(hub: Hub, repository: Repository, file: HubFile, partial: Path, target: Path) -> Iterator[Step]:
    """Fetch a file to `target`, going on where `partial` ends. Raises PullError: wrong bytes, no room, no answer."""
    for again in (True, False):
        resumed = _size(partial) > 0
        yield from _receive_all(hub, repository, file, partial)
        if _is_right(file, partial):
            with _written(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                partial.replace(target)
            return
        partial.unlink(missing_ok=True)
        if not (again and resumed):  # what was there before may have been the wrong part
            break
    raise PullError(
        f"{hub.endpoint} sends bytes of {file.name} that are not those of {repository.id}: {file.label} is due",
        remedy="try again later, or through another network: something between here and the hub changes them",
    )


def patiently(attempt: Callable[[], T]) -> Generator[Step, None, T]:
    """The result of `attempt`, tried again while its failures may be passing ones. Raises PullError."""
    failures = 0
    while True:
        try:
            return attempt()
        except TransientError as error:
            failures += 1
            yield from _wait(error, failures)


def _receive_all(hub: Hub, repository: Repository, file: HubFile, partial: Path) -> Iterator[Step]:
    """Bytes of the file behind those of `partial`, over as many connections as it takes."""
    failures = 0
    while (before := _size(partial)) < file.size or not partial.exists():
        try:
            yield from _receive(hub, repository, file, partial)
        except TransientError as error:
            failures = 1 if _size(partial) > before else failures + 1
            yield from _wait(error, failures)


def _receive(hub: Hub, repository: Repository, file: HubFile, partial: Path) -> Iterator[Step]:
    """What one connection brings. Raises TransientError where it ends early."""
    step = {"status": f"pulling {file.digest[:12]}", "digest": file.label, "file": file.name, "total": file.size}
    start = _size(partial)
    with hub.stream(repository, file, start=start) as response, _opened(partial) as out:
        if response.status_code == 200 or not _begins_at(start, response):
            start = 0
            out.truncate(0)
        told = time.monotonic()
        yield step | {"completed": start}
        for block in response.iter_bytes():
            start += len(block)
            if start > file.size:
                out.truncate(0)
                raise PullError(f"{hub.endpoint} sends more of {file.name} than the {file.size} bytes that it has")
            _write(out, block, partial)
            if time.monotonic() - told > _STEP_SECONDS:
                told = time.monotonic()
                yield step | {"completed": start}
    if start < file.size:
        raise TransientError(f"{hub.endpoint} sent {start} of the {file.size} bytes of {file.name}")
    yield step | {"completed": start}


def _wait(error: TransientError, failures: int) -> Iterator[Step]:
    """Wait before the next try, telling it. Raises PullError where it was tried often enough."""
    seconds = max(_WAITS_SECONDS[min(failures, len(_WAITS_SECONDS)) - 1], error.after or 0.0)
    if failures > len(_WAITS_SECONDS) or seconds > _LONGEST_WAIT_SECONDS:
        later = f"in {error.after:.0f} s" if error.after else "later"
        raise PullError(
            f"it cannot be fetched now: {error.reason}",
            remedy=f"check the network, and `HF_ENDPOINT` where it names another hub, and try again {later}: what was "
            "fetched so far is kept. Without a network, name a model that `embedingest models list` shows, or a folder",
        ) from error
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if round(left) > 0:
            yield {"status": f"waiting {round(left)} s: {error.reason}"}
        time.sleep(min(left, 1.0))  # so that a caller that went away is noticed


def _write(out: Any, block: bytes, partial: Path) -> None:
    left = memoryview(block)
    while left:
        with _written(partial):
            left = left[out.write(left) :]


def _begins_at(start: int, response: Any) -> bool:
    return str(response.headers.get("content-range", "")).startswith(f"bytes {start}-")


def _is_right(file: HubFile, partial: Path) -> bool:
    with _written(partial):
        return file.matches(partial)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _take(file: HubFile, source: Path, target: Path) -> bool:
    """Whether the same content is at `target`: a link to it, or a copy where others could write what is linked."""
    real = Path(os.path.realpath(source))
    with _written(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        try:
            if why_not_ours(real) is not None:
                raise PermissionError
            os.link(real, target)
        except OSError:
            shutil.copyfile(real, target)
            return file.matches(target)
    return True


@contextlib.contextmanager
def _opened(partial: Path) -> Iterator[Any]:
    with _written(partial):
        partial.parent.mkdir(parents=True, exist_ok=True)
        out = partial.open("ab", buffering=0)
    with out:
        yield out
        with _written(partial):
            os.fsync(out.fileno())


@contextlib.contextmanager
def _written(path: Path) -> Iterator[None]:
    """Turns what the disk refuses into a DiskError."""
    try:
        yield
    except OSError as error:
        raise disk_error(path, error) from error
