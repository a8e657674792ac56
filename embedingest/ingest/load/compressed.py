"""Gzip, bzip2, xz and zstd of any file that is read here, and archives (zip, tar) as folders. Unpacks in memory."""

from __future__ import annotations

import abc
import bz2
import dataclasses
import io
import lzma
import posixpath
import re
import tarfile
import zlib
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from embedingest.errors import DocumentError
from embedingest.ingest.load.common.budget import MAX_UNPACKED, Budget, shared
from embedingest.ingest.load.common.zipped import Container
from embedingest.ingest.load.inner import Options, children, load_inner
from embedingest.types import Document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "ArchiveLoader",
    "Bzip2Loader",
    "GzipLoader",
    "XzLoader",
    "ZstdLoader",
    "create_archive",
    "create_bzip2",
    "create_gzip",
    "create_xz",
    "create_zstd",
]

_PIECE: Final = 2**20
_STEP: Final = 2**10  # bytes that a stream is fed first
_PADDING: Final = re.compile(rb"\0*")
_ENDLESS: Final = re.compile(rb"\d{300}")
_XZ_MEMORY: Final = 256 * 2**20
"""Bytes that unpacking xz may take for itself: the strongest usual setting takes 65 MiB."""

_ZSTD_WINDOW: Final = 2**27
"""Bytes that unpacking zstd may look back on: the strongest setting of its program without `--ultra` takes 8 MiB."""

_ZSTD_PIECE: Final = 512
"""Bytes of zstd that are unpacked at once. A block of 4 bytes may stand for 128 KiB, so these for at most 16 MiB."""

_GZIP: Final = b"\x1f\x8b"


class _PackedLoader(abc.ABC):
    """What the compressed file holds, by the name without the compression's suffix."""

    name = ""
    suffixes: frozenset[str] = frozenset()

    def __init__(self, *, max_unpacked_bytes: int = MAX_UNPACKED, options: Options | None = None) -> None:
        self._limit = max_unpacked_bytes
        self._options = options or {}

    def load(self, data: bytes, name: str) -> Document:
        """The inner document, under the file's own name. Raises DocumentError (`bomb`, `corrupt`)."""
        inner = self._inner(name)
        with shared(name, self._limit) as budget:
            document = load_inner(self._unpack(data, name, budget), name, inner, self._options)
        return dataclasses.replace(document, metadata={**document.metadata, "compression": self.name})

    def _inner(self, name: str) -> str:
        suffix = posixpath.splitext(name.lower())[1]
        if suffix not in self.suffixes:
            return name
        return name[: -len(suffix)] + (".tar" if suffix.startswith(".t") else "")

    @abc.abstractmethod
    def _unpack(self, data: bytes, name: str, budget: Budget) -> bytes:
        """All that the file holds, taken from `budget`."""


class GzipLoader(_PackedLoader):
    """Reads what a gzip file holds, by the name without `.gz`. `options` are settings by loader name."""

    name = "gzip"
    version = "2"
    suffixes = frozenset({".gz", ".tgz", ".svgz"})
    mimes = frozenset({"application/gzip"})

    def _inner(self, name: str) -> str:
        return _inner_name(name)

    def _unpack(self, data: bytes, name: str, budget: Budget) -> bytes:
        return _gunzip(data, name, budget)


class Bzip2Loader(_PackedLoader):
    """Reads what a bzip2 file holds, by the name without `.bz2`. `options` are settings by loader name."""

    name = "bzip2"
    version = "2"
    suffixes = frozenset({".bz2", ".tbz", ".tbz2"})
    mimes = frozenset({"application/x-bzip2"})

    def _unpack(self, data: bytes, name: str, budget: Budget) -> bytes:
        return _every_stream(bz2.BZ2Decompressor, data, name, budget)


