"""Commands to a table that another process writes: asked, waited for, done here once it is free, or given up."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import embedingest.errors
from embedingest.build.journals import journal_path
from embedingest.build.remembered import recall
from embedingest.build.session import Session
from embedingest.cli._exit_codes import exit_code
from embedingest.ingest.requests import error_from_json, error_to_json
from embedingest.ingest.state.journal import Journal
from embedingest.store.lock import WriterLock
from tests.cli.test_snapshots import followed
from tests.depth import few, only_deep
from tests.waiting import until

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
DB = ".embedingest/lancedb"


@pytest.fixture
def emptied(shell):
    """Twelve documents in the table, of which the folder lost ten: their deletion waits for a person."""
    for number in range(12):
        shell.write(f"docs/f{number:02}.md", f"document number {number}")
    assert shell.ingest().code == 0
    for number in range(10):
        (shell.folder / f"docs/f{number:02}.md").unlink()
    assert shell.ingest().json["files"]["pending_deletes"] == 10
    return shell


@contextlib.contextmanager
def meanwhile(deed):
    """`deed(journal)` in a thread of its own, once something is asked in the journal."""

    def run():
        with contextlib.closing(Journal(journal_path(Path(".embedingest"), DB, "chunks"))) as journal:
            until(journal.waiting)
            deed(journal)

    thread = threading.Thread(target=run)
    thread.start()
    yield
    thread.join()


def waiting(shell):
    return len(shell.run("status", "--json").json["pending_deletes"])


def test_a_command_is_done_here_as_soon_as_the_writer_has_ended(emptied):
    lock = WriterLock(DB, "chunks").acquire()
    with meanwhile(lambda journal: lock.release()):
        ran = emptied.run("confirm", "--json")
    assert (ran.code, ran.json["files"]["deleted"]) == (0, 10)
    assert str(os.getpid()) in ran.err
    assert waiting(emptied) == 0


@only_deep
def test_what_was_given_up_is_not_carried_out_by_a_watch_that_begins_later(emptied):
    with WriterLock(DB, "chunks"), meanwhile(lambda journal: os.kill(os.getpid(), signal.SIGINT)):
        assert emptied.run("confirm").code == 130
    with followed(emptied.folder):
        emptied.write("docs/new.md", "a new document")
        until(lambda: "new" in emptied.run("search", "new", "--mode", "text", "--json").out)
        assert waiting(emptied) == 10


@only_deep
def test_what_a_killed_command_asked_is_not_carried_out_by_the_watch_that_was_asked(emptied):
    command = [sys.executable, "-m", "embedingest", "confirm"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with contextlib.closing(Journal(journal_path(Path(".embedingest"), DB, "chunks"))) as journal:
        with WriterLock(DB, "chunks"):
            with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
                until(journal.waiting)
                process.kill()
            # As after hours: the same writer looks at what it was asked.
            (request,) = journal.waiting()
            assert request.given_up(request.until - 1)
            assert request.arguments["sources"] == [f"docs/f{number:02}.md" for number in range(10)]
    assert emptied.run("status", "--json").json["requests"] == []


def test_a_yes_is_to_what_waited_when_it_was_said(emptied):
    """What a folder loses while the question waits was never seen by who said yes."""

    def lose_the_rest(journal):
        (emptied.folder / "docs/f10.md").unlink()
        (emptied.folder / "docs/f11.md").unlink()
        lock.release()

    lock = WriterLock(DB, "chunks").acquire()
    with meanwhile(lose_the_rest):
        ran = emptied.run("confirm", "--json")
    assert (ran.code, ran.json["files"]["deleted"], ran.json["files"]["pending_deletes"]) == (1, 10, 2)


@few(1)
@pytest.mark.parametrize("verb", [("tag", "early"), ("retry",), ("optimize",)])
def test_a_root_that_is_forgotten_while_a_command_waits_is_not_taken_up_again_by_it(shell, verb):
    shell.write("docs/a.md", "a document")
    shell.write("two/b.md", "another")
    assert shell.run("ingest", "docs", "two", "--model", "hashing").code == 0

    def forget(journal):
        with contextlib.closing(Journal(journal.path)) as writing:
            writing.forget_root("two", str(shell.folder / "two"))
        lock.release()

    # As the command before this one in the queue does it, which had the lock in between.
    lock = WriterLock(DB, "chunks").acquire()
    with meanwhile(forget):
        assert shell.run(*verb).code == 0
    status = shell.run("status", "--json").json
    assert ([root["alias"] for root in status["roots"]], status["unnamed"]) == (["docs"], [])


# Each leaves things as they were, or the next undoes it: so they say the same twice.
DEEDS = [
    ("forget", "nowhere"),
    ("restore", "never"),
    ("confirm",),
    ("confirm", "docs/a.md"),
    ("retry",),
    ("retry", "nowhere"),
    ("confirm", "nowhere", "docs/b.mdd"),
    ("retry", "nowhere", "docs/b.pdf"),
    ("optimize",),
    ("tag", "one"),
    ("tag", "one"),
    ("restore", "one"),
    ("restore", "--resume"),
    ("tag", "--drop", "one"),
    ("tag", "--drop", "one"),
    ("tag", "no name/"),
]


@only_deep
def test_exit_codes_errors_and_documents_are_the_same_with_and_without_a_watch(shell):
    shell.write("docs/a.md", "a document")
    shell.write("docs/b.pdf", b"%PDF-1.4 broken")
    shell.ingest()
    alone = [shell.run(*args, "--json") for args in DEEDS]
    with followed(shell.folder):
        asked = [shell.run(*args, "--json") for args in DEEDS]
    for args, one, other in zip(DEEDS, alone, asked, strict=True):
        assert (args, other.code, shape(other)) == (args, one.code, shape(one))
        assert (args, told(other)) == (args, told(one))
    assert {ran.code for ran in alone} >= {0, 1, 2}


@only_deep
def test_a_name_that_a_request_does_not_concern_is_told(shell):
    shell.write("docs/a.md", "a document")
    shell.write("docs/b.pdf", b"%PDF-1.4 broken")
    shell.ingest()
    assert "docs/a.mdd: no deletion of it waits" in shell.run("confirm", "docs/a.mdd").err
    assert "docs/b.pdff: no document of that name has failed; did you mean docs/b.pdf?" in (
        shell.run("retry", "docs/b.pdff").err
    )
    assert "no document" not in shell.run("retry", "docs/b.pdf").err


@only_deep
def test_names_of_which_none_is_known_are_wrong_usage_and_one_that_is_known_is_not(emptied):
    emptied.write("docs/b.pdf", b"%PDF-1.4 broken")
    emptied.run("ingest", "docs", "--model", "hashing")
    for verb in ("confirm", "retry"):
        for names in (["nowhere"], ["nowhere", "docs/f00.mdd"], [""], ["docs"], ["nowhere!/part"]):
            ran = emptied.run(verb, *names)
            assert (verb, names, ran.code) == (verb, names, 2)
            assert "is no document" in ran.err or "is a document" in ran.err
    assert waiting(emptied) == 10
    assert emptied.run("retry", "nowhere", "docs/f11.md").code == 1, "others failed and wait"
    assert emptied.run("confirm", "nowhere", "docs/f00.md").code == 1
    assert waiting(emptied) == 9


def shape(ran):
    """The keys of the answer and of what is in it, without times."""
    document = ran.json if ran.out else {}
    return {key: set(part) if key == "files" else type(part) for key, part in document.items()}


def told(ran):
    return [line for line in ran.err.splitlines() if line.startswith(("error:", "hint:"))]


def test_an_error_comes_through_the_journal_as_it_was():
    class OfAPlugin(embedingest.errors.ModelLoadError):
        pass

    kinds = [getattr(embedingest.errors, name) for name in embedingest.errors.__all__]
    for kind in [*kinds, OfAPlugin]:
        for remedy in (None, "do otherwise"):
            came = error_from_json(json.loads(json.dumps(error_to_json(kind("what went wrong", remedy=remedy)))))
            told = kind("what went wrong", remedy=remedy)
            assert (str(came), came.remedy, exit_code(came)) == (str(told), told.remedy, exit_code(told))
            assert type(came) is (embedingest.errors.ModelLoadError if kind is OfAPlugin else kind)


@only_deep
def test_another_writer_that_took_the_place_of_the_one_that_was_asked_is_asked_too(emptied):
    def take_over(journal):
        journal.begin_writing()
        (request,) = until(journal.waiting)
        journal.take(request.id)
        journal.answer(request.id, "done", {"files": {"deleted": 7}})

    with WriterLock(DB, "chunks"), meanwhile(take_over):
        ran = emptied.run("confirm", "--json")
    assert (ran.code, ran.json["files"]["deleted"]) == (0, 7)


@only_deep
@pytest.mark.parametrize("watched", [True, False])
def test_what_was_forgotten_comes_back_only_when_it_is_named_again(shell, watched):
    shell.write("docs/a.md", "a document")
    shell.write("notes/n.md", "a note")
    shell.run("ingest", "docs", "notes", "--model", "hashing")
    with followed(shell.folder, "docs", "notes") if watched else contextlib.nullcontext():
        ran = shell.run("forget", "notes")
        assert ran.code == 0
        assert "`notes` is not followed any more" in ran.err
    for command in ("retry", "confirm", "optimize"):
        assert shell.run(command).code == 0
    assert shell.run("verify", "--repair").code == 0
    status = shell.run("status", "--json").json
    assert ([root["alias"] for root in status["roots"]], status["in_sync"]) == (["docs"], True)
    assert shell.run("forget", "docs").code == 0
    assert shell.run("retry").code == 0
    status = shell.run("status", "--json").json
    assert (status["roots"], status["table"]["rows"]) == ([], 0)
    assert shell.run("search", "note", "--json").json["results"] == []
    assert shell.run("ingest", "notes", "--model", "hashing", "--json").json["files"]["new"] == 1
    assert shell.run("retry").code == 0
    assert [root["alias"] for root in shell.run("status", "--json").json["roots"]] == ["notes"]


def test_a_pause_is_told_by_status_and_ended_by_resume(shell):
    shell.write("docs/a.md", "The walrus sleeps.")
    assert shell.ingest().code == 0
    with Session(recall(Path(".embedingest"), DB, "chunks")) as session:
        session.pipeline().perform("pause", {})
    told = shell.run("status")
    assert "paused for" in told.out
    assert "embedingest restore --resume" in told.out
    refused = shell.run("retry")
    assert refused.code == 2
    assert "it is paused" in refused.err
    shell.write("docs/b.md", "The llama spits.")
    assert shell.run("restore", "--resume").code == 0
    document = shell.run("status", "--json").json
    assert (document["paused_since"], document["files"]) == (None, {"done": 2})
