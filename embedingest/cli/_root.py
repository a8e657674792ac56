"""The command tree: which commands there are and where each lives. Imports none of them until it is called."""

from __future__ import annotations

import difflib
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import rich_click as click

from embedingest.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

    from click.shell_completion import CompletionItem

__all__ = ["COMMANDS", "GROUPS", "LazyGroup", "cli"]

# name → (module:attribute, one line for --help). The line stands here so that --help imports no command.
COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "watch": ("embedingest.cli.ingest:watch", "Keep the table equal to the folders, from now on"),
    "ingest": ("embedingest.cli.ingest:ingest", "Bring the table up to date once and exit"),
    "run": ("embedingest.cli.run:run", "Run the pipelines of a configuration file"),
    "search": ("embedingest.cli.search:search", "Find what was ingested"),
    "status": ("embedingest.cli.status:status", "Show what is in sync, waiting or failed"),
    "plan": ("embedingest.cli.plan:plan", "Show what the next ingest would do"),
    "verify": ("embedingest.cli.plan:verify", "Compare folders, journal and table; mend what differs"),
    "retry": ("embedingest.cli.mend:retry", "Try failed documents again now"),
    "confirm": ("embedingest.cli.mend:confirm", "Carry out deletions that wait"),
    "forget": ("embedingest.cli.mend:forget", "Remove a folder's documents from the table"),
    "rebuild": ("embedingest.cli.mend:rebuild", "Make the table anew while the old rows go on serving"),
    "optimize": ("embedingest.cli.mend:optimize", "Compact the table and fold its indices"),
    "tag": ("embedingest.cli.snapshots:tag", "Name the table's present version, list or drop names"),
    "restore": ("embedingest.cli.snapshots:restore", "Make the table what it was at a name"),
    "mcp": ("embedingest.cli.mcp:mcp", "Let an assistant search the table"),
    "serve": ("embedingest.cli.serve:serve", "Serve the engine over HTTP, as Ollama and OpenAI do"),
    "bench": ("embedingest.cli.bench:bench", "Measure how fast this machine embeds"),
    "chunk": ("embedingest.cli.chunk:chunk", "Show how a file is cut, as text, JSON or a page"),
    "embed": ("embedingest.cli.embed:embed", "Embed texts and print the vectors"),
    "doctor": ("embedingest.cli.doctor:doctor", "Find what keeps the main job from working here"),
    "models": ("embedingest.cli.models:models", "List models, show one, or pull one"),
    "plugins": ("embedingest.cli.plugins:plugins", "List, check and begin plug-ins"),
    "config": ("embedingest.cli.config:config", "Check, show and write configuration files"),
    "completion": ("embedingest.cli.completion:completion", "Print the shell completion script"),
}

# Headings of `embedingest --help`; a command that stands in none is listed last.
GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "Main job": ("watch", "ingest", "run", "search", "serve"),
    "Look": ("status", "plan", "verify", "chunk", "embed", "doctor", "bench"),
    "Mend": ("retry", "confirm", "rebuild", "forget", "optimize", "tag", "restore"),
    "Set up": ("models", "plugins", "config", "completion", "mcp"),
}


# Set in a context while only one line a command is wanted: for --help and for completion.
_LISTING: Final = "embedingest.listing"


class LazyGroup(click.RichGroup):
    """A group whose commands are imported when they are called, not when they are listed."""

    def __init__(self, *args: object, table: Mapping[str, tuple[str, str]], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's signature
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.table:
            return None
        target, help_line = self.table[cmd_name]
        if ctx.meta.get(_LISTING):
            return click.RichCommand(name=cmd_name, short_help=help_line, help=help_line)
        module, _, attribute = target.partition(":")
        command = getattr(import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{target} is not a command")
        return command

    def get_help(self, ctx: click.Context) -> str:
        ctx.meta[_LISTING] = True
        return super().get_help(ctx)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        ctx.meta[_LISTING] = True
        return super().shell_complete(ctx, incomplete)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.table and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], self.table, n=1)
            hint = f"did you mean `{near[0]}`?" if near else "`embedingest --help` lists them"
            ctx.fail(f"no such command `{args[0]}`: {hint}")
        return super().resolve_command(ctx, args)


def _headings() -> list[dict[str, Any]]:
    known: list[dict[str, Any]] = [
        {"name": name, "commands": [c for c in names if c in COMMANDS]} for name, names in GROUPS.items()
    ]
    return [group for group in known if group["commands"]]


click.rich_click.COMMAND_GROUPS = {"embedingest": _headings()}  # type: ignore[dict-item]
click.rich_click.TEXT_MARKUP = "markdown"


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(__version__, "-V", "--version", prog_name="embedingest")
@click.option("-v", "--verbose", count=True, help="Say more on standard error; twice for debugging.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors on standard error.")
def cli(verbose: int, quiet: bool) -> None:
    """Keep a LanceDB table equal to your folders, and serve the same embeddings over Ollama's API.

    `embedingest watch ./docs` is all it takes to begin.
    """
    from embedingest.cli._output import set_up_logging

    set_up_logging(verbose=verbose, quiet=quiet)