class XzLoader(_PackedLoader):
    """Reads what an xz or lzma file holds, by the name without `.xz`. `options` are settings by loader name."""

    name = "xz"
    version = "2"
    suffixes = frozenset({".xz", ".txz", ".lzma"})
    mimes = frozenset({"application/x-xz", "application/x-lzma"})

    def _unpack(self, data: bytes, name: str, budget: Budget) -> bytes:
        return _every_stream(partial(lzma.LZMADecompressor, memlimit=_XZ_MEMORY), data, name, budget)


class ZstdLoader(_PackedLoader):
    """Reads what a zstd file holds, by the name without `.zst`. `options` are settings by loader name."""

    name = "zstd"
    version = "2"
    suffixes = frozenset({".zst", ".zstd", ".tzst"})
    mimes = frozenset({"application/zstd"})

    def _unpack(self, data: bytes, name: str, budget: Budget) -> bytes:
        """Every frame of the file; those that are to be skipped hold nothing."""
        import zstandard

        pieces: list[bytes] = []
        stream: Any = None
        at = 0
        try:
            while at < len(data):
                stream = stream or zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
                piece = stream.decompress(data[at : at + _ZSTD_PIECE])
                at = min(at + _ZSTD_PIECE, len(data))
                budget.take(len(piece))
                pieces.append(piece)
                if stream.eof:
                    at -= len(stream.unused_data)
                    stream = None
        except (zstandard.ZstdError, MemoryError) as error:
            raise DocumentError(f"{name} is damaged: {error}", source=name, code="corrupt") from error
        if stream is not None or not data:
            raise DocumentError(f"{name} is damaged: it ends too early", source=name, code="corrupt")
        return b"".join(pieces)


class ArchiveLoader:
    """A zip or tar file as a folder: each member that is read here is a document inside it.

    Chosen by setting only (`loaders: {"*.zip": archive}`). Members whose names leave the archive, links and
    devices are left out and counted.
    """

    name = "archive"
    version = "2"
    suffixes = frozenset({".zip", ".tar", ".tgz", ".tar.gz"})
    mimes = frozenset({"application/zip", "application/x-tar"})

    def __init__(self, *, max_unpacked_bytes: int = MAX_UNPACKED, options: Options | None = None) -> None:
        self._limit = max_unpacked_bytes
        self._options = options or {}

    def load(self, data: bytes, name: str) -> Document:
        """An empty document with a child for each member. Raises DocumentError (`bomb`, `corrupt`, `encrypted`)."""
        notices: dict[str, int] = {}
        with shared(name, self._limit) as budget:
            if data.startswith(_GZIP):
                data = _gunzip(data, name, budget)
            members = _zip(data, name) if data.startswith(b"PK") else _tar(data, name, budget, notices)
            safe = ((member, content) for member, content in members if _inside(member, notices))
            documents = children(safe, name, notices, self._options)
        return Document(source=name, text="", mime="application/x-archive", children=documents, notices=notices)


def create_gzip(*, max_unpacked_bytes: int = MAX_UNPACKED, options: Options | None = None) -> GzipLoader:
    """The loader of gzip files."""
    return GzipLoader(max_unpacked_bytes=max_unpacked_bytes, options=options)


def create_bzip2(*, max_unpacked_bytes: int = MAX_UNPACKED, options: Options | None = None) -> Bzip2Loader:
    """The loader of bzip2 files."""
    return Bzip2Loader(max_unpacked_bytes=max_unpacked_bytes, options=options)


def create_xz(*, max_unpacked_bytes: int = MAX_UNPACKED, options: Options | None = None) -> XzLoader:
    """The loader of xz files."""
    return XzLoader(max_unpacked_bytes=max_unpacked_bytes, options=options)


def create_zstd(*, max_unpacked_bytes: int = MAX_UNPACKED, options: Options | None = None) -> ZstdLoader:
    """The loader of zstd files."""
    return ZstdLoader(max_unpacked_bytes=max_unpacked_bytes, options=options)


