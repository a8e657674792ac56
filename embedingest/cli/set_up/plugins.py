"""`embedingest plugins`: what is installed, whether it keeps the contract, and a skeleton for a new one."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import rich_click as click

from embedingest.cli._options import FilePath, json_option
from embedingest.cli._output import print_json, print_note, printable, stdout, writing
from embedingest.errors import ConfigError, PluginError

if TYPE_CHECKING:
    from pathlib import Path

    from embedingest.registry import Plugin

__all__ = ["plugins"]

_IMPORT_SECONDS: Final = 60
_LAST_WORDS_SECONDS: Final = 5.0


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
@click.option("--path", type=FilePath(), help="Model folder of an encoder.")
@click.option("--example", "examples", multiple=True, type=FilePath(exists=True, dir_okay=False),
              help="A file that a loader must read; repeatable.")  # fmt: skip
@click.option("--seconds", type=click.FloatRange(1, 86_400), default=300, show_default=True, help="Time limit.")
def check(
    name: str,
    group: str | None,
    options: tuple[str, ...],
    path: Path | None,
    examples: tuple[Path, ...],
    seconds: float,
) -> int:
    """Hold plug-in NAME against the contract of its group, in a process of its own. Exit code 1 where it breaks it."""
    chosen = _chosen(name, group)
    request = {
        "group": chosen.group,
        "name": chosen.name,
        "options": _options(options),
        "path": None if path is None else str(path.resolve()),
        "examples": [str(file.resolve()) for file in examples],
    }
    command = [sys.executable, "-m", "embedingest.testing", json.dumps(request)]
    try:
        code = _told(command, seconds)
    except subprocess.TimeoutExpired as error:
        raise PluginError(
            f"{chosen.group[:-1]} `{chosen.name}` (from {chosen.origin}) did not end within {seconds:g} seconds",
            remedy="the check that was named last blocks; raise `--seconds` if it is only slow",
        ) from error
    if code == 0:
        print_note(f"{chosen.name} keeps the contract", style="green")
    return code


def _told(command: list[str], seconds: float) -> int:
    """The exit code of a program whose lines are shown as they come: what a stranger's code prints is no more to be
    trusted than what a document holds. Raises subprocess.TimeoutExpired.
    """
    told = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    process = subprocess.Popen(command, text=True, encoding="utf-8", errors="backslashreplace", **told)  # type: ignore[call-overload]

    def show() -> None:
        for line in process.stdout:
            print_note(line.removesuffix("\n"))

    reader = threading.Thread(target=show, daemon=True)
    reader.start()
    try:
        return int(process.wait(seconds))
    finally:
        process.kill()
        process.wait()
        # A process that the plug-in started may hold the pipe open for ever.
        reader.join(_LAST_WORDS_SECONDS)
        if not reader.is_alive():
            process.stdout.close()


@plugins.command()
@click.argument("name")
@click.option("--group", type=click.Choice(["encoders", "loaders", "chunkers"]), default="loaders", show_default=True)
@click.option("-o", "--output", type=FilePath(file_okay=False), default=".", help="Parent folder.")
def new(name: str, group: str, output: Path) -> None:
    """Write the project of a new plug-in NAME: it works, and its tests run the contract."""
    from embedingest.testing.skeleton import write

    with writing(output):
        folder = write(name, group, output)
    lines = [f"pip install -e {folder}", f"python -m pytest {folder}", f"embedingest plugins check {name}"]
    for line in (f"wrote {folder}; try it:", *(f"  {line}" for line in lines)):
        print_note(line)


def _list(*, as_json: bool) -> None:
    from embedingest import registry

    listed = [_facts(plugin) for plugin in registry.plugins()]
    if as_json:
        print_json({"plugins": listed})
        return
    from rich.table import Table

    table = Table("kind", "name", "from", "says", box=None, pad_edge=False)
    for facts in sorted(listed, key=lambda facts: (facts["group"], not facts["built_in"], facts["name"])):
        says = facts["error"] or facts["summary"]
        cells = [printable(cell) for cell in (facts["group"][:-1], facts["name"], facts["origin"], says)]
        table.add_row(*cells, style="red" if facts["error"] else None)
    stdout().print(table)


def _facts(plugin: Plugin) -> dict[str, Any]:
    """One plug-in as it is shown; `error` says why one that is not built in does not load."""
    return {
        "group": plugin.group,
        "name": plugin.name,
        "origin": plugin.origin,
        "version": plugin.version,
        "built_in": plugin.distribution is None,
        "adds": plugin.value,
        "summary": plugin.summary,
        "error": None if plugin.distribution is None else _load_error(plugin),
    }


def _load_error(plugin: Plugin) -> str | None:
    """Why a plug-in does not load. It is imported in a process of its own, for at most a minute."""
    from embedingest import registry

    try:
        if registry.find(plugin.group, plugin.name).distribution != plugin.distribution:
            return f"the name `{plugin.name}` is built in"
    except PluginError as error:
        return error.message
    code = "import sys; from embedingest import registry; registry.load(sys.argv[1], sys.argv[2])"
    try:
        process = subprocess.run(
            [sys.executable, "-c", code, plugin.group, plugin.name],
            capture_output=True, text=True, timeout=_IMPORT_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "its import does not end within 60 seconds"
    if process.returncode == 0:
        return None
    messages = [line for line in process.stderr.splitlines() if "PluginError" in line]
    return messages[-1].partition("PluginError: ")[2] if messages else process.stderr.strip().splitlines()[-1]


def _chosen(name: str, group: str | None) -> Plugin:
    from embedingest import registry

    if group is not None:
        return registry.find(group, name)
    matches = [plugin for plugin in registry.plugins() if plugin.name == name] or registry.named([name])
    if len(matches) > 1:
        kinds = ", ".join(f"--group {plugin.group}" for plugin in matches)
        raise PluginError(f"`{name}` names {len(matches)} plug-ins", remedy=f"say which: {kinds}")
    return matches[0]


def _options(pairs: tuple[str, ...]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise ConfigError(f"`{pair}` is no setting", remedy="write `--option KEY=VALUE`")
        options[key] = value
    return options
