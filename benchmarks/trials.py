"""Ways to make the compiled engine faster that were tried, each against what the engine runs now.

    python benchmarks/trials.py                        all-MiniLM-L6-v2, every row
    python benchmarks/trials.py --rows attention int8  some rows
    python benchmarks/trials.py --scifact FOLDER       and how well 8 bits find SciFact's abstracts (see scifact.py)
    python benchmarks/trials.py --texts 48 --repeats 1     a smoke run

The same token rows go through both, by turns, on as many streams; medians of wall and of processor time. The verdict is by
the processor's: of wall time only a machine that does nothing else tells anything. `kept` says whether the engine runs so. A
way is worth building in where it is a tenth faster and its vectors pass the gate; `why` says what is missing. Short texts
in one row, and 16 bits between layers with them, were: `short.py` measures those.
"""

import argparse
import json
import os
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
import trial_graphs as graphs
from trial_int8 import int8
from trial_run import FASTER, Run, Streams, contest, told

from embedingest.config import ModelConfig
from embedingest.engine.compiled.encoder import create
from embedingest.engine.compiled.graphs import BATCH_TOKENS
from embedingest.engine.compiled.in_rows import answered, laid_out
from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.scheduling.batching import batches
from embedingest.engine.scheduling.scheduler import BATCH_TEXTS

import common
import record as records
import texts as corpora
from record import Check

WIDTHS = (64, 128, 256)
PAGES = {
    "pages of 4 KiB": "0",
    "huge pages": "1",
}  # of `glibc.malloc.hugetlb`; 1 asks with madvise, 2 needs them reserved


def attention(run):
    """The engine's attention is one layer, which the runtime makes of what is written out: without it, by its operator."""
    ours = Streams(run, graphs.read(run.graph))
    operator, by_operator = run.graph_as(graphs.with_operator(graphs.read(run.graph)), run.mixed)
    apart, written_out = run.graph_as(graphs.read(run.graph), run.mixed, SNIPPETS_MODE="DISABLE")
    found = contest(run, run.mixed, {"operator": by_operator, "not fused": written_out})
    found["layers"] = {name: graphs.layers(one.compiled) for name, one in
                       (("engine", ours), ("operator", operator), ("not fused", apart))}  # fmt: skip
    told(run, "attention", found, "operator")


def static(run):
    """Graphs of three fixed shapes, against the dynamic one in the same rectangles, and against the engine as it is."""
    lengths, dimensions = list(map(len, run.mixed.rows)), run.encoder.dimensions
    dynamic, fixed, groups = Streams(run, graphs.read(run.graph)), {}, []
    for below, wide in zip((0, *WIDTHS), WIDTHS, strict=False):
        size = BATCH_TOKENS // wide
        fixed[wide] = Streams(run, graphs.of_shape(graphs.read(run.graph), size, wide))
        fitting = [i for i, length in enumerate(lengths) if below < length <= wide]
        groups += [(wide, size, fitting[at : at + size]) for at in range(0, len(fitting), size)]
    groups.sort(key=lambda group: -group[0])

    def answer(of, group):
        wide, size, indices = group
        rows = [*run.mixed.of(indices), *[[0]] * (size - len(indices))]
        return of(wide).raw(graphs.as_wide(laid_out(rows, **run.layout, row_tokens=0), wide))[: len(indices)]

    def all_by(of):
        vectors = np.zeros((len(lengths), dimensions), np.float32)
        for group, found in zip(groups, run.pool.map(partial(answer, of), groups), strict=True):
            vectors[group[-1]] = found
        return vectors

    ways = {"static": partial(all_by, fixed.__getitem__), "dynamic in the same": partial(all_by, lambda _: dynamic)}
    found = contest(run, run.mixed, ways)
    processor = found["ratios_of_processor_time"]
    found["static_against_dynamic_in_the_same"] = processor["static"] / processor["dynamic in the same"]
    found["filled"] = sum(lengths) / sum(wide * size for wide, size, _ in groups)
    told(run, "static shapes", found, "static")


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


def profile(run):
    """Where the time of the engine's graph goes, by kinds of layers."""
    streams, spent = Streams(run, graphs.read(run.graph), PERF_COUNT="YES"), Counter()

    def measured(rows, request):
        answered(request, rows, **run.layout)
        return request.get_profiling_info()

    for group in run.mixed.groups:
        for layer in streams.take(partial(measured, run.mixed.of(group))):
            spent[layer.node_type] += layer.real_time.total_seconds()
    total = sum(spent.values())
    shares = {name: round(seconds / total, 4) for name, seconds in spent.most_common(12)}
    for name, share in shares.items():
        print(f"  {share:6.1%}  {name}")
    run.record.told("where the time goes", {"seconds": total, "shares": shares})


ROWS = {"attention": attention, "static": static, "order": order, "pages": pages, "int8": int8, "profile": profile}


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
