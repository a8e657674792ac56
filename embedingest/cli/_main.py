"""Runs a command; turns what it raises into a sentence and an exit code."""

from __future__ import annotations

import os
import sys

import click

from embedingest.cli._exit_codes import ExitCode, exit_code
from embedingest.cli._output import printable, stderr
from embedingest.errors import EmbedingestError

__all__ = ["run_command"]


def run_command(command: click.Command, args: list[str] | None = None) -> int:
    """Run `command` and return its exit code. Prints errors as a sentence and its hint; a bug keeps its traceback."""
    try:
        result = command.main(args=args, prog_name="embedingest", standalone_mode=False)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        error.message = printable(error.message, lines=True)  # type: ignore[misc]  # what click says holds arguments
        error.show()
        return ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt):
        print("interrupted", file=sys.stderr)  # noqa: T201 -- the last line of the program
        return ExitCode.INTERRUPTED
    except EmbedingestError as error:
        _print_error(error)
        return exit_code(error)
    except BrokenPipeError:
        # The reader of our output went away (`| head`): end quietly, as filters do.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DONE
    return result if isinstance(result, int) else ExitCode.DONE


def _print_error(error: EmbedingestError) -> None:
    from rich.text import Text

    stderr().print(Text.assemble(("error:", "bold red"), " ", printable(error.message, lines=True)), soft_wrap=True)
    if error.remedy:
        stderr().print(Text.assemble(("hint:", "bold"), " ", printable(error.remedy, lines=True)), soft_wrap=True)
