"""The parts of a message: what is its text, what was attached, in every nesting. Knows MIME, no mailboxes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.errors import CloseBoundaryNotFoundDefect
from typing import TYPE_CHECKING, Any, Final

from embedingest.errors import DocumentError
from embedingest.ingest.load.common.decode import decode
from embedingest.ingest.load.common.labels import web_codec
from embedingest.ingest.load.encoded.armour import without_armour
from embedingest.ingest.load.encoded.data import without_data
from embedingest.ingest.load.html import read
from embedingest.ingest.load.letters.alternatives import lacking, more
from embedingest.ingest.load.letters.cards import to_text
from embedingest.ingest.load.letters.flowed import unflowed
from embedingest.ingest.load.letters.headers import FAILURES, file_name
from embedingest.ingest.load.letters.mapi import to_message
from embedingest.ingest.load.letters.tnef import read_tnef
from embedingest.ingest.load.rtf import RtfLoader
from embedingest.ingest.notices import add_notices

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Parts", "collect", "words_of"]

_MOST: Final = 2000
_BODY: Final = frozenset(
    {"text/plain", "text/html", "text/enriched", "text/richtext", "text/rfc822-headers", "text/calendar", "text/rtf"}
)
_OUTLOOK: Final = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_MESSAGES: Final = "message/"  # forwarded whole, in parts, or as a word of where it lies
_REPORTS: Final = frozenset({"message/delivery-status", "message/disposition-notification"})
_SIGNATURES: Final = frozenset({"application/pgp-signature", "application/pkcs7-signature"})
_SEALED: Final = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_TOLD: Final = 5
_GAP: Final = re.compile(r"\n{3,}")
_ENRICHED: Final = re.compile(r"<(?!<)[^<>]*>")
_RICH_SIGNS: Final = {"<nl>": "\n", "<lt>": "<<"}  # commands of richtext that print something


@dataclass(slots=True)
class Parts:
    """Of a part and all within it: its texts in their order, name and bytes of what is attached.

    `asides` are texts that hold beside every alternative: calendars. `packed` is what Outlook says once more for
    itself. `plain` says that no text was HTML; `notices` are of the texts.
    """

    texts: list[str] = field(default_factory=list)
    asides: list[str] = field(default_factory=list)
    attached: list[tuple[str, bytes]] = field(default_factory=list)
    packed: list[Parts] = field(default_factory=list)
    plain: bool = True
    notices: dict[str, int] = field(default_factory=dict)

    @property
    def body(self) -> str:
        """All texts, a blank line apart."""
        return "\n\n".join(stripped for text in [*self.texts, *self.asides] if (stripped := text.strip("\n")).strip())


def collect(message: Any, notices: dict[str, int], *, unpack: bool = True) -> Parts:
    """What a message holds. Of alternatives one is its text; what is attached to any of them is kept.

    `unpack=False` leaves what Outlook packed for itself an attachment.
    """
    reader = _Reader(notices, unpack=unpack)
    stack: list[tuple[str, Iterator[Any], list[Parts]]] = [("mixed", iter([message]), [])]
    while True:
        kind, parts, results = stack[-1]
        part = next(parts, None)
        if part is None:
            stack.pop()
            whole = _chosen(results) if kind == "alternative" else _joined(results)
            if not stack:
                whole = _with_packed(whole)
                add_notices(notices, whole.notices)
                return whole
            stack[-1][2].append(whole)
        elif part.is_multipart() and part.get_content_maintype() == "multipart":
            if any(isinstance(defect, CloseBoundaryNotFoundDefect) for defect in part.defects):
                notices["cut_off"] = 1
            stack.append((part.get_content_subtype(), iter(part.get_payload()), []))
        else:
            results.append(reader.leaf(part, root=part is message))


def words_of(part: Any, notices: dict[str, int]) -> str:
    """A text part in the charset it names, else in the one its bytes show."""
    data = part.get_payload(decode=True) or b""
    try:
        text = data.decode(web_codec(str(part.get_content_charset("utf-8"))) or "")
    except (LookupError, UnicodeDecodeError):
        try:
            decoded = decode(data, "")
        except DocumentError:
            add_notices(notices, {"undecodable": len(data)})
            return ""
        add_notices(notices, decoded.notices)
        text = decoded.text
    return str(text).removeprefix("\ufeff").replace("\0", "").replace("\r\n", "\n")


class _Reader:
    """Reads the parts that hold no others, at most so many, and counts what it cannot read."""

    def __init__(self, notices: dict[str, int], *, unpack: bool) -> None:
        self._notices: Final = notices
        self._unpack: Final = unpack
        self._parts = 0
        self._attached = 0

    def leaf(self, part: Any, *, root: bool) -> Parts:
        self._parts += 1
        if self._parts > _MOST:
            add_notices(self._notices, {"attachments_left_out": 1})
            return Parts()
        try:
            return self._read(part, root=root)
        except FAILURES:  # so the standard parser fails, with headers that break every rule
            add_notices(self._notices, {"inner_corrupt": 1})
            return Parts()

    def _read(self, part: Any, *, root: bool) -> Parts:
        kind = part.get_content_type()
        name = file_name(part)
        shown = part.get_content_disposition() != "attachment" and (root or not name)
        if kind in _REPORTS:
            return Parts([_report(part, self._notices)])
        if shown and kind.startswith("multipart/"):  # with no boundary to part it by
            return Parts([words_of(part, self._notices)])
        if shown and kind in _BODY:
            return self._text(part, kind)
        if self._unpack and (kind in _OUTLOOK or name.lower() == "winmail.dat"):
            return self._packed(part, name)
        if kind in _SIGNATURES:
            add_notices(self._notices, {"signatures_left_out": 1})
            return Parts()
        if kind == "application/pgp-encrypted":  # says only that the next part is encrypted
            return Parts()
        if kind in _SEALED:
            signed = part.get_param("smime-type") == "signed-data"
            add_notices(self._notices, {"inner_unsupported" if signed else "inner_encrypted": 1})
            return Parts()
        self._attached += 1
        usual = f"message-{self._attached}.eml" if _is_message(part, kind) else f"part-{self._attached}"
        return Parts(attached=[(name.replace("/", "_") or usual, _bytes(part, kind))])

    def _packed(self, part: Any, name: str) -> Parts:
        try:
            item = read_tnef(part.get_payload(decode=True) or b"", name)
        except DocumentError as error:
            add_notices(self._notices, {f"inner_{error.code}": 1})
            return Parts()
        return Parts(packed=[collect(to_message(item), self._notices, unpack=False)])

    def _text(self, part: Any, kind: str) -> Parts:
        if kind == "text/rtf":
            return _rich(part, self._notices)
        text = words_of(part, self._notices)
        if kind == "text/html":
            page = read(text, book=True)  # a message has no frame around it
            return Parts([page.text], plain=False, notices=page.notices)
        if kind == "text/calendar":
            return Parts(asides=[to_text(text, self._notices)])
        if kind in {"text/enriched", "text/richtext"}:
            for command, sign in _RICH_SIGNS.items() if kind == "text/richtext" else ():
                text = text.replace(command, sign)
            text = "<".join(_ENRICHED.sub("", piece) for piece in text.split("<<"))
        elif str(part.get_param("format", "")).lower() == "flowed":
            text = unflowed(text, delete_space=str(part.get_param("delsp", "")).lower() == "yes")
        text, sealed = without_armour(text)
        text, encoded = without_data(text)
        add_notices(self._notices, {**sealed, "encoded_data": sealed.get("encoded_data", 0) + encoded})
        return Parts([_GAP.sub("\n\n", text) if sealed or encoded else text])


def _rich(part: Any, notices: dict[str, int]) -> Parts:
    try:
        read_ = RtfLoader().load(part.get_payload(decode=True) or b"", "")
    except DocumentError as error:
        add_notices(notices, {f"inner_{error.code}": 1})
        return Parts()
    return Parts([read_.text], plain=False, notices=dict(read_.notices))


def _is_message(part: Any, kind: str) -> bool:
    """Whether a part is a message: a later piece of one that was cut up is words alone."""
    inner = part.get_payload()
    return kind.startswith(_MESSAGES) and (not isinstance(inner, list) or any(each.keys() for each in inner[:1]))


def _bytes(part: Any, kind: str) -> bytes:
    """What an attachment holds."""
    inner = part.get_payload()
    if kind.startswith(_MESSAGES) and isinstance(inner, list):
        return bytes(inner[0].as_bytes()) if inner else b""
    return bytes(part.get_payload(decode=True) or b"")


def _report(part: Any, notices: dict[str, int]) -> str:
    """The fields of a report on delivery, a block for each recipient."""
    blocks = part.get_payload()
    if not isinstance(blocks, list):
        return words_of(part, notices)
    return "\n\n".join("\n".join(f"{name}: {value}" for name, value in block.items()) for block in blocks)


def _joined(results: list[Parts]) -> Parts:
    """Parts one after the other."""
    whole = results[0] if results else Parts()
    for parts in results[1:]:
        whole.texts += parts.texts
        whole.asides += parts.asides
        whole.attached += parts.attached
        whole.packed += parts.packed
        whole.plain = whole.plain and parts.plain
        add_notices(whole.notices, parts.notices)
    return whole


def _with_packed(whole: Parts) -> Parts:
    """What Outlook packed is the text only where the message has none, or a plain one that lacks its words."""
    packed, whole.packed = whole.packed, []
    if not packed:
        return whole
    marked_up = not whole.plain and any(text.strip() for text in whole.texts)
    both = _chosen([whole, *packed])
    if marked_up:
        both.texts, both.plain, both.notices = whole.texts, whole.plain, whole.notices
    return both


def _chosen(results: list[Parts]) -> Parts:
    """The first alternative in plain text that says anything, else the first that does; attachments of all, once.

    A plain text that lacks words of the HTML, as one that only points to it, is not the text; its paragraphs that say
    something else stand below the HTML. More than a few words that the text lacks are counted.
    """
    said = [parts for parts in results if any(text.strip() for text in parts.texts)]
    best = next((parts for parts in said if parts.plain), said[0] if said else Parts())
    notices: dict[str, int] = {}
    for other in said if best.plain else []:
        plain, marked_up = "\n\n".join(best.texts), "\n\n".join(other.texts)
        missing, is_text = (0, False) if other.plain else lacking(plain, other.texts)
        if is_text:
            kept, count = more(plain, marked_up)
            best = Parts([*other.texts, *kept], plain=False, notices=dict(other.notices))
            notices = {"words_left_out": count}
            break
        if missing >= _TOLD:
            notices = {"words_left_out": missing}
    whole = Parts(list(best.texts), plain=best.plain, notices=dict(best.notices))
    add_notices(whole.notices, notices)
    attached: dict[tuple[str, bytes], None] = {}
    for parts in results:
        whole.asides += parts.asides
        whole.packed += parts.packed
        attached |= dict.fromkeys(parts.attached)
    whole.attached = list(attached)
    return whole
