"""Several pipelines in one process: started, scheduled, re-read with the least work, and one that fails."""

from __future__ import annotations

import threading
import urllib.request
from contextlib import contextmanager
from datetime import datetime

import pytest

from embedingest import config
from embedingest.build.ask import search_live
from embedingest.config import MetadataRules, parse_schedule
from embedingest.errors import ConfigError
from embedingest.ingest.rows.metadata import Metadata
from embedingest.store.lock import WriterLock
from embedingest.supervise import Supervisor
from embedingest.types import Document
from tests.depth import few, only_deep
from tests.waiting import HANGS_SECONDS, until

pytestmark = pytest.mark.slow

WATCH = "watch: {settle_ms: 50}"


class Place:
    def __init__(self, folder):
        self.folder = folder
        self.reports = []
        self.messages = []
        self.stop = threading.Event()

    def document(self, name, text="The walrus sleeps.\n"):
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def written(self, text):
        file = self.folder / "c.yaml"
        file.write_text(text)
        return config.read(file)

    def read(self):
        return config.read(self.folder / "c.yaml")

    @contextmanager
    def running(self, settings):
        supervisor = Supervisor(
            settings,
            stop=self.stop,
            on_report=lambda *report: self.reports.append(report),
            on_message=self.messages.append,
        )
        self.raised = []

        def run():
            try:
                supervisor.run()
            except Exception as error:
                self.raised.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield supervisor
        finally:
            self.stop.set()
            thread.join(HANGS_SECONDS)
            assert not thread.is_alive()

    def new(self, name):
        return sum(report.files.new for pipeline, report in self.reports if pipeline == name)


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path)
    for name in "abc":
        made.document(f"{name}/one.md")
    return made


def pipelines(*names, more=""):
    return "pipelines:\n" + "".join(
        f"  {name}:\n    sources: [{{path: {name}}}]\n    model: hashing\n    table: {name}\n    {WATCH}\n{more}"
        for name in names
    )


def test_pipelines_are_followed_side_by_side(place):
    settings = place.written(pipelines("a", "b"))
    with place.running(settings):
        until(lambda: place.new("a") == place.new("b") == 1)
        for name, pipeline in settings.pipelines.items():
            found = search_live(settings.state, pipeline.db, name, {"text": "walrus"})
            assert [hit["source"] for hit in found["results"]] == [f"{name}/one.md"]
        place.document("b/two.md", "More.\n")
        until(lambda: place.new("b") == 2)


def test_a_pipeline_that_fails_is_said_and_the_others_go_on(place):
    text = pipelines("a", "b").replace("path: b", "path: nowhere")
    with place.running(place.written(text)) as supervisor:
        until(lambda: place.new("a") == 1 and supervisor.failures)
        assert "pipeline `b` stopped: no such folder" in place.messages[0]
        place.document("a/two.md", "More.\n")
        until(lambda: place.new("a") == 2)
    assert isinstance(supervisor.failures["b"], ConfigError)


def test_when_none_is_left_the_first_failure_is_raised(place):
    with place.running(place.written(pipelines("a").replace("path: a", "path: nowhere"))):
        until(lambda: place.raised)
    assert "no such folder" in str(place.raised[0])


def test_a_changed_configuration_touches_only_what_differs(place):
    with place.running(place.written(pipelines("a", "b"))) as supervisor:
        until(lambda: place.new("a") == place.new("b") == 1)
        untouched = supervisor._members["a"].thread
        place.written(pipelines("a", "b", "c").replace("table: b", "table: beta"))
        supervisor.ask_to_reread(place.read)
        until(lambda: place.new("c") == 1 and place.new("b") == 2)
        assert place.messages == ["configuration applied: 1 stopped, 2 started, 1 untouched"]
        assert supervisor._members["a"].thread is untouched
        assert untouched.is_alive()


