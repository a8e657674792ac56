"""`embedingest config`: check, show, schema and init of configuration files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click

from embedingest.cli._options import FilePath, json_option
from embedingest.cli._output import print_json, print_line, print_note, writing
from embedingest.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["config"]

_FILE = click.argument("file", type=FilePath(dir_okay=False))


@click.group()
def config() -> None:
    """Check, show and write configuration files."""


@config.command()
@_FILE
def check(file: Path) -> None:
    """Read FILE, and check what it names: plug-ins, their settings, models, folders. Opens no connection."""
    from embedingest.build.check import check_names, idle_plugins, not_watched
    from embedingest.build.outside import hosts, programs
    from embedingest.build.serving import check_served
    from embedingest.build.session import Session
    from embedingest.config import read_file

    reading = read_file(file)
    with Session(reading.config) as session:
        check_names(session, reading)
        connections = hosts(session)
    if reading.config.server is not None:
        check_served(reading.config.server)
    print_note(f"{file} is whole: {', '.join(reading.config.pipelines) or 'no pipelines'}")
    for told in (*idle_plugins(reading.config), *not_watched(reading.config)):
        print_note(told, style="yellow")
    for host, why in connections.items():
        print_note(f"will talk to {host} ({why})")
    for program, why in programs(reading.config).items():
        print_note(f"will run {program} ({why})")


@config.command()
@_FILE
@json_option
def show(file: Path, as_json: bool) -> None:
    """Show every setting of FILE as it is resolved; secrets and what came from the environment as `***`."""
    from embedingest.config import read_file
    from embedingest.config import show as resolved

    document = resolved(read_file(file))
    if as_json:
        print_json(document)
    else:
        import yaml

        for line in yaml.safe_dump(document, sort_keys=False, allow_unicode=True).splitlines():
            print_line(line)


@config.command()
def schema() -> None:
    """Print the JSON Schema of configuration files, so that editors complete and check them."""
    from embedingest.config import schema as json_schema

    print_json(json_schema())


@config.command()
@click.argument("folder", type=FilePath(file_okay=False, exists=True), default=".")
@click.option(
    "-o", "--output", type=FilePath(),
    help="File to write.  [default: embedingest.yaml here, or in .embedingest where here is inside FOLDER]",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def init(folder: Path, output: Path | None, force: bool) -> None:
    """Write a commented configuration for FOLDER, which `run` takes for what `watch FOLDER` does here.

    It is never a document of FOLDER itself: `-o` with a file inside FOLDER leaves that file out of what is read.
    """
    from embedingest.config.starter import default_file, starter

    file = default_file(folder) if output is None else output
    if file.exists() and not force:
        raise ConfigError(f"{file} is there already", remedy="name another file with `--output`, or give `--force`")
    with writing(file):
        if output is None:
            file.parent.mkdir(exist_ok=True)
        file.write_text(starter(folder, file), encoding="utf-8")
    print_note(f"wrote {file}; `embedingest run {file}` runs it")
