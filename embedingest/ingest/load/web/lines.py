"""Source lines for a parser that keeps none: start tags are given the line they stand on before the page is parsed.

Knows tags by their spelling only; a tag inside a script, a comment or an attribute is marked too, which harms nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from embedingest.ingest.load.web.index import Index

__all__ = ["LINE", "numbered", "take_out_of_words", "unnumbered"]

LINE: Final = "_line_"
"""An attribute that no page has: a short one, since every block bears it."""


_TAGS: Final = (
    r"<(?:("
    r"p(?:re)?|d(?:iv|[dlt]|etails)|li|h(?:[1-6r]|eader)|t(?:r|able)|ul|ol|s(?:ection|ummary)|a(?:rticle|ddress|side)"
    r"|b(?:ody|lockquote)|c(?:aption|enter)|f(?:igure|igcaption|ooter|orm)|main"
    r")(?=[\s/>])([^<>]*+>)"
    r"|(/(?:script|style|svg|button|select|template|noscript|iframe|object|dialog|nav|table)\s*+>"
    r"|!--[\s\S]*?(?:-->|\Z)))"  # one that nothing closes holds the rest of the page
)
"""A tag that is given its line (its name, and what follows it), or what holds no words, to its end."""

_LOWER: Final = re.compile(_TAGS)
_ANY: Final = re.compile(_TAGS, re.IGNORECASE)  # takes twice as long
_TAGS_ARE_WORDS: Final = "textarea, title, xmp, plaintext, noembed, noframes"
_MARK: Final = re.compile(rf"<link {LINE}=\d+>| {LINE}=\d+")


def numbered(source: str, *, capitals: bool) -> str:
    """The page with the lines of its blocks written into them, and into a <link> behind what holds no words.

    Tags in capital letters are looked for where the page has `capitals`.
    """
    pieces = (_ANY if capitals else _LOWER).split(source)
    parts = [pieces[0]]
    line = 1 + pieces[0].count("\n")
    for name, rest, other, after in zip(pieces[1::4], pieces[2::4], pieces[3::4], pieces[4::4], strict=True):
        if other is not None:
            line += other.count("\n")
            parts.append(f"<{other}<link {LINE}={line}>{after}")
        else:
            if "\n" in rest:
                line += rest.count("\n")
            # The parser drops a line feed behind <pre>.
            first = line + 1 if name[1:2] in "rR" and name.lower() == "pre" and after.startswith("\n") else line
            parts.append(f"<{name} {LINE}={first}{rest}{after}")
        line += after.count("\n")
    return "".join(parts)


def take_out_of_words(page: Index) -> None:
    """Take the marks out of elements in which tags are words, such as a text field with the code of a page."""
    for node in page.find(_TAGS_ARE_WORDS):
        inner = node.first_child
        if inner is not None and LINE in (words := inner.text_content or ""):
            inner.replace_with(unnumbered(words))


def unnumbered(text: str) -> str:
    """Without marks that ended up in words, as in the title of a page that tells of tags."""
    return _MARK.sub("", text) if LINE in text else text
