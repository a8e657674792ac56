"""Mail: messages and mailboxes as text, attachments as documents inside. Knows MIME through the standard library."""

from __future__ import annotations

import email
import email.policy
import re
from typing import TYPE_CHECKING, Any, Final, cast

from embedingest.errors import DocumentError
from embedingest.ingest.load.common.assembly import Assembly
from embedingest.ingest.load.common.budget import shared
from embedingest.ingest.load.common.decode import decode
from embedingest.ingest.load.common.labels import web_codec
from embedingest.ingest.load.html import read
from embedingest.ingest.load.inner import Options, children
from embedingest.types import Document

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage

__all__ = ["MailLoader", "create"]

_FROM_LINE: Final = re.compile(rb"(?m)^From [^\n]*\n(?=[!-9;-~]+:)")
_HEADERS: Final = (("from", "From"), ("to", "To"), ("cc", "Cc"), ("date", "Date"))
_MAX_PARTS: Final = 2000
_MOST_HEADER: Final = 32_768
_BREAKS: Final = frozenset({b"", b"\n\n", b"\r\n"})


class _ShortHeaders(email.policy.EmailPolicy):
    """Reads the beginning of a header only: what the standard parser takes grows faster than the header does."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:_MOST_HEADER]


_POLICY: Final[Any] = _ShortHeaders()


class MailLoader:
    """One message (EML) or many (MBOX). Each is a section under its subject, with a `message` span: its id.

    Plain text is preferred to HTML. `attachments=False` leaves attachments unread. `options` are settings of
    the loaders that read attachments, by loader name.
    """

    name = "mail"
    version = "4"
    suffixes = frozenset({".eml", ".mbox", ".mbx"})
    mimes = frozenset({"message/rfc822", "application/mbox"})

    def __init__(self, *, attachments: bool = True, options: Options | None = None) -> None:
        self._attachments = attachments
        self._options = options or {}

    def load(self, data: bytes, name: str) -> Document:
        """The text of the message or of all messages; a single message's headers are the metadata."""
        messages = [_parse(part) for part in _split(data)]
        if not any(message.keys() for message in messages):
            raise DocumentError(f"{name} holds no message: it has no headers", source=name, code="corrupt")
        assembly = Assembly()
        notices: dict[str, int] = {}
        attached: list[tuple[str, bytes]] = []
        for number, message in enumerate(messages, start=1):
            start = assembly.next
            subject = _header(message, "Subject") or "(no subject)"
            _write(assembly, message, subject, notices)
            assembly.span(start, "heading", subject)
            assembly.span(start, "message", _header(message, "Message-ID") or str(number))
            attached += _attachments(message, notices)
        if attached and not self._attachments:
            notices["attachments_left_out"] = notices.get("attachments_left_out", 0) + len(attached)
            attached = []
        single = len(messages) == 1
        return Document(
            source=name,
            has_lines=False,
            text=assembly.text,
            mime="message/rfc822" if single else "application/mbox",
            title=_header(messages[0], "Subject") or None if single else None,
            spans=tuple(assembly.spans),
            metadata=_facts(messages[0]) if single else {"messages": len(messages)},
            notices=notices,
            children=_children(attached, name, notices, self._options),
        )


def create(*, attachments: bool = True, options: Options | None = None) -> MailLoader:
    """The loader of mail."""
    return MailLoader(attachments=attachments, options=options)


def _split(data: bytes) -> Iterator[bytes]:
    """The messages of a mailbox, each without its `From ` line; a single message as it is."""
    if not data.startswith(b"From "):
        yield data
        return
    matches = _FROM_LINE.finditer(data)
    starts = [match for match in matches if data[max(0, match.start() - 2) : match.start()] in _BREAKS]
    if not starts:
        yield data
        return
    for match, following in zip(starts, [*starts[1:], None], strict=True):
        end = len(data) if following is None else following.start()
        yield data[match.end() : end].replace(b"\n>From ", b"\nFrom ")


