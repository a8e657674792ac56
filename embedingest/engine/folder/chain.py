"""The modules of a model folder as `modules.json` names them: known kinds, inside the folder, in a known order.

Where a Router sends queries and documents through different ones, a list for each. Knows settings files, no weights and
no tokenizer.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from embedingest.engine.folder.late import is_late, late_settings, stanford_modules
from embedingest.engine.folder.module import SCORES, SPARSE, SPLADE, TOKENS, WORD_WEIGHTS, Module
from embedingest.engine.folder.reranker import LOGITS, NoScoreError, class_of, head_of
from embedingest.engine.folder.router import ROUTERS, read_router
from embedingest.engine.folder.settings_files import REMEDY, kind_of, read_json, read_object, whole_number
from embedingest.engine.folder.sizes import WIDTHS
from embedingest.engine.names import ROLES
from embedingest.errors import ModelLoadError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["LAYERS", "POOLING_MODES", "TAIL", "WEIGHTED", "pooling_modes", "read_chains"]

POOLING_MODES: Final = ("cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken")
TAIL: Final = ("Dense", "LayerNorm", "Normalize", "Dropout")
"""What may be done to pooled vectors. A Dropout does nothing but in training."""
LAYERS: Final = "WeightedLayerPooling"
"""What may stand between a transformer and pooling: a mean of its layers."""
WEIGHTED: Final = ("Transformer", LAYERS, "StaticEmbedding", "Dense", "LayerNorm", WORD_WEIGHTS)
"""What has weights."""
_HEADS: Final = (("Transformer", "Pooling"), ("Transformer", LAYERS, "Pooling"), ("StaticEmbedding",))
_SPARSE: Final = (("Transformer", SPLADE), (WORD_WEIGHTS,))  # nothing follows
_KINDS: Final = ("Transformer", LAYERS, "Pooling", "StaticEmbedding", *TAIL, *SPARSE)
_MASKED: Final = "MLMTransformer"  # an older name of a Transformer with this task
_TASK: Final = "fill-mask"
_LEGACY_POOLING: Final = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
_RELUS: Final = ("relu", "log1p_relu")
_MASK: Final = "MultiVectorMask"
_ALL: Final = ("", *ROLES)
_OF_PICTURES: Final = ("clip", "siglip")
_OURS: Final = "sentence_transformers."
_TRANSFORMER_CONFIGS: Final = (
    "sentence_bert_config.json",
    "sentence_roberta_config.json",
    "sentence_distilbert_config.json",
    "sentence_camembert_config.json",
    "sentence_albert_config.json",
    "sentence_xlm-roberta_config.json",
    "sentence_xlnet_config.json",
)


def read_chains(path: Path, pooling: str | None = None) -> tuple[dict[str, tuple[Module, ...]], bool]:
    """The modules of a folder in their order, by the role of the texts; and whether a Router chooses among them.

    Without a Router they are under `""`, which is no role; with one, a role that it has no route for has none.
    `pooling` is that of a transformer's folder without a list of modules.

    Raises ModelLoadError: unknown, out of order, outside the folder.
    """
    if pooling is None and (head := head_of(path)) is not None:
        return {"": _scoring(path, head)}, False
    file = path / "modules.json"
    if not file.exists() and (path / "config.json").is_file():
        return {"": stanford_modules(path) or _bare(path, pooling)}, False
    if pooling is not None:
        raise ModelLoadError(
            f"{file} says how {path} pools, and the settings say `pooling: {pooling}`",
            remedy="leave `pooling` out: it is for folders without `modules.json`",
        )
    ordered = _entries(file)
    if is_late(path):
        return {"": _late(path, file, ordered)}, False
    if not any(_is_router(entry) for entry in ordered):
        modules = tuple(_module(path, entry) for entry in ordered)
        _check_order(file, modules)
        return {"": modules}, False
    chains: dict[str, tuple[Module, ...]] = {}
    for role in _ALL:
        steps = [_steps(path, entry, role) for entry in ordered]
        chain = tuple(module for step in steps if step is not None for module in step)
        if None not in steps:
            _check_order(file, chain)
            chains[role] = chain
    if not chains:
        raise ModelLoadError(
            f"{file} has a Router without a route for queries, documents, or text that is neither",
            remedy='name one in its `route_mappings`, such as `"(None, \'text\')": "ROUTE"`',
        )
    return chains, True


def _scoring(path: Path, head: dict[str, Any]) -> tuple[Module, ...]:
    """A cross-encoder: its transformer, and what becomes of its number. Raises ModelLoadError."""
    file, place = path / "modules.json", path.resolve()
    if file.is_file():
        listed = [(_name(entry).rpartition(".")[2], _place(path, entry)) for entry in _entries(file)]
        due = [("Transformer", place), *([("LogitScore", place / LOGITS)] if "answers" in head else [])]
        if listed != due:
            raise ModelLoadError(
                f"{file} is of a cross-encoder and chains {' → '.join(kind for kind, _ in listed)}; one Transformer, "
                "in the folder itself, is known, and after a language model one LogitScore",
                remedy="take a reranker that is one transformer with a classifier, such as BAAI/bge-reranker-base",
            )
    transformer = Module("Transformer", place, _settings_of("Transformer", place))
    return transformer, Module(SCORES, place, head)


def _late(path: Path, file: Path, entries: list[dict[str, Any]]) -> tuple[Module, ...]:
    """A late interaction model: its transformer, each Dense, and what it does to queries and documents."""
    kinds = [_name(entry).rpartition(".")[2] for entry in entries]
    is_listed = _MASK in kinds  # by sentence-transformers; PyLate leaves out what it does at the end
    if kinds[0] != "Transformer" or not set(kinds[1:]) <= {"Dense", *((_MASK, "Normalize") if is_listed else ())}:
        raise ModelLoadError(
            f"{file} is of a late interaction model and chains {' → '.join(kinds)}; Transformer → Dense, as PyLate "
            f"saves it, and Transformer → Dense → {_MASK} → Normalize are known"
        )
    if is_listed and "Normalize" not in kinds:
        raise ModelLoadError(f"{file} does not normalise the vectors of tokens, which is due here")
    places = [_place(path, entry) for entry in entries]
    transformer = Module("Transformer", places[0], _settings_of("Transformer", places[0]))
    dense = [place for kind, place in zip(kinds, places, strict=True) if kind == "Dense"]
    mask = read_object(places[kinds.index(_MASK)] / "config.json", optional=True) if is_listed else None
    last = Module(TOKENS, path.resolve(), late_settings(path, transformer, mask))
    return transformer, *(Module("Dense", place, _token_dense(place)) for place in dense), last


def _token_dense(folder: Path) -> dict[str, Any]:
    """The settings of a Dense over vectors of tokens."""
    config = read_object(folder / "config.json")
    _check_dense(folder, {key: value for key, value in config.items() if not key.startswith("module_")})
    return config


def _entries(file: Path) -> list[dict[str, Any]]:
    """What the list of modules has, in the order of its numbers. Raises ModelLoadError."""
    if not file.exists():
        raise NoScoreError(
            f"{file.parent} is no model: it has neither `modules.json` nor `config.json`",
            what="no model folder (it has neither `modules.json` nor `config.json`)",
            remedy="name the folder of a model, or copy or pull it again",
        )
    entries = read_json(file)
    if not isinstance(entries, list) or not entries:
        raise ModelLoadError(
            f"{file} is there and lists no modules: pooling and normalising of this model are unknown",
            remedy="copy or pull the model again, or save it once with `SentenceTransformer(...).save(folder)`",
        )
    for entry in entries:
        if not isinstance(entry, dict):
            raise ModelLoadError(f"{file} lists {kind_of(entry)} where a module is due", remedy=REMEDY)
    return sorted(entries, key=lambda entry: whole_number(file, entry, "idx", least=0, most=10**6) or 0)


def _check_order(file: Path, chain: tuple[Module, ...]) -> None:
    kinds = tuple(module.kind for module in chain)
    if kinds in _SPARSE:
        if kinds[0] == "Transformer" and chain[0].config.get("transformer_task") != _TASK:
            raise ModelLoadError(f"{file} chains {' → '.join(kinds)}, and its transformer's task is not `{_TASK}`")
        return
    if not any(kinds[: len(head)] == head and set(kinds[len(head) :]) <= set(TAIL) for head in _HEADS):
        raise ModelLoadError(
            f"{file} chains {' → '.join(kinds) or 'nothing'}; {' or '.join(' → '.join(head) for head in _HEADS)}, "
            f"then {', '.join(TAIL)} are known"
        )


def _steps(path: Path, entry: Mapping[str, Any], role: str) -> tuple[Module, ...] | None:
    """The modules that one entry of the list stands for; `None` for a Router that has none for this role."""
    if not _is_router(entry):
        return (_module(path, entry),)
    router = read_router(_place(path, entry))
    names = router.modules(role)
    if names is None:
        return None
    base = str(entry.get("path", ""))
    inner = [{"type": router.kinds[name], "path": f"{base}/{name}".lstrip("/")} for name in names]
    if any(_is_router(module) for module in inner):
        raise ModelLoadError(f"{router.file} has a Router inside a Router, which is not known")
    return tuple(_module(path, module) for module in inner)


def _is_router(entry: Mapping[str, Any]) -> bool:
    name = _name(entry)
    return name.startswith(_OURS) and name.rpartition(".")[2] in ROUTERS


def _name(entry: Mapping[str, Any]) -> str:
    return str(entry.get("type", ""))[:100]


def _bare(path: Path, pooling: str | None) -> tuple[Module, ...]:
    """A transformer's folder that says nothing of pooling: with the one that the settings name, or refused."""
    config = read_object(path / "config.json")
    if config.get("model_type") == "model2vec":
        raise ModelLoadError(
            f"{path} is a Model2Vec folder without `modules.json`",
            remedy="`pip install embedingest-static` and set `encoder: static`",
        )
    _refuse_pictures(path)
    if pooling is None:
        name = path.name if re.fullmatch(r"[\w.-]+", path.name) else "NAME"
        raise NoScoreError(
            f"{path} has no `modules.json`, so nothing says how the vectors of its tokens become one of the text",
            what=f"a transformer ({class_of(config)[:100] or 'unnamed'}), which scores no pairs of texts",
            remedy=(
                f"ask its makers which pooling it was trained with, and add to the settings\nmodels:\n"
                f"  {name}: {{path: {path}, pooling: mean}}   # or {', '.join(POOLING_MODES)}"
            ),
        )
    width = next((config[key] for key in WIDTHS if config.get(key) is not None), None)
    settings = {"pooling_mode": pooling, "embedding_dimension": width}
    place = path.resolve()
    transformer = Module("Transformer", place, _settings_of("Transformer", place))
    return transformer, Module("Pooling", place / "1_Pooling", settings)


