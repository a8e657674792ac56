"""Tiny seeded models that embed queries and documents by different modules, as sentence-transformers saves them."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.engine.tiny import WIDTH, Kind, network, tokenizer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PROMPTS = {"query": "sky query: ", "document": "the document ", "clustering": "walk: "}


def save(layout: str, folder: Path) -> Path:
    """A model folder of this layout, by its name in LAYOUTS."""
    from sentence_transformers import SentenceTransformer

    modules = LAYOUTS[layout](folder.with_name(f"{folder.name}-inner"))
    model = SentenceTransformer(modules=modules, device="cpu", prompts=PROMPTS)
    model.save(str(folder), create_model_card=False)
    if layout == "asym":
        _as_older_versions_saved_it(folder)
    return folder


def transformer(place: Path, seed: int = 7) -> Any:
    from sentence_transformers.base.modules import Transformer

    kind = Kind(seed=seed)
    words = tokenizer(kind)
    network(kind, len(words)).save_pretrained(place / str(seed))
    words.save_pretrained(place / str(seed))
    return Transformer(str(place / str(seed)))


def table(seed: int = 3) -> Any:
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    words = tokenizer(Kind())
    numbers = np.random.default_rng(seed).normal(size=(len(words), WIDTH)).astype("f4")
    return StaticEmbedding(words.backend_tokenizer, embedding_weights=numbers)


def pooling() -> Any:
    from sentence_transformers.sentence_transformer.modules import Pooling

    return Pooling(WIDTH, "mean")


def dense(seed: int) -> Any:
    import torch
    from sentence_transformers.base.modules import Dense

    torch.manual_seed(seed)
    return Dense(WIDTH, WIDTH)


def _static(place: Path) -> list[Any]:
    """Queries by a table, documents by a transformer."""
    from sentence_transformers.base.modules import Normalize, Router

    return [Router.for_query_document([table()], [transformer(place), pooling()]), Normalize()]


def _shared(place: Path) -> list[Any]:
    """One transformer for both; documents go through a Dense besides."""
    from sentence_transformers.base.modules import Router

    both = [transformer(place), pooling()]
    return [Router.for_query_document(both, [*both, dense(2)], default_route=None, allow_empty_key=False)]


def _inside(place: Path) -> list[Any]:
    """Two transformers, and a pooling for both; the routes are called by other names."""
    from sentence_transformers.base.modules import Normalize, Router

    routes = {"short": [transformer(place, 5)], "long": [transformer(place, 6)]}
    rules: dict[Any, str] = {("query", "text"): "short", ("document", None): "long", (None, "text"): "short"}
    return [Router(routes, route_mappings=rules), pooling(), Normalize()]


def _asym(place: Path) -> list[Any]:
    """A Dense of its own for each behind one transformer."""
    from sentence_transformers.base.modules import Router

    return [transformer(place), pooling(), Router({"query": [dense(4)], "document": [dense(5)]})]


def _same(place: Path) -> list[Any]:
    """Two routes through the same modules."""
    from sentence_transformers.base.modules import Router

    both = [transformer(place), pooling()]
    return [Router.for_query_document(both, both)]


def _tables(_: Path) -> list[Any]:
    """Two tables, and no way for texts of no role."""
    from sentence_transformers.base.modules import Router

    return [Router.for_query_document([table(1)], [table(2)], default_route=None, allow_empty_key=False)]


LAYOUTS: dict[str, Callable[[Path], list[Any]]] = {
    "static": _static,
    "shared": _shared,
    "inside": _inside,
    "asym": _asym,
    "same": _same,
    "tables": _tables,
}


def _as_older_versions_saved_it(folder: Path) -> None:
    modules = folder / "modules.json"
    listed = json.loads(modules.read_text())
    for entry in listed:
        kind = entry["type"].rpartition(".")[2]
        entry["type"] = f"sentence_transformers.models.{'Asym' if kind == 'Router' else kind}"
        if kind == "Router":
            place = folder / entry["path"]
            shutil.move(place / "router_config.json", place / "config.json")
            settings = json.loads((place / "config.json").read_text())
            settings["types"] = dict.fromkeys(settings["types"], "sentence_transformers.models.Dense.Dense")
            settings["parameters"] = {"allow_empty_key": True}
            (place / "config.json").write_text(json.dumps(settings))
    modules.write_text(json.dumps(listed))
