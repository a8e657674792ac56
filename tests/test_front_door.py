"""The public list is true, and the door opens without weight."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys

import pytest

import embedingest


def test_every_public_name_is_there() -> None:
    assert {name: getattr(embedingest, name) is not None for name in embedingest.__all__} == dict.fromkeys(
        embedingest.__all__, True
    )


def test_the_list_is_sorted_and_equals_the_rooms() -> None:
    assert sorted(embedingest.__all__) == sorted([*embedingest._ROOMS, "__version__"])
    assert dir(embedingest) == sorted(embedingest.__all__)


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse(inspect.getsource(embedingest))
    guarded = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {alias.name for node in guarded.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert seen == set(embedingest._ROOMS)


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no public name `nonsense`"):
        embedingest.nonsense  # noqa: B018


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = (
        "import sys, embedingest; embedingest.Document, embedingest.ConfigError, embedingest.Encoder;"
        "heavy = {'torch','transformers','sentence_transformers','lancedb','pyarrow','fastapi','openvino','numpy',"
        "'click','pydantic'}; print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
