"""What commands print: data to standard output, everything else to standard error. Knows no commands."""

from __future__ import annotations

import json
import logging
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["print_json", "print_line", "print_note", "set_up_logging", "stderr", "stdout"]


@cache
def stderr() -> Console:
    """Standard error, for people."""
    from rich.console import Console

    return Console(stderr=True)


@cache
def stdout() -> Console:
    """Standard output, for results that people read; without colour when piped."""
    from rich.console import Console

    return Console()


def print_line(line: str) -> None:
    """One line of a result on standard output, as it is: no markup, no wrapping."""
    stdout().print(line, highlight=False, markup=False, soft_wrap=True)


def print_note(line: str, *, style: str | None = None) -> None:
    """One line for people on standard error, as it is: no markup, no wrapping."""
    stderr().print(line, style=style, highlight=False, markup=False, soft_wrap=True)


def print_json(document: Any, *, line: bool = False) -> None:
    """One JSON document on standard output; on one line with `line`."""
    indent = None if line else 2
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=indent, default=str) + "\n")
    sys.stdout.flush()


def set_up_logging(*, verbose: int, quiet: bool) -> None:
    """Warnings to standard error; `-v` adds what we do, `-vv` everything, `-q` leaves errors alone."""
    level = logging.ERROR if quiet else (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
    logging.basicConfig(stream=sys.stderr, level=level, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("embedingest").setLevel(level)
    if verbose < 2:
        for noisy in ("httpx", "uvicorn.access", "watchfiles", "sentence_transformers", "transformers"):
            logging.getLogger(noisy).setLevel(logging.WARNING)
