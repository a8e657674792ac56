"""What is in a sentence-transformers folder, read without torch. Knows files and settings, not how a model runs.

Safetensors only, known modules only, no code from the folder: everything else is refused with the reason.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from embedingest.engine.folder.fingerprint import fingerprint
from embedingest.engine.folder.weights import read_header, weight_files
from embedingest.errors import ModelLoadError

if TYPE_CHECKING:
    from embedingest.engine.folder.weights import WeightsHeader

__all__ = ["POOLING_MODES", "ModelFolder", "Module"]

POOLING_MODES: Final = ("cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken")

_LEGACY_POOLING: Final = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
_KINDS: Final = ("Transformer", "Pooling", "Dense", "Normalize")
# Their position table begins after the padding index, so two rows of it are no positions.
_OFFSET_POSITIONS: Final = ("roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "mpnet", "roberta-prelayernorm")
_UNBOUNDED_POSITIONS: Final = 1_000_000
_TRANSFORMER_CONFIGS: Final = (
    "sentence_bert_config.json",
    "sentence_roberta_config.json",
    "sentence_distilbert_config.json",
    "sentence_camembert_config.json",
    "sentence_albert_config.json",
    "sentence_xlm-roberta_config.json",
    "sentence_xlnet_config.json",
)


@dataclass(frozen=True, slots=True)
class Module:
    """One step of the chain: its kind (`Transformer`, `Pooling`, `Dense`, `Normalize`), folder and settings."""

    kind: str
    path: Path
    config: dict[str, Any]


@dataclass(frozen=True)
class ModelFolder:
    """A model on disk. Open one with `ModelFolder.open`; what is read is kept, the weights are never read here."""

    path: Path
    modules: tuple[Module, ...]
    config: dict[str, Any]
    tokenizer_config: dict[str, Any]
    settings: dict[str, Any]

    @classmethod
    def open(cls, path: Path | str) -> ModelFolder:
        """Read and check a folder. Raises ModelLoadError: missing, damaged, unknown module, remote code, pickle."""
        path = Path(path).expanduser().absolute()
        if not path.is_dir():
            raise ModelLoadError(f"no model folder at {path}", remedy="give the folder that holds `modules.json`")
        modules = _modules(path)
        transformer = modules[0].path
        folder = cls(
            path=path,
            modules=modules,
            config=_read(transformer / "config.json"),
            tokenizer_config=_read(transformer / "tokenizer_config.json", missing={}),
            settings=_read(path / "config_sentence_transformers.json", missing={}),
        )
        folder.check()
        return folder

    def check(self) -> None:
        """Raises ModelLoadError when something is refused or a file is cut short."""
        if "auto_map" in self.config or "auto_map" in self.tokenizer_config:
            raise ModelLoadError(
                f"{self.path} needs code of its own to run (`auto_map`), and code from a model folder is never run",
                remedy="use a model whose architecture transformers knows, or write an encoder plug-in",
            )
        if not self.tokenizer_path.is_file():
            raise ModelLoadError(
                f"no `tokenizer.json` in {self.tokenizer_path.parent}", remedy="save the model's fast tokenizer there"
            )
        if not self.pooling.get("include_prompt", True) and any(self.prompts.values()):
            raise ModelLoadError(f"{self.path} leaves prompts out of pooling (`include_prompt: false`): not supported")
        if self.dimensions < 1:
            raise ModelLoadError(f"{self.path} does not say how long its vectors are")
        _ = self.weights

    @cached_property
    def weights(self) -> tuple[tuple[Path, WeightsHeader], ...]:
        """Every weight file of the chain with its checked header."""
        holders = [module.path for module in self.modules if module.kind in ("Transformer", "Dense")]
        return tuple((file, read_header(file)) for holder in holders for file in weight_files(holder))

    @property
    def architecture(self) -> str:
        return str(self.config.get("model_type", "unknown"))

    @property
    def tokenizer_path(self) -> Path:
        return self.modules[0].path / "tokenizer.json"

    @property
    def lowercase(self) -> bool:
        """Whether the chain lowers the text before the tokenizer sees it."""
        return bool(self.modules[0].config.get("do_lower_case", False))

    @property
    def pooling(self) -> dict[str, Any]:
        return self.modules[1].config

    @property
    def pooling_modes(self) -> tuple[str, ...]:
        """Pooling kinds in the order in which they are joined."""
        mode = self.pooling.get("pooling_mode")
        if mode is None:
            modes = tuple(name for key, name in _LEGACY_POOLING.items() if self.pooling.get(key))
            return modes or ("mean",)
        return (mode,) if isinstance(mode, str) else tuple(mode)

    @property
    def dimensions(self) -> int:
        """D, the length of the vectors at the end of the chain."""
        dense = [module.config["out_features"] for module in self.modules if module.kind == "Dense"]
        if dense:
            return int(dense[-1])
        width = self.pooling.get("embedding_dimension", self.pooling.get("word_embedding_dimension", 0))
        return int(width) * len(self.pooling_modes)

    @property
    def context_length(self) -> int:
        """How many positions the model has, special tokens included."""
        sizes = (self.config.get(key) for key in ("max_position_embeddings", "n_positions", "max_sequence_length"))
        positions = next((int(size) for size in sizes if size and int(size) > 0), _UNBOUNDED_POSITIONS)
        return (
            positions - 2 if self.architecture in _OFFSET_POSITIONS and positions < _UNBOUNDED_POSITIONS else positions
        )

    @property
    def max_tokens(self) -> int:
        """The window the model was published with, special tokens included."""
        published = self.modules[0].config.get("max_seq_length") or self.tokenizer_config.get("model_max_length")
        return min(int(published), self.context_length) if published else self.context_length

    @property
    def prompts(self) -> dict[str, str]:
        return {str(name): str(text) for name, text in (self.settings.get("prompts") or {}).items()}

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
        return max(file.stat().st_mtime for file, _ in self.weights)

    def fingerprint(self, vector_class: str = "exact") -> str:
        """Same fingerprint, same vectors: `<32 hex digits>:<class>`. Weights are hashed once, then known by stat."""
        return fingerprint(
            weights=[file for file, _ in self.weights],
            tokenizer=self.tokenizer_path,
            lowercase=self.lowercase,
            config=self.config,
            pooling=self.pooling_modes,
            chain=[(module.kind, module.config) for module in self.modules[2:]],
            vector_class=vector_class,
        )


def _modules(path: Path) -> tuple[Module, ...]:
    entries = _read(path / "modules.json", missing=None)
    if not isinstance(entries, list) or not entries:
        raise ModelLoadError(
            f"no list of modules in {path / 'modules.json'}: pooling and normalising of this model are unknown",
            remedy="save it once with `SentenceTransformer(...).save(folder)`",
        )
    modules = tuple(_module(path, entry) for entry in sorted(entries, key=lambda entry: int(entry.get("idx", 0))))
    kinds = [module.kind for module in modules]
    if kinds[:2] != ["Transformer", "Pooling"] or any(kind in kinds[2:] for kind in ("Transformer", "Pooling")):
        raise ModelLoadError(
            f"{path / 'modules.json'} chains {' → '.join(kinds)}; a Transformer, a Pooling, then Dense and Normalize "
            "are known"
        )
    return modules


def _module(path: Path, entry: dict[str, Any]) -> Module:
    name = str(entry.get("type", ""))
    kind = name.rpartition(".")[2]
    if not name.startswith("sentence_transformers.") or kind not in _KINDS:
        raise ModelLoadError(
            f"module `{name}` in {path / 'modules.json'} is not known (known: {', '.join(_KINDS)}), and leaving it "
            "out would change the vectors",
            remedy="write an encoder plug-in for this model",
        )
    folder = (path / str(entry.get("path", ""))).resolve()
    if not folder.is_relative_to(path.resolve()):
        raise ModelLoadError(f"module `{name}` in {path / 'modules.json'} lies outside the model folder: {folder}")
    return Module(kind, folder, _settings_of(kind, folder))


def _settings_of(kind: str, folder: Path) -> dict[str, Any]:
    if kind == "Transformer":
        files = (folder / name for name in _TRANSFORMER_CONFIGS if (folder / name).is_file())
        settings: dict[str, Any] = _read(next(files, folder / _TRANSFORMER_CONFIGS[0]), missing={})
        return settings
    config: dict[str, Any] = _read(folder / "config.json", missing={} if kind == "Normalize" else None)
    if config is None:
        raise ModelLoadError(f"no `config.json` in {folder}", remedy="copy or pull the model again")
    if kind == "Dense":
        _check_dense(folder, config)
    if kind == "Pooling":
        _check_pooling(folder, config)
    return config


def _check_dense(folder: Path, config: dict[str, Any]) -> None:
    activation = str(config.get("activation_function", "torch.nn.modules.linear.Identity"))
    if not activation.startswith("torch.nn."):
        raise ModelLoadError(f"activation `{activation}` of {folder} is not one of torch's own")
    for side in ("module_input_name", "module_output_name"):
        if config.get(side) not in (None, "sentence_embedding"):
            raise ModelLoadError(f"{folder} works on `{config[side]}`; a Dense after pooling is known")


def _check_pooling(folder: Path, config: dict[str, Any]) -> None:
    mode = config.get("pooling_mode", "mean")
    unknown = set([mode] if isinstance(mode, str) else mode) - set(POOLING_MODES)
    if unknown:
        raise ModelLoadError(f"pooling {sorted(unknown)} of {folder} is not known: {', '.join(POOLING_MODES)}")


def _read(path: Path, missing: Any = ...) -> Any:
    if missing is not ... and not path.is_file():
        return missing
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelLoadError(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise ModelLoadError(f"{path} is not JSON: {error}", remedy="copy or pull the model again") from error
