"""The engine against its peers on one machine: same weights, same texts, interleaved, medians of wall time.

    python benchmarks/engine.py                        all-MiniLM-L6-v2 over 1 000 texts, every row without a server
    python benchmarks/engine.py --model FOLDER         another sentence-transformers folder (all-mpnet-base-v2: 200 texts)
    python benchmarks/engine.py --shape qwen3-0.6b --texts 24 --repeats 1    random weights in the shape of a large model
    python benchmarks/engine.py --rows query ceiling   some rows
    python benchmarks/engine.py --texts 48 --repeats 1 --soak 2000    a smoke run

Every peer passes the same gate (cosine to sentence-transformers in fp32), or its figure says that it does not. Each row
goes to `results/<commit>.json` as soon as it is done, so that a run that is stopped loses nothing.
The peers: `pip install onnx onnxruntime fastembed`; one that is missing is left out, with its reason.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from embedingest.build.models import open_engine
from embedingest.config import EngineConfig, ModelConfig
from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.gate import compare
from embedingest.engine.roofline import operations

import common
import engine_peers as peers
import record as records
import shapes
import texts as corpora
from record import Check

HINTS = {"fp32": "f32", "bf16": "bf16", "bf16-linears": "bf16", "fp16": "f16"}
DEFAULTS = {
    "all-MiniLM-L6-v2": 3.0,
    "all-mpnet-base-v2": 2.3,
    **dict.fromkeys(shapes.SHAPES, 2.5),
}  # target against sentence-transformers as it comes
TEXTS = {"all-mpnet-base-v2": 200, **dict.fromkeys(shapes.SHAPES, 64)}
SOAK = {"all-mpnet-base-v2": 4_000}
PILOT = 48  # texts over which the settings of a peer are tried, or a tenth of all
GATED = 256  # at least so many texts make a gate
SLOW_SECONDS = 60.0  # a contestant whose round takes longer runs two rounds at most
OURS, THEIRS = "embedingest", "sentence-transformers"


class Ours:
    """The engine through its front door, as both walks use it."""

    name = OURS

    def __init__(self, folder):
        self.engine = open_engine(EngineConfig(keep_alive=-1), {"bench": ModelConfig(path=folder.path)})

    def __call__(self, texts, priority="bulk"):
        return self.engine.embed(texts, model="bench", priority=priority).vectors

    def lengths(self, texts):
        """Tokens of each text, special ones included, as the model sees them."""
        return self.engine.embed(texts, model="bench", priority="bulk").token_counts

    @property
    def runtime(self):
        return dict(self.engine.running()[0].runtime)


class Run:
    """What the rows share."""

    def __init__(self, asked, work):
        self.shape = asked.shape
        if asked.shape is not None:
            asked.model = shapes.make(asked.shape, (asked.work or Path(work)) / asked.shape)
        self.folder = ModelFolder.open(asked.model or common.packaged())
        self.name = asked.shape or common.known_name(self.folder)
        self.packaged = asked.model is None
        self.repeats, self.soak, self.work = asked.repeats, asked.soak or SOAK.get(self.name, 50_000), work
        self.tokenizer = self.folder.tokenizer_path
        count = asked.texts or TEXTS.get(self.name, 1000)
        window = min(asked.window, self.folder.max_tokens)
        self.texts = corpora.chunks(asked.corpus, count, self.tokenizer, window)
        self.record = records.Record(f"engine {self.name}", asked.results)
        print(f"loading {self.name}; the first time it is compiled, for some minutes", flush=True)
        began = time.perf_counter()
        self.ours = Ours(self.folder)
        self.ours(["hello"])
        self.first_vector_seconds = time.perf_counter() - began
        self.lengths = [int(length) for length in self.ours.lengths(self.texts)]
        self.runtime = self.ours.runtime
        corpus = [path.name for path in asked.corpus] if asked.corpus else ["pydoc_data"]
        self.about = {"model": self.name, "runtime": self.runtime, "corpus": corpus, "texts": len(self.texts),
                      "seconds_to_the_first_vector": self.first_vector_seconds, "tokens": sum(self.lengths), "length_quantiles": quantiles(self.lengths)}  # fmt: skip

    def keep(self, row, figures, checks=(), *, told=True):
        (self.record.told if told else self.record.keep)(row, {**self.about, **figures}, checks)


# Rows


def bulk(run):
    """Tokens a second of each contestant, taking turns; kept after every round."""
    contestants, left_out = contest(run)
    seconds, gates, truth = {c.name: [] for c in contestants}, {}, None
    tokens = sum(run.lengths)
    for number in range(run.repeats):
        # Another order in each round; sentence-transformers first of all, since its vectors are the truth.
        turns = contestants if number == 0 else rotated(contestants, number)
        for contestant in turns:
            taken = seconds[contestant.name]
            if contestant.name in left_out or (len(taken) >= 2 and taken[0] > SLOW_SECONDS):
                continue
            try:
                vectors, spent = timed(contestant, run.texts)
            except Exception as error:
                left_out[contestant.name] = f"{type(error).__name__}: {error}"
                continue
            taken.append(spent)
            print(f"  round {number + 1} of {run.repeats}  {tokens / spent:9,.0f} tokens/s  {spent:6.1f} s  "
                  f"{contestant.name}", flush=True)  # fmt: skip
            truth = vectors if truth is None else truth
            gates.setdefault(contestant.name, compare(truth, vectors).as_dict())
        ended = number + 1 == run.repeats
        figures = {
            "rounds_asked": run.repeats,
            "rounds_of_slow": f"two at most where one takes more than {SLOW_SECONDS:.0f} s",
            "seconds": seconds,
            "gates": gates,
            "left_out": left_out,
        }
        if len(run.texts) < GATED:
            figures["note"] = f"cosines over {len(run.texts)} texts, fewer than the {GATED} of a gate"
        bulk_figures(run, figures, tokens, told=ended)


def contest(run):
    """sentence-transformers as it comes, ourselves, and each peer at its best; and why a peer is not there."""
    reference, left_out = peers.SentenceTransformers(run.folder.path), {}
    pilot = run.texts[: min(PILOT, max(16, len(run.texts) // 10))]
    truth = reference(pilot)
    run.ours(pilot)
    contestants = [reference, run.ours]
    makers = {
        "sentence-transformers at its best": lambda: peers.sentence_transformers_settings(run.folder.path),
        "onnxruntime": lambda: peers.OnnxRuntime(run.folder.path, run.work).settings(),
        "fastembed": lambda: peers.FastEmbed(run.folder.path, run.work, run.folder.dimensions).settings(),
    }
    for name, settings in makers.items():
        try:
            contestants.append(fastest(settings(), pilot, truth))
        except Exception as error:
            left_out[name] = f"{type(error).__name__}: {error}"
            print(f"  {name} left out: {left_out[name]}", flush=True)
    return contestants, left_out


def fastest(settings, pilot, truth):
    """The fastest of a peer's settings over a few texts that passes the gate there; of none that do, the fastest."""
    settings[0](pilot[:8])
    tried = []
    for setting in settings:
        vectors, spent = timed(setting, pilot)
        passed = compare(truth, vectors).passed
        print(f"  pilot {spent:6.2f} s  {setting.name}{'' if passed else '  FAILS THE GATE'}", flush=True)
        tried.append((not passed, spent, setting.name, setting))
    return min(tried)[-1]


