"""Measuring: what is counted, and how it is told."""

from __future__ import annotations

from embedingest.config import ModelConfig
from embedingest.engine.bench import measure, pieces
from embedingest.engine.compiled.encoder import create
from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.hashing import HashingEncoder
from tests.depth import only_deep
from tests.engine.tiny import TEXTS


def test_pieces_are_of_mixed_length_and_the_same_every_time():
    encoder = HashingEncoder()
    source = [" ".join(f"word{i}" for i in range(5000))]
    texts = pieces(encoder, source, 50)
    lengths = [len(text.split()) for text in texts]
    assert len(texts) == 50
    assert min(lengths) < 100 < 300 < max(lengths)
    assert texts == pieces(encoder, source, 50)


def test_nothing_to_cut_gives_nothing():
    assert pieces(HashingEncoder(), ["", "  "], 5) == []


def test_a_report_counts_tokens_texts_and_latencies():
    texts = [f"{text} {i}" for i, text in enumerate(TEXTS * 4)]
    report = measure("hashing", HashingEncoder(), texts, repeats=2, queries=20)
    assert (report.texts, report.repeats, len(report.runs)) == (40, 2, 2)
    assert report.tokens == sum(map(len, HashingEncoder().tokenize(texts)))
    assert report.tokens_per_second > 0
    assert 0 < report.query.p50_ms <= report.query.p95_ms <= report.query.p99_ms
    assert report.ceiling_share is None
    assert report.as_dict()["query"]["texts"] == 20


@only_deep
def test_a_compiled_model_is_told_as_a_share_of_the_ceiling(tiny_folder, own_cache):
    folder = ModelFolder.open(tiny_folder("bert-mean"))
    report = measure(
        "tiny", create(folder, ModelConfig(precision="fp32")), TEXTS * 3, folder=folder, repeats=1, queries=5
    )
    assert 0 < report.ceiling_share < 1
