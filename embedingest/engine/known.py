"""Models that people ask for by a short name: their names in Ollama's library, repository, sizes and prompts. A table.

Sizes are told, never relied on: what a folder says counts. Prompts are those that a repository writes about and does
not state in its settings; what it states comes first.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from embedingest.engine.names import HUB_HOSTS, LIBRARY_HOSTS, ModelName

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = [
    "KNOWN_MODELS",
    "KnownModel",
    "is_known",
    "known_prompts",
    "library_names",
    "near",
    "other_names",
    "plainly",
    "repository_of",
    "why_not_run",
]

_MOST_SUGGESTED: Final = 6


@dataclass(frozen=True, slots=True)
class KnownModel:
    """One repository of the hub, and the names that people type for it, the usual one first.

    Those are Ollama's, with its tags of the same weights (none that is a quantised copy), and sentence-transformers'.
    """

    repository: str
    names: tuple[str, ...]
    dimensions: int
    window: int
    architecture: str
    """Its kind of network, by transformers' name."""
    prompts: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    """Why it does not run, where that is so."""
    checked: tuple[str, ...] = ()
    """Which of these columns were held against a public source: names, numbers, window, prompts."""


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
_MOE: Final = "transformers' own class has no mixture of experts"


def _tags(model: str, *tags: str) -> tuple[str, ...]:
    """Names of Ollama's library; an empty tag is the default one."""
    return tuple(f"{model}:{tag}" if tag else model for tag in tags)


