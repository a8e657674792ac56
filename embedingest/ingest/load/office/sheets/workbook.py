"""What an XLSX file says of its cells beside their values: formats, formulas, how far apart they stand.

Looks at the bytes of a sheet, not at its tree: a sheet may have millions of cells.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.common.zipped import xml_root
from embedingest.ingest.load.office.sheets.date_format import BUILT_IN_DATES, is_date_code
from embedingest.ingest.load.office.sheets.hiding import hides, may_hide
from embedingest.ingest.load.office.sheets.number_format import BUILT_IN, shown, text_shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from xml.etree.ElementTree import Element

__all__ = [
    "SheetFacts",
    "cell_name",
    "changes_texts",
    "closed_up",
    "codes_of",
    "formats_of",
    "moved",
    "sheet_facts",
    "without_endless_dates",
]

_ROOT: Final = re.compile(rb"<(\w+:)?worksheet[\s>]")
_REF: Final = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{0,3})(\d{1,7})["']""")
_STYLE: Final = re.compile(rb"""\ss\s*=\s*["'](\d{1,6})["']""")
_STYLED: Final = re.compile(rb"""\ss\s*=\s*(?:"[^"<>]*"|'[^'<>]*')""")
_TEXT: Final = re.compile(rb"""\st\s*=\s*["'](?:str|s|b|e|inlineStr|d)["']""")
_VALUE: Final = re.compile(rb"<(?:\w+:)?(?:v|is)(?:\s[^<>]*)?>[^<]|<(?:\w+:)?is[\s>]")
_ENDLESS: Final = re.compile(rb"<(?:\w+:)?v(?:\s[^<>]*)?>\s*-?(?:\d{12}|[\d.]{1,400}[eE]\+?\d{2})")
_FORMULA: Final = re.compile(rb"<(?:\w+:)?f[\s>/]")
_ERROR: Final = re.compile(rb"""\st\s*=\s*["']e["']""")
_WORD: Final = re.compile(rb"<(?:\w+:)?v(?:\s[^<>]*)?>([^<]{1,40})")
_HIDDEN_ROW: Final = re.compile(rb"""<(?:\w+:)?row\s(?=[^<>]*\shidden\s*=\s*["'](?:1|true)["'])[^<>]*(?<!/)>""")
_COLUMNS: Final = re.compile(rb"<(?:\w+:)?col\s[^<>]*>")
_HIDDEN: Final = re.compile(rb"""\shidden\s*=\s*["'](?:1|true)["']""")
_ENDS: Final = re.compile(rb"""\s(min|max)\s*=\s*["'](\d{1,5})["']""")
_HEAD: Final = 2**18
_LEFT_OUT: Final = re.compile(rb"<(?:\w+:)?(?:dimension|mergeCell)\s[^<>]*/>")
_LARGE: Final = 2_000_000
_SPARSE: Final = 50


@dataclass(slots=True)
class SheetFacts:
    """Of one sheet: codes and errors by (row, column) from 0, formulas without a stored value, rows and columns that
    are hidden, values that their cells do not show, what its cells span, whether a cell with a style holds a number
    beyond every calendar (`endless`), and `merged` cells (first and last place) that calamine does not know of.
    """

    formats: dict[tuple[int, int], str] = field(default_factory=dict)
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    hidden_rows: int = 0
    hidden_columns: int = 0
    hidden_values: int = 0
    without_value: int = 0
    cells: int = 0
    rows: tuple[int, int] = (2**31, -1)
    columns: tuple[int, int] = (2**31, -1)
    endless: bool = False
    row_numbers: dict[int, int] = field(default_factory=dict)
    """Where each row stood, from 0, of a sheet whose rows were moved together."""
    merged: list[tuple[tuple[int, int], tuple[int, int]]] = field(default_factory=list)

    @property
    def is_sparse(self) -> bool:
        """Whether a table of all that lies between its cells would be huge and nearly empty."""
        area = (self.rows[1] - self.rows[0] + 1) * (self.columns[1] - self.columns[0] + 1)
        return area > _LARGE and area > _SPARSE * max(self.cells, 1)


def formats_of(styles: bytes, name: str) -> dict[int, str]:
    """The codes of the cell styles that show numbers and dates otherwise than plainly, by the style's place."""
    root = xml_root(styles, name)
    own = {
        number: each.get("formatCode", "")
        for each in root.iter()
        if _is(each, "numFmt") and (number := _format_number(each)) is not None
    }
    listed = next((each for each in root.iter() if _is(each, "cellXfs")), None)
    numbers = (_format_number(style) or 0 for style in ([] if listed is None else listed))
    return codes_of(numbers, own)


def codes_of(numbers: Iterable[int], own: dict[int, str]) -> dict[int, str]:
    """The codes of styles by their places: `numbers` are those of their formats, `own` what a file calls formats."""
    found = {}
    for place, number in enumerate(numbers):
        code = own.get(number) or BUILT_IN.get(number) or BUILT_IN_DATES.get(number)
        if code and (shown(1.0, code) is not None or is_date_code(code) or changes_texts(code) or may_hide(code)):
            found[place] = code
    return found


def changes_texts(code: str) -> bool:
    """Whether a format shows texts otherwise than they are."""
    return bool(text_shown("a", code)) or hides("a", code)


def _format_number(element: Element) -> int | None:
    id_ = element.get("numFmtId", "")
    return int(id_) if id_.isascii() and id_.isdigit() and len(id_) < 10 else None


