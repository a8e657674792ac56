"""`embedingest completion SHELL`: the script a shell sources to complete our commands and options."""

from __future__ import annotations

import rich_click as click

from embedingest.cli._output import print_line

__all__ = ["completion"]


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of SHELL.

    Add it to your shell's start-up file, for example `eval "$(embedingest completion bash)"`.
    """
    from click.shell_completion import get_completion_class

    from embedingest.cli._commands import cli

    script = get_completion_class(shell)
    if script is None:
        raise click.UsageError(f"no completion for {shell}")
    for line in script(cli, {}, "embedingest", "_EMBEDINGEST_COMPLETE").source().split("\n"):
        print_line(line)
