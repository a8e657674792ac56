"""A cross-encoder of real weights for the benchmarks, since no package has one: all-MiniLM-L6-v2 taught what answers what.

    apt-get download perl-doc python3.11-doc manpages-dev git-man; for one in *.deb; do dpkg-deb -x $one unpacked; done
    python benchmarks/rerank_model.py unpacked build/MiniLM-L6-learned
    python benchmarks/rerank.py build/MiniLM-L6-learned

Of a section of a document it learns to tell what asks for it (its heading, what its page says of itself, or a sentence
of its own that was taken out) from sections that the packaged model takes for near: one that is asked for beside three
that are not. FAQs are left out, so that faq.py is a collection that it never saw, as SciFact is. A tenth of the documents
is kept for the end: how often the right one of four is first there, beside what the packaged model's vectors make of it.
It learns for some 25 minutes of a processor, and is no match for a model that was taught by millions of questions.
"""

import argparse
import json
import os
import random
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import faq
import manuals
import numpy as np

import common

os.environ.setdefault("HF_HUB_OFFLINE", "1")

SEED = 1
WRONG = 3
"""Sections that are not asked for, beside each that is."""
NEAR = (3, 30)
"""Which of the nearest sections are wrong ones, by rank: nearer ones may well answer too."""
SHORTEST, LONGEST = 120, 600
"""Characters of a section; of a longer one the beginning is taken."""
LEAST_WORDS = 3
HELD_OUT = 10
"""One document of so many is kept for the end."""


@dataclass(frozen=True)
class Section:
    """What is asked for, the document that it is from, and what may ask for it."""

    document: str
    text: str
    asks: tuple[str, ...]


def described(unpacked):
    """Manual pages: what one says of itself asks for its description; its name and headings for its other sections."""
    for folder, page, text in manuals.pages(unpacked):
        found = manuals.sections(text)
        name = page.rpartition(".")[0]
        said = " ".join(found.get("NAME", "").split()).partition(" - ")[2]
        for heading, body in found.items():
            if heading == "DESCRIPTION":
                yield f"{folder}/{page}", body, [said]
            elif heading not in ("NAME", "SYNOPSIS", "SEE ALSO", "LIBRARY", "COLOPHON", "GIT"):
                yield f"{folder}/{page}", body, [f"{name} {heading.lower()}: {said}"]


def of_perl(unpacked):
    """Perl's manual but for its FAQ: a heading asks for what stands below."""
    for path in sorted(unpacked.glob("usr/share/perl/*/pod/*.pod")):
        if not path.name.startswith("perlfaq"):
            parts = re.split(r"^=head\d +", path.read_text("utf-8", "replace"), flags=re.MULTILINE)[1:]
            for heading, _, body in (part.partition("\n") for part in parts):
                yield path.name, faq.plain(body), [faq.plain(heading)]


def of_python(unpacked):
    """Python's manual but for its FAQ: the same."""
    for path in sorted({one.resolve() for one in unpacked.glob("usr/share/doc/python3*/html/_sources/**/*.rst.txt")}):
        if path.parent.name != "faq":
            parts = re.split(r"^(\S.*)\n([-=~^*+])\2{3,}\n", path.read_text("utf-8"), flags=re.MULTILINE)
            for heading, body in zip(parts[1::3], parts[3::3], strict=True):
                yield f"{path.parent.name}/{path.name}", marked_off(body), [marked_off(heading)]


def marked_off(text):
    """The words of reStructuredText without its roles and directives."""
    text = re.sub(r"^( *)\.\. (?:[\w:-]+::|_[^\n]*|[^\n]*) *", r"\1", text, flags=re.MULTILINE)
    return re.sub(r":[\w:]+:`~?([^`<]*)(?:<[^`]*)?`|[`*]+", lambda found: found[1] or "", text)


def sections(unpacked):
    """All sections that are long enough to answer something, each once, always the same."""
    found, chance = {}, random.Random(SEED)
    for source in (described, of_perl, of_python):
        for document, body, asks in source(unpacked):
            text = " ".join(body.split())[:LONGEST]
            if len(text) >= SHORTEST:
                long = [" ".join(one.split()) for one in asks if len(one.split()) >= LEAST_WORDS]
                found.setdefault(text, without_sentence(document, text, long, chance))
    return [section for section in found.values() if section.asks]


def without_sentence(document, text, asks, chance):
    """The section, and one sentence of it that asks for the others, which stand without it."""
    sentences = re.split(r"(?<=[.!?]) +(?=[A-Z])", text)
    of_use = [place for place, one in enumerate(sentences[:6]) if 5 <= len(one.split()) <= 30]
    rest = text
    if of_use and len(sentences) > 2:
        taken = sentences.pop(chance.choice(of_use))
        if len(rest := " ".join(sentences)) >= SHORTEST:
            asks = [*asks, taken]
        else:
            rest = text
    return Section(document, rest, tuple(asks))


def vectors(texts):
    """Those of the packaged model, unit length."""
    from embedingest.build.models import open_engine
    from embedingest.config import EngineConfig, ModelConfig

    with open_engine(EngineConfig(), {"packaged": ModelConfig(path=common.packaged(), device="cpu")}) as engine:
        return engine.embed(texts, model="packaged", priority="bulk").vectors


