"""Which loader reads a file: by settings, by its content where that is unmistakable, by its suffix. Loads nothing."""

from __future__ import annotations

import fnmatch
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from embedingest.errors import DocumentSkipped
from embedingest.ingest.load.decode import is_binary
from embedingest.ingest.load.languages import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["HEAD_BYTES", "SUFFIXES", "choose"]

HEAD_BYTES: Final = 8192
"""How many first bytes of a file `choose` wants to see."""

SUFFIXES: Final[dict[str, str]] = {
    suffix: loader
    for loader, suffixes in {
        "text": ".txt .text .log .rst .rest .adoc .asciidoc .asc .org .ini .cfg .conf .toml .properties .xml .svg "
        ".diff .patch .po .pot readme license copying authors changelog news todo notice",
        "markdown": ".md .markdown .mdown .mkd .mdx .qmd .rmd",
        "html": ".html .htm .xhtml",
        "code": " ".join(LANGUAGES),
    }.items()
    for suffix in suffixes.split()
}
"""Suffix (or whole lower-case name) to built-in loader; the same as the loaders' own `suffixes`, without imports."""

_READ: Final[tuple[tuple[bytes, str], ...]] = ()

_FOREIGN: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\x89PNG\r\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"\0\0\x01\0", "an icon"),
    (b"\x7fELF", "an ELF program"),
    (b"MZ\x90", "a Windows program"),
    (b"\xca\xfe\xba\xbe", "Java byte code"),
    (b"\xcf\xfa\xed\xfe", "a macOS program"),
    (b"\0asm", "WebAssembly"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"OggS", "an Ogg recording"),
    (b"fLaC", "a FLAC recording"),
    (b"ID3", "an MP3 recording"),
    (b"\x1aE\xdf\xa3", "a Matroska film"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"(\xb5/\xfd", "a zstd archive"),
    (b"PAR1", "a Parquet table"),
    (b"ARROW1", "an Arrow file"),
    (b"wOFF", "a font"),
    (b"wOF2", "a font"),
    (b"\0\x01\0\0\0", "a font"),
    (b"OTTO", "a font"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x80\x04\x95", "a Python pickle"),
)


def choose(name: str, head: bytes, loaders: Mapping[str, str] | None = None) -> str:
    """The name of the loader for a file called `name` that begins with `head` (at least HEAD_BYTES, or all of it).

    `loaders` maps shell patterns to loader names, over the whole source or its base name; the first match wins
    and is believed whatever the content. Raises DocumentSkipped (`binary`) where nothing here reads the file.
    """
    path = PurePosixPath(name)
    for pattern, loader in (loaders or {}).items():
        if fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(path.name.lower(), pattern.lower()):
            return loader
    kind = _by_content(name, head)
    if kind is not None:
        return kind
    lower = path.name.lower()
    return SUFFIXES.get(lower) or SUFFIXES.get(PurePosixPath(lower).suffix) or _text_kind(head)


def _by_content(name: str, head: bytes) -> str | None:
    for mark, loader in _READ:
        if head.startswith(mark):
            return loader
    for mark, what in _FOREIGN:
        if head.startswith(mark):
            raise DocumentSkipped(f"{name} is {what}, not text", source=name, code="binary")
    if head[4:8] == b"ftyp" or (head[:4] == b"RIFF" and head[8:12] in {b"WAVE", b"AVI ", b"WEBP"}):
        raise DocumentSkipped(f"{name} is a picture, recording or film, not text", source=name, code="binary")
    if is_binary(head):
        raise DocumentSkipped(f"{name} holds binary data, not text", source=name, code="binary")
    return None


def _text_kind(head: bytes) -> str:
    """Text of an unknown suffix: a web page or a script by its first line, else plain text."""
    start = head.lstrip()[:200].lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "html"
    if start.startswith(b"#!"):
        return "code"
    return "text"
