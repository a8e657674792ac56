"""PowerPoint files (PPTX) as Markdown: slides in the order of the show, their titles first, with their notes.

Knows the shapes of a slide; what its parts say is `office`'s.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from embedingest.errors import DocumentError
from embedingest.ingest.load.common.assembly import Assembly, Cell, grid, heading, pipe_table
from embedingest.ingest.load.common.counting import letters, roman, written
from embedingest.ingest.load.common.markdown_escape import escaped, escaped_lines
from embedingest.ingest.load.office.alternative import of_properties
from embedingest.ingest.load.office.drawings import Drawings
from embedingest.ingest.load.office.names import DGM, A, C, P, R
from embedingest.ingest.load.office.package import main_part, number, open_package, part, properties, relations
from embedingest.ingest.load.office.pictured import embedded_files
from embedingest.ingest.load.office.runs import SWITCHED_OFF, Hanging, words
from embedingest.ingest.load.office.slide_bullets import SlideBullets
from embedingest.ingest.load.office.slide_places import SlidePlaces, kind_of, layout_of, shapes_of
from embedingest.types import Document

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from embedingest.ingest.load.common.zipped import Container

__all__ = ["PptxLoader", "create_pptx"]

_TITLES: Final = frozenset({"title", "ctrTitle"})
_RUNNING: Final = frozenset({"sldNum", "ftr", "dt", "hdr"})
_AUTOMATIC: Final = re.compile(r"(arabic|romanLc|romanUc|alphaLc|alphaUc)(Period|ParenR|ParenBoth|Plain)\Z")
_LEVELS: Final = 9


class PptxLoader:
    """Presentations, a section a slide in the order of the show.

    `notes=False` leaves the speaker's notes out; `comments=True` keeps comments. Numbers, dates and feet of slides are
    counted as running lines.
    """

    name = "pptx"
    version = "11"
    suffixes = frozenset({".pptx", ".pptm", ".ppsx"})
    mimes = frozenset({"application/vnd.openxmlformats-officedocument.presentationml.presentation"})

    def __init__(self, *, notes: bool = True, comments: bool = False) -> None:
        self._notes = notes
        self._comments = comments

    def load(self, data: bytes, name: str) -> Document:
        """Every slide's words with a `slide` span; titles are headings. `notices` count pictures and hidden slides."""
        container = open_package(data, name)
        show = _Show(container, notes=self._notes, comments=self._comments)
        for order, path in _slides(container):
            start = show.assembly.next
            show.slide(path)
            show.assembly.span(start, "slide", order)
        title, metadata = properties(container)
        show.notices["missing_parts"] = len(container.missing)
        show.notices["unknown_symbols"] = show.assembly.text.count("\ufffd")
        return Document(
            source=name,
            has_lines=False,
            text=show.assembly.text,
            markup="markdown",
            mime="application/vnd.openxmlformats-officedocument.presentationml.presentation",
            title=title or show.first_title,
            spans=tuple(show.assembly.spans),
            metadata=metadata,
            notices={kind: count for kind, count in show.notices.items() if count > 0},
        )


def create_pptx(*, notes: bool = True, comments: bool = False) -> PptxLoader:
    """The loader of presentations."""
    return PptxLoader(notes=notes, comments=comments)


class _Show:
    """Writes slides one after the other."""

    def __init__(self, container: Container, *, notes: bool, comments: bool) -> None:
        self.assembly = Assembly()
        self.first_title: str | None = None
        self.notices = dict.fromkeys(
            ("skipped_images", "hidden_slides", "running_lines", "comments_left_out", "embedded_files"), 0
        )
        self._container = container
        self._drawings = Drawings(container)
        self._places = SlidePlaces(container)
        self._bullets = SlideBullets(container)
        self._with_notes = notes
        self._with_comments = comments

    def slide(self, path: str) -> None:
        """The title wherever it stands, then the shapes in the order of reading, then notes and comments."""
        slide, links = part(self._container, path), relations(self._container, path)
        shapes = self._places.shapes(slide, links)
        title = next((shape for shape in shapes if kind_of(shape) in _TITLES and _said(shape)), None)
        if title is not None:
            said = " ".join(" ".join(_said(title)).split())
            self.first_title = self.first_title or said
            self.assembly.add(heading(1, said))
        for shape in shapes:
            if shape is not title:
                self._shape(shape, links)
        self.notices["skipped_images"] += sum(1 for _ in slide.iter(A + "blip"))
        self.notices["hidden_slides"] += slide.get("show", "1") in SWITCHED_OFF
        self.notices["embedded_files"] += embedded_files(links)
        for kind, target in links.values():
            if kind == "notesSlide" and self._with_notes and self._container.holds(target):
                self._notes(part(self._container, target), relations(self._container, target))
            elif kind == "comments" and self._container.holds(target):
                self._comments(part(self._container, target))

    def _shape(self, shape: Element, links: dict[str, tuple[str, str]]) -> None:
        if shape.tag == P + "pic":
            said = of_properties(shape.find(f"{P}nvPicPr/{P}cNvPr"))
            self.notices["skipped_images"] -= bool(said)
            self.assembly.add(escaped(said))
        elif shape.tag == A + "tbl":
            self.assembly.add(pipe_table(grid(_cells(row) for row in shape.findall(A + "tr"))))
        elif shape.tag == C + "chart":
            self._add_all(self._drawings.blocks([shape.get(R + "id", "")], links))
        elif shape.tag == DGM + "relIds":
            self._add_all(self._drawings.blocks([shape.get(R + "dm", "")], links))
        elif kind_of(shape) in _RUNNING:
            self.notices["running_lines"] += len(_said(shape))
        else:
            self._add_all(_body(shape, self._bullets, layout_of(links)))

    def _add_all(self, blocks: Iterator[str]) -> None:
        for block in blocks:
            self.assembly.add(block)

    def _notes(self, notes: Element, links: dict[str, tuple[str, str]]) -> None:
        """The notes, and what else a person put on their page; its head and foot are no words of the slide."""
        for shape in shapes_of([notes]):
            kind = kind_of(shape)
            if shape.tag == P + "sp" and kind == "body":
                said = "\n".join(_said(shape)).strip()
                self.assembly.add(escaped_lines(f"Notes: {said}") if said else "")
            elif not kind:
                self._shape(shape, links)
        self.notices["skipped_images"] += sum(1 for _ in notes.iter(A + "blip"))

    def _comments(self, root: Element) -> None:
        """Comments of either kind that PowerPoint writes: `text` below `cm`, or paragraphs of their own."""
        for comment in (each for each in root.iter() if each.tag.rpartition("}")[2] == "cm"):
            plain = comment.findtext(P + "text") or ""
            said = " ".join(" ".join([plain, *(words(each, Hanging()) for each in comment.iter(A + "p"))]).split())
            if said and not self._with_comments:
                self.notices["comments_left_out"] += 1
            else:
                self.assembly.add(f"Comment: {said}" if said else "")


