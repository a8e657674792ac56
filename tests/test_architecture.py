"""Who may know whom: the claims of ARCHITECTURE.md that a program can check."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

pytestmark = pytest.mark.slow

TESTS = Path(__file__).parent
PACKAGE = TESTS.parent / "embedingest"

# Rooms, lowest first. A module may import its own room and any room named in the set, never another.
BOTTOM = {
    "types",
    "picture",
    "errors",
    "arguments",
    "config",
    "registry",
    "options",
    "paths",
    "durations",
    "atomic",
    "regular",
    "inbox",
    "numerals",
    "pickled",
    "version",
    "tracing",
    "documents",
    "outline",
    "measure",
    "freshness",
    "system",
}
ROOMS: dict[str, set[str]] = {
    "types": {"pickled", "picture"},
    "picture": set(),
    "pickled": set(),
    "version": set(),
    "system": set(),
    "tracing": {"version"},
    "errors": set(),
    "paths": {"errors"},
    "durations": set(),
    "atomic": set(),
    "regular": {"system"},
    "inbox": set(),
    "numerals": set(),
    "outline": {"types", "errors", "measure"},
    "documents": {"types", "errors", "measure", "outline"},
    "measure": {"types"},
    "freshness": set(),
    "config": {"types", "errors", "atomic", "durations", "paths", "regular"},
    "arguments": {"errors"},
    "options": {"errors"},
    "registry": {"types", "errors", "options"},
    "engine": BOTTOM,
    "store": BOTTOM,
    "ingest": {*BOTTOM, "engine", "store"},
    "cluster": {*BOTTOM, "engine", "store", "ingest"},
    "reranking": {*BOTTOM, "engine", "store"},
    "query_vectors": {*BOTTOM, "engine", "store"},
    "sections": {*BOTTOM, "store"},
    "query": {*BOTTOM, "engine", "store", "query_vectors", "reranking", "sections"},
    "server": {*BOTTOM, "engine", "store"},
    "evaluation": {*BOTTOM, "ingest", "store", "query"},
    "lazy": set(),
    "asking": {"system"},
    "plugin": {*BOTTOM, "lazy", "engine", "ingest", "build"},
    "api": {*BOTTOM, "build", "progress", "ingest", "server", "store"},
    "integrations": {*BOTTOM, "engine", "store", "build", "api"},
    "testing": {*BOTTOM, "engine", "store", "ingest", "server", "query"},
    "supervise": {*BOTTOM, "build", "engine", "ingest", "server"},
    "build": {*BOTTOM, "asking", "engine", "store", "ingest", "cluster", "server", "query", "reranking", "mcp"},
    "tools": {*BOTTOM, "store", "query"},
    "mcp": {*BOTTOM, "query", "tools"},
    "progress": {"ingest"},
    "cli": {
        *BOTTOM,
        "engine",
        "store",
        "ingest",
        "server",
        "query",
        "evaluation",
        "build",
        "supervise",
        "testing",
        "mcp",
        "integrations",
        "progress",
    },
}

# One foreign library, one room.
FOREIGN: dict[str, tuple[str, ...]] = {
    "torch": ("engine",),
    "sentence_transformers": ("engine",),
    "transformers": ("engine",),
    "openvino": ("engine",),
    "tokenizers": ("engine",),
    "lance": ("store.pylance",),
    "lancedb": ("store", "integrations"),
    "ray": ("cluster",),
    "pyarrow": ("store", "integrations"),
    "langchain_core": ("integrations",),
    "llama_index": ("integrations",),
    "fastapi": ("server",),
    "starlette": ("server",),
    "uvicorn": ("server",),
    "prometheus_client": ("server",),
    "ir_measures": ("evaluation",),
    "click": ("cli",),
    "rich_click": ("cli",),
    "rich": ("cli", "progress"),
    "watchfiles": ("ingest.watch",),
    "platformdirs": ("paths",),
    "opentelemetry": ("tracing",),
    "sqlite3": ("ingest", "engine"),
}


class Module(NamedTuple):
    """What one module imports. Not its tree: the trees of all slow every later test down."""

    name: str
    imports: tuple[str, ...]
    """Everything, inside functions and type-checking guards too; a submodule by its own name."""
    at_run_time: tuple[str, ...]
    """What is imported under no type-checking guard."""
    in_functions: tuple[str, ...]
    """What of ours is imported inside functions."""

    def __str__(self) -> str:
        return self.name or "front door"

    @property
    def needs(self) -> set[str]:
        """Our modules that it imports in any way."""
        return {target for target in map(own_name, self.imports) if target is not None and target != self.name}


def module_name(path: Path) -> str:
    """`store.table`; "" is the front door."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def own_name(target: str) -> str | None:
    """`store.table` of `embedingest.store.table`; None where it is not ours."""
    package, _, name = target.partition(".")
    return name if package == PACKAGE.name else None


