"""Whoever reads that something failed, or did not reach the table, reads what to do: no code or kind is forgotten."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import embedingest
from embedingest import errors
from embedingest.ingest import notices
from embedingest.ingest.remedies import NOTHING_TO_DO, REMEDIES
from tests.ingest.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(embedingest.__file__).parent
PLUGINS = PACKAGE.parent / "plugins"

NO_USUAL_REMEDY = {
    "EmbedingestError": "the base: what is raised is one of the others",
    "ConfigError": "each says what is set, where, and which values there are",
    "DocumentError": "its code has one (`ingest/remedies.py`)",
    "DocumentSkipped": "its code has one, or says why nothing is to be done",
    "PullError": "says what the hub said",
}


def classes(root: type[errors.EmbedingestError]) -> Iterator[type[errors.EmbedingestError]]:
    yield root
    for cls in root.__subclasses__():
        yield from classes(cls)


def test_each_class_of_errors_has_a_remedy_or_a_reason_to_have_none():
    found = {getattr(errors, name) for name in errors.__all__}
    without = {cls.__name__ for cls in found if cls.usual_remedy is None}
    assert without == NO_USUAL_REMEDY.keys() & {cls.__name__ for cls in found}
    assert {cls.__name__ for cls in found} <= {cls.__name__ for cls in classes(errors.EmbedingestError)}


def test_an_error_that_is_given_no_remedy_shows_the_usual_one_of_its_class():
    assert errors.OverloadedError("too much").remedy == "try again in a moment"
    assert errors.OverloadedError("too much", remedy="wait").remedy == "wait"
    assert str(errors.TableMissingError("no table")).endswith("hint: `embedingest ingest PATH` makes it")


def codes() -> set[str]:
    """Every `code="…"` of a document's error in the package and in our plug-ins."""
    found = set()
    for file in [*PACKAGE.rglob("*.py"), *PLUGINS.rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and "Document" in ast.unparse(node.func):
                values = [word.value for word in node.keywords if word.arg == "code"]
                found |= {value.value for value in values if isinstance(value, ast.Constant)}
    return found


def test_each_code_of_a_failure_and_each_kind_of_notice_has_a_remedy_or_a_reason_to_have_none():
    kinds = codes() | set(notices._MEANINGS)
    assert len(kinds) > 60
    missing = kinds - REMEDIES.keys() - NOTHING_TO_DO.keys() - {"missing_extra"}  # each of these names its own command
    assert sorted(missing) == []
    assert sorted(REMEDIES.keys() & NOTHING_TO_DO.keys()) == []


@pytest.mark.parametrize(
    ("name", "content", "remedy"),
    [
        ("broken.pdf", b"%PDF-1.4 nothing", "save it again"),
        ("book.epub", b"PK\x03\x04 nothing", "save it again"),
    ],
)
def test_a_failure_ends_with_what_to_do_in_the_report_and_in_the_journal(
    tmp_path: Path, name: str, content: bytes, remedy: str
) -> None:
    world = World(tmp_path)
    world.write(name, content)
    (failure,) = world.run().failures
    assert remedy in failure.error.rpartition("; ")[2]
    (again,) = world.run().failures
    assert again == failure, "what the journal remembers of it"
