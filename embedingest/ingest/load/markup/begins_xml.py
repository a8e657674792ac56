"""Whether XML begins in a file that does not say so. Knows no formats."""

from __future__ import annotations

import contextlib
import re
from typing import Final
from xml.parsers import expat

__all__ = ["begins_xml"]

_TYPED: Final = re.compile(rb"<!DOCTYPE\s+(?!html\b)[A-Za-z_][\w:.-]*\s+(?:PUBLIC|SYSTEM)\s")


class _Declared(Exception):  # noqa: N818 -- no error: entities are declared, which nothing here is to write out
    """The text declares an entity."""


def begins_xml(head: bytes) -> bool:
    """Whether the first bytes of a file, or all of it, are XML without a declaration.

    They begin with a document type other than a web page's, or the parser has no objection and an element has ended.
    """
    start = head[:400].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if not start.startswith(b"<"):
        return False
    if _TYPED.search(start):
        return True
    ended = 0

    def end(_: object) -> None:
        nonlocal ended
        ended += 1

    def entity(*_: object) -> None:
        raise _Declared

    parser = expat.ParserCreate()
    parser.EndElementHandler = end
    parser.EntityDeclHandler = entity
    with contextlib.suppress(_Declared, ValueError, LookupError):
        try:
            parser.Parse(head.lstrip() if b"\0" not in head else head, False)
        except expat.ExpatError:
            return False
        return ended > 0
    return True
