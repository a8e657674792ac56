"""A name means the one document that people would take it for."""

from __future__ import annotations

import pytest

from embedingest.errors import ConfigError
from embedingest.ingest.meant import meant

SOURCES = ("docs/a.md", "docs/sub/b.md", "docs/mail.eml!/note.txt", "more/c.md", "docs/.env")


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("docs/a.md", "docs/a.md"),
        ("sub/b.md", "docs/sub/b.md"),
        ("b.md", "docs/sub/b.md"),
        ("b", "docs/sub/b.md"),
        ("note", "docs/mail.eml!/note.txt"),
        (".env", "docs/.env"),
    ],
)
def test_a_name_is_a_source_or_its_end(name, source):
    assert meant([name], SOURCES) == {name: source}


def test_names_that_no_document_has_are_left_out():
    assert meant(["b.txt", ""], SOURCES) == {}


def test_a_longer_spelling_goes_before_a_shorter_one():
    assert meant(["a.md"], ["docs/a.md", "docs/sub/a.md"]) == {"a.md": "docs/a.md"}


def test_a_name_that_may_be_two_documents_is_refused_with_both():
    with pytest.raises(ConfigError, match=r"`b` may be `docs/b\.md` or `docs/sub/b\.md` and 1 more"):
        meant(["b"], ["docs/sub/b.md", "docs/b.md", "more/b.txt"])
