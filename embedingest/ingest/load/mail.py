"""Mail: messages and mailboxes as text, attachments as documents inside. Knows MIME through the standard library."""

from __future__ import annotations

import codecs
import email
from typing import TYPE_CHECKING, Any, Final, cast

from embedingest.errors import DocumentError
from embedingest.ingest.load.common.assembly import Assembly
from embedingest.ingest.load.common.budget import shared
from embedingest.ingest.load.common.compound import MARK as OUTLOOK
from embedingest.ingest.load.inner import Options, children
from embedingest.ingest.load.letters import headers
from embedingest.ingest.load.letters.mailbox import messages as each_message
from embedingest.ingest.load.letters.mapi import to_message
from embedingest.ingest.load.letters.msg import read_msg
from embedingest.ingest.load.letters.parts import collect
from embedingest.ingest.load.letters.tnef import MARK as PACKED
from embedingest.ingest.load.letters.tnef import read_tnef
from embedingest.ingest.notices import add_notices
from embedingest.types import Document

if TYPE_CHECKING:
    from email.message import EmailMessage

__all__ = ["MailLoader", "create"]

_HEADERS: Final = (("from", "From"), ("to", "To"), ("cc", "Cc"), ("date", "Date"))


class MailLoader:
    """One message (EML, EMLX, Outlook's MSG and winmail.dat) or many (MBOX).

    Each is a section under its subject, with a `message` span: its id. Plain text that says anything is preferred to
    HTML. `attachments=False` leaves attachments unread. `options` are settings of the loaders that read attachments,
    by loader name.
    """

    name = "mail"
    version = "19"
    suffixes = frozenset({".eml", ".emlx", ".mbox", ".mbx", ".msg", ".oft"})
    mimes = frozenset({"message/rfc822", "application/mbox", "application/vnd.ms-outlook", "application/ms-tnef"})

    def __init__(self, *, attachments: bool = True, options: Options | None = None) -> None:
        self._attachments = attachments
        self._options = options or {}

    def load(self, data: bytes, name: str) -> Document:
        """The text of the message or of all messages; a single message's headers are the metadata."""
        messages = _messages(data, name)
        if not any(message.keys() for message in messages):
            raise DocumentError(f"{name} holds no message: it has no headers", source=name, code="corrupt")
        assembly = Assembly()
        notices: dict[str, int] = {}
        attached: list[tuple[str, bytes]] = []
        for number, message in enumerate(messages, start=1):
            start = assembly.next
            subject = headers.header(message, "Subject") or "(no subject)"
            add_notices(notices, {"headers_cut": headers.cut_headers(message)})
            parts = collect(message, notices, unpack=not data.startswith(PACKED))
            _write(assembly, message, subject, parts.body)
            assembly.span(start, "heading", subject)
            assembly.span(start, "message", headers.header(message, "Message-ID") or str(number))
            attached += parts.attached
        if attached and not self._attachments:
            notices["attachments_left_out"] = notices.get("attachments_left_out", 0) + len(attached)
            attached = []
        single = len(messages) == 1
        return Document(
            source=name,
            has_lines=False,
            text=assembly.text,
            mime=_mime(data) if single else "application/mbox",
            title=headers.header(messages[0], "Subject") or None if single else None,
            spans=tuple(assembly.spans),
            metadata=_facts(messages[0]) if single else {"messages": len(messages)},
            notices=notices,
            children=_children(attached, name, notices, self._options),
        )


def create(*, attachments: bool = True, options: Options | None = None) -> MailLoader:
    """The loader of mail."""
    return MailLoader(attachments=attachments, options=options)


def _messages(data: bytes, name: str) -> list[EmailMessage]:
    """Those of a file, in whatever of its forms. Raises DocumentError (`corrupt`)."""
    if data.startswith(OUTLOOK):
        return [cast("EmailMessage", to_message(read_msg(data, name)))]
    if data.startswith(PACKED):
        return [cast("EmailMessage", to_message(read_tnef(data, name)))]
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # saved as text, by hand
        data = data.decode("utf-16", "replace").encode()
    return [_parse(part) for part in each_message(data)]


def _mime(data: bytes) -> str:
    if data.startswith(OUTLOOK):
        return "application/vnd.ms-outlook"
    return "application/ms-tnef" if data.startswith(PACKED) else "message/rfc822"


def _parse(data: bytes) -> EmailMessage:
    return cast("EmailMessage", email.message_from_bytes(data, policy=headers.MAIL))


def _facts(message: EmailMessage) -> dict[str, Any]:
    fields = {"subject": "Subject", **dict(_HEADERS), "message_id": "Message-ID", "in_reply_to": "In-Reply-To"}
    facts = {key: headers.header(message, field) for key, field in fields.items()}
    return {key: value for key, value in facts.items() if value}


def _write(assembly: Assembly, message: EmailMessage, subject: str, body: str) -> None:
    lines = [f"{field}: {value}" for _, field in _HEADERS if (value := headers.header(message, field))]
    assembly.add("\n".join([subject, *lines]))
    assembly.add(body)


def _children(
    attached: list[tuple[str, bytes]], name: str, notices: dict[str, int], options: Options
) -> tuple[Document, ...]:
    """Attachments share one budget, and draw on that of the archive or message around this one."""
    with shared(name) as budget:
        budget.count(len(attached))
        budget.take(sum(len(content) for _, content in attached))
        return children(attached, name, notices, options)
