"""What stands over the cells of sheets of OpenDocument: boxes, shapes, titles of charts, words for pictures.

They are cut out of the bytes of a sheet, whose reader would take their words and tables for cells.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from embedingest.errors import DocumentError
from embedingest.ingest.load.common.zipped import xml_root
from embedingest.ingest.load.office.alternative import of_frame
from embedingest.ingest.load.office.odf.names import CHART, DRAW, TABLE, TEXT, XLINK

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from embedingest.ingest.load.common.zipped import Container

__all__ = ["Shapes", "without_shapes"]

_TAG: Final = re.compile(rb"<(/?)(?:(draw):[\w-]+|table:table)(?=[\s/>])((?:[^<>\"']|\"[^\"]*\"|'[^']*')*+)>")
_NAME: Final = re.compile(rb"""\stable:name\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_ROOT: Final = re.compile(rb"<(?:\w+:)?document(?:-content)?(\s[^<>]*)>")
_SPACES: Final = re.compile(rb"""\sxmlns:[\w-]+\s*=\s*(?:"[^"<>]*"|'[^'<>]*')""")
_TITLES: Final = frozenset({CHART + "title", CHART + "subtitle", CHART + "footer"})
_MOST_SHAPES: Final = 20_000


@dataclass(slots=True)
class Shapes:
    """By the names of sheets, the lines of words that stand over their cells; pictures without words."""

    words: dict[str, list[str]] = field(default_factory=dict)
    pictures: int = 0


def without_shapes(content: bytes, container: Container | None) -> tuple[bytes, Shapes]:
    """The content without its shapes, and what they say; `container` holds the charts, unless they stand in it."""
    shapes = Shapes()
    if b"<draw:" not in content:
        return content, shapes
    kept, found = _cut(content)
    root = _ROOT.search(content[:20_000])
    spaces = b"".join(_SPACES.findall(root[1])) if root else b""
    for sheet, shape in found:
        try:
            element = xml_root(b"<shape%s>%s</shape>" % (spaces, shape), "shape")
        except DocumentError:  # not well formed: nothing is known of it
            continue
        name = html.unescape(sheet.decode("utf-8", "replace"))
        shapes.words.setdefault(name, []).extend(_said(element, container))
        shapes.pictures += sum(1 for frame in element.iter(DRAW + "frame") if _is_wordless(frame))
    return kept, shapes


def _cut(content: bytes) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """The content without its shapes, and those with the names of their sheets; one that nothing ends is none."""
    kept: list[bytes] = []
    found: list[tuple[bytes, bytes]] = []
    sheet, last, start, depth = b"", 0, 0, 0
    for tag in _TAG.finditer(content):
        closes, single = bool(tag[1]), tag[3].endswith(b"/")
        if not tag[2]:
            named = _NAME.search(tag[3])
            if not depth and not closes and named:
                sheet = named[1] or named[2] or b""
            continue
        if not depth and not closes:
            start = tag.start()
        depth += 0 if single else -1 if closes and depth else 0 if closes else 1
        if not depth and tag.end() > start >= last and len(found) < _MOST_SHAPES:
            kept.append(content[last:start])
            found.append((sheet, content[start : tag.end()]))
            last = tag.end()
    return b"".join([*kept, content[last:]]), found


def _said(shape: Element, container: Container | None) -> list[str]:
    """The lines of a shape; of a chart what it calls itself and its axes, but no data, which cells have."""
    lines: list[str] = []
    stack: list[Element] = [shape]
    while stack:
        node = stack.pop()
        if node.tag == TEXT + "p":
            lines.append(" ".join("".join(node.itertext()).split()))
        elif node.tag == DRAW + "object" and container is not None and (chart := _chart(node, container)) is not None:
            titles = (each for each in chart.iter() if each.tag in _TITLES)
            stack.extend(reversed([each for title in titles for each in title]))
        elif node.tag != TABLE + "table":
            lines += [of_frame(node)] if node.tag == DRAW + "frame" else []
            stack.extend(reversed(node))
    return [line for line in lines if line]


def _chart(element: Element, container: Container) -> Element | None:
    path = element.get(XLINK + "href", "").removeprefix("./").rstrip("/") + "/content.xml"
    if any(len(child) for child in element) or not container.has(path):  # newer programs put an empty element there
        return None
    try:
        return container.xml(path)
    except DocumentError as error:
        if error.code != "corrupt":
            raise
        return None


def _is_wordless(frame: Element) -> bool:
    return frame.find(DRAW + "image") is not None and frame.find(DRAW + "object") is None and not of_frame(frame)
