"""`embedingest run CONFIG`: the pipelines of a file, in one process, sharing engines by name."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from embedingest.cli._options import json_option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from embedingest.config import Config
    from embedingest.ingest.report import IngestReport
    from embedingest.supervise import Supervisor

__all__ = ["run"]


@click.command()
@click.argument("config", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--once", is_flag=True, help="Bring every table up to date and exit.")
@click.option("--allow-deletes", is_flag=True, help="With --once, let every deletion happen without asking.")
@json_option
def run(config: Path, once: bool, allow_deletes: bool, as_json: bool) -> int:
    """Run the pipelines of the file CONFIG, and its server, until Ctrl-C.

    On SIGHUP the file is read again and what changed is applied; a broken file is refused and the old settings go on.
    """
    from embedingest.cli._stopping import stopping
    from embedingest.config import read
    from embedingest.supervise import Supervisor

    settings = read(config)
    with stopping() as stop:
        supervisor = Supervisor(settings, stop=stop, tell=_teller(as_json=as_json, quiet=once and as_json), said=_say)
        _name_hosts(settings)
        if once:
            return _once(supervisor, allow_deletes=allow_deletes, as_json=as_json) if not stop.interrupted else 130
        with _reread_on_hangup(supervisor, config):
            supervisor.run()
        if stop.interrupted:
            return 130
    return _code(supervisor)


def _once(supervisor: Supervisor, *, allow_deletes: bool, as_json: bool) -> int:
    from embedingest.cli._output import print_json

    reports = supervisor.once(allow_deletes=allow_deletes)
    if as_json:
        print_json({name: report.to_json() for name, report in reports.items()})
    return max([_code(supervisor), *(report.exit_code for report in reports.values())])


def _code(supervisor: Supervisor) -> int:
    from embedingest.cli._run import exit_code
    from embedingest.errors import EmbedingestError

    failures = supervisor.failures.values()
    return max((exit_code(e) if isinstance(e, EmbedingestError) else 3 for e in failures), default=0)


def _name_hosts(settings: Config) -> None:
    from embedingest.build.session import Session
    from embedingest.supervise import hosts

    session = Session(settings)
    try:
        for host, why in hosts(session).items():
            _say(f"will talk to {host} ({why})")
    finally:
        session.close()


@contextmanager
def _reread_on_hangup(supervisor: Supervisor, file: Path) -> Iterator[None]:
    """SIGHUP reads the file again; where there is no such signal, nothing does."""
    from embedingest.config import read

    number = getattr(signal, "SIGHUP", None)
    if number is None:
        yield
        return

    def on_hangup(*_: Any) -> None:
        supervisor.ask_to_reread(lambda: read(file))

    before = signal.signal(number, on_hangup)
    try:
        yield
    finally:
        signal.signal(number, before)


def _teller(*, as_json: bool, quiet: bool) -> Callable[[str, IngestReport], None]:
    lock, told = threading.Lock(), set[str]()

    def tell(name: str, report: IngestReport) -> None:
        with lock:
            if not quiet and (name not in told or report.changed_anything() or report.failures):
                told.add(name)
                _tell(name, report, as_json=as_json)

    return tell


def _tell(name: str, report: IngestReport, *, as_json: bool) -> None:
    from embedingest.cli._output import console, print_json
    from embedingest.cli.ingest import say

    if as_json:
        print_json({"pipeline": name, **report.to_json()}, line=True)
        return
    console().print(name, style="bold", highlight=False, markup=False)
    say(report, as_json=False)


def _say(line: str) -> None:
    from embedingest.cli._output import console

    console().print(line, highlight=False, markup=False, soft_wrap=True)
