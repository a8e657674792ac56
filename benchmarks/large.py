"""Tables of made documents at any size, and what one of that size costs: to tend, to change, to search, to keep.

Used by `sized.py`, and by `search.py`.
"""

import hashlib
import json
import multiprocessing
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from rows import FINGERPRINT, median, milliseconds, row, source, spent
from vectors import BLOCK, CHUNKS

from embedingest.store import schema as columns
from embedingest.store.table import open_table
from embedingest.store.values import SearchQuery

ROWS = BLOCK * CHUNKS  # of a block
TOGETHER = 20  # blocks of one commit: a fragment is as large as compaction would make it
PAGES = 50
MIMES = ("text/plain", "text/markdown", "application/pdf")
NEAREST = 10


# -- rows


class Filler:
    """Fills tables with the rows of blocks, in order."""

    def __init__(self, statistics, texts, fingerprint=FINGERPRINT):
        self.statistics = statistics
        self.fingerprint = fingerprint
        self.pool = pa.array([text[:110] for text in texts])

    def table(self, folder, rows, float16=False):
        """A table of `rows` rows, not yet tended."""
        dimensions = self.statistics.dimensions
        table = opened(folder, self.fingerprint, create=True, dimensions=dimensions, float16=float16)
        for first in range(0, -(-rows // ROWS), TOGETHER):
            self.append(table, first, rows)
        return table

    def append(self, table, first, rows):
        """One commit of the blocks from `first` on, up to the row `rows`."""
        schema = table.schema

        def made():
            for number in range(first, min(first + TOGETHER, -(-rows // ROWS))):
                some = self._block(schema, number).slice(0, min(ROWS, rows - number * ROWS))
                yield from some.combine_chunks().to_batches()

        table.handle.lance.add(pa.RecordBatchReader.from_batches(schema, made()))

    def _block(self, schema, number):
        """Rows of documents: keys as long and as random as hashes are, texts of two real sentences each.

        A column is the same in all rows only where it is in a real folder: LanceDB reads such ones several times slower.
        """
        rng = np.random.default_rng([9, number])
        documents = np.arange(number * BLOCK, (number + 1) * BLOCK)
        said = [self.pool.take(pa.array(rng.integers(0, len(self.pool), ROWS))) for _ in range(2)]
        text = pc.binary_join_element_wise(*said, " ")
        blank = np.zeros((1, self.statistics.dimensions), np.float32)
        same = columns.table_of([row(0, "")], blank, schema, columns.now())
        own = {"id": keys(rng), "text_hash": keys(rng), "text": text, **placed(text), **described(documents)}
        own[columns.VECTOR] = columns.vector_column(self.statistics.block(number), schema.field(columns.VECTOR).type)
        every = pa.array(np.zeros(ROWS, np.int64))
        made = [own.get(name, same.column(name).take(every)) for name in schema.names]
        return pa.table(
            [column.cast(kind) for column, kind in zip(made, schema.types, strict=True)],
            schema=schema,
        )


def placed(text):
    """Where the chunks of a block stand in their documents, one after the other, some lines each."""
    lengths = pc.utf8_length(text).to_numpy().reshape(BLOCK, CHUNKS)
    ends = np.cumsum(lengths, axis=1)
    index = np.tile(np.arange(CHUNKS), BLOCK)
    lines = np.cumsum(lengths % 3 + 1, axis=1).ravel()
    found = {"start": (ends - lengths).ravel(), "end": ends.ravel(), "chunk_index": index, "line_end": lines,
             "line_start": lines - (lengths % 3).ravel()}  # fmt: skip
    return {name: pa.array(values) for name, values in found.items()}


def described(documents):
    """What the chunks of a document have in common."""
    places = np.repeat(np.arange(len(documents)), CHUNKS)
    own = {
        "source": pa.array([source(n) for n in documents]),
        "title": pa.array([f"Report {n}" for n in documents]),
        "content_hash": pa.array([hashlib.blake2s(str(n).encode()).hexdigest() for n in documents]),
        "heading_path": pa.array([["Guide", f"Part {n % 31}"] for n in documents]),
        "mime": pa.array([MIMES[n % len(MIMES)] for n in documents]),
        "modified_at": pa.array(1_700_000_000_000_000 + documents * 60_000_000),
        "page": pa.array(documents % PAGES + 1),
    }
    return {name: values.take(pa.array(places)) for name, values in own.items()}


def opened(folder, fingerprint=FINGERPRINT, **made):
    return open_table(folder, "chunks", fingerprint=fingerprint, read_consistency_seconds=0, **made)


def keys(rng):
    """As many random keys of 32 hex characters as a block has rows."""
    digits = rng.bytes(16 * ROWS).hex().encode()
    offsets = np.arange(0, 32 * ROWS + 1, 32, dtype=np.int32)
    return pa.StringArray.from_buffers(ROWS, pa.py_buffer(offsets), pa.py_buffer(digits))


# -- what is asked


def nearest(table, questions, page):
    """The ids of the nearest rows of each question, of all rows and of those of a page.

    All vectors are read once and compared in float32.
    """
    every, of_page = Nearest(questions), Nearest(questions)
    reader = table.handle.lance.search().select(["id", columns.VECTOR, "page"]).to_batches(batch_size=16_384)
    for batch in reader:
        flat = np.asarray(batch.column(columns.VECTOR).flatten(), dtype=np.float32)
        scores, names = questions @ flat.reshape(len(batch), -1).T, batch.column("id")
        every.take(scores, names)
        places = np.flatnonzero(np.asarray(batch.column("page")) == page)
        of_page.take(scores[:, places], names.take(pa.array(places)))
    return every.ids, of_page.ids


class Nearest:
    """The best rows so far of each question."""

    def __init__(self, questions):
        self._best = [[] for _ in questions]

    @property
    def ids(self):
        return [{name for _, name in best} for best in self._best]

    def take(self, scores, names):
        for number, best in enumerate(self._best):
            least = best[-1][0] if len(best) == NEAREST else -2
            better = np.flatnonzero(scores[number] > least)
            if len(better) > NEAREST:
                better = better[np.argpartition(-scores[number][better], NEAREST - 1)[:NEAREST]]
            if len(better):
                best += [(float(scores[number][place]), names[int(place)].as_py()) for place in better]
                best.sort(reverse=True)
                del best[NEAREST:]


def searched(table, questions, truth, **how):
    """Recall against the true nearest, and the median and slowest time, of vector searches."""
    found = []

    def ask(number):
        asked = SearchQuery("q", questions[number], mode="vector", fold=False, **how)
        found.append({hit.row.id for hit in table.search(asked).hits})

    warm(ask, len(questions))
    found.clear()
    taken = spent(ask, len(questions))
    return {"recall_at_10": recall_of(truth, found), **taken}


def asked(table, filler, questions, mode):
    """The median and slowest time of searches; words are four in a row of a text that the corpus has."""
    queries = [" ".join(text.split()[2:6]) for text in filler.pool[: len(questions)].to_pylist()]

    def ask(number):
        return table.search(SearchQuery(queries[number], questions[number], mode=mode))

    warm(ask, len(queries))
    return spent(ask, len(queries))


def warm(ask, count):
    milliseconds(ask, min(5, count))


def recall_of(truth, found):
    return round(float(np.mean([len(t & f) / len(t) for t, f in zip(truth, found, strict=True)])), 4)


def of_kind(table, config, questions, truth):
    """A vector index of some kind: seconds of its making, its bytes, and recall and time by how deep it is asked."""
    lance, indices = table.handle.lance, Path(table.handle.uri) / "chunks.lance" / "_indices"
    before = {path.name for path in indices.glob("*")}
    forget_peak()
    started, used = time.perf_counter(), time.process_time()
    lance.create_index(columns.VECTOR, config=config, name="vector_idx", replace=True)
    figures = {"seconds": round(time.perf_counter() - started, 1)}
    figures |= {"processor_seconds": round(time.process_time() - used, 1), "peak_mib": peak_mib()}
    new = [folder for folder in indices.glob("*") if folder.name not in before]
    figures["bytes_per_row"] = round(sum(on_disk(folder)["bytes"] for folder in new) / table.count(), 1)
    for probes, refine in ((10, 10), (20, 20), (40, 40)):
        found = []

        def ask(number, probes=probes, refine=refine, found=found):
            search = lance.search(questions[number], vector_column_name=columns.VECTOR).distance_type("cosine")
            search = search.nprobes(probes).refine_factor(refine).limit(NEAREST).select(["id", "_distance"])
            found.append(set(search.to_arrow().column("id").to_pylist()))

        warm(ask, len(questions))
        found.clear()
        taken = spent(ask, len(questions))
        figures[f"{probes}_probes_refined_{refine}_times"] = {"recall_at_10": recall_of(truth, found), **taken}
    return figures


def on_disk(folder):
    files = [path for path in Path(folder).rglob("*") if path.is_file()]
    return {"files": len(files), "bytes": sum(path.stat().st_size for path in files)}


def forget_peak():
    """From now on the peak is that of what follows."""
    Path("/proc/self/clear_refs").write_text("5")


def peak_mib():
    return round(int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024)


# -- what goes on beside


class Readers:
    """Another process that searches all the time while it is entered; `figures` are how often, how fast, how wrong."""

    def __init__(self, folder, questions):
        self._folder, self._questions = str(folder), questions
        self.figures = {}

    def __enter__(self):
        spawn = multiprocessing.get_context("spawn")
        self._here, there = spawn.Pipe()
        self._process = spawn.Process(target=read_on, args=(self._folder, self._questions, there))
        self._process.start()
        self._here.recv()
        return self

    def __exit__(self, *_):
        self._here.send(None)
        taken, failed = self._here.recv()
        self._process.join()
        self.figures = {"searches": len(taken), "p50_ms": median(taken), "slowest_ms": max(taken), "failed": failed}


def read_on(folder, questions, pipe):
    taken, failed = [], 0
    with opened(folder) as table:
        expected = table.count()
        pipe.send(None)
        # A search of a table without its index takes all cores: four fifths of the time are left to the others.
        while not taken or not pipe.poll(max(0.05, taken[-1] / 1000 * 4)):
            asked = SearchQuery("q", questions[len(taken) % len(questions)], mode="vector")
            started = time.perf_counter()
            try:
                failed += len(table.search(asked).hits) < NEAREST or table.count() < expected
            except Exception as error:
                print(f"a reader failed: {error}", file=sys.stderr, flush=True)
                failed += 1
            taken.append(round((time.perf_counter() - started) * 1000, 1))
    pipe.send((taken, failed))


def tended(folder, action, questions):
    """What `action` takes in a process of its own (seconds, peak memory), while another one reads."""
    script = (
        "import sys, time; sys.path.insert(0, sys.argv[1])\n"
        "import large, json\n"
        "with large.opened(sys.argv[2]) as table:\n"
        "    started, spent = time.perf_counter(), time.process_time()\n"
        "    getattr(table, sys.argv[3])()\n"
        "    wall, spent = time.perf_counter() - started, time.process_time() - spent\n"
        "figures = {'seconds': round(wall, 1), 'processor_seconds': round(spent, 1), 'peak_mib': large.peak_mib()}\n"
        "print(json.dumps(figures))\n"
    )
    with Readers(folder, questions) as readers:
        command = [sys.executable, "-c", script, str(Path(__file__).parent), str(folder), action]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    return {**json.loads(done.stdout), "readers": readers.figures}
