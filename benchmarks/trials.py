"""Ways to make the compiled engine faster that were tried, each against what the engine runs now.

    python benchmarks/trials.py                        all-MiniLM-L6-v2, every row
    python benchmarks/trials.py --rows attention int8  some rows
    python benchmarks/trials.py --scifact FOLDER       and how well 8 bits find SciFact's abstracts (see scifact.py)
    python benchmarks/trials.py --texts 48 --repeats 1     a smoke run

The same token rows go through both, by turns, on as many streams; medians of wall and of processor time. The verdict is by
the processor's: of wall time only a machine that does nothing else tells anything. `kept` says whether the engine runs so. A
way is worth building in where it is a tenth faster and its vectors pass the gate; `why` says what is missing.
"""

import argparse
import gzip
import json
import os
import queue
import random
import statistics
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import scifact
import trial_graphs as graphs

from embedingest.config import ModelConfig
from embedingest.engine.compiled import runtime
from embedingest.engine.compiled.encoder import create
from embedingest.engine.compiled.graphs import BATCH_TOKENS, Share, infer, width
from embedingest.engine.folder.encoder import rectangle
from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.gate import compare
from embedingest.engine.precision import PRECISIONS
from embedingest.engine.scheduling.batching import batches
from embedingest.engine.scheduling.scheduler import BATCH_TEXTS

import common
import engine_peers as peers
import record as records
import texts as corpora
from record import Check

FASTER, WORTH = 1.05, 1.10  # to be kept, and to be built in
SHORT_WINDOW = 48
WIDTHS = (64, 128, 256)
CALIBRATION_TEXTS = 64
INT8 = 1.6
PAGES = {
    "pages of 4 KiB": "0",
    "huge pages": "1",
}  # of `glibc.malloc.hugetlb`; 1 asks with madvise, 2 needs them reserved


class Streams:
    """A graph compiled as the engine's bulk is: so many requests, each on a core of its own."""

    def __init__(self, run, model, hint=None, **options):
        self.run = run
        settings = run.share.bulk(run.precision, run.streams) | ({"INFERENCE_PRECISION_HINT": hint} if hint else {})
        self.compiled = runtime.core().compile_model(model, "CPU", settings | options)
        self.free = queue.SimpleQueue()
        for _ in range(run.streams):
            self.free.put(self.compiled.create_infer_request())

    def take(self, work):
        """What `work` makes of a request that is free."""
        request = self.free.get()
        try:
            return work(request)
        finally:
            self.free.put(request)

    def rows(self, rows):
        return self.take(lambda request: infer(request, rows, pad=0, most=self.run.encoder.context_length))

    def raw(self, *inputs):
        """The first output for arrays as they are."""

        def work(request):
            request.infer(inputs, share_inputs=True)
            return np.array(request.get_output_tensor(0).data, dtype=np.float32)

        return self.take(work)


class Run:
    """What the rows share."""

    def __init__(self, asked):
        self.repeats, self.scifact, self.files = asked.repeats, asked.scifact, asked.files
        self.folder = ModelFolder.open(common.packaged())
        self.record = records.Record(f"trials {common.known_name(self.folder)}", asked.results)
        self.encoder = create(self.folder, ModelConfig())
        self.encoder.model.wait_for_rest()
        self.encoder.model.warm_up()
        self.share, self.streams = Share.of(None, None), self.encoder.parallel
        note = self.encoder.model.entry.note
        self.precision, self.graph = PRECISIONS[note["form"]], self.encoder.model.entry.graph
        self.pool = ThreadPoolExecutor(self.streams)
        tokenizer = self.folder.tokenizer_path
        self.reference = peers.SentenceTransformers(self.folder.path)
        self.mixed = Texts(self, corpora.chunks(None, asked.texts, tokenizer, self.folder.max_tokens))
        self.short = Texts(self, corpora.chunks(None, 3 * asked.texts, tokenizer, SHORT_WINDOW))

    def ours(self, texts):
        return self.in_groups(texts, texts.groups, lambda group: self.encoder.model.vectors(texts.of(group)))

    def in_groups(self, texts, groups, answer):
        """Vectors of all texts, (N, D): `answer` gives those of a group, in turn to whichever stream is free."""
        vectors = np.zeros((len(texts.rows), self.encoder.dimensions), np.float32)
        for group, found in zip(groups, self.pool.map(answer, groups), strict=True):
            vectors[group] = found
        return vectors

    def graph_as(self, model, texts, hint=None, **options):
        """A contestant that sends the engine's own batches through another graph."""
        streams = Streams(self, model, hint, **options)
        return streams, lambda: self.in_groups(texts, texts.groups, lambda group: streams.rows(texts.of(group)))


