"""Where a run stands, drawn in a terminal, a notebook and a pipe."""

from __future__ import annotations

import io
import os
import re
import select
import subprocess
import sys
import types

import pytest
from rich.console import Console

import embedingest
from embedingest import progress as module
from embedingest.ingest.report import Progress
from embedingest.progress import ProgressLine, duration
from tests.depth import only_deep


def halfway(done: int = 5, total: int = 10) -> Progress:
    return Progress(stage="embed", done=done, total=total, chunks=40, tokens=8000, seconds=4.0)


@pytest.fixture
def terminal():
    """A console on a real terminal, and what was drawn there."""
    reader, writer = os.openpty()

    def drawn() -> str:
        parts = []
        while select.select([reader], [], [], 0.2)[0]:  # the system hands over what was written a moment later
            parts.append(os.read(reader, 1 << 16))
        return b"".join(parts).decode()

    with open(writer, "w", encoding="utf-8") as file:
        yield Console(file=file, width=120, force_terminal=True), drawn
    os.close(reader)


def test_a_terminal_gets_files_rate_and_time_left_in_one_live_line(terminal):
    console, drawn = terminal
    with ProgressLine(console=console) as line:
        line(halfway(0))
        line(halfway())
    text = drawn()
    assert "5/10" in text
    assert "40 chunks, 10/s, 2,000 tokens/s" in text
    assert text.endswith("\x1b[2K"), "the line is taken away at the end"


@pytest.mark.parametrize(
    ("width", "there", "left_out"),
    [
        (140, ["34/305 files", "0.2 of 1.0 MB", "171 chunks, 10/s", "1,500 tokens/s", "about 48 s left"], []),
        (80, ["34/305 files", "1,500 tokens/s", "about 48 s left"], ["171 chunks", "MB"]),
        (60, ["34/305 files", "about 48 s left"], ["171 chunks", "MB", "tokens/s"]),
        (40, ["about 48 s left"], ["171 chunks", "MB", "tokens/s", "files"]),
    ],
)
def test_a_narrow_terminal_gets_whole_words_and_keeps_the_time_left(terminal, width, there, left_out):
    console, drawn = terminal
    console.width = width
    with ProgressLine(console=console) as line:
        line(Progress("ingest", 34, 305, 171, 25_650, 17.1, 200_000, 1_000_000, 48.0))
    (row,) = {row.rstrip() for row in re.split(r"\x1b\[[0-9?;]*[a-zA-Z]|[\r\n]", drawn()) if "left" in row} or {""}
    assert [word for word in there if word not in row] == []
    assert [word for word in left_out if word in row] == []
    assert "…" not in row


def test_a_closed_line_is_drawn_anew_at_the_next_change(terminal):
    console, drawn = terminal
    line = ProgressLine(console=console)
    line(halfway())
    line.close()
    drawn()
    line(halfway(7))
    line.close()
    assert "7/10" in drawn()


def test_a_pipe_gets_a_plain_line_every_few_seconds_and_none_for_a_short_run(monkeypatch):
    file = io.StringIO()
    with ProgressLine(console=Console(file=file)) as line:
        line(halfway())
        assert file.getvalue() == ""
        monkeypatch.setattr(module, "_PLAIN_LINE_SECONDS", 0.0)
        line(halfway())
    assert file.getvalue() == "embed: 5/10 files, 40 chunks, 10/s, 2,000 tokens/s\n"


def test_colour_that_is_forced_makes_no_terminal_of_a_pipe(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    file = io.StringIO()
    with ProgressLine(console=Console(file=file)) as line:
        line(halfway())
    assert file.getvalue() == ""


def test_a_quiet_line_draws_nothing(terminal):
    console, drawn = terminal
    with ProgressLine(console=console, quiet=True) as line:
        line(halfway())
    assert drawn() == ""


@pytest.fixture
def cell(monkeypatch):
    """What IPython would show below a cell: the last state of each output, as the notebook asks for it."""
    outputs: list[str] = []

    class Handle:
        def __init__(self, index):
            self.index = index

        def update(self, shown, *, raw=False):
            outputs[self.index] = shown["text/plain"] if raw else html(shown)

    def html(shown):
        return shown._repr_mimebundle_((), ())["text/html"]

    def display(shown, *, display_id):
        assert display_id
        outputs.append(html(shown))
        return Handle(len(outputs) - 1)

    notebook = types.ModuleType("IPython.display")
    notebook.display = display
    monkeypatch.setitem(sys.modules, "IPython", types.ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", notebook)
    return outputs


def test_a_notebook_gets_one_output_that_is_redrawn_without_ipywidgets(cell):
    with ProgressLine(console=Console(force_jupyter=True, width=120)) as line:
        line(halfway(0))
        line(halfway())
        assert len(cell) == 1
        assert "5/10" in cell[0]
        assert "2,000 tokens/s" in cell[0]
    assert cell == [""]


@pytest.mark.parametrize("total", [0, 3])
def test_a_run_whose_size_is_not_known_yet_is_drawn_too(terminal, total):
    console, drawn = terminal
    with ProgressLine(console=console) as line:
        line(Progress(stage="scan", done=0, total=total, chunks=0, tokens=0, seconds=0.0))
    assert "scan" in drawn()


def test_rich_is_imported_by_the_first_value_only():
    code = "import sys, embedingest.progress as p; p.ProgressLine().close(); print('rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


@only_deep
def test_bytes_are_counted_and_those_of_a_large_file_while_it_is_under_way(tmp_path):
    (tmp_path / "docs").mkdir()
    for number in range(20):
        (tmp_path / f"docs/{number}.md").write_text(f"note {number}")
    paragraphs = [
        f"Paragraph {number} of a book that is far larger than the notes beside it." for number in range(6000)
    ]
    (tmp_path / "docs/book.md").write_text("\n\n".join(paragraphs))
    told = []
    settings = {"state": tmp_path / "state", "db": tmp_path / "db", "model": "hashing", "chunk": {"max_tokens": 32}}
    embedingest.ingest(tmp_path / "docs", progress=told.append, **settings)
    assert told[-1].bytes_done == told[-1].bytes_total == sum(f.stat().st_size for f in (tmp_path / "docs").iterdir())
    assert (told[-1].stage, told[-1].seconds_left) == ("done", None)
    assert [step.bytes_done for step in told] == sorted(step.bytes_done for step in told)
    # All but a thousandth is the book: what is between counts it while it is under way.
    assert any(0.1 < step.bytes_done / step.bytes_total < 0.9 for step in told)


def test_bytes_and_the_time_left_are_drawn_where_they_are_known():
    step = Progress("ingest", 5, 10, 40, 8000, 4.0, bytes_done=1_000_000, bytes_total=4_000_000, seconds_left=12.3)
    assert module._plain(step) == (
        "ingest: 5/10 files, 1.0 of 4.0 MB, 40 chunks, 10/s, 2,000 tokens/s, about 12 s left"
    )


@pytest.mark.parametrize(("seconds", "said"), [(0.4, "0 s"), (45, "45 s"), (2_100, "35 min"), (9_000, "2.5 h")])
def test_seconds_are_said_in_the_unit_that_fits(seconds, said):
    assert duration(seconds) == said
