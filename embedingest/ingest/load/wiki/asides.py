"""What stands in a wiki text by rules of its own: listings, formulas, notes, galleries. Set aside, put back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import MutableMapping

__all__ = ["MARK", "Aside", "set_aside"]

_OPEN: Final = re.compile(
    r"<!--|<(nowiki|pre|syntaxhighlight|source|math|chem|ref|gallery|templatedata|score|timeline|graph|mapframe)"
    r"(?=[\s/>])([^<>]{0,1000}?)(/?)>",
    re.IGNORECASE,
)
MARK: Final = re.compile("\ue080(\\d+)\ue081")
"""Stands where something was set aside, with its place in the list."""
_LANGUAGE: Final = re.compile(r"lang\s*=\s*[\"']?([\w+#-]{1,40})", re.IGNORECASE)
_BLANKED: Final = ("\ue080", "\ue081", "\ue082", "\ue083")


class Aside(NamedTuple):
    """What was set aside: the tag's name, the language of a listing, and what stands in it."""

    kind: str
    language: str
    text: str


def set_aside(text: str, notices: MutableMapping[str, int]) -> tuple[str, list[Aside]]:
    """The text with a mark for each, and the list of them. Remarks are left out and counted in `notices`."""
    for mark in _BLANKED:
        text = text.replace(mark, "")
    lower = text.lower()
    if len(lower) != len(text):  # letters that grow when they are made small would shift what follows
        lower = "".join(character if len(character.lower()) != 1 else character.lower() for character in text)
    parts: list[str] = []
    asides: list[Aside] = []
    unended: set[str] = set()
    at = done = 0
    while match := _OPEN.search(text, at):
        at = match.end()
        kind = (match[1] or "!--").lower()
        closer = "-->" if kind == "!--" else f"</{kind}>"
        if match[3] or (kind == "ref" and match[2].endswith("/")):
            parts.append(text[done : match.start()])
            done = at
            continue
        stop = -1 if closer in unended else lower.find(closer, at)
        if stop < 0:
            unended.add(closer)
            continue
        parts.append(text[done : match.start()])
        if kind == "!--":
            notices["comments_left_out"] = notices.get("comments_left_out", 0) + 1
        else:
            language = _LANGUAGE.search(match[2] or "")
            parts.append(f"\ue080{len(asides)}\ue081")
            asides.append(Aside(kind, language[1] if language else "", text[at:stop]))
        at = done = stop + len(closer)
    return "".join([*parts, text[done:]]), asides
