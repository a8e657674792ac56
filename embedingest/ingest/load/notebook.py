"""Jupyter notebooks as Markdown: text cells as they are, code cells fenced. Runs nothing."""

from __future__ import annotations

import re
from typing import Any, Final

import orjson

from embedingest.errors import DocumentError
from embedingest.ingest.load.common.assembly import Assembly
from embedingest.ingest.load.common.headings import first_heading
from embedingest.ingest.load.common.markdown_escape import fence_for
from embedingest.ingest.load.common.terminal import without_codes
from embedingest.ingest.load.encoded.data import without_data
from embedingest.ingest.notices import plus
from embedingest.numerals import read_json
from embedingest.types import Document

__all__ = ["NotebookLoader", "create"]

_QUICK: Final = 2**24
_HEAD: Final = 8000
_PICTURES: Final = frozenset({"png", "jpeg", "svg", "html", "latex"})
"""Where the third version of the format keeps what others keep in `data`."""

_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class NotebookLoader:
    """Cells with a `cell` span each, counted from 1. With `outputs`, printed and returned text follows its cell."""

    name = "notebook"
    version = "9"
    suffixes = frozenset({".ipynb"})
    mimes = frozenset({"application/x-ipynb+json"})

    def __init__(self, *, outputs: bool = False) -> None:
        self._outputs = outputs

    def load(self, data: bytes, name: str) -> Document:
        """Raises DocumentError (`corrupt`) where the file is no notebook."""
        book = _parse(data, name)
        language = _language(book)
        assembly = Assembly()
        left_out = encoded = 0
        title: str | None = None
        for number, cell in enumerate(_cells(book), start=1):
            start = assembly.next
            words, count = without_data(_joined(cell.get("source", cell.get("input"))))
            encoded += count
            if cell.get("cell_type") == "code":
                own = cell.get("language")  # the third version of the format has it with each cell
                spoken = own if isinstance(own, str) else language
                assembly.add(_fenced(words, spoken.lower()))
                language = language or spoken.lower()
                outputs = [each for each in cell.get("outputs") or [] if isinstance(each, dict)]
                texts = list(filter(None, map(_output, outputs))) if self._outputs else []
                for text in texts:
                    assembly.add(_fenced(text, "output"))
                left_out += sum(map(_shows, outputs)) - len(texts)
            elif cell.get("cell_type") == "heading":
                words = " ".join(words.split())
                assembly.add(f"{'#' * _level(cell)} {words}" if words else "")
                title = title or (words if _level(cell) == 1 else None)
            else:
                assembly.add(words)
                title = title or (first_heading(words[:_HEAD]) if cell.get("cell_type") == "markdown" else None)
            assembly.span(start, "cell", number)
        return Document(
            source=name,
            has_lines=False,
            text=assembly.text,
            markup="markdown",
            mime="application/x-ipynb+json",
            title=title,
            spans=tuple(assembly.spans),
            metadata={"language": language} if language else {},
            notices=plus({}, outputs_left_out=left_out, encoded_data=encoded),
        )


def create(*, outputs: bool = False) -> NotebookLoader:
    """The loader of notebooks."""
    return NotebookLoader(outputs=outputs)


def _parse(data: bytes, name: str) -> dict[str, Any]:
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        book = _values(data)
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"{name} is no notebook: {error}", source=name, code="corrupt") from error
    if not isinstance(book, dict) or not (isinstance(book.get("cells"), list) or "worksheets" in book):
        raise DocumentError(f"{name} is JSON but no notebook: it has no cells", source=name, code="corrupt")
    return book


def _values(data: bytes) -> Any:
    """The quick reader takes ten times the bytes at once, may end the process where it gets none, and refuses the NaN
    that charts write into outputs, and halves of surrogate pairs; the other one does not.
    """
    if len(data) <= _QUICK:
        try:
            return orjson.loads(data)
        except orjson.JSONDecodeError:
            pass
    return read_json(data)


def _cells(book: dict[str, Any]) -> list[dict[str, Any]]:
    cells = book.get("cells")
    if cells is None:  # the third version of the format keeps them in sheets
        cells = [cell for sheet in book.get("worksheets") or [] for cell in sheet.get("cells") or []]
        return [_with_line_ends(cell) for cell in cells if isinstance(cell, dict)]
    return [cell for cell in cells if isinstance(cell, dict)]


def _with_line_ends(cell: dict[str, Any]) -> dict[str, Any]:
    """A cell of an early version of the format, some of whose writers kept lines without their ends."""
    for key in ("source", "input"):
        lines = cell.get(key)
        if isinstance(lines, list) and lines and not str(lines[0]).endswith("\n"):
            cell = {**cell, key: "\n".join(map(str, lines))}
    return cell


def _language(book: dict[str, Any]) -> str:
    metadata = book.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    for section, key in (("language_info", "name"), ("kernelspec", "language")):
        value = metadata.get(section)
        if isinstance(value, dict) and isinstance(value.get(key), str):
            return str(value[key]).lower()
    return ""


def _level(cell: dict[str, Any]) -> int:
    level = cell.get("level")
    return min(max(level, 1), 6) if isinstance(level, int) else 1


def _joined(source: Any) -> str:
    if isinstance(source, list):
        source = "".join(str(line) for line in source)
    text = str(source or "").replace("\r\n", "\n").replace("\0", "")
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def _shows(output: dict[str, Any]) -> bool:
    """Whether a reader sees anything of an output: words, a picture, a chart, a widget."""
    return bool(_output(output) or output.get("data") or not _PICTURES.isdisjoint(output))


def _output(output: dict[str, Any]) -> str:
    """The text of an output; pictures and widgets have none."""
    data = output.get("data")
    plain = data.get("text/plain") if isinstance(data, dict) else output.get("text")
    if output.get("output_type") in {"error", "pyerr"}:
        plain = f"{output.get('ename', '')}: {output.get('evalue', '')}"
    return without_codes(_joined(plain)).strip()


def _fenced(source: str, language: str) -> str:
    if not source.strip():
        return ""
    fence = fence_for(source)
    return f"{fence}{language}\n{source.rstrip()}\n{fence}"