def _slides(container: Container) -> list[tuple[int, str]]:
    """The numbers and parts of the slides in the order of the show. Raises DocumentError: `corrupt`."""
    main = main_part(container, "ppt/presentation.xml")
    links = relations(container, main)
    listed = part(container, main).iter(P + "sldId")
    targets = [links.get(slide.get(R + "id", ""), ("", ""))[1] for slide in listed]
    held = [(order, target) for order, target in enumerate(targets, start=1) if container.holds(target)]
    if targets and not held:
        raise DocumentError(f"{container.name} is damaged: it holds no slide", source=container.name, code="corrupt")
    return held


def _said(shape: Element) -> list[str]:
    """The lines of a shape that say something."""
    return [line for each in shape.iter(A + "p") if (line := words(each, Hanging()).strip())]


def _body(shape: Element, bullets: SlideBullets, layout: str) -> Iterator[str]:
    """Paragraphs, and lists of those that have bullets or numbers, with the levels and numbers that they show.

    A bullet that stands alone is left out.
    """
    paragraphs = [(each, line) for each in shape.iter(A + "p") if (line := words(each, Hanging()).strip())]
    lines: list[str] = []
    counts: dict[int, tuple[str, int]] = {}
    widths: list[int] = []
    for paragraph, line in paragraphs:
        settings = paragraph.find(A + "pPr")
        level = 0 if settings is None else number(settings.get("lvl"), 0, _LEVELS - 1)
        has_bullet, automatic = bullets.of(shape, paragraph, level, layout)
        mark = _mark(automatic, level, counts)
        if not has_bullet or (automatic is None and len(paragraphs) == 1):
            yield "\n".join(lines)
            yield escaped_lines(line)
            lines, widths = [], []
            continue
        widths = (widths + [0] * level)[:level]
        indent = " " * sum(widths)
        widths.append(2 if mark.startswith("-") else len(mark) + 1)
        lines.append(f"{indent}{mark} {escaped(' '.join(line.split()))}")
    yield "\n".join(lines)


def _mark(automatic: Element | None, level: int, counts: dict[int, tuple[str, int]]) -> str:
    for deeper in [each for each in counts if each > level]:
        del counts[deeper]
    if automatic is None:
        counts.pop(level, None)
        return "-"
    kind, start = automatic.get("type", "arabicPeriod"), number(automatic.get("startAt"), 1)
    before, count = counts.get(level, ("", 0))
    count = count + 1 if before == kind else start
    counts[level] = (kind, count)
    form = _AUTOMATIC.match(kind)
    digits, end = form.groups() if form else ("arabic", "Period")
    label = str(count) if digits == "arabic" else roman(count) if digits.startswith("roman") else letters(count)
    label = label.upper() if digits.endswith("Uc") else label
    around = {"Period": f"{label}.", "ParenR": f"{label})", "ParenBoth": f"({label})", "Plain": label}
    return written(around[end], bullet=False)


def _cells(row: Element) -> Iterator[Cell]:
    for cell in row.findall(A + "tc"):
        covered = any(cell.get(merge, "0") not in SWITCHED_OFF for merge in ("hMerge", "vMerge"))
        down = number(cell.get("rowSpan"), 1)
        # The cells that one of several columns covers are written behind it.
        yield Cell(words(cell, Hanging()), down=down, covered=covered)
