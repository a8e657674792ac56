"""`embedingest run CONFIG`: the pipelines of a file, in one process, sharing engines by name."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import rich_click as click

from embedingest.cli._exit_codes import ExitCode, exit_code
from embedingest.cli._interrupt import stop_on_signals
from embedingest.cli._options import FilePath, json_option
from embedingest.cli._output import print_failure, print_json, print_note
from embedingest.cli._progress import named_progress_line, progress_line
from embedingest.cli._reports import print_report
from embedingest.cli._settings import nodes_options, on_nodes
from embedingest.errors import ConfigError, PluginError
from embedingest.system import hangup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from embedingest.config import Config
    from embedingest.ingest.report import IngestReport, ProgressSink
    from embedingest.supervise import Supervisor

__all__ = ["run"]


@click.command()
@click.argument("config", type=FilePath(dir_okay=False))
@click.option("--once", is_flag=True, help="Bring every table up to date and exit.")
@click.option(
    "--every", metavar="TIME", help="Bring every table up to date again and again, as `15m`, instead of watching."
)
@nodes_options
@click.option("--allow-deletes", is_flag=True, help="With --once, let every deletion happen without asking.")
@json_option
def run(config: Path, once: bool, every: str | None, allow_deletes: bool, as_json: bool, **nodes: Any) -> int:
    """Run the pipelines of the file CONFIG, and its server, until Ctrl-C.

    On SIGHUP the file is read again and what changed is applied; a file that is broken, or of which something would not
    start, is refused as a whole and the old settings go on. No pipeline that fails ends the server.
    """
    from embedingest.config import read
    from embedingest.supervise import Supervisor

    _check_options(once=once, every=every, allow_deletes=allow_deletes)

    def settings_now() -> Config:
        return on_nodes(_again(read(config), every), nodes)

    settings = settings_now()
    with stop_on_signals() as stop:
        printer = _report_printer(lambda: supervisor.config, as_json=as_json, quiet=once and as_json)
        message = print_failure if once else print_note  # once, all that is told is what failed
        supervisor = Supervisor(settings, stop=stop, on_report=printer, on_message=message, file=str(config))
        _name_hosts(settings)
        if once:
            return stop.exit_code(_once(supervisor, allow_deletes=allow_deletes, as_json=as_json))
        with _reread_on_hangup(supervisor, config, settings_now):
            supervisor.run()
        return stop.exit_code(_worst(supervisor))


def _check_options(*, once: bool, every: str | None, allow_deletes: bool) -> None:
    """Raises UsageError for options of which one has no effect beside, or without, the other."""
    if once and every is not None:
        raise click.UsageError("--once runs once, and --every again and again: leave one of them out")
    if allow_deletes and not once:
        raise click.UsageError("--allow-deletes needs --once: it is for one run")


def _again(settings: Config, every: str | None) -> Config:
    """The settings with a schedule for each pipeline, where one is named. Raises ConfigError."""
    if every is None:
        return settings
    schedule = f"every {every}"
    _check_schedule(schedule)
    pipelines = {
        name: pipeline.model_copy(update={"schedule": schedule}) for name, pipeline in settings.pipelines.items()
    }
    return settings.model_copy(update={"pipelines": pipelines})


def _check_schedule(schedule: str) -> None:
    from embedingest.config import parse_schedule

    try:
        parse_schedule(schedule)
    except ValueError as error:
        raise ConfigError(f"--every: {error}", remedy="write a time, as `15m`, `2h` or `1d`") from None


def _once(supervisor: Supervisor, *, allow_deletes: bool, as_json: bool) -> int:
    several = len(supervisor.config.pipelines) > 1

    def progress(name: str) -> AbstractContextManager[ProgressSink]:
        return named_progress_line(name, as_json=as_json) if several else progress_line(as_json=as_json)

    reports = supervisor.once(progress, allow_deletes=allow_deletes)
    if as_json:
        print_json({name: report.to_json() for name, report in reports.items()} | _failed(supervisor))
    return max([_worst(supervisor), *(report.exit_code for report in reports.values())])


def _failed(supervisor: Supervisor) -> dict[str, Any]:
    """The pipelines that failed, each with why and the way out."""
    return {
        name: {"error": getattr(error, "message", str(error)), "remedy": getattr(error, "remedy", None)}
        for name, error in supervisor.failures.items()
    }


def _worst(supervisor: Supervisor) -> int:
    """The highest exit code of the pipelines that failed."""
    return max(map(exit_code, supervisor.failures.values()), default=ExitCode.DONE)


def _name_hosts(settings: Config) -> None:
    from embedingest.build.check import idle_plugins
    from embedingest.build.outside import hosts, programs
    from embedingest.build.session import Session

    with suppress(PluginError):  # told by each pipeline, while the server goes on
        for told in idle_plugins(settings):
            print_note(told, style="yellow")
    with Session(settings) as session:
        for host, why in hosts(session).items():
            print_note(f"will talk to {host} ({why})")
    for program, why in programs(settings).items():
        print_note(f"will run {program} ({why})")


@contextmanager
def _reread_on_hangup(supervisor: Supervisor, file: Path, read: Callable[[], Config]) -> Iterator[None]:
    """SIGHUP reads the file again; where there is no such signal, nothing does."""
    number = hangup()
    if number is None:
        yield
        return

    def on_hangup(*_: Any) -> None:
        supervisor.ask_to_reread(read, str(file))

    before = signal.signal(number, on_hangup)
    try:
        yield
    finally:
        signal.signal(number, before)


def _report_printer(
    settings: Callable[[], Config], *, as_json: bool, quiet: bool
) -> Callable[[str, IngestReport], None]:
    """Prints a pipeline's first report and those that changed or failed something. Threads take turns."""
    lock, reported = threading.Lock(), set[str]()

    def on_report(name: str, report: IngestReport) -> None:
        with lock:
            if not quiet and (name not in reported or report.changed_anything() or report.failures):
                reported.add(name)
                _print_report(name, report, settings(), as_json=as_json)

    return on_report


def _print_report(name: str, report: IngestReport, settings: Config, *, as_json: bool) -> None:
    if as_json:
        print_json({"pipeline": name, **report.to_json()}, line=True)
        return
    print_note(name, style="bold")
    pipeline = settings.pipelines.get(name)  # none where the file was read again without it
    place = None if pipeline is None else (settings.state, pipeline.db, pipeline.table)
    print_report(report, as_json=False, place=place)
