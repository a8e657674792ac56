"""Which loader reads a file: by settings, by its content where that is unmistakable, by its suffix. Loads nothing."""

from __future__ import annotations

import fnmatch
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from embedingest.errors import DocumentSkipped
from embedingest.ingest.load.common.compound import MARK as COMPOUND
from embedingest.ingest.load.common.decode import is_binary
from embedingest.ingest.load.common.languages import LANGUAGES
from embedingest.ingest.load.letters.mailbox import begins_mailbox
from embedingest.ingest.load.markup.begins_xml import begins_xml
from embedingest.ingest.load.markup.timed_lines import begins_timed
from embedingest.ingest.load.office.odf.flat import is_flat_sheet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["HEAD_BYTES", "REFUSED", "SUFFIXES", "choose"]

HEAD_BYTES: Final = 8192
"""How many first bytes of a file `choose` wants to see."""

SUFFIXES: Final[dict[str, str]] = {
    suffix: loader
    for loader, suffixes in {
        "text": ".txt .text .log .rst .rest .adoc .asciidoc .asc .ini .cfg .conf .toml .properties "
        ".diff .patch readme license copying authors changelog news todo notice",
        "markdown": ".md .markdown .mdown .mkd .mdx .qmd .rmd",
        "html": ".html .htm .xhtml",
        "code": " ".join(LANGUAGES),
        "pdf": ".pdf",
        "docx": ".docx .docm .dotx",
        "pptx": ".pptx .pptm .ppsx",
        "opendocument": ".odt .ott .odp .otp .odg .fodt .fodp .fodg",
        "sheet": ".xlsx .xlsm .xlsb .xls .ods .fods .ots",
        "csv": ".csv .tsv .tab .psv",
        "epub": ".epub",
        "notebook": ".ipynb",
        "mail": ".eml .emlx .mbox .mbx .msg .oft",
        "saved-page": ".mht .mhtml",
        "rtf": ".rtf",
        "wiki": ".wiki .mediawiki .wikitext",
        "xml": ".xml .svg .drawio .fb2 .enex .docbook .dbk .xlf .xliff .ttml .dfxp .tei .rss .atom .opml "
        ".dita .ditamap .bookmap",
        "cards": ".ics .ifb .vcs .vcf .vcard",
        "json": ".json .geojson .json5 .jsonc .webmanifest .har .avsc",
        "jsonl": ".jsonl .ndjson",
        "yaml": ".yaml .yml",
        "latex": ".tex .ltx .latex",
        "man": ".man .mdoc .roff",
        "org": ".org .org_archive",
        "catalog": ".po .pot",
        "captions": ".srt .vtt .ass .ssa .sbv .lrc",
        "gzip": ".gz .tgz .svgz",
        "bzip2": ".bz2 .tbz .tbz2",
        "xz": ".xz .txz .lzma",
        "zstd": ".zst .zstd .tzst",
    }.items()
    for suffix in suffixes.split()
}
"""Suffix (or whole lower-case name) to built-in loader; the same as the loaders' own `suffixes`, without imports."""

_ALSO_XML: Final = frozenset({".mm", ".ts"})  # mind maps and translations by the suffixes of source code
_ALSO_CUES: Final = frozenset({".sub", ".smi"})  # other programs have these suffixes too
_SECTION: Final = re.compile(r"\.(?:[1-9]|n)[a-z0-9]{0,8}\Z")
_MANUAL: Final = re.compile(rb"(?m)^[.'][ \t]*(?:TH|Dd|SH|Sh)[ \t\r\n]")
_RTF: Final = re.compile(rb"\\[a-z]{1,32}-?[0-9]{0,10}(?=[ \\{};\r\n])")
_LEAST_CONTROLS: Final = 4  # control words at a file's beginning, where its end is not seen
_OBJECT: Final = re.compile(rb"\d\s+obj\b|/Linearized|\bxref\b")
_PDF_LINE: Final = re.compile(rb"\A%PDF-\d\.\d\s*?(?:[\r\n]|\Z)")
_XML: Final = re.compile(rb"<\?xml\s[^<>]{0,400}\?>")
_CONTROL: Final = re.compile(rb"[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f]")
_NUMBER: Final = re.compile(rb"[0-7 ]{1,7}[\0 ]{1,7}")

# Formats that are no text: a suffix of theirs is believed only where the content agrees.
_ZIPPED: Final = frozenset({"docx", "pptx", "opendocument", "sheet", "epub"})
_PACKED: Final = _ZIPPED | {"pdf", "rtf", "gzip", "bzip2", "xz", "zstd"}
_FOLDERS: Final = ((b"word/", "docx"), (b"ppt/", "pptx"), (b"xl/", "sheet"))
_INSIDE_ZIP: Final = (
    (b"mimetypeapplication/epub+zip", "epub"),
    (b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "sheet"),
    (b"mimetypeapplication/vnd.oasis.opendocument", "opendocument"),
)

