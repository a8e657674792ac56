"""Tables of a PDF against the same manual as HTML: F1 over cells.

    python benchmarks/tables.py FILE.pdf FOLDER|FILE.html…

Manuals that Debian ships as both: `installation-guide-amd64` (a PDF and a folder a language) and `debian-policy`
(`fhs-3.0.pdf` beside `fhs-3.0.html`). Cells are compared by their words; tables of fewer than four cells are frames.
"""

import argparse
import gzip
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

from embedingest import registry

FEWEST = 4


class Tables(HTMLParser):
    """The cells of each table, inner ones apart."""

    def __init__(self):
        super().__init__()
        self.tables, self._open, self._cell = [], [], None

    def handle_starttag(self, tag, _attrs):
        if tag == "table":
            self._open.append([])
        elif tag in {"td", "th"} and self._open:
            self._cell = []

    def handle_endtag(self, tag):
        if tag == "table" and self._open:
            self.tables.append(self._open.pop())
        elif tag in {"td", "th"} and self._cell is not None and self._open:
            self._open[-1].append(words("".join(self._cell)))
            self._cell = None

    def handle_data(self, data):
        if self._cell is not None:
            self._cell.append(data)


def words(cell):
    return " ".join(re.findall(r"\w+", cell.lower()))


def wanted(paths):
    pages = [page for path in paths for page in (sorted(path.rglob("*.html")) if path.is_dir() else [path])]
    for page in pages:
        parser = Tables()
        parser.feed(page.read_text("utf-8", "replace"))
        for table in parser.tables:
            cells = [cell for cell in table if cell]
            if len(cells) >= FEWEST:
                yield cells


def found(path):
    data = path.read_bytes()
    text = registry.load("loaders", "pdf")().load(gzip.decompress(data) if path.suffix == ".gz" else data, "x.pdf").text
    rows = [line for line in text.split("\n") if line.startswith("|") and "---" not in line]
    return Counter(cell for row in rows for cell in map(words, row.split(" | ")) if cell)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pdf", type=Path)
    parser.add_argument("html", type=Path, nargs="+")
    arguments = parser.parse_args()
    tables, ours = list(wanted(arguments.html)), found(arguments.pdf)
    theirs = Counter(cell for table in tables for cell in table)
    score = 2 * (ours & theirs).total() / max(1, ours.total() + theirs.total())
    print(f"{arguments.pdf.name}: {len(tables)} tables, {theirs.total()} cells, {ours.total()} found, F1 {score:.3f}")


if __name__ == "__main__":
    main()