@cache
def modules() -> tuple[Module, ...]:
    paths = sorted(PACKAGE.rglob("*.py"))
    names = {module_name(path) for path in paths}
    found = []
    for path in paths:
        imports = list(import_statements(ast.parse(path.read_text("utf-8"))))
        found.append(
            Module(
                module_name(path),
                targets([node for node, _, _ in imports], names),
                targets([node for node, guarded, _ in imports if not guarded], names),
                tuple(
                    target
                    for target in targets([node for node, _, inside in imports if inside], names)
                    if own_name(target) is not None
                ),
            )
        )
    return tuple(found)


def import_statements(
    node: ast.AST, guarded: bool = False, inside: bool = False
) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool, bool]]:
    """Those below a node: each, whether it stands under `if TYPE_CHECKING:`, and whether in a function."""
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        yield node, guarded, inside
    inside |= isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    under_guard = node.body if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test) else ()
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.expr):  # which holds no statement
            yield from import_statements(child, guarded or child in under_guard, inside)


def targets(statements: Sequence[ast.Import | ast.ImportFrom], own: set[str]) -> tuple[str, ...]:
    """The modules that import statements name. `from package import submodule` names the submodule."""
    found: list[str] = []
    for node in statements:
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
            continue
        assert node.level == 0, f"relative import of {node.module}"
        module = str(node.module)
        for alias in node.names:
            submodule = f"{module}.{alias.name}"
            found.append(submodule if own_name(submodule) in own else module)
    return tuple(dict.fromkeys(found))


def test_a_module_imports_only_rooms_below_its_own() -> None:
    rooms = {module.name: module.name.partition(".")[0] for module in modules()}
    assert set(rooms.values()) - {"", "__main__"} <= set(ROOMS), "a new room: say here what it may know"
    wrong = []
    for module in modules():
        room = rooms[module.name]
        if room not in {"", "__main__"}:
            others = {target: target.split(".")[1] for target in module.imports if target.startswith("embedingest.")}
            wrong += [f"{module.name} imports {target}" for target, other in others.items()
                      if other != room and other not in ROOMS[room]]  # fmt: skip
    assert not wrong


def test_a_foreign_library_is_imported_in_one_room_only() -> None:
    wrong = []
    for module in modules():
        for target in module.imports:
            homes = FOREIGN.get(target.partition(".")[0])
            if homes is not None and not within(module.name, *homes):
                wrong.append(f"{module.name} imports {target}")
    assert not wrong


PAGE = PACKAGE.parent / "ARCHITECTURE.md"


def test_the_page_of_the_architecture_names_every_room_and_what_lies_beside_rooms() -> None:
    text = PAGE.read_text("utf-8")
    rooms = [path.parent for path in PACKAGE.rglob("__init__.py")]
    unnamed = [f"{room.relative_to(PACKAGE)}/" for room in rooms if room != PACKAGE and f"{room.name}/" not in text]
    for room in (PACKAGE, PACKAGE / "engine", PACKAGE / "ingest"):
        unnamed += [path.name for path in room.glob("[!_]*.py") if path.name not in text]
    assert not unnamed


def test_every_path_on_the_page_of_the_architecture_is_there() -> None:
    paths = set(re.findall(r"`([\w/]+\.py)`", PAGE.read_text("utf-8")))
    assert len(paths) > 50
    assert not [path for path in paths if not (PACKAGE.parent / path).is_file() and not any(PACKAGE.rglob(path))]


STEPS = ["watch", "scan", "extract", "load", "chunk", "rows", "state", "identity"]
# Rows as plain values and the time that a column keeps: no table is behind them.
PLAIN_VALUES = "embedingest.store.values"


