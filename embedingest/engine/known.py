"""Models that people ask for by a short name: their names in Ollama's library, repository, sizes and prompts. A table.

Sizes are told, never relied on: what a folder says counts. Prompts are those that a repository writes about and does
not state in its settings; what it states comes first.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from embedingest.engine.names import ModelName

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = [
    "KNOWN_MODELS",
    "KnownModel",
    "is_known",
    "known_prompts",
    "library_names",
    "near",
    "other_names",
    "repository_of",
]

_HUBS: Final = ("hf.co", "huggingface.co", "ollama.com", "ollama.ai")
_MOST_SUGGESTED: Final = 6


@dataclass(frozen=True, slots=True)
class KnownModel:
    """One repository of the hub: Ollama's names of it (the first is written `latest` too where that is its default)."""

    repository: str
    names: tuple[str, ...]
    dimensions: int
    window: int
    prompts: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    """Why it does not run, where that is so."""


_PASSAGES: Final = {"query": "Represent this sentence for searching relevant passages: "}
_E5: Final = {"query": "query: ", "document": "passage: "}
_NOMIC: Final = {
    "query": "search_query: ",
    "document": "search_document: ",
    "classification": "classification: ",
    "clustering": "clustering: ",
}
_GEMMA: Final = {"query": "task: search result | query: ", "document": "title: none | text: "}
_QWEN: Final = {"query": "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:"}
_ARCTIC: Final = "snowflake-arctic-embed"
_MOE: Final = "refused: transformers' own class has no mixture of experts"

KNOWN_MODELS: Final = (
    KnownModel(
        "sentence-transformers/all-MiniLM-L6-v2", ("all-minilm", "all-minilm:22m", "all-minilm:l6-v2"), 384, 256
    ),
    KnownModel("sentence-transformers/all-MiniLM-L12-v2", ("all-minilm:33m", "all-minilm:l12-v2"), 384, 128),
    KnownModel("sentence-transformers/all-mpnet-base-v2", ("all-mpnet",), 768, 384),
    KnownModel(
        "sentence-transformers/paraphrase-multilingual-mpnet-base-v2",
        ("paraphrase-multilingual", "paraphrase-multilingual:278m"),
        768,
        128,
    ),
    KnownModel(
        "nomic-ai/nomic-embed-text-v1.5",
        ("nomic-embed-text", "nomic-embed-text:v1.5", "nomic-embed-text:137m-v1.5-fp16"),
        768,
        8192,
        _NOMIC,
    ),
    KnownModel("nomic-ai/nomic-embed-text-v1", (), 768, 8192, _NOMIC),
    KnownModel("nomic-ai/nomic-embed-text-v2-moe", ("nomic-embed-text-v2-moe",), 768, 512, _NOMIC, _MOE),
    KnownModel(
        "mixedbread-ai/mxbai-embed-large-v1",
        ("mxbai-embed-large", "mxbai-embed-large:335m", "mxbai-embed-large:v1"),
        1024,
        512,
        _PASSAGES,
    ),
    KnownModel("BAAI/bge-m3", ("bge-m3", "bge-m3:567m"), 1024, 8192),
    KnownModel("BAAI/bge-large-en-v1.5", ("bge-large", "bge-large:335m"), 1024, 512, _PASSAGES),
    KnownModel("BAAI/bge-base-en-v1.5", (), 768, 512, _PASSAGES),
    KnownModel("BAAI/bge-small-en-v1.5", (), 384, 512, _PASSAGES),
    KnownModel("Snowflake/snowflake-arctic-embed-xs", (f"{_ARCTIC}:22m",), 384, 512, _PASSAGES),
    KnownModel("Snowflake/snowflake-arctic-embed-s", (f"{_ARCTIC}:33m",), 384, 512, _PASSAGES),
    KnownModel("Snowflake/snowflake-arctic-embed-m", (f"{_ARCTIC}:110m",), 768, 512, _PASSAGES),
    KnownModel("Snowflake/snowflake-arctic-embed-m-long", (f"{_ARCTIC}:137m",), 768, 2048, _PASSAGES),
    KnownModel("Snowflake/snowflake-arctic-embed-l", (_ARCTIC, f"{_ARCTIC}:335m"), 1024, 512, _PASSAGES),
    KnownModel(
        "Snowflake/snowflake-arctic-embed-l-v2.0",
        (f"{_ARCTIC}2", f"{_ARCTIC}2:568m"),
        1024,
        8192,
        {"query": "query: "},
    ),
    KnownModel("ibm-granite/granite-embedding-30m-english", ("granite-embedding", "granite-embedding:30m"), 384, 512),
    KnownModel("ibm-granite/granite-embedding-278m-multilingual", ("granite-embedding:278m",), 768, 512),
    KnownModel("google/embeddinggemma-300m", ("embeddinggemma", "embeddinggemma:300m"), 768, 2048, _GEMMA),
    KnownModel("Qwen/Qwen3-Embedding-0.6B", ("qwen3-embedding:0.6b",), 1024, 32_768, _QWEN),
    KnownModel("Qwen/Qwen3-Embedding-4B", ("qwen3-embedding:4b",), 2560, 40_960, _QWEN),
    KnownModel("Qwen/Qwen3-Embedding-8B", ("qwen3-embedding", "qwen3-embedding:8b"), 4096, 40_960, _QWEN),
    KnownModel("intfloat/e5-small-v2", (), 384, 512, _E5),
    KnownModel("intfloat/e5-base-v2", (), 768, 512, _E5),
    KnownModel("intfloat/e5-large-v2", (), 1024, 512, _E5),
    KnownModel("intfloat/multilingual-e5-small", (), 384, 512, _E5),
    KnownModel("intfloat/multilingual-e5-base", (), 768, 512, _E5),
    KnownModel("intfloat/multilingual-e5-large", (), 1024, 512, _E5),
)


