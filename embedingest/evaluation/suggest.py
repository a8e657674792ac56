"""Questions to begin with, made of the headings of a table's own documents. Knows no file."""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import yaml

from embedingest.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from embedingest.store.table import ChunkTable
    from embedingest.types import Row

__all__ = ["suggested"]

_LOOKED_AT: Final = 8  # documents for each question that is wanted: many have no heading of their own
_FEWEST_WORDS: Final = 2
_MOST_CHARACTERS: Final = 200
_OPENING: Final = """\
# Questions with the documents that answer them, to see how good a search is: embedingest evaluate {name}
# These are headings of your documents. Write them as you would ask, without the words of the answer; add what you
# really look for, and all documents that answer it. Fifty good questions tell more than a thousand headings.
"""


def suggested(table: ChunkTable, count: int, *, name: str = "questions.yaml") -> str:
    """A YAML file of at most `count` questions, each from another document; the same for the same table.

    Raises ConfigError where no document has a heading or title of two words or more that is its own.
    """
    # Spread over the table, whatever order its folders have.
    sources = sorted(table.source_states(), key=lambda source: blake2b(source.encode("utf-8", "replace")).digest())
    looked_at = sources[: count * _LOOKED_AT]
    headings = {source: list(_headings(rows)) for source, rows in table.rows(looked_at).items()}
    often = Counter(heading.casefold() for found in headings.values() for heading in set(found))
    own = ((source, [one for one in headings.get(source, ()) if often[one.casefold()] == 1]) for source in looked_at)
    entries = list(islice(_entries(own), count))
    if not entries:
        raise ConfigError(
            f"no document of table `{table.name}` has a heading of its own to ask for",
            remedy="write a YAML file of `- question: …` with `sources: [notes.md]` under each",
        )
    return _OPENING.format(name=name) + yaml.safe_dump(entries, allow_unicode=True, sort_keys=False, width=120)


def _entries(own: Iterator[tuple[str, Sequence[str]]]) -> Iterator[dict[str, Any]]:
    """The longest heading of each document: it says the most."""
    for source, headings in own:
        if headings:
            yield {"question": max(headings, key=len), "sources": [source]}


def _headings(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        for heading in (*row.heading_path[-1:], *([row.title] if row.title else [])):
            text = " ".join(heading.split())
            if len(text.split()) >= _FEWEST_WORDS and len(text) <= _MOST_CHARACTERS and text.isprintable():
                yield text
