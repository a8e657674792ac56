"""What a file is on disk: its stat facts, and opening it below a root whatever its name. Knows no rules, no contents.

Names are `str` with undecodable bytes as surrogates (PEP 383). A path is opened below its root in steps where it
is too long for one system call, so that depth and length have no limit of ours.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.system import BINARY, CLOEXEC, DIRECTORY

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "FileFacts",
    "facts_at",
    "facts_of",
    "is_decodable",
    "is_racy",
    "name_of",
    "open_below",
    "opened_below",
    "seconds_to_tick",
    "stat_below",
]

_TICK_NS: Final = 20_000_000
_COARSE_TICK_NS: Final = 2_100_000_000
_SECOND_NS: Final = 1_000_000_000
_AHEAD_NS: Final = 5 * _SECOND_NS
_CLOEXEC: Final = CLOEXEC | BINARY
_DIRECTORY: Final = DIRECTORY


class FileFacts(NamedTuple):
    """What `stat` says of a file; two equal values mean the file was not touched (but see `is_racy`)."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    device: int
    mode: int

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.mode)

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.mode)


def facts_of(st: os.stat_result) -> FileFacts:
    """The facts in a stat result."""
    return FileFacts(st.st_size, st.st_mtime_ns, st.st_ctime_ns, st.st_ino, st.st_dev, st.st_mode)


def is_racy(facts: FileFacts, read_at_ns: int) -> bool:
    """Whether the file may change again without its facts changing, as seen by a read begun at `read_at_ns`.

    A clock of file times ticks coarsely (some milliseconds; two seconds on FAT). A write within the tick of the one
    that was seen leaves the same times, so facts that young prove nothing and the file is to be read again.
    `read_at_ns` counts from the epoch. Times of the future count as young up to `_AHEAD_NS`: a file server's clock may
    be ahead of ours. One beyond that was set by hand, or before a clock was put back: the next write sets another.
    """
    coarse = facts.mtime_ns % _SECOND_NS == 0 and facts.ctime_ns % _SECOND_NS == 0
    tick = _COARSE_TICK_NS if coarse else _TICK_NS
    return any(-_AHEAD_NS <= read_at_ns - changed < tick for changed in (facts.mtime_ns, facts.ctime_ns))


def seconds_to_tick(facts: FileFacts, read_at_ns: int) -> float:
    """How long a file is young yet, of which a read was begun at `read_at_ns`; 0 where a short wait mends nothing.

    That is so where the clock has jumped, or ticks in whole seconds.
    """
    ages = (read_at_ns - facts.mtime_ns, read_at_ns - facts.ctime_ns)
    return max((_TICK_NS - age) / _SECOND_NS if 0 <= age < _TICK_NS else 0.0 for age in ages)


def facts_at(root: str, relative: str, *, follow: bool = False) -> FileFacts | None:
    """The facts of a path below `root`, `None` when nothing is there. Other failures raise OSError."""
    try:
        return facts_of(stat_below(root, relative, follow=follow))
    except (FileNotFoundError, NotADirectoryError):
        return None


def name_of(relative: str) -> str:
    """The last component."""
    return relative.rpartition("/")[2]


def is_decodable(name: str) -> bool:
    """Whether a name is text: whether none of its bytes are kept as surrogates."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def open_below(root: str, relative: str, flags: int) -> int:
    """A file descriptor for `root`/`relative`. Raises OSError as `os.open` does, save for paths too long for it."""
    path = f"{root}/{relative}" if relative else root
    try:
        return os.open(path, flags | _CLOEXEC)
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG or os.open not in os.supports_dir_fd:
            raise
    folder, _, name = relative.rpartition("/")
    with _stepwise(root, folder) as parent:
        return os.open(name, flags | _CLOEXEC, dir_fd=parent)


@contextlib.contextmanager
def opened_below(root: str, relative: str, flags: int) -> Iterator[int]:
    """As `open_below`, closed afterwards."""
    descriptor = open_below(root, relative, flags)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def stat_below(root: str, relative: str, *, follow: bool = False) -> os.stat_result:
    """As `os.stat`, of a path below `root` of any length."""
    path = f"{root}/{relative}" if relative else root
    try:
        return os.stat(path, follow_symlinks=follow)
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG or os.stat not in os.supports_dir_fd:
            raise
    folder, _, name = relative.rpartition("/")
    with _stepwise(root, folder) as parent:
        return os.stat(name, dir_fd=parent, follow_symlinks=follow)


@contextlib.contextmanager
def _stepwise(root: str, folder: str) -> Iterator[int]:
    """A folder opened one component at a time; each name is at most 255 bytes, so no path is ever too long."""
    current = os.open(root, os.O_RDONLY | _DIRECTORY | _CLOEXEC)
    try:
        for name in folder.split("/") if folder else ():
            deeper = os.open(name, os.O_RDONLY | _DIRECTORY | _CLOEXEC, dir_fd=current)
            os.close(current)
            current = deeper
        yield current
    finally:
        os.close(current)