def bulk_figures(run, figures, tokens, *, told):
    rates = {name: tokens / statistics.median(spent) for name, spent in figures["seconds"].items() if spent}
    ratios = {name: rates[OURS] / rate for name, rate in rates.items()}
    gates = figures["gates"]
    if told:
        for name, rate in sorted(rates.items(), key=lambda pair: -pair[1]):
            fails = "" if gates[name]["passed"] else "  FAILS THE GATE"
            print(f"  {rate:9,.0f} tokens/s  {ratios[name]:5.2f} ×  least cosine {gates[name]['least']:.6f}  "
                  f"{name}{fails}")  # fmt: skip
    checks = []
    if (target := DEFAULTS.get(run.name)) is not None:
        checks.append(Check("tokens/s against sentence-transformers as it comes", ratios[THEIRS], target))
    checks += [
        Check(f"tokens/s against {name}", ratio, 1.25)
        for name, ratio in sorted(ratios.items())
        if name not in (OURS, THEIRS) and gates[name]["passed"]
    ]
    checks.append(Check("least cosine to sentence-transformers", gates[OURS]["least"], 0.9995, unit=""))
    checks.append(Check("mean cosine to sentence-transformers", gates[OURS]["mean"], 0.9999, unit=""))
    run.keep("bulk", {**figures, "tokens_per_second": rates, "ratios": ratios}, checks, told=told)