@pytest.mark.parametrize("step", STEPS)
def test_a_step_of_the_walk_knows_neither_engine_nor_store_at_run_time(step: str) -> None:
    for module in modules():
        if f"{module.name}.".startswith(f"ingest.{step}."):
            for target in module.at_run_time:
                rooms = ("embedingest.engine", "embedingest.store", "embedingest.server")
                assert target == PLAIN_VALUES or not target.startswith(rooms), f"{module.name} imports {target}"


def test_no_two_modules_need_each_other() -> None:
    """Imports of every kind count: those for types only and those inside functions too."""
    try:
        TopologicalSorter({module.name: module.needs for module in modules()}).prepare()
    except CycleError as error:
        pytest.fail("a circle: " + " needs ".join(error.args[1][::-1]))


def test_modules_classes_and_constructors_are_of_a_size_that_is_read_in_one_go() -> None:
    """350 lines a module, 15 attributes a class, 10 parameters a constructor."""
    wide = []
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text("utf-8")
        tree = ast.parse(text)
        if text.count("\n") > 350:
            wide.append(f"{path}: {text.count(chr(10))} lines")
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and len(attributes(node)) > 15:
                wide.append(f"{path}: {node.name} has {len(attributes(node))} attributes")
            if isinstance(node, ast.FunctionDef) and node.name == "__init__":
                parameters = len(node.args.args) + len(node.args.kwonlyargs) - 1
                if parameters > 10:
                    wide.append(f"{path}:{node.lineno} takes {parameters} parameters")
    assert not wide


def attributes(node: ast.ClassDef) -> set[str]:
    """What the methods of a class set of `self`."""
    return {
        part.attr
        for part in ast.walk(node)
        if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store)
        and isinstance(part.value, ast.Name) and part.value.id == "self"
    }  # fmt: skip


class Lazy(NamedTuple):
    """Imports of ours that are right inside functions: by whom (a module or a room), of what ("*": of anything), why."""

    importer: str
    imported: str
    reason: str

    def covers(self, module: Module, imported: str) -> bool:
        return within(module.name, self.importer) and (self.imported == "*" or within(imported, self.imported))


# Everything else is imported at the top.
LAZY = [
    Lazy("cli", "*", "a command, and `--help` above all, starts without what the others need"),
    Lazy("build.followed", "config", "looking needs no models of settings"),
    Lazy("build.inspect", "build", "looking needs no models of settings"),
    Lazy("build.inspect", "config", "looking needs no models of settings"),
    Lazy("build.serving", "build.inspect", "a search shows nothing of the files behind the table"),
    Lazy("build.serving", "build.table_view", "a search shows nothing of the files behind the table"),
    Lazy("build.serving", "build.watched", "a search shows no pipelines"),
    Lazy("build.serving", "mcp", "only a server has assistants"),
    Lazy("build", "cluster", "few runs have several nodes"),
    Lazy("build", "ingest", "searching and serving need no ingest"),
    Lazy("build", "store", "embedding and serving need no LanceDB"),
    Lazy("build", "engine", "looking needs no engine"),
    Lazy("build", "server", "only serving needs FastAPI and uvicorn"),
    Lazy("build", "query", "only searching needs it"),
    Lazy("build", "reranking", "few tables have a reranker"),
    Lazy("engine.auto", "engine", "one of several runtimes is imported, never all"),
    Lazy("engine.entry", "engine.folder", "names are told without the tokenizer's library"),
    Lazy("engine.catalog", "engine", "names are told without the tokenizer's and the runtimes' libraries"),
    Lazy("engine.compiled.encoder", "engine", "a compiled model runs without torch"),
    Lazy("engine.compiled.opening", "engine.compiled.make", "a compiled model runs without torch"),
    Lazy("engine.compiled.running", "engine.compiled.rest", "a compiled model runs without torch"),
    Lazy("engine.local", "engine.call", "a model is described, and texts are counted, without numpy"),
    Lazy("engine.local", "engine.pull", "few ever pull"),
    Lazy("engine.second", "engine", "a model is described, and texts are counted, without numpy"),
    Lazy("engine.late_rerank", "engine.maxsim", "a model is described, and texts are counted, without numpy"),
    Lazy("engine.local", "engine.rerank", "a model is described, and texts are counted, without numpy"),
    Lazy("engine.local", "engine.scheduling", "a model is described, and texts are counted, without numpy"),
    Lazy("ingest.context.asked", "ingest.context.endpoint", "a command is run without HTTP"),
    Lazy("ingest.run.sentences", "ingest.context", "few settings name who writes context"),
    Lazy("ingest.run.sentences", "ingest.state.sentences", "few settings name who writes context"),
    Lazy("ingest.pipeline", "ingest.audit.preview", "a run previews nothing"),
    Lazy("ingest.pipeline", "ingest.audit.verify", "a run compares nothing"),
    Lazy("ingest.pipeline", "ingest.watch.watcher", "one run watches nothing"),
    Lazy("ingest.run", "ingest.run.computing", "an unchanged run computes no vectors"),
    Lazy("ingest.run.embedding", "ingest.packing", "an unchanged run computes no vectors"),
    Lazy("ingest.run.resources", "ingest.state.vector_cache", "an unchanged run computes no vectors"),
    Lazy("tools", "store.look", "a server starts without LanceDB"),
    Lazy("query", "reranking", "few searches are reranked"),
    Lazy("server.run", "server.lifecycle", "a port is bound without uvicorn"),
    Lazy("server.run", "server.protocol", "a port is bound without uvicorn"),
    Lazy("testing.__main__", "*", "only an encoder has settings of a model and a folder"),
]
# Importing these costs nothing that any start could spare.
LIGHT = ("atomic", "durations", "errors", "numerals", "paths", "regular", "types", "version")


