"""Runs a command and turns what it raises into a sentence and an exit code. The one such table."""

from __future__ import annotations

import os
import sys

import click

from embedingest.errors import ConfigError, EmbedingestError, EngineError, StoreError

__all__ = ["EXIT", "run_command"]

# Exit codes are fixed names: scripts rely on them.
EXIT = {"ok": 0, "documents": 1, "usage": 2, "machinery": 3, "interrupted": 130}


def run_command(command: click.Command, args: list[str] | None = None) -> int:
    """Run `command` and answer its exit code. Prints errors as a sentence and its hint; a bug keeps its traceback."""
    try:
        result = command.main(args=args, prog_name="embedingest", standalone_mode=False)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        error.show()
        return EXIT["usage"]
    except (click.Abort, KeyboardInterrupt):
        print("interrupted", file=sys.stderr)  # noqa: T201 -- the last word of the program
        return EXIT["interrupted"]
    except EmbedingestError as error:
        _say(error)
        return exit_code(error)
    except BrokenPipeError:
        # The reader of our output went away (`| head`): close quietly, as every filter does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT["ok"]
    return result if isinstance(result, int) else EXIT["ok"]


def exit_code(error: EmbedingestError) -> int:
    """2 for usage and configuration, 3 for store, lock and engine, 1 for a document."""
    if isinstance(error, ConfigError):
        return EXIT["usage"]
    if isinstance(error, (StoreError, EngineError)):
        return EXIT["machinery"]
    return EXIT["documents"]


def _say(error: EmbedingestError) -> None:
    from embedingest.cli._output import console

    out = console()
    out.print(f"[bold red]error:[/] {_plain(error.message)}", highlight=False, soft_wrap=True)
    if error.remedy:
        out.print(f"[bold]hint:[/] {_plain(error.remedy)}", highlight=False, soft_wrap=True)


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)
