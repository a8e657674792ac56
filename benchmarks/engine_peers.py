"""Other programs that embed the same texts with the same weights, each at its best: what the engine is held against.

They are no dependencies of embedingest: `pip install onnx onnxruntime fastembed xllamacpp gguf`.
"""

import contextlib
import copy
import os
import statistics
import sys
import time
from pathlib import Path
from typing import ClassVar

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from embedingest.engine import hardware
from embedingest.engine.roofline import CEILING_SHAPE

os.environ["HF_HUB_OFFLINE"] = "1"


class SentenceTransformers:
    """`SentenceTransformer.encode`, as it comes or with a batch size and autocast; all share one copy of the model."""

    _loaded: ClassVar[dict] = {}

    def __init__(self, folder, *, batch_size=None, autocast=False):
        from sentence_transformers import SentenceTransformer

        if str(folder) not in self._loaded:
            self._loaded.clear()
            self._loaded[str(folder)] = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        self.model = self._loaded[str(folder)]
        self.options = {} if batch_size is None else {"batch_size": batch_size}
        self.autocast = autocast
        self.name = "sentence-transformers" + (f" batch {batch_size}" if batch_size else "")
        self.name += " autocast bf16" if autocast else ""

    def __call__(self, texts):
        import torch

        cast = torch.autocast("cpu", dtype=torch.bfloat16) if self.autocast else contextlib.nullcontext()
        with cast:
            return np.asarray(self.model.encode(texts, show_progress_bar=False, **self.options), dtype=np.float32)


def sentence_transformers_settings(folder):
    """Every setting that is tried for its best: batch sizes about the default of 32, with and without autocast."""
    return [
        SentenceTransformers(folder, batch_size=size, autocast=autocast)
        for autocast in (False, True)
        for size in (4, 8, 16, 32, 64)
    ]


class OnnxRuntime:
    """ONNX Runtime in fp32 on an export that is held against torch, in sorted batches."""

    def __init__(self, folder, work, *, batch=8):
        import onnxruntime
        from tokenizers import Tokenizer

        self.batch = batch
        self.session = onnxruntime.InferenceSession(str(export(folder, work)), providers=["CPUExecutionProvider"])
        self.tokenizer = Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(window(folder))

    @property
    def name(self):
        return f"onnxruntime fp32 batch {self.batch}"

    def settings(self):
        """The same session with other batch sizes."""
        return [self._with(batch) for batch in (2, 4, 8, 16)]

    def _with(self, batch):
        other = copy.copy(self)
        other.batch = batch
        return other

    def __call__(self, texts):
        ids = [found.ids for found in self.tokenizer.encode_batch_fast(list(texts))]
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
        answers = [None] * len(ids)
        for start in range(0, len(order), self.batch):
            group = order[start : start + self.batch]
            wide = max(len(ids[i]) for i in group)
            padded = np.zeros((len(group), wide), np.int64)
            mask = np.zeros_like(padded)
            for row, i in enumerate(group):
                padded[row, : len(ids[i])] = ids[i]
                mask[row, : len(ids[i])] = 1
            vectors = self.session.run(None, {"input_ids": padded, "attention_mask": mask})[0]
            for row, i in enumerate(group):
                answers[i] = vectors[row]
        return np.stack(answers)