def imported_inside() -> list[tuple[Module, str]]:
    """Each module with what of ours it imports inside functions."""
    return [(module, str(own_name(target))) for module in modules() for target in module.in_functions]


def test_own_modules_are_imported_inside_functions_only_for_a_lazy_start() -> None:
    light = [f"{module} imports {name}, which is light" for module, name in imported_inside() if within(name, *LIGHT)]
    bare = [f"{module} imports {name} inside a function: at the top with it, or a reason into LAZY"
            for module, name in imported_inside() if not any(lazy.covers(module, name) for lazy in LAZY)]  # fmt: skip
    assert not light + bare


def test_every_reason_for_a_lazy_start_is_in_use() -> None:
    unused = [lazy for lazy in LAZY if not any(lazy.covers(module, name) for module, name in imported_inside())]
    assert not unused


def within(name: str, *rooms: str) -> bool:
    """Whether a module is one of these or lies in one of these rooms."""
    return any(f"{name}.".startswith(f"{room}.") for room in rooms)


def loaded_by(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint('\\n'.join(sys.modules))"
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(out.stdout.split())


SLOW_TO_IMPORT = re.compile(
    r"^(?:import|from) (?:langchain|llama_index|mcp|openvino|pandas|polars|sentence_transformers|torch|transformers)\b.*",
    re.MULTILINE,
)


def test_tests_import_what_takes_seconds_where_they_use_it() -> None:
    """Every process of `make test` imports all files of tests; one alone runs each."""
    files = [path for path in TESTS.rglob("*.py") if path.relative_to(TESTS).parts[0] not in {"clients", "oracle"}]
    found = {path.name: lines for path in files if (lines := SLOW_TO_IMPORT.findall(path.read_text("utf-8")))}
    assert not found


HEAVY = {"torch", "transformers", "sentence_transformers", "openvino", "lancedb", "pyarrow", "fastapi", "starlette", "numpy",
         "prometheus_client", "platformdirs"}  # fmt: skip


@pytest.mark.parametrize(
    "code",
    [
        "import embedingest",
        "import embedingest.config",
        "import embedingest.cli._commands",
        "import embedingest.ingest.extract.process, embedingest.engine.pieces",  # a worker of the hashing model
    ],
)
def test_the_light_rooms_import_nothing_heavy(code: str) -> None:
    assert not loaded_by(code) & HEAVY


def test_a_table_is_opened_without_the_client_of_catalogues_that_lancedb_imports() -> None:
    loaded = loaded_by("from embedingest.store.database import load\nload()")
    assert "lance_namespace_urllib3_client.models" in loaded
    assert "lance_namespace_urllib3_client.api" not in loaded


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import contextlib, io\nfrom embedingest.cli._commands import cli\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n    cli(['--help'], standalone_mode=False)"
    )
    assert not loaded_by(code) & HEAVY