_MEMBER: Final = b"PK\x03\x04"
_MEMBER_HEAD: Final = 30  # bytes before a member's name
_SIZE_BEHIND: Final = 0x8  # the flag of members whose size stands behind them
_MIMETYPE: Final = 200  # first bytes that hold the first member of a package that begins with its type

_OUTLOOK: Final = (".msg", ".oft")
_MESSAGE: Final = "__properties_version1.0".encode("utf-16-le")
_TNEF: Final = b"\x78\x9f\x3e\x22"

_COMPRESSED: Final = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"]\0\0", "xz"),
    (b"(\xb5/\xfd", "zstd"),
    (b"P*M\x18", "zstd"),  # a frame to be skipped, as the parallel program begins with one
)

REFUSED: Final = {
    ".doc": ("a Word document of 97-2003", "save it as DOCX, in Word or LibreOffice"),
    ".dot": ("a Word template of 97-2003", "save it as DOCX, in Word or LibreOffice"),
    ".ppt": ("a PowerPoint presentation of 97-2003", "save it as PPTX, in PowerPoint or LibreOffice"),
    ".pps": ("a PowerPoint presentation of 97-2003", "save it as PPTX, in PowerPoint or LibreOffice"),
    ".pages": ("a document of Apple iWork", "export it as DOCX, XLSX, PPTX or PDF"),
    ".numbers": ("a document of Apple iWork", "export it as DOCX, XLSX, PPTX or PDF"),
    ".key": ("a document of Apple iWork", "export it as DOCX, XLSX, PPTX or PDF"),
    ".slk": ("a table of control words", "save it as XLSX or CSV"),
    ".dif": ("a table of control words", "save it as XLSX or CSV"),
}
"""Suffixes of formats that are refused by name where the content agrees: what they are, and the way out."""

_CONTROLLED: Final = re.compile(rb"ID;P[^\r\n]*\r?\n[A-Z];|TABLE\r?\n0,1\r?\n")
"""How tables begin that are lines of control words: SYLK, and the Data Interchange Format."""

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
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
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
    lower = path.name.lower()
    named = SUFFIXES.get(lower) or SUFFIXES.get(PurePosixPath(lower).suffix)
    if named == "mail" and lower.endswith(_OUTLOOK) and not head.startswith(COMPOUND):
        named = None  # other programs call texts so
    kind = _packed(name, head, named)
    if kind is not None:
        return kind
    _refuse_foreign(name, head)
    if PurePosixPath(lower).suffix in _ALSO_XML and begins_xml(head):
        return "xml"
    if PurePosixPath(lower).suffix in _ALSO_CUES and begins_timed(head.decode("latin-1")):
        return "captions"
    if named is None and _is_manual(lower, head):
        return "man"
    if named is None or named in _PACKED:
        return _text_kind(head)  # plain text, whatever its suffix says
    return named


def _packed(name: str, head: bytes, named: str | None) -> str | None:
    """The loader of a format that its first bytes tell, whatever the suffix."""
    if _is_pdf(head, named):
        return "pdf"
    if _is_rtf(head, named):
        return "rtf"
    compressed = next((loader for mark, loader in _COMPRESSED if head.startswith(mark)), None)
    if compressed is not None and not (compressed == "bzip2" and _is_plain(head)):
        return compressed
    if head.startswith(COMPOUND):
        return "mail" if _MESSAGE in head else _compound(name, named)
    if head.startswith(_TNEF):
        return "mail"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zipped(name, head, named)
    if is_flat_sheet(head):
        return "sheet"
    if named == "opendocument" and b"<?xml" in head[:100].replace(b"\0", b""):
        return named  # the flat form, without a zip around it
    if named == "mail" or (named is None and begins_mailbox(head)):
        return "mail"  # attachments may stand in a message byte for byte
    if head[257:262] == b"ustar" and _NUMBER.fullmatch(head[148:156]):
        raise _archive(name)
    return None


