"""`embedingest bench`: how fast this machine embeds, on texts of the user's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import rich_click as click

from embedingest.cli._options import FilePath, json_option, model_options
from embedingest.cli._output import print_json, stderr, stdout

if TYPE_CHECKING:
    from pathlib import Path

    from embedingest.engine.bench import BenchReport

__all__ = ["bench"]

_MOST_FILES: Final = 2000
_MOST_BYTES: Final = 2**20  # that are read of one file


@click.command()
@click.argument("paths", nargs=-1, type=FilePath(exists=True), metavar="[PATH]...")
@model_options
@click.option("-n", "--texts", "count", type=click.IntRange(min=8), default=400, show_default=True, help="Texts a run.")
@click.option("--repeats", type=click.IntRange(min=1, max=100), default=3, show_default=True, help="Bulk runs.")
@click.option("--queries", type=click.IntRange(min=10), default=200, show_default=True, help="Single short queries.")
@json_option
def bench(paths: tuple[Path, ...], model: str, count: int, repeats: int, queries: int, as_json: bool) -> None:
    """Measure tokens a second and query latency on texts cut from PATHs (default: a manual that Python carries).

    Texts are of mixed length up to the model's window. Nothing is stored.
    """
    from embedingest.build.models import named_model
    from embedingest.engine.bench import measure, pieces
    from embedingest.engine.catalog import Catalog

    name, models = named_model(model)
    catalog = Catalog(models)
    entry = catalog.find(name)
    encoder = catalog.open(entry.key)
    try:
        texts = pieces(encoder, _texts(paths), count)
        if not texts:
            raise click.UsageError(f"no text in {', '.join(map(str, paths))}")
        folder = catalog.folder(entry.key)
        with stderr().status("loading") as status:
            report = measure(
                name, encoder, texts, folder=folder, repeats=repeats, queries=queries, progress=status.update
            )
    finally:
        encoder.close()
    if as_json:
        print_json(report.as_dict())
    else:
        _print_table(report)


def _texts(paths: tuple[Path, ...]) -> list[str]:
    if not paths:
        from pydoc_data.topics import topics

        return [topics[name] for name in sorted(topics)]
    files = [file for path in paths for file in ([path] if path.is_file() else sorted(path.rglob("*")))]
    texts: list[str] = []
    for file in files:
        if len(texts) >= _MOST_FILES:
            break
        text = _text(file)
        if text is not None:
            texts.append(text)
    return texts


def _text(file: Path) -> str | None:
    """The beginning of a text file; `None` for what is no file, no text, or cannot be read."""
    try:
        with file.open("rb") as stream:
            head = stream.read(_MOST_BYTES)
    except OSError:
        return None
    return None if b"\0" in head[:8192] else head.decode("utf-8", "replace")


def _print_table(report: BenchReport) -> None:
    from rich.table import Table

    table = Table(show_header=False, box=None, pad_edge=False)
    runtime = ", ".join(f"{key} {value}" for key, value in report.runtime.items() if key != "runtime")
    rows = [
        ("model", report.model),
        ("runs on", f"{report.runtime.get('runtime', '?')} ({runtime})"),
        ("texts", f"{report.texts} with {report.tokens} tokens, {report.repeats} runs"),
        ("tokens/s", f"{report.tokens_per_second:,.0f}"),
        ("texts/s", f"{report.texts_per_second:,.1f}"),
        ("tokenising", f"{report.tokenize_share:.1%} of the time"),
        ("padding", f"{report.padding_share:.1%} of what is computed"),
        (
            "a short query",
            f"p50 {report.query.p50_ms:.2f} ms, p95 {report.query.p95_ms:.2f}, p99 {report.query.p99_ms:.2f}",
        ),
    ]
    if report.gflops is not None:
        rows.append(("arithmetic", f"{report.gflops:,.0f} GFLOP/s"))
    if report.ceiling_share is not None:
        rows.append(("share of ceiling", f"{report.ceiling_share:.0%} of {report.ceiling_gflops:,.0f} GFLOP/s"))
    for name, value in rows:
        table.add_row(name, value)
    stdout().print(table)