def _module(path: Path, entry: Mapping[str, Any]) -> Module:
    name = _name(entry)
    kind = name.rpartition(".")[2]
    if name.startswith(_OURS) and kind == _MASKED:
        folder = _place(path, entry)
        return Module("Transformer", folder, _settings_of("Transformer", folder) | {"transformer_task": _TASK})
    if kind in ("CLIPModel", "Transformer") and name.startswith(_OURS):
        _refuse_pictures(_place(path, entry))
    if not name.startswith(_OURS) or kind not in _KINDS:
        known = ", ".join((*_KINDS, ROUTERS[0]))
        raise ModelLoadError(
            f"module `{name}` in {path / 'modules.json'} is not known (known: {known}), and leaving it "
            "out would change the vectors",
            remedy="write an encoder plug-in for this model",
        )
    folder = _place(path, entry)
    return Module(kind, folder, _settings_of(kind, folder))


def _refuse_pictures(folder: Path) -> None:
    """Raises ModelLoadError for the folder of a model of pictures and texts, which a plug-in runs."""
    kind = read_object(folder / "config.json", optional=True).get("model_type")
    if kind in _OF_PICTURES:
        raise ModelLoadError(
            f"{folder} holds a model of pictures and texts (`{kind}`)",
            remedy="`pip install embedingest-images` and set `encoder: images`",
        )