def create_archive(*, max_unpacked_bytes: int = MAX_UNPACKED, options: Options | None = None) -> ArchiveLoader:
    """The loader of archives as folders."""
    return ArchiveLoader(max_unpacked_bytes=max_unpacked_bytes, options=options)


def _inner_name(name: str) -> str:
    lower = name.lower()
    if lower.endswith(".svgz"):
        return name[:-1]
    return name[:-4] + ".tar" if lower.endswith(".tgz") else name[:-3] if lower.endswith(".gz") else name


def _gunzip(data: bytes, name: str, budget: Budget) -> bytes:
    """Every member of a gzip file; padding after the last is allowed, as gzip itself allows it."""
    pieces: list[bytes] = []
    at = 0
    while data.startswith(_GZIP, at):
        at = _stream(zlib.decompressobj(wbits=31), data, at, name, budget, pieces)
    return b"".join(pieces)


def _every_stream(decompressor: Callable[[], Any], data: bytes, name: str, budget: Budget) -> bytes:
    """Every stream of a file; zeros after the last are padding."""
    pieces: list[bytes] = []
    at = 0
    while not at or at < len(data):
        at = _stream(decompressor(), data, at, name, budget, pieces)
        at += len(_PADDING.match(data, at)[0])  # type: ignore[index]  # it matches everywhere
    return b"".join(pieces)


def _stream(stream: Any, data: bytes, at: int, name: str, budget: Budget, pieces: list[bytes]) -> int:
    """Unpack the stream that begins at `at`; answers where it ends.

    It is fed little by little: what it leaves of a piece is copied, and a file may have a stream every twenty bytes.
    """
    step = _STEP
    try:
        while not stream.eof:
            fed = data[at : at + step]
            if not fed:
                raise DocumentError(f"{name} is damaged: it ends too early", source=name, code="corrupt")
            at += len(fed)
            step = min(2 * step, _PIECE)
            piece = stream.decompress(fed, _PIECE)
            while piece:
                budget.take(len(piece))
                pieces.append(piece)
                piece = b"" if stream.eof else stream.decompress(getattr(stream, "unconsumed_tail", b""), _PIECE)
    except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, MemoryError) as error:
        raise DocumentError(f"{name} is damaged: {error}", source=name, code="corrupt") from error
    return at - len(stream.unused_data)


def _zip(data: bytes, name: str) -> Iterator[tuple[str, bytes]]:
    container = Container(data, name)
    for member in container.names:
        yield member, container.read(member)


class _Member(tarfile.TarInfo):
    """A member in whose records no number is endless: Python's own reader takes quadratic time over one."""

    def _proc_pax(self, archive: Any) -> Any:
        begin = archive.fileobj.tell()
        if _ENDLESS.search(archive.fileobj.read(self.size)):
            raise tarfile.ReadError("a number without end in the records of a member")
        archive.fileobj.seek(begin)
        return super()._proc_pax(archive)  # type: ignore[misc]  # there since there are such records


def _tar(data: bytes, name: str, budget: Budget, notices: dict[str, int]) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:", tarinfo=_Member) as archive:
            for member in archive:
                budget.count()
                if member.isdir():
                    continue
                stream = archive.extractfile(member) if member.isreg() else None
                if stream is None:
                    notices["special_members"] = notices.get("special_members", 0) + 1
                    continue
                budget.take(member.size)  # before it is read: a sparse member may be larger than its archive
                yield member.name, stream.read()
    except (tarfile.TarError, EOFError, OSError, ValueError, OverflowError, RecursionError) as error:
        raise DocumentError(f"{name} is damaged: {error}", source=name, code="corrupt") from error


def _inside(member: str, notices: dict[str, int]) -> bool:
    """Whether a member's name stays below the archive; others are counted."""
    path = posixpath.normpath(member.replace("\\", "/"))
    inside = not (path.startswith(("/", "../")) or path == ".." or path[1:2] == ":")
    if not inside:
        notices["unsafe_names"] = notices.get("unsafe_names", 0) + 1
    return inside
