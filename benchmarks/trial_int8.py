"""The trial of 8 bits on both sides of every product: how fast, how near, and what SciFact loses by it."""

import gzip
import json
import statistics

import numpy as np
import scifact
import trial_graphs as graphs
from trial_run import Streams, Texts, contest, told

from embedingest.engine.compiled.in_rows import laid_out

from record import Check

CALIBRATION_TEXTS = 64
INT8 = 1.6


def int8(run):
    """Weights and what flows into them in 8 bits."""
    alone = [laid_out([row], **run.layout) for row in run.mixed.rows[:CALIBRATION_TEXTS]]
    met = graphs.ranges(graphs.read(run.graph), alone)
    streams, way = run.graph_as(graphs.quantised(graphs.read(run.graph), met), run.mixed)
    found = contest(run, run.mixed, {"int8": way})
    found["layers"] = {"int8": graphs.layers(streams.compiled)}
    found["texts_of_calibration"] = CALIBRATION_TEXTS
    missing = (
        ["a class of its own, which the gate does not hold"]
        if found["ratios_of_processor_time"]["int8"] >= INT8
        else []
    )
    told(run, "int8 on both sides", found, "int8", INT8, missing)
    if run.scifact is not None:
        quality(run, found, streams)


def quality(run, found, streams):
    """nDCG@10 of SciFact by vectors alone, of the same texts in fp32, as the engine has them, and in 8 bits."""
    queries, judged = scifact.read(run.scifact)
    with gzip.open(run.scifact / "corpus.jsonl.gz", "rt", encoding="utf-8") as lines:
        wanted = {name for relevant in judged.values() for name in relevant}
        abstracts = sorted(map(json.loads, lines), key=lambda one: one["_id"] not in wanted)[: run.files]
    names = [one["_id"] for one in abstracts]
    documents = Texts(run, [f"{one['title']}\n\n{one['text']}" for one in abstracts], truth=False)
    questions = Texts(run, [queries[key] for key in judged], truth=False)
    exact = Streams(run, graphs.read(run.graph), "f32")
    score = {}
    for name, answer in (("fp32", exact.rows), ("engine", run.encoder.model.vectors), ("int8", streams.rows)):
        sides = [run.in_groups(side, side.groups, lambda g, s=side, a=answer: a(s.of(g))) for side in (questions, documents)]  # fmt: skip
        ranked = np.argsort(-(sides[0] @ sides[1].T), axis=1)[:, :10]
        score[name] = statistics.mean(
            scifact.ndcg([names[i] for i in places], relevant)
            for places, relevant in zip(ranked, judged.values(), strict=True)
        )
        print(f"  nDCG@10 {score[name]:.4f}  {name}", flush=True)
    lost = score["fp32"] - score["int8"]
    checks = [Check("int8, tokens of a processor second against the engine", found["ratios_of_processor_time"]["int8"], INT8),
              Check("nDCG@10 of SciFact lost by int8", lost, 0.005, at_most=True, unit="")]  # fmt: skip
    why = "; ".join(f"{check.what}: {check.found}, {check.wanted} wanted" for check in checks if not check.met)
    name = "int8 on both sides, SciFact" + (f" ({run.files} files)" if run.files else "")
    run.record.told(name, {"ndcg_at_10": score, "kept": False, "why": why}, checks)
