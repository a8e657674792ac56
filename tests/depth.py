"""How much is tried: little in every run, and much in `make deep`, which CI plays after the others."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _pytest.mark import ParameterSet

__all__ = ["DEEP", "much", "only_deep", "some"]

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
