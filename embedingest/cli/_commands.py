"""The command tree: which commands there are. Imports none of them until it is called."""

from __future__ import annotations

import difflib
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import rich_click as click

from embedingest import tracing
from embedingest.cli._logs import LOG_FORMAT_VARIABLE, LogFormat, set_up_logging
from embedingest.cli._output import be_quiet
from embedingest.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from click.shell_completion import CompletionItem

__all__ = ["COMMANDS", "GROUPS", "OPTION_GROUPS", "Escaped", "LazyGroup", "cli"]

# name → one line for --help, which stands here so that --help imports no command.
COMMANDS: Final[Mapping[str, str]] = {
    "watch": "Keep the table equal to the folders, from now on",
    "ingest": "Bring the table up to date once and exit",
    "run": "Run the pipelines of a configuration file",
    "search": "Find what was ingested",
    "get": "Print a document as it was ingested",
    "status": "Show what is in sync, waiting or failed",
    "evaluate": "Say how good the search is, on your own questions",
    "plan": "Show what the next ingest would do",
    "verify": "Compare folders, journal and table; mend what differs",
    "retry": "Try failed documents again now",
    "confirm": "Carry out deletions that wait",
    "forget": "Remove a folder's documents from the table",
    "rebuild": "Make the table anew while the old rows go on serving",
    "optimize": "Compact the table and fold its indices",
    "tag": "Name the table's present version, list or drop names",
    "restore": "Make the table what it was at a name",
    "mcp": "Let an assistant search the table",
    "serve": "Serve the engine over HTTP, as Ollama and OpenAI do",
    "bench": "Measure how fast this machine embeds",
    "chunk": "Show how a file is cut, as text, JSON or a page",
    "embed": "Embed texts and print the vectors",
    "doctor": "Find what keeps the main job from working here",
    "models": "List models, show one, or pull one",
    "cache": "Show what lies in the cache folder, or free its room",
    "plugins": "List, check and begin plug-ins",
    "keys": "Make, list and remove keys of a server, by name",
    "config": "Check, show and write configuration files",
    "completion": "Print the shell completion script",
}

# Headings of `embedingest --help`, each a room: `status` under "Look" is `embedingest.cli.look.status:status`.
GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "Main job": ("watch", "ingest", "run", "search", "get", "serve"),
    "Look": ("status", "plan", "verify", "evaluate", "chunk", "embed", "doctor", "bench"),
    "Mend": ("retry", "confirm", "rebuild", "forget", "optimize", "tag", "restore"),
    "Set up": ("models", "cache", "plugins", "config", "keys", "completion", "mcp"),
}

# Set in a context's `meta` while one line a command is enough: for --help and for completion.
_LISTING: Final = "embedingest.listing"


