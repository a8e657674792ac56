"""`embedingest doctor`: what could keep the main job from working on this machine, and the way out of each."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import rich_click as click

from embedingest.cli._options import json_option, table_options
from embedingest.cli._output import print_json, print_line, stdout
from embedingest.errors import ConfigError, EmbedingestError, TableMissingError
from embedingest.paths import user_cache
from embedingest.types import DEFAULT_MODEL
from embedingest.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Finding", "doctor"]

_LEAST_FREE_BYTES: Final = 500 * 2**20
_FEW_WATCHES: Final = 8_192


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked. A `problem` keeps something from working, a `note` is worth knowing."""

    check: str
    state: Literal["fine", "note", "problem"]
    message: str
    remedy: str | None = None

    def to_json(self) -> dict[str, str | None]:
        return {"check": self.check, "state": self.state, "said": self.message, "remedy": self.remedy}


@click.command()
@table_options
@click.option("-p", "--port", type=click.IntRange(1, 65535), default=11434, show_default=True, help="Port of `serve`.")
@json_option
def doctor(db: str, table: str, state: Path, port: int, as_json: bool) -> int:
    """Look at this machine, the models, the table and the port. Exit code 1 when something is in the way."""
    checks: tuple[Callable[[], Iterator[Finding]], ...] = (
        _versions,
        _processor,
        _models,
        lambda: _folders(db, state),
        lambda: _store(db),
        lambda: _table(db, table, state),
        lambda: _journal(db, table, state),
        _watches,
        lambda: _port(port),
    )
    findings = [finding for check in checks for finding in check()]
    if as_json:
        print_json({"findings": [finding.to_json() for finding in findings]})
    else:
        marks = {"fine": ("ok     ", "green"), "note": ("note   ", "yellow"), "problem": ("problem", "red")}
        for finding in findings:
            stdout().print(marks[finding.state][0], style=marks[finding.state][1], end=" ")
            stdout().print(finding.check, style="bold", end=" ")
            print_line(finding.message)
            if finding.remedy:
                print_line(f"        {finding.remedy}")
    return int(any(finding.state == "problem" for finding in findings))


def _versions() -> Iterator[Finding]:
    from importlib.metadata import PackageNotFoundError, version

    versions = [f"embedingest {__version__}", f"Python {platform.python_version()}", platform.platform()]
    for package in ("torch", "sentence-transformers", "openvino", "lancedb"):
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            versions.append(f"no {package}")
    yield Finding("versions", "fine", ", ".join(versions))


def _processor() -> Iterator[Finding]:
    from embedingest.engine.hardware import cores, flags

    features = ", ".join(flags()) or "none that speed up half precision"
    yield Finding("processor", "fine", f"{cores()} cores; {features}")


def _models() -> Iterator[Finding]:
    from embedingest.build.models import open_engine

    engine = open_engine()
    try:
        info = engine.describe(DEFAULT_MODEL)
        yield Finding("model", "fine", f"{DEFAULT_MODEL}: {info.dimensions} dimensions, {info.max_tokens} tokens")
    except EmbedingestError as error:
        yield Finding("model", "problem", error.message, _way_out(error))
    finally:
        engine.close()


def _folders(db: str, state: Path) -> Iterator[Finding]:
    from embedingest.store.uri import local_folder

    for name, folder in (("table", local_folder(db)), ("state", state), ("cache", user_cache())):
        if folder is not None:
            yield _writable(name, folder)


def _writable(name: str, folder: Path) -> Finding:
    existing = folder
    while not os.path.exists(existing):  # noqa: PTH110 -- Path.exists raises where a folder may not be looked into
        existing = existing.parent
    if not os.access(existing, os.W_OK):
        remedy = (
            "change its rights, or name another; enough for `search`, `status`, `plan` and `verify` where it is read"
        )
        return Finding(f"{name} folder", "problem", f"{folder} cannot be written", remedy)
    free = shutil.disk_usage(existing).free
    message = f"{folder}, {free / 2**30:.1f} GiB free"
    if free < _LEAST_FREE_BYTES:
        return Finding(f"{name} folder", "note", message, "a full disk stops the ingest; nothing stored is lost")
    return Finding(f"{name} folder", "fine", message)


def _store(db: str) -> Iterator[Finding]:
    """Of a table in an object store: writes to it, once, as a run does before its first write."""
    from embedingest.store.conditional import check_store
    from embedingest.store.uri import local_folder

    if local_folder(db) is not None:
        return
    try:
        check_store(db)
        yield Finding("store", "fine", f"{db} can be written, and keeps what several write at once")
    except EmbedingestError as error:
        yield Finding("store", "problem", error.message, _way_out(error))


def _table(db: str, table: str, state: Path) -> Iterator[Finding]:
    from embedingest.build.inspect import table_facts
    from embedingest.store.health import damage, damaged_table
    from embedingest.store.writer import writer_lock

    if found := damage(db, table):
        yield Finding("table", "problem", damaged_table(table, found).message, found[0].remedy)
    try:
        facts = table_facts(db, table)
        yield Finding("table", "fine", f"`{table}`: {facts['rows']:,} rows by model {facts['model']}")
    except TableMissingError:
        yield Finding("table", "note", f"there is no `{table}` in {db} yet", "`embedingest ingest PATH` makes it")
        return
    except EmbedingestError as error:
        if not found:  # else it is said
            yield Finding("table", "problem", error.message, _way_out(error))
        return
    holder = writer_lock(db, table, state=state).current()
    yield Finding("writer", "fine", "nobody writes it now" if holder is None else str(holder))


def _journal(db: str, table: str, state: Path) -> Iterator[Finding]:
    from embedingest.build.inspect import fault_of_journal

    if (fault := fault_of_journal(state, db, table)) is not None:
        remedy = "`embedingest verify --repair`, and every `ingest` or `watch`, puts a damaged one aside"
        yield Finding("journal", "problem", fault, remedy)


def _watches() -> Iterator[Finding]:
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError, ValueError):
        allowed = int(Path("/proc/sys/fs/inotify/max_user_watches").read_text("ascii"))
        message = f"{allowed:,} folders can be watched at once"
        if allowed < _FEW_WATCHES:
            remedy = f"`sudo sysctl fs.inotify.max_user_watches={_FEW_WATCHES * 16}`; beyond it folders are polled"
            yield Finding("watching", "note", message, remedy)
        else:
            yield Finding("watching", "fine", message)


def _way_out(error: EmbedingestError) -> str | None:
    """The remedy of an error, unless that is to run this command."""
    remedy = error.remedy
    return None if remedy is None or "`embedingest doctor`" in remedy else remedy


def _port(port: int) -> Iterator[Finding]:
    from embedingest.server.run import bind

    try:
        bind("127.0.0.1", port).close()
        yield Finding("port", "fine", f"{port} is free")
    except ConfigError as error:
        yield Finding("port", "note", error.message, _way_out(error))
