"""The engine's torch path on a GPU: vectors against fp32, tokens a second, and the share of what the card can do.

    benchmarks/gpu.sh                                    installs what this needs, then runs it: see its head
    python benchmarks/gpu.py --device cpu --tiny         all of it on a CPU over tiny models, to try the program itself

Two shapes with random weights, texts of 50 and of 512 tokens. Three contestants take turns: the engine with texts that
are tokenised already, the engine through its front door, and sentence-transformers in bf16 at the best batch size.
Peak is what the makers say of the card by its name, without sparsity, and beside it what a large product reaches here.
"""

import argparse
import importlib.util
import random
import shutil
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from embedingest.build.models import open_engine
from embedingest.config import EngineConfig, ModelConfig
from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.gate import PROBE_TEXTS, compare
from embedingest.engine.roofline import operations
from embedingest.engine.scheduling.scheduler import Scheduler
from embedingest.engine.torch.encoder import create

import record as records
import shapes
import texts as corpora
from record import Check

SHAPES = ("bge-base", "qwen3-0.6b")
LENGTHS = (50, 512)
TARGETS = {50: 0.31, 512: 0.40}  # share of an H100's peak
PEAKS = {
    "B200": 2250, "GH200": 989, "H200": 989, "H100 NVL": 835, "H100 PCIe": 756, "H100": 989, "A100": 312, "L40S": 362,
    "L40": 181, "L4": 121, "A10G": 70, "A10": 125, "RTX 4090": 165, "RTX 3090": 71,
}  # fmt: skip
"""TFLOP/s in bf16 with sums in fp32, dense, by a part of the card's name; the first that fits counts."""

RESIDENT, DOOR, THEIRS = "embedingest, tokenised already", "embedingest", "sentence-transformers bf16"
CALLERS = 4  # threads that hand texts to the engine's front door, as many callers do
CALL_TEXTS = 1024
THEIR_BATCHES = (32, 128, 512)
PILOT = 8  # the share of the texts over which their batch sizes are tried: one in so many
TINY = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 128}
PEERS = {"vllm": "vllm", "text-embeddings-inference": "text-embeddings-router"}


def peak_of(card):
    """TFLOP/s in bf16 of a card by its name; `None` where this table has none."""
    return next((peak for part, peak in PEAKS.items() if part in card), None)


class Run:
    """What the rows share: the device, its peak, and the texts."""

    def __init__(self, asked, work):
        import torch

        self.asked, self.work = asked, Path(work)
        self.on_card = asked.device != "cpu"
        self.card = torch.cuda.get_device_name(asked.device) if self.on_card else "no card"
        self.listed = peak_of(self.card)
        self.reached = None
        self.record = records.Record("gpu" if self.on_card else "gpu program, tried on a CPU", asked.results)
        self.about = {"card": self.card, "cuda": torch.version.cuda, "listed_tflops": self.listed,
                      "shapes": "tiny" if asked.tiny else "whole"}  # fmt: skip
        self.left_out = {name: "here, but this program does not measure it" if found else "not here"
                         for name, found in peers_here().items()}  # fmt: skip
        self._loaded = None

    def model(self, shape):
        """The contestants over a shape; those of the shape before are given back."""
        if self._loaded is None or self._loaded.shape != shape:
            if self._loaded is not None:
                self._loaded.close()
            self._loaded = Model(self, shape)
        return self._loaded

    def close(self):
        if self._loaded is not None:
            self._loaded.close()

    def keep(self, row, figures, checks=()):
        self.record.told(row, {**self.about, **figures, **card_memory(self.on_card)}, checks)


class Model:
    """One shape: the engine by its two doors, and sentence-transformers beside it."""

    def __init__(self, run, shape):
        self.shape, self.device = shape, run.asked.device
        smaller = TINY | ({"num_key_value_heads": 1, "head_dim": 32} if shape == "qwen3-0.6b" else {})
        self.folder = ModelFolder.open(shapes.make(shape, run.work / shape, **(smaller if run.asked.tiny else {})))
        settings = ModelConfig(path=self.folder.path, encoder="sentence-transformers", device=self.device)
        began = time.perf_counter()
        self.encoder = create(self.folder, settings)
        self.load_seconds = time.perf_counter() - began
        self.scheduler = Scheduler(self.encoder, cached_texts=0)
        self.engine = open_engine(EngineConfig(keep_alive=-1), {"bench": settings})
        self.theirs = None
        print(f"  {shape}: {self.encoder.runtime}, loaded and gated in {self.load_seconds:.0f} s", flush=True)

    def resident(self, tokens):
        """Vectors of texts that are tokenised already."""
        return self.scheduler.submit(tokens, priority="bulk").result()

    def door(self, texts):
        """Vectors by the front door, of calls that several callers make at once."""
        calls = [texts[start : start + CALL_TEXTS] for start in range(0, len(texts), CALL_TEXTS)]
        with ThreadPoolExecutor(CALLERS) as pool:
            answers = pool.map(lambda call: self.engine.embed(call, model="bench", priority="bulk").vectors, calls)
            return np.concatenate(list(answers))

    def sentence_transformers(self, texts, batch):
        if self.theirs is None:
            self.theirs = reference(self.folder, self.device, "bfloat16")
        return encoded(self.theirs, texts, batch)

    def close(self):
        import torch

        self.scheduler.close()
        self.engine.close()
        self.encoder.close()
        self.theirs = None
        if self.device != "cpu":
            torch.cuda.empty_cache()


