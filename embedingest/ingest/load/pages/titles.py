"""What a title says, whatever numbers it. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

__all__ = ["plain", "standing"]

_NUMBERING: Final = re.compile(
    r"^(?:(?i:chapter|appendix|part|section)\s+)?(?:(?:\d{1,3}|[A-Z])\.)*(?:\d{1,3}|[A-Z]|[IVXLC]{1,7})[.:)]?\s+"
)


def plain(line: str) -> str:
    """The title's words in small letters, without the number before them."""
    return " ".join(_NUMBERING.sub("", line.strip()).split()).lower()


def standing(wanted: Collection[str], pages: Iterable[list[str]]) -> set[str]:
    """Those of the plain titles that are a line of a page, or two."""
    endings = {title.rpartition(" ")[2] for title in wanted}
    found = set()
    for lines in pages:
        before = ""
        for line in lines:
            if line.rpartition(" ")[2].lower() in endings:  # nearly no line; what `plain` does takes long
                found |= {plain(line), plain(f"{before} {line}")}
            before = line
    return found & set(wanted)