class Texts:
    """Texts as token rows (special tokens included), the engine's batches of them, and the vectors that are right."""

    def __init__(self, run, texts, *, truth=True):
        tokens = [ids[: run.encoder.max_tokens - run.encoder.special_tokens] for ids in run.encoder.tokenize(texts)]
        self.rows = run.encoder.with_specials(tokens)
        self.tokens = sum(map(len, self.rows))
        self.groups = batches(list(map(len, tokens)), budget=BATCH_TOKENS, most=BATCH_TEXTS)
        self.truth = run.reference(texts) if truth else None

    def of(self, group):
        return [self.rows[i] for i in group]


def contest(run, texts, ways, base=None):
    """Seconds, rates, ratios and the gate's figures of each way against `base`, the engine as it is, by turns."""
    turns = {"engine": base or partial(run.ours, texts), **ways}
    for way in turns.values():
        way()
    seconds, gates = {name: [] for name in turns}, {}
    for number in range(run.repeats):
        for name, way in turns.items():
            wall, processor = time.perf_counter(), time.process_time()
            vectors = way()
            seconds[name].append((time.perf_counter() - wall, time.process_time() - processor))
            if number == 0:
                gates[name] = compare(texts.truth, vectors).as_dict()
    wall, processor = ({name: statistics.median(one[i] for one in spent) for name, spent in seconds.items()} for i in (0, 1))  # fmt: skip
    return {
        "texts": len(texts.rows), "tokens": texts.tokens, "seconds_wall_and_processor": seconds, "gates": gates,
        "tokens_per_second": {name: texts.tokens / spent for name, spent in wall.items()},
        "ratios": {name: wall["engine"] / wall[name] for name in ways},
        "ratios_of_processor_time": {name: processor["engine"] / processor[name] for name in ways},
    }  # fmt: skip


def told(run, row, figures, name, target=FASTER, missing=()):
    """Keep a row, judged by the way of this name."""
    ratio, gate = figures["ratios_of_processor_time"][name], figures["gates"][name]
    why = list(missing)
    if not gate["passed"] and not missing:
        why.append(f"fails the gate: cosine {gate['mean']} mean, {gate['least']} least")
    if ratio < target:
        why.append(f"{ratio:.2f} × of what the engine does, and {target:g} × was wanted")
    elif ratio < WORTH:
        why.append(f"{ratio:.2f} ×: less than the tenth that another form of the graph has to be worth")
    for other, processor in figures["ratios_of_processor_time"].items():
        cosines, wall = figures["gates"][other], figures["ratios"][other]
        print(f"  {processor:5.2f} ×, of wall time {wall:5.2f} ×  cosine {cosines['mean']:.6f} mean, "
              f"{cosines['least']:.6f} least  {other}", flush=True)  # fmt: skip
    kept = {"judged": name, "kept": False, "why": "; ".join(why) or "to be built in"}
    checks = [Check(f"{name}, tokens of a processor second against the engine", ratio, target)]
    run.record.told(row, {**figures, **kept}, checks)


# Rows


def attention(run):
    """The engine's attention is one layer, which the runtime makes of what is written out: without it, by its operator."""
    ours = Streams(run, graphs.read(run.graph))
    operator, by_operator = run.graph_as(graphs.with_operator(graphs.read(run.graph)), run.mixed)
    apart, written_out = run.graph_as(graphs.read(run.graph), run.mixed, SNIPPETS_MODE="DISABLE")
    found = contest(run, run.mixed, {"operator": by_operator, "not fused": written_out})
    found["layers"] = {name: graphs.layers(one.compiled) for name, one in
                       (("engine", ours), ("operator", operator), ("not fused", apart))}  # fmt: skip
    told(run, "attention", found, "operator")


def short(run):
    """Several short texts in one row, each seeing itself alone, against batches of texts of like length.

    Beside it what the parts of it do: bf16 between layers, which comes with its graph; the engine's batches in rows of their
    own; and the engine's graph in widths of 8 tokens, not 16.
    """
    lengths, dimensions = list(map(len, run.short.rows)), run.encoder.dimensions
    streams = Streams(run, graphs.packed(graphs.read(run.graph), dimensions))
    _, half = run.graph_as(graphs.half_between_layers(graphs.read(run.graph), dimensions), run.short)
    filled, ways = (
        {"engine": padded(lengths, run.short.groups, partial(width, most=512))},
        {"bf16 between layers": half},
    )
    for wide in WIDTHS:
        rows = graphs.filled(lengths, wide)
        size = BATCH_TOKENS // wide
        filled[name := f"rows of {wide}"] = sum(lengths) / (wide * len(rows))
        ways[name] = partial(in_rows, run, streams, [rows[at : at + size] for at in range(0, len(rows), size)], wide)
    ways["the engine's batches in rows of 64"] = partial(in_rows, run, streams, [
        [[group[place] for place in row] for row in graphs.filled([lengths[i] for i in group], 64)]
        for group in run.short.groups
    ], 64)  # fmt: skip
    plain = Streams(run, graphs.read(run.graph))
    filled["finer widths"] = padded(lengths, run.short.groups, finer)
    ways["finer widths"] = partial(run.in_groups, run.short, run.short.groups, lambda group: plain.raw(
        *rectangle(run.short.of(group), pad=0, width=finer(max(lengths[i] for i in group)))
    ))  # fmt: skip
    found = contest(run, run.short, ways)
    told(run, "short texts in one row", {**found, "filled": filled}, "rows of 64")


