"""From a model folder to OpenVINO graphs, by way of torch. Knows no cache and no queue; runs once per model."""

from __future__ import annotations

import contextlib
import copy
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from embedingest.config import ModelConfig
from embedingest.engine.compiled import runtime
from embedingest.engine.folder.encoder import rectangle
from embedingest.engine.folder.scorer import FolderScorer
from embedingest.engine.scheduling.batching import batches
from embedingest.engine.torch.encoder import load_chain
from embedingest.engine.torch.padding import assembled, padding_counts
from embedingest.engine.torch.scorer import check_pairs, load_cross_encoder, pair_padding_counts, scoring
from embedingest.engine.torch.stored import stand_in, stored

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from embedingest.engine.folder.folder import ModelFolder

__all__ = ["Converter"]

_PROBE_BATCH_TOKENS: Final = 1024
_PROBE_BATCH_TEXTS: Final = 16
_MOST_SCORES: Final = 4  # of a last layer that is no part of the transformer
_tracing = threading.Lock()


class Converter:
    """One model folder loaded by torch: gives the reference vectors or numbers, and graphs of several kinds."""

    def __init__(self, folder: ModelFolder) -> None:
        self.folder = folder
        self._pad = int(folder.config.get("pad_token_id") or 0)
        # OpenVINO recognises attention written out in full; the fused operators of torch it does not.
        load = load_cross_encoder if folder.is_reranker else load_chain
        self._chain = load(folder, attention="eager")
        self._forward = _forward(self._chain, folder)
        self.needs_padding_left_out = self._padding_counts()

    def _padding_counts(self) -> bool:
        """Raises ModelLoadError where the pairs of a reranker have other tokens than by transformers."""
        if not self.folder.is_reranker:
            words = self._chain[0].model.config.vocab_size
            return padding_counts(self._chain, pad=self._pad, words=words, positions=self.folder.context_length)
        scorer = FolderScorer(self.folder, ModelConfig())
        check_pairs(scorer, self._chain, has_types=self._forward.has_types)
        return pair_padding_counts(scorer, self._batch)

    def reference(self, rows: Sequence[Sequence[int]], threads: int = 1) -> NDArray[np.float32]:
        """Vectors of rows (special tokens included) by the model's own fp32 forward, float32 (N, D); D is 1 of numbers.

        On several `threads` as many batches run side by side: threads of one batch would wait for each other.
        """
        groups = batches([len(row) for row in rows], budget=_PROBE_BATCH_TOKENS, most=_PROBE_BATCH_TEXTS)
        with ThreadPoolExecutor(threads, "embedingest-reference") as pool:
            return assembled(
                list(zip(groups, pool.map(lambda group: self._batch([rows[i] for i in group]), groups), strict=True))
            )

    def _batch(self, rows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        import torch

        inputs = rectangle(rows, pad=self._pad, width=max(map(len, rows)))
        with torch.inference_mode():
            vectors: NDArray[np.float32] = self._forward(*map(torch.from_numpy, inputs)).float().numpy()
        return vectors

    def graph(self, kind: str) -> Any:
        """An OpenVINO model: rows and mask, int64 (N, T), to vectors, float32 (N, D).

        `kind` is `plain`; `bf16-linears`, whose linear layers alone take bf16; or `int8`, whose linear layers hold
        8 bit weights. Raises whatever torch or the frontend raises for a model that does not convert.
        """
        import torch

        # A trace changes the modules that it goes through; the weights are not copied.
        shared = [*self._chain.parameters(), self._chain[0].tokenizer]
        chain = copy.deepcopy(self._chain, {id(one): one for one in shared})
        if self.folder.is_reranker:
            _exact_end(chain)
        if kind == "bf16-linears":
            _bf16_linears(chain)
        ids = torch.arange(22).reshape(2, 11) % 7 + 5
        mask = torch.ones_like(ids)
        mask[1, 6:] = 0
        ov = runtime.load()
        from openvino.frontend import FrontEndManager
        from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

        with torch.no_grad(), warnings.catch_warnings(), _masks_by_broadcasting():
            warnings.simplefilter("ignore")
            # The gate compares the graph with torch on many texts: torch's own second trace would prove less.
            decoder = TorchScriptPythonDecoder(
                _forward(chain, self.folder),
                example_input={"rows": ids, "mask": mask},
                module_extensions=_stored_layers(chain),
                trace_kwargs={"check_trace": False},
            )
            frontend = FrontEndManager().load_by_framework("pytorch")
            model = frontend.convert(frontend.load(decoder))
        for parameter in model.get_parameters():
            parameter.set_partial_shape(ov.PartialShape([-1, -1]))
            parameter.set_element_type(ov.Type.i64)
        model.validate_nodes_and_infer_types()
        if kind == "int8":
            _int8_weights(ov, model)
        return model


@contextlib.contextmanager
def _masks_by_broadcasting() -> Iterator[None]:
    """Let transformers compute masks of every kind from broadcast positions, which a trace can follow.

    For masks that look both ways within a window (gemma3) it maps a function over every pair of positions, which a
    trace cannot follow; the values are the same.
    """
    from transformers import masking_utils

    masks: Any = masking_utils.ALL_MASK_ATTENTION_FUNCTIONS
    plain = masking_utils.eager_mask

    def broadcast(*args: Any, **settings: Any) -> Any:
        return plain(*args, **{**settings, "use_vmap": False})

    with _tracing:
        masks["eager"] = broadcast
        try:
            yield
        finally:
            del masks["eager"]  # of this object alone: what is registered for all shows again


def _forward(chain: Any, folder: ModelFolder) -> Any:
    """The chain as one torch module from rows and mask to vectors, or to the numbers of a reranker."""
    import torch

    if folder.is_reranker:
        return scoring(chain)

    class Forward(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.steps = torch.nn.ModuleList(chain)

        def forward(self, rows: Any, mask: Any) -> Any:
            features = {"input_ids": rows, "attention_mask": mask}
            for step in self.steps:
                features = step(features)
            return features["sentence_embedding"]

    return Forward().eval()


def _stored_layers(chain: Any) -> dict[Any, Any]:
    """For each linear layer of 16 bit weights how the graph takes these as they are, to be widened by the runtime.

    A trace keeps every number that it computes until it ends, widened weights too: so they are not there meanwhile.
    """
    import torch
    from openvino.frontend.pytorch import ModuleExtension

    def linear(module: Any, operation: Any, x: Any) -> Any:
        return operation(x, stored(module, "weight"), module.bias)

    def something(module: Any, x: Any, *_: Any) -> Any:
        return torch.zeros(*x.shape[:-1], module.out_features)

    layers = [
        module
        for module in chain.modules()
        if isinstance(module, torch.nn.Linear | torch.nn.Embedding) and stored(module, "weight").dtype != torch.float32
    ]
    for module in layers:
        stand_in(module, "weight")
    return {
        module: ModuleExtension(torch.nn.Linear, "ov_ext::linear", convert=linear, evaluate=something)
        for module in layers
        if isinstance(module, torch.nn.Linear)
    }


def _exact_end(chain: Any) -> None:
    """Let a reranker's last layer, whose result is the score, compute in fp32 whatever precision the graph runs in.

    As a matrix product it would be rounded to the 8 bits of bf16: scores that differ by less than 1 in 256 would be
    equal. As products and their sum a runtime leaves it in fp32, since nothing that is worth rounding comes after.
    """
    import torch

    class Exact(torch.nn.Module):
        def __init__(self, linear: Any) -> None:
            super().__init__()
            self.register_buffer("weight", stored(linear, "weight").detach().float())
            self.bias = linear.bias

        def forward(self, x: Any) -> Any:
            numbers = (x.unsqueeze(-2) * self.weight).sum(dim=-1)
            return numbers if self.bias is None else numbers + self.bias

    model = chain[0].model
    linears = [name for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)]
    if linears and (last := model.get_submodule(linears[-1])).out_features <= _MOST_SCORES:
        parent, _, name = linears[-1].rpartition(".")
        setattr(model.get_submodule(parent), name, Exact(last))


def _bf16_linears(chain: Any) -> None:
    """Let every linear layer of the transformer multiply in bf16 and add its bias in fp32."""
    import torch

    class Bf16Linear(torch.nn.Module):
        def __init__(self, linear: Any) -> None:
            super().__init__()
            # The same tensor where it is stored so.
            self.weight = torch.nn.Parameter(stored(linear, "weight").detach().bfloat16(), requires_grad=False)
            self.bias = linear.bias

        def forward(self, x: Any) -> Any:
            product = torch.nn.functional.linear(x.bfloat16(), self.weight).float()
            return product if self.bias is None else product + self.bias

    for parent in list(chain[0].modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, torch.nn.Linear):
                setattr(parent, name, Bf16Linear(child))


def _int8_weights(ov: Any, model: Any) -> None:
    """Replace the weights of every matrix product by 8 bit numbers with one scale per output channel."""
    from openvino import opset13 as ops

    floats = (ov.Type.f32, ov.Type.f16, ov.Type.bf16)
    for node in model.get_ordered_ops():
        if node.get_type_name() != "MatMul":
            continue
        weight = node.input_value(1).get_node()
        if weight.get_type_name() == "Convert" and weight.get_element_type() == ov.Type.f32:  # stored in 16 bits
            weight = weight.input_value(0).get_node()
        if weight.get_type_name() != "Constant" or len(weight.shape) != 2 or weight.get_element_type() not in floats:
            continue
        values = weight.get_data(dtype=np.float32)  # (out, in) where transposed, else (in, out)
        axis = 1 if node.get_attributes()["transpose_b"] else 0
        scale = np.maximum(np.abs(values).max(axis=axis, keepdims=True) / 127.0, 1e-12).astype(np.float32)
        rounded = np.clip(np.rint(values / scale), -127, 127).astype(np.int8)
        widened = ops.convert(ops.constant(rounded), ov.Type.f32)
        node.input(1).replace_source_output(ops.multiply(widened, ops.constant(scale)).output(0))
    model.validate_nodes_and_infer_types()
