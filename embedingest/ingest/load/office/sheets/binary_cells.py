"""What binary workbooks (XLS, XLSB) say of their cells beside their values. Knows no records."""

from __future__ import annotations

from typing import Final

from embedingest.ingest.load.office.sheets.workbook import SheetFacts, changes_texts

__all__ = ["CellFacts"]

_ERRORS: Final = {
    0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A", 43: "#GETTING_DATA",
}  # fmt: skip


class CellFacts:
    """Collects the facts of a sheet, cell by cell; rows and columns from 0, `codes` by the place of a style."""

    def __init__(self, codes: dict[int, str]) -> None:
        self.facts: Final = SheetFacts()
        self.formulas: Final = {True: 0, False: 0}
        """How many formulas have a stored value, and how many have none."""
        self._codes = codes
        self._of_texts = {style: code for style, code in codes.items() if changes_texts(code)}
        self._hidden_rows: set[int] = set()
        self._hidden_columns: list[tuple[int, int]] = []
        self._rows: set[int] = set()
        self._columns: set[int] = set()

    def number(self, row: int, column: int, style: int) -> None:
        """A cell that holds a number."""
        self.filled(row, column)
        code = self._codes.get(style)
        if code is not None:
            self.facts.formats[row, column] = code

    def text(self, row: int, column: int, style: int) -> None:
        """A cell that holds words."""
        self.filled(row, column)
        code = self._of_texts.get(style)
        if code is not None:
            self.facts.formats[row, column] = code

    def error(self, row: int, column: int, code: int) -> None:
        """A cell that shows what went wrong."""
        self.filled(row, column)
        self.facts.errors[row, column] = _ERRORS.get(code, "#UNKNOWN!")

    def filled(self, row: int, column: int) -> None:
        """A cell that holds anything."""
        self.facts.cells += 1
        self._rows.add(row)
        self._columns.add(column)

    def hidden_row(self, row: int) -> None:
        self._hidden_rows.add(row)

    def hidden_columns(self, first: int, last: int) -> None:
        self._hidden_columns.append((first, last))

    def finish(self) -> SheetFacts:
        """All that was found."""
        facts = self.facts
        if self._rows:
            facts.rows = (min(self._rows), max(self._rows))
            facts.columns = (min(self._columns), max(self._columns))
        facts.hidden_rows = len(self._hidden_rows & self._rows)
        spans = ((max(first, facts.columns[0]), min(last, facts.columns[1])) for first, last in self._hidden_columns)
        facts.hidden_columns = sum(max(0, last - first + 1) for first, last in spans)
        return facts