def finer(tokens):
    step = 4 if tokens <= 24 else 8
    return max(8, -(-tokens // step) * step)


def in_rows(run, streams, groups, wide):
    def answer(group):
        inputs = graphs.together([run.short.of(row) for row in group], wide)
        means = streams.raw(*inputs)
        return np.concatenate([means[i, : len(row)] for i, row in enumerate(group)])

    flat = [[index for row in group for index in row] for group in groups]
    vectors = np.zeros((len(run.short.rows), run.encoder.dimensions), np.float32)
    for indices, found in zip(flat, run.pool.map(answer, groups), strict=True):
        vectors[indices] = found
    return vectors


def padded(lengths, groups, wide):
    """The share of the batches' rectangles that is text; `wide` gives the width for the longest of a batch."""
    return sum(lengths) / sum(wide(max(lengths[i] for i in group)) * len(group) for group in groups)


def static(run):
    """Graphs of three fixed shapes, against the dynamic one in the same rectangles, and against the engine as it is."""
    lengths, dimensions = list(map(len, run.mixed.rows)), run.encoder.dimensions
    dynamic, fixed, half, groups = Streams(run, graphs.read(run.graph)), {}, {}, []
    for below, wide in zip((0, *WIDTHS), WIDTHS, strict=False):
        size = BATCH_TOKENS // wide
        fixed[wide] = Streams(run, graphs.of_shape(graphs.read(run.graph), size, wide))
        changed = graphs.half_between_layers(graphs.read(run.graph), dimensions)
        half[wide] = Streams(run, graphs.of_shape(changed, size, wide))
        fitting = [i for i, length in enumerate(lengths) if below < length <= wide]
        groups += [(wide, size, fitting[at : at + size]) for at in range(0, len(fitting), size)]
    groups.sort(key=lambda group: -group[0])

    def answer(of, group):
        wide, size, indices = group
        rows = [*run.mixed.of(indices), *[[0]] * (size - len(indices))]
        return of(wide).raw(*rectangle(rows, pad=0, width=wide))[: len(indices)]

    def all_by(of):
        vectors = np.zeros((len(lengths), dimensions), np.float32)
        for group, found in zip(groups, run.pool.map(partial(answer, of), groups), strict=True):
            vectors[group[-1]] = found
        return vectors

    ways = {"static": partial(all_by, fixed.__getitem__), "static, bf16 between layers": partial(all_by, half.__getitem__),
            "dynamic in the same": partial(all_by, lambda _: dynamic)}  # fmt: skip
    found = contest(run, run.mixed, ways)
    processor = found["ratios_of_processor_time"]
    found["static_against_dynamic_in_the_same"] = processor["static"] / processor["dynamic in the same"]
    found["filled"] = {"engine": padded(lengths, run.mixed.groups, partial(width, most=512)),
                       "static": sum(lengths) / sum(wide * size for wide, size, _ in groups)}  # fmt: skip
    told(run, "static shapes", found, "static")


def between(run):
    """What flows from layer to layer is fp32 now; all in bf16."""
    streams, way = run.graph_as(graphs.half_between_layers(graphs.read(run.graph), run.encoder.dimensions), run.mixed)
    found = contest(run, run.mixed, {"bf16 between layers": way})
    found["layers"] = {"engine": graphs.layers(Streams(run, graphs.read(run.graph)).compiled),
                       "bf16 between layers": graphs.layers(streams.compiled)}  # fmt: skip
    told(run, "bf16 between layers", found, "bf16 between layers")


def order(run):
    """The engine takes the longest batches first: the shortest first, in any order, and texts as they come."""
    size = max(1, BATCH_TOKENS // max(map(len, run.mixed.rows)))
    everything = list(range(len(run.mixed.rows)))
    orders = {
        "longest first, once more": run.mixed.groups,
        "shortest first": run.mixed.groups[::-1],
        "batches in any order": random.Random(4).sample(run.mixed.groups, len(run.mixed.groups)),
        "texts as they come": [everything[at : at + size] for at in range(0, len(everything), size)],
    }
    ways = {
        name: partial(run.in_groups, run.mixed, groups, lambda group: run.encoder.model.vectors(run.mixed.of(group)))
        for name, groups in orders.items()
    }
    found = contest(run, run.mixed, ways)
    told(
        run,
        "order of batches",
        found,
        max(found["ratios_of_processor_time"], key=found["ratios_of_processor_time"].get),
    )


def pages(run):
    """Memory of the C library in huge pages, in processes of their own."""
    found = {name: [] for name in PAGES}
    for _ in range(3):
        for name, setting in PAGES.items():
            found[name].append(in_a_process(run, setting))
    plain, huge = found.values()
    seconds = [statistics.median(statistics.median(one["seconds"]) for one in side) for side in (plain, huge)]
    print(f"  {seconds[0] / seconds[1]:5.2f} ×  huge pages: {huge[0]['huge_kib'] // 1024} MiB of them")
    ratio = seconds[0] / seconds[1]
    why = f"{ratio:.2f} × of what the engine does, and {FASTER:g} × was wanted" if ratio < FASTER else \
        "a setting of a process before it starts, which a library cannot make; docs may name it"  # fmt: skip
    run.record.told(
        "huge pages", {"processes": found, "kept": False, "why": why},
        [Check("huge pages, tokens of a processor second against the engine", ratio, FASTER)],
    )  # fmt: skip


def in_a_process(run, setting):
    environment = {**os.environ, "GLIBC_TUNABLES": f"glibc.malloc.hugetlb={setting}",
                   "PYTHONPATH": str(records.HERE.parent)}  # fmt: skip
    command = [
        sys.executable,
        __file__,
        "--inside",
        "--texts",
        str(len(run.mixed.rows)),
        "--repeats",
        str(max(1, run.repeats // 3)),
    ]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    return json.loads(done.stdout.splitlines()[-1])


def inside(asked):
    """The engine alone in this process: processor seconds of each round, and how much of its memory lies in huge pages."""
    folder = ModelFolder.open(common.packaged())
    encoder = create(folder, ModelConfig())
    encoder.model.warm_up()
    tokens = encoder.tokenize(corpora.chunks(None, asked.texts, folder.tokenizer_path, folder.max_tokens))
    groups = batches(list(map(len, tokens)), budget=BATCH_TOKENS, most=BATCH_TEXTS)
    seconds = []
    with ThreadPoolExecutor(encoder.parallel) as pool:
        for _ in range(asked.repeats + 1):
            began = time.process_time()
            list(pool.map(lambda group: encoder.encode([tokens[i] for i in group]), groups))
            seconds.append(time.process_time() - began)
    mapped = Path("/proc/self/smaps_rollup").read_text("ascii")
    huge = int(mapped.partition("AnonHugePages:")[2].split()[0])
    print(json.dumps({"seconds": seconds[1:], "huge_kib": huge}))


def int8(run):
    """Weights and what flows into them in 8 bits."""
    alone = [rectangle([row], pad=0, width=len(row)) for row in run.mixed.rows[:CALIBRATION_TEXTS]]
    met = graphs.ranges(graphs.read(run.graph), alone)
    model = graphs.half_between_layers(graphs.quantised(graphs.read(run.graph), met), run.encoder.dimensions)
    streams, way = run.graph_as(model, run.mixed)
    _, alone_way = run.graph_as(graphs.quantised(graphs.read(run.graph), met), run.mixed)
    found = contest(run, run.mixed, {"int8": way, "int8, fp32 between layers": alone_way})
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


def profile(run):
    """Where the time of the engine's graph goes, by kinds of layers."""
    streams, spent = Streams(run, graphs.read(run.graph), PERF_COUNT="YES"), Counter()

    def measured(rows, request):
        infer(request, rows, pad=0, most=run.encoder.context_length)
        return request.get_profiling_info()

    for group in run.mixed.groups:
        for layer in streams.take(partial(measured, run.mixed.of(group))):
            spent[layer.node_type] += layer.real_time.total_seconds()
    total = sum(spent.values())
    shares = {name: round(seconds / total, 4) for name, seconds in spent.most_common(12)}
    for name, share in shares.items():
        print(f"  {share:6.1%}  {name}")
    run.record.told("where the time goes", {"seconds": total, "shares": shares})


ROWS = {"attention": attention, "short": short, "static": static, "between": between, "order": order, "pages": pages,
        "int8": int8, "profile": profile}  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=11)
    parser.add_argument("--rows", nargs="+", choices=tuple(ROWS), default=tuple(ROWS))
    parser.add_argument("--scifact", type=Path, help="folder of corpus.jsonl.gz, queries.tsv and qrels.txt")
    parser.add_argument("--files", type=int, help="so many abstracts, the judged ones first; default: all")
    parser.add_argument("--results", type=Path, default=records.RESULTS, help="folder of the result files")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.inside:
        return inside(asked)
    run = Run(asked)
    return records.run(run.record, {name: partial(ROWS[name], run) for name in asked.rows})


if __name__ == "__main__":
    sys.exit(main())