_SIZES: Final = ("numbers", "window")
_NAMED: Final = ("names", *_SIZES)
_PROMPTED: Final = (*_SIZES, "prompts")
_WHOLE: Final = ("names", *_PROMPTED)
_ARCTICS: Final = "Snowflake/snowflake-arctic-embed"
_ST: Final = "sentence-transformers"
KNOWN_MODELS: Final = (
    KnownModel(
        f"{_ST}/all-MiniLM-L6-v2",
        (*_tags("all-minilm", "", "22m", "l6", "l6-v2", "v2", "22m-l6-v2-fp16"), "all-minilm-l6-v2"),
        384, 256, "bert", checked=_NAMED,
    ),
    KnownModel(
        f"{_ST}/all-MiniLM-L12-v2",
        (*_tags("all-minilm", "33m", "l12", "l12-v2", "33m-l12-v2-fp16"), "all-minilm-l12-v2"),
        384, 128, "bert", checked=_NAMED,
    ),
    KnownModel(f"{_ST}/all-mpnet-base-v2", ("all-mpnet", "all-mpnet-base-v2"), 768, 384, "mpnet", checked=_SIZES),
    KnownModel(
        f"{_ST}/paraphrase-multilingual-mpnet-base-v2",
        (
            *_tags("paraphrase-multilingual", "", "278m", "278m-mpnet-base-v2-fp16"),
            "paraphrase-multilingual-mpnet-base-v2",
        ),
        768, 128, "xlm-roberta", checked=_NAMED,
    ),
    KnownModel(
        f"{_ST}/paraphrase-multilingual-MiniLM-L12-v2",
        ("paraphrase-multilingual-minilm-l12-v2",),
        384, 128, "bert", checked=_SIZES,
    ),
    KnownModel(f"{_ST}/multi-qa-MiniLM-L6-cos-v1", ("multi-qa-minilm-l6-cos-v1",), 384, 512, "bert", checked=_SIZES),
    KnownModel(
        "nomic-ai/nomic-embed-text-v1.5",
        _tags("nomic-embed-text", "", "v1.5", "137m-v1.5-fp16"),
        768, 8192, "nomic_bert", _NOMIC, checked=_WHOLE,
    ),
    KnownModel("nomic-ai/nomic-embed-text-v1", (), 768, 8192, "nomic_bert", _NOMIC, checked=_PROMPTED),
    KnownModel(
        "nomic-ai/nomic-embed-text-v2-moe",
        ("nomic-embed-text-v2-moe",),
        768, 512, "nomic_bert", _NOMIC, _MOE, checked=_WHOLE,
    ),
    KnownModel(
        "mixedbread-ai/mxbai-embed-large-v1",
        _tags("mxbai-embed-large", "", "335m", "v1", "335m-v1-fp16"),
        1024, 512, "bert", _PASSAGES, checked=_WHOLE,
    ),
    KnownModel("BAAI/bge-m3", _tags("bge-m3", "", "567m", "567m-fp16"), 1024, 8192, "xlm-roberta", checked=_NAMED),
    KnownModel(
        "BAAI/bge-large-en-v1.5",
        _tags("bge-large", "", "335m", "335m-en-v1.5-fp16"),
        1024, 512, "bert", _PASSAGES, checked=_WHOLE,
    ),
    KnownModel("BAAI/bge-base-en-v1.5", (), 768, 512, "bert", _PASSAGES, checked=_PROMPTED),
    KnownModel("BAAI/bge-small-en-v1.5", (), 384, 512, "bert", _PASSAGES, checked=_PROMPTED),
    KnownModel(
        f"{_ARCTICS}-xs", _tags(_ARCTIC, "22m", "xs", "22m-xs-fp16"), 384, 512, "bert", _PASSAGES, checked=_WHOLE
    ),
    KnownModel(
        f"{_ARCTICS}-s", _tags(_ARCTIC, "33m", "s", "33m-s-fp16"), 384, 512, "bert", _PASSAGES, checked=_WHOLE
    ),
    KnownModel(
        f"{_ARCTICS}-m", _tags(_ARCTIC, "110m", "m", "110m-m-fp16"), 768, 512, "bert", _PASSAGES, checked=_WHOLE
    ),
    KnownModel(
        f"{_ARCTICS}-m-long",
        _tags(_ARCTIC, "137m", "m-long", "137m-m-long-fp16"),
        768, 2048, "nomic_bert", _PASSAGES, checked=_WHOLE,
    ),
    KnownModel(
        f"{_ARCTICS}-l", _tags(_ARCTIC, "", "335m", "l", "335m-l-fp16"), 1024, 512, "bert", _PASSAGES, checked=_WHOLE
    ),
    KnownModel(f"{_ARCTICS}-m-v2.0", (), 768, 8192, "gte", {"query": "query: "}, checked=_PROMPTED),
    KnownModel(
        f"{_ARCTICS}-l-v2.0",
        _tags(f"{_ARCTIC}2", "", "568m", "568m-l-fp16"),
        1024, 8192, "xlm-roberta", {"query": "query: "}, checked=_WHOLE,
    ),
    KnownModel(
        "ibm-granite/granite-embedding-30m-english",
        _tags("granite-embedding", "", "30m", "30m-en", "30m-en-fp16"),
        384, 512, "roberta", checked=_NAMED,
    ),
    KnownModel(
        "ibm-granite/granite-embedding-278m-multilingual",
        _tags("granite-embedding", "278m", "278m-fp16"),
        768, 512, "xlm-roberta", checked=_NAMED,
    ),
    KnownModel(
        "google/embeddinggemma-300m",
        _tags("embeddinggemma", "", "300m", "300m-bf16"),
        768, 2048, "gemma3_text", _GEMMA, checked=_WHOLE,
    ),
    KnownModel(
        "Qwen/Qwen3-Embedding-0.6B",
        _tags("qwen3-embedding", "0.6b", "0.6b-fp16"),
        1024, 32_768, "qwen3", _QWEN, checked=_WHOLE,
    ),
    KnownModel(
        "Qwen/Qwen3-Embedding-4B",
        _tags("qwen3-embedding", "4b", "4b-fp16"),
        2560, 32_768, "qwen3", _QWEN, checked=_WHOLE,
    ),
    KnownModel(
        "Qwen/Qwen3-Embedding-8B",
        _tags("qwen3-embedding", "", "8b", "8b-fp16"),
        4096, 32_768, "qwen3", _QWEN, checked=_WHOLE,
    ),
    KnownModel("Alibaba-NLP/gte-multilingual-base", (), 768, 8192, "gte", checked=_SIZES),
    KnownModel("intfloat/e5-small-v2", (), 384, 512, "bert", _E5, checked=_PROMPTED),
    KnownModel("intfloat/e5-base-v2", (), 768, 512, "bert", _E5, checked=_PROMPTED),
    KnownModel("intfloat/e5-large-v2", (), 1024, 512, "bert", _E5, checked=_PROMPTED),
    KnownModel("intfloat/multilingual-e5-small", (), 384, 512, "bert", _E5, checked=_PROMPTED),
    KnownModel("intfloat/multilingual-e5-base", (), 768, 512, "xlm-roberta", _E5, checked=_PROMPTED),
    KnownModel("intfloat/multilingual-e5-large", (), 1024, 512, "xlm-roberta", _E5, checked=_PROMPTED),
)  # fmt: skip


