"""Source lines for a parser that keeps none: start tags are given the line they stand on before the page is parsed.

Knows tags by their spelling only; a tag inside a script, a comment or an attribute is marked too, which harms nothing.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["LINE", "numbered", "unnumbered"]

LINE: Final = "data-line-of-file"

_TAGS: Final = (
    r"<(?:("
    r"p(?:re)?|d(?:iv|[dlt]|etails)|li|h(?:[1-6r]|eader)|t(?:r|able)|ul|ol|s(?:ection|ummary)|a(?:rticle|ddress|side)"
    r"|b(?:ody|lockquote)|c(?:aption|enter)|f(?:igure|igcaption|ooter|orm)|main"
    r")(?=[\s/>])[^<>]*+>"
    r"|/(?:script|style|svg|button|select|template|noscript|iframe|object|dialog|nav|table)\s*+>"
    r"|!--[\s\S]*?(?:-->|\Z))"  # one that nothing closes holds the rest of the page
)
_LOWER: Final = re.compile(_TAGS)
_ANY: Final = re.compile(_TAGS, re.IGNORECASE)  # takes twice as long
_MARK: Final = re.compile(rf"<link {LINE}=\d+>| {LINE}=\d+")


def numbered(source: str) -> str:
    """The page with the lines of its blocks written into them, and into a <link> behind what holds no words."""
    parts = []
    at, line = 0, 1
    upper = any(tag in source for tag in ("<P", "<DIV", "<BODY", "<LI", "<TD", "<H1"))
    for match in (_ANY if upper else _LOWER).finditer(source):
        end = match.end()
        line += source.count("\n", at, end)
        name = match.end(1)
        if name < 0:
            parts.append(f"{source[at:end]}<link {LINE}={line}>")
        else:
            # The parser drops a line feed right behind <pre>.
            dropped = len(match[1]) == 3 and source.startswith("\n", end)
            parts.append(f"{source[at:name]} {LINE}={line + dropped}{source[name:end]}")
        at = end
    parts.append(source[at:])
    return "".join(parts)


def unnumbered(text: str) -> str:
    """Without marks that ended up in words, as in the title of a page that tells of tags."""
    return _MARK.sub("", text) if LINE in text else text