def query(run, count=200, block=10):
    """Milliseconds of one query of ten tokens, taking turns in blocks, no two alike.

    In blocks, because the threads of a runtime spin on for a moment after it was used, and would slow the other one.
    """
    reference = peers.SentenceTransformers(run.folder.path)
    found = corpora.queries(corpora.documents(None), count + 2 * block, run.tokenizer)
    taken = {OURS: [], THEIRS: []}
    for start in range(0, len(found), block):
        for name, answer in ((OURS, lambda texts: run.ours(texts, "query")), (THEIRS, reference)):
            time.sleep(0.05)
            spent = [1e3 * timed(answer, [text])[1] for text in found[start : start + block]]
            taken[name] += spent if start >= 2 * block else []
    figures = {name: quantiles(spent) for name, spent in taken.items()}
    for name, of in figures.items():
        print(f"  p50 {of['p50']:6.2f} ms  p95 {of['p95']:6.2f} ms  p99 {of['p99']:6.2f} ms  {name}")
    ratio = figures[OURS]["p50"] / figures[THEIRS]["p50"]
    check = Check("p50 of a 10-token query against sentence-transformers", ratio, 0.35, at_most=True)
    run.keep("query", {"queries": count, "milliseconds": figures, "ratio": ratio}, [check])


def share_of_ceiling(run):
    """Our arithmetic rate as a share of the best rate any library here reaches for one large product, by turns."""
    hint = HINTS[run.runtime["precision"]]
    work, rates, best, median = operations(run.folder, run.lengths), [], {}, {}
    run.ours(run.texts)
    for number in range(run.repeats):
        for name, (top, usual) in peers.ceilings(hint).items():
            best.setdefault(name, []).append(top / 1e9)
            median.setdefault(name, []).append(usual / 1e9)
        time.sleep(0.2)
        rates.append(work / timed(run.ours, run.texts)[1] / 1e9)
        top = max(found[-1] for found in best.values())
        print(f"  round {number + 1} of {run.repeats}  {rates[-1]:,.0f} GFLOP/s of {top:,.0f} at {hint}", flush=True)
    tops = {name: statistics.median(found) for name, found in best.items()}
    usual = {name: statistics.median(found) for name, found in median.items()}
    for name, rate in tops.items():
        print(f"  {rate:7,.0f} GFLOP/s at best, {usual[name]:7,.0f} sustained  {name}")
    ours, name = statistics.median(rates), max(tops, key=tops.get)
    sustained = ours / max(usual.values())
    print(f"  share of the best sustained rate: {sustained:.2f}")
    check = Check(f"share of the matrix-product ceiling at {hint} ({name})", ours / tops[name], 0.8)
    figures = {"precision": hint, "gflops": rates, "ceiling_gflops": best, "sustained_gflops": median, "ceiling": name,
               "share": ours / tops[name], "share_of_sustained": sustained,
               "tokens_per_second": ours * 1e9 * sum(run.lengths) / work,
               "ceiling_tokens_per_second": tops[name] * 1e9 * sum(run.lengths) / work}  # fmt: skip
    run.keep("ceiling", figures, [check])


