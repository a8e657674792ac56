"""What decides a document's rows beside its bytes: model, prompt, loader, chunker, metadata. Reads no file."""

from __future__ import annotations

import codecs
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from embedingest import registry
from embedingest.errors import ConfigError, EmbedingestError
from embedingest.ingest.chunk.capped import CappedSizer
from embedingest.ingest.chunk.choose import CHUNKERS
from embedingest.ingest.context.front import FrontSettings
from embedingest.ingest.extract.values import ExtractionSettings
from embedingest.ingest.extract.weight import MAX_CHUNKS
from embedingest.ingest.identity import canonical_json, config_hash, hash_fields
from embedingest.ingest.load.common.legacy import FALLBACK
from embedingest.ingest.representation import Representation, text_hash_of
from embedingest.ingest.rows.metadata import Metadata
from embedingest.picture import PictureSource
from embedingest.store.values import VECTOR, ColumnModel
from embedingest.types import TokenSource

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from embedingest.config import PipelineConfig
    from embedingest.config.model import ChunkConfig
    from embedingest.types import ModelInfo, Sizer

__all__ = ["USUAL_TOKENS", "Recipe", "check_chunk_sizes", "joined_hash"]

USUAL_TOKENS: Final = 512
"""Of a chunk, where the settings say nothing and the model takes more: what a vector can still be about."""


