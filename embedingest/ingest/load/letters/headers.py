"""How the headers of letters are read here: in any encoding, in linear time, and never so that it fails."""

from __future__ import annotations

import base64
import binascii
import email.policy
import quopri
import re
from typing import TYPE_CHECKING, Any, Final

from embedingest.errors import DocumentError
from embedingest.ingest.load.common.decode import decode
from embedingest.ingest.load.common.labels import web_codec

if TYPE_CHECKING:
    from email.message import Message

__all__ = ["FAILURES", "MAIL", "MOST_HEADER", "PAGE", "cut_headers", "file_name", "header"]

FAILURES: Final = (ValueError, LookupError, AttributeError, TypeError, ArithmeticError, RecursionError)
"""What the standard parser raises for headers that break every rule."""

MOST_HEADER: Final = 1 << 20
"""Characters that are read of a header; `cut_headers` counts those that have as many."""

_LONG: Final = 500
"""Characters of a header from which the standard parser, whose time grows faster than what it reads, is not asked."""

_MOST_VALUE: Final = 1000
_MOST_KEPT: Final = 4000
_PARAMETER: Final = re.compile(r';\s{0,9}([A-Za-z0-9_*-]{1,40})\s{0,9}=\s{0,9}("(?:[^"\\]|\\.)*+"?|[^;"]*+)', re.DOTALL)
_KEPT: Final = ("boundary", "charset", "name", "filename", "format", "delsp", "smime-type", "start", "type", "method")
_MOST_DIGITS: Final = 400
_ENDLESS: Final = re.compile(rf"([0-9]{{{_MOST_DIGITS}}})[0-9]+")


_ADDRESSES: Final = frozenset({"from", "to", "cc", "bcc", "sender", "reply-to"})
"""Headers of which the standard parser drops what stands in brackets."""

_ENCODED_WORD: Final = re.compile(r"=\?([^?\s*]{1,60})(?:\*[^?\s]{0,30})?\?([bBqQ])\?([^?]*+)\?=")
_NAMED: Final = re.compile(r'(?:file)?name\s*=\s*(?:"([^"]*)"|([^\s;]+))', re.IGNORECASE)


class _Short(email.policy.EmailPolicy):
    """Reads long headers by itself, as their words.

    A header that the standard parser fails at is given as it is written, numbers without end cut.
    """

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:MOST_HEADER]

    def header_fetch_parse(self, name: str, value: str) -> Any:
        if len(value) > _LONG:
            value = _ENDLESS.sub(r"\1", _read(_essential(name, value)))
            return value.encode("utf-8", "replace").decode()
        try:
            return super().header_fetch_parse(name, value)
        except FAILURES:
            return _ENDLESS.sub(r"\1", " ".join(value.split()))


class _Plain(email.policy.Compat32):
    """Headers as they are written, save numbers without end."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, _ENDLESS.sub(r"\1", _essential(name, value[:MOST_HEADER]))


MAIL: Final[Any] = _Short()
"""For messages: headers with their words decoded."""

PAGE: Final[Any] = _Plain()
"""For pages that are written like messages."""


def header(message: Message, field: str) -> str:
    """A header's words; one that breaks every rule is read as empty.

    Names that stand in brackets behind an address stay. Bytes beyond ASCII that stand in it bare are read in the
    encoding that they show, and labels of encoded words mean what browsers take them for.
    """
    try:
        value = str(message.get(field, ""))
    except FAILURES:
        return ""
    is_broken = "\ufffd" in value or any("\ud800" <= character <= "\udfff" for character in value)
    if is_broken or field.lower() in _ADDRESSES:
        raw = next((str(each) for name, each in message.raw_items() if name.lower() == field.lower()), "")
        if is_broken or "(" in raw or ('"' in value and '"' not in raw):  # a name in brackets; no address at all
            value = _read(raw) or value
    return " ".join(value.encode("utf-8", "replace").decode().split())


def cut_headers(message: Message) -> int:
    """How many headers of a message are longer than what is read of them."""
    return sum(len(str(value)) >= MOST_HEADER for _, value in message.raw_items())


def _essential(name: str, value: str) -> str:
    """A header; of a long one that says what a part is, only what is asked for here."""
    if len(value) <= _LONG or not name.lower().startswith("content-"):
        return value
    found = [value.partition(";")[0][:_MOST_VALUE]]
    room = _MOST_KEPT
    for match in _PARAMETER.finditer(value):
        if match[1].lower().startswith(_KEPT):
            found.append(f"{match[1]}={match[2].strip()[:_MOST_VALUE]}")
            room -= len(found[-1])
        if room < 0:
            break
    return "; ".join(found)


def file_name(part: Message) -> str:
    """What a part is called; empty where it says nothing."""
    name = part.get_filename() or ""
    if "\ufffd" not in name:
        return name
    for field in ("content-disposition", "content-type"):
        raw = next((str(each) for key, each in part.raw_items() if key.lower() == field), "")
        found = _NAMED.search(_read(raw))
        if found:
            return found[1] or found[2]
    return name


def _read(raw: str) -> str:
    """The words of a header as it is written; encoded words that follow each other are decoded together."""
    data = raw[:MOST_HEADER].encode("utf-8", "surrogateescape")
    try:
        text = decode(data, "").text
    except DocumentError:
        text = data.decode("latin-1")
    said: list[str] = []
    pending, codec, last = b"", "", 0
    for match in _ENCODED_WORD.finditer(text):
        between = text[last : match.start()]
        own = web_codec(match[1]) or "utf-8"
        if between.strip() or own != codec or not pending:
            said += [pending.decode(codec or "utf-8", "replace"), between if between.strip() or not pending else ""]
            pending = b""
        pending, codec, last = pending + _bytes_of(match[2], match[3]), own, match.end()
    return " ".join("".join([*said, pending.decode(codec or "utf-8", "replace"), text[last:]]).split())


def _bytes_of(kind: str, word: str) -> bytes:
    if kind in "qQ":
        return quopri.decodestring(word.encode("utf-8"), header=True)
    try:
        return base64.b64decode(word.encode("utf-8") + b"==")
    except binascii.Error:
        return word.encode("utf-8")
