"""What the styles of OpenDocument say of words: raised, lowered, bold, hidden, their font, titles. Writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.ingest.load.common.listing import is_code_style, is_monospaced
from embedingest.ingest.load.common.raised import DOWN, END, UP
from embedingest.ingest.load.common.struck import STRUCK, STRUCK_END
from embedingest.ingest.load.office.odf.names import STYLE, TEXT

if TYPE_CHECKING:
    from collections.abc import Callable
    from xml.etree.ElementTree import Element

__all__ = ["WordStyles"]

_WEIGHT: Final = "{urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0}font-weight"
_LIGHT: Final = frozenset({"normal", "100", "200", "300", "400", "500"})
_LONGEST_CHAIN: Final = 50
_TITLE: Final = "Title"
"""The style of titles, under this name in every language."""
_BELOW_TITLE: Final = "Subtitle"
"""The style of what stands below them, which older programs make from that one."""


class _Style(NamedTuple):
    parent: str
    position: str | None
    weight: str | None
    font: str | None = None
    display: str | None = None
    line: str | None = None


class WordStyles:
    """The styles of words and paragraphs by their names. What a style does not say, its parent says."""

    def __init__(self, roots: list[Element]) -> None:
        self._styles = {
            style.get(STYLE + "name", ""): _style(style)
            for root in roots
            for style in root.iter(STYLE + "style")
            if style.get(STYLE + "family") in {"text", "paragraph"}
        }

    def raised(self, span: Element) -> str:
        """`UP` or `DOWN` for words that are set so; else nothing."""
        chain = self._chain(span.get(TEXT + "style-name", ""))
        position = next((each.position for each in chain if each.position is not None), "")
        first = position.split()[0] if position.split() else ""
        if first == "super" or (first.endswith("%") and first[:1].isdigit() and first.strip("0%.")):
            return UP
        return DOWN if first == "sub" or first.startswith("-") else ""

    def around(self, span: Element) -> tuple[str, str]:
        """What stands around words that are raised, lowered or struck out."""
        raised = self.raised(span)
        line = next(
            (each.line for each in self._chain(span.get(TEXT + "style-name", "")) if each.line is not None), "none"
        )
        begin, end = ("", "") if line == "none" else (STRUCK, STRUCK_END)
        return f"{begin}{raised}", f"{END if raised else ''}{end}"

    def font(self, element: Element) -> str:
        """The name of the font of a span or paragraph."""
        chain = self._chain(element.get(TEXT + "style-name", ""))
        return next((each.font for each in chain if each.font is not None), "").rstrip("0123456789")

    def is_hidden(self, element: Element) -> bool:
        """Whether a span or paragraph is set not to be shown."""
        chain = self._chain(element.get(TEXT + "style-name", ""))
        return next((each.display for each in chain if each.display is not None), "") == "none"

    def is_title(self, paragraph: Element) -> bool:
        """Whether a paragraph is the title of its text, by its style or one that it is made from."""
        name = paragraph.get(TEXT + "style-name", "")
        names = [name, *(each.parent for each in self._chain(name))]
        return next((each for each in names if each in {_TITLE, _BELOW_TITLE}), "") == _TITLE

    def is_typed(self, paragraph: Element) -> bool:
        """Whether all words of a paragraph are set in letters of one width, or it is in a style for code."""
        name = paragraph.get(TEXT + "style-name", "")
        names = [name, *(each.parent for each in self._chain(name))]
        if any(is_code_style(each.replace("_20_", " ")) for each in names):
            return True
        return self._all(paragraph, lambda each: is_monospaced(font) if (font := self.font(each)) else None)

    def is_bold(self, paragraph: Element) -> bool:
        """Whether all words of a paragraph are set in bold letters, and there are some."""
        return self._all(paragraph, self._bold)

    def _all(self, paragraph: Element, says: Callable[[Element], bool | None]) -> bool:
        whole, found = says(paragraph) or False, False
        stack = [(paragraph, whole)]
        while stack:
            node, bold = stack.pop()
            if any((text or "").strip() for text in (node.text, *[child.tail for child in node])):
                found = True
                if not bold:
                    return False
            for child in node:
                if child.tag == TEXT + "span":
                    own = says(child)
                    stack.append((child, bold if own is None else own))
                elif child.tag == TEXT + "a":
                    stack.append((child, bold))
        return found

    def _bold(self, element: Element) -> bool | None:
        chain = self._chain(element.get(TEXT + "style-name", ""))
        weight = next((each.weight for each in chain if each.weight is not None), None)
        return None if weight is None else weight not in _LIGHT

    def _chain(self, name: str) -> list[_Style]:
        chain: dict[str, _Style] = {}
        while name in self._styles and name not in chain and len(chain) < _LONGEST_CHAIN:
            chain[name] = self._styles[name]
            name = chain[name].parent
        return list(chain.values())


def _style(style: Element) -> _Style:
    settings = style.find(STYLE + "text-properties")
    parent = style.get(STYLE + "parent-style-name", "")
    if settings is None:
        return _Style(parent, None, None)
    font = settings.get(STYLE + "font-name")
    line = settings.get(STYLE + "text-line-through-style") or settings.get(STYLE + "text-line-through-type")
    position, weight = settings.get(STYLE + "text-position"), settings.get(_WEIGHT)
    return _Style(parent, position, weight, font, settings.get(TEXT + "display"), line)
