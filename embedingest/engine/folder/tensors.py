"""Whether the weight files of a model hold what its architecture needs, told from their headers, without torch.

For the architectures of most embedding models every tensor is known by name and shape; for the others what loads
them tells (`engine/torch/`). Reads no tensor.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from embedingest.engine.folder.chain import LAYERS
from embedingest.engine.folder.settings_files import REMEDY
from embedingest.engine.folder.weights import FLOATS, is_finite
from embedingest.errors import ModelLoadError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from embedingest.engine.folder.folder import ModelFolder
    from embedingest.engine.folder.module import Module

__all__ = ["WeightsError", "check_numbers", "check_tensors", "not_finite", "unfit", "without_digits"]

Shape = tuple[str, ...]  # each size is the setting of that name


class WeightsError(ModelLoadError):
    """Weights that no try again mends while the files stay as they are."""


_MOST_NAMED: Final = 5
_PREFIXES: Final = re.compile(r"^(bert|roberta|mpnet|distilbert)\.")
_COUNTERS: Final = ("position_ids", "token_type_ids", "num_batches_tracked")  # buffers that no weight is in


def _linear(name: str, out: str, into: str) -> dict[str, Shape]:
    return {f"{name}.weight": (out, into), f"{name}.bias": (out,)}


def _norm(name: str, width: str) -> dict[str, Shape]:
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}


def _bert(*, types: bool) -> tuple[dict[str, Shape], dict[str, Shape]]:
    top: dict[str, Shape] = {
        "embeddings.word_embeddings.weight": ("vocab_size", "hidden_size"),
        "embeddings.position_embeddings.weight": ("max_position_embeddings", "hidden_size"),
        **_norm("embeddings.LayerNorm", "hidden_size"),
    }
    if types:
        top["embeddings.token_type_embeddings.weight"] = ("type_vocab_size", "hidden_size")
    layer = {
        **_linear("intermediate.dense", "intermediate_size", "hidden_size"),
        **_linear("output.dense", "hidden_size", "intermediate_size"),
        **_norm("output.LayerNorm", "hidden_size"),
    }
    names = [f"attention.self.{part}" for part in ("query", "key", "value")] + ["attention.output.dense"]
    norm = "attention.output.LayerNorm"
    if not types:  # mpnet
        names, norm = [f"attention.attn.{part}" for part in "qkvo"], "attention.LayerNorm"
        top["encoder.relative_attention_bias.weight"] = ("relative_attention_num_buckets", "num_attention_heads")
    for name in names:
        layer |= _linear(name, "hidden_size", "hidden_size")
    return top, layer | _norm(norm, "hidden_size")


def _distilbert() -> tuple[dict[str, Shape], dict[str, Shape]]:
    top: dict[str, Shape] = {
        "embeddings.word_embeddings.weight": ("vocab_size", "dim"),
        "embeddings.position_embeddings.weight": ("max_position_embeddings", "dim"),
        **_norm("embeddings.LayerNorm", "dim"),
    }
    layer = {**_linear("ffn.lin1", "hidden_dim", "dim"), **_linear("ffn.lin2", "dim", "hidden_dim")}
    for part in ("q_lin", "k_lin", "v_lin", "out_lin"):
        layer |= _linear(f"attention.{part}", "dim", "dim")
    return top, layer | _norm("sa_layer_norm", "dim") | _norm("output_layer_norm", "dim")


_ARCHITECTURES: Final = {
    **dict.fromkeys(
        ("bert", "roberta", "xlm-roberta", "camembert"), ("encoder.layer", "num_hidden_layers", _bert(types=True))
    ),
    "mpnet": ("encoder.layer", "num_hidden_layers", _bert(types=False)),
    "distilbert": ("transformer.layer", "n_layers", _distilbert()),
}


def check_tensors(folder: ModelFolder) -> None:
    """Raises ModelLoadError that names the tensors that are missing, misshapen, of another number type or too many."""
    for module in folder.modules:
        if module.kind == "Transformer":
            shapes = _shapes(folder, module)
            needed = _needed(folder.architecture, folder.config)
            if needed:
                found = {_plain(name): shape for name, shape in shapes.items()}
                _compare(folder.path, module.path / "config.json", needed, found)
        elif module.kind == "Dense":
            out, into = int(module.config["out_features"]), int(module.config["in_features"])
            dense: dict[str, tuple[int | None, ...]] = {"linear.weight": (out, into)}
            if module.config.get("bias", True):
                dense["linear.bias"] = (out,)
            _compare(folder.path, module.path / "config.json", dense, _shapes(folder, module))
        elif module.kind == LAYERS:
            counted = int(module.config["num_hidden_layers"]) + 1 - int(module.config["layer_start"])
            layers: dict[str, tuple[int | None, ...]] = {"layer_weights": (counted,)}
            _compare(folder.path, module.path / "config.json", layers, _shapes(folder, module))
        elif module.kind == "LayerNorm":
            width = int(module.config["dimension"])
            norm: dict[str, tuple[int | None, ...]] = {"norm.weight": (width,), "norm.bias": (width,)}
            _compare(folder.path, module.path / "config.json", norm, _shapes(folder, module))


def unfit(
    place: Path, settings: Path, *, missing: Iterable[str], misshapen: Iterable[str], unexpected: Iterable[str]
) -> WeightsError:
    """The error that names tensors, the first of each kind."""
    parts = []
    for kind, names in (("lack", missing), ("have in another shape", misshapen), ("have beyond it", unexpected)):
        listed = sorted(names)
        if listed:
            more = f" and {len(listed) - _MOST_NAMED} more" if len(listed) > _MOST_NAMED else ""
            parts.append(f"{kind} {', '.join(f'`{name}`' for name in listed[:_MOST_NAMED])}{more}")
    return WeightsError(
        f"the weight files of {place} do not fit the model that {settings} describes: they {'; they '.join(parts)}",
        remedy=REMEDY,
    )


def not_finite(path: Path, tensors: Sequence[str]) -> WeightsError:
    """The error of a model with tensors (at least one) that hold NaN or infinity."""
    return WeightsError(
        f"the weights of {path} hold numbers that are none (NaN or infinity) in `{tensors[0]}`"
        + (f" and {len(tensors) - 1} more tensors" if len(tensors) > 1 else ""),
        remedy=REMEDY,
    )


def check_numbers(folder: ModelFolder) -> None:
    """Raises WeightsError where the files hold NaN or infinity. Reads all tensors once, a few megabytes at a time."""
    damaged = [name for file, header in folder.weights for name in header.shapes if not is_finite(file, header, name)]
    if damaged:
        raise not_finite(folder.path, damaged)


def without_digits(name: str) -> str:
    """A tensor's name with its numbers left out: the same for the same tensor of every layer."""
    return re.sub(r"\d+", "#", name)


