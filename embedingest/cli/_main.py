"""Runs a command; turns what it raises into a sentence and an exit code."""

from __future__ import annotations

import errno
import logging
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from embedingest.cli._commands import Escaped
from embedingest.cli._exit_codes import ExitCode, exit_code
from embedingest.cli._interrupt import interruptible, say_interrupted
from embedingest.cli._logs import tell_in
from embedingest.cli._misplaced import where_it_goes
from embedingest.cli._output import finish_output, open_missing_streams, printable, stderr, teller
from embedingest.errors import EmbedingestError
from embedingest.paths import removed_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["run_command"]

# What a write is refused with; of a file that a command opens, the error names the file, or is of a class of ours.
_UNWRITABLE = {errno.EPIPE, errno.ENOSPC, errno.EIO, errno.EFBIG, errno.EBADF, errno.EDQUOT}


def run_command(command: click.Command, args: list[str] | None = None) -> int:
    """Run `command` and return its exit code. Prints errors as a sentence and its hint; a bug keeps its traceback.

    130 after Ctrl-C, whatever it was turned into on its way here.
    """
    open_missing_streams()
    tell_in(sys.argv[1:] if args is None else args)
    with interruptible() as interruption:
        try:
            return _ended(_run(command, args))
        except BaseException:
            if not interruption.came:
                raise
        say_interrupted()
        finish_output()
        return ExitCode.INTERRUPTED


def _ended(code: int) -> int:
    """The code of a command whose output is written to the end."""
    failure = finish_output()
    return code if failure is None else _unwritten(failure)


def _run(command: click.Command, args: list[str] | None) -> int:
    try:
        result = command.main(args=args, prog_name="embedingest", standalone_mode=False)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        _say_where(error, sys.argv[1:] if args is None else args)
        _say_range(error)
        if teller() is not None:
            _print_error(error.format_message(), _usage(error))
            return ExitCode.USAGE
        error.message = printable(error.message, lines=True)  # type: ignore[misc]  # what click says holds arguments
        with suppress(OSError):
            error.show()
        return ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt):
        say_interrupted()
        return ExitCode.INTERRUPTED
    except EmbedingestError as error:
        _print_error(error.message, error.remedy)
        return exit_code(error)
    except Escaped as escaped:
        return _failed(escaped.error)
    return result if isinstance(result, int) else ExitCode.DONE


def _say_where(error: click.ClickException, words: Sequence[str]) -> None:
    """Of an option on the wrong side of the command, the right one."""
    if isinstance(error, click.NoSuchOption) and (place := where_it_goes(error, words)) is not None:
        error.message = f"{error.message.rstrip('.')} here: {place}"  # type: ignore[misc]  # as of any exception
        error.possibilities = []  # type: ignore[misc]


def _say_range(error: click.ClickException) -> None:
    """Of a word where a number is wanted, which numbers are: click calls it no valid integer range."""
    kind = error.param.type if isinstance(error, click.BadParameter) and error.param is not None else None
    if isinstance(kind, click.IntRange | click.FloatRange):
        wanted = "a whole number" if isinstance(kind, click.IntRange) else "a number"
        bounds = [f"{word} {bound:,}" for word, bound in (("from", kind.min), ("to", kind.max)) if bound is not None]
        said = error.message.replace(f"is not a valid {kind.name}", " ".join([f"is not {wanted}", *bounds]))
        error.message = said  # type: ignore[misc]  # as of any exception


def _failed(error: BaseException) -> int:
    """After what click would turn into something of its own: Ctrl-C, and what the system refused."""
    if not isinstance(error, OSError):
        say_interrupted()
        return ExitCode.INTERRUPTED
    if isinstance(error, FileNotFoundError) and _folder_is_removed():
        removed = removed_folder()
        _print_error(removed.message, removed.remedy)
        return ExitCode.USAGE
    if error.filename is None and error.errno in _UNWRITABLE:
        finish_output()
        return _unwritten(error)
    logging.getLogger("embedingest").debug("the system refused", exc_info=error)
    where = "" if error.filename is None else f"{error.filename}: "
    _print_error(f"{where}{error.strerror or error}")
    return ExitCode.FAILED


def _folder_is_removed() -> bool:
    """Whether the working folder is no more."""
    try:
        Path.cwd()
    except FileNotFoundError:
        return True
    return False


def _unwritten(failure: OSError) -> int:
    if failure.errno == errno.EPIPE:
        return ExitCode.DONE  # the reader of our output went away (`| head`): end quietly, as filters do
    _print_error(f"the output could not be written: {failure.strerror or failure}")
    return ExitCode.FAILED


def _usage(error: click.ClickException) -> str | None:
    context = error.ctx if isinstance(error, click.UsageError) else None
    return None if context is None else f"`{context.command_path} --help` says how it is used"


def _print_error(message: str, remedy: str | None = None) -> None:
    if (tell := teller()) is not None:
        tell(message, level=logging.ERROR, **({"remedy": remedy} if remedy else {}))
        return
    from rich.text import Text

    stderr().print(Text.assemble(("error:", "bold red"), " ", printable(message, lines=True)), soft_wrap=True)
    if remedy:
        stderr().print(Text.assemble(("hint:", "bold"), " ", printable(remedy, lines=True)), soft_wrap=True)