class Escaped(BaseException):
    """Carries Ctrl-C, or what the system refused, past click, which would print and exit by itself."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(error)
        self.error = error


@contextmanager
def _past_click() -> Iterator[None]:
    try:
        yield
    except (KeyboardInterrupt, OSError) as error:
        raise Escaped(error) from error
    except BaseExceptionGroup as group:  # of a program that runs tasks side by side, as `mcp` does
        if group.split((KeyboardInterrupt, OSError))[1] is not None:
            raise
        raise Escaped(_first(group)) from group


def _first(error: BaseException) -> BaseException:
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


_MODULES: Final[Mapping[str, str]] = {
    name: f"embedingest.cli.{heading.lower().replace(' ', '_')}.{name}"
    for heading, names in GROUPS.items()
    for name in names
}


class LazyGroup(click.RichGroup):
    """A group whose commands are imported when they are called, not when they are listed."""

    def __init__(self, *args: object, help_lines: Mapping[str, str], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.help_lines = help_lines

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's signature
        return list(self.help_lines)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        help_line = self.help_lines.get(cmd_name)
        if help_line is None:
            return None
        if ctx.meta.get(_LISTING):
            return click.RichCommand(name=cmd_name, short_help=help_line, help=help_line)
        command = getattr(import_module(_MODULES[cmd_name]), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def get_help(self, ctx: click.Context) -> str:
        ctx.meta[_LISTING] = True
        return super().get_help(ctx)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        ctx.meta[_LISTING] = True
        return super().shell_complete(ctx, incomplete)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        with _past_click():  # `--help` and `--version` print while the arguments are read
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        with _past_click():
            return super().invoke(ctx)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.help_lines and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], self.help_lines, n=1)
            hint = f"did you mean `{near[0]}`?" if near else "`embedingest --help` lists them"
            ctx.fail(f"no such command `{args[0]}`: {hint}")
        return super().resolve_command(ctx, args)


click.rich_click.COMMAND_GROUPS = {
    "embedingest": [{"name": heading, "commands": [*names]} for heading, names in GROUPS.items()]
}
click.rich_click.TEXT_MARKUP = "markdown"
# What a value may be stands behind the words, so that these have room in a terminal of 80 columns.
click.rich_click.OPTIONS_TABLE_COLUMN_TYPES = ["required", "opt_long", "opt_short", "help"]
click.rich_click.OPTIONS_TABLE_HELP_SECTIONS = ["help", "deprecated", "envvar", "default", "required", "metavar"]
_TABLE: Final = ["--db", "--table", "--state", "--model", "--sparse", "--late", "--rerank", "--plugin"]
_FILES: Final = ["--as", "--include", "--exclude", "--no-gitignore", "--hidden", "--follow-symlinks", "--max-bytes"]
_CHUNKS: Final = ["--chunker", "--max-tokens", "--overlap", "--heading-prefix", "--contextual"]
_RUN: Final = ["--once", "--workers", "--allow-deletes", "--plan", "--json", "--help"]
_FOLLOWING: Final = ["--settle-ms", "--polling", "--sweep-seconds"]
_SERVING: Final = [
    "--serve", "--host", "--port", "--origin", "--allowed-host", "--api-key", "--api-key-file", "--keys-file",
    "--root-path", "--trusted-proxy",
]  # fmt: skip
_NODES: Final = ["--on", "--nodes", "--gpus", "--insecure"]
_INGESTING: Final = [
    {"name": "The run", "options": _RUN},
    {"name": "Table and model", "options": _TABLE},
    {"name": "Which files", "options": _FILES},
    {"name": "How they are cut", "options": _CHUNKS},
]
OPTION_GROUPS: Final = {
    "embedingest ingest": [*_INGESTING, {"name": "Who reads and embeds", "options": _NODES}],
    "embedingest watch": [
        *_INGESTING,
        {"name": "Who reads and embeds", "options": ["--on"]},
        {"name": "How changes are followed", "options": _FOLLOWING},
        {"name": "Serving beside it", "options": _SERVING},
    ],
}
"""Headings of the help of commands with many options."""

click.rich_click.OPTION_GROUPS = OPTION_GROUPS  # type: ignore[assignment]  # a list of plain dictionaries


@click.group(
    cls=LazyGroup,
    help_lines=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(__version__, "-V", "--version", prog_name="embedingest")
@click.option("-v", "--verbose", count=True, help="Say more on standard error; twice for debugging.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors on standard error.")
@click.option(
    "--log-format", type=click.Choice(["text", "json"]), default="text", envvar=LOG_FORMAT_VARIABLE,
    help="How log lines on standard error are written; `json` is a document a line.",
)  # fmt: skip
@click.pass_context
def cli(context: click.Context, verbose: int, quiet: bool, log_format: LogFormat) -> None:
    """Keep a LanceDB table equal to your folders, and serve the same embeddings over Ollama's API.

    `embedingest watch ./docs` is all it takes to begin.
    """
    be_quiet(quiet)
    set_up_logging(verbose=verbose, quiet=quiet, form=log_format)
    if tracing.set_up():
        context.call_on_close(tracing.shut_down)
