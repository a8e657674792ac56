"""Flags as settings: the same ones that a configuration file sets, checked in the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

import rich_click as click
from click.globals import get_current_context

from embedingest.cli._complete import complete_model, complete_reranker
from embedingest.cli._output import print_note
from embedingest.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pydantic import ValidationError

    from embedingest.config import Config, RunConfig

__all__ = [
    "config_from_flags", "context_parts", "contextual_option", "ingest_options", "invalid", "nodes_options",
    "on_nodes",
]  # fmt: skip

F = TypeVar("F", bound="Callable[..., Any]")

contextual_option: Final = click.option(
    "--contextual",
    metavar="PARTS",
    help="Embed `title`, `headings` or `title,headings` in front of each chunk, and store what was, as `context`.",
)

_OPTIONS: Final = (
    click.option("--as", "aliases", multiple=True, metavar="NAME", help="Alias of a PATH; once for each, in order."),
    click.option("--include", multiple=True, metavar="PATTERN", help="Only paths that match; gitignore patterns."),
    click.option("--exclude", multiple=True, metavar="PATTERN", help="Never paths that match; gitignore patterns."),
    click.option("--no-gitignore", is_flag=True, help="Take what .gitignore files leave out."),
    click.option("--hidden", is_flag=True, help="Also take files and folders whose name begins with a dot."),
    click.option(
        "--follow-symlinks",
        type=click.Choice(["never", "inside", "always"]),
        default="inside",
        show_default=True,
        help="Follow links never, to targets inside the folder, or always.",
    ),
    click.option("--chunker", default="auto", show_default=True, help="Chunker; `auto` goes by the document."),
    click.option(
        "--max-tokens", type=click.IntRange(8), help="Largest chunk.  [default: the model's window, at most 512]"
    ),
    click.option("--overlap", type=click.IntRange(0), default=0, show_default=True, help="Tokens two chunks share."),
    click.option("--heading-prefix", is_flag=True, help="Embed the heading path in front of each chunk."),
    contextual_option,
    click.option(
        "--rerank",
        metavar="MODEL",
        shell_complete=complete_reranker,
        help="Reranker, by name or folder, that orders the best hits of every search of the table.",
    ),
    click.option(
        "--sparse",
        metavar="MODEL",
        shell_complete=complete_model,
        help="Sparse model: weighted terms beside the vectors.",
    ),
    click.option(
        "--late", metavar="MODEL", shell_complete=complete_model, help="Late interaction model: token vectors beside."
    ),
    click.option("--workers", type=click.IntRange(1, 256), default=None, help="Extraction processes.  [default: 1]"),
    click.option("--max-bytes", type=click.IntRange(1), default=None, help="Skip files above this size."),
    click.option("--allow-deletes", is_flag=True, help="Let every deletion happen without asking."),
)


_NODES: Final = (
    click.option(
        "--on",
        metavar="PLACE",
        help="Read and embed on several nodes: `processes` of this machine, `auto` (one for each of several GPUs), "
        "`ray`, `ray://HOST:PORT`.  [default: here, in this process]",
    ),
    click.option(
        "--nodes",
        type=click.IntRange(1, 4096),
        help="Engines at work, with `--on`.  [default: one for each GPU, or eight cores; on Ray all it has room for]",
    ),
    click.option(
        "--gpus",
        type=click.FloatRange(0, 64),
        help="With `--on ray`, GPUs that are reserved for each node.  [default: 0]",
    ),
    click.option("--insecure", is_flag=True, default=None, help="Take a Ray cluster that asks for no token."),
)


def nodes_options(function: F) -> F:
    """Who reads and embeds."""
    for option in reversed(_NODES):
        function = option(function)
    return function


def on_nodes(settings: Config, flags: Mapping[str, Any]) -> Config:
    """The settings with what the `nodes_options` among the flags say of each pipeline. Raises ConfigError.

    Where they name another place to run, settings that have no effect there are left out.
    """
    run = _of_nodes(flags)
    pipelines = {
        name: pipeline.model_copy(update={"run": _run_with(pipeline.run, run)})
        for name, pipeline in settings.pipelines.items()
    }
    return settings.model_copy(update={"pipelines": pipelines}) if run else settings


def _of_nodes(flags: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of `run` that these flags stand for."""
    return _without_none(**{name: flags.get(name) for name in ("on", "nodes", "gpus", "insecure")})


def _run(flags: Mapping[str, Any]) -> dict[str, Any]:
    """As `_of_nodes` where no settings name a place. Raises ConfigError for nodes of none, and as `_run_with`."""
    from embedingest.config import RunConfig

    run = _of_nodes(flags)
    if run and "on" not in run:
        raise _no_place(run)
    _run_with(RunConfig(), run)
    return run


def _no_place(run: Mapping[str, Any]) -> ConfigError:
    from embedingest.config import RAY_ONLY

    places = "add `--on ray`" if run.keys() & set(RAY_ONLY) else "add `--on processes`, or `--on ray`"
    return ConfigError(f"{', '.join(f'`--{name}`' for name in run)}, and no place that has nodes", remedy=places)


