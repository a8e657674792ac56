"""What every client must see: the same vectors, a long text answered, an unknown model refused."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version

URL = os.environ["EMBEDINGEST_URL"]
MODEL = "all-minilm"
TEXT = "why is the sky blue?"
OTHER = "why is the grass green?"
LONG = "a long text about the sky and the grass. " * 3000
EXPECTED = [float(number) for number in os.environ["EMBEDINGEST_EXPECTED"].split(",")]
"""What the engine itself gives for `TEXT`."""


def check(
    package: str,
    single: Callable[[str], Sequence[float]],
    batch: Callable[[list[str]], Sequence[Sequence[float]]],
    unknown: Callable[[], object],
    refused: type[Exception],
    release: str = "",
) -> None:
    """Run the four trials of one client and print its version, `release` for what is no package of Python."""
    one = list(single(TEXT))
    assert near(one, EXPECTED) > 0.999999, one[:4]
    many = [list(row) for row in batch([OTHER, TEXT, "third"])]
    assert len(many) == 3
    assert near(many[1], one) > 0.9999, near(many[1], one)
    assert near(many[0], one) < 0.9
    long = list(single(LONG))
    assert abs(near(long, long) - 1) < 1e-4
    try:
        unknown()
    except refused as error:
        assert "not found" in str(error), error
    else:
        sys.exit(f"{package}: an unknown model was not refused")
    print(f"{package} {release or version(package)}: single, batch, long text, unknown model: ok")


def near(left: Sequence[float], right: Sequence[float]) -> float:
    """Cosine of two vectors."""
    norms = math.hypot(*left) * math.hypot(*right)
    return sum(a * b for a, b in zip(left, right, strict=True)) / norms
