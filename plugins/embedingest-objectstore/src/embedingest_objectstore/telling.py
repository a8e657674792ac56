"""What a client of a store says of a failure, in one line: the store's own words, without times and addresses."""

from __future__ import annotations

import html
import re
from typing import Final

__all__ = ["told"]

_MOST: Final = 300
_CODE: Final = re.compile(r"<Code>([^<]+)</Code>")
_MESSAGE: Final = re.compile(r"<Message>([^<]+)</Message>")
_REQUEST: Final = re.compile(
    r"(?:Generic \w+ error: )?(?:Error performing list request: )?Error performing [A-Z]+ \S+ in \S+ - "
    r"(?:Server returned non-2xx status code: |HTTP error: )?"
)
_CAUSE: Final = re.compile(r'message: "([^"\\]+)"')
_BODY: Final = re.compile(r"\s*:?\s*<[?!\w].*", re.DOTALL)


def told(error: Exception) -> str:
    """`NoSuchBucket: The specified bucket does not exist`; of an answer without a code what the client says of it."""
    text, _, details = str(error).partition("\n\nDebug source:")
    if (code := _CODE.search(text)) is not None:
        message = _MESSAGE.search(text)
        return _line(code[1] if message is None else f"{code[1]}: {message[1]}")
    said = _line(_BODY.sub("", _REQUEST.sub("", text)))
    if (cause := _CAUSE.search(details)) is not None and cause[1] not in said:
        said = f"{said}: {cause[1]}"
    name = type(error).__name__
    return f"{name}: {said}" if said else name


def _line(text: str) -> str:
    lines = html.unescape(text).strip().splitlines()
    line = lines[0].rstrip(" :") if lines else ""
    return line if len(line) <= _MOST else f"{line[: _MOST - 1].rpartition(' ')[0]} …"