def repository_of(name: ModelName) -> str | None:
    """The hub's repository that a name asks for: `namespace/model` itself, a short name by the table, else `None`.

    A tag that is none of the table's asks for another form of the weights, and another host is no hub.
    """
    plain = plainly(name if name.role is None else name.untagged())
    if (known := _BY_KEY.get(plain.key)) is not None:
        return known.repository
    is_on_the_hub = plain.host == ModelName.parse(plain.model).host and plain.namespace.lower() != "library"
    return f"{plain.namespace}/{plain.model}" if is_on_the_hub and plain == plain.untagged() else None


def is_known(name: ModelName) -> bool:
    """Whether the table has this name."""
    return plainly(name).key in _BY_KEY


def why_not_run(name: ModelName) -> str | None:
    """Why the model of this name does not run here, by the table; `None` where it may."""
    known = _BY_KEY.get(plainly(name).key)
    return known.note or None if known is not None else None


def library_names(name: ModelName) -> tuple[str, ...]:
    """The names that Ollama's library has for the model of a repository, the usual one first."""
    known = _BY_KEY.get(name.key)
    return () if known is None or name.namespace == "library" else known.names


def other_names(name: ModelName) -> Iterator[ModelName]:
    """What else the same model is called, the hub's name first."""
    plain = plainly(name)
    if plain != name:
        yield plain
    if (known := _BY_KEY.get(plain.key)) is not None:
        yield from (ModelName.parse(other) for other in (known.repository, *known.names))


def is_allowed(name: str, allowed: Sequence[str]) -> bool:
    """Whether a registered name is of an allowed model, by whichever of its names; where none is named, all are."""
    if not allowed:
        return True
    keys = {ModelName.parse(other).key for other in allowed}
    parsed = ModelName.parse(name)
    plain = parsed.untagged() if parsed.role is not None else parsed
    return any(other.key in keys for other in (parsed, plain, *other_names(plain)))


def known_prompts(name: ModelName, stated: Mapping[str, str]) -> dict[str, str]:
    """The prompts of a model of this name: those that its files state, and the table's where they state none.

    An empty one is none: sentence-transformers writes it where nobody thought of prompts.
    """
    known = _BY_KEY.get(plainly(name).key)
    added = {} if known is None else {role: text for role, text in known.prompts.items() if not stated.get(role)}
    return {**stated, **added}


def near(name: ModelName, others: Iterable[str] = ()) -> list[str]:
    """Names of the table and of `others` that look like this one, the nearest first."""
    asked = name.short.lower().removesuffix(":latest")  # of a tag in any case
    shorts = {other.lower().removesuffix(":latest"): other.removesuffix(":latest") for other in (*_NAMES, *others)}
    same = [short for short in shorts if short.partition(":")[0] == asked.partition(":")[0]]
    same += [short for short in shorts if len(asked) > 1 and asked in short and short not in same]
    found = [*same, *difflib.get_close_matches(asked, shorts, _MOST_SUGGESTED, 0.7)]
    return [shorts[short] for short in dict.fromkeys(found)][:_MOST_SUGGESTED]


def plainly(name: ModelName) -> ModelName:
    """A name as the hub or the library has it, where it was written with its address before it."""
    if name.host.lower() not in (*HUB_HOSTS, *LIBRARY_HOSTS):
        return name
    return ModelName.parse(f"{name.namespace}/{name.model}:{name.tag}")


_NAMES: Final = tuple(name for model in KNOWN_MODELS for name in (*model.names, model.repository))
_BY_KEY: Final = {
    ModelName.parse(name).key: model for model in KNOWN_MODELS for name in (model.repository, *model.names)
}
