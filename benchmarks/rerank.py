"""Reranking: pairs a second against sentence-transformers in the same run, and how long a list of 20 candidates takes.

    python benchmarks/rerank.py [FOLDER] [--pairs N] [--repeats N]

FOLDER is a cross-encoder's, such as rerank_model.py makes; without one, the packaged all-minilm with a head of seeded
random numbers: of the shape of cross-encoder/ms-marco-MiniLM-L6-v2, and without any sense. Which precision passes the gate
depends on the weights, and what each was told there is kept. Both sides score the same pairs by turns.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np

from embedingest.build.models import open_engine
from embedingest.config import EngineConfig, ModelConfig
from embedingest.engine.compiled.opening import compiled_note
from embedingest.engine.folder.folder import ModelFolder

import common
import record as records
import texts as corpora
from record import Check

os.environ.setdefault("HF_HUB_OFFLINE", "1")

NAME = "reranker"
CANDIDATES = 20
CANDIDATE_TOKENS = 200


def seeded(folder):
    """The packaged model as a cross-encoder: its weights, and a pooler and a head of seeded random numbers."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    torch.manual_seed(1)
    model = AutoModelForSequenceClassification.from_pretrained(common.packaged(), num_labels=1, dtype=torch.float32)
    torch.nn.init.normal_(model.bert.pooler.dense.weight, std=0.05)
    torch.nn.init.normal_(model.classifier.weight, std=1.0)
    model.eval().save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(common.packaged())
    tokenizer.model_max_length = 512
    tokenizer.save_pretrained(folder)
    return folder


def pairs(run, engine, peer, query, documents, repeats, settings):
    """All pairs in one call of each side, by turns."""
    rates = {"sentence-transformers": [], "embedingest": []}
    spent = {"sentence-transformers": 0.0, "embedingest": 0.0}
    ours, theirs = None, None
    for number in range(repeats + 1):  # the first one warms up
        began, before = time.perf_counter(), time.process_time()
        theirs = peer.predict([(query, document) for document in documents], batch_size=32)
        between, at = time.perf_counter(), time.process_time()
        ours = engine.rerank(query, documents, model=NAME, priority="bulk").scores
        ended = time.perf_counter()
        if number:
            spent["sentence-transformers"] += at - before
            spent["embedingest"] += time.process_time() - at
            rates["sentence-transformers"].append(len(documents) / (between - began))
            rates["embedingest"].append(len(documents) / (ended - between))
            print(f"  round {number} of {repeats}: {rates['embedingest'][-1]:.1f} pairs/s, "
                  f"{rates['sentence-transformers'][-1]:.1f} of sentence-transformers", flush=True)  # fmt: skip
    medians = {name: statistics.median(found) for name, found in rates.items()}
    runtime = next(iter(engine.running())).runtime
    processor = {name: repeats * len(documents) / taken for name, taken in spent.items()}
    figures = {"pairs": len(documents), "pairs_per_second": rates, "medians": medians, "runtime": runtime,
               "pairs_per_processor_second": processor, "tried": tried(settings),
               "largest_difference": float(np.abs(ours - theirs).max()), "spread": float(theirs.std())}  # fmt: skip
    ratio = medians["embedingest"] / medians["sentence-transformers"]
    print(f"  of a processor second: {processor}", flush=True)
    run.told("pairs", figures, [Check("pairs a second, against CrossEncoder.predict", ratio, 2.5)])


def tried(settings):
    """What the gate said of each precision; nothing where the model runs uncompiled."""
    note = compiled_note(ModelFolder.open(settings.path), settings) or {}
    return note.get("tried", [])


def candidates(run, engine, peer, queries, documents):
    """One query after another, each over candidates of its own, as a search asks."""
    taken = {"embedingest": [], "sentence-transformers": []}
    processor, tokens = [], []
    for number, query in enumerate(queries):
        start = number * CANDIDATES % (len(documents) - CANDIDATES)
        listed = documents[start : start + CANDIDATES]
        began, before = time.perf_counter(), time.process_time()
        answer = engine.rerank(query, listed, model=NAME)
        between, at = time.perf_counter(), time.process_time()
        peer.predict([(query, document) for document in listed], batch_size=32)
        ended = time.perf_counter()
        if number >= 3:
            tokens.append(answer.tokens)
            processor.append(1e3 * (at - before))
            taken["embedingest"].append(1e3 * (between - began))
            taken["sentence-transformers"].append(1e3 * (ended - between))
    medians = {f"{name}_p50_ms": round(statistics.median(found), 1) for name, found in taken.items()}
    figures = {"queries": len(tokens), "tokens_per_list": statistics.median(tokens), **medians,
               "processor_ms": round(statistics.median(processor), 1)}  # fmt: skip
    print(f"  {figures}", flush=True)
    bar = Check(f"{CANDIDATES} candidates, p50", medians["embedingest_p50_ms"], 120.0, at_most=True, unit="ms")
    run.told("candidates", figures, [bar])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=None, help="default: packaged weights, a seeded head")
    parser.add_argument("--pairs", type=int, default=400)
    parser.add_argument("--queries", type=int, default=30)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--results", type=Path, default=records.RESULTS, help="folder of the result files")
    corpora.corpus_option(parser)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="embedingest-rerank-") as place:
        return measured(asked, asked.folder or seeded(Path(place) / NAME))


def measured(asked, path):
    from sentence_transformers import CrossEncoder

    folder = ModelFolder.open(path)
    mixed = corpora.chunks(asked.corpus, asked.pairs, folder.tokenizer_path, 256)
    long = of_length(CANDIDATE_TOKENS, corpora.chunks(asked.corpus, 1000, folder.tokenizer_path, 320), folder)
    queries = corpora.queries(mixed, asked.queries + 3, folder.tokenizer_path)
    peer = CrossEncoder(str(path), device="cpu", local_files_only=True)
    run = records.Record(f"rerank {'MiniLM-L6, seeded head' if asked.folder is None else folder.name}", asked.results)
    settings = {NAME: ModelConfig(path=path, device="cpu")}
    with open_engine(EngineConfig(keep_alive=-1), settings) as engine:
        engine.rerank(queries[0], mixed, model=NAME, priority="bulk")
        rows = {
            "pairs": partial(pairs, run, engine, peer, queries[0], mixed, asked.repeats, settings[NAME]),
            "candidates": partial(candidates, run, engine, peer, queries, long),
        }
        return records.run(run, rows)


def of_length(tokens, texts, folder):
    """Those of the texts that have about so many tokens, a fifth more or less."""
    tokenizer = corpora.whole(folder.tokenizer_path)
    return [text for text in texts if abs(len(tokenizer.encode(text).ids) - tokens) <= tokens // 5]


if __name__ == "__main__":
    sys.exit(main())
