"""Which language a listing of a page says that it is in. Knows classes only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.common.languages import LANGUAGES

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

__all__ = ["language_of_listing"]

_LANGUAGE: Final = re.compile(
    r"(?:^|\s)(?:(?:language|lang|highlight(?:-(?:source|text))?)[-:]\s{0,3}|brush:\s*)([a-z0-9+#_-]+)"
)
# Behind these a language stands as a class of its own, among others.
_BEFORE_LANGUAGE: Final = re.compile(
    r"(?:^|\s)(?:highlight|code|sourcecode|brush|language|lang)\s+([a-z0-9+#_-]+)(?=\s|$)"
)
_LANGUAGES: Final = frozenset(LANGUAGES.values()) | {each[1:] for each in LANGUAGES if each[0] == "."} | {
    "console", "diff", "html", "ini", "json", "pycon", "shell", "toml", "xml", "yaml", "yml",
}  # fmt: skip


def language_of_listing(node: LexborNode) -> str:
    """What the classes of an element, of the code in it or of what stands around it name; empty where none does."""
    inner = node.css_first("code[class]")
    parent = node.parent
    around = [] if parent is None else [parent, parent.parent]
    for element in (node, inner, *around):
        said = (element.attributes.get("class") or "").lower() if element is not None else ""
        if not said:
            continue
        for match in _LANGUAGE.finditer(said):
            if match[1] not in {"default", "none", "text", "notranslate"}:
                return match[1]
        beside = _BEFORE_LANGUAGE.search(said)
        if beside and beside[1] in _LANGUAGES:
            return beside[1]
    return ""
