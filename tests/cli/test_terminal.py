"""What documents and names hold reaches a terminal spelled out, whatever the command; JSON says it exactly."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedingest.cli._output import print_json, print_line, print_note, printable
from tests.depth import only_deep

HOSTILE = (
    "sky \x1b]0;PWNED-TITLE\x07 \x1b[31mRED\x1b[0m \x1b[2J blue \x1b]52;c;ZWNobyBwd25lZA==\x07 \x9b31mC1 \x08\x08back"
    "\rCR-OVER \u202edrawkcab\u2066 [bold]markup[/bold] [/] [/x] :warning: \x7f end"
)
NAME = "docs/sky\x1b[2J\x9b31m\nin sync [bold]b[/] \u202efdp.md"
RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\u2066]")


@pytest.fixture
def hostile(shell):
    """A folder of names and texts that try to command the terminal, ingested."""
    shell.write(NAME, f"# Head {HOSTILE}\n\n{HOSTILE}\n")
    shell.write("docs/copy.md", f"# Head {HOSTILE}\n\n{HOSTILE}\n")
    shell.write("docs/[broken].pdf", b"%PDF-1.4 nothing")
    shell.ingest()
    return shell


COMMANDS = [
    ["search", "sky", "--explain", "-C", "1"],
    ["search", "sky", "--no-fold"],
    ["search", "\x1b[31m [/x]", "--filter", "source = '\x1b[2J[/x]"],
    ["status"],
    ["plan"],
    ["plan", "docs", "--model", "hashing"],
    ["plan", "--db", "\x1b[2J[/x]"],
    ["verify"],
    ["chunk", NAME, "--model", "hashing", "--full"],
    ["chunk", NAME, "--model", "hashing", "--html", "\x1b[2J[x].html"],
    ["chunk", NAME, "--model", "\x1b[2J[/x]"],
    ["models", "show", "\x1b[2J[/x]"],
    ["models"],
    ["plugins"],
    ["plugins", "check", "\x1b[2J[/x]"],
    ["watch", "docs", "--once", "--model", "hashing"],
    ["ingest", "docs", "--model", "hashing"],
    ["ingest", "missing\x1b[2J\x9b[/x]"],
    ["restore", "\x1b[2J[/x]"],
    ["tag", "\x1b[2J[/x]"],
    ["forget", "\x1b[2J[/x]"],
    ["confirm", "--db", "\x1b[2J[/x]"],
    ["retry", "\x1b[2J[/x]"],
    ["run", "\x1b[2J[/x].yaml"],
    ["config", "check", "\x1b[2J[/x].yaml"],
    ["doctor", "--db", "\x1b[2J[/x]"],
    ["\x1b[2J[/x]"],
    ["search", "--\x1b[2J[/x]"],
]


def test_no_command_sends_a_control_character_of_a_user(hostile):
    hostile.write(NAME, f"# Head {HOSTILE}\n\nanother {HOSTILE}\n")
    ran = [(command, hostile.run(*command)) for command in COMMANDS]
    assert [(command, said) for command, said in ran if RAW.search(said.out + said.err)] == []
    assert [command for command, said in ran if not said.out + said.err] == []


@only_deep
def test_search_and_status_show_names_as_they_are_but_spelled(hostile):
    found = hostile.run("search", "sky", "--no-fold").out
    assert r"sky\x1b[2J\x9b31m\nin sync [bold]b[/] \u202efdp.md" in found
    assert "[bold]markup[/bold] [/] [/x] :warning:" in found
    hostile.write(NAME, "something else\n")
    assert r"~ docs/sky\x1b[2J\x9b31m\nin sync [bold]b[/]" in hostile.run("plan").out


def test_json_says_texts_and_names_exactly_without_raw_controls(hostile):
    ran = hostile.run("search", "sky", "--json", "--no-fold")
    assert not RAW.search(ran.out)
    (hit,) = [hit for hit in ran.json["results"] if hit["source"] == NAME]
    assert HOSTILE.partition("\r")[0] in hit["text"]


@only_deep
def test_folded_copies_are_counted(hostile):
    assert "and 1 more place" in hostile.run("search", "sky").out
    (hit,) = hostile.run("search", "sky", "--json").json["results"]
    assert {hit["source"], *hit["places"]} == {NAME, "docs/copy.md"}
    assert all("places" not in hit for hit in hostile.run("search", "sky", "--json", "--no-fold").json["results"])


def test_a_watch_on_a_screen_survives_square_brackets(hostile):
    from rich.console import Console

    from embedingest.build.inspect import status_document
    from embedingest.cli.look import status as command

    document = status_document(hostile.folder / ".embedingest", ".embedingest/lancedb", "chunks")
    document["roots"][0]["path"] = "/home/[/x]/\x1b[2J"
    assert command._redraw(iter([document]), "embedingest confirm") == 0
    assert isinstance(command.stdout(), Console)
    out, _ = hostile._capfd.readouterr()
    assert r"/home/[/x]/\x1b[2J" in out


@given(text=st.text())
def test_what_is_printable_has_nothing_to_obey_and_stays_what_it_is(text):
    shown = printable(text)
    assert not RAW.search(shown)
    assert "\n" not in shown
    assert printable(shown) == shown
    assert printable(shown.encode().decode()) == shown


@given(
    text=st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)) | st.sampled_from(["žluťoučký 東京 ✓", "a\tb"])
)
def test_ordinary_text_is_shown_as_it_is(text):
    assert printable(text) == text


@pytest.mark.parametrize("text", [HOSTILE, "\udcff", "a\x85b\u2028c"])
def test_each_way_out_spells_them_and_json_comes_back(text, capfd):
    print_line(text)
    print_note(text, style="red")
    print_json({"text": text})
    out, err = capfd.readouterr()
    first, _, document = out.partition("\n")
    assert not RAW.search(out + err)
    assert first == err.rstrip("\n") == printable(text)
    assert json.loads(document) == {"text": text}
