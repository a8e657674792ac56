"""What commands print: data to standard output, everything else to standard error. Knows no commands.

Here is the border of the terminal: what documents and names hold is shown by `printable`, never sent as it is.
"""

from __future__ import annotations

import errno
import io
import json
import logging
import os
import re
import sys
from contextlib import contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Protocol

from embedingest.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rich.console import Console

__all__ = [
    "be_quiet",
    "finish_output",
    "is_quiet",
    "open_missing_streams",
    "print_failure",
    "print_json",
    "print_line",
    "print_note",
    "printable",
    "stderr",
    "stdout",
    "tell_by",
    "teller",
    "writing",
]

# Beyond ASCII: C1 controls, half pairs (names that are no UTF-8), line ends that editors do not count, and what turns
# the direction of writing around.
_BEYOND_ASCII: Final = r"\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_UNSAFE: Final = re.compile(rf"[\x00-\x08\x0b-\x1f{_BEYOND_ASCII}]")
_UNSAFE_IN_A_LINE: Final = re.compile(rf"[\x00-\x08\x0a-\x1f{_BEYOND_ASCII}]")
_UNSAFE_IN_JSON: Final = re.compile(f"[{_BEYOND_ASCII}]")
_WIDE: Final = 1000  # columns, where nothing is to be broken into lines
_SHORT: Final = {"\n": r"\n", "\r": r"\r"}


def printable(text: str, *, lines: bool = False) -> str:
    """The text with every character that a terminal would obey spelled out, as `\\x1b`; with `lines` line ends stay.

    Spelled twice it stays the same.
    """
    return (_UNSAFE if lines else _UNSAFE_IN_A_LINE).sub(_spelled, text)


def _spelled(found: re.Match[str]) -> str:
    character = found[0]
    number = ord(character)
    return _SHORT.get(character) or (f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}")


class Teller(Protocol):
    """Who writes what is said on standard error where it is read by a program, `fields` beside the message."""

    def __call__(self, message: str, /, *, level: int, **fields: str) -> None: ...


_tellers: list[Teller] = []


def tell_by(teller: Teller | None) -> None:
    """Have all that is said on standard error told by `teller`, an event a call; `None`: written for people."""
    _tellers[:] = [] if teller is None else [teller]


def teller() -> Teller | None:
    """Who is to tell what is said on standard error; `None` where it is written for people."""
    return _tellers[0] if _tellers else None


@cache
def stderr() -> Console:
    """Standard error, for people."""
    return _terminal(stderr=True)


@cache
def stdout() -> Console:
    """Standard output, for results that people read; without colour when piped."""
    return _terminal(stderr=False)


def _terminal(*, stderr: bool) -> Console:
    """A console that parses nothing that it is given, and sends no control characters but its own."""
    from rich.console import Console
    from rich.segment import Segment

    class Terminal(Console):
        def render(self, *args: Any, **options: Any) -> Any:
            for segment in super().render(*args, **options):
                text, style, control = segment
                yield segment if control else Segment(printable(text, lines=True), style)

        def print(self, *args: Any, **options: Any) -> None:
            if stderr and (tell := teller()) is not None:
                if said := _plain(*args):
                    tell(said, level=logging.INFO)
                return
            try:
                super().print(*args, **options)
            except OSError:
                if not stderr:
                    raise  # and what is said beside a result may fail without it

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))  # rich would exit by itself

    return Terminal(stderr=stderr, markup=False, emoji=False, highlight=False)


def _plain(*parts: Any) -> str:
    """What these would show, without colours and breaks of lines."""
    from rich.console import Console

    console = Console(file=io.StringIO(), width=_WIDE, color_system=None, markup=False, emoji=False, highlight=False)
    console.print(*parts, soft_wrap=True)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().strip()


def print_line(line: str) -> None:
    """One line of a result on standard output: no markup, no wrapping, no control characters."""
    stdout().print(printable(line), soft_wrap=True)


_quiet = False


def be_quiet(quiet: bool) -> None:
    """From now on notes are said, or, where `quiet`, nothing but failures and errors."""
    global _quiet  # noqa: PLW0603 -- what standard error gets is the process's
    _quiet = quiet


def is_quiet() -> bool:
    """Whether nothing but failures and errors is said."""
    return _quiet


def print_note(line: str, *, style: str | None = None) -> None:
    """One line for people on standard error: no markup, no wrapping, no control characters. Nothing after `-q`."""
    if not _quiet:
        stderr().print(printable(line), style=style, soft_wrap=True)


def print_failure(line: str, *, style: str | None = None) -> None:
    """One line for people on standard error, whatever is left out: why a command does not end with 0."""
    if (tell := teller()) is not None:
        tell(line, level=logging.ERROR)
        return
    stderr().print(printable(line), style=style, soft_wrap=True)


def print_json(document: Any, *, line: bool = False) -> None:
    """One JSON document on standard output; on one line with `line`. Read again, every text is what it was."""
    indent = None if line else 2
    text = json.dumps(document, ensure_ascii=False, indent=indent, default=str)
    sys.stdout.write(_UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n")
    sys.stdout.flush()


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """While inside, a file or folder that was named for output is written. Raises ConfigError where it cannot be."""
    try:
        yield
    except OSError as error:
        raise ConfigError(
            f"cannot write {path}: {error.strerror or error}", remedy="name another place, or make this one writable"
        ) from error


def open_missing_streams() -> None:
    """Where the program was started with a standard stream closed, what it says there goes nowhere.

    Without that the first file that is opened would get the number, and be written into.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "r+" if number else "r", closefd=False))  # noqa: SIM115 -- to stay


def finish_output() -> OSError | None:
    """Write what is still to be written. The error of standard output, where that is impossible: it goes nowhere
    from then on, so that the interpreter does not stumble over it once more.
    """
    failure = None
    for number, stream in ((1, sys.stdout), (2, sys.stderr)):
        try:
            stream.flush()
        except OSError as error:
            with suppress(OSError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, number)
                os.close(nowhere)
            failure = error if number == 1 else failure
    return failure
