"""`doctor`: names what is in the way, and the way out."""

from __future__ import annotations

import socket

from tests.depth import only_deep
from tests.store.bucket import served


def test_an_empty_folder_is_no_problem(shell):
    ran = shell.run("doctor", "--json")
    assert ran.code == 0
    findings = {finding["check"]: finding for finding in ran.json["findings"]}
    assert findings["table"]["state"] == "note"
    assert "embedingest ingest PATH" in findings["table"]["remedy"]
    assert {"versions", "processor", "model", "table folder", "state folder", "cache folder", "port"} <= set(findings)


def test_a_table_and_its_rows_are_told(shell):
    shell.write("docs/zoo.md", "The walrus sleeps.\n")
    shell.ingest()
    assert "1 rows by model hashing" in shell.run("doctor").out


def test_a_folder_that_cannot_be_written_is_a_problem(shell, monkeypatch):
    monkeypatch.setattr("os.access", lambda *_: False)  # the tests may run as root, whom rights do not stop
    ran = shell.run("doctor")
    assert ran.code == 1
    assert "cannot be written" in ran.out


def test_a_taken_port_is_a_note(shell):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        ran = shell.run("doctor", "--port", str(listener.getsockname()[1]), "--json")
    port = next(finding for finding in ran.json["findings"] if finding["check"] == "port")
    assert port["state"] == "note"
    assert "--port" in port["remedy"]


def test_a_store_that_puts_over_what_it_should_leave_is_a_problem_and_one_that_does_not_is_fine(shell, monkeypatch):
    for honours, code, state in ((False, 1, "problem"), (True, 0, "fine")):
        with served(monkeypatch, honours=honours):
            ran = shell.run("doctor", "--db", "s3://lake/db", "--json")
        store = next(finding for finding in ran.json["findings"] if finding["check"] == "store")
        assert (ran.code, store["state"]) == (code, state)
        assert honours or "If-None-Match" in store["said"]
        assert honours or "keep the database on a disk" in store["remedy"]


@only_deep
def test_an_ingest_into_such_a_store_ends_before_it_writes(shell, monkeypatch):
    shell.write("docs/zoo.md", "The walrus sleeps.\n")
    with served(monkeypatch, honours=False) as bucket:
        ran = shell.ingest("--db", "s3://lake/db")
        assert ran.code == 3
        assert "ignores `If-None-Match`" in ran.err
        assert "keep the database on a disk" in ran.err
        assert not bucket.objects
    with served(monkeypatch) as bucket:
        assert shell.ingest("--db", "s3://lake/db").code == 0
        assert any("chunks.lance/" in key for key in bucket.objects)
        assert not any("probe" in key for key in bucket.objects)


def test_plain_http_that_was_not_allowed_is_told_with_what_allows_it(shell, monkeypatch):
    with served(monkeypatch), monkeypatch.context() as plain:
        plain.delenv("AWS_ALLOW_HTTP")
        ran = shell.run("doctor", "--db", "s3://lake/db", "--json")
        store = next(finding for finding in ran.json["findings"] if finding["check"] == "store")
        assert "AWS_ALLOW_HTTP=true" in store["remedy"]


def test_it_is_not_its_own_way_out(shell):
    ran = shell.run("doctor", "--db", "nowhere://lake/db", "--json")
    problems = [finding for finding in ran.json["findings"] if finding["state"] == "problem"]
    assert problems
    assert not any("`embedingest doctor`" in (finding["remedy"] or "") for finding in problems)
