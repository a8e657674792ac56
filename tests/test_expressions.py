"""Regular expressions of the main process take time linear in what they read, whoever wrote it.

What a worker runs is left out: it has a time limit, and `ingest/load/test_linear.py`.
"""

from __future__ import annotations

import ast
import importlib
import re
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

import embedingest
from tests.backtracking import growth
from tests.depth import few, much

pytestmark = pytest.mark.slow

ROOT = Path(embedingest.__file__).parent
IN_WORKERS = ("ingest/load/", "ingest/chunk/", "ingest/extract/worker_")
CALLS = {"compile", "match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer"}
USES = re.compile(rf"\bre\.(?:{'|'.join(sorted(CALLS))})\(")
ALMOST_LINEAR = 2.6
"""Times as many steps for twice the text; a square takes close to four times as many."""

MOST_TEXTS = 100
"""Of one expression, where not all are tried."""

BOUNDED: dict[str, str] = {}
"""Expressions that may take more, with what bounds their text."""

MADE = {
    "server/guard.py:_origins": "one wildcard between two fixed texts, over a header of at most 64 KiB",
    "ingest/rows/path_pattern.py:__init__": "atomic, held by tests/ingest/rows/test_path_pattern.py",
    "ingest/scan/patterns.py:matches": "atomic, held by tests/ingest/scan/test_patterns.py",
    "ingest/scan/patterns.py:_union": "atomic, held by tests/ingest/scan/test_patterns.py",
    "ingest/scan/excluded.py:_pattern": "at most two wildcards, over names of at most 255 bytes",
    "ingest/scan/sidecar.py:_pattern": "one wildcard between two fixed texts",
    "server/render.py:_pattern": "two hundred fixed words at most, over a chunk of at most 20 000 characters",
    "engine/folder/cutting.py:_long_runs": "fixed counts before a possessive run",
}
"""Expressions that are put together when the program runs, with what keeps them linear."""


class Found(NamedTuple):
    """An expression in the source: where, and how it is used; `pattern` is `None` for one that is made at run time."""

    place: str
    pattern: str | bytes | None
    flags: int
    how: str


def expressions() -> list[Found]:
    found = []
    for file in sorted(ROOT.rglob("*.py")):
        name = file.relative_to(ROOT).as_posix()
        text = file.read_text()
        if not name.startswith(IN_WORKERS) and USES.search(text):
            found += _of_module(name, text)
    return found


def _of_module(name: str, text: str) -> list[Found]:
    tree = ast.parse(text)
    found = []
    for scope, call in _calls(tree, "", ""):
        method = call.func.attr
        if method == "compile" and scope.startswith("="):
            module = importlib.import_module("embedingest." + name[:-3].replace("/", "."))
            compiled = getattr(module, scope[1:])
            found.append(Found(f"{name}:{scope[1:]}", compiled.pattern, compiled.flags, _how(text, scope[1:])))
        elif isinstance(call.args[0], ast.Constant):
            how = method if method in {"match", "fullmatch"} else "search"
            found.append(Found(f"{name}:{scope}", call.args[0].value, 0, how))
        else:
            found.append(Found(f"{name}:{scope}", None, 0, ""))
    return found


def _calls(node: ast.AST, scope: str, assigned: str):
    """Calls of `re`, each with the function it stands in, or `=NAME` where a module keeps it under that name."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        scope, assigned = node.name, ""
    elif isinstance(node, (ast.Assign, ast.AnnAssign)) and not scope:
        target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
        assigned = f"={target.id}" if isinstance(target, ast.Name) and isinstance(node.value, ast.Call) else ""
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and (node.func.value.id, node.func.attr in CALLS) == ("re", True)
    ):
        yield assigned or scope, node
    for child in ast.iter_child_nodes(node):
        yield from _calls(child, scope, assigned)


def _how(text: str, name: str) -> str:
    used = set(re.findall(rf"\b{name}\.(\w+)\b", text))
    if used and used <= {"fullmatch"}:
        return "fullmatch"
    return "match" if used and used <= {"match", "fullmatch"} else "search"


FOUND = expressions()


@few(22)
@pytest.mark.deep
@pytest.mark.parametrize("found", [one for one in FOUND if one.pattern is not None], ids=lambda one: one.place)
def test_twice_the_text_takes_twice_the_steps(found: Found) -> None:
    grown, text = growth(found.pattern, found.flags, found.how, most=much(MOST_TEXTS, sys.maxsize))
    assert grown < ALMOST_LINEAR or found.place in BOUNDED, (found.pattern, text)


def test_expressions_made_at_run_time_are_known_by_name() -> None:
    assert {one.place for one in FOUND if one.pattern is None} == set(MADE)
    assert set(BOUNDED) <= {one.place for one in FOUND}


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+b",
        r"a*a*b",
        r"\{[^}]*\}",
        r"\s+$",
        r"(?:a|ab|b)*c",
        r'"(?:[^"]|\\")*";',
        r"(?:x[^y]*)*z",
        r"(\w+) +\1 +!",
    ],
)
def test_expressions_that_backtrack_are_found(pattern: str) -> None:
    assert growth(pattern)[0] > ALMOST_LINEAR


@pytest.mark.parametrize("pattern", [r"\w+(?:['’]\w+)*", r"[a-z]++@?", r"(?>a*)b", r"(?:[^\\]|\\.)*+", r"a{1,9}b"])
def test_expressions_that_do_not_are_let_pass(pattern: str) -> None:
    assert growth(pattern, how="match")[0] < ALMOST_LINEAR
