"""How large the next part is, and what becomes of one that killed its node. Pure: starts and reads nothing.

A part is as large as its bounds allow while there is much to do. The first ones are small: what many documents have in
common is soon in the table, and nobody waits for it. Towards the end they grow smaller, so that no node waits long for
the last of another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from embedingest.cluster.values import PartFile

__all__ = ["PartBounds", "cut", "halves", "share_of"]

_ROUNDS: Final = 8
"""What waits would make so many parts for each node, if all were as large as the next."""

_LEAST_BYTES: Final = 256 * 1024
_LEAST_FILES: Final = 32
_MOST_DOUBLINGS: Final = 40
_FILE_BYTES: Final = 512
"""What a file counts beside its bytes: an empty one is work too."""


class PartBounds(NamedTuple):
    """The most bytes of documents, and the most files, of one part. One file may have more bytes."""

    bytes: int
    files: int


def share_of(bounds: PartBounds, *, waiting_bytes: int, waiting_files: int, nodes: int, handed_over: int) -> PartBounds:
    """The bounds of the next part, where so much waits for so many nodes, which were handed so many parts already."""
    share, grown = _ROUNDS * nodes, 2 ** min(_MOST_DOUBLINGS, handed_over // nodes)
    return PartBounds(
        max(1, min(bounds.bytes, max(_LEAST_BYTES, waiting_bytes // share), _LEAST_BYTES * grown)),
        max(1, min(bounds.files, max(_LEAST_FILES, waiting_files // share), _LEAST_FILES * grown)),
    )


def cut(take: Callable[[], PartFile | None], bounds: PartBounds) -> tuple[PartFile, ...]:
    """The files of the next part: one at least, unless `take` has none."""
    return tuple(_until_full(take, bounds))


def _until_full(take: Callable[[], PartFile | None], bounds: PartBounds) -> Iterator[PartFile]:
    size = files = 0
    while files < bounds.files and size < bounds.bytes:
        file = take()
        if file is None:
            return
        yield file
        size += _size(file)
        files += 1


def halves(files: Sequence[PartFile]) -> tuple[tuple[PartFile, ...], tuple[PartFile, ...]]:
    """Two or more files as two lots of about as many bytes each, in the order that they had; neither is empty."""
    half, size, count = sum(map(_size, files)) / 2, 0, 0
    for file in files[:-1]:
        if count and size + _size(file) / 2 > half:
            break
        size += _size(file)
        count += 1
    return tuple(files[:count]), tuple(files[count:])


def _size(file: PartFile) -> int:
    return file.candidate.file.facts.size + _FILE_BYTES
