"""The settings: pydantic sections, unknown keys refused, every number bounded. Reads no file and no environment."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from embedingest.config.context import Context  # noqa: TC001 -- pydantic reads this at run time
from embedingest.config.encoding import OldEncoding  # noqa: TC001 -- pydantic reads this at run time
from embedingest.config.located import FilePath, Uri  # noqa: TC001 -- pydantic reads these at run time
from embedingest.config.metadata import MetadataRules
from embedingest.config.problems import at_key
from embedingest.config.rerank import Rerank  # noqa: TC001 -- pydantic reads this at run time
from embedingest.config.rules import first_wins, keyed, storable
from embedingest.config.run import RunConfig
from embedingest.config.schedule import parse_schedule
from embedingest.config.section import Name, Section
from embedingest.config.server import ServerConfig  # noqa: TC001 -- pydantic reads this at run time
from embedingest.types import DEFAULT_DB, DEFAULT_MODEL, DEFAULT_STATE, DEFAULT_TABLE

__all__ = [
    "DEFAULT",
    "FOLDER",
    "ChunkConfig",
    "ChunkRule",
    "Config",
    "EngineConfig",
    "LoadConfig",
    "LoadRule",
    "ModelConfig",
    "PipelineConfig",
    "SourceConfig",
    "StoreConfig",
    "WatchConfig",
]

FOLDER: Final = "folder"
"""The source that reads a folder in place."""

DEFAULT: Final = "default"
"""The engine of `engine:`, shared by all that name no other."""


class SourceConfig(Section):
    """One watched root: a folder, or with `source` what a plug-in lists."""

    path: FilePath = Field(default=Path(), description="Folder (or single file) to follow; needed but with a plug-in")
    alias: Name | None = Field(default=None, alias="as", description="Name in `source`; default the base name")
    source: Name = Field(default="folder", description="Source plug-in that reads it")
    include: tuple[str, ...] = Field(default=(), description="Only paths matching one of these gitignore patterns")
    exclude: tuple[str, ...] = Field(default=(), description="Never paths matching one of these gitignore patterns")
    gitignore: bool = Field(default=True, description="Honour .gitignore, git's exclude files and .embedingestignore")
    hidden: bool = Field(default=False, description="Also take files and folders whose name begins with a dot")
    follow_symlinks: Literal["never", "inside", "always"] = Field(
        default="inside", description="Follow symbolic links: never, only to targets inside the root, or always"
    )
    options: dict[str, Any] = Field(default_factory=dict, description="Settings of a source plug-in")

    @model_validator(mode="before")
    @classmethod
    def _has_a_place(cls, values: Any) -> Any:
        if isinstance(values, dict) and not {"path", "source"} & set(values):
            raise ValueError("give a `path`, or name the plug-in that lists documents with `source`")
        if isinstance(values, dict) and values.get("source", FOLDER) != FOLDER and not {"as", "alias"} & set(values):
            raise ValueError("a source that is no folder needs a name of its own: give one with `as`")
        return values


class LoadRule(Section):
    """Which loader reads the files of a pattern, and its settings for them."""

    match: Name = Field(description="Shell pattern over the source, or its last part")
    loader: Name = Field(description="Loader that reads them")
    options: dict[str, Any] = Field(default_factory=dict, description="Its settings for these files")

    @property
    def key(self) -> str:
        """The loader with these settings, as one word."""
        return keyed(self.loader, self.options)


class ChunkRule(Section):
    """Which chunker cuts the documents of a pattern, and its settings for them."""

    match: Name = Field(description="Shell pattern over the source, or its last part")
    chunker: Name = Field(default="structured", description="Chunker that cuts them")
    options: dict[str, Any] = Field(default_factory=dict, description="Its settings for these documents")

    @property
    def key(self) -> str:
        """The chunker with these settings, as one word."""
        return keyed(self.chunker, self.options)


class LoadConfig(Section):
    """How bytes become text."""

    rules: tuple[LoadRule, ...] = Field(default=(), description="Loader and settings by pattern; first match wins")
    loaders: dict[str, str] = Field(default_factory=dict, description="Pattern to loader name, after the rules")
    options: dict[str, dict[str, Any]] = Field(default_factory=dict, description="Settings by loader name")
    max_bytes: int = Field(default=256 * 2**20, ge=1, le=2**40, description="Files above this size are skipped")
    max_chunks: int = Field(default=50_000, ge=1, le=2**31, description="Files that give more chunks fail")
    timeout_seconds: float = Field(default=120.0, gt=0, le=86_400, description="Per document, and 1 s per 256 KiB")
    memory_mib: int = Field(default=2048, ge=64, le=2**20, description="Memory limit of one extraction process")
    workers: int = Field(default=1, ge=1, le=256, description="Extraction processes, and a spare while files are slow")
    fallback_encoding: OldEncoding = Field(
        default="windows-1252", description="Encoding of texts that are not UTF-8 and show no other"
    )

    def chosen(self) -> dict[str, str]:
        """Pattern to loader, first match wins. A loader with settings of its own has a `#` in its name."""
        return first_wins([(rule.match, rule.key) for rule in self.rules], self.loaders)

    def settings(self) -> dict[str, dict[str, Any]]:
        """Settings by the names that `chosen` gives."""
        return {**self.options, **{r.key: {**self.options.get(r.loader, {}), **r.options} for r in self.rules}}


class ChunkConfig(Section):
    """How text becomes chunks."""

    chunker: Name | Literal["auto"] = Field(default="auto", description="Chunker name; `auto` goes by the document")
    rules: tuple[ChunkRule, ...] = Field(default=(), description="Chunker and settings by pattern; first match wins")
    chunkers: dict[str, str] = Field(default_factory=dict, description="Pattern to chunker name, after the rules")
    options: dict[str, dict[str, Any]] = Field(default_factory=dict, description="Settings by chunker name")
    max_tokens: int | None = Field(
        default=None, ge=8, le=1_000_000, description="Default: the model's window, at most 512"
    )
    overlap_tokens: int = Field(default=0, ge=0, le=100_000, description="Tokens repeated from the chunk before")
    heading_prefix: bool = Field(default=False, description="As `context: [headings]`, which stores it as a column too")

    def chosen(self) -> dict[str, str]:
        """Pattern to chunker, first match wins. A chunker with settings of its own has a `#` in its name."""
        return first_wins([(rule.match, rule.key) for rule in self.rules], self.chunkers)

    def settings(self) -> dict[str, dict[str, Any]]:
        """Settings by the names that `chosen` gives."""
        return {**self.options, **{r.key: {**self.options.get(r.chunker, {}), **r.options} for r in self.rules}}

    @model_validator(mode="after")
    def _chunks_move_on(self) -> Self:
        if self.max_tokens is not None and self.overlap_tokens >= self.max_tokens:
            raise ValueError(f"chunks of {self.max_tokens} tokens cannot share {self.overlap_tokens} with the last")
        return self


class WatchConfig(Section):
    """How changes are noticed."""

    settle_ms: int = Field(default=300, ge=0, le=600_000, description="A file is read once unchanged this long")
    settle_max_ms: int = Field(default=30_000, ge=0, le=86_400_000, description="Read at the latest after this long")
    sweep_seconds: float | None = Field(
        default=None,
        ge=1,
        le=86_400,
        description="Interval of the safety rescan; default: 300, and up to an hour where a look at all takes long",
    )
    polling: bool | None = Field(default=None, description="Poll instead of events; default: where events fail")
    poll_seconds: float = Field(default=60.0, ge=1, le=86_400, description="How often a source plug-in is asked")
    poll_ms: int = Field(default=1_000, ge=50, le=600_000, description="Polling interval")
    confirm_share: float = Field(
        default=0.5, ge=0, le=1, description="Deletions above this share of a root's documents wait for confirmation"
    )


class StoreConfig(Section):
    """How the table is kept and searched."""

    language: str = Field(default="English", description="Whose stems and stop words full-text search knows")
    stem: bool = Field(default=True, description="Find a word in all its forms")
    stop_words: bool = Field(default=True, description="Leave out words such as `the` and `and`")
    tokenizer: Literal["simple", "whitespace", "icu"] = Field(
        default="simple", description="`icu` also finds words in Chinese, Japanese and Thai"
    )
    float16: bool = Field(default=False, description="Half-size vectors; counts for a table that is made anew")
    retention_seconds: float = Field(
        default=900.0, ge=1, le=31_536_000, description="Old versions stay this long, for whoever still reads them"
    )
    index_rows: int = Field(
        default=100_000, ge=1_000, le=10**12, description="Exact search below this many rows, an index above"
    )


class ModelConfig(Section):
    """One named model."""

    encoder: Name = Field(default="auto", description="Encoder plug-in, or `auto`")
    path: FilePath | None = Field(default=None, description="A local sentence-transformers folder")
    precision: Literal["auto", "fp32", "bf16", "fp16", "int8"] = Field(
        default="auto", description="Arithmetic; `auto` takes the fastest that gives the same vectors"
    )
    device: str = Field(default="auto", description="`auto`, `cpu`, `cuda`, `cuda:0`, `mps`")
    max_tokens: int | None = Field(
        default=None, ge=3, le=10_000_000, description="Window in tokens; default: the model's own"
    )
    pooling: Literal["cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"] | None = Field(
        default=None, description="Of a transformer's folder without `modules.json`; others say it themselves"
    )
    prompts: dict[str, str] = Field(default_factory=dict, description="Prompts by name, over the model's own")
    options: dict[str, Any] = Field(default_factory=dict, description="Settings of the encoder plug-in")


class EngineConfig(Section):
    """The engine that ingest and server share."""

    engine: Name = Field(default="local", description="`local`, or an engine plug-in")
    options: dict[str, Any] = Field(default_factory=dict, description="Settings of an engine plug-in")
    keep_alive: float | str = Field(default="5m", description="Idle time before a model is unloaded; -1 for ever")
    max_loaded_models: int | None = Field(default=None, ge=1, le=1000, description="Default: 3, or what tables need")
    max_loaded_bytes: int | None = Field(default=None, ge=1, description="Default: half of the machine's memory")
    threads: int | None = Field(default=None, ge=1, le=1024, description="Default: the cores of this machine")
    max_waiting: int = Field(default=512, ge=1, le=1_000_000, description="Waiting calls before 503")
    batch_tokens: int | None = Field(default=None, ge=16, le=10_000_000, description="Token budget of a batch")


class PipelineConfig(Section):
    """Folders in, one table out."""

    engine: Name = Field(default=DEFAULT, description="Name in `engines`; default: the one of `engine`")
    sources: tuple[SourceConfig, ...] = Field(min_length=1, description="What is followed")
    model: Name = Field(default=DEFAULT_MODEL, description="Name of the model, from `models:` or known by itself")
    prompt: str | None = Field(default=None, description="Document prompt; default: the model's own")
    context: Context = Field(default=None, description="What is embedded in front of chunks, as `[title, headings]`")
    rerank: Rerank = Field(default=None, description="Reranker that orders the best hits of a search")
    sparse: Name | None = Field(default=None, description="Sparse model (SPLADE): weighted terms beside the vectors")
    late: Name | None = Field(
        default=None, description="Late interaction model (ColBERT): a vector of each token is stored beside"
    )
    db: Uri = Field(
        default=DEFAULT_DB,
        description="LanceDB folder or URI; default: in the file's `state` (a command's `--state` does not move it)",
    )
    table: Name = Field(default=DEFAULT_TABLE, description="Table that this pipeline alone writes")
    load: LoadConfig = Field(default=LoadConfig(), description="How bytes become text")
    chunk: ChunkConfig = Field(default=ChunkConfig(), description="How text becomes chunks")
    watch: WatchConfig = Field(default=WatchConfig(), description="How changes are noticed")
    store: StoreConfig = Field(default=StoreConfig(), description="How the table is kept and searched")
    metadata: Annotated[dict[str, Any], AfterValidator(storable)] = Field(
        default_factory=dict, description="Added to every row's metadata"
    )
    metadata_rules: MetadataRules = Field(
        default=MetadataRules(), description="Metadata from paths, front matter and sidecars"
    )
    run: RunConfig = Field(default=RunConfig(), description="Who reads and embeds the files of a run")
    schedule: str | None = Field(
        default=None, description="Instead of watching: `every 15m`, `daily 03:00` or `hourly`; local time"
    )

    @property
    def models_beside(self) -> dict[str, str]:
        """The models of the columns that the table has beside the vector, by column."""
        models = {"sparse": self.sparse, "late": self.late}
        return {column: model for column, model in models.items() if model is not None}

    @field_validator("schedule")
    @classmethod
    def _is_a_schedule(cls, text: str | None) -> str | None:
        if text is not None:
            parse_schedule(text)
        return text


class Config(Section):
    """A whole run: engine, models, pipelines, server."""

    state: FilePath = Field(default=Path(DEFAULT_STATE), description="Folder for journal, vector cache and locks")
    plugins: tuple[str, ...] = Field(default=(), description="Plug-ins that may be used")
    engine: EngineConfig = Field(
        default=EngineConfig(), description="The engine that all pipelines and the server share"
    )
    engines: dict[str, EngineConfig] = Field(
        default_factory=dict, description="Further engines by name, for pipelines that name one"
    )
    models: dict[str, ModelConfig] = Field(default_factory=dict, description="Models by name")
    pipelines: dict[str, PipelineConfig] = Field(default_factory=dict, description="Pipelines by name")
    server: ServerConfig | None = Field(default=None, description="Serve the engine over HTTP")

    @field_validator("pipelines")
    @classmethod
    def _one_writer(cls, pipelines: dict[str, PipelineConfig]) -> dict[str, PipelineConfig]:
        seen: dict[tuple[str, str], str] = {}
        for name, pipeline in pipelines.items():
            other = seen.setdefault((pipeline.db, pipeline.table), name)
            if other != name:
                raise at_key(
                    f"pipelines `{other}` and `{name}` both write table `{pipeline.table}` in {pipeline.db}: "
                    "give one of them another `table`",
                    name, "table",
                )  # fmt: skip
        return pipelines

    @model_validator(mode="after")
    def _known_engines(self) -> Self:
        if DEFAULT in self.engines:
            raise ValueError("`engines` holds further engines; the default one is set under `engine`")
        for name, pipeline in self.pipelines.items():
            if pipeline.engine not in {DEFAULT, *self.engines}:
                known = [DEFAULT, *self.engines]
                near = difflib.get_close_matches(pipeline.engine, known, n=1)
                meant = f"; did you mean `{near[0]}`?" if near else ""
                raise at_key(
                    f"pipeline `{name}` names engine `{pipeline.engine}`; `engines` has {', '.join(known)}{meant}",
                    "pipelines", name, "engine",
                )  # fmt: skip
        return self

    def engine_of(self, name: str = DEFAULT) -> EngineConfig:
        """The settings of an engine by name."""
        return self.engine if name == DEFAULT else self.engines[name]
