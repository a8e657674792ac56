"""What is logged while a command runs, for people or for programs that collect it; always to standard error."""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import UTC, datetime
from typing import Any, Final, Literal

from embedingest.cli._output import printable

__all__ = ["LogFormat", "set_up_logging", "tell_nothing"]

LogFormat = Literal["text", "json"]

_TOLD: Final = "embedingest.told"  # the logger of what somebody waits for
_NOISY: Final = ("httpx", "uvicorn.access", "watchfiles", "sentence_transformers", "transformers")


def set_up_logging(*, verbose: int, quiet: bool, form: LogFormat = "text") -> None:
    """Warnings, and what somebody waits for, to standard error.

    `-v` adds what we do, `-vv` everything, `-q` leaves errors alone. `form` is how a record is written: a line for
    people, or one JSON document a line with `time` (UTC), `level`, `logger`, `message` and, of an error, `traceback`.
    """
    level = logging.ERROR if quiet else (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if form == "json" else _PrintableFormatter())
    logging.basicConfig(handlers=[handler], level=level)
    logging.getLogger("embedingest").setLevel(level)
    # What takes seconds once, and why: told without being asked for.
    logging.getLogger(_TOLD).setLevel(level if quiet else min(level, logging.INFO))
    if verbose < 2:
        # Read when it is imported, in other processes of ours too: what it warns of is checked by us or no matter.
        os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
        for noisy in _NOISY:
            logging.getLogger(noisy).setLevel(logging.WARNING)


def tell_nothing() -> None:
    """Leave out what is told without being asked for: a program reads the answer."""
    logging.getLogger(_TOLD).setLevel(logging.getLogger("embedingest").level)


class _PrintableFormatter(logging.Formatter):
    """Log lines name files, too. What is told to whoever waits is a plain line."""

    def __init__(self) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        is_told = record.name == _TOLD and record.levelno == logging.INFO
        return printable(record.getMessage() if is_told else super().format(record), lines=True)


class _JsonFormatter(logging.Formatter):
    """One document a line, in ASCII: no name of a file can end the line or reach a terminal as control characters."""

    def format(self, record: logging.LogRecord) -> str:
        document: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            document["traceback"] = self.formatException(record.exc_info)
        return json.dumps(document)