@only_deep
def test_a_broken_configuration_is_refused_and_the_old_one_goes_on(place):
    with place.running(place.written(pipelines("a"))) as supervisor:
        until(lambda: place.new("a") == 1)
        (place.folder / "c.yaml").write_text("pipelines: {a: {sorces: []}}\n")
        supervisor.ask_to_reread(place.read)
        until(lambda: place.messages)
        assert "the configuration is refused, the old settings go on" in place.messages[0]
        place.document("a/two.md", "More.\n")
        until(lambda: place.new("a") == 2)


def refuse_a_start(place, kind):
    """Text of a configuration that is well written and of which something would not start, and what is said of it."""
    text = pipelines("a", "b")
    match kind:
        case "no folder":
            return text.replace("path: b", "path: bb"), f"no such folder: {place.folder / 'bb'}; check the path"
        case "all anew":
            return "engine: {keep_alive: 1m}\n" + text.replace("path: b", "path: bb"), "no such folder"
        case "model":
            return text.replace("model: hashing\n    table: b", "model: hashin\n    table: b"), "pipelines.b: model"
        case "chunker":
            return text.replace("table: b", "table: b\n    chunk: {chunker: nosuch}"), "unknown chunker `nosuch`"
        case "engine":
            return "engines: {x: {engine: nosuch}}\n" + text.replace("table: b", "table: b\n    engine: x"), "`nosuch`"
        case "database":
            (place.folder / "file").write_text("no database\n")
            return text.replace("table: b", f"table: b\n    db: {place.folder / 'file'}"), "pipelines.b:"
        case "locked":
            place.lock = WriterLock(place.read().pipelines["b"].db, "other").acquire()
            return text.replace("table: b", "table: other"), "pipelines.b: table `other` is being written"
        case "another model's":
            other = "models: {hash64: {encoder: hashing, options: {dimensions: 64}}}\n"
            return other + text.replace(
                "hashing\n    table: b", "hash64\n    table: b"
            ), "table `b` holds vectors of model `hashing`"
        case "port":
            return text + "server: {host: 192.0.2.1, port: 1}\n", "cannot listen on 192.0.2.1"
        case "key":
            key = f"{{hash: 'sha256:{'0' * 64}', can: [search], filter: folder = 1}}"
            return text + f"server: {{port: 0, keys: {{team: {key}}}}}\n", "the key `team`: the filter is not valid"
        case "keys file":
            return text + "server: {port: 0, keys_file: none.yaml}\n", "the keys cannot be read from"
        case _:
            raise ValueError(kind)


@few(1)
@pytest.mark.parametrize(
    "kind",
    ["no folder", "all anew", "model", "chunker", "engine", "database", "locked", "another model's", "port", "key",
     "keys file"],
)  # fmt: skip
def test_what_would_not_start_is_refused_as_a_whole_and_the_old_settings_go_on(place, kind):
    with place.running(place.written(pipelines("a", "b") + "server: {port: 0}\n")) as supervisor:
        until(lambda: place.new("a") == place.new("b") == 1)
        threads = {name: member.thread for name, member in supervisor._members.items()}
        server = supervisor._server
        place.messages.clear()
        text, said = refuse_a_start(place, kind)
        (place.folder / "c.yaml").write_text(text if "server:" in text else text + "server: {port: 0}\n")
        supervisor.ask_to_reread(place.read, "c.yaml")
        until(lambda: place.messages)
        assert place.messages[0].startswith("c.yaml is refused, the old settings go on: ")
        assert said in place.messages[0]
        assert {name: member.thread for name, member in supervisor._members.items()} == threads
        assert supervisor._server is server
        place.document("b/two.md", "More.\n")
        until(lambda: place.new("b") == 2)
    assert not place.raised


def test_a_server_outlives_its_pipelines_and_one_that_is_mended_starts_at_the_next_reading(place):
    text = pipelines("a") + "server: {port: 0}\n"
    with place.running(place.written(text.replace("path: a", "path: later"))) as supervisor:
        until(lambda: supervisor.failures)
        place.document("later/one.md")
        url = next(message for message in place.messages if message.startswith("serving")).split()[-1]
        assert b"version" in urllib.request.urlopen(f"{url}/api/version").read()
        supervisor.ask_to_reread(place.read)
        until(lambda: place.new("a") == 1)
        assert not supervisor.failures
    assert not place.raised


