"""The engine against its peers on one machine: same weights, same texts, interleaved, medians.

    python benchmarks/engine.py                        all-MiniLM-L6-v2, every row that needs no server
    python benchmarks/engine.py --model FOLDER         another sentence-transformers folder
    python benchmarks/engine.py --rows bulk query process memory ceiling

Every peer passes the same gate (cosine to sentence-transformers in fp32), or its figure says that it does not.
Results go to benchmarks/results/<commit>.json.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from embedingest.config import ModelConfig
from embedingest.engine import cpu
from embedingest.engine.choose import create
from embedingest.engine.folder import ModelFolder
from embedingest.engine.gate import compare
from embedingest.engine.scheduler import Scheduler
from embedingest.engine.vectors import normalise
from embedingest.engine.work import ceiling, operations

import common
import engine_peers as peers
import texts as corpora

RESULTS = Path(__file__).parent / "results"
LIBRARIES = ("torch", "transformers", "sentence-transformers", "openvino", "tokenizers", "onnxruntime", "fastembed",
             "numpy", "xllamacpp")  # fmt: skip
HINTS = {"fp32": "f32", "bf16": "bf16", "bf16-linears": "bf16", "fp16": "f16"}
TARGETS = {"sentence-transformers": {"all-MiniLM-L6-v2": 3.0, "all-mpnet-base-v2": 2.3}, "best peer": 1.25,
           "ceiling": 0.8, "query": 0.35, "process": (0.15, 0.5), "memory": 1.3}  # fmt: skip


class Ours:
    """Texts to unit vectors through tokenizer, scheduler and encoder, as both walks go."""

    def __init__(self, folder):
        self.name = "embedingest"
        self.encoder = create(folder, ModelConfig())
        self.scheduler = Scheduler(self.encoder, cached_texts=0)

    def __call__(self, texts, priority="bulk"):
        window = self.encoder.max_tokens - self.encoder.special_tokens
        tokens = [ids[:window] for ids in self.encoder.tokenize(texts)]
        return normalise(self.scheduler.submit(tokens, priority=priority).result())


def bulk(ours, folder, texts, repeats, work):
    """Tokens a second of each contestant, taking turns."""
    reference = peers.SentenceTransformers(folder.path)
    contestants = [ours, reference, best_setting(folder, texts[:96])]
    for make in (lambda: peers.OnnxRuntime(folder.path, work), lambda: fastembed(folder, work)):
        try:
            contestants.append(make())
        except Exception as error:
            print(f"  left out: {type(error).__name__}: {error}")
    lengths = token_lengths(ours, texts)
    truth, rates, gates = reference(texts), {}, {}
    for contestant in contestants:
        gates[contestant.name] = compare(truth, contestant(texts)).as_dict()
    for _ in range(repeats):
        for contestant in contestants:
            _, seconds = common.seconds(contestant, texts)
            rates.setdefault(contestant.name, []).append(sum(lengths) / seconds)
    medians = {name: statistics.median(found) for name, found in rates.items()}
    for name, rate in sorted(medians.items(), key=lambda pair: -pair[1]):
        gate = gates[name]
        passed = "" if gate["passed"] else "  FAILS THE GATE"
        print(f"  {rate:9,.0f} tokens/s  {medians['embedingest'] / rate:5.2f} x  least cosine {gate['least']:.6f}  "
              f"{name}{passed}")  # fmt: skip
    others = [rate for name, rate in medians.items() if name != "embedingest" and gates[name]["passed"]]
    known = TARGETS["sentence-transformers"]
    told(f"against {reference.name}", medians["embedingest"] / medians[reference.name], known.get(known_name(folder)))
    told("against the best peer that passes the gate", medians["embedingest"] / max(others), TARGETS["best peer"])
    return {"texts": len(texts), "tokens": sum(lengths), "tokens_per_second": rates, "medians": medians, "gates": gates,
            "ratio_default": medians["embedingest"] / medians[reference.name],
            "ratio_best": medians["embedingest"] / max(others)}  # fmt: skip


def best_setting(folder, pilot):
    """The fastest of sentence-transformers' settings on a few texts, to be run on all of them."""
    found = []
    for batch_size in (8, 16, 32, 64):
        for autocast in (False, True):
            candidate = peers.SentenceTransformers(folder.path, batch_size=batch_size, autocast=autocast)
            candidate(pilot[:8])
            found.append((common.seconds(candidate, pilot)[1], candidate.name, candidate))
    return min(found)[2]


