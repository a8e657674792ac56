"""A workbook looked through before it is read: what calamine gets to see, and what is known beside that."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Final

from embedingest.errors import DocumentError
from embedingest.ingest.load.common.compound import MARK
from embedingest.ingest.load.common.zipped import Container, refuse_entities, rewritten
from embedingest.ingest.load.office.names import R
from embedingest.ingest.load.office.odf.flat import is_flat_sheet, title_of, zipped_sheet
from embedingest.ingest.load.office.odf.grid import closed_up_sheets, grid_facts
from embedingest.ingest.load.office.odf.shapes import without_shapes
from embedingest.ingest.load.office.odf.shown import as_shown
from embedingest.ingest.load.office.package import part, relations
from embedingest.ingest.load.office.sheets.asides import Asides, asides
from embedingest.ingest.load.office.sheets.raised_strings import raised_on_the_line
from embedingest.ingest.load.office.sheets.workbook import (
    SheetFacts,
    closed_up,
    formats_of,
    sheet_facts,
    without_endless_dates,
)
from embedingest.ingest.load.office.sheets.xls_facts import xls_facts
from embedingest.ingest.load.office.sheets.xlsb_facts import (
    XlsbStyles,
    with_days_as_fractions,
    xlsb_facts,
    xlsb_sheets,
    xlsb_styles,
)
from embedingest.ingest.load.office.sheets.xlsb_sparse import closed_up_binary
from embedingest.ingest.notices import add_notices

__all__ = ["Looked"]

_STYLES: Final = frozenset({"xl/styles.xml", "xl/styles.bin"})
_CHART_SHEETS: Final = "xl/chartsheets/"
"""Sheets that are a chart and have no cells."""
_HEAD: Final = 2**16
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
"""The part of a compound file that holds a sheet in a newer format, with a password."""

_MANIFEST: Final = "META-INF/manifest.xml"
_COUNTED: Final = ("formulas_without_values", "hidden_rows", "hidden_columns")


@dataclass(slots=True)
class Looked:
    """A file looked through: what calamine gets to see, and what is known of it beside that.

    Calamine unpacks as it is told: a zip that turns out to be huge, or XML with entities, it does not see; and it
    makes a table of all that lies between two cells, so those that stand far apart are moved together.
    """

    data: bytes
    facts: dict[str, SheetFacts] = field(default_factory=dict)  # by the sheet's name, of Excel
    asides: dict[str, Asides] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)  # of all sheets of OpenDocument
    notices: dict[str, int] = field(default_factory=dict)
    title: str | None = None
    mime: str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

    @classmethod
    def through(cls, data: bytes, name: str) -> Looked:
        """Raises DocumentError: `bomb`, `corrupt`, `encrypted`."""
        found = cls(data)
        if data.startswith(MARK):
            found.mime = "application/vnd.ms-excel"
            try:
                for sheet, (facts, beside) in xls_facts(data, name).items():
                    found.facts[sheet], found.asides[sheet] = facts, beside
            except DocumentError as error:
                if error.code != "corrupt":  # what is damaged, calamine says
                    raise
                if _ENCRYPTED in data:
                    raise _encrypted(name) from error
        elif is_flat_sheet(data):
            found.data = data = zipped_sheet(data, name)
        if data.startswith(b"PK"):
            container = Container(data, name)
            if container.has(_MANIFEST) and b"encryption-data" in container.read(_MANIFEST):
                raise _encrypted(name)
            found.unpack(container, name)
        for known in found.facts.values():
            counts = (known.without_value, known.hidden_rows, known.hidden_columns)
            add_notices(found.notices, dict(zip(_COUNTED, counts, strict=True)))
        return found

    def unpack(self, container: Container, name: str) -> None:
        """Look through the parts of a zip."""
        formats: dict[int, str] = {}
        binary = XlsbStyles({}, frozenset())
        facts: dict[str, SheetFacts] = {}
        changed: dict[str, bytes] = {}
        for path in sorted(container.names, key=lambda path: path not in _STYLES):
            content = container.read(path)
            if path.endswith((".xml", ".rels")):
                refuse_entities(content, name)
            if path == "content.xml":
                changed[path] = self.opendocument(content, container)
            elif path == "xl/styles.bin":
                binary = xlsb_styles(content)
            elif path.startswith("xl/worksheets/") and path.endswith(".bin"):
                closed, facts[path] = _binary(content, binary)
                changed |= {} if closed is content else {path: closed}
            elif path == "xl/sharedStrings.xml":
                raised = raised_on_the_line(content)
                changed |= {} if raised is None else {path: raised}
            elif path == "xl/styles.xml":
                with contextlib.suppress(DocumentError):  # without formats the values are what they are
                    formats = formats_of(content, name)
            elif path.startswith("xl/worksheets/") and path.endswith(".xml"):
                raised = raised_on_the_line(content)
                if raised is not None:
                    content = changed[path] = raised
                facts[path] = sheet_facts(content, formats)
                if facts[path].is_sparse:
                    changed[path], numbers = closed_up(content)
                    facts[path] = sheet_facts(changed[path], formats)
                    facts[path].row_numbers = numbers
                if facts[path].endless:
                    changed[path] = without_endless_dates(changed.get(path, content))
        self.data = rewritten(self.data, changed) if changed else self.data
        self.sheets(container, facts)

    def opendocument(self, content: bytes, container: Container) -> bytes:
        """The content as it is to be read."""
        self.mime = "application/vnd.oasis.opendocument.spreadsheet"
        name = container.name
        meta = container.read("meta.xml") if container.has("meta.xml") else content[:_HEAD]
        self.title = title_of(meta)
        content, shapes = without_shapes(content, container)
        seen = as_shown(content)
        self.asides = {sheet: Asides(words, []) for sheet, words in shapes.words.items()}
        self.comments = seen.comments
        self.notices = {"hidden_rows": seen.hidden_rows, "hidden_columns": seen.hidden_columns}
        self.notices["hidden_values"] = seen.hidden_values
        self.notices["skipped_images"] = shapes.pictures
        together = closed_up_sheets(seen.content, name)
        closed, numbers = (seen.content, {}) if together is None else together
        self.facts = grid_facts(closed, name)
        if together is not None:  # rows that were moved together span no others
            for known in self.facts.values():
                known.merged.clear()
        for sheet, rows in numbers.items():
            self.facts.setdefault(sheet, SheetFacts()).row_numbers = rows
        return closed

    def sheets(self, container: Container, facts: dict[str, SheetFacts]) -> None:
        """What is known of the sheets of XLSX and XLSB, by their names."""
        book = next((path for path in ("xl/workbook.xml", "xl/workbook.bin") if container.has(path)), None)
        if book == "xl/workbook.bin":
            self.mime = "application/vnd.ms-excel.sheet.binary.macroenabled.12"
        if book is None:
            return
        with contextlib.suppress(DocumentError):  # what is damaged, calamine says
            links = relations(container, book)
            for sheet, link in _listed(container, book):
                path = links.get(link, ("", ""))[1]
                if path in facts:
                    self.facts[sheet] = facts[path]
                if path in facts or path.startswith(_CHART_SHEETS):
                    self.asides[sheet] = asides(container, path)
        self.notices["skipped_images"] = sum(each.pictures for each in self.asides.values())
        self.notices["embedded_files"] = sum(each.embedded for each in self.asides.values())


def _encrypted(name: str) -> DocumentError:
    return DocumentError(f"{name} is encrypted", source=name, code="encrypted", remedy="save it unprotected")


def _binary(content: bytes, styles: XlsbStyles) -> tuple[bytes, SheetFacts]:
    """A sheet of XLSB as it is to be read, and what is known of its cells."""
    together = closed_up_binary(content)
    closed = content if together is None else together[0]
    closed = with_days_as_fractions(closed, styles.others) or closed
    facts = xlsb_facts(closed, styles.codes)
    if together is not None:  # rows that were moved together span no others
        facts.merged.clear()
        facts.row_numbers = together[1]
    return closed, facts


def _listed(container: Container, book: str) -> list[tuple[str, str]]:
    """The name of each sheet, and the relation that leads to it."""
    if book.endswith(".bin"):
        return xlsb_sheets(container.read(book))
    named = (each for each in part(container, book).iter() if each.tag.endswith("}sheet"))
    return [(each.get("name", ""), each.get(R + "id", "")) for each in named]
