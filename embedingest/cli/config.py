"""`embedingest config`: check, show, schema and init of configuration files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from embedingest.cli._options import json_option
from embedingest.cli._output import print_json, print_note

if TYPE_CHECKING:
    from embedingest.config import Config, PipelineConfig

__all__ = ["config"]

_FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@click.group()
def config() -> None:
    """Check, show and write configuration files."""


@config.command()
@_FILE
def check(file: Path) -> None:
    """Read FILE, and check what it names: plug-ins, their settings, models, folders. Opens no connection."""
    from embedingest.build.session import Session
    from embedingest.config import read
    from embedingest.supervise import hosts

    settings = read(file)
    session = Session(settings)
    try:
        _check_plugins(settings)
        connections = hosts(session)
        for name, pipeline in settings.pipelines.items():
            if settings.engine_of(pipeline.engine).engine == "local":
                session.engine_of(pipeline.engine).describe(pipeline.model)
            _check_roots(name, pipeline)
    finally:
        session.close()
    print_note(f"{file} is whole: {', '.join(settings.pipelines) or 'no pipelines'}")
    for host, why in connections.items():
        print_note(f"will talk to {host} ({why})")


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

        click.echo(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), nl=False)


@config.command()
def schema() -> None:
    """Print the JSON Schema of configuration files, so that editors complete and check them."""
    from embedingest.config import schema as json_schema

    print_json(json_schema())


@config.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True), default=".")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="File to write.  [default: FOLDER/embedingest.yaml]"
)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def init(folder: Path, output: Path | None, force: bool) -> None:
    """Write a commented configuration for FOLDER, ready to be run."""
    from embedingest.config.starter import starter
    from embedingest.errors import ConfigError

    file = folder / "embedingest.yaml" if output is None else output
    if file.exists() and not force:
        raise ConfigError(f"{file} is there already", remedy="name another file with `--output`, or give `--force`")
    file.write_text(starter(folder, file.parent), encoding="utf-8")
    print_note(f"wrote {file}; `embedingest run {file}` runs it")


def _check_plugins(settings: Config) -> None:
    """Every plug-in that is named, and its settings. Raises PluginError."""
    from embedingest import registry

    registry.named(settings.plugins)
    engines = (settings.engine, *settings.engines.values())
    named = [("engines", engine.engine, engine.options) for engine in engines if engine.engine != "local"]
    named += [("encoders", m.encoder, m.options) for m in settings.models.values() if m.encoder != "auto"]
    for pipeline in settings.pipelines.values():
        load, chunk = pipeline.load, pipeline.chunk
        named += [("loaders", name.partition("#")[0], load.settings().get(name, {})) for name in load.chosen().values()]
        named += [("loaders", name.partition("#")[0], options) for name, options in load.settings().items()]
        named += [("chunkers", name.partition("#")[0], options) for name, options in chunk.settings().items()]
        named += [("chunkers", chunk.chunker, {})] if chunk.chunker != "auto" else []
        named += [("sources", s.source, s.options) for s in pipeline.sources if s.source != "folder"]
    for group, name, options in named:
        registry.find(group, name).check(options)


def _check_roots(name: str, pipeline: PipelineConfig) -> None:
    from embedingest.errors import ConfigError

    for source in pipeline.sources:
        if source.source == "folder" and not source.path.exists():
            raise ConfigError(f"pipelines.{name}.sources: no such folder: {source.path}", remedy="check the path")
