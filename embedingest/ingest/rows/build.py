"""Extracted documents to the rows they should have, and the texts that are embedded for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from embedingest.ingest.identity import canonical_json, chunk_id, occurrences, picture_hash, text_hash
from embedingest.ingest.notices import add_notices
from embedingest.ingest.rows.recipe import joined_hash
from embedingest.store.values import VECTOR, stored_ns
from embedingest.types import Row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from embedingest.ingest.extract.values import Extracted, Part
    from embedingest.ingest.rows.recipe import Recipe
    from embedingest.types import Chunk

__all__ = ["WantedRows", "wanted_rows"]


@dataclass(frozen=True, slots=True)
class WantedRows:
    """What one file's rows should be. `texts` is what is embedded, by text hash; `children` are inner documents.

    `captions` are the texts of pictures, by text hash, for models beside the vector's, which read them in their place.
    `tokens` are those of the texts, where extraction gave them. `notices` counts what no row of the file has, by kind.
    """

    rows: tuple[Row, ...]
    texts: dict[str, str]
    tokens: dict[str, Sequence[int]]
    children: tuple[str, ...]
    config_hash: str
    chunker: str
    notices: Mapping[str, int]
    captions: Mapping[str, str]

    def read_by(self, column: str, text_hash: str) -> str:
        """What the model of a column makes its representation of."""
        if column != VECTOR and text_hash in self.captions:
            return self.captions[text_hash]
        return self.texts[text_hash]


def wanted_rows(extracted: Extracted, recipe: Recipe) -> WantedRows:
    """The rows of a file that was extracted, in order of document and chunk."""
    rows: list[Row] = []
    texts: dict[str, str] = {}
    captions: dict[str, str] = {}
    tokens: dict[str, Sequence[int]] = {}
    hashes: list[str] = []
    notices: dict[str, int] = {}
    for part in extracted.parts:
        add_notices(notices, part.document.notices)
        config_hash = recipe.config_hash(extracted.loader, extracted.loader_version, part.chunker, part.chunker_version)
        hashes.append(config_hash)
        added = _rows(part, config_hash, recipe, texts, extracted.metadata)
        for row, chunk in zip(added, part.chunks, strict=True):
            if chunk.picture is not None:
                captions[row.text_hash] = chunk.prefix + chunk.text
        tokens.update(zip((row.text_hash for row in added), part.tokens, strict=False))  # none, or one each
        rows += added
    if not rows:
        notices["empty"] = 1
    return WantedRows(
        rows=tuple(rows),
        texts=texts,
        tokens=tokens,
        children=tuple(part.document.source for part in extracted.parts[1:]),
        config_hash=joined_hash(hashes),
        chunker=",".join(sorted({part.chunker for part in extracted.parts})),
        notices=notices,
        captions=captions,
    )


def _rows(part: Part, config_hash: str, recipe: Recipe, texts: dict[str, str], sidecar: Mapping[str, Any]) -> list[Row]:
    document = part.document
    hashes = [_hash(chunk, recipe) for chunk in part.chunks]
    inputs = [chunk.prefix + chunk.text if chunk.picture is None else chunk.picture for chunk in part.chunks]
    texts.update(zip(hashes, inputs, strict=True))
    common = recipe.metadata.of(document, sidecar)
    shared = canonical_json(common)
    return [
        Row(
            id=chunk_id(document.source, key, occurrence),
            source=document.source,
            title=document.title,
            text=chunk.text,
            text_hash=key,
            content_hash=document.content_hash,
            chunk_index=index,
            chunk_count=len(part.chunks),
            start=chunk.start,
            end=chunk.end,
            line_start=chunk.line_start,
            line_end=chunk.line_end,
            page=chunk.page,
            heading_path=tuple(chunk.heading_path),
            mime=document.mime,
            # Rows are compared as they come back from the table.
            modified_at_ns=stored_ns(document.modified_at_ns),
            metadata=canonical_json({**common, **chunk.metadata}) if chunk.metadata else shared,
            fingerprint=recipe.fingerprint,
            config_hash=config_hash,
            context=chunk.prefix if recipe.has_context else None,
        )
        for index, (chunk, key, occurrence) in enumerate(zip(part.chunks, hashes, occurrences(hashes), strict=True))
    ]


def _hash(chunk: Chunk, recipe: Recipe) -> str:
    """The hash of all that models read of a chunk."""
    text = chunk.prefix + chunk.text
    if chunk.picture is None:
        return text_hash(recipe.fingerprint, recipe.prompt, text)
    return picture_hash(recipe.fingerprint, chunk.picture, text if len(recipe.representations) > 1 else "")
