"""The same manual from four formats: how much of its text and of its headings comes out, and how fast.

    python benchmarks/extract.py FOLDER…
    python benchmarks/extract.py FOLDER… --baseline CHECKOUT --kind html    processor time a page, against another commit

Each FOLDER is an unpacked Debian package that ships one manual as text, HTML, PDF and EPUB:
`apt-get download debian-policy developers-reference` and `dpkg -x` each. F1 is over words, against the text version, raised
numbers as plain ones and without its contents where the loader says that it left them out; headings are those of the text
version that are found in heading paths. The bare libraries read the same bytes in the same run, where they are installed.

With `--baseline` the files of one format are read by this checkout and by the other one, one after the other, `--rounds`
times; the least of each counts. Of HTML and EPUB these are the manuals above, of PDF those of `MANUALS`, which are looked
for in the folders (Debian packages and archives of PyPI, unpacked).
"""

import argparse
import gzip
import json
import os
import re
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from statistics import geometric_mean
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

MANUALS = {
    "policy.pdf": "debian-policy",  # LaTeX by Sphinx
    "developers-reference.pdf": "developers-reference",
    "debian-reference.en.pdf": "debian-reference-en",  # LaTeX by DocBook, many tables
    "debmake-doc.ja.pdf": "debmake-doc",  # Japanese
    "gnuplot.pdf": "gnuplot-doc",  # LaTeX with pictures
    "Theora.pdf": "libtheora-doc",  # LaTeX with formulas and tables
    "sdccman.pdf": "sdcc-doc",  # LaTeX by LyX
    "bashref.pdf": "bash-doc",  # Texinfo
    "bash.pdf": "bash-doc",  # groff
    "tex-ref.pdf": "auctex",  # three columns
    "demo.pdf": "impressive",  # slides by Beamer
    "SystemTap_Beginners_Guide.pdf": "systemtap-doc",  # DocBook by FOP
    "features.pdf": "fonts-sil-charis",  # tables, by Cairo
    "xfig_ref_en.pdf": "xfig-doc",  # web pages by htmldoc
}
"""What `--baseline` reads, and who ships it: chosen by kind before any was timed."""

MOST_OF_BASELINE = 1.10
"""Processor time a page against the first loaders: 2f28bea for PDF, which read no tables, forms, notes and scripts; f616832
for HTML and EPUB, which knew no lines of the source, and none of what a page shows without having it as words."""

TIMED = """
import gzip, json, sys, time
from pathlib import Path
from embedingest import registry
kind = sys.argv[1]
load = registry.load("loaders", kind)().load
for line in sys.stdin:
    data = Path(line.strip()).read_bytes()
    data = gzip.decompress(data) if data[:2] == bytes([31, 139]) else data
    began = time.process_time()
    document = load(data, f"x.{kind}")
    took = time.process_time() - began
    chapters = sum(span.kind == "chapter" for span in document.spans)
    print(json.dumps([took, document.metadata.get("pages") or max(1, chapters)]), flush=True)
"""

WORD = re.compile(r"\w+")
NUMBER = re.compile(r"^(?:(?:chapter|appendix)\s+)?(?:[\dA-Z]{1,2}\.)*[\dA-Z]{1,2}[.:]?\s+", re.IGNORECASE)
CONTENTS = re.compile(
    r"^ *\* (?:\d+|[A-Z])(?:\.\d+)*\. .+(?:\n +(?!\*)\S.*)*$", re.MULTILINE
)  # one entry, as Sphinx writes it
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
        told = reference if not left_out(documents) else CONTENTS.sub("", reference)
        row(record, stem, f"{kind}: embedingest", [d.text for d in documents], took, units, told, share)
        for name, read in peers(kind):
            try:
                texts, took = common.seconds(lambda read=read, blobs=blobs: [read(data) for data in blobs])
            except ImportError:
                continue
            row(record, stem, f"{kind}: {name}", texts, took, units, reference)


def left_out(documents):
    """How many entries of contents the loader says it left out: they are no loss then, and the text version has them."""
    return sum(document.notices.get("contents_left_out", 0) for document in documents)


def chapters(documents):
    return sum(max(1, sum(span.kind == "chapter" for span in document.spans)) for document in documents)


def found_manuals(folders, kind):
    """The files of each manual of a format."""
    if kind != "pdf":
        return {f"{stem}.{kind}": formats[kind] for stem, _, formats in map(manuals, folders)}
    found = {}
    for name, package in MANUALS.items():
        places = [place for folder in folders for place in sorted(folder.rglob(f"{name}*"))]
        if not places:
            raise SystemExit(f"{name} is in none of the folders: unpack {package} there")
        found[name] = [places[0]]
    return found


def reader(checkout, kind):
    """A process that reads files of a format by the code of a checkout, for as long as its input is open."""
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    command = [sys.executable, "-c", TIMED, kind]
    return subprocess.Popen(
        command, cwd=checkout, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def timed(process, paths):
    """Processor milliseconds a page, of a web page a file."""
    took = pages = 0
    for path in paths:
        process.stdin.write(f"{path.resolve()}\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        if not answer:
            raise SystemExit(f"{path.name} could not be read by one of the checkouts")
        seconds, of_file = json.loads(answer)
        took, pages = took + seconds, pages + of_file
    return took * 1000 / pages


def compare(record, folders, kind, baseline, rounds):
    """Both checkouts by turns, so that what else the machine does falls on both."""
    figures, ratios = {}, []
    commit = subprocess.run(
        ["git", "-C", baseline, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()
    print(f"  {'ms a page':30} {'here':>8} {commit:>12} {'ratio':>7}")
    with ExitStack() as stack:
        checkouts = (Path(__file__).resolve().parents[1], baseline.resolve())
        both = [stack.enter_context(reader(checkout, kind)) for checkout in checkouts]
        for name, paths in found_manuals(folders, kind).items():
            rows = [[timed(process, paths) for process in both] for _ in range(rounds)]
            here, there = (min(column) for column in zip(*rows, strict=True))
            figures[name] = {"ms_a_page": here, "ms_a_page_baseline": there}
            ratios.append(here / there)
            print(f"  {name:30} {here:>8.2f} {there:>12.2f} {here / there:>7.2f}", flush=True)
        for process in both:
            process.stdin.close()
    check = records.Check("geometric mean", geometric_mean(ratios), MOST_OF_BASELINE, at_most=True)
    record.told(f"{kind.upper()}, processor time a page against {commit}", figures, [check])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="+")
    parser.add_argument("--baseline", type=Path, default=None, help="a checkout of another commit, to time against")
    parser.add_argument("--kind", choices=["pdf", "html", "epub"], default="pdf", help="what is timed against it")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--results", default=records.RESULTS)
    arguments = parser.parse_args()
    record = records.Record("extract", arguments.results)
    if arguments.baseline is not None:
        compare(record, arguments.folder, arguments.kind, arguments.baseline, arguments.rounds)
        return record.end()
    for folder in arguments.folder:
        report(record, folder)
    return record.end()


if __name__ == "__main__":
    raise SystemExit(main())
