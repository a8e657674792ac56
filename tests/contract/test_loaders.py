"""Every built-in loader and chunker keeps the contract that plug-ins are held to."""

from __future__ import annotations

import bz2
import json
import lzma

import pytest
import zstandard

from embedingest import registry
from embedingest.testing import contract
from tests import samples

GOOD = samples.good()
EXAMPLES = {
    "archive": {},  # its words are its children's
    "bzip2": {"mill.txt.bz2": bz2.compress(b"Water turns.\n")},
    "captions": ("mill.srt", "mill.vtt"),
    "cards": {"mill.ics": b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Mill\nEND:VEVENT\nEND:VCALENDAR\n"},
    "catalog": {"mill.po": b'msgid "Mill"\nmsgstr "Molen"\n'},
    "code": {"mill.py": b"def grind():\n    return 1\n"},
    "csv": ("mill.csv", "mill.tsv"),
    "docx": ("mill.docx",),
    "epub": ("mill.epub",),
    "gzip": ("mill.txt.gz",),
    "html": {"mill.html": b"<h1>Mill</h1><p>Water.</p>"},
    "json": ("mill.json",),
    "jsonl": ("mill.jsonl",),
    "latex": ("mill.tex",),
    "mail": ("mill.eml", "mill.mbox"),
    "man": {"mill.man": b".TH MILL 1\n.SH NAME\nmill - grind\n"},
    "markdown": {"mill.md": b"---\ntitle: Mill\n---\n# Mill\n"},
    "notebook": ("mill.ipynb",),
    "opendocument": ("mill.odt",),
    "org": {"mill.org": b"#+TITLE: Mill\n* Wheel\nWater turns.\n"},
    "pdf": ("mill.pdf",),
    "pptx": ("mill.pptx",),
    "rtf": {"mill.rtf": rb"{\rtf1\ansi Water turns.\par}"},
    "saved-page": {"mill.mhtml": b"MIME-Version: 1.0\nContent-Type: text/html\n\n<h1>Mill</h1><p>Water.</p>"},
    "sheet": ("mill.xlsx",),
    "text": {"mill.txt": b"Water turns.\n"},
    "wiki": {"mill.wiki": b"== Mill ==\n'''Water''' turns.\n"},
    "xml": {"mill.xml": b"<mill><p>Water turns.</p></mill>"},
    "xz": {"mill.txt.xz": lzma.compress(b"Water turns.\n")},
    "yaml": ("mill.yaml",),
    "zstd": {"mill.txt.zst": zstandard.compress(b"Water turns.\n")},
}
LOADERS = sorted(plugin.name for plugin in registry.plugins("loaders") if plugin.distribution is None)
CHUNKERS = sorted(plugin.name for plugin in registry.plugins("chunkers") if plugin.distribution is None)


def examples(name):
    listed = EXAMPLES[name]
    return listed if isinstance(listed, dict) else {each: GOOD[each] for each in listed}


def test_every_loader_has_its_examples():
    assert set(EXAMPLES) == set(LOADERS)


globals().update(
    {
        f"test_loader_{name}": contract("loaders", registry.load("loaders", name), examples=examples(name))
        for name in LOADERS
        if name in EXAMPLES
    }
    | {f"test_chunker_{name}": contract("chunkers", registry.load("chunkers", name)) for name in CHUNKERS}
)


@pytest.mark.parametrize("name", sorted(GOOD))
def test_metadata_can_be_written_as_json(name):
    from embedingest.ingest.load.inner import load_inner

    if name == "mill.zip":
        return
    document = load_inner(GOOD[name], name, name)
    assert json.loads(json.dumps(dict(document.metadata))) == dict(document.metadata)