FIVE_LINES = """
from sentence_transformers import SentenceTransformer
import sys
model = SentenceTransformer(sys.argv[1])
vector = model.encode("hello")
print(vector.tolist())
"""


def process(run):
    """A whole process from start to one printed vector, warm caches, taking turns."""
    model = [] if run.packaged else ["--model", str(run.folder.path)]
    commands = {
        OURS: [sys.executable, "-m", "embedingest", "embed", "hello", *model],
        THEIRS: [sys.executable, "-c", FIVE_LINES, str(run.folder.path)],
    }
    taken = {name: [] for name in commands}
    for number in range(run.repeats + 1):
        for name, command in commands.items():
            spent, mib = process_cost(command)
            print(
                f"  {spent:6.2f} s  {mib:6.0f} MiB  {name}{'' if number else ' (first run, not counted)'}", flush=True
            )
            taken[name] += [(spent, mib)] if number else []
    wall = {name: statistics.median(spent for spent, _ in found) for name, found in taken.items()}
    memory = {name: statistics.median(mib for _, mib in found) for name, found in taken.items()}
    checks = [
        Check("wall time of `embed hello` against a five-line script", wall[OURS] / wall[THEIRS], 0.15, at_most=True),
        Check("its peak memory", memory[OURS] / memory[THEIRS], 0.5, at_most=True),
    ]
    # The targets are those of the default model; of another the figures are kept.
    run.keep("process", {"seconds": wall, "peak_mib": memory, "runs": taken}, checks if run.packaged else ())


# A process of its own starts the command: a child's peak memory begins at that of the process it was forked from.
LAUNCH = """
import os, subprocess, sys, time
began = time.perf_counter()
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(child.pid, 0)
print(status, time.perf_counter() - began, usage.ru_maxrss / 1024)
"""


def process_cost(command):
    """Wall seconds and peak resident MiB of one process."""
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(records.HERE.parent)}
    launched = [sys.executable, "-S", "-E", "-c", LAUNCH, *command]
    done = subprocess.run(launched, capture_output=True, text=True, check=True, env=environment)
    status, spent, mib = done.stdout.split()[-3:]
    if status != "0":
        raise RuntimeError(f"{Path(command[0]).name} {command[1]} ended with {status}: {done.stderr[-2000:]}")
    return float(spent), float(mib)


MEMORY = """
import json, sys
from embedingest.build.models import open_engine
from embedingest.config import EngineConfig, ModelConfig
engine = open_engine(EngineConfig(keep_alive=-1), {"bench": ModelConfig(path=sys.argv[1])})
peak = lambda: int(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0]) / 1024
for line in sys.stdin:
    engine.embed(json.loads(line), model="bench", priority="bulk")
    print(peak(), flush=True)
"""
CALL = 500  # texts of one call in the memory row


