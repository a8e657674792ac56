"""Tables of a LaTeX source as Markdown: rows and cells, without what only draws them. Runs no TeX."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.tex.macros import braces

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["with_tables"]

_ENDS: Final = re.compile(
    r"\\(begin|end)\{(tabular[*xy]?|longtable|longtabu|tabu|supertabular|xltabular|tblr)\}(?:\[[^\]\n]{0,400}\])?"
)
_WIDTH_FIRST: Final = frozenset({"tabular*", "tabularx", "tabulary", "xltabular"})
_RULES: Final = re.compile(
    r"\\(?:hline|toprule|midrule|bottomrule|cline|cmidrule|specialrule|addlinespace|endhead|endfoot|endlastfoot|noalign"
    r"|rowcolor|cellcolor|centering|raggedright|arraybackslash|hhline|morecmidrules)(?![a-zA-Z])"
    r"(?:\[[^\]\n]{0,40}\])?(?:\([lr]{0,4}\))?(?:\{[^{}\n]{0,80}\})*"
)
_SPANS: Final = re.compile(r"\\multicolumn\s?\{\s*(\d{1,3})\s*\}\s{0,9}(?=\{)")
_DOWN: Final = re.compile(r"\\multirow(?:\[[^\]\n]{0,40}\])?\{[^{}\n]{0,40}\}(?:\[[^\]\n]{0,40}\])?\{[^{}\n]{0,40}\}")
_CAPTION: Final = re.compile(r"\\caption\*?(?:\[[^\]\n]{0,400}\])?(?=\{)")
_BEHIND_CAPTION: Final = re.compile(r"\s{0,9}(?:\\label\{[^{}]*\}\s{0,9})?(?:\\tabularnewline(?![a-zA-Z])|\\\\\*?)?")
_PART: Final = re.compile(
    r"\\(?:begin|end)\{[^{}\n]{1,40}\}|\\\\\*?(?:[ \t]*\[[^\]\n]{0,40}\])?|\\tabularnewline(?![a-zA-Z])|\\[{}&]|[{}&]"
)
_MOST_SPAN: Final = 100


def with_tables(text: str, finish: Callable[[str], str], put: Callable[[str], str]) -> str:
    """The text with what `put` gives for each table. `finish` writes the words of a cell; tables in cells are words."""
    closes: dict[int, int] | None = None
    open_tables: list[list[str]] = [[]]
    done = 0
    for match in _ENDS.finditer(text):
        open_tables[-1].append(text[done : match.start()])
        done = match.end()
        if match[1] == "begin":
            closes = braces(text) if closes is None else closes
            for _ in range(2 if match[2] in _WIDTH_FIRST else 1):
                done = closes[done] + 1 if done in closes else done
            open_tables.append([])
        elif len(open_tables) > 1:
            caption, inner = _captioned("".join(open_tables.pop()))
            rows = _rows(inner)
            if len(open_tables) > 1:
                open_tables[-1].append(" ".join([caption, *[cell for row in rows for cell in row]]).lstrip())
            else:
                open_tables[-1].append(f"\n\n{caption}\n\n{put(_table(rows, finish))}\n\n")
    open_tables[-1].append(text[done:])
    return "\n".join("".join(parts) for parts in open_tables)


def _captioned(inner: str) -> tuple[str, str]:
    """The first caption that stands in a table, as it is spelled, and the table without it."""
    found = _CAPTION.search(inner)
    closed = braces(inner).get(found.end()) if found else None
    if found is None or closed is None:
        return "", inner
    behind = _BEHIND_CAPTION.match(inner, closed + 1)
    end = closed + 1 if behind is None else behind.end()
    return inner[found.start() : closed + 1], inner[: found.start()] + inner[end:]


def _as_printed(inner: str) -> str:
    """What a long table holds with its header once, and its foot, which is spelled before the rows, behind them."""
    first, again, rest = inner.partition("\\endfirsthead")
    if again and "\\endhead" in rest:  # what stands between is the header of further pages
        rest = rest.partition("\\endhead")[2]
    elif not again:
        first, again, rest = inner.partition("\\endhead")
        first, rest = (first, rest) if again else ("", inner)
    for end in ("\\endlastfoot", "\\endfoot"):
        foot, found, rows = rest.rpartition(end)
        if found:
            foot = foot.rpartition("\\endfoot")[2]
            return f"{first}{rows}\\\\{foot}"
    return first + rest


def _rows(inner: str) -> list[list[str]]:
    """The cells of each row, as they are spelled."""
    inner = _DOWN.sub("", _RULES.sub(" ", _as_printed(inner)))
    rows: list[list[str]] = [[]]
    depth = done = 0
    for match in _PART.finditer(inner):
        sign = match[0]
        if sign in "{}" or sign[1:2] in {"b", "e"}:  # what a box holds stays together, its lines too
            depth = max(0, depth + (1 if sign == "{" or sign[1:2] == "b" else -1))
        elif depth == 0 and (sign == "&" or (len(sign) > 1 and sign[1] not in "{}&")):
            rows[-1] += _cell(inner[done : match.start()])
            done = match.end()
            if sign != "&":
                rows.append([])
    rows[-1] += _cell(inner[done:])
    return [row for row in rows if any(cell.strip() for cell in row)]


def _cell(spelled: str) -> list[str]:
    """A cell, and the empty ones that it spans behind it."""
    spans = _SPANS.search(spelled)
    across = 1
    if spans is not None and (closed := braces(spelled).get(spans.end())) is not None:
        across = min(int(spans[1]), _MOST_SPAN)
        spelled = spelled[: spans.start()] + spelled[closed + 1 :]  # without how the column is set
    return [spelled.replace("\\\\", " "), *[""] * (across - 1)]


def _table(rows: list[list[str]], finish: Callable[[str], str]) -> str:
    written = [[" ".join(finish(cell).split()) for cell in row] for row in rows]
    width = max(map(len, written), default=0)
    while width > 1 and not any(row[width - 1] for row in written if len(row) >= width):
        width -= 1
    if width <= 1:
        return "\n\n".join(row[0] for row in written if row and row[0])
    lines = [
        "| " + " | ".join(cell.replace("|", "\\|") for cell in [*row, *[""] * (width - len(row))][:width]) + " |"
        for row in written
    ]
    return "\n".join([lines[0], "|" + " --- |" * width, *lines[1:]])
