"""The same manual from four formats: how much of its text and of its headings comes out, and how fast.

    python benchmarks/extract.py FOLDER…

Each FOLDER is an unpacked Debian package that ships one manual as text, HTML, PDF and EPUB:
`apt-get download debian-policy developers-reference` and `dpkg -x` each. F1 is over words, against the text
version, raised numbers as plain ones; headings are those of the text version that are found in heading paths. The bare libraries read the same
bytes in the same run, where they are installed.
"""

import argparse
import gzip
import re
from collections import Counter
from pathlib import Path
from unicodedata import normalize

from embedingest import registry
from embedingest.ingest.chunk.sections import sections
from embedingest.types import Document

import common
import record as records

LEAST = {
    "html": {"policy": 0.985, "developers-reference": 0.981},
    "pdf": {"policy": 0.985, "developers-reference": 0.987},
    "epub": {"policy": 0.997, "developers-reference": 0.9915},
}
"""F1 of words that each format gave once, to three places: less is a defect."""

WORD = re.compile(r"\w+")
NUMBER = re.compile(r"^(?:(?:chapter|appendix)\s+)?(?:[\dA-Z]{1,2}\.)*[\dA-Z]{1,2}[.:]?\s+", re.IGNORECASE)
LEFT_OUT = {"genindex.html", "search.html", "index.html"}


def f1(text, reference):
    ours, theirs = (Counter(WORD.findall(normalize("NFKC", each).lower())) for each in (text, reference))
    common_words = sum((ours & theirs).values())
    return 2 * common_words / max(1, sum(ours.values()) + sum(theirs.values()))


def plain(title):
    return " ".join(WORD.findall(NUMBER.sub("", title).lower()))


def headings(documents):
    found = {plain(title) for document in documents for section in sections(document) for title in section.path}
    return found - {""}


def unpacked(path):
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


def manuals(folder):
    """The manual of a package: its text, and the files of each other format, pages in the order of their names."""
    text = max(folder.rglob("*.txt.gz"), key=lambda path: len(unpacked(path)))
    stem = text.name.removesuffix(".txt.gz")
    pdf = next(path for path in folder.rglob(f"{stem}.pdf*"))
    book = next(folder.rglob(f"{stem}.epub"))
    pages = next(folder.rglob(f"{stem}.html"))  # one page, or a folder of them
    html = [pages] if pages.is_file() else [path for path in sorted(pages.glob("*.html")) if path.name not in LEFT_OUT]
    return stem, text, {"html": html, "pdf": [pdf], "epub": [book]}


def ours(kind, data):
    return registry.load("loaders", kind)().load(data, f"x.{kind}")


def peers(kind):
    """Name and function (bytes to text) of each bare library for a format."""
    if kind == "pdf":
        yield "pypdfium2 bare", pdfium_text
    if kind == "html":
        yield "trafilatura", trafilatura_text
    yield "kreuzberg", lambda data: kreuzberg_text(kind, data)


def pdfium_text(data):
    import pypdfium2

    with pypdfium2.PdfDocument(data) as pdf:
        return "\n".join(page.get_textpage().get_text_bounded() for page in pdf)


def trafilatura_text(data):
    import trafilatura

    return trafilatura.extract(data.decode("utf-8", "replace"), output_format="markdown") or ""


def kreuzberg_text(kind, data):
    import kreuzberg

    mime = {"pdf": "application/pdf", "html": "text/html", "epub": "application/epub+zip"}[kind]
    return kreuzberg.extract_bytes_sync(data, mime_type=mime).content


def row(record, stem, name, texts, took, units, reference, headings_share=None):
    words, speed = f1(" ".join(texts), reference), units / took
    share = "" if headings_share is None else f"{headings_share:.1%}"
    print(f"  {name:28} {words:>8.4f} {share:>9} {speed:>10.0f} pages/s {took:>7.2f} s")
    kind, _, whose = name.partition(": ")
    least = LEAST[kind].get(stem) if whose == "embedingest" else None
    checks = [records.Check(f"F1 of words, {kind}", words, least, unit="")] if least is not None else []
    figures = {"words_f1": words, "pages_per_second": speed, "pages": units}
    record.told(
        f"{stem}, {name}", figures if headings_share is None else {**figures, "headings": headings_share}, checks
    )


def report(record, folder):
    stem, text_path, formats = manuals(folder)
    reference = unpacked(text_path).decode("utf-8", "replace")
    wanted = headings([Document(source="x", text=reference)])
    print(f"{stem}: {len(WORD.findall(reference)):,} words, {len(wanted)} headings in the text version")
    print(f"  {'':28} {'words F1':>8} {'headings':>9}")
    for kind, paths in formats.items():
        blobs = [unpacked(path) for path in paths]
        documents, took = common.seconds(lambda blobs=blobs, kind=kind: [ours(kind, data) for data in blobs])
        units = documents[0].metadata.get("pages", len(documents)) if kind == "pdf" else chapters(documents)
        share = len(headings(documents) & wanted) / len(wanted)
        row(record, stem, f"{kind}: embedingest", [d.text for d in documents], took, units, reference, share)
        for name, read in peers(kind):
            try:
                texts, took = common.seconds(lambda read=read, blobs=blobs: [read(data) for data in blobs])
            except ImportError:
                continue
            row(record, stem, f"{kind}: {name}", texts, took, units, reference)


def chapters(documents):
    return sum(max(1, sum(span.kind == "chapter" for span in document.spans)) for document in documents)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="+")
    parser.add_argument("--results", default=records.RESULTS)
    arguments = parser.parse_args()
    record = records.Record("extract", arguments.results)
    for folder in arguments.folder:
        report(record, folder)
    return record.end()


if __name__ == "__main__":
    raise SystemExit(main())