def memory(run):
    """Peak resident memory of a process over many texts of mixed length, against its peak after the first thousand."""
    words = sorted({word for text in run.texts for word in text.split()})
    chance, peaks, embedded, began = random.Random(5), [], 0, time.perf_counter()
    command = [sys.executable, "-c", MEMORY, str(run.folder.path)]
    environment = {**os.environ, "PYTHONPATH": str(records.HERE.parent)}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        start_new_session=True,  # Ctrl-C ends this program, and the other with its standard input
    ) as child:  # fmt: skip
        while embedded < run.soak:
            child.stdin.write(json.dumps([mixed(chance, words) for _ in range(CALL)]) + "\n")
            child.stdin.flush()
            if not (said := child.stdout.readline()):
                raise RuntimeError(f"the process ended after {embedded} texts")
            peaks.append(float(said))
            embedded += CALL
            if embedded % 5000 == 0 or embedded == 1000:
                rate = embedded / (time.perf_counter() - began)
                print(f"  {embedded:6,} texts  peak {peaks[-1]:5.0f} MiB  {rate:5.0f} texts/s", flush=True)
        child.stdin.close()
    first, last = peaks[1000 // CALL - 1], peaks[-1]
    check = Check(f"peak memory after {embedded} texts against after 1 000", last / first, 1.3, at_most=True)
    figures = {"soak_texts": embedded, "first_mib": first, "last_mib": last, "peaks_mib": peaks[1 :: 5000 // CALL]}
    run.keep("memory", figures, [check])


RESIDENT = """
import json, sys
from embedingest.build.models import open_engine
from embedingest.config import EngineConfig, ModelConfig
engine = open_engine(EngineConfig(keep_alive=-1), {"bench": ModelConfig(path=sys.argv[1])})
engine.embed(json.loads(sys.stdin.readline()), model="bench", priority="bulk")
told = open("/proc/self/status").read()
print([int(told.partition(f"{name}:")[2].split()[0]) / 1024 for name in ("VmRSS", "RssAnon")])
"""
BYTES = {"fp32": 4, "bf16": 2, "bf16-linears": 2, "fp16": 2}


def resident(run):
    """Resident memory of a process that finds the model compiled, against the weights in the precision taken."""
    weights = run.folder.parameters * BYTES[run.runtime["precision"]] / 2**20
    command = [sys.executable, "-c", RESIDENT, str(run.folder.path)]
    environment = {**os.environ, "PYTHONPATH": str(records.HERE.parent)}
    given = json.dumps(run.texts[:16]) + "\n"
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=True, env=environment)
    whole, own = json.loads(done.stdout.splitlines()[-1])
    print(f"  {whole:,.0f} MiB resident, {own:,.0f} MiB of them its own, {weights:,.0f} MiB of weights", flush=True)
    check = Check("resident memory against the weights in the precision taken", whole / weights, 1.3, at_most=True)
    figures = {"resident_mib": whole, "own_mib": own, "weights_mib": weights}
    run.keep("resident", figures, [check] if run.shape else ())


def mixed(chance, words):
    """Mostly a few words, one in thirty up to a whole window."""
    size = chance.choice((2, 5, 10, 20)) if chance.random() < 0.97 else chance.randint(40, 200)
    return " ".join(chance.choices(words, k=size))


# What they use


def timed(action, texts):
    """What an action answers, and the seconds of wall time it took."""
    began = time.perf_counter()
    answer = action(texts)
    return answer, time.perf_counter() - began


def rotated(things, places):
    places %= len(things)
    return things[places:] + things[:places]


def quantiles(found):
    ordered = sorted(found)
    return {f"p{share}": ordered[min(len(ordered) - 1, len(ordered) * share // 100)] for share in (5, 50, 95, 99)}


ROWS = {
    "resident": resident,  # first: pages of a file that this process has too are not given back
    "query": query,
    "process": process,
    "ceiling": share_of_ceiling,
    "bulk": bulk,
    "memory": memory,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=None, help="default: the packaged all-minilm")
    parser.add_argument("--shape", choices=tuple(shapes.SHAPES), default=None, help="random weights of this shape")
    parser.add_argument("--window", type=int, default=512, help="tokens of the longest text, as chunks have them")
    parser.add_argument("--work", type=Path, default=None, help="where models of a shape are kept between runs")
    parser.add_argument("--texts", type=int, default=None, help="default: 1000; for all-mpnet-base-v2 200")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--soak", type=int, default=None, help="texts of the memory row; default: 50000, for all-mpnet-base-v2 4000"
    )
    parser.add_argument("--rows", nargs="+", choices=tuple(ROWS), default=tuple(ROWS))
    parser.add_argument("--results", type=Path, default=records.RESULTS, help="folder of the result files")
    corpora.corpus_option(parser)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        run = Run(asked, work)
        print(f"{run.name}, {len(run.texts)} texts, {sum(run.lengths):,} tokens: {run.runtime}", flush=True)
        return records.run(run.record, {row: partial(ROWS[row], run) for row in asked.rows})


if __name__ == "__main__":
    sys.exit(main())