class Recipe:
    """The settings of one pipeline with its models, and the hashes that they give.

    `beside` are the models of the columns beside the vector, by column. `representations` are what is stored of each
    text, the vector first. Raises ConfigError for chunks that would share all that the model takes.
    """

    def __init__(self, config: PipelineConfig, info: ModelInfo, beside: Mapping[str, ModelInfo] | None = None) -> None:
        self._most_tokens = most_tokens(config.chunk, info)
        _check_overlap(config.chunk.overlap_tokens, info, self._most_tokens)
        self.config = config
        self.model = info.name_for("document", config.model)
        self.fingerprint = info.fingerprint
        self.dimensions = info.dimensions
        self.prompt = info.prompt("document") if config.prompt is None else config.prompt
        self.representations = (
            Representation(VECTOR, self.model, info.fingerprint, info.dimensions),
            *(
                Representation(column, config.models_beside[column], model.fingerprint, model.dimensions)
                for column, model in (beside or {}).items()
            ),
        )
        self._by_suffix = {representation.suffix: representation for representation in self.representations}
        self.metadata = Metadata(config.metadata, config.metadata_rules)
        self._window = _window(config, info, self._most_tokens)
        self._versions: dict[tuple[str, str], str] = {}
        self._hashes: dict[tuple[str, str, str, str], str] = {}

    def keys(self, text_hash: str) -> list[str]:
        """The keys of all that is stored of a text."""
        return [representation.key(text_hash) for representation in self.representations]

    def representation_of(self, key: str) -> Representation:
        """The representation that a key names."""
        return self._by_suffix[key[len(text_hash_of(key)) :]]

    def by_representation(self, keys: Iterable[str]) -> Iterator[tuple[Representation, list[str]]]:
        """The text hashes of these keys, for each representation of which there are any."""
        hashes: dict[str, list[str]] = {}
        for key in keys:
            hashes.setdefault(self.representation_of(key).column, []).append(text_hash_of(key))
        return ((r, hashes[r.column]) for r in self.representations if r.column in hashes)

    def fitting(self, values: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Those of these values, by key, that have the shape that the key's model gives."""
        return {key: value for key, value in values.items() if self.representation_of(key).fits(value)}

    @property
    def has_context(self) -> bool:
        """Whether rows tell what was embedded in front of their text."""
        return self.config.context is not None

    @property
    def is_written(self) -> bool:
        """Whether others write a sentence about each chunk."""
        return self.config.context is not None and self.config.context.is_written

    @cached_property
    def models(self) -> str:
        """What tells tables apart that no run can write alike: the fingerprint, or a hash of all that is beside."""
        beside = [f"{r.column} {r.fingerprint}" for r in self.representations[1:]]
        beside += ["context"] if self.has_context else []
        return hash_fields(self.fingerprint, *beside) if beside else self.fingerprint

    @property
    def fingerprints(self) -> dict[str, str]:
        """The fingerprint of the model of each column that one fills."""
        return {r.column: r.fingerprint for r in self.representations}

    @property
    def extras(self) -> dict[str, ColumnModel]:
        """What the table remembers of the columns beside the vector."""
        return {r.column: ColumnModel(r.fingerprint, r.dimensions, r.model) for r in self.representations[1:]}

    @cached_property
    def choice(self) -> str:
        """A hash of the rules that give a file its loader and its chunker, and of who writes its context."""
        load, chunk = self.config.load, self.config.chunk
        rules = {"loaders": list(load.chosen().items()), "chunkers": list(chunk.chosen().items())}
        limits = [str(load.max_bytes)] + ([str(load.max_chunks)] if load.max_chunks != MAX_CHUNKS else [])
        fallback = codecs.lookup(load.fallback_encoding).name
        limits += [] if fallback == FALLBACK else [fallback]
        context = self.config.context
        # Where another writes the context, what failed for want of one is tried again.
        limits += [f"context {context.whom}"] if context is not None and context.is_written else []
        return hash_fields(canonical_json(rules), chunk.chunker, *limits)

    def setup(self, sizer: Sizer) -> ExtractionSettings:
        """What extraction needs to know, for worker processes."""
        load, chunk = self.config.load, self.config.chunk
        # What others write in front is not known yet, so that the engine makes the tokens itself.
        tokens = sizer if isinstance(sizer, TokenSource) and not self.is_written else None
        pictures = sizer if isinstance(sizer, PictureSource) else None
        front = self.front(sizer.capacity)
        if self._most_tokens is not None and self._most_tokens < sizer.capacity:
            sizer = CappedSizer(sizer, self._most_tokens)
        names = {chunk.chunker, *chunk.chosen().values(), *chunk.options, *CHUNKERS} - {"auto"}
        return ExtractionSettings(
            sizer=sizer,
            tokens=tokens,
            pictures=pictures,
            prompt=self.prompt,
            loaders=load.chosen(),
            loader_options=load.settings(),
            chunker=chunk.chunker,
            chunkers=chunk.chosen(),
            chunker_options={name: self.chunker_options(name) for name in names},
            max_bytes=load.max_bytes,
            max_chunks=load.max_chunks,
            fallback_encoding=load.fallback_encoding,
            dimensions=self.dimensions,
            sidecars=self.config.metadata_rules.sidecar,
            front=front,
        )

    def front(self, window: int) -> FrontSettings | None:
        """What may stand in front of a chunk beside its headings, where a model takes `window` tokens at once."""
        context = self.config.context
        if context is None:
            return None
        most = min(context.max_tokens, window // 3)
        return FrontSettings(window, most, title="title" in context.parts, written=self.is_written)

    def chunker_options(self, name: str) -> dict[str, Any]:
        """The settings of one chunker: those that every chunker shares where they are set, then its own."""
        chunk = self.config.chunk
        shared: dict[str, Any] = {}
        if chunk.overlap_tokens:
            shared["overlap_tokens"] = chunk.overlap_tokens
        context = self.config.context
        if chunk.heading_prefix or (context is not None and "headings" in context.parts):
            shared["heading_prefix"] = True
        return {**shared, **chunk.settings().get(name, {})}

    def _loader_options(self, name: str) -> dict[str, Any]:
        return self.config.load.settings().get(name, {})

    def config_hash(self, loader: str, loader_version: str, chunker: str, chunker_version: str) -> str:
        """The config hash of rows that these gave."""
        key = (loader, loader_version, chunker, chunker_version)
        if key not in self._hashes:
            self._hashes[key] = config_hash(
                loader=(loader, loader_version, self._loader_options(loader)),
                chunker=(chunker, chunker_version, self.chunker_options(chunker)),
                prompt=self.prompt,
                capacity=self._window,
                metadata=self.metadata.rules,
            )
        return self._hashes[key]

    def expected(self, loader: str, chunkers: str) -> str | None:
        """The config hash that a file read by `loader` and cut by `chunkers` (comma separated) would have now.

        `None` where one of them is no longer installed or its settings are no longer valid.
        """
        try:
            version = self._version("loaders", loader)
            hashes = [
                self.config_hash(loader, version, name, self._version("chunkers", name)) for name in chunkers.split(",")
            ]
        except EmbedingestError:
            return None
        return joined_hash(hashes)

    def _version(self, group: str, name: str) -> str:
        key = (group, name)
        if key not in self._versions:
            options = self._loader_options(name) if group == "loaders" else self.chunker_options(name)
            self._versions[key] = str(registry.create(group, name.partition("#")[0], options=options).version)
        return self._versions[key]


def most_tokens(chunk: ChunkConfig, info: ModelInfo) -> int | None:
    """Tokens that a chunk may have; `None` where only the model's window bounds it."""
    if chunk.max_tokens is None and info.max_tokens - info.special_tokens > USUAL_TOKENS:
        return USUAL_TOKENS
    return chunk.max_tokens


def check_chunk_sizes(chunk: ChunkConfig, info: ModelInfo) -> None:
    """Raises ConfigError for chunks that are to be larger than the model's window, or than chunks may be at all."""
    if chunk.max_tokens is not None and chunk.max_tokens > info.max_tokens:
        raise ConfigError(
            f"chunk.max_tokens is {chunk.max_tokens}, and model `{info.name}` takes no more than {info.max_tokens}",
            remedy=f"set at most {info.max_tokens}, or leave it out",
        )
    most = most_tokens(chunk, info) or info.max_tokens
    for name, options in chunk.settings().items():
        wanted = options.get("max_tokens")
        if isinstance(wanted, int) and wanted > most:
            raise ConfigError(
                f"chunker `{name}` is to make chunks of {wanted} tokens, and chunks have at most {most} here",
                remedy=f"set `chunk.max_tokens: {wanted}` too, up to the model's window of {info.max_tokens}",
            )
    _check_overlap(chunk.overlap_tokens, info, most)


def _check_overlap(overlap: int, info: ModelInfo, most: int | None) -> None:
    window = info.max_tokens - info.special_tokens
    if overlap >= window:
        raise ConfigError(
            f"chunks share {overlap} tokens, and model `{info.name}` takes no more than {window} at once",
            remedy="set a smaller overlap",
        )
    if most is not None and overlap >= most:
        raise ConfigError(
            f"chunks of {most} tokens cannot share {overlap} with the last", remedy="set `chunk.max_tokens` too"
        )


def _window(config: PipelineConfig, info: ModelInfo, most_tokens: int | None) -> str:
    """A hash of what of the model's window a chunk may have, and of what stands in front of it."""
    facts = [str(info.max_tokens), str(most_tokens)]
    if config.context is not None:
        context = config.context
        kept = {"parts": list(context.parts), "max_tokens": context.max_tokens}
        if context.is_written:
            kept |= {"whom": context.whom, "characters": context.document_characters}
        facts.append(canonical_json(kept))
    return hash_fields(*facts)


def joined_hash(hashes: Iterable[str]) -> str:
    """One hash for a file whose documents have several: that hash itself where they agree."""
    distinct = sorted(set(hashes))
    return distinct[0] if len(distinct) == 1 else hash_fields(*distinct)
