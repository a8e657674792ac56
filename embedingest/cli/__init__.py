"""The command line: parse, build, call, print. Does no work of its own and starts at once: commands load lazily."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Entry point of the console script: runs a command and exits with one of the documented codes."""
    from embedingest.cli._commands import cli
    from embedingest.cli._main import run_command

    sys.exit(run_command(cli))
