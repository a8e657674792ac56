"""Nothing that a document, its sidecar or a stranger's loader says can end a run: it is bounded, or fails alone."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from embedingest.engine.hashing import HashingSizer
from embedingest.errors import DocumentError
from embedingest.ingest.extract.bounds import MOST_CHUNK_METADATA, MOST_HEADING_PATH, MOST_METADATA, MOST_TITLE
from embedingest.ingest.extract.extractor import Extracted, ExtractionSettings, Extractor, Job
from embedingest.ingest.extract.pool import WorkerPool
from tests.depth import few, much, only_deep
from tests.ingest.strangers import installed
from tests.ingest.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

# A loader that gives a document with one field set to what the file says, as Python writes it.
SAYING = """
import datetime, enum
from embedingest.errors import ConfigError, DocumentError, EngineError, StoreError
from embedingest.types import Document, Span

class OwnError(DocumentError):
    def __init__(self, what):
        super().__init__(what)
        self.held = lambda: what

class Odd(str):
    def __str__(self):
        raise RuntimeError("no text of mine")

class Grumpy:
    def __str__(self):
        raise RuntimeError("no text of mine")
    __repr__ = __str__

def deep(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value

def cyclic():
    value = {}
    value["again"] = [value]
    return value

def wide(doublings):
    value = "x"
    for _ in range(doublings):
        value = [value, value]
    return value

class Saying:
    name, version, suffixes, mimes = "saying", "1", frozenset({".said"}), frozenset()

    def load(self, data, name):
        field, _, expression = data.decode("utf-8", "surrogatepass").partition(" ")
        value = eval(expression)
        text = "Some words of the document. " * 8
        if field == "raise":
            raise value
        if field == "span":
            return Document(name, text, spans=(Span(0, len(text), *value),))
        if field == "child":
            return Document(name, text, children=(Document(value, text),))
        return Document(**{"source": name, "text": text, "modified_at_ns": 0, field: value})

def create():
    return Saying()
"""

VALUES = (
    "10**5000", "-(10**400)", "2**63", "2**64", "0xf" + "f" * 5000, "float('nan')", "float('inf')", "-0.0", "True", "None",
    r"'\ud800 alone'", r"'\udce9'", r"'nul\0nul'", r"'\x1b[31mred\r\n\x07'", "''", "'v' * 3_000_000", "'\U0001f600' * 9000",
    "b'bytes'", "b'\\xff' * 100", "{1, 'a', None}", "frozenset()", "(1, 2)", "[]", "{}",
    "datetime.datetime.min", "datetime.date.max", "datetime.time(1, tzinfo=datetime.timezone.utc)",
    "datetime.datetime.max.replace(tzinfo=datetime.timezone(-datetime.timedelta(hours=23)))",
    "deep(40)", "deep(900)", "deep(100_000)", "cyclic()", "wide(40)", "Grumpy()", "Odd('odd')", "lambda: 1", "object()",
    "{'k' * 1_000_000: 1}", "{f'key{i}': i for i in range(10_000)}", "{10**5000: 1}", "{None: 1, (1, 2): 2}", "{Grumpy(): 1}",
    r"{'\ud800': '\udfff', 'tags': ['\ud800'] * 3}", "{'a': {'b': {'c': [10**5000]}}}", "{'tags': ['t'] * 1_000_000}",
    "[('a', 1)]", "'text'.encode", "enum.Enum('E', 'a').a", "enum.IntEnum('E', 'a').a", "1j", "range(10**9)",
)  # fmt: skip
UNORDERED = "children {1, 'a', None}"
STEP = much(3, 1)
FIELDS = (
    "title",
    "mime",
    "language",
    "metadata",
    "notices",
    "markup",
    "has_lines",
    "spans",
    "children",
    "modified_at_ns",
)
SPANS = ("heading", "page", "slide", "line", "sheet", "cell", "symbol", "message", "header", "first_row")
ERRORS = (
    r"ValueError('\ud800' * 9)", "ValueError(10**5000)", "Odd", "KeyError(Grumpy())", "RecursionError()",
    r"DocumentError('m' * 10**6, code='c' * 10**6)", r"DocumentError('\ud800', source='\ud800', remedy='\ud800')",
    "DocumentError(10**5000, kind='nonsense', code=None)", "EngineError('e')", "StoreError('s')", "ConfigError('c')",
    "OwnError('own')",
)  # fmt: skip


def documents() -> dict[str, str]:
    """Every field and every kind of span with every value; usually with every third, each with others."""
    cases = [f"{field} {value}" for number, field in enumerate(FIELDS) for value in VALUES[number % STEP :: STEP]]
    cases += [f"metadata {{'said': {value}}}" for value in VALUES]
    cases += [
        f"span ({kind!r}, {value})" for number, kind in enumerate(SPANS) for value in VALUES[number % STEP :: STEP]
    ]
    cases += [f"raise {error}" for error in ERRORS] + [f"child {value}" for value in VALUES]
    cases += [
        r"text 'half \ud800 of a pair ' * 50",
        r"text 'nul\0' * 50",
        "text 10**5000",
        "text None",
        "text b'bytes'",
    ]
    return {f"{number:03}.said": case for number, case in enumerate(cases)}


@pytest.fixture(scope="module")
def saying(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with installed(tmp_path_factory.mktemp("site"), loader="saying", module=SAYING):
        yield


def assert_stored(world: World) -> None:
    """Every row is within its bounds and its metadata is JSON."""
    for row, _ in world.contents().values():
        assert len(row.title or "") <= MOST_TITLE
        assert sum(map(len, row.heading_path)) <= MOST_HEADING_PATH
        assert len(row.metadata) <= 2 * (MOST_METADATA + MOST_CHUNK_METADATA)
        assert isinstance(json.loads(row.metadata, parse_constant=pytest.fail), dict)
        for text in (row.title or "", row.mime, row.text, row.metadata, *row.heading_path):
            text.encode()


@only_deep
def test_no_value_in_any_column_ends_a_run(saying: None, tmp_path: Path) -> None:
    world = World(tmp_path, load={"loaders": {"*.said": "saying"}})
    files = documents()
    for name, case in files.items():
        world.write(name, case)
    world.write("zz.md", "# The last\n\nwords after all the others")
    report = world.run()
    failed = {failure.source for failure in report.failures}
    assert report.files.seen == len(files) + 1
    assert world.sources_in_table() >= {"docs/zz.md"}
    assert failed | {source.partition("!/")[0] for source in world.sources_in_table()} == {
        f"docs/{name}" for name in (*files, "zz.md")
    }
    # Titles, media types and metadata never cost a document its text.
    for name, case in files.items():
        assert case.split()[0] not in {"title", "mime", "language", "metadata"} or f"docs/{name}" not in failed, case
    assert_stored(world)
    before = world.contents()
    again = world.run()
    assert (again.files.changed, again.files.new, world.contents()) == (0, 0, before)


@pytest.mark.deep
def test_workers_answer_for_every_value_as_extraction_in_ones_own_process_does(saying: None, tmp_path: Path) -> None:
    fields = ("raise", "title", "language", "has_lines", "child")  # each with all the values there are
    # A set of texts has another order in every process, and the first that is no document is told.
    files = {name: case for name, case in documents().items() if case.startswith(fields) and case != UNORDERED}
    for name, case in files.items():
        (tmp_path / name).write_text(case)
    settings = ExtractionSettings(HashingSizer(64), loaders={"*.said": "saying"})
    extractor = Extractor(settings)
    expected: dict[str, Extracted | DocumentError] = {}
    jobs = [Job(str(tmp_path), name, f"docs/{name}", len(case)) for name, case in files.items()]
    for job in jobs:
        try:
            expected[job.source] = extractor.extract(job)
        except DocumentError as error:
            expected[job.source] = error
    with WorkerPool(settings, workers=1) as pool:
        outcomes = {job.source: outcome for job, outcome in pool.map(jobs)}
    assert {source: _told(outcome) for source, outcome in outcomes.items()} == {
        source: _told(outcome) for source, outcome in expected.items()
    }
    failed = {source for source, outcome in outcomes.items() if isinstance(outcome, DocumentError)}
    assert failed >= {f"docs/{name}" for name, case in files.items() if case.startswith("raise")}


def _told(outcome: Extracted | DocumentError) -> object:
    if isinstance(outcome, DocumentError):
        return type(outcome), outcome.message, outcome.kind, outcome.code, outcome.source
    return [(part.document, part.chunks) for part in outcome.parts]


FRONT = (
    "c: 0xf" + "f" * 5000, "c: " + "9" * 5000, "c: .nan", "c: .inf", "c: 9999-12-31T23:59:59-23:00", "c: 0001-01-01T00:00:00+23:59",
    "c: 2026-13-45", "c: !!int ''", "c: !!bool x", "c: !!timestamp x", "c: !!float ''", "c: !!binary '*'", "c: !!python/object:os.system {}",
    "c: !!set {a, b}", "c: !!omap [a: 1]", "? [a, b]\n: c", "? {a: b}\n: c", "c: &a [*a]", "c: &a {b: *a}", "c: *a",
    "c: " + "[" * 400 + "]" * 400, "c: " + "[" * 40 + "]" * 40, 'c: "\\uD800"', 'c: "a\\0b"', 'c: "\\e[31m"',
    "k" * 20_000 + ": 1", "? " + "k" * 20_000 + "\n: 1", "\n".join(f"key{i}: {i}" for i in range(2000)), "0xf" + "f" * 5000 + ": 1",
    "title: " + "v" * 20_000, "title: 0xf" + "f" * 5000, "title: [a]", "title: 2026-01-01", "c: " + "v" * 50_000, "c: 190:20:30",
    "1: a\n2026-01-01: b\n~: c\ntrue: d", "tags: [" + "t, " * 2000 + "t]", "<<: 1", "<<: [a]", "=: 1", "- a", "c: @", "c: `", "%YAML 9.9\nc: 1",
)  # fmt: skip
TOML = (
    "c = 0xf" + "f" * 5000, "c = " + "9" * 5000, "c = nan", "c = 9999-12-31T23:59:59-23:59", "c = 0001-01-01T00:00:00+23:59", "c = 07:32:00",
    "c = " + "[" * 400 + "]" * 400, "c = 1e999999", '"\\u0000" = 1', "c" * 20_000 + " = 1", "a" + ".a" * 400 + " = 1",
)  # fmt: skip
JSON = (
    '{"c": ' + "9" * 5000 + "}", '{"c": NaN, "d": -Infinity, "e": 1e999}', '{"\\ud800": "\\udfff"}', '{"c": ' + "[" * 100_000 + "]" * 100_000 + "}",
    '{"c": ' + "[" * 500 + "]" * 500 + "}", "[1]", "1", '"c"', "null", "", "{", '{"c": "' + "v" * 500_000 + '"}', '{"' + "k" * 500_000 + '": 1}',
    "{" + ", ".join(f'"k{i}": {i}' for i in range(10_000)) + "}",
)  # fmt: skip


@only_deep
def test_no_front_matter_and_no_sidecar_ends_a_run(tmp_path: Path) -> None:
    world = World(tmp_path, metadata_rules={"sidecar": ["{name}.meta.yaml", "{name}.meta.json"]})
    names = []
    for number, said in enumerate(FRONT):
        names += [f"front{number}.md", f"beside{number}.txt"]
        world.write(names[-2], f"---\n{said}\n---\n\n# Head\n\nwords of the document")
        world.write(names[-1], "words of the document")
        world.write(names[-1] + ".meta.yaml", said)
    for number, said in enumerate(TOML):
        names.append(f"toml{number}.md")
        world.write(names[-1], f"+++\n{said}\n+++\n\n# Head\n\nwords of the document")
    for number, said in enumerate(JSON):
        names.append(f"json{number}.txt")
        world.write(names[-1], "words of the document")
        world.write(names[-1] + ".meta.json", said)
    report = world.run()
    assert report.failures == []
    assert world.sources_in_table() == {f"docs/{name}" for name in names}
    assert_stored(world)
    world.assert_like_fresh()


def test_what_is_cut_is_told_by_kind(tmp_path: Path) -> None:
    world = World(tmp_path)
    body = "\n\nwords of the document\n"
    world.write("title.md", f"---\ntitle: {'t' * 5000}\n---{body}")
    world.write("heading.md", f"# {'h' * 5000}{body}")
    world.write("large.md", f"---\na: 1\nb: {'v' * 100_000}\nc: [{'x, ' * 9000}]\nd: 2\n---{body}")
    world.write("number.md", f"---\na: 1\nb: 0x{'f' * 5000}\n---{body}")
    world.write("ordinary.md", f"---\ntitle: An ordinary one\ntags: [a, b]\ndate: 2026-01-01\n---\n# Head{body}")
    world.run()
    with world.resources() as resources:
        notices = {state.source: dict(state.notices) for state in resources.journal.files()}
    assert notices == {
        "docs/title.md": {"title_cut": 1, "metadata_cut": 1},
        "docs/heading.md": {"title_cut": 1, "heading_cut": 1},
        "docs/large.md": {"metadata_cut": 2},
        "docs/number.md": {"metadata_unusable": 1},
        "docs/ordinary.md": {},
    }
    said = {row.source: (row.title, row.metadata) for row, _ in world.contents().values()}
    assert said["docs/large.md"][1] == json.dumps({"a": 1, "b": "v" * 2000, "d": 2}, separators=(",", ":"))
    assert said["docs/number.md"][1] == '{"a":1}'
    assert said["docs/ordinary.md"] == (
        "An ordinary one",
        '{"date":"2026-01-01","tags":["a","b"],"title":"An ordinary one"}',
    )


@few(2)
@pytest.mark.parametrize("seconds", [-(10**10), -1, 4 * 10**9, 10**10, 10**12])
def test_no_time_of_a_file_ends_a_run(tmp_path: Path, seconds: int) -> None:
    world = World(tmp_path)
    path = world.write("a.md", "words of the document")
    try:
        os.utime(path, (seconds, seconds))
    except (OSError, OverflowError):
        pytest.skip("this file system has no such time")
    world.run()
    assert world.run().chunks.refreshed == 0
    world.assert_like_fresh()
