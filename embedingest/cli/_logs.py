"""What is logged while a command runs, for people or for programs that collect it; always to standard error."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, Literal

from embedingest.cli._output import printable, stderr, tell_by, teller

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

__all__ = [
    "LOG_FORMAT_VARIABLE", "LogFormat", "log_what_nobody_catches", "set_up_logging", "tell_in", "tell_nothing",
]  # fmt: skip

LogFormat = Literal["text", "json"]
LOG_FORMAT_VARIABLE: Final = "EMBEDINGEST_LOG_FORMAT"

_log = logging.getLogger("embedingest")
_OURS: Final = "embedingest"
_KNOWN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "reported"}
_FIELDS: Final = "embedingest_fields"  # of a record: further members of its document

_TOLD: Final = "embedingest.told"  # the logger of what somebody waits for
_NOISY: Final = ("httpx", "mcp", "uvicorn.access", "watchfiles", "sentence_transformers", "transformers")


def set_up_logging(*, verbose: int, quiet: bool, form: LogFormat = "text") -> None:
    """Warnings, and what somebody waits for, to standard error.

    `-v` adds what we do, `-vv` everything, `-q` leaves errors alone. `form` is how a record is written: a line for
    people, or one JSON document a line with `time` (UTC), `level`, `logger`, `message`, further fields of the event
    and, of an error, `remedy` or `traceback`. As JSON all that commands say on standard error is written so.
    """
    level = logging.ERROR if quiet else (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
    handler = _LineHandler(sys.stderr)
    if form == "text" and not verbose:
        handler.addFilter(lambda record: not getattr(record, "reported", False))  # the command's report says it
    handler.setFormatter(_JsonFormatter() if form == "json" else _PrintableFormatter())
    logging.basicConfig(handlers=[handler], level=level)
    _tell_as(form)
    logging.getLogger("embedingest").setLevel(level)
    # What takes seconds once, and why: told without being asked for.
    logging.getLogger(_TOLD).setLevel(level if quiet else min(level, logging.INFO))
    if verbose < 2:
        if not sys.warnoptions:  # what Python was told to warn of is warned of
            logging.captureWarnings(True)
            logging.getLogger("py.warnings").setLevel(logging.CRITICAL)
        # Read when it is imported, in other processes of ours too: what it warns of is checked by us or no matter.
        os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
        for noisy in _NOISY:
            logging.getLogger(noisy).setLevel(logging.WARNING)


def tell_in(words: Sequence[str]) -> None:
    """Have what is wrong with a command line told in the form that it asks for, or else the environment."""
    asked = [after for word, after in pairwise(words) if word == "--log-format"]
    asked += [word.partition("=")[2] for word in words if word.startswith("--log-format=")]
    _tell_as(asked[0] if asked else os.environ.get(LOG_FORMAT_VARIABLE, "text"))


def _tell_as(form: str) -> None:
    tell_by(_tell if form == "json" else None)


def tell_nothing() -> None:
    """Leave out what is told without being asked for: a program reads the answer."""
    logging.getLogger(_TOLD).setLevel(logging.getLogger("embedingest").level)


class _LineHandler(logging.StreamHandler):  # type: ignore[type-arg]  # of a text stream
    """Lines on standard error. In a terminal they come above whatever is drawn live, on the console that draws it."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            if self.stream.isatty() and teller() is None:
                stderr().print(self.format(record), soft_wrap=True)
            else:
                super().emit(record)
        except Exception:  # noqa: BLE001 -- as logging does with whatever a handler meets
            self.handleError(record)


def log_what_nobody_catches() -> None:
    """Have what ends the program or a thread logged, in the form that was asked for, once there is a log."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if logging.getLogger().handlers and issubclass(kind, Exception):
            _log.critical("unexpected error: %s", kind.__name__, exc_info=(kind, error, trace))
        else:
            sys.__excepthook__(kind, error, trace)

    def thread_hook(told: threading.ExceptHookArgs) -> None:
        if told.exc_value is not None:
            hook(told.exc_type, told.exc_value, told.exc_traceback)

    sys.excepthook = hook
    threading.excepthook = thread_hook


def _tell(message: str, /, *, level: int, **fields: str) -> None:
    """Write what a command says to people as a record, also where nothing is logged yet; `-q` is heeded."""
    if level < logging.ERROR and _log.getEffectiveLevel() >= logging.ERROR:
        return
    record = _log.makeRecord(_TOLD, level, "", 0, message, (), None, extra={_FIELDS: fields})
    with suppress(OSError):
        sys.stderr.write(_JsonFormatter().format(record) + "\n")
        sys.stderr.flush()


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    """What of ours stands beside the message of a record."""
    if record.name.partition(".")[0] != _OURS:
        return {}
    beside = {name: value for name, value in vars(record).items() if _is_field(name)}
    return {**beside, **getattr(record, _FIELDS, {})}


def _is_field(name: str) -> bool:
    """Ray puts a member of its own, which begins with `_`, on every record of the process."""
    return name not in _KNOWN and name != _FIELDS and not name.startswith("_")


class _PrintableFormatter(logging.Formatter):
    """A line an event: names of files and models, hosts and errors cannot end it or reach a terminal as commands.

    The lines of a traceback stand below it, each set in, so that none of them looks like an event. What is told to
    whoever waits is a plain line.
    """

    def format(self, record: logging.LogRecord) -> str:
        message = printable(record.getMessage())
        if record.name == _TOLD and record.levelno == logging.INFO:
            return message
        beside = "".join(f" {name}={value}" for name, value in _fields(record).items())
        lines = [f"{record.levelname} {record.name}: {message}{printable(beside)}"]
        if record.exc_info:
            lines += self.formatException(record.exc_info).splitlines()
        return "\n    ".join(printable(line) for line in lines)


class _JsonFormatter(logging.Formatter):
    """One document a line, in ASCII: no name of a file can end the line or reach a terminal as control characters."""

    def format(self, record: logging.LogRecord) -> str:
        document: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        document = {**_fields(record), **document}  # no field takes the place of what every line has
        if record.exc_info:
            document["traceback"] = self.formatException(record.exc_info)
        return json.dumps(document, default=str)