def repository_of(name: ModelName) -> str | None:
    """The hub's repository that a name asks for: `namespace/model` itself, a short name by the table, else `None`.

    A tag that is none of the table's asks for another form of the weights, and another host is no hub.
    """
    plain = _plain(name if name.role is None else name.untagged())
    if (known := _BY_KEY.get(plain.key)) is not None:
        return known.repository
    is_on_the_hub = plain.host == ModelName.parse(plain.model).host and plain.namespace.lower() != "library"
    return f"{plain.namespace}/{plain.model}" if is_on_the_hub and plain == plain.untagged() else None


def is_known(name: ModelName) -> bool:
    """Whether the table has this name."""
    return _plain(name).key in _BY_KEY


def library_names(name: ModelName) -> tuple[str, ...]:
    """The names that Ollama's library has for the model of a repository, the usual one first."""
    known = _BY_KEY.get(name.key)
    return () if known is None or name.namespace == "library" else known.names


def other_names(name: ModelName) -> Iterator[ModelName]:
    """What else the same model is called, the hub's name first."""
    plain = _plain(name)
    if plain != name:
        yield plain
    if (known := _BY_KEY.get(plain.key)) is not None:
        yield from (ModelName.parse(other) for other in (known.repository, *known.names))


def known_prompts(name: ModelName, stated: Mapping[str, str]) -> dict[str, str]:
    """The prompts of a model of this name: those that its files state, and the table's where they state none.

    An empty one is none: sentence-transformers writes it where nobody thought of prompts.
    """
    known = _BY_KEY.get(_plain(name).key)
    added = {} if known is None else {role: text for role, text in known.prompts.items() if not stated.get(role)}
    return {**stated, **added}


def near(name: ModelName, others: Iterable[str] = ()) -> list[str]:
    """Names of the table and of `others` that look like this one, the nearest first."""
    asked = name.short.lower().removesuffix(":latest")
    shorts = {other.lower().removesuffix(":latest"): other.removesuffix(":latest") for other in (*_NAMES, *others)}
    same = [short for short in shorts if short.partition(":")[0] == asked.partition(":")[0]]
    same += [short for short in shorts if len(asked) > 1 and asked in short and short not in same]
    found = [*same, *difflib.get_close_matches(asked, shorts, _MOST_SUGGESTED, 0.6)]
    return [shorts[short] for short in dict.fromkeys(found)][:_MOST_SUGGESTED]


def _plain(name: ModelName) -> ModelName:
    """A name as the hub or the library has it, where it was written with its address before it."""
    if name.host.lower() not in _HUBS:
        return name
    return ModelName.parse(f"{name.namespace}/{name.model}:{name.tag}")


_NAMES: Final = tuple(name for model in KNOWN_MODELS for name in (*model.names, model.repository))
_BY_KEY: Final = {
    ModelName.parse(name).key: model for model in KNOWN_MODELS for name in (model.repository, *model.names)
}
