"""Files that are ready, as what a commit writes of them. Writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedingest.store.values import Changes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embedingest.ingest.rows.difference import Difference
    from embedingest.ingest.rows.recipe import Recipe
    from embedingest.ingest.run.planner import PlannedFile
    from embedingest.types import Row

__all__ = ["changes_of", "characters_of"]


def characters_of(difference: Difference) -> int:
    """How many characters the rows have that are written: of their text, and of what they say of their document."""
    return sum(map(_characters, difference.new)) + sum(map(_characters, difference.refreshed))


def _characters(row: Row) -> int:
    texts = (row.text, row.context or "", row.metadata, row.title or "", row.source, *row.heading_path)
    return sum(map(len, texts))


def changes_of(files: Sequence[PlannedFile], recipe: Recipe) -> Changes:
    """What is written of files that have all their vectors."""
    # Not one array: a large document's vectors would be held twice.
    vectors, *beside = (
        [file.vectors[representation.key(row.text_hash)] for file in files for row in file.difference.new]
        for representation in recipe.representations
    )
    return Changes(
        add=[row for file in files for row in file.difference.new],
        vectors=vectors or None,
        extras={r.column: values for r, values in zip(recipe.representations[1:], beside, strict=True)},
        refresh=[row for file in files for row in file.difference.refreshed],
        delete=[key for file in files for key in file.difference.gone],
    )
