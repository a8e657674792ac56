"""One large table: made with all that is dear about it, kept with its figures, and timed now or much later.

Making takes long, and its seconds say little on a machine that does other things meanwhile; its processor seconds, its
memory and its bytes do. Timing takes minutes, wants a quiet machine, and leaves the table as it was made. Used by `store.py`.
"""

import contextlib
import json
import os
import shutil
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import large
import numpy as np
from rows import write_path

from record import Check, git, write

PAGE = 7  # what is filtered by: a fiftieth of the rows has it
FIRST_ASKED = 10  # questions before the new rows are folded in: words are slow then


class Sized:
    """A table of so many rows in `folder`. `made.json` is written last: without it the folder is begun anew."""

    def __init__(self, folder, rows, filler, float16=False):
        self.folder = Path(folder)
        self.rows = rows
        self._filler = filler
        self._float16 = float16
        self._note = self.folder / "made.json"

    @property
    def is_made(self):
        return self._note.exists()

    def made(self, questions):
        """What its making took; what was made before is taken as it is."""
        if not self.is_made:
            shutil.rmtree(self.folder, ignore_errors=True)
            figures = self._make(self._filler.statistics.questions(questions, self.rows))
            write(self._note, json.dumps(figures, indent=1) + "\n")
        return json.loads(self._note.read_text())

    def _make(self, questions):
        figures = {"rows": self.rows, "commit": git("rev-parse", "--short=12", "HEAD"), "began": now(),
                   "load": [round(n, 2) for n in os.getloadavg()]}  # fmt: skip
        self._say("fill", figures, self._fill())
        self._say("tend", figures, large.tended(self.folder, "maintain", questions))
        self._say("bytes_per_row", figures, round(large.on_disk(self.folder)["bytes"] / self.rows))
        with large.opened(self.folder) as table:
            index = table.stats().vector_index
            figures["index"] = None if index is None else {n: getattr(index, n) for n in index.__slots__}
            # So many rows that they are to be folded: a hundredth, or a thousand.
            first = -(-self.rows // large.ROWS)
            self._filler.append(table, first, first * large.ROWS + max(1_000, self.rows // 100))
            few = questions[:FIRST_ASKED]
            unfolded = {mode: large.asked(table, self._filler, few, mode) for mode in ("vector", "text", "hybrid")}
            self._say("search_before_folding", figures, unfolded)
        self._say("fold", figures, large.tended(self.folder, "maintain", questions))
        with large.opened(self.folder) as table:
            every, of_page = large.nearest(table, questions, PAGE)
        np.savez(self.folder / "asked.npz", questions=questions, every=as_array(every), of_page=as_array(of_page))
        return figures

    def _fill(self):
        started, spent = time.perf_counter(), time.process_time()
        self._filler.table(self.folder, self.rows, float16=self._float16).close()
        return {"seconds": round(time.perf_counter() - started, 1), "processor_seconds": round(time.process_time() - spent, 1)}  # fmt: skip

    def _say(self, name, figures, value):
        figures[name] = value
        print(f"  {self.rows:,}: {name}: {value}", flush=True)

    @contextlib.contextmanager
    def copied(self):
        """The folder of a copy that may be changed: LanceDB writes no file twice, so files are linked."""
        with tempfile.TemporaryDirectory(prefix=f"{self.folder.name}-", dir=self.folder.parent) as folder:
            shutil.copytree(self.folder, folder, copy_function=os.link, dirs_exist_ok=True)
            yield folder

    def asked(self):
        """The questions (Q, D), and the ids of each one's nearest rows, of all rows and of those of the page."""
        with np.load(self.folder / "asked.npz") as kept:
            return kept["questions"], as_sets(kept["every"]), as_sets(kept["of_page"])

    def timed(self):
        """Searches with their recall, then a document written, as large as it was made."""
        questions, every, of_page = self.asked()
        figures = {}
        with self.copied() as folder, large.opened(folder) as table:
            search = {
                "vector": large.searched(table, questions, every),
                "filtered": large.searched(table, questions, of_page, filter=f"page = {PAGE}"),
                **{mode: large.asked(table, self._filler, questions, mode) for mode in ("text", "hybrid")},
            }
            self._say("search", figures, search)
            statistics, texts = self._filler.statistics, self._filler.pool.to_pylist()
            # Numbered beyond all rows that are there, those that were folded in as well.
            self._say("upsert", figures, write_path(table, 2 * self.rows, statistics.real, texts))
        return figures


def now():
    return datetime.now(UTC).isoformat(timespec="seconds")


def as_array(found):
    """Sets of ids as an array (Q, 10); one of fewer is filled with nothing."""
    return np.array([sorted(one) + [""] * (large.NEAREST - len(one)) for one in found])


def as_sets(kept):
    return [{str(name) for name in one if name} for one in kept]


def targets(made, timed):
    """What a large table is held to."""
    search, checks = timed["search"], []
    for name in ("vector", "filtered"):
        checks += [
            Check(f"recall@10, {name}", search[name]["recall_at_10"], 0.97, unit=""),
            Check(f"p50, {name}", search[name]["p50_ms"], 50.0, at_most=True, unit="ms"),
        ]
    for name in ("text", "hybrid"):
        checks.append(Check(f"p50, {name}", search[name]["p50_ms"], 50.0, at_most=True, unit="ms"))
    for name in ("tend", "fold"):
        checks += [
            Check(f"memory, {name}", made[name]["peak_mib"], 4096.0, at_most=True, unit="MiB"),
            Check(f"searches meanwhile that failed, {name}", made[name]["readers"]["failed"], 0, at_most=True, unit=""),
        ]
    return checks
