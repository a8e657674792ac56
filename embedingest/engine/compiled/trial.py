"""Settings that a graph is to be compiled with, tried in a process of their own first: compiling may end the process.

A crash and a hang are reasons like any other. Knows no model folder and no cache.
"""

from __future__ import annotations

import contextlib
import json
import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from embedingest.engine import cancellation
from embedingest.engine.compiled.children import death, start
from embedingest.engine.compiled.graphs import BATCH_TOKENS
from embedingest.engine.scheduling.batching import batches
from embedingest.inbox import Inbox

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Probes", "Setting", "TrialProcess", "try_settings"]

_SILENCE_SECONDS: Final = 300.0
_BYTES_A_SECOND: Final = 4 * 2**20  # of weights, and a large model may take so much longer
_PROCESS: Final = "embedingest.engine.compiled.trial_process"


@dataclass(frozen=True, slots=True)
class Setting:
    """Options of OpenVINO, how many requests run side by side, and how many batches of the probes are enough."""

    options: dict[str, Any]
    requests: int = 1
    most_batches: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Probes:
    """Token rows (special tokens included), the id that pads them, and the model's positions."""

    rows: Sequence[Sequence[int]]
    pad: int
    most_tokens: int

    def groups(self) -> list[list[int]]:
        """Batches of mixed lengths, as bulk has them."""
        return batches([len(row) for row in self.rows], budget=BATCH_TOKENS, most=64)


def try_settings(
    graph: Path,
    settings: Sequence[Setting],
    probes: Probes,
    *,
    silence_seconds: float | None = None,
    process: TrialProcess | None = None,
) -> list[NDArray[np.float32] | str]:
    """For each setting its vectors, float32 (N, D) in the order of the probes, or the reason why it does not run.

    A setting with fewer batches gives the vectors of those alone. A process that says nothing for `silence_seconds`
    hangs. `process` is one that was started before, to be the first. Raises OSError where no process can be started, or
    another ended it.
    """
    if silence_seconds is None:
        silence_seconds = _SILENCE_SECONDS + graph.with_suffix(".bin").stat().st_size / _BYTES_A_SECOND
    work = graph.with_suffix(".work")
    outcomes: dict[int, NDArray[np.float32] | str] = {}
    try:
        while len(outcomes) < len(settings):
            open_ones = [number for number in range(len(settings)) if number not in outcomes]
            _write(work, graph, [(number, settings[number]) for number in open_ones], probes, silence_seconds)
            started = process.take() if process is not None else None
            settled = _one_process(started or start(_PROCESS), work, open_ones[0], silence_seconds)
            outcomes |= settled or {open_ones[0]: "the process that tried it ended without a word"}
    finally:
        for path in work.parent.glob(f"{work.name}*"):
            path.unlink(missing_ok=True)
    return [outcomes[number] for number in range(len(settings))]


def _write(
    work: Path, graph: Path, settings: Sequence[tuple[int, Setting]], probes: Probes, silence_seconds: float
) -> None:
    content = {
        "graph": str(graph),
        "rows": [list(map(int, row)) for row in probes.rows],
        "batches": probes.groups(),
        "pad": probes.pad,
        "most_tokens": probes.most_tokens,
        "silence_seconds": silence_seconds,
        "settings": [
            (number, {"options": s.options, "requests": s.requests, "most_batches": s.most_batches})
            for number, s in settings
        ],
    }
    work.write_text(json.dumps(content), encoding="ascii")


class TrialProcess:
    """A process that gets ready to try settings while something else is done; ended where it is not taken."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def take(self) -> subprocess.Popen[bytes] | None:
        """The process, once."""
        process, self._process = self._process, None
        return process

    def __enter__(self) -> Self:
        self._process = start(_PROCESS)
        return self

    def __exit__(self, *_: object) -> None:
        if (process := self.take()) is not None:
            with contextlib.suppress(OSError):
                process.kill()
            process.communicate()


def _one_process(
    process: subprocess.Popen[bytes], work: Path, first: int, silence_seconds: float
) -> dict[int, NDArray[np.float32] | str]:
    """What one process found out, until it ended well or badly; `first` is the setting that it begins with."""
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError), process.stdin as stream:  # one that died says so below
        stream.write(json.dumps(str(work)).encode() + b"\n")
    outcomes: dict[int, NDArray[np.float32] | str] = {}
    current, hangs = first, False
    said = _Words(process)
    try:
        for line in said.until(silence_seconds):
            number, _, word = line.partition(" ")
            current = int(number)
            if word == "done":
                outcomes[current] = np.load(f"{work}-{current}.npy", allow_pickle=False)
            elif word.startswith("failed "):
                outcomes[current] = word.removeprefix("failed ")
        hangs = not said.ended
    finally:
        with contextlib.suppress(OSError):
            process.kill()
        code_of_end = process.wait()
        said.close()
    if hangs:
        outcomes.setdefault(current, f"the process that tried it said nothing for {silence_seconds:.0f} s")
    elif code_of_end != 0:
        outcomes.setdefault(current, death(code_of_end, said.last_words, doing="tried it"))
    return outcomes


class _Words:
    """The lines that a process says, read by threads of their own so that it can be waited for with a limit."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.ended = False
        self.last_words = ""
        self._lines: Inbox[str | None] = Inbox()
        self._process = process
        self._readers = [
            threading.Thread(target=self._read_lines, daemon=True),
            threading.Thread(target=self._read_last_words, daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def until(self, silence_seconds: float) -> Iterator[str]:
        """The lines until the process ends, `ended` then, or says nothing for so long. Raises Cancelled."""
        while True:
            try:
                line = cancellation.get(self._lines, silence_seconds)
            except queue.Empty:
                return
            if line is None:
                self.ended = True
                return
            yield line

    def close(self) -> None:
        for reader in self._readers:
            reader.join(timeout=5)

    def _read_lines(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            for line in stream:
                word = line.decode("utf-8", "replace").rstrip("\n")
                if word.partition(" ")[0].isdecimal():  # a library may print what it likes
                    self._lines.put(word)
        self._lines.put(None)

    def _read_last_words(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as stream:
            for line in stream:
                said = line.decode("utf-8", "replace").strip()
                self.last_words = said[-300:] or self.last_words
