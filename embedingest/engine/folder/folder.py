"""What is in a sentence-transformers folder, read without torch. Knows files and settings, not how a model runs.

Safetensors only, known modules only, no code from the folder: everything else is refused with the reason.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from embedingest.engine.folder.chain import LAYERS, POOLING_MODES, TAIL, WEIGHTED, pooling_modes, read_chains
from embedingest.engine.folder.fingerprint import fingerprint, joined
from embedingest.engine.folder.gguf import refuse_gguf
from embedingest.engine.folder.module import PROJECTION, SCORES, SPARSE, TOKENS, WORD_WEIGHTS, Module
from embedingest.engine.folder.native import native_settings
from embedingest.engine.folder.prompts import check_prompts
from embedingest.engine.folder.settings_files import REMEDY, read_object
from embedingest.engine.folder.sizes import WIDTHS, check_sizes
from embedingest.engine.folder.table import STATIC, check_table, table_shape
from embedingest.engine.folder.weights import read_header, weight_files
from embedingest.engine.folder.words import word_settings
from embedingest.errors import ConfigError, ModelLoadError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedingest.engine.folder.weights import WeightsHeader
    from embedingest.types import ModelKind

__all__ = ["POOLING_MODES", "ModelFolder", "Module"]

# Their position table begins after the padding index, so two rows of it are no positions.
_OFFSET_POSITIONS: Final = (
    "roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "mpnet", "roberta-prelayernorm", "longformer",
    "data2vec-text", "xmod", "ibert", "luke", "mluke", "lilt",
)  # fmt: skip
_UNSTATED_POSITIONS: Final = 512  # of a model with relative positions that states no length at all
_MOST_UNSTATED_POSITIONS: Final = 32_768
_TABLES: Final = (STATIC, WORD_WEIGHTS)
_ENDS: Final[dict[str, ModelKind]] = {SCORES: "reranker", TOKENS: "late", **dict.fromkeys(SPARSE, "sparse")}
_STATIC_POSITIONS: Final = 1_000_000  # a mean of rows has no positions; this bounds what one text may cost


@dataclass(frozen=True)
class ModelFolder:
    """A model on disk. Open one with `ModelFolder.open`; what is read is kept, the weights are never read here.

    Where a Router sends queries and documents through different modules, one of these stands for each: `for_role`.
    """

    path: Path
    modules: tuple[Module, ...]
    config: dict[str, Any]
    settings: dict[str, Any]
    tokenizer_config: dict[str, Any] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)
    """Settings of the transformer that its loader must be told, since the file has them by other names."""
    routes: dict[str, ModelFolder] = field(default_factory=dict, repr=False, compare=False)
    """What embeds texts of each role (`""`: of none) where a Router sends them; empty without one."""
    called: str = field(default="", compare=False)
    """The name that it is registered under, if any."""

    @classmethod
    def open(
        cls, path: Path | str, *, weights: bool = True, pooling: str | None = None, called: str = ""
    ) -> ModelFolder:
        """Read and check a folder, without `weights` one whose weights are still to come.

        `pooling` is for a transformer's folder without `modules.json`, which does not say how it pools. `called` is the
        name that it is registered under.

        Raises ModelLoadError: missing, damaged, unknown module, remote code, pickle.
        """
        path = Path(path).expanduser().absolute()
        with _readable(path):
            refuse_gguf(path)
            if not path.is_dir():
                raise ModelLoadError(f"no model folder at {path}", remedy="give the folder that holds `modules.json`")
            settings = read_object(path / "config_sentence_transformers.json", optional=True)
            routes: dict[str, ModelFolder] = {}
            opened: list[ModelFolder] = []
            chains, is_routed = read_chains(path, pooling)
            for role, modules in chains.items():
                folder = next((other for other in opened if other.modules == modules), None)
                if folder is None:
                    folder = cls._of(path, modules, settings, weights=weights, called=called)
                    opened.append(folder)
                routes[role] = folder
        if is_routed:
            _join(path, opened, routes, weights=weights)
        return next(routes[role] for role in ("document", "", "query") if role in routes)

    @classmethod
    def _of(
        cls, path: Path, modules: tuple[Module, ...], settings: dict[str, Any], *, weights: bool, called: str
    ) -> ModelFolder:
        """One list of modules, checked."""
        words = read_object(modules[0].path / "tokenizer_config.json", optional=True)
        if modules[0].kind in _TABLES:
            words = {} if modules[0].kind == STATIC else words
            folder = cls(path, modules, {"model_type": "static"}, settings, words, called=called)
        else:
            transformer = modules[0].path
            config, told = native_settings(path, read_object(transformer / "config.json"))
            folder = cls(path, modules, config, settings, words, told, called=called)
        if weights or not folder.is_static:  # a table is known by its weights alone
            folder.check()
        if weights:
            _ = folder.weights
        return folder

    def for_role(self, role: str) -> ModelFolder:
        """What embeds texts of this role; of `""`, texts that are neither queries nor documents.

        Raises ConfigError where no route of the model takes them.
        """
        if not self.routes:
            return self
        if role in self.routes:
            return self.routes[role]
        has = [f"a {name}" if name else "a text that is neither" for name in self.routes]
        advice = "say which: by the name (`MODEL:query`, `MODEL:document`), `--as`, or `input_type`"
        if role or len(has) == 1:
            advice = f"it has one for {' and '.join(has)}: name more in `route_mappings` of its router_config.json"
        what = f"a {role}" if role else "a text that is neither query nor document"
        raise ConfigError(
            f"model {self.name} sends texts through different modules by their role, and has no route for {what}",
            remedy=advice,
        )

    def check(self) -> None:
        """Raises ModelLoadError when something in the settings is refused."""
        if "auto_map" in self.tokenizer_config:
            raise ModelLoadError(
                f"{self.path} needs a tokenizer of its own (`auto_map`), and code from a model folder is never run",
                remedy="use a model whose architecture transformers knows, or write an encoder plug-in",
            )
        if not self.tokenizer_path.is_file():
            raise ModelLoadError(
                f"no `tokenizer.json` in {self.tokenizer_path.parent}", remedy="save the model's fast tokenizer there"
            )
        check_prompts(self.path / "config_sentence_transformers.json", self.settings)
        if self.is_static:
            check_table(self.modules[0].path)
        check_sizes(self.modules, self.config, self.tokenizer_config, poolings=len(self.pooling_modes))
        if self.dimensions < 1 and not self.is_reranker:
            raise ModelLoadError(f"{self.path} does not say how long its vectors are")

    def check_prompt(self, prompt: str) -> None:
        """Raises ConfigError for a prompt whose tokens the model would leave out of pooling, which no encoder does."""
        if prompt and not self.pooling.get("include_prompt", True):
            raise ConfigError(
                f"model {self.name} leaves the tokens of prompts out of pooling (`include_prompt: false`), which "
                "is not done here: it runs without prompts only",
                remedy=f"give its prompts no text, under `models: {self.name}:` for each that is used: "
                '`prompts: {query: "", document: ""}`',
            )

    @cached_property
    def weights(self) -> tuple[tuple[Path, WeightsHeader], ...]:
        """Every weight file of the chain with its checked header."""
        holders = [module for module in self.modules if module.kind in WEIGHTED]
        return tuple(pair for module in holders for pair in self.weights_of(module))

    def weights_of(self, module: Module) -> tuple[tuple[Path, WeightsHeader], ...]:
        """The weight files of one module with their checked headers. Raises ModelLoadError."""
        return tuple((file, read_header(file)) for file in weight_files(module.path))

    @property
    def name(self) -> str:
        """What people know it by: its registered name, the repository of a snapshot in the Hugging Face cache, or its
        folder.
        """
        if self.called:
            return self.called
        place = self.path.parent.parent.name
        is_snapshot = self.path.parent.name == "snapshots" and place.startswith("models--")
        return place.removeprefix("models--").replace("--", "/") if is_snapshot else self.path.name

    @property
    def architecture(self) -> str:
        return str(self.config.get("model_type", "unknown"))

    @property
    def tokenizer_path(self) -> Path:
        return self.modules[0].path / "tokenizer.json"

    @cached_property
    def words(self) -> str:
        """What the other settings change of its tokenizer.json, as transformers has it (`words.py`)."""
        return "" if self.is_static else word_settings(self.config, self.tokenizer_config)

    @property
    def lowercase(self) -> bool:
        """Whether the chain lowers the text before the tokenizer sees it."""
        return bool(self.modules[0].config.get("do_lower_case", False))

    @property
    def is_static(self) -> bool:
        """Whether it is a table of numbers for each token, and no transformer."""
        return self.modules[0].kind in _TABLES

    @property
    def kind(self) -> ModelKind:
        """What it gives: vectors of texts, scores of pairs, weights for tokens, or vectors of tokens."""
        return _ENDS.get(self.modules[-1].kind, "embedding")

    @property
    def is_reranker(self) -> bool:
        """Whether it scores pairs of texts, and gives no vectors."""
        return self.kind == "reranker"

    @property
    def activation(self) -> str:
        """What a reranker's number is put through; of an encoder nothing is."""
        return str(self.modules[-1].config["activation"]) if self.is_reranker else "identity"

    @property
    def pooling(self) -> dict[str, Any]:
        """Settings of pooling; empty where the model has none of its own."""
        return next((module.config for module in self.modules if module.kind == "Pooling"), {})

    @property
    def tail(self) -> tuple[Module, ...]:
        """What is done to the pooled vectors."""
        return tuple(module for module in self.modules if module.kind in TAIL)

    @property
    def pooling_modes(self) -> tuple[str, ...]:
        """Pooling kinds in the order in which they are joined."""
        return pooling_modes(self.pooling)

    @property
    def dimensions(self) -> int:
        """D, the length of the vectors (of texts or tokens) or weights at the end of the chain; 0 for a reranker."""
        if self.is_reranker:
            return 0
        dense = [module.config["out_features"] for module in self.modules if module.kind in ("Dense", PROJECTION)]
        if dense:
            return int(dense[-1])
        if self.is_static:
            return table_shape(self.modules[0].path)[1]
        if self.kind != "embedding":
            named = ("vocab_size",) if self.kind == "sparse" else WIDTHS
            return next((int(self.config[key]) for key in named if self.config.get(key)), 0)
        width = self.pooling.get("embedding_dimension", self.pooling.get("word_embedding_dimension", 0))
        return int(width) * len(self.pooling_modes)

    @property
    def context_length(self) -> int:
        """How many positions the model has, special tokens included."""
        if self.is_static:
            return _STATIC_POSITIONS
        sizes = (self.config.get(key) for key in ("max_position_embeddings", "n_positions", "max_sequence_length"))
        positions = next((int(size) for size in sizes if size and int(size) > 0), None)
        if positions is None:
            published = self._published_tokens
            return published if published and published <= _MOST_UNSTATED_POSITIONS else _UNSTATED_POSITIONS
        return positions - 2 if self.architecture in _OFFSET_POSITIONS else positions

    @property
    def max_tokens(self) -> int:
        """The window the model was published with, special tokens included."""
        published = self._published_tokens
        return min(published, self.context_length) if published else self.context_length

    @property
    def _published_tokens(self) -> int | None:
        documents = self.modules[-1].config.get("document_length") if self.kind == "late" else None
        published = (
            documents or self.modules[0].config.get("max_seq_length") or self.tokenizer_config.get("model_max_length")
        )
        return int(published) if published else None

    @property
    def prompts(self) -> dict[str, str]:
        return {str(name): text or "" for name, text in (self.settings.get("prompts") or {}).items()}

    @property
    def default_prompt(self) -> str | None:
        name = self.settings.get("default_prompt_name")
        return None if name is None else str(name)

    @property
    def parameters(self) -> int:
        return sum(header.parameters for _, header in self.weights)

    @property
    def size_bytes(self) -> int:
        """Bytes of the weight files."""
        return sum(header.size_bytes for _, header in self.weights)

    @property
    def modified_at(self) -> float:
        """Seconds since the epoch of the newest weight file."""
        with _readable(self.path):
            return max(file.stat().st_mtime for file, _ in self.weights)

    def fingerprint(self, vector_class: str = "exact") -> str:
        """Same fingerprint, same vectors: `<32 hex digits>:<class>`. Weights are hashed once, then known by stat.

        Of these modules alone: `whole_fingerprint` is the model's. Raises ModelLoadError where a file is gone by now.
        """
        with _readable(self.path):
            return fingerprint(
                weights=[file for file, _ in self.weights],
                tokenizer=self.tokenizer_path,
                words=self.words,
                lowercase=self.lowercase,
                config=self.config,
                pooling=() if self.is_static or self.kind != "embedding" else self.pooling_modes,
                chain=[(part.kind, part.config) for part in self.modules if part.kind in (LAYERS, *TAIL, *_ENDS)],
                vector_class=vector_class,
            )

    def whole_fingerprint(self, vector_class: str = "exact") -> str:
        """As `fingerprint`, of all that embeds texts of any role."""
        if all(route is self for route in self.routes.values()):
            return self.fingerprint(vector_class)
        return joined({role: route.fingerprint(vector_class) for role, route in self.routes.items()}, vector_class)


def _join(path: Path, folders: list[ModelFolder], routes: dict[str, ModelFolder], *, weights: bool) -> None:
    """Let each know all routes. Raises ModelLoadError where their vectors are not of one length."""
    for folder in folders:
        folder.routes.update(routes)
    if not weights:  # the length of a table's vectors is not known yet
        return
    lengths = {role or "of no role": folder.dimensions for role, folder in routes.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{role} {length}" for role, length in lengths.items())
        raise ModelLoadError(
            f"the routes of {path} give vectors of different lengths ({told}), which cannot be compared", remedy=REMEDY
        )


@contextlib.contextmanager
def _readable(folder: Path) -> Iterator[None]:
    """Turns what the file system refuses, now or once the folder is in use, into a ModelLoadError of the folder."""
    try:
        yield
    except OSError as error:
        name = error.filename if isinstance(error.filename, str) else folder
        raise ModelLoadError(
            f"cannot read {name} of model folder {folder}: {error.strerror or error}", remedy=REMEDY
        ) from error
