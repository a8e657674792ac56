"""Writing so that a reader sees the whole or nothing. Knows paths and bytes only."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["new_file", "new_folder", "temporary_path", "write_bytes"]


def write_bytes(path: Path, data: bytes, *, modified_at_ns: int = 0, private: bool = False) -> None:
    """Put `data` at `path` in one step, making its folders; with a time of change unless that is 0. Raises OSError.

    A `private` file is one that this user alone may read or write.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_path(path)
    try:
        if private:
            temporary.touch(mode=0o600, exist_ok=False)
        temporary.write_bytes(data)
        if modified_at_ns:
            os.utime(temporary, ns=(modified_at_ns, modified_at_ns))
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def new_file(path: Path, data: bytes) -> bool:
    """Put `data` at `path` in one step, making its folders, unless something is there; whether it was put.

    Of several that put at once, one does. On file systems without hard links a crash may leave an empty file.
    Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_path(path)
    try:
        temporary.write_bytes(data)
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
        except OSError:
            return _new_file_without_links(temporary, path)
        return True
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _new_file_without_links(temporary: Path, path: Path) -> bool:
    try:
        path.touch(exist_ok=False)
    except FileExistsError:
        return False
    temporary.replace(path)
    return True


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A fresh folder to fill, which becomes `path` in one step when the block ends well, and vanishes otherwise.

    Where another process was first, its folder stays and ours goes. Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_path(path)
    temporary.mkdir()
    try:
        yield temporary
        try:
            temporary.rename(path)
        except OSError:
            if not path.is_dir():
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def temporary_path(path: Path) -> Path:
    """A free name beside `path`, for what is not whole yet or goes away.

    Hidden, short enough for every file system, and of a form (`.part`) that no scan takes for a document.
    """
    return path.with_name(f".{path.name.lstrip('.')[:40]}.{os.getpid()}.{secrets.token_hex(4)}.part")