# Rows


def peak(run):
    """The rate of a large bf16 product here: the best and the median."""
    size = run.asked.product
    rates = product_rates(run.asked.device, size, seconds=3.0 if run.on_card else 0.2)
    run.reached = max(rates)
    figures = {"product": [size] * 3, "best_tflops": max(rates), "median_tflops": statistics.median(rates)}
    listed = "" if run.listed is None else f" of {run.listed} that its makers say"
    print(
        f"  {run.card}: {max(rates):,.2f} TFLOP/s at best, {statistics.median(rates):,.2f} usually{listed}", flush=True
    )
    run.keep("peak", figures)


def vectors(run, shape):
    """The engine's vectors against sentence-transformers in fp32 on the same device, over texts of mixed length."""
    model = run.model(shape)
    window = min(512, model.folder.max_tokens)
    texts = corpora.chunks(None, PROBE_TEXTS, model.folder.tokenizer_path, window)
    exact = reference(model.folder, run.asked.device, "float32")
    truth = encoded(exact, texts, 16)
    del exact
    ours = model.door(texts)
    figures = compare(truth, ours)
    # Random weights make all texts alike to some degree: how much says how much a cosine can tell here.
    alike = float((truth[:-1] * truth[1:]).sum(axis=1).mean())
    checks = [
        Check("mean cosine to fp32", figures.mean, 0.9999, unit=""),
        Check("least cosine to fp32", figures.least, 0.9995, unit=""),
    ]
    found = {"runtime": model.encoder.runtime, "load_seconds": model.load_seconds, "gate": figures.as_dict(),
             "mean_cosine_of_different_texts": alike}  # fmt: skip
    run.keep(f"{shape}: vectors", found, checks)


