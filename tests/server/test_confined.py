"""What a filtered key sees of a table: every route goes through the one place that adds its filter."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

import embedingest.server.routes
from embedingest.server.confined import Confined
from embedingest.server.tables import TableView

ROUTES = sorted(Path(embedingest.server.routes.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("path", ROUTES, ids=[path.stem for path in ROUTES])
def test_no_route_reads_a_table_past_the_filter_of_the_key(path):
    tree = ast.parse(path.read_text("utf-8"))
    owned = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)]
    assert not [
        node.attr for node in owned if node.value.id == "state" and node.attr in ("table", "search", "assistants")
    ]


def test_whatever_a_table_can_be_asked_is_asked_within_the_filter():
    methods = [name for name, member in vars(TableView).items() if callable(member) and not name.startswith("_")]
    assert len(methods) >= 5
    asked = {}

    class Table:
        def __getattr__(self, name):
            def answer(*_, **options):
                asked[name] = options.get("within")
                return {}

            return answer

    confined = Confined(Table(), "page = 1")
    for name in methods:
        takes = inspect.signature(getattr(TableView, name)).parameters
        needed = [p for p in takes.values() if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
        told = getattr(confined, name)(*(["x"] * (len(needed) - 1)))
        if "within" in takes:
            assert asked[name] == "page = 1"
            assert told["filtered"] is True
    assert set(asked) == set(methods)