def _run_with(before: RunConfig, run: Mapping[str, Any]) -> RunConfig:
    """The settings `before` with these of the command line. Raises ConfigError that names the option."""
    from pydantic import ValidationError

    from embedingest.config import HERE, RunConfig, idle
    from embedingest.config.problems import problems

    if run and "on" not in run and before.on == HERE:
        raise _no_place(run)
    values = {**before.model_dump(exclude_unset=True), **run}
    try:
        left_out = idle(RunConfig(on=values["on"]).on).keys() - run.keys() if "on" in run else set()
        return RunConfig.model_validate({name: value for name, value in values.items() if name not in left_out})
    except ValidationError as error:
        place, text = problems(error, values, RunConfig)[0]
        raise ConfigError(f"--{place[0]}: {text}", remedy=f"see `embedingest {_command()} --help`") from None


def _command() -> str:
    """The command that is being called."""
    context = get_current_context(silent=True)
    return (context and context.info_name) or "ingest"


def ingest_options(function: F) -> F:
    """Everything that says what is read and how it is cut."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def config_from_flags(
    paths: tuple[Path, ...], *, state: Path, model: str, plugins: tuple[str, ...], **flags: Any
) -> Config:
    """The configuration that the flags of `watch`, `ingest`, `plan` or `rebuild` stand for.

    Raises ConfigError for a value out of bounds, for a model folder that does not exist, and for a PATH that is a
    configuration.
    """
    from embedingest.build.settings import folders_config
    from embedingest.cli._environment import engine_settings

    _refuse_configurations(paths)
    config = folders_config(
        _sources(paths, flags),
        _pipeline(flags),
        state=state,
        model=model,
        plugins=plugins,
        engine=engine_settings(),
        remedy=f"see `embedingest {_command()} --help`",
    )
    if plugins:
        from embedingest.build.check import idle_plugins

        for told in idle_plugins(config):
            print_note(told, style="yellow")
    return config


def invalid(error: ValidationError, place: str, *, command: str) -> ConfigError:
    """The first thing that is wrong, at `place`, as an error that points to the help of `command`."""
    return ConfigError(f"{place}: {error.errors()[0]['msg']}", remedy=f"see `embedingest {command} --help`")


_WITH_FILE: Final = {"rebuild": "rebuild --config", "watch": "run", "ingest": "run --once"}
"""What takes a configuration where these take PATHs."""


def _refuse_configurations(paths: tuple[Path, ...]) -> None:
    """Raises ConfigError for a PATH that is a configuration: as a document of its own it is hardly meant."""
    from embedingest.config import is_configuration

    for path in paths:
        if is_configuration(path):
            command = _WITH_FILE.get(get_current_context().info_name or "")
            meant = "name the folders." if command is None else f"did you mean `embedingest {command} {path}`?"
            raise ConfigError(
                f"{path} is a configuration, and folders or documents are wanted",
                remedy=f"{meant} Where it is to be a document, name the folder that it is in, with `--include`",
            )


def _sources(paths: tuple[Path, ...], flags: dict[str, Any]) -> list[dict[str, Any]]:
    """The `sources` that these flags stand for, one for each path."""
    aliases = flags["aliases"]
    if aliases and len(aliases) != len(paths):
        raise ConfigError(
            f"{len(aliases)} aliases were given for {len(paths)} paths",
            remedy="give `--as` once for each PATH, in the same order",
        )
    shared = {
        "include": flags["include"],
        "exclude": flags["exclude"],
        "gitignore": not flags["no_gitignore"],
        "hidden": flags["hidden"],
        "follow_symlinks": flags["follow_symlinks"],
    }
    return [{"path": path, "as": aliases[index] if aliases else None, **shared} for index, path in enumerate(paths)]


def _pipeline(flags: dict[str, Any]) -> dict[str, Any]:
    """The other keys of `pipelines.default` that these flags stand for."""
    return {
        "db": flags["db"],
        "table": flags["table"],
        "rerank": flags["rerank"],
        **_without_none(sparse=flags["sparse"], late=flags["late"], context=context_parts(flags["contextual"])),
        "load": _without_none(workers=flags["workers"], max_bytes=flags["max_bytes"]),
        "chunk": {
            "chunker": flags["chunker"],
            "max_tokens": flags["max_tokens"],
            "overlap_tokens": flags["overlap"],
            "heading_prefix": flags["heading_prefix"],
        },
        "run": _run(flags),
        "watch": _without_none(
            settle_ms=flags.get("settle_ms"), polling=flags.get("polling"), sweep_seconds=flags.get("sweep_seconds")
        ),
    }


def context_parts(names: str | None) -> list[str] | None:
    """What `--contextual` names."""
    return None if names is None else [name.strip() for name in names.split(",")]


def _without_none(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