def _place(path: Path, entry: Mapping[str, Any]) -> Path:
    """The folder of a module. Raises ModelLoadError where it has none, or one outside the model's."""
    name, place = _name(entry), entry.get("path", "")
    if not isinstance(place, str) or "\0" in place:
        raise ModelLoadError(f"module `{name}` in {path / 'modules.json'} has no path that can be read", remedy=REMEDY)
    try:
        folder = (path / place).resolve()
        outside = not folder.is_relative_to(path.resolve())
    except RuntimeError as error:  # of a link that leads to itself, before Python 3.13
        raise ModelLoadError(f"module `{name}` in {path / 'modules.json'}: {error}", remedy=REMEDY) from error
    if outside:
        raise ModelLoadError(
            f"module `{name}` in {path / 'modules.json'} lies outside the model folder: {folder}",
            remedy=REMEDY,
        )
    return folder


def _settings_of(kind: str, folder: Path) -> dict[str, Any]:
    if kind == "StaticEmbedding":
        return {}
    if kind == "Transformer":
        files = (folder / name for name in _TRANSFORMER_CONFIGS if (folder / name).is_file())
        return read_object(next(files, folder / _TRANSFORMER_CONFIGS[0]), optional=True)
    config = read_object(folder / "config.json", optional=kind in ("Normalize", WORD_WEIGHTS))
    if kind == SPLADE:
        _check_splade(folder, config)
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
    mode = config.get("pooling_mode")
    modes = mode if isinstance(mode, list) else [] if mode is None else [mode]
    unknown = {str(name)[:60] for name in modes if name not in POOLING_MODES}
    if unknown:
        raise ModelLoadError(
            f"pooling {sorted(unknown)} of {folder} is not known: {', '.join(POOLING_MODES)}",
            remedy="write an encoder plug-in for this model",
        )


def pooling_modes(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The kinds of pooling that a Pooling's settings name, in the order in which they are joined."""
    mode = settings.get("pooling_mode")
    if mode is None:
        modes = tuple(name for key, name in _LEGACY_POOLING.items() if settings.get(key))
        return modes or ("mean",)
    return (mode,) if isinstance(mode, str) else tuple(mode)


def _check_splade(folder: Path, config: dict[str, Any]) -> None:
    for key, unstated, known in (("pooling_strategy", "max", ("max", "sum")), ("activation_function", "relu", _RELUS)):
        if config.setdefault(key, unstated) not in known:
            raise ModelLoadError(f"{folder} has {key}: {str(config[key])[:60]}; {' and '.join(known)} are known")
