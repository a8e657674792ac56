"""Messages, appointments and contacts as Outlook keeps them (MAPI): their properties as a message of MIME.

Knows what the properties mean; the files that hold them are `msg`'s and `tnef`'s.
"""

from __future__ import annotations

import base64
import datetime as dt
import email
import re
from dataclasses import dataclass, field
from email.message import Message
from email.utils import format_datetime
from typing import Any, Final

from embedingest.ingest.load.common.labels import codec_of_codepage
from embedingest.ingest.load.letters.headers import MAIL, MOST_HEADER, PAGE, header
from embedingest.ingest.load.letters.packed_rtf import unpacked_rtf

__all__ = ["Item", "to_message"]

TEXT, WIDE, BINARY, OBJECT, TIME = 0x1E, 0x1F, 0x102, 0x0D, 0x40
_SUBJECT, _SENT, _RECEIVED, _HEADERS, _ID, _ANSWERS = 0x37, 0x39, 0xE06, 0x7D, 0x1035, 0x1042
_FROM, _FROM_ADDRESS, _FROM_SMTP, _TO, _CC = 0xC1A, 0xC1F, 0x5D01, 0xE04, 0xE03
_PLAIN, _HTML, _RTF = 0x1000, 0x1013, 0x1009
_NAME, _ADDRESS, _SMTP, _KIND = 0x3001, 0x3003, 0x39FE, 0xC15
_DATA, _FILE, _LONG_FILE, _MIME = 0x3701, 0x3704, 0x3707, 0x370E
_CODEPAGE, _BODY_CODEPAGE, _LANGUAGE = 0x3FFD, 0x3FDE, 0x3FF1
_OF_LANGUAGES: Final = {
    1: "cp1256", 2: "cp1251", 5: "cp1250", 8: "cp1253", 13: "cp1255", 14: "cp1250", 17: "cp932", 18: "cp949",
    21: "cp1250", 24: "cp1250", 25: "cp1251", 26: "cp1250", 27: "cp1250", 30: "cp874", 31: "cp1254", 34: "cp1251",
    35: "cp1251", 36: "cp1250", 37: "cp1257", 38: "cp1257", 39: "cp1257", 42: "cp1258", 0x404: "big5hkscs",
    0x804: "gb18030", 0xC04: "big5hkscs",
}  # fmt: skip
"""By the number that Windows has for a language, or its lower ten bits."""

_FACTS: Final[tuple[tuple[str, int], ...]] = (
    ("Start", 0x820D), ("End", 0x820E), ("Location", 0x8208), ("Due", 0x8105), ("Organization", 0x3A16),
    ("Title", 0x3A17), ("Phone", 0x3A08), ("Phone", 0x3A09), ("Phone", 0x3A1C), ("E-mail", 0x8083),
    ("Address", 0x801B), ("Address", 0x801A),
)  # fmt: skip
"""Of appointments, tasks and contacts; from 0x8000 on the numbers are names that a file gives numbers of its own."""

_NAMES: Final = frozenset(number for _, number in _FACTS if number >= 0x8000)
_PLAIN_NAME: Final = re.compile(r"[\w .'’-]+")
_EPOCH: Final = dt.datetime(1601, 1, 1, tzinfo=dt.UTC)
_BINARY_KIND: Final = "application/octet-stream"


