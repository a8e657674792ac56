"""Each file finds its loader by settings, by unmistakable content, by suffix, in this order."""

import pytest

from embedingest import registry
from embedingest.errors import DocumentSkipped
from embedingest.ingest.load.choose import SUFFIXES, choose


@pytest.mark.parametrize(
    ("name", "head", "loader"),
    [
        ("docs/guide.md", b"# Guide", "markdown"),
        ("docs/GUIDE.MD", b"# Guide", "markdown"),
        ("docs/index.rst", b"Title\n=====\n", "text"),
        ("page.html", b"<p>", "html"),
        ("src/main.rs", b"fn main() {}", "code"),
        ("src/Makefile", b"all:", "code"),
        ("README", b"words", "text"),
        ("notes.unknown", b"words", "text"),
        ("page", b"\n<!DOCTYPE html><html>", "html"),
        ("run", b"#!/bin/sh\necho", "code"),
        ("empty.txt", b"", "text"),
    ],
)
def test_names_and_first_bytes_pick_the_loader(name, head, loader):
    assert choose(name, head) == loader


def test_settings_come_first_and_the_first_match_wins():
    loaders = {"*/notes/*.md": "text", "*.md": "html"}
    assert choose("root/notes/a.md", b"", loaders) == "text"
    assert choose("root/b.md", b"", loaders) == "html"


@pytest.mark.parametrize(
    ("name", "head", "word"),
    [
        ("photo.txt", b"\x89PNG\r\n\x1a\n\0\0", "PNG"),
        ("tool", b"\x7fELF\2\1\1\0", "ELF"),
        ("blob.dat", b"\0\1\2\3", "binary"),
        ("film.mov", b"\0\0\0\x18ftypqt  ", "film"),
    ],
)
def test_what_nothing_here_reads_is_skipped_by_name_and_reason(name, head, word):
    with pytest.raises(DocumentSkipped, match=word) as caught:
        choose(name, head)
    assert caught.value.code == "binary"
    assert name in caught.value.message


def test_the_table_of_suffixes_says_what_the_loaders_say():
    by_loader = {}
    for suffix, loader in SUFFIXES.items():
        by_loader.setdefault(loader, set()).add(suffix)
    assert by_loader == {name: set(registry.load("loaders", name)().suffixes) for name in by_loader}