def sheet_facts(content: bytes, formats: dict[int, str]) -> SheetFacts:
    """What is said of the cells of a sheet that have values."""
    facts = SheetFacts()
    content = _utf8(content)
    of_texts = {place: code for place, code in formats.items() if changes_texts(code)}
    for row, column, head, inside in _cells(content):
        has_value = _VALUE.search(inside) is not None
        is_text = _TEXT.search(head) is not None
        if not has_value and _FORMULA.search(inside) and not is_text:
            facts.without_value += 1
        if not has_value:
            continue
        facts.cells += 1
        facts.rows = (min(facts.rows[0], row), max(facts.rows[1], row))
        facts.columns = (min(facts.columns[0], column), max(facts.columns[1], column))
        if is_text and _ERROR.search(head) and (said := _WORD.search(inside)):
            facts.errors[row, column] = said[1].decode("utf-8", "replace")
        own = of_texts if is_text else formats
        style = _STYLE.search(head) if own else None
        if not facts.endless and not is_text and _ENDLESS.search(inside):
            facts.endless = _STYLED.search(head) is not None
        if style is not None and int(style[1]) in own:
            facts.formats[row, column] = own[int(style[1])]
    facts.hidden_rows = sum(1 for _ in _HIDDEN_ROW.finditer(content))
    facts.hidden_columns = _hidden_columns(content, facts.columns)
    return facts


def _hidden_columns(content: bytes, used: tuple[int, int]) -> int:
    """How many of the columns in use are hidden; columns are described before the first row."""
    hidden = 0
    for match in _COLUMNS.finditer(content, 0, _HEAD):
        ends = dict(_ENDS.findall(match[0]))
        if _HIDDEN.search(match[0]) and len(ends) == 2:
            hidden += max(0, min(int(ends[b"max"]) - 1, used[1]) - max(int(ends[b"min"]) - 1, used[0]) + 1)
    return hidden


def without_endless_dates(content: bytes) -> bytes:
    """The sheet with its largest numbers as plain numbers: taken for days, they are beyond every calendar."""
    content = _utf8(content)
    parts: list[bytes] = []
    last, cell = 0, None
    for match in [*_tags(content), None]:
        end = len(content) if match is None else match.start()
        if cell is not None and _ENDLESS.search(content[cell.end() : end]):
            parts += [content[last : cell.start()], _STYLED.sub(b"", cell[0])]
            last = cell.end()
        cell = match if match is not None and match[1] == b"c" else None
    return b"".join([*parts, content[last:]])


def closed_up(content: bytes) -> tuple[bytes, dict[int, int]]:
    """The sheet with its cells moved together, and where its rows stood, from 0.

    Of several empty rows or columns between cells one is left.
    """
    content = _LEFT_OUT.sub(b"", _utf8(content))
    filled = [(row, column) for row, column, _, inside in _cells(content) if _VALUE.search(inside)]
    rows, columns = moved({row for row, _ in filled}), moved({column for _, column in filled})

    def place(old: list[tuple[int, int]], at: int) -> int:
        found = min(bisect_left(old, (at, -1)), len(old) - 1)
        return old[found][1]

    parts: list[bytes] = []
    last = 0
    for match in _tags(content):
        ref = _REF.search(match[0])
        if ref is not None and filled:
            row = place(rows, int(ref[2]) - 1) + 1
            name = _letters(place(columns, _column(ref[1]))) if match[1] == b"c" else b""
            parts += [content[last : match.start() + ref.start()], b' r="%s%d"' % (name, row)]
            last = match.start() + ref.end()
    return b"".join([*parts, content[last:]]), {new: old for old, new in rows}


def _cells(content: bytes) -> Iterator[tuple[int, int, bytes, bytes]]:
    """Row and column from 0, the tag and what it holds, of each cell; those without a place follow the one before."""
    row, column, pending = -1, -1, None
    for match in _tags(content):
        if pending is not None:
            yield (*pending[:3], content[pending[3] : match.start()])
            pending = None
        ref = _REF.search(match[0])
        if match[1] == b"row":
            row, column = int(ref[2]) - 1 if ref else row + 1, -1
            continue
        if ref is not None and ref[1]:
            row, column = int(ref[2]) - 1, _column(ref[1])
        else:
            column += 1
        if not match[0].endswith(b"/>"):
            pending = (row, column, match[0], match.end())
    if pending is not None:
        yield (*pending[:3], content[pending[3] :])


def _tags(content: bytes) -> Iterator[re.Match[bytes]]:
    root = _ROOT.search(content[:8192])
    prefix = re.escape(root[1] or b"") if root else b""
    return re.finditer(rb"<" + prefix + rb"(row|c)(?:\s[^<>]*+)?>", content)


def _utf8(content: bytes) -> bytes:
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return (
            content.decode("utf-16", "replace").encode().replace(b"UTF-16", b"UTF-8", 1).replace(b"utf-16", b"utf-8", 1)
        )
    return content


def moved(places: set[int]) -> list[tuple[int, int]]:
    """Each place that holds anything with the one that it gets: of several empty ones between two, one is left."""
    found: list[tuple[int, int]] = []
    for place in sorted(places):
        found.append((place, found[-1][1] + min(place - found[-1][0], 2) if found else 0))
    return found


def _column(letters: bytes) -> int:
    column = 0
    for letter in letters.upper():
        column = column * 26 + letter - 64
    return max(column - 1, 0)


def cell_name(row: int, column: int) -> str:
    """`B2` for row 1 and column 1."""
    return f"{_letters(column).decode()}{row + 1}"


def _letters(column: int) -> bytes:
    column += 1
    letters = b""
    while column:
        column, letter = divmod(column - 1, 26)
        letters = bytes([65 + letter]) + letters
    return letters


def _is(element: Element, name: str) -> bool:
    return element.tag.rpartition("}")[2] == name
