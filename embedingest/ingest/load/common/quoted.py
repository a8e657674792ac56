"""Rows of separated values by their quotes, where these are in order, and by their lines, where they are words."""

from __future__ import annotations

import csv
import io
from typing import Final

__all__ = ["read_rows"]

_MOST_LINES: Final = 100
"""Lines that one row may have in a table whose quotes are not in order."""


def read_rows(text: str, delimiter: str) -> tuple[list[list[str]], list[int]]:
    """The rows of a table, and the lines that they begin on, from 1, with the line behind the last.

    A quote that no other closes where a cell ends is a part of the words: programs that write values between tabs have
    no quotes, and those that write them forget some. Raises `csv.Error`.
    """
    try:
        return _in_order(text, delimiter)
    except csv.Error:
        return _by_lines(list(io.StringIO(text, newline="")), delimiter)


def _in_order(text: str, delimiter: str) -> tuple[list[list[str]], list[int]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows, lines = [], [1]
    for row in reader:
        rows.append(row)
        lines.append(reader.line_num + 1)
    return rows, lines


def _by_lines(source: list[str], delimiter: str) -> tuple[list[list[str]], list[int]]:
    rows, lines = [], [1]
    at = 0
    while at < len(source):
        row, count = _row(source, at, delimiter)
        at += count
        rows.append(row)
        lines.append(at + 1)
    return rows, lines


def _row(source: list[str], at: int, delimiter: str) -> tuple[list[str], int]:
    """The row that begins on a line, and how many lines it has."""
    quotes = 0
    for end in range(at, min(len(source), at + _MOST_LINES)):
        quotes += source[end].count('"')
        if quotes % 2 == 0:
            try:
                found = list(csv.reader(source[at : end + 1], delimiter=delimiter, strict=True))
            except csv.Error:
                break
            if len(found) == 1:
                return found[0], end + 1 - at
            break
    line = source[at]
    as_words = delimiter == "\t" or line.count('"') % 2 == 1
    if as_words:
        return next(csv.reader([line], delimiter=delimiter, quoting=csv.QUOTE_NONE), []), 1
    return next(csv.reader([line], delimiter=delimiter), []), 1
