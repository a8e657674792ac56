"""Who may know whom: the claims of ARCHITECTURE.md that a program can check."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).parent.parent / "embedingest"

# Rooms, lowest first. A module may import its own room and any room named in the set, never another.
BOTTOM = {"types", "errors", "config", "registry", "options", "paths", "durations", "atomic", "version"}
ROOMS: dict[str, set[str]] = {
    "types": set(),
    "version": set(),
    "errors": set(),
    "paths": set(),
    "durations": set(),
    "atomic": set(),
    "config": {"types", "errors", "durations"},
    "options": {"errors"},
    "registry": {"types", "errors", "options"},
    "engine": BOTTOM,
    "store": BOTTOM,
    "ingest": {*BOTTOM, "engine", "store"},
    "query": {*BOTTOM, "engine", "store"},
    "server": {*BOTTOM, "engine", "store"},
    "lazy": set(),
    "plugin": {*BOTTOM, "lazy", "engine", "ingest", "build"},
    "integrations": {*BOTTOM, "engine", "store", "build"},
    "testing": {*BOTTOM, "engine", "store", "ingest", "server", "query"},
    "supervise": {*BOTTOM, "build", "engine", "ingest", "server"},
    "build": {*BOTTOM, "engine", "store", "ingest", "server", "query"},
    "mcp": {*BOTTOM, "engine", "store", "query", "build"},
    "progress": {"ingest"},
    "cli": {
        *BOTTOM,
        "engine",
        "store",
        "ingest",
        "server",
        "query",
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
    "lancedb": ("store", "integrations"),
    "pyarrow": ("store", "integrations"),
    "fastapi": ("server",),
    "starlette": ("server",),
    "uvicorn": ("server",),
    "prometheus_client": ("server",),
    "click": ("cli",),
    "rich_click": ("cli",),
    "rich": ("cli", "progress"),
    "watchfiles": ("ingest.watch",),
    "platformdirs": ("paths",),
    "sqlite3": ("ingest", "engine"),
}


class Module(NamedTuple):
    """What one module imports, in all and at run time. Not its tree: the trees of all slow every later test down."""

    name: str
    imports: tuple[str, ...]
    at_run_time: tuple[str, ...]

    def __str__(self) -> str:
        return self.name or "front door"


@cache
def modules() -> tuple[Module, ...]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        tree = ast.parse(path.read_text("utf-8"))
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found.append(Module(name, tuple(imports(tree)), tuple(run_time_imports(tree))))
    return tuple(found)


def imports(tree: ast.Module) -> list[str]:
    """Every absolute import, inside functions and type-checking guards too."""
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import of {node.module}"
            names.append(str(node.module))
    return names


def run_time_imports(tree: ast.Module) -> list[str]:
    """Imports that run: those under `if TYPE_CHECKING:` left out."""
    guarded: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            guarded |= {id(inner) for part in node.body for inner in ast.walk(part)}
    kept = [n for n in ast.walk(tree) if isinstance(n, (ast.Import, ast.ImportFrom)) and id(n) not in guarded]
    return imports(ast.Module(body=list(kept), type_ignores=[]))


@pytest.mark.parametrize("module", modules(), ids=str)
def test_a_module_imports_only_rooms_below_its_own(module: Module) -> None:
    name = module.name
    room = name.partition(".")[0]
    if room in {"", "__main__"}:
        return
    assert room in ROOMS, f"a new room {room!r}: say here what it may know"
    for target in module.imports:
        if target.startswith("embedingest."):
            other = target.split(".")[1]
            assert other == room or other in ROOMS[room], f"{name} imports {target}"


@pytest.mark.parametrize("module", modules(), ids=str)
def test_a_foreign_library_is_imported_in_one_room_only(module: Module) -> None:
    name = module.name
    for target in module.imports:
        homes = FOREIGN.get(target.partition(".")[0])
        if homes is not None:
            assert any(name == home or name.startswith(home + ".") for home in homes), f"{name} imports {target}"


@pytest.mark.parametrize("step", ["watch", "scan", "extract", "rows", "state", "identity"])
def test_a_step_of_the_walk_knows_neither_engine_nor_store_at_run_time(step: str) -> None:
    for name, _, at_run_time in modules():
        if name == f"ingest.{step}" or name.startswith((f"ingest.{step}.", "ingest.load", "ingest.chunk")):
            for target in at_run_time:
                assert not target.startswith(("embedingest.engine", "embedingest.server")), f"{name} imports {target}"


def loaded_by(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint('\\n'.join(sys.modules))"
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(out.stdout.split())


HEAVY = {"torch", "transformers", "sentence_transformers", "openvino", "lancedb", "pyarrow", "fastapi", "numpy",
         "prometheus_client", "platformdirs"}  # fmt: skip


@pytest.mark.parametrize(
    "code", ["import embedingest", "import embedingest.config", "import embedingest.cli._commands"]
)
def test_the_light_rooms_import_nothing_heavy(code: str) -> None:
    assert not loaded_by(code) & HEAVY


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import contextlib, io\nfrom embedingest.cli._commands import cli\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n    cli(['--help'], standalone_mode=False)"
    )
    assert not loaded_by(code) & HEAVY
