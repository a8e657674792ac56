"""A reranker with sense, made here: the packaged all-minilm as a cross-encoder that learned which text has which title.

    python benchmarks/learn_reranker.py CORPUS.jsonl.gz FOLDER [--steps 400]

The corpus is lines of `title` and `text`; no question and no judgement of anybody is read. Each step shows titles, their
own text and texts that the packaged model takes for near, and asks for the own one. It takes some minutes on two cores, and
makes a folder for `search --rerank FOLDER`, `evaluate --rerank FOLDER`, and `rerank.py FOLDER`: a head of random numbers,
as `rerank.py` makes without one, tells neither what reranking is worth nor which precision a real one bears.
"""

import argparse
import gzip
import json
import random
import sys
import time
from pathlib import Path

import common

SEED = 1
NEAR = 40
"""Wrong texts are drawn from so many that the packaged model takes for the nearest to the title."""
TOKENS = 160


def titled(path):
    """Titles and texts of the corpus, those without either left out."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        entries = [json.loads(line) for line in lines]
    texts = [" ".join(text) if isinstance(text := entry.get("text") or "", list) else text for entry in entries]
    return [(entry["title"], text) for entry, text in zip(entries, texts, strict=True) if entry.get("title") and text]


def nearest(pairs):
    """For each title the numbers of the texts that the packaged model takes for near, its own left out."""
    import numpy as np

    from embedingest.build.models import open_engine
    from embedingest.config import EngineConfig

    with open_engine(EngineConfig(), {}) as engine:
        titles, texts = ([pair[side] for pair in pairs] for side in (0, 1))
        asked = engine.embed(titles, model="all-minilm", priority="bulk").vectors
        known = engine.embed(texts, model="all-minilm", priority="bulk").vectors
    found = []
    for start in range(0, len(asked), 512):
        order = np.argsort(-(asked[start : start + 512] @ known.T), axis=1)[:, : NEAR + 1]
        found += [[int(n) for n in row if n != start + i] for i, row in enumerate(order)]
    return found


def learned(pairs, steps, titles_a_step, wrong):
    """The model after so many steps, and its tokenizer."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    torch.manual_seed(SEED)
    drawn = random.Random(SEED)
    tokenizer = AutoTokenizer.from_pretrained(common.packaged())
    model = AutoModelForSequenceClassification.from_pretrained(common.packaged(), num_labels=1, dtype=torch.float32)
    near = nearest(pairs)
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.01)
    rates = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1e-4, total_steps=steps, pct_start=0.1)
    own = torch.zeros(titles_a_step, dtype=torch.long)
    began, lost = time.perf_counter(), 0.0
    for step in range(1, steps + 1):
        shown = []
        for number in drawn.sample(range(len(pairs)), titles_a_step):
            others = drawn.sample(near[number], wrong)
            shown += [(pairs[number][0], pairs[other][1]) for other in (number, *others)]
        batch = tokenizer(shown, truncation="only_second", max_length=TOKENS, padding=True, return_tensors="pt")
        with torch.autocast("cpu", torch.bfloat16):
            scores = model(**batch).logits
        loss = torch.nn.functional.cross_entropy(scores.float().view(titles_a_step, -1), own)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        rates.step()
        optimizer.zero_grad()
        lost += loss.item()
        if step % 20 == 0:
            print(f"step {step} of {steps}: loss {lost / 20:.3f}, {time.perf_counter() - began:.0f} s", flush=True)
            lost = 0.0
    return model.eval(), tokenizer


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--titles", type=int, default=12, help="titles a step")
    parser.add_argument("--wrong", type=int, default=7, help="wrong texts a title")
    arguments = parser.parse_args()
    model, tokenizer = learned(titled(arguments.corpus), arguments.steps, arguments.titles, arguments.wrong)
    model.save_pretrained(arguments.folder)
    tokenizer.model_max_length = 512
    tokenizer.save_pretrained(arguments.folder)


if __name__ == "__main__":
    sys.exit(main())
