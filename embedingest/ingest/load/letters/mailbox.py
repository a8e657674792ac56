"""The messages of a mailbox (RFC 4155), and of a file of Apple Mail. Knows lines, no headers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from embedingest.numerals import whole

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["begins_mailbox", "messages"]

# A line that parts messages ends in a date of `ctime`, with or without a zone, or in one of ISO 8601.
_DATED: Final = (
    rb"From [^\n]{0,400}?(?:"
    rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[ ]{1,2}\d{1,2}[ ]{1,2}\d{1,2}:\d{2}(?::\d{2})?"
    rb"(?:[ ]{1,2}[A-Za-z0-9+:-]{1,9}){0,2}[ ]{1,2}\d{4}"
    rb"|\d{1,2},? (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec),? \d{4} \d{1,2}:\d{2}"
    rb"|\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2})[^\n]{0,200}\n"
)
_HEADER: Final = rb"(?:>?[!-9;-~]+[ \t]*:)"
_SEPARATOR: Final = re.compile(rb"(?m)^" + _DATED + rb"(?=" + _HEADER + rb")")
# Without a date only what begins every message tells a line that parts them from a sentence.
_UNDATED: Final = re.compile(
    rb"(?mi)^From [^\n]{0,400}\n(?=(?:Return-Path|Received|Delivered-To|From|To|Date|Subject|Message-ID|MIME-Version"
    rb"|Sender|Reply-To|Cc|Content-Type|Status|X-[!-9;-~]{1,60}|DKIM-Signature|Authentication-Results):)"
)
_QUOTED: Final = re.compile(rb"(?m)^>(?=>*From )")
_COUNT: Final = re.compile(rb"\A[ \t]*(\d{1,9999})[ \t]*\r?\n")
_BODY: Final = re.compile(rb"\n\r?\n")
_BLANK: Final = b"\xef\xbb\xbf \t\r\n"


def begins_mailbox(head: bytes) -> bool:
    """Whether a mailbox begins here, whatever its name: a `From ` line with a date, and a header below it."""
    return _SEPARATOR.match(head.lstrip(_BLANK)) is not None


def messages(data: bytes) -> Iterator[bytes]:
    """The messages of a mailbox, each without its `From ` line and its quoted ones; a single message as it is."""
    data = _without_count(data.lstrip(_BLANK))
    if not data.startswith(b"From "):
        yield data
        return
    pattern = _SEPARATOR if _SEPARATOR.match(data) else _UNDATED
    starts = [match for match in pattern.finditer(data) if _after_blank(data, match.start())]
    if not starts:
        yield data
        return
    for match, following in zip(starts, [*starts[1:], None], strict=True):
        end = len(data) if following is None else following.start()
        yield _QUOTED.sub(b"", data[match.end() : end])


def _without_count(data: bytes) -> bytes:
    """The message of a file of Apple Mail: its length stands above it, a property list below."""
    count = _COUNT.match(data)
    if count is None:
        return data
    message = data[count.end() : count.end() + whole(count[1].decode(), 0, most=len(data))]
    # A length that ends among the headers is no length of this message.
    return message if _BODY.search(message) else data[count.end() :]


def _after_blank(data: bytes, at: int) -> bool:
    return at == 0 or data[max(0, at - 4) : at].replace(b"\r", b"").endswith(b"\n\n")