def _is_pdf(head: bytes, named: str | None) -> bool:
    """Whether a PDF begins here. What stands before its mark is allowed, but not in a text that speaks of PDF."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n\f\0")
    if start.startswith(b"%PDF-"):  # a line of words that begins so may be a text's
        return named == "pdf" or not _is_plain(head) or any(each.search(start) for each in (_PDF_LINE, _OBJECT))
    return b"%PDF-" in head[:1024] and (named == "pdf" or not _is_plain(head))


def _is_rtf(head: bytes, named: str | None) -> bool:
    """Whether rich text begins here: a text that only speaks of it goes on with words, and closes no brace."""
    if not head.startswith(b"{\\rtf"):
        return False
    return named == "rtf" or len(_RTF.findall(head)) >= _LEAST_CONTROLS or head.rstrip(b" \t\r\n\0").endswith(b"}")


def _is_manual(lower: str, head: bytes) -> bool:
    """Whether a manual page begins here: what ends in a number may also be a log, so its requests say it."""
    if not head.startswith((b".", b"'")) and not _SECTION.search(lower):
        return False
    return _MANUAL.search(head) is not None or (_SECTION.search(lower) is not None and head.startswith(b".so "))


def _is_plain(head: bytes) -> bool:
    """Whether no byte here is a control character that texts do not hold."""
    return not _CONTROL.search(head)


def _compound(name: str, named: str | None) -> str:
    """OLE files: sheets and messages are read; DOCX and PPTX loaders say whether theirs is encrypted or merely old."""
    if named in {"sheet", "docx", "pptx", "mail"}:
        return named
    suffix = PurePosixPath(name.lower()).suffix
    what, remedy = REFUSED.get(suffix, ("a file of Office 97-2003 or like it", "save it in a current format"))
    raise DocumentSkipped(f"{name} is {what}", source=name, code="unsupported", remedy=remedy)


def _zipped(name: str, head: bytes, named: str | None) -> str:
    if named in _ZIPPED:
        return named
    for mark, loader in _INSIDE_ZIP:
        if mark in head[:_MIMETYPE]:
            return loader
    for member in _members(head):
        for folder, loader in _FOLDERS:
            if member.startswith(folder):
                return loader
    suffix = PurePosixPath(name.lower()).suffix
    if suffix in {".pages", ".numbers", ".key"}:
        what, remedy = REFUSED[suffix]
        raise DocumentSkipped(f"{name} is {what}", source=name, code="unsupported", remedy=remedy)
    raise _archive(name)


def _members(head: bytes) -> Iterator[bytes]:
    """The names of a zip file's first members; what a member holds, as a document that is not packed, is none of it."""
    at = 0
    while at >= 0 and head[at : at + 4] == _MEMBER and len(head) >= at + _MEMBER_HEAD:
        flags, packed = (
            int.from_bytes(head[at + 6 : at + 8], "little"),
            int.from_bytes(head[at + 18 : at + 22], "little"),
        )
        name, extra = (int.from_bytes(head[at + place : at + place + 2], "little") for place in (26, 28))
        begin = at + _MEMBER_HEAD
        yield head[begin : begin + name].replace(b"\\", b"/")
        begin += name + extra
        at = head.find(_MEMBER, begin) if flags & _SIZE_BEHIND and not packed else begin + packed


def _archive(name: str) -> DocumentSkipped:
    suffix = PurePosixPath(name.lower()).suffix or ".zip"
    return DocumentSkipped(
        f"{name} is an archive",
        source=name,
        code="archive",
        remedy=f'to read archives as folders, set `load: {{loaders: {{"*{suffix}": archive}}}}`',
    )


def _refuse_foreign(name: str, head: bytes) -> None:
    suffix = PurePosixPath(name.lower()).suffix
    if suffix in {".slk", ".dif"} and _CONTROLLED.match(head):
        what, remedy = REFUSED[suffix]
        raise DocumentSkipped(f"{name} is {what}", source=name, code="unsupported", remedy=remedy)
    for mark, what in _FOREIGN:
        # A mark of letters alone is also a word that a text begins with: the bytes after it must be none of a text.
        if head.startswith(mark) and not (mark.isalnum() and _is_plain(head)):
            raise DocumentSkipped(f"{name} is {what}, not text", source=name, code="binary")
    media = head[4:8] == b"ftyp" or (head[:4] == b"RIFF" and head[8:12] in {b"WAVE", b"AVI ", b"WEBP"})
    if media and not _is_plain(head):
        raise DocumentSkipped(f"{name} is a picture, recording or film, not text", source=name, code="binary")
    if is_binary(head):
        raise DocumentSkipped(f"{name} holds binary data, not text", source=name, code="binary")


def _text_kind(head: bytes) -> str:
    """Text of an unknown suffix: a web page, a script or a message by its first line, else plain text."""
    start = head.lstrip()[:200].lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "html"
    if _XML.match(head.lstrip()[:500]):
        return "html" if b"<html" in head.lower() else "xml"
    if start.startswith(b"#!"):
        return "code"
    if start.startswith((b"return-path: ", b"received: from ", b"delivered-to: ", b"mime-version: 1.0")):
        return "mail"
    return "xml" if begins_xml(head) else "text"
