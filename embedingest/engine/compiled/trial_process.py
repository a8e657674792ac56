"""What the process does that tries settings: compile, infer, say so. It may die of it: that is what it is for.

Settings are tried in their order. Each line of output is the number of the setting and what is known of it: `began`,
`.` for each batch, `done`, or `failed` and the reason. The vectors of each setting are left in a file.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np

from embedingest.engine.compiled import runtime
from embedingest.engine.compiled.graphs import infer
from embedingest.system import leave_no_core

__all__ = ["main"]


def main() -> None:
    """Get ready, then try every setting of the work file that the one line of input names (`trial.py` writes it)."""
    leave_no_core()
    core = runtime.core()
    line = sys.stdin.readline()
    if not line:  # nobody is left to give any
        return
    work = json.loads(line)
    content = json.loads(Path(work).read_text("ascii"))
    for number, setting in content["settings"]:
        _say(number, "began", content["silence_seconds"])
        try:
            vectors = _tried(core, content, number, setting)
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is the reason
            _say(number, f"failed {type(error).__name__}: {' '.join(str(error).split())[-300:]}")
        else:
            np.save(f"{work}-{number}.npy", vectors)
            _say(number, "done")


def _tried(core: Any, content: dict[str, Any], number: int, setting: dict[str, Any]) -> Any:
    compiled = core.compile_model(content["graph"], "CPU", setting["options"])
    requests = [compiled.create_infer_request() for _ in range(setting["requests"])]
    rows: list[list[int]] = content["rows"]
    answers: dict[int, Any] = {}
    for turn, group in enumerate(content["batches"][: setting["most_batches"]]):
        request = requests[turn % len(requests)]
        vectors = infer(request, [rows[i] for i in group], pad=content["pad"], most=content["most_tokens"])
        answers.update(zip(group, vectors, strict=True))
        _say(number, ".", content["silence_seconds"])
    return np.stack([answers[i] for i in sorted(answers)])


def _say(number: int, word: str, silence_seconds: float | None = None) -> None:
    if silence_seconds is not None and hasattr(signal, "setitimer"):
        # Where nobody is left to end it, it ends itself, whatever it hangs in.
        signal.setitimer(signal.ITIMER_REAL, 2 * silence_seconds)
    sys.stdout.write(f"{number} {word}\n")
    sys.stdout.flush()
