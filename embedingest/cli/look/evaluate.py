"""`embedingest evaluate`: how good the search of a table is, on questions whose answers are known."""

from __future__ import annotations

import itertools
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import rich_click as click

from embedingest.cli._options import FilePath, RerankingCommand, json_option, rerank_options, table_options
from embedingest.cli._output import print_json, print_note, printable, stderr, stdout
from embedingest.cli._searcher import opened_searcher
from embedingest.errors import ConfigError
from embedingest.types import MODES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from embedingest.evaluation.evaluate import Evaluation
    from embedingest.evaluation.measures import Comparison
    from embedingest.evaluation.questions import Question
    from embedingest.types import Mode

__all__ = ["evaluate"]


@click.command(cls=RerankingCommand)
@click.argument("queries", type=FilePath())
@click.argument("qrels", type=FilePath(exists=True, dir_okay=False), required=False)
@click.option("--mode", "modes", type=click.Choice(MODES), multiple=True, help="Only this mode; repeatable.")
@click.option("--filter", metavar="FILTER", help="Search only rows that match.")
@click.option("-m", "--model", help="Model name or folder.  [default: the one that wrote the table]")
@rerank_options
@click.option("--against-table", metavar="NAME", help="Compare with this table.  [default: of the same name]")
@click.option("--against-db", metavar="URI", help="Its database.  [default: the same]")
@click.option("--against-state", type=FilePath(), help="Its state folder.  [default: the same]")
@click.option("--suggest", is_flag=True, help="Write questions to begin with into QUERIES, from headings.")
@click.option("--count", type=click.IntRange(1, 10_000), default=50, show_default=True, help="Most of them.")
@table_options
@json_option
def evaluate(
    queries: Path,
    qrels: Path | None,
    modes: tuple[Mode, ...],
    suggest: bool,
    as_json: bool,
    db: str,
    table: str,
    state: Path,
    model: str | None,
    count: int,
    against_table: str | None,
    against_db: str | None,
    against_state: Path | None,
    **options: Any,
) -> None:
    """Say how well the table answers the questions of QUERIES: nDCG@10, recall@100 and MRR@10, by mode.

    QUERIES is YAML with the sources beside each question; or queries of TREC or BEIR, with QRELS their judgments.
    """
    place = state, db, table
    if suggest:
        _suggest(place, queries, qrels, count)
        return
    from embedingest.evaluation.questions import read_questions

    questions = read_questions(queries, qrels)
    wanted = {"modes": modes, **options}
    here = _evaluated(place, model, questions, wanted, as_json=as_json)
    other = None
    if against_table or against_db or against_state:
        beside = against_state or state, against_db or db, against_table or table
        other = _evaluated(beside, model, questions, wanted, as_json=as_json)
    if as_json:
        print_json(_document(here, other))
    else:
        _print(here, other)


def _evaluated(
    place: tuple[Path, str, str],
    model: str | None,
    questions: Sequence[Question],
    wanted: Mapping[str, Any],
    *,
    as_json: bool,
) -> Evaluation:
    from embedingest.evaluation.evaluate import evaluate as put
    from embedingest.evaluation.evaluate import modes_of

    times = 1 if wanted["rerank"] in (None, False) else 2
    with opened_searcher(place, model, rerank=wanted["rerank"]) as (searcher, rerank):
        modes = wanted["modes"] or modes_of(searcher)
        total = times * sum(bool(one.relevant) for one in questions) * len(modes)
        with _bar(total, place[2]) as advance:
            told = {"on_answer": advance} if as_json else {"on_answer": advance, "on_mode": _tell_mode}
            return put(searcher, questions, **{**wanted, **told, "modes": modes, "rerank": rerank})


def _tell_mode(mode: str, ndcg: float) -> None:
    """A line as soon as a mode is known: all of them may take minutes."""
    print_note(f"{mode}: {ndcg:.4f} nDCG@10", style="dim")


@contextmanager
def _bar(total: int, table: str) -> Iterator[Callable[[], None]]:
    """A bar on a terminal, with rate and time left."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console, began, done = stderr(), time.monotonic(), itertools.count(1)
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(f"asking {printable(table)}", total=total, rate="")

        def advance() -> None:
            progress.update(task, advance=1, rate=f"{next(done) / max(time.monotonic() - began, 1e-9):,.1f}/s")

        yield advance


def _suggest(place: tuple[Path, str, str], path: Path, qrels: Path | None, count: int) -> None:
    if qrels is not None:
        raise click.UsageError("--suggest writes one file")
    if path.suffix.lower() not in {".yaml", ".yml"}:
        raise ConfigError(f"{path} is to be YAML", remedy=f"name it {path.with_suffix('.yaml')}")
    from embedingest.evaluation.suggest import suggested
    from embedingest.store.table import open_table

    _, db, table = place
    with open_table(db, table) as opened:
        text = suggested(opened, count, name=path.name)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ConfigError(f"{path} is there already", remedy="name another file") from None
    print_note(f"{text.count('- question:')} questions are in {path}; edit them, then: embedingest evaluate {path}")


def _document(here: Evaluation, other: Evaluation | None) -> dict[str, Any]:
    if other is None:
        return here.as_dict()
    from embedingest.evaluation.evaluate import rounded

    compared = {mode: rounded(one) for mode, one in here.against(other).items()}
    return {**here.as_dict(), "against": {**other.as_dict(), "improvements": compared}}


def _print(here: Evaluation, other: Evaluation | None) -> None:
    _print_table(here, "")
    if here.reranker is not None and not here.reranked:
        print_note(f"put in order by {printable(here.reranker)}, as the settings have it (`--no-rerank` does not)")
    for mode, one in here.comparisons().items():
        print_note(_said(f"{next(iter(here.modes))}", mode, one))
    for mode, one in here.improvements().items():
        print_note(_said(f"{mode}, reranked,", mode, one))
    if other is not None:
        _print_table(other, "against")
        for mode, one in here.against(other).items():
            print_note(f"{mode}: {_said('this table', 'the other', one)}")
    if here.unknown:
        names = ", ".join(printable(name) for name in here.unknown[:3])
        print_note(f"{len(here.unknown)} judged documents are not in the table and count as not found: {names}",
                   style="yellow")  # fmt: skip
    if here.skipped:
        print_note(f"{here.skipped} questions without an answer were left out", style="dim")


def _print_table(one: Evaluation, title: str) -> None:
    from rich.table import Table

    document = one.as_dict()
    shown = Table(box=None, pad_edge=False, title=title or None)
    measures = next(iter(document["modes"].values()))
    for name in (f"{document['queries']} questions", *measures):
        shown.add_column(name)
    reranked = document.get("reranked", {"modes": {}})["modes"]
    rows = [*document["modes"].items(), *((f"{mode}, reranked", values) for mode, values in reranked.items())]
    for name, values in rows:
        shown.add_row(name, *(f"{value:.4f}" for value in values.values()))
    stdout().print(shown)


def _said(first: str, second: str, one: Comparison) -> str:
    """A comparison of nDCG@10 in words."""
    if not (one.difference or one.low or one.high):
        return f"{first} and {second} answer these questions alike"
    interval = f"{one.difference:+.4f} nDCG@10, 95 % from {one.low:+.4f} to {one.high:+.4f}"
    if not one.is_clear:
        return f"no clear difference between {first} and {second} ({interval})"
    return f"{first} is {'better' if one.difference > 0 else 'worse'} than {second} ({interval})"
