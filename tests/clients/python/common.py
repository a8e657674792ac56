"""What every client must see: the same vectors, a long text answered, an unknown model refused.

And of those that rerank, the order that the server has.
"""

from __future__ import annotations

import json
import math
import os
import sys
import urllib.request
from collections.abc import Callable, Sequence
from importlib.metadata import version

URL = os.environ["EMBEDINGEST_URL"]
MODEL = "all-minilm"
TEXT = "why is the sky blue?"
OTHER = "why is the grass green?"
LONG = "a long text about the sky and the grass. " * 3000
EXPECTED = [float(number) for number in os.environ["EMBEDINGEST_EXPECTED"].split(",")]
"""What the engine itself gives for `TEXT`."""
RERANKER = "tiny-reranker"
QUERY = "the sky is blue"
DOCUMENTS = ["the sea is blue", "a cat sat on warm roof", "light", "rain fell over hills"]


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


def check_order(
    package: str,
    ranked: Callable[[int], Sequence[tuple[str, float]]],
    refused: type[Exception],
    unknown: Callable[[], object],
) -> None:
    """Run the trials of a client that reranks: `ranked` gives the best documents with their scores, so many.

    The weights of the model are random: what is held is that every client reads the same.
    """
    body = json.dumps({"model": RERANKER, "query": QUERY, "documents": DOCUMENTS}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{URL}/api/rerank", body)) as answer:
        due = [(DOCUMENTS[each["index"]], each["relevance_score"]) for each in json.load(answer)["results"]]
    for most in (1, 3, 4):
        found = list(ranked(most))
        assert [text for text, _ in found] == [text for text, _ in due[:most]], found
        assert all(math.isclose(mine, theirs, abs_tol=1e-5) for (_, mine), (_, theirs) in zip(found, due, strict=False))
    try:
        unknown()
    except refused as error:
        assert "not found" in str(error), error
    else:
        sys.exit(f"{package}: an unknown reranker was not refused")
    print(f"{package} {version(package)}: reranks, unknown model: ok")


def near(left: Sequence[float], right: Sequence[float]) -> float:
    """Cosine of two vectors."""
    norms = math.hypot(*left) * math.hypot(*right)
    return sum(a * b for a, b in zip(left, right, strict=True)) / norms
