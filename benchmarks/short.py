"""Short texts, and all others, through the engine of this checkout and of another one, by turns.

    python benchmarks/short.py --baseline CHECKOUT                  all-MiniLM-L6-v2, in the precision that it gets here
    python benchmarks/short.py --baseline CHECKOUT --rows "fp32 with AVX2 alone"
    python benchmarks/short.py --baseline CHECKOUT --rounds 2       a smoke run

Each checkout is a process of its own that answers the same calls of `Engine.embed`, one process after the other, the first
of them in turn. The verdict is by the processor's time: of wall time only a machine that does nothing else tells
anything. The vectors of both are held against each other.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import numpy as np

from embedingest.engine.vectors import cosines

import common
import record as records
import texts as corpora
from record import Check

KINDS = {  # texts of a call, the least and the most tokens of each, and how many calls of them a round has
    "one query of 5 to 20 tokens": (1, 5, 20, 20),
    "10 queries of 5 to 20": (10, 5, 20, 6),
    "100 queries of 5 to 20": (100, 5, 20, 2),
    "100 questions of 20 to 40": (100, 20, 40, 1),
    "60 texts of 5 to 250": (60, 5, 250, 1),
    "24 chunks of 200 to 250": (24, 200, 250, 1),
}
GAINS = {"100 queries of 5 to 20": 1.2, "100 questions of 20 to 40": 1.2}
NO_LOSS = 0.98
ROWS = {"as it comes": {}, "fp32 with AVX2 alone": {"ONEDNN_MAX_CPU_ISA": "AVX2"}}
SIDE = """
import json, sys, time
import numpy as np
import psutil
from embedingest.build.models import open_engine
from embedingest.config import EngineConfig, ModelConfig
began = time.perf_counter()
engine = open_engine(EngineConfig(keep_alive=-1), {"bench": ModelConfig(path=sys.argv[1], precision=sys.argv[2])})
engine.embed(["hello"], model="bench")
ready = time.perf_counter() - began
for line in sys.stdin:
    calls, answers = json.loads(line), []
    wall, processor = time.perf_counter(), time.process_time()
    for texts in calls:
        answers.append(engine.embed(texts, model="bench", priority="query" if len(texts) < 100 else "bulk"))
    told = {"wall": time.perf_counter() - wall, "processor": time.process_time() - processor, "ready": ready,
            "mib": psutil.Process().memory_info().rss / 2**20, "runtime": dict(engine.running()[0].runtime),
            "tokens": int(sum(one.token_counts.sum() for one in answers)),
            "vectors": np.concatenate([one.vectors for one in answers]).tolist()}
    print(json.dumps(told), flush=True)
"""


def calls_of(kind, rounds):
    """For each round its calls, each a list of texts; no two texts are alike."""
    count, least, most, calls = KINDS[kind]
    chance = random.Random(3)
    lengths = iter(lambda: chance.randint(least, most), None)
    tokenizer = corpora.whole(common.packaged() / "tokenizer.json")
    found = dict.fromkeys(piece for text in corpora.documents(None) for piece in corpora.cut(text, tokenizer, lengths))
    texts = corpora.shuffled(list(found))
    whole = [texts[at : at + count] for at in range(0, len(texts) - count + 1, count)]
    if len(whole) < calls * rounds:
        raise SystemExit(
            f"the manual holds {len(whole)} calls of {kind}, and {calls * rounds} are needed: fewer --rounds"
        )
    return [whole[at : at + calls] for at in range(0, calls * rounds, calls)]


@contextmanager
def side(checkout, precision, environment):
    """A process that answers calls with the engine of a checkout."""
    command = [sys.executable, "-P", "-c", SIDE, str(common.packaged()), precision]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, **environment, "PYTHONPATH": str(checkout)},
    ) as process:  # fmt: skip
        yield partial(asked, process)
        process.stdin.close()


def asked(process, calls):
    process.stdin.write(json.dumps(calls) + "\n")
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"the engine ended with {process.wait()}")
    told = json.loads(line)
    told["vectors"] = np.array(told["vectors"], np.float32)
    return told


def compare(run, name, environment):
    precision = "auto" if not environment else "fp32"
    figures, checks = {"baseline": run.commit, "precision": precision}, []
    with ExitStack() as stack:
        here, there = (
            stack.enter_context(side(path, precision, environment)) for path in (records.HERE.parent, run.baseline)
        )
        for kind in KINDS:
            rounds = calls_of(kind, run.rounds + 1)
            here(rounds[0]), there(rounds[0])
            found = figures[kind] = by_turns(here, there, rounds[1:])
            print(f"  {found['processor']:5.2f} ×, of wall time {found['wall']:5.2f} ×  least cosine "
                  f"{found['least_cosine']:.6f}  {found['tokens']} tokens  {kind}", flush=True)  # fmt: skip
            checks.append(Check(f"{kind}, processor time", found["processor"], GAINS.get(kind, NO_LOSS)))
        for key, one in (("here", here), ("there", there)):
            told = one([["the end"]])
            figures[key] = {"resident_mib": told["mib"], "seconds_to_the_first_vector": told["ready"],
                            "runtime": told["runtime"]}  # fmt: skip
    ratio = figures["here"]["resident_mib"] / figures["there"]["resident_mib"]
    checks.append(Check("resident memory at the end", ratio, 1.05, at_most=True))
    run.record.told(name, figures, checks)


def by_turns(here, there, rounds):
    """Ratios of medians of seconds (there over here, so that more is better), and all of them."""
    seconds, least = {"here": [], "there": []}, 1.0
    for number, calls in enumerate(rounds):
        answers = {}
        for name, one in (("here", here), ("there", there))[:: 1 if number % 2 else -1]:
            answers[name] = told = one(calls)
            seconds[name].append((told["wall"], told["processor"]))
        least = min(least, float(cosines(answers["here"]["vectors"], answers["there"]["vectors"]).min()))
        tokens = answers["here"]["tokens"]
        if tokens != answers["there"]["tokens"]:
            raise RuntimeError(f"{tokens} tokens here, {answers['there']['tokens']} there")
    medians = {
        name: [statistics.median(column) for column in zip(*taken, strict=True)] for name, taken in seconds.items()
    }
    wall, processor = (there / here for there, here in zip(medians["there"], medians["here"], strict=True))
    return {"wall": wall, "processor": processor, "least_cosine": least, "tokens": tokens, "seconds": seconds,
            "milliseconds_wall": {name: 1e3 * of[0] for name, of in medians.items()}}  # fmt: skip


class Run:
    def __init__(self, arguments):
        self.rounds, self.baseline = arguments.rounds, arguments.baseline.resolve()
        self.record = records.Record("short texts", arguments.results)
        self.commit = subprocess.run(
            ["git", "-C", self.baseline, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True
        ).stdout.strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--baseline", type=Path, required=True, help="a checkout of another commit")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--rows", nargs="+", choices=tuple(ROWS), default=tuple(ROWS))
    parser.add_argument("--results", type=Path, default=records.RESULTS, help="folder of the result files")
    run = Run(arguments := parser.parse_args())
    return records.run(run.record, {name: partial(compare, run, name, ROWS[name]) for name in arguments.rows})


if __name__ == "__main__":
    sys.exit(main())