def groups(found, given, chance):
    """(question, [the section asked for, WRONG others]) of each question, the others near it but of other words."""
    questions = [(place, asked) for place, section in enumerate(found) for asked in section.asks]
    nearest = np.argsort(-(vectors([asked for _, asked in questions]) @ given.T), axis=1)[:, : NEAR[1]]
    for (place, asked), near in zip(questions, nearest, strict=True):
        others = [other for other in near[NEAR[0] :].tolist() if other != place]
        yield asked, [place, *chance.sample(others, WRONG)]


def train(model, tokenizer, found, learned, asked):
    """Go through the groups by steps of so many; the loss is that of telling which section is asked for."""
    import torch

    model.bert.embeddings.requires_grad_(False)
    moved = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(moved, lr=asked.rate, weight_decay=0.01)
    warm = max(1, asked.steps // 10)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm, max(0.0, (asked.steps - step) / (asked.steps - warm)))
    )
    chance, order = random.Random(SEED), []
    model.train()
    began, last = time.perf_counter(), []
    for step in range(asked.steps):
        if len(order) < asked.groups:
            order = list(range(len(learned)))
            chance.shuffle(order)
        chosen = [learned[order.pop()] for _ in range(asked.groups)]
        numbers = forward(model, tokenizer, found, chosen, asked.tokens)
        right = torch.zeros(len(chosen), dtype=torch.long)
        truth = torch.zeros_like(numbers)
        truth[:, 0] = 1.0
        loss = torch.nn.functional.cross_entropy(numbers, right)
        loss = loss + torch.nn.functional.binary_cross_entropy_with_logits(numbers, truth)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(moved, 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
        last.append(loss.item())
        if (step + 1) % 20 == 0:
            spent = time.perf_counter() - began
            print(f"  step {step + 1} of {asked.steps}: loss {np.mean(last[-20:]):.3f}, {spent:.0f} s", flush=True)
    model.eval()


def forward(model, tokenizer, found, chosen, tokens):
    """The model's number for each section of each group, float32 (groups, 1 + WRONG)."""
    questions = [question for question, places in chosen for _ in places]
    texts = [found[place].text for _, places in chosen for place in places]
    given = tokenizer(
        questions, texts, truncation="longest_first", max_length=tokens, padding=True, return_tensors="pt"
    )
    return model(**given).logits.view(len(chosen), -1)


def first_of_four(model, tokenizer, found, kept, tokens):
    """How often the section that is asked for is first."""
    import torch

    right = 0
    with torch.inference_mode():
        for start in range(0, len(kept), 16):
            numbers = forward(model, tokenizer, found, kept[start : start + 16], tokens)
            right += int((numbers.argmax(dim=1) == 0).sum())
    return right / len(kept)


def first_by_vectors(kept, given):
    """The same by the vectors of the packaged model."""
    questions = vectors([question for question, _ in kept])
    scores = np.einsum("qd,qcd->qc", questions, given[np.array([places for _, places in kept])])
    return float((scores.argmax(axis=1) == 0).mean())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("unpacked", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--groups", type=int, default=6, help="questions of a step")
    parser.add_argument("--tokens", type=int, default=80, help="of a pair; the rest is cut")
    parser.add_argument("--sections", type=int, default=4000)
    parser.add_argument("--rate", type=float, default=1e-4)
    asked = parser.parse_args()
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    torch.manual_seed(SEED)
    found = sections(asked.unpacked)
    if not found:
        sys.exit(f"no manual in {asked.unpacked}: unpack the packages named above there")
    found = random.Random(SEED).sample(found, min(asked.sections, len(found)))
    given = vectors([section.text for section in found])
    documents = sorted({section.document for section in found})
    apart = set(random.Random(SEED).sample(documents, len(documents) // HELD_OUT))
    every = list(groups(found, given, random.Random(SEED)))
    learned = [group for group in every if found[group[1][0]].document not in apart]
    kept = [group for group in every if found[group[1][0]].document in apart]
    print(
        f"{len(found)} sections of {len(documents)} documents, {len(learned)} questions to learn and {len(kept)} kept"
    )
    tokenizer = AutoTokenizer.from_pretrained(common.packaged())
    tokenizer.model_max_length = 512
    model = AutoModelForSequenceClassification.from_pretrained(common.packaged(), num_labels=1, dtype=torch.float32)
    before = first_by_vectors(kept, given)
    train(model, tokenizer, found, learned, asked)
    after = first_of_four(model, tokenizer, found, kept, asked.tokens)
    model.save_pretrained(asked.folder)
    tokenizer.save_pretrained(asked.folder)
    said = {"steps": asked.steps, "groups": asked.groups, "tokens": asked.tokens, "questions_kept": len(kept),
            "first_of_four": round(after, 4), "first_of_four_by_vectors": round(before, 4)}  # fmt: skip
    print(json.dumps(said))
    (asked.folder / "learned.json").write_text(json.dumps(said, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
