"""What the trials of `trials.py` share: the engine, other graphs in its streams, texts, and turns between them."""

import queue
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from embedingest.config import ModelConfig
from embedingest.engine.compiled import runtime
from embedingest.engine.compiled.encoder import create
from embedingest.engine.compiled.graphs import BATCH_TOKENS, Share
from embedingest.engine.compiled.in_rows import answered
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
        """Vectors of token rows, as the engine lays them out."""
        return self.take(partial(answered, rows=rows, **self.run.layout))

    def raw(self, inputs):
        """The first output for arrays by their names."""

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
        if "rows" not in note:
            raise SystemExit(
                "the trials change the graph in which short texts share rows, and this model has none here"
            )
        self.layout = {"facts": note["rows"], "pad": 0, "most": self.encoder.context_length}
        self.precision, self.graph = PRECISIONS[note["form"]], self.encoder.model.entry.graph
        self.pool = ThreadPoolExecutor(self.streams)
        tokenizer = self.folder.tokenizer_path
        self.reference = peers.SentenceTransformers(self.folder.path)
        self.mixed = Texts(self, corpora.chunks(None, asked.texts, tokenizer, self.folder.max_tokens))

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
