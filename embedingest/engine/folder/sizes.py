"""The numbers that a model folder states: each a number, within bounds, and agreeing with the others. Reads no file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from embedingest.engine.folder.module import SCORES, SPARSE, TOKENS
from embedingest.engine.folder.settings_files import REMEDY, whole_number
from embedingest.engine.folder.table import table_shape
from embedingest.errors import ModelLoadError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from embedingest.engine.folder.module import Module

__all__ = ["WIDTHS", "check_sizes"]

WIDTHS: Final = ("hidden_size", "dim", "d_model", "n_embd")  # an architecture's name for the length of token vectors
_COUNTS: Final = (
    "num_hidden_layers", "num_layers", "n_layers", "n_layer", "num_attention_heads", "num_heads", "n_heads", "n_head",
)  # fmt: skip
_LAYERS: Final = ("num_hidden_layers", "num_layers", "n_layers", "n_layer")
_POSITIONS: Final = ("max_position_embeddings", "n_positions", "max_sequence_length")
_MOST_COUNTED: Final = 1024  # layers or heads; a file that states more would keep the loader busy for ever
_WIDEST: Final = 10**6  # numbers of one token
_MOST_WORDS: Final = 10**8
_MOST_POSITIONS: Final = 2**24  # longer than any model that is published
_UNBOUNDED: Final = 10**40  # tokenizers write 1e30 for a window without bound


def check_sizes(
    modules: Sequence[Module], config: Mapping[str, Any], tokenizer_config: Mapping[str, Any], *, poolings: int
) -> None:
    """Raises ModelLoadError that names the file, the setting and the values that disagree.

    `config` are the transformer's settings; `poolings` is how many kinds of pooling are joined.
    """
    transformer = modules[0].path
    file = transformer / "config.json"
    for key in WIDTHS:
        whole_number(file, config, key, least=1, most=_WIDEST)
    for key in _COUNTS:
        whole_number(file, config, key, least=1, most=_MOST_COUNTED)
    for key in _POSITIONS:
        whole_number(file, config, key, least=-1, most=_MOST_POSITIONS)
    words = whole_number(file, config, "vocab_size", least=1, most=_MOST_WORDS)
    pad = whole_number(file, config, "pad_token_id", least=-1, most=_MOST_WORDS)
    if words is not None and pad is not None and pad >= words:
        raise ModelLoadError(
            f"{file} has pad_token_id: {pad} and vocab_size: {words}, so it has no such word", remedy=REMEDY
        )
    whole_number(transformer / "tokenizer_config.json", tokenizer_config, "model_max_length", least=0, most=_UNBOUNDED)
    settings = transformer / "sentence_bert_config.json"
    whole_number(settings, modules[0].config, "max_seq_length", least=0, most=_UNBOUNDED)
    if modules[-1].kind in SPARSE and words is None and modules[0].kind == "Transformer":
        raise ModelLoadError(f"{file} does not say `vocab_size`, how many weights a text has", remedy=REMEDY)
    if modules[-1].kind not in (SCORES, *SPARSE):
        _check_widths(modules, config, poolings)


def _check_widths(modules: Sequence[Module], config: Mapping[str, Any], poolings: int) -> None:
    """Each module takes vectors as long as the one before it gives."""
    pooling = next((module for module in modules if module.kind == "Pooling"), None)
    if modules[-1].kind == TOKENS:
        given: int | None = None
        poolings = 1
    elif pooling is None:
        given = table_shape(modules[0].path)[1]
        poolings = 1
    else:
        given = _stated(pooling, "embedding_dimension") or _stated(pooling, "word_embedding_dimension")
    width = next((int(config[key]) for key in WIDTHS if config.get(key) is not None), None)
    if pooling is not None and given is not None and width is not None and given != width:
        raise ModelLoadError(
            f"{pooling.path / 'config.json'} pools vectors of {given} numbers, and the model of "
            f"{modules[0].path / 'config.json'} gives {width}",
            remedy=REMEDY,
        )
    length = (width if modules[-1].kind == TOKENS else None) if given is None else given * poolings
    for module in modules:
        if module.kind == "WeightedLayerPooling":
            _check_layers(module, config, width)
        if module.kind not in ("Dense", "LayerNorm"):
            continue
        taken = _stated(module, "in_features" if module.kind == "Dense" else "dimension", required=True)
        if length is not None and taken != length:
            raise ModelLoadError(
                f"{module.path / 'config.json'} takes vectors of {taken} numbers, and the module before it gives "
                f"{length}",
                remedy=REMEDY,
            )
        length = _stated(module, "out_features", required=True) if module.kind == "Dense" else taken


def _check_layers(module: Module, config: Mapping[str, Any], width: int | None) -> None:
    """The mean of layers is of those that the model has, and the model gives them."""
    file = module.path / "config.json"
    layers = whole_number(file, module.config, "num_hidden_layers", least=1, most=_MOST_COUNTED)
    start = whole_number(file, module.config, "layer_start", least=0, most=_MOST_COUNTED)
    has = next((int(config[key]) for key in _LAYERS if config.get(key) is not None), None)
    if layers is None or start is None or start > layers or has not in (None, layers):
        raise ModelLoadError(
            f"{file} takes layers {start} to {layers}, and the model has {has if has is not None else 'others'}",
            remedy=REMEDY,
        )
    if not config.get("output_hidden_states"):
        raise ModelLoadError(
            f"{file} takes the mean of layers, and the model's config.json has no `output_hidden_states: true`, so "
            "sentence-transformers would leave it out in silence",
            remedy="say so there, or take the module out of `modules.json`",
        )
    given = _stated(module, "embedding_dimension") or _stated(module, "word_embedding_dimension")
    if given is not None and width is not None and given != width:
        raise ModelLoadError(f"{file} takes vectors of {given} numbers, and the model gives {width}", remedy=REMEDY)


def _stated(module: Module, key: str, *, required: bool = False) -> int | None:
    file = module.path / "config.json"
    value = whole_number(file, module.config, key, least=1, most=_WIDEST)
    if value is None and required:
        raise ModelLoadError(f"{file} does not say `{key}`", remedy=REMEDY)
    return value
