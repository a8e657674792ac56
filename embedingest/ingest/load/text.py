"""Plain text, reStructuredText and source code, kept word for word. Knows encodings through `decode` only."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final

from embedingest.errors import DocumentError, DocumentSkipped
from embedingest.ingest.load.common.decode import Decoded, decode
from embedingest.ingest.load.common.json_text import with_letters
from embedingest.ingest.load.common.languages import LANGUAGES, language_of
from embedingest.ingest.load.common.terminal import without_codes
from embedingest.ingest.load.encoded.data import is_minified
from embedingest.types import Document

__all__ = ["SUFFIXES", "CodeLoader", "TextLoader", "create", "create_code"]

_MIMES: Final = {
    ".rst": "text/x-rst",
    ".rest": "text/x-rst",
    ".adoc": "text/x-asciidoc",
    ".asciidoc": "text/x-asciidoc",
    ".asc": "text/plain",
    ".toml": "application/toml",
}
_RST_TITLE: Final = re.compile(r"(?m)^(?:([=\-~#*^\"'`+]){3,}\n)?[ ]?(\S[^\n]*)\n([=\-~#*^\"'`+])\3{2,}[ ]*$")
_ASCIIDOC_TITLE: Final = re.compile(r"(?m)^= (\S[^\n]*)$")
_HEAD: Final = 4000
_ESCAPED: Final = ".properties"
_PACKED: Final = frozenset({"javascript", "css"})
SUFFIXES: Final = (
    ".txt", ".text", ".log", ".rst", ".rest", ".adoc", ".asciidoc", ".asc", ".ini", ".cfg", ".conf", ".toml",
    ".properties", ".diff", ".patch",
    "readme", "license", "copying", "authors", "changelog", "news", "todo", "notice",
)  # fmt: skip


class TextLoader:
    """Text as it stands, without terminal colours. reStructuredText and AsciiDoc keep their marks and give a title."""

    name = "text"
    version = "8"
    suffixes = frozenset(SUFFIXES)
    mimes = frozenset({"text/plain", "text/x-rst", "text/x-asciidoc", "application/toml"})

    def load(self, data: bytes, name: str) -> Document:
        """The whole text. Raises DocumentSkipped (`binary`), DocumentError (`encrypted`)."""
        decoded = decode(data, name)
        if "encrypted_data" in decoded.notices and not decoded.text.strip():
            raise DocumentError(f"{name} is encrypted", source=name, code="encrypted")
        text = without_codes(decoded.text)
        if name.lower().endswith(_ESCAPED):
            text = with_letters(text, everywhere=True)
        mime = _mime(name, text)
        return Document(
            source=name,
            text=text,
            mime=mime,
            title=_title(text[:_HEAD], mime),
            metadata=_encoding(decoded),
            notices=decoded.notices,
        )


class CodeLoader:
    """Source code as it stands, with its programming language."""

    name = "code"
    version = "6"
    suffixes = frozenset(LANGUAGES)
    mimes = frozenset({"text/x-source"})

    def load(self, data: bytes, name: str) -> Document:
        """The whole text. Raises DocumentSkipped (`binary`, `minified`)."""
        decoded = decode(data, name)
        language = language_of(name)
        if language in _PACKED and is_minified(decoded.text):
            raise DocumentSkipped(
                f"{name} is minified: most of it stands in endless lines, which a program wrote",
                source=name,
                code="minified",
                remedy="`load.loaders: {PATTERN: text}` reads it all the same",
            )
        return Document(
            source=name,
            text=decoded.text,
            markup="code",
            mime="text/x-source",
            language=language,
            metadata=_encoding(decoded),
            notices=decoded.notices,
        )


def create() -> TextLoader:
    """The loader of text; it has no settings."""
    return TextLoader()


def create_code() -> CodeLoader:
    """The loader of source code; it has no settings."""
    return CodeLoader()


def _mime(name: str, text: str) -> str:
    path = PurePosixPath(name.lower())
    suffix = path.suffix
    if suffix == ".txt":  # Sphinx publishes its sources as `page.rst.txt`
        suffix = PurePosixPath(path.stem).suffix
    if suffix in _MIMES:
        return _MIMES[suffix]
    return "application/xml" if text.startswith("<?xml") else "text/plain"


def _title(head: str, mime: str) -> str | None:
    if mime == "text/x-rst":
        match = _RST_TITLE.search(head)
        return match[2].strip() if match else None
    if mime == "text/x-asciidoc":
        match = _ASCIIDOC_TITLE.search(head)
        return match[1].strip() if match else None
    return None


def _encoding(decoded: Decoded) -> dict[str, str]:
    return {} if decoded.encoding == "utf-8" else {"encoding": decoded.encoding}
