"""What a title says, whatever numbers it. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

__all__ = ["ends_in", "plain", "standing"]

_NUMBERING: Final = re.compile(
    r"^(?:(?i:chapter|appendix|part|section)\s+)?(?:(?:\d{1,3}|[A-Z])\.)*(?:\d{1,3}|[A-Z]|[IVXLC]{1,7})[.:)]?\s+"
)


def plain(line: str) -> str:
    """The title's words in small letters, without the number before them."""
    return " ".join(_NUMBERING.sub("", line.strip()).split()).lower()


def ends_in(line: str, title: str) -> bool:
    """Whether a line may say this plain title, whatever numbers it: whether its words are the last."""
    return " ".join(line.split()).lower().endswith(title)


def standing(wanted: Collection[str], pages: Iterable[list[str]]) -> set[str]:
    """Those of the plain titles that are a line of a page, or two."""
    endings: dict[str, list[str]] = {}
    for title in wanted:
        endings.setdefault(title.rpartition(" ")[2], []).append(title)
    found: set[str] = set()
    for lines in pages:
        lasts = [line.rpartition(" ")[2] for line in "\n".join(lines).lower().split("\n")]
        for place in [place for place, last in enumerate(lasts) if last in endings]:
            both = f"{lines[place - 1] if place else ''} {lines[place]}"
            if any(ends_in(both, title) for title in endings[lasts[place]]):  # what `plain` does takes long
                found |= {plain(lines[place]), plain(both)}
    return found & set(wanted)
