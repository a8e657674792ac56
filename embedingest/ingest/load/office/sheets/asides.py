"""What stands beside the cells of a sheet of Excel: comments on cells, words of shapes and titles of charts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.errors import DocumentError
from embedingest.ingest.load.office.alternative import of_properties
from embedingest.ingest.load.office.names import FALLBACK, A, C, R
from embedingest.ingest.load.office.package import part, relations
from embedingest.ingest.load.office.pictured import embedded_files
from embedingest.ingest.load.office.runs import Hanging, words
from embedingest.ingest.load.office.sheets.xlsb_facts import xlsb_comments

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from xml.etree.ElementTree import Element

    from embedingest.ingest.load.common.zipped import Container

__all__ = ["Asides", "asides", "remarks"]

_CELLS_IN_DRAWING: Final = "{http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing}"
_PICTURE: Final = _CELLS_IN_DRAWING + "pic"
_ITS_WORDS: Final = f"{_CELLS_IN_DRAWING}nvPicPr/{_CELLS_IN_DRAWING}cNvPr"
_SOMEBODY: Final = "somebody"


class Asides(NamedTuple):
    """Lines of words that stand over the cells, and of comments on them; pictures, which are not read."""

    words: list[str]
    comments: list[str]
    pictures: int = 0
    embedded: int = 0


def asides(container: Container, path: str) -> Asides:
    """What the parts to which the sheet at `path` leads say; a damaged one says nothing."""
    said = Asides([], [])
    known = relations(container, path)
    links = [link for link in known.values() if container.has(link[1])]
    threads = [target for kind, target in links if kind == "threadedComment"]
    pictures = 0
    for kind, target in links:
        try:
            if kind == "drawing":
                root = part(container, target)
                said.words.extend(each for each in _drawn(container, target, root) if each)
                pictures += sum(1 for _ in root.iter(A + "blip"))
                pictures -= sum(1 for each in root.iter(_PICTURE) if of_properties(each.find(_ITS_WORDS)))
            elif kind == "threadedComment":
                said.comments.extend(_threads(container, part(container, target)))
            elif kind == "comments" and not threads:  # else they say the same, behind a remark for old programs
                if target.endswith(".bin"):
                    said.comments.extend(remarks(xlsb_comments(container.read(target))))
                else:
                    said.comments.extend(_notes(part(container, target)))
        except DocumentError as error:
            if error.code != "corrupt":
                raise
    return said._replace(pictures=max(0, pictures), embedded=embedded_files(known))


def remarks(comments: Iterable[tuple[str, str, str]]) -> Iterator[str]:
    """A line for each comment: its cell, who wrote it, the words, before which Excel writes the name again."""
    for cell, by, words_ in comments:
        said = " ".join(words_.split())
        said = said.removeprefix(f"{by}:").strip() if by else said
        if said:
            yield f"Comment on {cell} by {by or _SOMEBODY}: {said}"


def _drawn(container: Container, path: str, root: Element) -> Iterator[str]:
    links = relations(container, path)
    stack = [root]
    while stack:
        node = stack.pop()
        if node.tag == _CELLS_IN_DRAWING + "txBody":
            yield " ".join(said for each in node.iter(A + "p") if (said := words(each, Hanging()).strip()))
        elif node.tag == _PICTURE:
            yield of_properties(node.find(_ITS_WORDS))
        elif node.tag == C + "chart":
            target = links.get(node.get(R + "id", ""), ("", ""))[1]
            if container.has(target):
                chart = part(container, target)
                yield from (words(title, Hanging()) for title in chart.iter(C + "title"))
                yield from (name.text or "" for name in chart.iterfind(f".//{C}ser/{C}tx/{C}v"))  # else it is a cell's
        elif node.tag != FALLBACK:
            stack.extend(reversed(node))


def _notes(root: Element) -> Iterator[str]:
    authors = ["".join(each.itertext()).strip() for each in _named(root, "author")]
    found = []
    for note in _named(root, "comment"):
        id_ = note.get("authorId", "")
        by = authors[int(id_)] if id_.isascii() and id_.isdigit() and int(id_[:9]) < len(authors) else ""
        found.append((note.get("ref", "?"), by, "".join(each.text or "" for each in _named(note, "t"))))
    return remarks(found)


def _threads(container: Container, root: Element) -> Iterator[str]:
    people = {
        person.get("id", ""): person.get("displayName", "")
        for name in container.names
        if name.startswith("xl/persons/") and name.endswith(".xml")
        for person in _named(part(container, name), "person")
    }
    notes = _named(root, "threadedComment")
    return remarks(
        (
            each.get("ref", "?"),
            people.get(each.get("personId", ""), ""),
            " ".join(t.text or "" for t in _named(each, "text")),
        )
        for each in notes
    )


def _named(root: Element, name: str) -> Iterator[Element]:
    return (each for each in root.iter() if each.tag.rpartition("}")[2] == name)
