"""A model that comes and goes all the time while many ask it: everybody is answered, and the process lives."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.depth import only_deep

pytestmark = [pytest.mark.slow, pytest.mark.weights, only_deep]

SECONDS = float(os.environ.get("EMBEDINGEST_UNLOADING_SECONDS", "30"))

COMING_AND_GOING = """
import random, sys, threading, time
from embedingest.config import EngineConfig
from embedingest.engine.local import LocalEngine
from embedingest.server import readiness as room

room._TRIAL_SECONDS, room._LEAST_STALL_SECONDS = 0.0, 3600.0  # a trial at each look; machines are slow at times
end = time.monotonic() + float(sys.argv[1])
engine, counts, wrong = LocalEngine(EngineConfig()), {"texts": 0, "looks": 0, "unloads": 0}, set()
readiness = room.Readiness(engine)

def embed(seed):
    dice = random.Random(seed)
    while time.monotonic() < end:
        texts = ["word " * dice.randint(1, 100)] * dice.choice((1, 1, 3)) + ["other " * n for n in range(dice.choice((0, 40)))]
        answer = engine.embed(texts, model="all-minilm", keep_alive=dice.choice((0, 0, 1, None)), priority=dice.choice(("query", "bulk")))
        assert answer.vectors.shape == (len(texts), 384)
        counts["texts"] += len(texts)

def look():
    while time.monotonic() < end:
        readiness.look()
        wrong.update(str(problem) for problem in readiness._found[1])
        counts["looks"] += 1
        time.sleep(0.01)

def unload():
    while time.monotonic() < end:
        engine.unload("all-minilm")
        counts["unloads"] += 1
        time.sleep(0.02)

failed = []
threading.excepthook = lambda args: failed.append(repr(args.exc_value))
threads = [threading.Thread(target=embed, args=(seed,)) for seed in range(6)] + [threading.Thread(target=each) for each in (look, unload)]
for thread in threads: thread.start()
for thread in threads: thread.join()
engine.close()
print(counts)
sys.exit(str(failed or wrong) if failed or wrong else 0)
"""


def test_many_embed_while_the_model_is_loaded_looked_at_and_unloaded():
    command = [sys.executable, "-X", "faulthandler", "-c", COMING_AND_GOING, str(SECONDS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS + 120, check=False)
    assert done.returncode == 0, done.stderr
    assert "'texts': 0" not in done.stdout
    assert "'looks': 0" not in done.stdout