@only_deep
def test_a_pipeline_that_worked_is_waited_for_where_it_fails_later(place):
    """As when its table was replaced by another program that ends again."""
    with place.running(place.written(pipelines("a"))) as supervisor:
        until(lambda: place.new("a") == 1)
        db = supervisor.config.pipelines["a"].db
        supervisor._members["a"].end()
        with WriterLock(db, "a"):
            supervisor._begin("a", proven=True)
            until(lambda: place.messages)
            assert (
                "pipeline `a` waits, and is tried again until it works: table `a` is being written" in place.messages[0]
            )
        place.document("a/two.md", "More.\n")
        until(lambda: place.new("a") == 2)
        assert place.messages[1:] == ["pipeline `a` works again"]
        assert not supervisor.failures


@only_deep
def test_other_models_start_everything_again(place):
    with place.running(place.written(pipelines("a"))) as supervisor:
        until(lambda: place.new("a") == 1)
        place.written("engine: {keep_alive: 1m}\n" + pipelines("a"))
        supervisor.ask_to_reread(place.read)
        until(lambda: place.messages)
        assert "everything starts again" in place.messages[0]
        place.document("a/two.md", "More.\n")
        until(lambda: place.new("a") == 2)


@only_deep
def test_a_scheduled_pipeline_looks_at_its_times_only(place):
    with place.running(place.written(pipelines("a", more="    schedule: every 1s\n"))):
        until(lambda: place.new("a") == 1)
        place.document("a/two.md", "More.\n")
        until(lambda: place.new("a") == 2)


@pytest.mark.parametrize(
    ("text", "now", "expected"),
    [
        ("every 15m", "2026-01-01T10:00", "2026-01-01T10:15"),
        ("hourly", "2026-01-01T10:20", "2026-01-01T11:20"),
        ("daily 03:00", "2026-01-01T02:59", "2026-01-01T03:00"),
        ("daily 03:00", "2026-01-01T03:00", "2026-01-02T03:00"),
    ],
)
def test_schedules(text, now, expected):
    assert parse_schedule(text).following(datetime.fromisoformat(now)) == datetime.fromisoformat(expected)


@pytest.mark.parametrize("text", ["", "every", "every 0s", "daily 25:00", "daily", "weekly", "every -5m"])
def test_what_is_no_schedule_is_refused(text):
    with pytest.raises(ValueError, match="write `every 15m`"):
        parse_schedule(text)


@pytest.mark.parametrize(
    ("pattern", "source", "expected"),
    [
        ("{client}/{year}/**", "docs/acme/2025/a/b.md", {"client": "acme", "year": "2025"}),
        ("{client}/{year}/**", "docs/acme/b.md", {}),
        ("**/{name}.md", "docs/x/y/z.md", {"name": "z"}),
        ("reports/*-{quarter}.pdf", "docs/reports/sales-q1.pdf", {"quarter": "q1"}),
        ("{a}+{b}.md", "docs/1+2.md", {"a": "1", "b": "2"}),
    ],
)
def test_metadata_from_paths(pattern, source, expected):
    assert Metadata({}, MetadataRules(path=(pattern,))).of(Document(source=source, text="")) == expected


def test_constants_have_the_last_word_and_front_matter_is_chosen():
    document = Document(source="docs/acme/a.md", text="", markup="markdown", metadata={"tags": 1, "client": 2, "x": 3})
    rules = MetadataRules(path=("{client}/**",), front_matter=("tags",))
    assert Metadata({"team": "us"}, rules).of(document) == {"tags": 1, "client": "acme", "team": "us"}
    assert Metadata({"client": "us"}, rules).of(document)["client"] == "us"


@pytest.mark.parametrize("pattern", ["plain/**", "{a}/{a}", "{not a word}"])
def test_a_path_pattern_needs_words_in_braces(pattern):
    with pytest.raises(ValueError, match="needs words in braces"):
        MetadataRules(path=(pattern,))
