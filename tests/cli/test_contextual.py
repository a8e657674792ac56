"""Context from the command line and from a file: what is told, what is run, and what is not run or told."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.depth import few, only_deep
from tests.waiting import HANGS_SECONDS, until

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "context" / "write_context.py"
OWLS = "---\ntitle: Birds\n---\n# Owls\n\nThey hunt mice at night.\n"


def config_of(shell, command: str, more: str = "") -> None:
    shell.write("docs/owls.md", OWLS)
    shell.write(
        "conf/embedingest.yaml",
        f"state: ../.embedingest\npipelines:\n  docs:\n    sources: [{{path: ../docs}}]\n    model: hashing\n"
        f"    context: {{parts: [title, headings], command: {command}{more}}}\n",
    )


@pytest.fixture
def written(shell):
    """A folder ingested by a configuration whose command lies beside it."""
    shell.write("conf/write_context.py", EXAMPLE.read_text())
    config_of(shell, f"[{sys.executable}, write_context.py]")
    assert shell.run("run", "conf/embedingest.yaml", "--once").code == 0
    return shell


def test_flags_embed_title_and_headings_and_readers_are_told(shell):
    shell.write("docs/owls.md", OWLS)
    assert shell.run("ingest", "docs", "--model", "hashing", "--contextual", "title,headings").code == 0
    (hit,) = shell.run("search", "mice", "--json").json["results"]
    assert hit["context"] == "Birds\n\nOwls\n\n"
    (chunk,) = shell.run("get", "owls.md", "--json").json["chunks"]
    assert chunk["context"] == hit["context"]
    wrong = shell.run("ingest", "docs", "--model", "hashing", "--contextual", "titel")
    assert wrong.code == 2
    assert "context" in wrong.err
    assert "'title' or 'headings'" in wrong.err


@only_deep
def test_an_edit_that_cannot_be_written_about_is_not_in_sync(written):
    assert "\nin sync\n" in written.run("status").out
    written.write("conf/write_context.py", "raise SystemExit('no quota left')\n")
    written.write("docs/owls.md", OWLS + "\nOwls turn their heads.\n")
    assert written.run("run", "conf/embedingest.yaml", "--once").code == 1
    status, told = written.run("status", "--json").json, written.run("status").out
    (failure,) = status["failures"]
    assert (status["in_sync"], status["behind"]["to_read"]) == (False, 0)
    assert (failure["code"], failure["stored_chunks"]) == ("context", status["table"]["rows"])
    assert "behind: an earlier version of 1 failed document\n" in told
    assert "of an earlier version are in the table" in told
    assert "in sync" not in told


@only_deep
def test_a_document_that_was_never_in_the_table_is_told_beside_in_sync(written):
    written.write("docs/broken.pdf", "%PDF-1.4 no more than this")
    assert written.run("run", "conf/embedingest.yaml", "--once").code == 1
    status = written.run("status", "--json").json
    assert (status["in_sync"], status["failures"][0]["stored_chunks"]) == (True, 0)
    assert "\nin sync but for 1 failed\n" in written.run("status").out


def test_without_it_no_answer_has_a_context(shell):
    shell.write("docs/owls.md", OWLS)
    shell.run("ingest", "docs", "--model", "hashing")
    (hit,) = shell.run("search", "mice", "--json").json["results"]
    assert "context" not in hit
    assert "context" not in shell.run("get", "owls.md", "--json").json["chunks"][0]


def test_chunk_shows_what_would_stand_in_front(shell):
    shell.write("owls.md", OWLS)
    shown = shell.run("chunk", "owls.md", "--model", "hashing", "--contextual", "title,headings", "--json")
    assert shown.json["documents"][0]["chunks"][0]["prefix"] == "Birds\n\nOwls\n\n"


def test_a_command_runs_beside_its_file_and_what_it_wrote_is_told(written):
    (hit,) = written.run("search", "mice", "--json").json["results"]
    assert hit["context"] == "From Birds, about Owls.\n\nBirds\n\nOwls\n\n"
    assert hit["text"] == "# Owls\n\nThey hunt mice at night."


@only_deep
def test_the_state_folder_does_not_know_the_command_and_no_other_command_runs_it(written):
    kept = b"".join(path.read_bytes() for path in Path(".embedingest").glob("*") if path.is_file())
    assert b"write_context" not in kept
    assert written.run("verify").code == 0
    assert written.run("rebuild").code == 0  # every sentence is known
    for path in Path(".embedingest").glob("contexts.sqlite*"):
        path.unlink()
    refused = written.run("rebuild")
    assert refused.code == 2
    assert "rebuild --config CONFIG" in refused.err
    assert written.run("rebuild", "--config", "conf/embedingest.yaml").code == 0
    (hit,) = written.run("search", "mice", "--json").json["results"]
    assert hit["context"].startswith("From Birds, about Owls.")


@only_deep
def test_rebuild_by_a_file_adds_the_column_to_a_table_that_is_there(shell):
    shell.write("docs/owls.md", OWLS)
    shell.run("ingest", "docs", "--model", "hashing")
    shell.write("conf/write_context.py", EXAMPLE.read_text())
    config_of(shell, f"[{sys.executable}, write_context.py]")
    refused = shell.run("run", "conf/embedingest.yaml", "--once")
    assert refused.code != 0
    assert "has no column `context`" in refused.err
    assert shell.run("rebuild", "--config", "conf/embedingest.yaml").code == 0
    assert shell.run("run", "conf/embedingest.yaml", "--once").code == 0
    assert shell.run("search", "mice", "--json").json["results"][0]["context"].startswith("From Birds")


@few(1)
@pytest.mark.parametrize(
    ("arguments", "told"), [(["docs"], "leave PATH out"), (["--table", "other"], "write table `other`")]
)
def test_rebuild_by_a_file_is_told_what_it_cannot_mean(written, arguments, told):
    refused = written.run("rebuild", "--config", "conf/embedingest.yaml", *arguments)
    assert refused.code == 2
    assert told in refused.err


def test_check_says_what_will_run_and_what_cannot(shell, monkeypatch):
    monkeypatch.setenv("WRITER_KEY", "hush-hush")
    config_of(shell, f"[{sys.executable}, -c, 'pass', '${{WRITER_KEY}}']")
    told = shell.run("config", "check", "conf/embedingest.yaml")
    assert told.code == 0
    assert "will run `" in told.err
    assert "${WRITER_KEY}" in told.err
    assert "hush-hush" not in told.err
    assert "hush-hush" not in shell.run("config", "show", "conf/embedingest.yaml").out
    config_of(shell, "[no-such-program-anywhere]")
    told = shell.run("config", "check", "conf/embedingest.yaml")
    assert told.code == 2
    assert "embedingest.yaml:6: pipelines.docs.context" in told.err
    assert "no program `no-such-program-anywhere`" in told.err
    config_of(shell, "[]", ", url: 'https://writer.example/context'")
    assert (
        "will talk to https://writer.example (pipelines.docs.context)"
        in shell.run("config", "check", "conf/embedingest.yaml").err
    )


@only_deep
def test_a_command_that_fails_is_told_and_the_others_go_on(shell):
    failing = "import sys, json; 'bad' in json.load(sys.stdin)['source'] and sys.exit('no quota'); print('fine')"
    shell.write("fail.py", failing)
    config_of(shell, f"[{sys.executable}, ../fail.py]")
    shell.write("docs/bad.md", "# Bad\n\ntext\n")
    report = shell.run("run", "conf/embedingest.yaml", "--once", "--json")
    assert report.code == 1
    (failure,) = report.json["docs"]["failures"]
    assert failure["source"] == "docs/bad.md"
    assert "exited with status 1: no quota" in failure["error"]
    assert report.json["docs"]["files"]["new"] == 1
    assert "`embedingest run CONFIG --once` tries it again" in failure["error"]
    assert "tried again by the next run" in shell.run("status").out
    told = shell.run("verify").out.splitlines()[-1]
    assert told.startswith("`embedingest run CONFIG --once` has missing context written, then `embedingest verify")
    refused = shell.run("verify", "--repair")
    assert "embedingest run CONFIG --once" in refused.err


@only_deep
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("sh") is None, reason="runs a shell")
def test_ctrl_c_ends_a_slow_command_and_the_run_at_once(shell):
    shell.write("conf/slow.sh", "#!/bin/sh\necho $$ > pid.new\nmv pid.new pid\nsleep 600\n")
    config_of(shell, "[sh, slow.sh]", ", timeout_seconds: 600")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from embedingest.cli import main; main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, "run", "conf/embedingest.yaml", "--once"],
        env=environment,
        stderr=subprocess.PIPE,
    )
    pid = int(until(lambda: Path("conf/pid").exists() and Path("conf/pid").read_text()))
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, said = process.communicate(timeout=HANGS_SECONDS)
    assert time.monotonic() - began < HANGS_SECONDS / 4
    assert process.returncode == 130, said
    assert b"Traceback" not in said
    until(lambda: not Path(f"/proc/{pid}").exists() if Path("/proc").is_dir() else True)


@few(1)
@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir() or shutil.which("sh") is None, reason="runs a shell, and looks at /proc")
@pytest.mark.parametrize(
    ("number", "impatient"),
    [
        (None, False),
        (signal.SIGINT, False),
        pytest.param(signal.SIGTERM, False, marks=only_deep),
        pytest.param(signal.SIGINT, True, marks=only_deep),
    ],
)
def test_no_program_outlives_the_run_however_it_ends(shell, number, impatient):
    shell.write("conf/pids/note", "")
    shell.write("conf/slow.sh", "sleep 600 &\necho $$ $! > $$.new\nmv $$.new pids/$$\nwait\n")
    config_of(shell, "[sh, slow.sh]", f", timeout_seconds: {1 if number is None else 600}")
    for name in range(5):
        shell.write(f"docs/{name}.md", f"# One {name}\n\nwords\n\n# Two {name}\n\nwords\n")
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from embedingest.cli import main; main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, "run", "conf/embedingest.yaml", "--once"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
    )
    until(lambda: len(list(Path("conf/pids").glob("[0-9]*"))) >= 4)
    if number is not None:
        process.send_signal(number)
    while impatient and process.poll() is None:
        process.send_signal(number)
    process.wait(HANGS_SECONDS)
    pids = [pid for path in Path("conf/pids").glob("[0-9]*") for pid in path.read_text().split()]
    assert len(pids) >= 8
    until(lambda: not any(lives(pid) for pid in pids))


def lives(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
