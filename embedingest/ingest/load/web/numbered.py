"""Lists of a page as a browser counts them: from a start, backwards, by letters. Knows no Markdown but marks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.common.counting import letters, roman, written
from embedingest.numerals import whole

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

__all__ = ["OpenList", "opened"]

_STYLE: Final = re.compile(r"list-style(?:-type)?\s*:[^;]{0,80}?\b(lower|upper)-(alpha|latin|roman)", re.IGNORECASE)
_FORMS: Final = {
    ("lower", "alpha"): "a", ("lower", "latin"): "a", ("lower", "roman"): "i",
    ("upper", "alpha"): "A", ("upper", "latin"): "A", ("upper", "roman"): "I",
}  # fmt: skip
_MOST: Final = 10**9 - 1


@dataclass(slots=True)
class OpenList:
    """A list under way: its next number and the step to the one after, 0 for bullets; how it writes numbers.

    `width` is how far the words of its present item stand to the right of its marks.
    """

    number: int = 1
    step: int = 0
    form: str = "1"
    width: int = 2

    def mark(self, item: LexborNode) -> str:
        """What the item begins with; the list counts on."""
        if not self.step:
            return "-"
        self.number = whole(item.attributes.get("value"), self.number, least=-_MOST, most=_MOST)
        label = str(self.number)
        if self.form in "iI":
            label = roman(self.number)
        elif self.form in "aA":
            label = letters(self.number)
        mark = written(f"{label.upper() if self.form in 'AI' else label}.", bullet=False)
        self.number += self.step
        self.width = len(mark) + 1 if mark[0].isdigit() else 2
        return mark


def opened(node: LexborNode) -> OpenList:
    """The list that an element begins."""
    if node.tag != "ol":
        return OpenList()
    attributes = node.attributes
    backwards = "reversed" in attributes
    items = sum(1 for each in node.iter() if each.tag == "li") if backwards else 1
    kind = attributes.get("type") or "1"
    styled = _STYLE.search(attributes.get("style") or "")
    if styled:
        kind = _FORMS[styled[1].lower(), styled[2].lower()]
    number = whole(attributes.get("start"), items, least=-_MOST, most=_MOST)
    return OpenList(number, -1 if backwards else 1, kind if kind in {"a", "A", "i", "I"} else "1")
