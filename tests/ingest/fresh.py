"""What a fresh ingest of a world's folders would give, told without table, journal or plan."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np

from embedingest.errors import DocumentError
from embedingest.ingest.extract.extractor import Extractor, Job
from embedingest.ingest.rows.build import wanted_rows
from embedingest.ingest.rows.recipe import Recipe
from embedingest.ingest.scan.folders import Folders
from embedingest.ingest.scan.listing import FoundFile
from embedingest.ingest.scan.roots import resolve
from tests.ingest.world import ENGINE

if TYPE_CHECKING:
    from tests.ingest.world import World

__all__ = ["expected"]


def expected(world: World) -> dict[str, tuple[Any, ...]]:
    """What a fresh ingest gives, computed without table, journal or plan."""
    config = world.config
    recipe = Recipe(config, ENGINE.describe("hashing"))
    extractor = Extractor(recipe.setup(ENGINE.sizer("hashing", prompt="")))
    rows, texts = [], {}
    folders = Folders(resolve(config.sources, {}), [world.state], config.metadata_rules.sidecar)
    for root in folders.roots:
        for item in folders.scanner(root).scan():
            if not isinstance(item, FoundFile):
                continue
            with contextlib.suppress(DocumentError):
                job = Job(
                    str(root.path), item.relative, root.source(item.relative),
                    link=item.link, links=root.config.follow_symlinks,
                )  # fmt: skip
                made = wanted_rows(extractor.extract(job), recipe)
                rows += made.rows
                texts.update(made.texts)
    keys = list(texts)
    vectors = ENGINE.embed([texts[key] for key in keys], model="hashing", prompt="").vectors
    rounded = {key: tuple(np.round(vectors[place].astype(float), 3)) for place, key in enumerate(keys)}
    return {row.id: (row, rounded[row.text_hash]) for row in rows}
