"""`doctor`: names what is in the way, and the way out."""

from __future__ import annotations

import socket


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
