"""Catalogs of translations (gettext PO): each message with its translation, without the syntax around them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from embedingest.ingest.load.common.decode import decode
from embedingest.ingest.load.common.labels import web_codec
from embedingest.ingest.load.common.markdown_escape import escaped
from embedingest.ingest.load.markup.page import Page
from embedingest.types import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CatalogLoader", "create"]

_STRING: Final = re.compile(r'(msgctxt|msgid_plural|msgid|msgstr(?:\[\d{1,3}\])?)?[ \t]*"(.*)"[ \t]*$')
_ESCAPE: Final = re.compile(r"\\([ntrabvf\\\"'?])|((?:\\x[0-9a-fA-F]{2}|\\[0-7]{1,3})+)")
_BYTE: Final = re.compile(r"\\(?:x([0-9a-fA-F]{2})|([0-7]{1,3}))")
_LETTERS: Final = {"n": "\n", "t": "\t", "r": "", "a": "", "b": "", "v": "\n", "f": "\n", "?": "?"}
_CHARSET: Final = re.compile(rb"charset=([\w.:-]{1,40})")
_FIELDS: Final = {"language": "language", "project-id-version": "project", "last-translator": "translator",
                  "language-team": "team", "po-revision-date": "date"}  # fmt: skip
_TEMPLATES: Final = frozenset({"FULL NAME <EMAIL@ADDRESS>", "LANGUAGE <LL@li.org>", "YEAR-MO-DA HO:MI+ZONE"})


@dataclass(slots=True)
class _Entry:
    """One message: remarks about it, and the pieces of its texts by keyword, each with the line that it stands on."""

    remarks: list[tuple[int, str]] = field(default_factory=list)
    texts: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    flags: str = ""

    @property
    def is_header(self) -> bool:
        return "msgid" in self.texts and not self.said("msgid") and "msgctxt" not in self.texts

    def said(self, keyword: str) -> str:
        return "".join(piece for _, piece in self.texts.get(keyword, []))


class CatalogLoader:
    """Each message is a paragraph: remarks, context, the text, its translations. Obsolete ones are counted.

    The header is metadata. Places in programs and flags are no words; translations that are marked as uncertain
    (`fuzzy`) are read and counted, texts without a translation are counted.
    """

    name = "catalog"
    version = "2"
    suffixes = frozenset({".po", ".pot"})
    mimes = frozenset({"text/x-gettext-translation"})

    def load(self, data: bytes, name: str) -> Document:
        """The messages in their order. Raises DocumentSkipped (`binary`)."""
        text, notices = _decoded(data, name)
        page = Page()
        facts: dict[str, Any] = {}
        for entry in _entries(text, page):
            if entry.is_header and not facts:
                facts = _facts(entry.said("msgstr"))
                _write(page, _Entry(entry.remarks))
            else:
                _write(page, entry)
        return Document(
            source=name,
            text=page.text,
            markup="markdown",
            mime="text/x-gettext-translation",
            spans=page.line_spans(),
            metadata=facts,
            notices={**notices, **page.notices},
        )


def create() -> CatalogLoader:
    """The loader of catalogs of translations; it has no settings."""
    return CatalogLoader()


def _decoded(data: bytes, name: str) -> tuple[str, dict[str, int]]:
    """The text in the charset that the header names, where that fits."""
    label = _CHARSET.search(data[:16_384])
    codec = web_codec(label[1].decode("ascii")) if label else None
    if codec is not None:
        try:
            return data.decode(codec).removeprefix("\ufeff").replace("\r\n", "\n").replace("\0", "\ufffd"), {}
        except (UnicodeDecodeError, LookupError):
            pass
    decoded = decode(data, name)
    return decoded.text, dict(decoded.notices)


def _entries(text: str, page: Page) -> Iterator[_Entry]:
    """The messages; a new one begins with a remark, a context or a text behind a translation."""
    entry, keyword, obsolete = _Entry(), "", False
    for number, line in enumerate(map(str.strip, text.split("\n")), start=1):
        if line.startswith("#~"):
            # Each has one text to be translated.
            page.count("obsolete_messages", 1 if line[2:].lstrip().startswith("msgid ") else 0)
            obsolete = True
            continue
        if not line:
            continue
        match = _STRING.match(line) if line[0] != "#" else None
        begins = line[0] == "#" or (match is not None and match[1] in {"msgctxt", "msgid"})
        if begins and (any(key.startswith("msgstr") for key in entry.texts) or obsolete):
            yield entry
            entry, keyword, obsolete = _Entry(), "", False
        if line[0] == "#":
            _remark(entry, line, number)
        elif match is not None:
            keyword = match[1] or keyword
            entry.texts.setdefault(keyword, []).append((number, _ESCAPE.sub(_unescaped, match[2])))
        else:
            page.count("invalid_lines")
            entry.texts.setdefault(keyword, []).append((number, f"\n{line}"))
    yield entry


def _remark(entry: _Entry, line: str, number: int) -> None:
    kind = line[1:2]
    if kind == ",":
        entry.flags += line
    elif kind in {"", ".", " ", "\t"} or kind not in ":|=":
        words = line[2:].strip() if kind in {".", " ", "\t"} else line[1:].strip()
        if words:
            entry.remarks.append((number, words))


def _write(page: Page, entry: _Entry) -> None:
    page.part()
    for number, words in entry.remarks:
        page.line(escaped(words), number)
    for pieces in entry.texts.values():
        for number, line in _lines(pieces):
            page.line(escaped(line), number)
    translated = any(entry.said(key).strip() for key in entry.texts if key.startswith("msgstr"))
    page.count("untranslated_messages", int(bool(entry.said("msgid")) and not translated))
    page.count("fuzzy_messages", int("fuzzy" in entry.flags and translated))


def _lines(pieces: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """The lines of a text that say anything, each with the line of the file that it begins on."""
    begun = 0
    parts: list[str] = []
    for number, piece in [*pieces, (0, "\n")]:
        first, *more = piece.split("\n")
        if not parts:
            begun = number
        if first.strip() or parts:
            parts.append(first)
        for line in more:
            words = "".join(parts).strip()
            if words:
                yield begun, words
            begun, parts = number, [line] if line.strip() else []


def _facts(header: str) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for line in header.split("\n"):
        key, _, value = line.partition(":")
        value = value.strip()
        if key.strip().lower() in _FIELDS and value and value not in _TEMPLATES and not value.startswith("PACKAGE"):
            facts[_FIELDS[key.strip().lower()]] = value
    return facts


def _unescaped(match: re.Match[str]) -> str:
    if match[1]:
        return _LETTERS.get(match[1], match[1])
    codes = [int(code, 16) if code else int(octal, 8) & 255 for code, octal in _BYTE.findall(match[2])]
    return bytes(codes).decode("utf-8", "replace").replace("\0", "")
