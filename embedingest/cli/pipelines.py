"""`embedingest run CONFIG`: the pipelines of a file, in one process, sharing one engine."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from embedingest.cli.options import json_option

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedingest.build import Workshop
    from embedingest.cli.stopping import Stopping
    from embedingest.ingest.pipeline import Pipeline
    from embedingest.ingest.report import IngestReport

__all__ = ["run"]


@click.command()
@click.argument("config", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--once", is_flag=True, help="Bring every table up to date and exit.")
@click.option("--allow-deletes", is_flag=True, help="With --once, let every deletion happen without asking.")
@json_option
def run(config: Path, once: bool, allow_deletes: bool, as_json: bool) -> int:
    """Run the pipelines of the file CONFIG, and its server, until Ctrl-C."""
    from embedingest.build import Workshop
    from embedingest.cli.stopping import stopping
    from embedingest.config import read

    workshop = Workshop(read(config))
    try:
        with stopping() as stop:
            if once:
                return _once(workshop, stop, allow_deletes=allow_deletes, as_json=as_json)
            return _follow(workshop, stop, as_json=as_json)
    finally:
        workshop.close()


def _once(workshop: Workshop, stop: Stopping, *, allow_deletes: bool, as_json: bool) -> int:
    from embedingest.build import open_pipeline, remember
    from embedingest.cli.output import print_json
    from embedingest.cli.progress import ProgressLine

    reports: dict[str, IngestReport] = {}
    for name in workshop.config.pipelines:
        with ProgressLine(quiet=as_json) as line, open_pipeline(workshop, name, progress=line, stop=stop) as pipeline:
            remember(pipeline, workshop.config)
            reports[name] = pipeline.converge(allow_deletes=allow_deletes)
        if not as_json:
            _tell(name, reports[name], as_json=False)
    if as_json:
        print_json({name: report.to_json() for name, report in reports.items()})
    if stop.interrupted:
        return 130
    return max((report.exit_code for report in reports.values()), default=0)


def _follow(workshop: Workshop, stop: Stopping, *, as_json: bool) -> int:
    from embedingest.build import open_pipeline, remember

    failures: list[BaseException] = []
    with ExitStack() as held:
        opened = {}
        for name in workshop.config.pipelines:
            opened[name] = held.enter_context(open_pipeline(workshop, name, stop=stop))
            remember(opened[name], workshop.config)
        _serve(held, workshop)
        tell = _teller(as_json=as_json)
        threads = [
            threading.Thread(target=_watch, args=(name, pipeline, stop, tell, failures), name=f"pipeline-{name}")
            for name, pipeline in opened.items()
        ]
        for thread in threads:
            thread.start()
        stop.wait()
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]
    return 130 if stop.interrupted else 0


def _watch(
    name: str,
    pipeline: Pipeline,
    stop: Stopping,
    tell: Callable[[str, IngestReport], None],
    failures: list[BaseException],
) -> None:
    """Follow one pipeline. What ends it ends the run, so that nobody believes it is still followed."""
    try:
        for report in pipeline.follow():
            tell(name, report)
    except BaseException as error:  # noqa: BLE001 -- handed to the main thread, which raises it
        failures.append(error)
        stop.set()


def _teller(*, as_json: bool) -> Callable[[str, IngestReport], None]:
    lock, told = threading.Lock(), set[str]()

    def tell(name: str, report: IngestReport) -> None:
        with lock:
            if name not in told or report.changed_anything() or report.failures:
                told.add(name)
                _tell(name, report, as_json=as_json)

    return tell


def _tell(name: str, report: IngestReport, *, as_json: bool) -> None:
    from embedingest.cli.ingest import say
    from embedingest.cli.output import console, print_json

    if as_json:
        print_json({"pipeline": name, **report.to_json()}, line=True)
        return
    console().print(name, style="bold", highlight=False, markup=False)
    say(report, as_json=False)


def _serve(held: ExitStack, workshop: Workshop) -> None:
    settings = workshop.config.server
    if settings is None:
        return
    from embedingest.build import open_searcher, open_server
    from embedingest.cli.serve import announce

    first = next(iter(workshop.config.pipelines.values()), None)
    searcher = None if first is None else open_searcher(workshop, db=first.db, table=first.table, model=first.model)
    server = open_server(workshop, settings, searcher)
    server.start()
    held.callback(server.stop)
    announce(server.url, first.model if first else "all-minilm")
