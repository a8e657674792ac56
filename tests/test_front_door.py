"""The public lists are true, and the doors open without weight."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import embedingest
import embedingest.plugin
from tests.depth import few, only_deep

pytestmark = pytest.mark.slow

DOORS = [embedingest, embedingest.plugin]
DOCS = Path(__file__).parent.parent / "docs"


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_every_public_name_is_there(door):
    assert [name for name in door.__all__ if getattr(door, name, None) is None] == []


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_the_list_is_sorted_and_is_what_the_module_shows(door):
    assert door.__all__ == sorted(door.__all__)
    assert dir(door) == door.__all__
    assert set(door.__all__) - {"__version__"} == set(door._MODULES)


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_type_checkers_see_the_same_names(door):
    tree = ast.parse(inspect.getsource(door))
    guarded = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {alias.name for node in guarded.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert seen == set(door._MODULES)


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_everything_public_says_what_it_is(door):
    undocumented = [
        name
        for name in door.__all__
        if callable(value := getattr(door, name)) and not (inspect.getdoc(value) or "").strip()
    ]
    assert undocumented == []


@pytest.mark.parametrize(
    ("door", "page"), [(embedingest, "guides/python.md"), (embedingest.plugin, "guides/plugins.md")]
)
def test_the_guide_names_only_what_is_public(door, page):
    text = (DOCS / page).read_text("utf-8")
    used = set(re.findall(r"\bembedingest\.([A-Za-z_]+)\(", text)) if door is embedingest else set()
    for names in re.findall(rf"^from {re.escape(door.__name__)} import (.+)$", text, re.MULTILINE):
        used |= {name.strip() for name in names.split(",")}
    assert used
    assert used <= set(door.__all__)


def test_the_guide_shows_every_function_of_the_front_door():
    text = (DOCS / "guides" / "python.md").read_text("utf-8")
    values = {name: getattr(embedingest, name) for name in embedingest.__all__}
    functions = {name for name, value in values.items() if callable(value) and not inspect.isclass(value)}
    assert functions == {"embed", "ingest", "search", "serve", "watch"}
    assert {name for name in functions if f"embedingest.{name}(" not in text} == set()


@few(1)
@pytest.mark.parametrize("first", ["", "import embedingest.ingest.pipeline\n", "embedingest.ingest\n"])
def test_ingest_is_a_function_and_a_sub_package_in_any_order_of_imports(first):
    code = (
        f"import inspect, embedingest\n{first}"
        "assert callable(embedingest.ingest)\nimport embedingest.ingest.report as report\n"
        "assert embedingest.ingest.report is report\nassert callable(embedingest.ingest)\n"
        "assert 'allow_deletes' in inspect.signature(embedingest.ingest).parameters\n"
        "try:\n    embedingest.ingest('docs', tabel=1)\nexcept embedingest.ConfigError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "tabel" in done.stdout, done.stderr


@few(1)
@pytest.mark.parametrize("first", ["", "import embedingest.ingest.pipeline\n", "embedingest.ingest\n"])
def test_ingest_is_explained_and_handed_to_another_process_in_any_order_of_imports(first):
    code = (
        f"import inspect, io, pickle, pydoc, embedingest\n{first}"
        "from embedingest.api import ingest\nshown = io.StringIO()\npydoc.Helper(output=shown).help(embedingest.ingest)\n"
        "assert 'Bring the table up to date with folders' in shown.getvalue(), shown.getvalue()\n"
        "assert inspect.getdoc(embedingest.ingest) == inspect.getdoc(ingest)\n"
        "assert pickle.loads(pickle.dumps(embedingest.ingest)) is ingest\n"
        "assert inspect.unwrap(embedingest.ingest) is ingest\n"
        "assert inspect.signature(embedingest.ingest) == inspect.signature(ingest)\nprint('whole')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "whole", done.stderr


@only_deep
def test_ingest_is_submitted_to_another_process(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "walrus.md").write_text("The walrus sleeps.\n")
    program = (
        "import embedingest, embedingest.ingest.report, multiprocessing\n"
        "from concurrent.futures import ProcessPoolExecutor\n"
        "if __name__ == '__main__':\n"
        "    with ProcessPoolExecutor(1, multiprocessing.get_context('spawn')) as pool:\n"
        "        print(pool.submit(embedingest.ingest, 'docs', model='hashing').result().files.new)\n"
    )
    (tmp_path / "program.py").write_text(program)
    done = subprocess.run([sys.executable, "program.py"], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.strip() == "1", done.stderr


def test_a_name_that_is_not_public_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no public name `nonsense`"):
        embedingest.nonsense  # noqa: B018


def test_importing_the_doors_imports_nothing_heavy():
    code = (
        "import sys, embedingest, embedingest.plugin as plugin\n"
        "embedingest.ConfigError, embedingest.Embeddings, plugin.Document, plugin.Encoder\n"
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'lancedb', 'pyarrow', 'fastapi', 'starlette', 'openvino', 'numpy',\n"
        "         'click', 'pydantic', 'rich'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