class FastEmbed:
    """fastembed over the same weights: its own tokenising, batching and mean pooling."""

    def __init__(self, folder, work, dimensions, *, batch=32):
        from fastembed import TextEmbedding
        from fastembed.common.model_description import ModelSource, PoolingType

        self.batch = batch
        home = Path(work) / "fastembed"
        home.mkdir(parents=True, exist_ok=True)
        export(folder, work, hidden=True).replace(home / "model.onnx")
        for file in ("config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
            (home / file).write_bytes((Path(folder) / file).read_bytes())
        TextEmbedding.add_custom_model(
            model="bench/own", pooling=PoolingType.MEAN, normalization=True, dim=dimensions,
            sources=ModelSource(hf="bench/own"), model_file="model.onnx",
        )  # fmt: skip
        self.model = TextEmbedding("bench/own", specific_model_path=str(home), local_files_only=True)
        self.model.model.tokenizer.enable_truncation(window(folder))

    @property
    def name(self):
        return f"fastembed batch {self.batch}"

    def settings(self):
        """The same model with other batch sizes, its default of 256 among them."""
        return [self._with(batch) for batch in (1, 8, 32, 256)]

    def _with(self, batch):
        other = copy.copy(self)
        other.batch = batch
        return other

    def __call__(self, texts):
        return np.stack(list(self.model.embed(list(texts), batch_size=self.batch))).astype(np.float32)


def window(folder):
    from embedingest.engine.folder.folder import ModelFolder

    return ModelFolder.open(folder).max_tokens


def export(folder, work, *, hidden=False):
    """The model as an ONNX file by torch's tracing exporter; `hidden` leaves pooling out."""
    import warnings

    import torch

    from embedingest.engine.folder.folder import ModelFolder
    from embedingest.engine.torch.encoder import load_chain

    chain = load_chain(ModelFolder.open(folder), attention="eager")

    class Forward(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.steps = torch.nn.ModuleList(list(chain)[:1] if hidden else list(chain))

        def forward(self, input_ids, attention_mask):
            features = {"input_ids": input_ids, "attention_mask": attention_mask}
            for step in self.steps:
                features = step(features)
            return features["token_embeddings" if hidden else "sentence_embedding"]

    ids = torch.arange(22).reshape(2, 11) + 1000
    mask = torch.ones_like(ids)
    mask[1, 6:] = 0
    path = Path(work) / ("hidden.onnx" if hidden else "whole.onnx")
    axes = {"input_ids": {0: "n", 1: "t"}, "attention_mask": {0: "n", 1: "t"}}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Forward().eval(), (ids, mask), str(path), input_names=list(axes), output_names=["out"],
            dynamic_axes={**axes, "out": {0: "n"}}, opset_version=17, dynamo=False,
        )  # fmt: skip
    return path


ROWS, INNER, COLUMNS = CEILING_SHAPE


def ceilings(precision):
    """Operations per second of one product of `CEILING_SHAPE` on all cores, by each way that has this precision.

    Of each the best and the median repetition within a second. A way that cannot is left out.
    """
    ways = {
        "openvino, all cores on one product": lambda: openvino_product(precision, streams=1),
        "openvino, a product on each core": lambda: openvino_product(precision, streams=hardware.cores()),
        "torch linear": lambda: torch_linear(precision),
        "torch linear, weights packed": lambda: torch_packed(precision),
    }
    found = {}
    for name, way in ways.items():
        try:
            found[name] = way()
        except Exception as error:
            print(f"  {name} left out: {type(error).__name__}: {str(error).splitlines()[0]}")
    return found


def rates(action, products=1, seconds=1.0):
    """Operations per second of the best and of the median repetition of an action that does so many products."""
    action()
    spent, until = [], time.perf_counter() + seconds
    while time.perf_counter() < until:
        began = time.perf_counter()
        action()
        spent.append(time.perf_counter() - began)
    work = products * 2.0 * ROWS * INNER * COLUMNS
    return work / min(spent), work / statistics.median(spent)


def random_matrices():
    chance = np.random.default_rng(0)
    return [chance.standard_normal(shape, dtype=np.float32) for shape in ((ROWS, INNER), (COLUMNS, INNER))]


def openvino_product(precision, *, streams):
    """Inputs and outputs in the precision itself, so that nothing but the product is timed."""
    import openvino as ov
    from openvino import opset13 as ops

    weights = ops.convert(ops.constant(random_matrices()[1]), precision)
    left = ops.parameter([ROWS, INNER], getattr(ov.Type, precision))
    model = ov.Model([ops.matmul(left, weights, transpose_a=False, transpose_b=True)], [left], "ceiling")
    hints = {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "THROUGHPUT", "NUM_STREAMS": streams}
    compiled = ov.Core().compile_model(model, "CPU", hints)
    requests = [compiled.create_infer_request() for _ in range(streams)]

    def all_streams():
        for request in requests:
            request.start_async()
        for request in requests:
            request.wait()

    return rates(all_streams, products=streams)


def torch_linear(precision):
    import torch

    left, right = torch_matrices(precision)
    with torch.inference_mode():
        return rates(lambda: torch.nn.functional.linear(left, right))


def torch_packed(precision):
    """oneDNN with the weights laid out for it beforehand, as torch's own inductor calls it."""
    import torch

    left, right = torch_matrices(precision)
    with torch.inference_mode():
        packed = torch.ops.mkldnn._reorder_linear_weight(right, ROWS)  # noqa: SLF001 -- there is no public name for it
        product = torch.ops.mkldnn._linear_pointwise  # noqa: SLF001
        return rates(lambda: product(left, packed, None, "none", [], ""))


def torch_matrices(precision):
    import torch

    kind = {"bf16": torch.bfloat16, "f32": torch.float32, "f16": torch.float16}[precision]
    return [torch.from_numpy(matrix).to(kind) for matrix in random_matrices()]
