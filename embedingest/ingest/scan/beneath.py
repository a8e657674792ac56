"""Opening a file where a scan saw it, and nowhere else: what was swapped for a link since then leads out of no root.

A path is opened component by component without following links. Where links are followed, the place that the path
leads to is judged first and then opened in the same way, so that no swap in between can change it.
"""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING, Final

from embedingest.ingest.scan.excluded import leads_through_excluded
from embedingest.ingest.scan.files import opened_below
from embedingest.system import CLOEXEC, DIRECTORY, NO_FOLLOW, PATH_ONLY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedingest.ingest.scan.ignore import LinkPolicy

__all__ = ["opened_beneath"]

_BY_STEPS: Final = os.open in os.supports_dir_fd and bool(NO_FOLLOW)
_CLOEXEC: Final = CLOEXEC
_NO_FOLLOW: Final = NO_FOLLOW
# To pass through a folder takes no right to list it.
_STEP: Final = (PATH_ONLY or os.O_RDONLY) | DIRECTORY | _CLOEXEC
_MET_A_LINK: Final = frozenset({errno.ELOOP, errno.ENOTDIR, errno.EMLINK})


@contextlib.contextmanager
def opened_beneath(root: str, relative: str, flags: int, *, links: LinkPolicy, link: bool = False) -> Iterator[int]:
    """A descriptor of the file at `relative` below `root`, closed afterwards; the root itself may be a link.

    `links` are the links that are followed. `link`: a scan saw that the file itself is one; another that is one now
    is refused, as `O_NOFOLLOW` does. Raises FileNotFoundError or NotADirectoryError where the path leads elsewhere
    than it may, other OSErrors as `os.open` does.
    """
    if not relative or not _BY_STEPS:
        with opened_below(root, relative, flags if link or not relative else flags | _NO_FOLLOW) as descriptor:
            yield descriptor
        return
    descriptor = _open(root, relative, flags, links=links, link=link)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _open(root: str, relative: str, flags: int, *, links: LinkPolicy, link: bool) -> int:
    try:
        return _open_by_steps(root, relative, flags)
    except OSError as error:
        if error.errno != errno.ENOTDIR and not (link and error.errno in _MET_A_LINK):
            raise
    folder, _, name = relative.rpartition("/")
    top = os.path.realpath(root)
    real = os.path.realpath(f"{top}/{relative}") if link else f"{os.path.realpath(f'{top}/{folder}')}/{name}"
    inside = real.startswith(top.rstrip("/") + "/")
    # As a scan judges a link: by every name below the root, or by the last of a place outside.
    base, below = (top, real[len(top) :]) if inside else os.path.split(real)
    names = list(filter(None, below.split("/") if link else below.split("/")[:-1]))
    if links == "never" or (links == "inside" and not inside) or leads_through_excluded(base, names):
        raise FileNotFoundError(errno.ENOENT, "it leads elsewhere than when it was found", relative)
    base = top if inside else "/"
    return _open_by_steps(base, real[len(base) :].lstrip("/"), flags)


def _open_by_steps(root: str, relative: str, flags: int) -> int:
    """The file at a path below `root` that no link is part of.

    Raises NotADirectoryError where a folder of it is a link, an OSError of `_MET_A_LINK` where the file is one.
    """
    *folders, name = relative.split("/")
    current = os.open(root, _STEP)
    try:
        for folder in folders:
            try:
                deeper = os.open(folder, _STEP | _NO_FOLLOW, dir_fd=current)
            except OSError as error:
                if error.errno not in _MET_A_LINK:
                    raise
                raise NotADirectoryError(errno.ENOTDIR, "it leads through a link", relative) from error
            os.close(current)
            current = deeper
        return os.open(name, flags | _NO_FOLLOW | _CLOEXEC, dir_fd=current)
    finally:
        os.close(current)