def _parse(data: bytes) -> EmailMessage:
    return cast("EmailMessage", email.message_from_bytes(data, policy=_POLICY))


def _header(message: EmailMessage, field: str) -> str:
    """A header's words; one that breaks every rule is read as empty."""
    try:
        value = str(message.get(field, ""))
    except (ValueError, IndexError, AttributeError, TypeError, RecursionError):  # so the standard parser fails
        return ""
    return " ".join(value.encode("utf-8", "replace").decode().split())


def _facts(message: EmailMessage) -> dict[str, Any]:
    fields = {"subject": "Subject", **dict(_HEADERS), "message_id": "Message-ID", "in_reply_to": "In-Reply-To"}
    facts = {key: _header(message, field) for key, field in fields.items()}
    return {key: value for key, value in facts.items() if value}


def _write(assembly: Assembly, message: EmailMessage, subject: str, notices: dict[str, int]) -> None:
    lines = [f"{field}: {value}" for _, field in _HEADERS if (value := _header(message, field))]
    assembly.add("\n".join([subject, *lines]))
    assembly.add(_body(message, notices))


def _body(message: EmailMessage, notices: dict[str, int]) -> str:
    try:
        part = message.get_body(("plain", "html"))
    except (KeyError, ValueError, AttributeError):
        part = None
    if part is None:
        return ""
    text = _content(part, notices)
    return read(text).text if part.get_content_type() == "text/html" else text.replace("\r\n", "\n")


def _content(part: Any, notices: dict[str, int]) -> str:
    """A text part in the charset it names, else in the one its bytes show."""
    data = part.get_payload(decode=True) or b""
    try:
        text = data.decode(web_codec(str(part.get_content_charset("utf-8"))) or "")
    except (LookupError, UnicodeDecodeError):
        try:
            decoded = decode(data, "")
        except DocumentError:
            notices["undecodable"] = notices.get("undecodable", 0) + len(data)
            return ""
        for reason, count in decoded.notices.items():
            notices[reason] = notices.get(reason, 0) + count
        text = decoded.text
    return str(text).replace("\0", "")


def _children(
    attached: list[tuple[str, bytes]], name: str, notices: dict[str, int], options: Options
) -> tuple[Document, ...]:
    """Attachments share one budget, and draw on that of the archive or message around this one."""
    with shared(name) as budget:
        budget.count(len(attached))
        budget.take(sum(len(content) for _, content in attached))
        return children(attached, name, notices, options)


def _attachments(message: EmailMessage, notices: dict[str, int]) -> list[tuple[str, bytes]]:
    """Name and bytes of everything that is not the body; a forwarded message is one of them."""
    attachments: list[tuple[str, bytes]] = []
    try:
        parts = list(message.iter_attachments())
    except (KeyError, AttributeError, ValueError):
        return attachments
    if len(parts) > _MAX_PARTS:
        notices["attachments_left_out"] = notices.get("attachments_left_out", 0) + len(parts) - _MAX_PARTS
    for number, part in enumerate(parts[:_MAX_PARTS], start=1):
        try:
            name = part.get_filename() or ""
            content = _content_bytes(part)
            if content is not None:
                usual = f"message-{number}.eml" if part.get_content_type() == "message/rfc822" else f"part-{number}"
                attachments.append((name.replace("/", "_") or usual, content))
        except (ValueError, LookupError, AttributeError, TypeError, UnicodeError):
            notices["inner_corrupt"] = notices.get("inner_corrupt", 0) + 1
    return attachments


def _content_bytes(part: Any) -> bytes | None:
    """What an attachment holds; `None` for a mere wrapper of other parts."""
    if part.get_content_type() == "message/rfc822":
        inner = part.get_payload()
        return bytes(inner[0].as_bytes()) if inner else b""
    return None if part.is_multipart() else bytes(part.get_payload(decode=True) or b"")
