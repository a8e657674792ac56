"""The words of charts and of SmartArt, which lie in parts of their own. Knows no slides and no pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedingest.ingest.load.common.assembly import pipe_table
from embedingest.ingest.load.common.markdown_escape import escaped
from embedingest.ingest.load.office.names import DGM, A, C
from embedingest.ingest.load.office.package import number, part
from embedingest.ingest.load.office.runs import Hanging, words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from embedingest.ingest.load.common.zipped import Container

__all__ = ["Drawings"]


class Drawings:
    """What the drawings of a file say, each part once."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._seen: set[str] = set()

    def blocks(self, ids: list[str], links: dict[str, tuple[str, str]]) -> Iterator[str]:
        """Markdown of the charts and diagrams to which these relations of a part lead."""
        for id_ in ids:
            kind, target = links.get(id_, ("", ""))
            if kind not in {"chart", "diagramData"} or target in self._seen or not self._container.holds(target):
                continue
            self._seen.add(target)
            root = part(self._container, target)
            yield from _chart(root) if kind == "chart" else _diagram(root)


def _diagram(root: Element) -> Iterator[str]:
    """Every shape's words as an item of a list."""
    lines = []
    for point in root.iter(DGM + "pt"):
        for paragraph in point.iter(A + "p"):
            said = " ".join(words(paragraph, Hanging()).split())
            if said:
                lines.append(f"- {escaped(said)}")
    yield "\n".join(lines)


def _chart(root: Element) -> Iterator[str]:
    """Its titles, and its data as a table: a row a category, a column a series."""
    for title in root.iter(C + "title"):
        said = " ".join(words(title, Hanging()).split()) or " ".join(_cached(title).values())
        yield escaped(said)
    names: list[str] = []
    columns: list[dict[int, str]] = []
    categories: dict[int, str] = {}
    for series in root.iter(C + "ser"):
        names.append(" ".join(_of(series, "tx").values()))
        here = _of(series, "cat") or _of(series, "xVal")
        categories = categories or here
        columns.append(_of(series, "val") or _of(series, "yVal"))
    places = sorted(categories.keys() | {place for column in columns for place in column})
    if len(places) * len(columns) <= 4 * sum(map(len, columns)) + 64:
        rows = [[categories.get(place, ""), *(column.get(place, "") for column in columns)] for place in places]
        yield pipe_table([["", *names], *rows] if rows or any(names) else [])
    else:  # far apart: lines, since a table would hold little but empty cells
        for name, column in zip(names, columns, strict=True):
            yield f"{escaped(name)}: " + ", ".join(f"{categories.get(at, '')} {column[at]}" for at in column)


def _of(series: Element, name: str) -> dict[int, str]:
    found = series.find(C + name)
    return {} if found is None else _cached(found)


def _cached(element: Element) -> dict[int, str]:
    """The points that a file keeps of its worksheet, by their places; several levels of one place are joined."""
    found: dict[int, str] = {}
    for order, point in enumerate(element.iter(C + "pt")):
        place = number(point.get("idx"), order)
        said = " ".join((point.findtext(C + "v") or "").split())
        found[place] = f"{said} {found[place]}" if place in found else said
    if not found:
        said = " ".join((element.findtext(f".//{C}v") or "").split())
        return {0: said} if said else {}
    return found