def fastembed(folder, work):
    return peers.FastEmbed(folder.path, work, folder.dimensions)


def query(ours, folder, texts, count=100):
    """Milliseconds of one query of about ten tokens, taking turns, no two alike."""
    reference = peers.SentenceTransformers(folder.path)
    words = [word for text in texts for word in text.split() if word.isalpha()]
    queries = [" ".join(words[8 * i : 8 * i + 8]) for i in range(count + 20)]
    taken = {"embedingest": [], reference.name: []}
    for i, text in enumerate(queries):
        for name, answer in (("embedingest", lambda t: ours(t, "query")), (reference.name, reference)):
            _, seconds = common.seconds(answer, [text])
            if i >= 20:
                taken[name].append(1e3 * seconds)
    figures = {name: quantiles(found) for name, found in taken.items()}
    for name, found in figures.items():
        print(f"  p50 {found['p50']:6.2f} ms  p95 {found['p95']:6.2f} ms  {name}")
    ratio = figures["embedingest"]["p50"] / figures[reference.name]["p50"]
    told("p50 against sentence-transformers", ratio, TARGETS["query"], at_most=True)
    return {"milliseconds": figures, "ratio": ratio}


def share_of_ceiling(ours, folder, texts, repeats):
    """Our arithmetic rate as a share of the best rate any library here reaches for one large product."""
    hint = HINTS[ours.encoder.runtime["precision"]]
    lengths = token_lengths(ours, texts)
    work, rates, ceilings = operations(folder, lengths), [], {"openvino": [], "torch": []}
    ours(texts)
    for _ in range(repeats):
        ceilings["openvino"].append(ceiling(hint))
        ceilings["torch"].append(peers.torch_ceiling(hint))
        rates.append(work / common.seconds(ours, texts)[1])
    top = max(statistics.median(found) for found in ceilings.values())
    share = statistics.median(rates) / top
    print(f"  {statistics.median(rates) / 1e9:,.0f} GFLOP/s of {top / 1e9:,.0f} at {hint}")
    told("share of the matrix-product ceiling", share, TARGETS["ceiling"])
    return {"precision": hint, "gflops": [rate / 1e9 for rate in rates],
            "ceiling_gflops": {name: [rate / 1e9 for rate in found] for name, found in ceilings.items()},
            "share": share}  # fmt: skip


FIVE_LINES = """
from sentence_transformers import SentenceTransformer
import sys
model = SentenceTransformer(sys.argv[1])
vector = model.encode("hello")
print(vector.tolist())
"""


def process(folder, repeats):
    """A whole process from start to one printed vector, warm caches, taking turns."""
    commands = {
        "embedingest": [sys.executable, "-m", "embedingest", "embed", "hello", "--model", str(folder.path)],
        "sentence-transformers": [sys.executable, "-c", FIVE_LINES, str(folder.path)],
    }
    taken = {name: [] for name in commands}
    for i in range(repeats + 1):
        for name, command in commands.items():
            found = ran(command)
            if i:
                taken[name].append(found)
    wall = {name: statistics.median(seconds for seconds, _ in found) for name, found in taken.items()}
    memory = {name: statistics.median(mib for _, mib in found) for name, found in taken.items()}
    for name in commands:
        print(f"  {wall[name]:6.2f} s  {memory[name]:6.0f} MiB  {name}")
    ours, theirs = "embedingest", "sentence-transformers"
    told("wall time", wall[ours] / wall[theirs], TARGETS["process"][0], at_most=True)
    told("peak memory", memory[ours] / memory[theirs], TARGETS["process"][1], at_most=True)
    return {"seconds": wall, "peak_mib": memory, "runs": taken}


# A process of its own starts the command: a child's peak memory begins at that of the process it was forked from.
LAUNCH = """
import os, subprocess, sys, time
began = time.perf_counter()
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(child.pid, 0)
print(status, time.perf_counter() - began, usage.ru_maxrss / 1024)
"""


