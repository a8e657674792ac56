"""Encoders of a stranger's plug-in, for trials: the weightless one, and what can be told of it from outside.

`TRIAL_COUNT` names a file to which each text that is encoded is appended by whichever process does: a line of JSON with the
process, the time after it in seconds and the text. `TRIAL_SECONDS` is how long a text takes where that is made longer.
Machines with another `TRIAL_REVISION` have other weights under the same name.
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from embedingest.engine.hashing import HashingEncoder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["DEADLY_WORD", "Counted", "Deadly", "Encoded", "Sleeping", "encoded", "plain", "tellings"]

DEADLY_WORD: Final = "nightshade"


class Encoded(NamedTuple):
    """One text that was encoded: by which process, when it was done, in seconds, and the text."""

    process: int
    at: float
    text: str


class Counted(HashingEncoder):
    """Tells of each text that it encodes."""

    def __init__(self, folder: Any = None, settings: Any = None) -> None:
        super().__init__()
        self.fingerprint += os.environ.get("TRIAL_REVISION", "")
        name = os.environ.get("TRIAL_COUNT")
        self._file = os.open(name, os.O_WRONLY | os.O_APPEND | os.O_CREAT) if name else None

    def encode(self, batch: Sequence[Any]) -> NDArray[np.float32]:
        if self._file is not None:
            me, now = os.getpid(), time.time()
            lines = [json.dumps([me, now, self.detokenize(tokens)]) for tokens in batch]
            os.write(self._file, ("\n".join(lines) + "\n").encode())
        return super().encode(batch)


class Sleeping(Counted):
    """Takes so long for each text as a model on a device of its own would: no processor is used meanwhile."""

    def encode(self, batch: Sequence[Any]) -> NDArray[np.float32]:
        time.sleep(float(os.environ.get("TRIAL_SECONDS", "0.05")) * len(batch))
        return super().encode(batch)


class Deadly(Counted):
    """Ends its process at a text with a certain word, as a fault in a driver or a runtime does."""

    def encode(self, batch: Sequence[Any]) -> NDArray[np.float32]:
        if any(DEADLY_WORD in self.detokenize(tokens) for tokens in batch):
            os.abort()
        return super().encode(batch)


def encoded(file: Path) -> list[str]:
    """The texts that were encoded, in order."""
    return [telling.text for telling in tellings(file)]


def tellings(file: Path) -> list[Encoded]:
    """What a file of `TRIAL_COUNT` tells, in order; a last line that was cut short is left out."""
    if not file.exists():
        return []
    return [Encoded(*json.loads(line)) for line in file.read_text().splitlines(keepends=True) if line.endswith("\n")]


def plain(text: str) -> str:
    """A text as `encoded` has it: tokens know no runs of white space."""
    return " ".join(text.split())
