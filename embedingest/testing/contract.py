"""Checks by group, and the one line that turns them into pytest tests. Knows no single check."""

from __future__ import annotations

import functools
import inspect
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from embedingest.registry import GROUPS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Check", "checks", "claims", "contract"]

# What stands where encoders stand has suites of its own.
_SUITES: Final = (*GROUPS, "scorers", "sparse", "late")


@dataclass(frozen=True, slots=True)
class Check:
    """One claim: `run` takes the plug-in's object, with examples where it wants them.

    Calling it raises AssertionError where the claim is false.
    """

    name: str
    says: str
    run: Callable[..., None]

    def __call__(self, subject: Any, examples: Mapping[str, bytes] | None = None) -> None:
        arguments = () if len(inspect.signature(self.run).parameters) == 1 else (examples or {},)
        self.run(subject, *arguments)


def claims(module: dict[str, Any]) -> tuple[Check, ...]:
    """The checks of a module: its functions named `owes_…`, in the order in which they are written."""
    functions = [value for name, value in module.items() if name.startswith("owes_")]
    return tuple(
        Check(name=f.__name__.removeprefix("owes_"), says=(f.__doc__ or "").strip().splitlines()[0], run=f)
        for f in functions
    )


def checks(group: str) -> tuple[Check, ...]:
    """What everything in `group` (`encoders`, `engines`, `loaders`, `chunkers`, `sources`) owes, and what `scorers` do.

    A scorer comes in by the group `encoders`, from a factory that makes a `Scorer`. `sparse` is of `SparseRows`, and
    `late` of a `LateEncoder`.
    """
    if group not in _SUITES:
        raise ValueError(f"`{group}` is no group: {', '.join(_SUITES)}")
    group_checks: tuple[Check, ...] = import_module(f"embedingest.testing.{group}").CHECKS
    return group_checks


def contract(group: str, make: Callable[[], Any], examples: Mapping[str, bytes] | None = None) -> Callable[..., None]:
    """A pytest test, one case a check, over what `make` returns (made once, on first use).

    `examples` are files by name that a loader must read. Needs pytest.
    """
    import pytest

    subject = functools.cache(make)

    @pytest.mark.parametrize("check", checks(group), ids=lambda check: check.name)
    def test_contract(check: Check) -> None:
        check(subject(), examples)

    return test_contract
