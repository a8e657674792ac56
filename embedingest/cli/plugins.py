"""`embedingest plugins`: what is installed, whether it keeps the contract, and a skeleton for a new one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from embedingest.cli._options import json_option

if TYPE_CHECKING:
    from embedingest.registry import Plugin

__all__ = ["plugins"]

_SECONDS = 300


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def plugins(context: click.Context, as_json: bool) -> None:
    """List plug-ins: built in and installed, with origin, what they add, and why one fails to load."""
    if context.invoked_subcommand is None:
        _list(as_json=as_json)


@plugins.command()
@click.argument("name")
@click.option("--group", type=click.Choice(["encoders", "engines", "loaders", "chunkers", "sources"]), default=None)
@click.option("--option", "options", multiple=True, metavar="KEY=VALUE", help="A setting of the plug-in; repeatable.")
@click.option("--path", type=click.Path(path_type=Path), help="Model folder of an encoder.")
@click.option("--example", "examples", multiple=True, type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="A file that a loader must read; repeatable.")  # fmt: skip
@click.option("--seconds", type=click.FloatRange(1, 86_400), default=_SECONDS, show_default=True, help="Time limit.")
def check(
    name: str,
    group: str | None,
    options: tuple[str, ...],
    path: Path | None,
    examples: tuple[Path, ...],
    seconds: float,
) -> int:
    """Hold plug-in NAME against the contract of its group, in a process of its own. Exit code 1 where it breaks it."""
    from embedingest.cli._output import console
    from embedingest.errors import PluginError

    chosen = _chosen(name, group)
    asked = {
        "group": chosen.group,
        "name": chosen.name,
        "options": _options(options),
        "path": None if path is None else str(path.resolve()),
        "examples": [str(file.resolve()) for file in examples],
    }
    command = [sys.executable, "-m", "embedingest.testing", json.dumps(asked)]
    try:
        done = subprocess.run(command, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as error:
        raise PluginError(
            f"{chosen.group[:-1]} `{chosen.name}` (from {chosen.origin}) did not end within {seconds:g} seconds",
            remedy="the check that was named last blocks; raise `--seconds` if it is only slow",
        ) from error
    if done.returncode == 0:
        console().print(f"{chosen.name} keeps the contract", style="green", highlight=False, markup=False)
    return done.returncode


@plugins.command()
@click.argument("name")
@click.option("--group", type=click.Choice(["encoders", "loaders", "chunkers"]), default="loaders", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path, file_okay=False), default=".", help="Parent folder.")
def new(name: str, group: str, output: Path) -> None:
    """Write the project of a new plug-in NAME: it works, and its tests run the contract."""
    from embedingest.cli._output import console
    from embedingest.testing.skeleton import write

    folder = write(name, group, output)
    lines = [f"pip install -e {folder}", f"python -m pytest {folder}", f"embedingest plugins check {name}"]
    console().print("\n  ".join([f"wrote {folder}; try it:", *lines]), highlight=False, markup=False, soft_wrap=True)


def _list(*, as_json: bool) -> None:
    from embedingest import registry
    from embedingest.cli._output import data, print_json

    found = [_told(plugin) for plugin in registry.plugins()]
    if as_json:
        print_json({"plugins": found})
        return
    from rich.table import Table

    table = Table("kind", "name", "from", "says", box=None, pad_edge=False)
    for told in sorted(found, key=lambda told: (told["group"], told["built_in"] is False, told["name"])):
        says = told["error"] or told["summary"]
        table.add_row(told["group"][:-1], told["name"], told["origin"], says, style="red" if told["error"] else None)
    data().print(table)


def _told(plugin: Plugin) -> dict[str, Any]:
    """One plug-in as it is shown. A stranger is imported in a process of its own, with a limit of time."""
    told: dict[str, Any] = {
        "group": plugin.group,
        "name": plugin.name,
        "origin": plugin.origin,
        "version": plugin.version,
        "built_in": plugin.distribution is None,
        "adds": plugin.value,
        "summary": plugin.summary,
        "error": None,
    }
    if plugin.distribution is not None:
        told["error"] = _why_not(plugin)
    return told


def _why_not(plugin: Plugin) -> str | None:
    from embedingest import registry
    from embedingest.errors import PluginError

    try:
        if registry.find(plugin.group, plugin.name).distribution != plugin.distribution:
            return f"the name `{plugin.name}` is built in"
    except PluginError as error:
        return error.message
    code = "import sys; from embedingest import registry; registry.load(sys.argv[1], sys.argv[2])"
    try:
        done = subprocess.run(
            [sys.executable, "-c", code, plugin.group, plugin.name],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "its import does not end within 60 seconds"
    if done.returncode == 0:
        return None
    said = [line for line in done.stderr.splitlines() if "PluginError" in line]
    return said[-1].partition("PluginError: ")[2] if said else done.stderr.strip().splitlines()[-1]


def _chosen(name: str, group: str | None) -> Plugin:
    from embedingest import registry
    from embedingest.errors import PluginError

    if group is not None:
        return registry.find(group, name)
    found = [plugin for plugin in registry.plugins() if plugin.name == name] or registry.named([name])
    if len(found) > 1:
        kinds = ", ".join(f"--group {plugin.group}" for plugin in found)
        raise PluginError(f"`{name}` names {len(found)} plug-ins", remedy=f"say which: {kinds}")
    return found[0]


def _options(pairs: tuple[str, ...]) -> dict[str, Any]:
    from embedingest.errors import ConfigError

    given: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise ConfigError(f"`{pair}` is no setting", remedy="write `--option KEY=VALUE`")
        given[key] = value
    return given
