"""How much is tried: little in every run, and much in `make deep`, which CI plays after the others."""

from __future__ import annotations

import os
from collections import defaultdict
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _pytest.mark import ParameterSet

__all__ = ["DEEP", "few", "much", "only_deep", "set_apart", "some"]

DEEP: Final = os.environ.get("EMBEDINGEST_DEEP") == "1"
"""Whether this is the deep run."""

only_deep = pytest.mark.deep(only=True)
"""For what is worth its minutes once a change, and not at each try. Counted among the skipped ones of other runs."""


def much(usual: int, deep: int) -> int:
    """How many examples, kills or sequences to try. The test is marked `deep`; those of hypothesis are known as they are."""
    return deep if DEEP else usual


def some(cases: Iterable[object], *usual: object) -> list[ParameterSet]:
    """Cases of a test of which the deep run tries all, and others the usual ones."""
    return [pytest.param(case, marks=() if case in usual else only_deep) for case in cases]


def few(usual: int) -> pytest.MarkDecorator:
    """On a test of many cases: the deep run tries those that others leave, which try so many, spread evenly over them."""
    return pytest.mark.few(usual)


def set_apart(items: Iterable[pytest.Item]) -> None:
    """Mark what `few` leaves to the deep run. A case that is named alone, or is among so few, is tried everywhere."""
    cases: defaultdict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if item.get_closest_marker("few") and not any(mark.kwargs.get("only") for mark in item.iter_markers("deep")):
            cases[item.nodeid.partition("[")[0]].append(item)
    for of_one in cases.values():
        mark = of_one[0].get_closest_marker("few")
        assert mark is not None
        usual = min(mark.args[0], len(of_one))
        chosen = {number * len(of_one) // usual for number in range(usual)}
        for number, item in enumerate(of_one):
            if number not in chosen:
                item.add_marker(only_deep)