def rates(run, shape, length):
    """Tokens a second of each contestant over texts of one length, taking turns; medians."""
    model = run.model(shape)
    count = max(THEIR_BATCHES[-1] if run.on_card else 16, run.asked.tokens // length)
    texts = of_length(model.folder.tokenizer_path, count, length - model.encoder.special_tokens)
    tokens = model.encoder.tokenize(texts)
    lengths = [len(ids) + model.encoder.special_tokens for ids in tokens]
    if set(lengths) != {length}:
        raise RuntimeError(f"texts of {length} tokens were asked for, and some have {min(lengths)} to {max(lengths)}")
    batch, pilots = best_batch(model, texts[: max(16, count // PILOT)])
    contestants = {
        RESIDENT: lambda: model.resident(tokens),
        DOOR: lambda: model.door(texts),
        THEIRS: lambda: model.sentence_transformers(texts, batch),
    }
    model.resident(tokens[: max(16, count // PILOT)])
    model.door(texts[: max(16, count // PILOT)])
    spent = {name: [] for name in contestants}
    for number in range(run.asked.rounds):
        for name, embed in contestants.items():
            spent[name].append(seconds(embed))
            print(f"  round {number + 1} of {run.asked.rounds}  {sum(lengths) / spent[name][-1]:12,.0f} tokens/s  {name}",
                  flush=True)  # fmt: skip
    work = operations(model.folder, lengths)
    figures, checks = judged(run, length, spent, sum(lengths), work)
    stats = model.scheduler.stats()
    about = {"runtime": model.encoder.runtime, "texts": count, "tokens_a_text": length, "seconds": spent,
             "flop_a_token": work / sum(lengths), "their_batch": batch, "their_pilots": pilots, "left_out": run.left_out,
             "tokens_a_batch": stats.padded_tokens / max(1, stats.batches)}  # fmt: skip
    run.keep(f"{shape}: {length} tokens", {**about, **figures}, checks)


def judged(run, length, spent, tokens, work):
    """Rates, shares of the peak and ratios of contestants that took so many seconds over the same texts."""
    medians = {name: statistics.median(found) for name, found in spent.items()}
    flops = {name: work / took / 1e12 for name, took in medians.items()}
    shares = {"of_reached": share_of(flops, run.reached), "of_listed": share_of(flops, run.listed)}
    figures = {"tokens_per_second": {name: tokens / took for name, took in medians.items()}, "tflops": flops,
               "share": shares, "ratios": {name: medians[THEIRS] / took for name, took in medians.items()}}  # fmt: skip
    for name, took in medians.items():
        of = "".join(f", {found[name]:.1%} {what.replace('_', ' ')}" for what, found in shares.items() if found)
        print(f"  {tokens / took:12,.0f} tokens/s{of}  {name}", flush=True)
    checks = []
    if shares["of_listed"] and ("H100" in run.card or "H200" in run.card):
        checks.append(Check(f"share of the card's bf16 peak at {length} tokens", shares["of_listed"][RESIDENT],
                            TARGETS[length], unit="of 1"))  # fmt: skip
    return figures, checks


# What they use


def reference(folder, device, dtype):
    """A folder run by sentence-transformers in this type of torch's."""
    import torch
    from sentence_transformers import SentenceTransformer

    kind = {"dtype": getattr(torch, dtype)}
    return SentenceTransformer(str(folder.path), device=device, local_files_only=True, model_kwargs=kind)


def encoded(model, texts, batch):
    found = model.encode(texts, batch_size=batch, show_progress_bar=False, convert_to_tensor=True)
    return found.float().cpu().numpy()


def best_batch(model, texts):
    """The batch size at which sentence-transformers is fastest over a few texts, and the seconds of each."""
    model.sentence_transformers(texts, THEIR_BATCHES[0])
    taken = {size: seconds(lambda size=size: model.sentence_transformers(texts, size)) for size in THEIR_BATCHES}
    return min(taken, key=taken.get), taken


def of_length(tokenizer_json, count, length):
    """`count` texts of words of one token each, so many tokens in all, special ones not counted; the same each time."""
    tokenizer = corpora.whole(tokenizer_json)
    words = sorted({word for text in corpora.documents(None) for word in text.split() if word.isalpha()})
    single = [word for word in words if len(tokenizer.encode(word, add_special_tokens=False).ids) == 1]
    chance = random.Random(6)
    return [" ".join(chance.choices(single, k=length)) for _ in range(count)]


def product_rates(device, size, *, seconds):
    """TFLOP/s of a square bf16 product, each over some repetitions, so that starting one costs nothing."""
    import torch

    left, right = (torch.randn(size, size, device=device).to(torch.bfloat16) for _ in range(2))
    wait = torch.cuda.synchronize if device != "cpu" else lambda: None
    repetitions, found, until = 10, [], None
    with torch.inference_mode():
        while until is None or time.perf_counter() < until:
            began = time.perf_counter()
            for _ in range(repetitions):
                left @ right
            wait()
            if until is None:  # the first ones warm up
                until = time.perf_counter() + seconds
            else:
                found.append(2.0 * size**3 * repetitions / (time.perf_counter() - began) / 1e12)
    return found


def share_of(flops, whole):
    return {name: found / whole for name, found in flops.items()} if whole else None


def seconds(action):
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def card_memory(on_card):
    import torch

    return {"card_mib": torch.cuda.max_memory_allocated() / 2**20} if on_card else {}


def peers_here():
    """Which of the servers that people run on cards are on this machine."""
    return {name: importlib.util.find_spec(found) is not None or shutil.which(found) is not None
            for name, found in PEERS.items()}  # fmt: skip


def rows(run):
    """Rows by name, in order. The peak comes first: shares are of it."""
    found = {"peak": partial(peak, run)}
    for shape in run.asked.shapes:
        found[f"{shape}: vectors"] = partial(vectors, run, shape)
        for length in run.asked.lengths:
            found[f"{shape}: {length} tokens"] = partial(rates, run, shape, length)
    return found


def main(words=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", help="`cuda`, `cuda:1`; `cpu` only tries this program")
    parser.add_argument("--tiny", action="store_true", help="two thin layers, few texts")
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=SHAPES)
    parser.add_argument("--lengths", nargs="+", type=int, choices=LENGTHS, default=LENGTHS, help="tokens of each text")
    parser.add_argument("--tokens", type=int, default=None, help="of one round; default: 2 million, tiny 3 000")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--product", type=int, default=None, help="rows of the large product; default: 8192, tiny 256")
    parser.add_argument("--work", type=Path, default=None, help="where the models are kept between runs")
    parser.add_argument("--results", type=Path, default=None, help="folder of the result files; of a CPU none is kept")
    asked = parser.parse_args(words)
    asked.tokens = asked.tokens or (3_000 if asked.tiny else 2_000_000)
    asked.product = asked.product or (256 if asked.tiny else 8192)
    with tempfile.TemporaryDirectory() as aside:
        asked.results = asked.results or (Path(aside) / "results" if asked.device == "cpu" else records.RESULTS)
        run = Run(asked, asked.work or aside)
        try:
            return records.run(run.record, rows(run))
        finally:
            run.close()


if __name__ == "__main__":
    sys.exit(main())