@dataclass(slots=True)
class Item:
    """A message, an attachment or somebody who gets it: type and bytes of each property by its number.

    `names` are the numbers that properties of _NAMES have here; `inner` is a message that is attached.
    """

    properties: dict[int, tuple[int, bytes]] = field(default_factory=dict)
    names: dict[int, int] = field(default_factory=dict)
    attachments: list[Item] = field(default_factory=list)
    recipients: list[Item] = field(default_factory=list)
    inner: Item | None = None
    codec: str = "cp1252"

    def text(self, number: int) -> str:
        """The words of a property, without what ends them; empty where it has none."""
        kind, raw = self.properties.get(number, (0, b""))
        if kind == WIDE:
            return raw[: len(raw) // 2 * 2].decode("utf-16-le", "replace").rstrip("\0")
        if kind != TEXT:
            return ""
        try:
            return raw.decode(self.codec).rstrip("\0")
        except UnicodeDecodeError:  # some name UTF-8, which is the encoding of another part
            return raw.decode("cp1252", "replace").rstrip("\0")

    def number(self, number: int) -> int:
        """The lower four bytes of a property, or zero."""
        return int.from_bytes(self.properties.get(number, (0, b""))[1][:4], "little")

    def moment(self, number: int) -> dt.datetime | None:
        """A time in UTC."""
        kind, raw = self.properties.get(number, (0, b""))
        try:
            return _EPOCH + dt.timedelta(microseconds=int.from_bytes(raw[:8], "little") // 10) if kind == TIME else None
        except OverflowError:
            return None

    def find_codec(self, outer: str = "cp1252") -> None:
        """Take the encoding that the message names for texts of one byte a character, or that of its language.

        Where it tells neither, that of the message around it holds.
        """
        language = self.number(_LANGUAGE)
        of_language = _OF_LANGUAGES.get(language) or _OF_LANGUAGES.get(language & 0x3FF)
        named = _codec(self.number(_CODEPAGE)) or of_language
        self.codec = named or ("" if language else _codec(self.number(_BODY_CODEPAGE))) or outer


def _codec(number: int) -> str:
    return (number and codec_of_codepage(number)) or ""


def to_message(item: Item) -> Message:
    """The same as a message of MIME: headers, one text in the forms it has, attachments, messages within."""
    message: Message[Any, Any] = Message(policy=PAGE)
    for name, value in _headers(item).items():
        if value:
            message[name] = " ".join(value.encode("utf-8", "replace").decode().split())[:MOST_HEADER]
    message["Content-Type"] = "multipart/mixed"
    facts = _facts(item)
    parts: list[Message | str] = [_part("text/plain", facts.encode("utf-8", "replace"), "utf-8")] if facts else []
    parts += [_alternatives(item), *(_attachment(each) for each in item.attachments)]
    message.set_payload(parts)
    return message


def _headers(item: Item) -> dict[str, str]:
    given = email.message_from_string(item.text(_HEADERS), policy=MAIL)
    moment = item.moment(_SENT) or item.moment(_RECEIVED)
    found = {
        "Subject": item.text(_SUBJECT),
        "From": _person(item.text(_FROM), item.text(_FROM_SMTP) or item.text(_FROM_ADDRESS)),
        "To": _recipients(item, 1) or item.text(_TO),
        "Cc": _recipients(item, 2) or item.text(_CC),
        "Date": "" if moment is None else format_datetime(moment),
        "Message-ID": item.text(_ID),
        "In-Reply-To": item.text(_ANSWERS),
    }
    return {name: value.strip() or header(given, name) for name, value in found.items()}


def _recipients(item: Item, kind: int) -> str:
    people = (each for each in item.recipients if each.number(_KIND) & 0xF == kind)
    said = (_person(each.text(_NAME), each.text(_SMTP) or each.text(_ADDRESS)) for each in people)
    return ", ".join(person for person in said if person)


def _person(name: str, address: str) -> str:
    """Addresses within Exchange are paths, and say nothing to a person."""
    name, address = name.strip(" '\""), address.strip() if "@" in address and not address.startswith("/") else ""
    if not address or name == address:
        return name or address
    return f"{name} <{address}>" if _PLAIN_NAME.fullmatch(name) else f'"{name.replace(chr(34), chr(39))}" <{address}>'


def _facts(item: Item) -> str:
    lines: dict[str, None] = {}
    for label, number in _FACTS:
        here = item.names.get(number, -1) if number in _NAMES else number
        moment = item.moment(here)
        said = item.text(here) if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"
        if said.strip():
            lines[f"{label}: {' '.join(said.split())}"] = None
    return "\n".join(lines)


def _alternatives(item: Item) -> Message:
    """The text in plain words and in HTML; in rich text only where it has neither."""
    parts: list[Message | str] = []
    if item.text(_PLAIN).strip():
        parts.append(_part("text/plain", item.text(_PLAIN).encode("utf-8", "replace"), "utf-8"))
    kind, html = item.properties.get(_HTML, (0, b""))
    if kind == WIDE:
        parts.append(_part("text/html", item.text(_HTML).encode("utf-8", "replace"), "utf-8"))
    elif html.strip(b"\0"):
        parts.append(_part("text/html", html.rstrip(b"\0"), _codec(item.number(_BODY_CODEPAGE))))
    if not parts and _RTF in item.properties:
        parts.append(_part("text/rtf", unpacked_rtf(item.properties[_RTF][1])))
    whole: Message[Any, Any] = Message(policy=PAGE)
    whole["Content-Type"] = "multipart/alternative"
    whole.set_payload(parts)
    return whole


def _attachment(item: Item) -> Message:
    name = " ".join((item.text(_LONG_FILE) or item.text(_FILE) or item.text(_NAME)).split())
    data = item.properties.get(_DATA, (0, b""))[1]
    if item.inner is not None:
        part: Message[Any, Any] = Message(policy=PAGE)
        part["Content-Type"] = "message/rfc822"
        part.set_payload([to_message(item.inner)])
        name = " ".join(item.inner.text(_SUBJECT).split()) or name
        name = f"{name}.eml" if name and not name.lower().endswith(".eml") else name
    elif item.text(_MIME).lower() == "multipart/signed":  # all that the message holds, and its signature
        return email.message_from_bytes(data, policy=MAIL)
    else:
        part = _part(_BINARY_KIND, data)
    part.add_header("Content-Disposition", "attachment", **({"filename": name} if name else {}))
    return part


def _part(kind: str, data: bytes, charset: str = "") -> Message:
    part: Message[Any, Any] = Message(policy=PAGE)
    part["Content-Type"] = f'{kind}; charset="{charset}"' if charset else kind
    part["Content-Transfer-Encoding"] = "base64"
    part.set_payload(base64.b64encode(data).decode("ascii"))
    return part
