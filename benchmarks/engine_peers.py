"""Other programs that embed the same texts with the same weights, each at its best: what the engine is held against.

They are no dependencies of embedingest: `pip install onnx onnxruntime fastembed xllamacpp gguf`.
"""

import contextlib
import os
from pathlib import Path

import numpy as np

os.environ["HF_HUB_OFFLINE"] = "1"


class SentenceTransformers:
    """`SentenceTransformer.encode`, as it comes or with a batch size and autocast."""

    def __init__(self, folder, *, batch_size=None, autocast=False):
        from sentence_transformers import SentenceTransformer

        self.model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        self.options = {} if batch_size is None else {"batch_size": batch_size}
        self.autocast = autocast
        self.name = "sentence-transformers" + (f" batch {batch_size}" if batch_size else "")
        self.name += " autocast bf16" if autocast else ""

    def __call__(self, texts):
        import torch

        cast = torch.autocast("cpu", dtype=torch.bfloat16) if self.autocast else contextlib.nullcontext()
        with cast:
            return np.asarray(self.model.encode(texts, show_progress_bar=False, **self.options), dtype=np.float32)


class OnnxRuntime:
    """ONNX Runtime in fp32 on an export that is held against torch, in sorted batches without truncation tricks."""

    def __init__(self, folder, work, *, batch=8):
        import onnxruntime
        from tokenizers import Tokenizer

        self.name = f"onnxruntime fp32 batch {batch}"
        self.batch = batch
        self.session = onnxruntime.InferenceSession(str(export(folder, work)), providers=["CPUExecutionProvider"])
        self.tokenizer = Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(window(folder))

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

    def __init__(self, folder, work, dimensions):
        from fastembed import TextEmbedding
        from fastembed.common.model_description import ModelSource, PoolingType

        self.name = "fastembed"
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

    def __call__(self, texts):
        return np.stack(list(self.model.embed(list(texts), batch_size=32))).astype(np.float32)


def window(folder):
    from embedingest.engine.folder import ModelFolder

    return ModelFolder.open(folder).max_tokens


def export(folder, work, *, hidden=False):
    """The model as an ONNX file by torch's tracing exporter; `hidden` leaves pooling out."""
    import warnings

    import torch

    from embedingest.engine.folder import ModelFolder
    from embedingest.engine.sentence_transformers import load_chain

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


def torch_ceiling(precision, seconds=1.0):
    """Operations per second of torch's own matrix product, 4096 × 384 × 1536, all cores: the best repetition."""
    import time

    import torch

    kind = {"bf16": torch.bfloat16, "f32": torch.float32, "f16": torch.float16}[precision]
    left, right = torch.ones(4096, 384, dtype=kind), torch.ones(1536, 384, dtype=kind)
    best, until = float("inf"), time.perf_counter() + seconds
    with torch.inference_mode():
        while time.perf_counter() < until:
            began = time.perf_counter()
            torch.nn.functional.linear(left, right)
            best = min(best, time.perf_counter() - began)
    return 2.0 * 4096 * 384 * 1536 / best
