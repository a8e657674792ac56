"""`/readyz` tells what is wrong and what mends it, within seconds, and is well again once that is over."""

from __future__ import annotations

import pytest

from embedingest.build.stores import TableFolders
from embedingest.config import ServerConfig
from embedingest.server import begin
from embedingest.server import readiness as readiness_module
from embedingest.server.app import create_app
from embedingest.server.pipelines import PipelineFigures
from embedingest.server.readiness import LOOK_SECONDS, Readiness
from embedingest.server.run import HttpServer
from tests.depth import only_deep
from tests.engine.doubles import Gate
from tests.engine.shelf import Watched, engine_of
from tests.server.client import get, post
from tests.waiting import until

TRIAL_SECONDS = readiness_module._TRIAL_SECONDS

SOON_SECONDS = 60.0  # some tenths of a second, but for machines that are slow at times


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch):
    """Ten times a second, which changes nothing of what is found."""
    monkeypatch.setattr(begin, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(readiness_module, "_TRIAL_SECONDS", 0.2)


def test_by_its_own_times_every_fault_is_told_within_ten_seconds():
    waits = 2 * LOOK_SECONDS
    assert waits + TRIAL_SECONDS + LOOK_SECONDS < 10, "a worker that dies at rest: a look, a trial, a look"
    assert waits + readiness_module._LEAST_STALL_SECONDS < 10, "a forward that hangs: it is seen, waited for, and told"
    assert readiness_module._STALE_SECONDS < 10, "a look that hangs"


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Followed:
    """What a pipeline says of itself, set by the test."""

    def __init__(self):
        self.figures_now = PipelineFigures("at rest")

    def names(self):
        return ["docs", "gone meanwhile"]

    def figures(self, name):
        if name != "docs":
            raise KeyError(name)
        return self.figures_now


@pytest.fixture
def ready_app(engine, tmp_path):
    """A server that follows a pipeline into a table; `store` and `pipelines` are what it looks at."""
    started = []

    def start(**settings):
        (tmp_path / "db" / "t.lance" / "_versions").mkdir(parents=True)
        (tmp_path / "db" / "t.lance" / "_versions" / "1.manifest").write_bytes(b"")
        store = TableFolders(tmp_path / "db", str(tmp_path / "db"), "t", is_written=True)
        config, pipelines = ServerConfig(port=0, **settings), Followed()
        server = HttpServer(create_app(engine, config, pipelines=pipelines, stores=lambda: [store]), config)
        started.append(server)
        server.start()
        server.pipelines = pipelines
        return server

    yield start
    for server in started:
        server.stop()


def checks(port):
    answer = get(port, "/readyz")
    document = answer.json()
    assert (answer.status == 200) == (document["status"] == "ready")
    return document.get("failed", []) if answer.status == 503 else document["status"]


def turns(port, wanted):
    """The problems, once `/readyz` says that; in a few looks."""
    until(lambda: checks(port) == wanted, f"/readyz: {wanted}", SOON_SECONDS)
    return get(port, "/readyz").json().get("problems")


def test_the_folder_of_the_table_that_is_gone_or_is_a_file_turns_it_red_and_back(ready_app, tmp_path):
    port = ready_app().port
    turns(port, "ready")
    (tmp_path / "db").rename(tmp_path / "aside")
    (told,) = turns(port, ["store"])
    assert "gone" in told["error"]
    assert "put it back" in told["remedy"]
    (tmp_path / "db").write_text("a file")
    until(lambda: "cannot be read" in get(port, "/readyz").json()["problems"][0]["error"], "told", SOON_SECONDS)
    (tmp_path / "db").unlink()
    (tmp_path / "aside").rename(tmp_path / "db")
    turns(port, "ready")
    (tmp_path / "db" / "t.lance").rename(tmp_path / "aside")
    turns(port, ["store"])
    (tmp_path / "aside").rename(tmp_path / "db" / "t.lance")
    turns(port, "ready")
    assert sorted(path.name for path in (tmp_path / "db").iterdir()) == ["t.lance"], "no probe is left"


def test_less_room_than_is_wanted_is_told_with_both_sizes(ready_app):
    port = ready_app(min_free_bytes=2**50).port
    (told,) = turns(port, ["disk"])
    assert "1,073,741,824 are wanted" in told["error"]
    assert "min_free_bytes" in told["remedy"]


@only_deep
def test_a_pipeline_that_failed_or_gives_no_sign_turns_it_red_and_back(ready_app):
    server = ready_app()
    turns(server.port, "ready")
    server.pipelines.figures_now = PipelineFigures("failed", error="the lock was taken", silent=0.0)
    (told,) = turns(server.port, ["pipeline"])
    assert "`docs` failed: the lock was taken" in told["error"]
    server.pipelines.figures_now = PipelineFigures("working", silent=500.0)
    until(lambda: "gave no sign for 500 s" in str(get(server.port, "/readyz").json()), "told", SOON_SECONDS)
    server.pipelines.figures_now = PipelineFigures("failed", error="of another program")
    turns(server.port, "ready")


class Mortal(Watched):
    """Its worker dies once it is told to."""

    dies = False

    def encode(self, batch):
        if Mortal.dies:
            raise SystemExit
        return super().encode(batch)


@only_deep
def test_a_worker_that_dies_while_nothing_is_asked_is_found_and_a_model_loaded_anew_is_well(tmp_path, serve):
    engine = engine_of(tmp_path, {"m": Mortal})
    port = serve({"preload": ["m"]}, over=engine).port
    turns(port, "ready")
    Mortal.dies = True
    try:
        (told,) = turns(port, ["model"])
        assert "`m:latest`" in told["error"]
        assert get(port, "/healthz").status == 503
    finally:
        Mortal.dies = False
    post(port, "/api/generate", {"model": "m", "keep_alive": 0})
    turns(port, "ready")
    assert post(port, "/api/embed", {"model": "m", "input": "x"}).status == 200
    turns(port, "ready")
    engine.close()


def test_who_may_not_steer_the_server_hears_which_check_failed_and_no_path(ready_app):
    port = ready_app(min_free_bytes=2**50).port
    turns(port, ["disk"])
    answer = get(port, "/readyz", Sec_Fetch_Site="cross-site")
    assert answer.status == 503
    assert answer.json() == {"status": "failed", "failed": ["disk"]}


# -- by a clock of the test


@pytest.fixture
def looked(tmp_path):
    gate, clock = Gate(), Clock()
    gate.open()
    engine = engine_of(tmp_path, {"m": lambda: Watched(gate)}, keep_alive=60)
    readiness = Readiness(engine, clock=clock)
    readiness.preloaded = True
    yield engine, readiness, clock, gate
    gate.open()
    engine.close()


def look(readiness, clock, seconds):
    clock.now += seconds
    readiness.look()
    return readiness.problems


def test_an_idle_model_computes_one_token_now_and_then_and_is_no_longer_kept_for_it(looked):
    engine, readiness, clock, _ = looked
    engine.embed(["hello there"], model="m")
    (_, model), expires = engine.loaded()[0], engine._pool.loaded()[0][0].expires_at
    before = len(model.encoder.batches)
    for _ in range(3):
        assert look(readiness, clock, 6.0) == ()
        trial = readiness._trials[id(model)].trial
        assert trial is None or trial.result(10) is not None
    assert len(model.encoder.batches) - before in (1, 2, 3)
    assert {text for batch in model.encoder.batches[before:] for text in batch} == {"a"}
    assert engine._pool.loaded()[0][0].expires_at == expires, "a trial is no use"
    engine.unload("m")
    until(lambda: not engine.loaded())
    assert look(readiness, clock, 60.0) == (), "a model that nobody needs is no fault"


def test_a_model_that_is_unloaded_while_it_is_looked_at_is_no_fault(tmp_path):
    class Leaving(Watched):
        def tokenize(self, texts):
            if list(texts) == ["a"]:  # the trial's own
                engine.unload("m")
                until(lambda: self.closed)
            return super().tokenize(texts)

    clock, engine = Clock(), engine_of(tmp_path, {"m": Leaving}, keep_alive=60)
    readiness = Readiness(engine, clock=clock)
    readiness.preloaded = True
    with engine:
        engine.embed([], model="m")
        assert look(readiness, clock, 0.0) == ()
        assert look(readiness, clock, 6.0) == ()
        assert not engine.loaded()


def test_a_forward_that_never_ends_is_told_and_forgotten_once_it_does(tmp_path):
    gate, clock = Gate(), Clock()
    engine = engine_of(tmp_path, {"m": lambda: Watched(gate)})
    readiness = Readiness(engine, clock=clock)
    readiness.preloaded = True
    try:
        engine.embed([], model="m")
        assert look(readiness, clock, 0.0) == ()
        assert look(readiness, clock, 6.0) == ()  # the trial begins
        assert gate.entered.wait(30)
        assert look(readiness, clock, LOOK_SECONDS) == ()
        (problem,) = look(readiness, clock, 6.0)
        assert "computed nothing for 6 s" in problem.what
        gate.open()
        assert readiness._trials[id(engine.loaded()[0][1])].trial.result(30) is not None
        assert look(readiness, clock, LOOK_SECONDS) == ()
    finally:
        gate.open()
        engine.close()


def test_what_was_found_long_ago_says_nothing_any_more(looked):
    _, readiness, clock, _ = looked
    assert readiness.problems is None
    readiness.look()
    assert readiness.problems == ()
    clock.now += 60.0
    (problem,) = readiness.problems
    assert problem.check == "look"
    assert look(readiness, clock, 0.0) == ()


def test_what_cannot_be_looked_at_is_a_fault_and_the_rest_is_looked_at(looked):
    engine, _, clock, _ = looked

    class Broken(Followed):
        def figures(self, name):
            raise OSError("no such device")

    readiness = Readiness(engine, pipelines=Broken(), clock=clock)
    readiness.preloaded = True
    (problem,) = look(readiness, clock, 0.0)
    assert (problem.check, "no such device" in problem.what) == ("pipeline", True)