def _shapes(folder: ModelFolder, module: Module) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for file, header in folder.weights_of(module):
        for name, kind in header.types.items():
            if kind not in FLOATS and not name.endswith(_COUNTERS) and len(header.shapes[name]) > 1:
                raise ModelLoadError(
                    f"tensor `{name}` of {file} holds {kind} numbers; weights in {', '.join(FLOATS)} are known",
                    remedy="use a copy of the model that is not quantised; `precision: int8` makes small weights of it",
                )
        shapes |= header.shapes
    return shapes


def _needed(architecture: str, config: Mapping[str, Any]) -> dict[str, tuple[int | None, ...]]:
    """Every tensor that the architecture needs, with its shape, `None` where the settings leave a size open."""
    if architecture not in _ARCHITECTURES:
        return {}
    stem, counted, (top, layer) = _ARCHITECTURES[architecture]
    layers = config.get(counted)
    if layers is None:
        return {}
    names = dict(top)
    for number in range(int(layers)):
        names |= {f"{stem}.{number}.{name}": shape for name, shape in layer.items()}
    return {name: tuple(_size(config, part) for part in shape) for name, shape in names.items()}


def _size(config: Mapping[str, Any], part: str) -> int | None:
    value = config.get(part)
    return value if isinstance(value, int) else None


def _plain(name: str) -> str:
    """A tensor's name as the model itself calls it: older files have a prefix, or old names for a norm's numbers."""
    name = _PREFIXES.sub("", name)
    return name.replace("LayerNorm.gamma", "LayerNorm.weight").replace("LayerNorm.beta", "LayerNorm.bias")


def _compare(
    place: Path, settings: Path, needed: Mapping[str, tuple[int | None, ...]], found: Mapping[str, tuple[int, ...]]
) -> None:
    missing = [name for name in needed if name not in found]
    misshapen = [
        f"{name} {list(found[name])}, not {[size if size is not None else '?' for size in shape]}"
        for name, shape in needed.items()
        if name in found and not _fits(found[name], shape)
    ]
    kinds = {without_digits(name) for name in needed if re.search(r"\d", name)}
    unexpected = [name for name in found if name not in needed and without_digits(name) in kinds]
    if missing or misshapen or unexpected:
        raise unfit(place, settings, missing=missing, misshapen=misshapen, unexpected=unexpected)


def _fits(shape: tuple[int, ...], needed: tuple[int | None, ...]) -> bool:
    return len(shape) == len(needed) and all(size in (None, has) for has, size in zip(shape, needed, strict=True))