def ran(command):
    """Wall seconds and peak resident MiB of one process."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    launched = [sys.executable, "-S", "-E", "-c", LAUNCH, *command]
    done = subprocess.run(launched, capture_output=True, text=True, check=True, env=environment)
    status, seconds, mib = done.stdout.split()[-3:]
    if status != "0":
        raise SystemExit(f"{command} ended with {status}: {done.stderr}")
    return float(seconds), float(mib)


MEMORY = """
import json, random, sys
sys.path[:0] = json.loads(sys.argv[1])
from embedingest.config import ModelConfig
from embedingest.engine.choose import create
from embedingest.engine.folder import ModelFolder
from embedingest.engine.scheduler import Scheduler
encoder = create(ModelFolder.open(sys.argv[2]), ModelConfig())
scheduler, rng = Scheduler(encoder), random.Random(5)
words = json.load(open(sys.argv[3]))
peak = lambda: int(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0]) / 1024
def some(n):
    sizes = [rng.choice((3, 8, 20, 40)) if rng.random() < 0.85 else rng.randint(40, 200) for _ in range(n)]
    texts = [" ".join(rng.choices(words, k=size)) for size in sizes]
    tokens = [ids[:encoder.max_tokens - encoder.special_tokens] for ids in encoder.tokenize(texts)]
    scheduler.submit(tokens, priority="bulk").result()
for _ in range(10): some(100)
first = peak()
for _ in range((int(sys.argv[4]) - 1000) // 500): some(500)
print(json.dumps([first, peak()]))
"""


def memory(folder, texts, total):
    """Peak resident memory over many texts of mixed length, against the peak after the first thousand."""
    words = sorted({word for text in texts for word in text.split()})
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(words, file)
        file.flush()
        done = subprocess.run(
            [sys.executable, "-c", MEMORY, json.dumps(sys.path), str(folder.path), file.name, str(total)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    first, last = json.loads(done.stdout.splitlines()[-1])
    print(f"  {first:.0f} MiB after 1 000 texts, {last:.0f} MiB after {total}")
    told("peak memory growth", last / first, TARGETS["memory"], at_most=True)
    return {"texts": total, "first_mib": first, "last_mib": last, "ratio": last / first}


def token_lengths(ours, texts):
    window = ours.encoder.max_tokens - ours.encoder.special_tokens
    return [min(len(ids), window) + ours.encoder.special_tokens for ids in ours.encoder.tokenize(texts)]


def quantiles(found):
    ordered = sorted(found)
    return {f"p{share}": ordered[min(len(ordered) - 1, len(ordered) * share // 100)] for share in (50, 95, 99)}


def told(what, figure, target, *, at_most=False):
    if target is None:
        print(f"  {what}: {figure:.2f}")
        return
    met = figure <= target if at_most else figure >= target
    print(
        f"  {what}: {figure:.2f} (target {'at most' if at_most else 'at least'} {target}) {'met' if met else 'MISSED'}"
    )


def known_name(folder):
    return {384: "all-MiniLM-L6-v2", 768: "all-mpnet-base-v2"}.get(folder.dimensions, folder.path.name)


def machine():
    found = {"processor": platform.processor() or platform.machine(), "cores": cpu.cores(), "flags": cpu.flags()}
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else ():
        if line.startswith("model name"):
            found["processor"] = line.partition(":")[2].strip()
            break
    return {**found, "python": platform.python_version(), "load": os.getloadavg()[0]}


def versions():
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def keep(section, figures):
    """Add a section to this commit's result file."""
    here = Path(__file__).parent
    commit = subprocess.run(["git", "-C", here, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True)
    path = RESULTS / f"{commit.stdout.strip() or 'uncommitted'}.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    known[section] = figures
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
    print(f"kept in {path}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=None, help="default: the packaged all-minilm")
    parser.add_argument("--texts", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--soak", type=int, default=50_000, help="texts of the memory row")
    rows = ("bulk", "query", "ceiling", "process", "memory")
    parser.add_argument("--rows", nargs="+", choices=rows, default=rows)
    corpora.corpus_option(parser)
    asked = parser.parse_args()
    folder = ModelFolder.open(asked.model or common.packaged())
    texts = corpora.chunks(asked.corpus, asked.texts, folder.tokenizer_path, folder.max_tokens)
    ours = Ours(folder)
    ours(texts[:64])
    found = {"machine": machine(), "versions": versions(), "runtime": ours.encoder.runtime}
    print(f"{known_name(folder)}: {found['runtime']}")
    with tempfile.TemporaryDirectory() as work:
        made = {
            "bulk": lambda: bulk(ours, folder, texts, asked.repeats, work),
            "query": lambda: query(ours, folder, texts),
            "ceiling": lambda: share_of_ceiling(ours, folder, texts, asked.repeats),
            "process": lambda: process(folder, asked.repeats),
            "memory": lambda: memory(folder, texts, asked.soak),
        }
        for row in asked.rows:
            print(f"{row}:")
            found[row] = made[row]()
    found["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    keep(f"engine {known_name(folder)}", found)


if __name__ == "__main__":
    main()
