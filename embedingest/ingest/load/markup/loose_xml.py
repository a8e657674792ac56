"""XML that is not well formed, or is cut short, as a tree all the same. Knows tags, no formats."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.common.references import unescaped

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["loose_root"]

_PIECE: Final = re.compile(
    r"<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)|<!\[CDATA\[(?P<data>.*?)(?:\]\]>|\Z)|<![A-Za-z][^>\[]*+(?:\[[^\]]*+\]?[^>]*+)?>?"
    r"|<(?P<end>/?)(?P<name>[^\W\d][\w:.-]*+)(?P<rest>(?:[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+'|[\"'])*+)(?:>|(?=<)|\Z)"
    r"|(?P<text>[^<]++|<)",
    re.DOTALL,
)
_ATTRIBUTE: Final = re.compile(r"""([^\W\d][\w:.-]*+)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)')""")
_EMPTY: Final = frozenset({"br", "hr", "img", "meta", "link", "input"})


def loose_root(text: str) -> Element:
    """The tree of a text: an end that nothing began is passed over, what nothing ends goes on to the end.

    Names are without their prefix. All stands in one element that the text does not name (`loose`).
    """
    root = ET.Element("loose")
    open_elements = [root]
    names: Counter[str] = Counter()
    words: list[str] = []

    def flush() -> None:
        if words:
            _add(open_elements[-1], "".join(words))
            words.clear()

    for match in _PIECE.finditer(text):
        if match["text"] is not None:
            words.append(unescaped(match["text"]))
        elif match["data"] is not None:
            words.append(match["data"])
        elif match["name"] is not None:
            flush()
            name = match["name"].rpartition(":")[2]
            if match["end"]:
                _close(name, open_elements, names)
                continue
            attributes = {
                each[1].rpartition(":")[2]: unescaped(each[2] or each[3] or "")
                for each in _ATTRIBUTE.finditer(match["rest"])
            }
            child = ET.SubElement(open_elements[-1], name, attributes)
            if not match["rest"].endswith("/") and name.lower() not in _EMPTY:
                open_elements.append(child)
                names[name] += 1
    flush()
    return root


def _close(name: str, open_elements: list[Element], names: Counter[str]) -> None:
    if names[name]:
        while True:
            ended = open_elements.pop().tag
            names[ended] -= 1
            if ended == name:
                break


def _add(element: Element, words: str) -> None:
    """Put words behind the last child of an element, or into it."""
    if len(element):
        element[-1].tail = (element[-1].tail or "") + words
    else:
        element.text = (element.text or "") + words
