"""`ingest`, `search`, `status` and those that mend, as a user types them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests import samples
from tests.depth import few, only_deep

pytestmark = pytest.mark.slow

WALRUS = "# Zoo\n\nThe walrus sleeps on the ice.\n"
LLAMA = "# Farm\n\nA llama spits at strangers.\n"


def test_two_files_become_rows_and_are_found(shell):
    shell.write("docs/zoo.md", WALRUS)
    shell.write("docs/farm.md", LLAMA)
    ran = shell.ingest()
    assert ran.code == 0
    assert ran.json["files"] | {} == {
        "seen": 2, "new": 2, "changed": 0, "moved": 0, "deleted": 0, "unchanged": 0, "skipped": 0, "empty": 0,
        "failed": 0, "pending_deletes": 0,
    }  # fmt: skip
    answer = shell.run("search", "walrus on the ice", "--json").json
    assert answer["query"] == "walrus on the ice"
    assert answer["results"][0]["source"] == "docs/zoo.md"
    assert "vector" not in answer["results"][0]


def test_a_second_run_embeds_nothing(shell):
    shell.write("docs/zoo.md", WALRUS)
    shell.ingest()
    again = shell.ingest()
    assert again.code == 0
    assert again.json["embedded"] == {"texts": 0, "tokens": 0, "characters": 0, "reused": 0}
    assert again.json["files"]["unchanged"] == 1


def test_an_inserted_paragraph_embeds_one_text(shell):
    path = shell.write("docs/zoo.md", WALRUS + "\n# Birds\n\nThe owl sees.\n")
    shell.ingest()
    path.write_text("# New\n\nSomething else entirely.\n\n" + path.read_text())
    assert shell.ingest().json["embedded"]["texts"] == 1


@only_deep
def test_a_file_named_like_an_injection_changes_no_other_row(shell):
    evil = "docs/x' OR 'a'='a.md"
    shell.write("docs/zoo.md", WALRUS)
    path = shell.write(evil, LLAMA)
    assert shell.ingest().json["files"]["new"] == 2
    path.write_text(LLAMA + "\nMore.\n")
    assert shell.ingest().json["files"]["changed"] == 1
    path.unlink()
    assert shell.ingest().json["files"]["deleted"] == 1
    results = shell.run("search", "walrus", "--json").json["results"]
    assert {row["source"] for row in results} == {"docs/zoo.md"}


@only_deep
def test_a_hit_names_the_place_that_opens_it(shell):
    shell.write("docs/page.html", "<html>\n<body>\n<script>\n</script><p>The walrus sleeps.</p></body></html>")
    for name in ("mill.pdf", "mill.ipynb", "mill.docx"):
        shell.write(f"docs/{name}", samples.good()[name])
    shell.ingest()
    places = {"walrus sleeps": "docs/page.html:4", "water turns wheel": "docs/mill.pdf#page=1"}
    places |= {"print": "docs/mill.ipynb#cell=", "lift gate hand breadth": "docs/mill.docx  "}
    for words, place in places.items():
        assert shell.run("search", words, "-n", "1").out.startswith(place)
    hit = shell.run("search", "lift gate hand breadth", "-n", "1", "--json").json["results"][0]
    assert (hit["line_start"], hit["line_end"]) == (None, None)


def test_a_missing_path_is_wrong_usage(shell):
    ran = shell.run("ingest", "nowhere", "--model", "hashing")
    assert ran.code == 2
    assert "nowhere" in ran.err


def test_an_unknown_model_names_the_two_ways_out(shell):
    ran = shell.run("ingest", "docs", "--model", "nope")
    assert ran.code == 3
    assert 'model "nope" not found' in ran.err
    assert "hint:" in ran.err


def test_another_models_table_is_refused_with_the_remedy(shell):
    shell.write("docs/zoo.md", WALRUS)
    shell.ingest()
    ran = shell.run("search", "walrus", "--model", "all-minilm")
    assert ran.code == 3
    assert "embedingest rebuild" in ran.err


def test_a_corrupt_file_fails_alone_with_exit_code_1(shell):
    shell.write("docs/zoo.md", WALRUS)
    shell.write("docs/broken.ipynb", "{ not json")
    ran = shell.ingest()
    assert ran.code == 1
    assert [failure["source"] for failure in ran.json["failures"]] == ["docs/broken.ipynb"]
    assert ran.json["files"]["new"] == 1
    again = shell.ingest()
    assert again.code == 1, "an unchanged poison file counts as failed on every run"
    assert again.json["files"]["failed"] == 1


def test_what_a_file_lost_is_in_the_report_and_in_status_of_an_unchanged_folder(shell):
    shell.write("docs/mixed.txt", "Мельница стоит у реки. ".encode() + b"caf\xe9, na\xefve")
    shell.write("docs/scan.pdf", samples.pdf([["Water turns the wheel."], []]))
    shell.write("docs/nothing.md", "")
    first, again = shell.ingest(), shell.ingest()
    assert first.code == again.code == 0
    assert again.json["files"]["unchanged"] == 2
    lost = {"source": "docs/mixed.txt", "kind": "undecodable", "count": 2}
    assert [notice | {"detail": ""} for notice in again.json["notices"]] == [
        {"source": "docs/nothing.md", "kind": "empty", "count": 1, "detail": ""},
        {"source": "docs/scan.pdf", "kind": "pages_without_text", "count": 1, "detail": ""},
        {**lost, "detail": ""},
    ]
    assert again.json["notices"] == first.json["notices"] == shell.run("status", "--json").json["notices"]
    line = "notice: undecodable (characters that could not be decoded, kept as replacement marks): 2 in 1 file: "
    assert line + "docs/mixed.txt; save the file as UTF-8\n" in shell.run("status").out
    assert line + "docs/mixed.txt; save the file as UTF-8\n" in shell.run("ingest", "docs", "--model", "hashing").err


def test_an_emptied_root_deletes_nothing_until_it_is_confirmed(shell):
    for number in range(4):
        shell.write(f"docs/{number}.md", f"{WALRUS}{number}")
    shell.ingest()
    for path in Path("docs").iterdir():
        path.unlink()
    ran = shell.ingest()
    assert ran.code == 1
    assert ran.json["files"]["pending_deletes"] == 4
    assert shell.run("status", "--json").json["table"]["rows"] == 4
    assert shell.run("confirm", "--json").json["files"]["deleted"] == 4
    assert shell.run("status", "--json").json["table"]["rows"] == 0


def test_allow_deletes_asks_nobody(shell):
    shell.write("docs/zoo.md", WALRUS)
    shell.ingest()
    Path("docs/zoo.md").unlink()
    assert shell.ingest("--allow-deletes").json["files"]["deleted"] == 1


def test_plan_changes_nothing_and_a_frozen_plan_is_held_to(shell):
    shell.write("docs/zoo.md", WALRUS)
    ran = shell.run("plan", "docs", "--model", "hashing", "--out", "plan.json", "--json")
    assert ran.json["files"]["new"] == 1
    assert not Path(".embedingest/lancedb").exists()
    shell.write("docs/farm.md", LLAMA)
    refused = shell.ingest("--plan", "plan.json")
    assert refused.code == 2
    assert "docs/farm.md" in refused.err
    os.unlink("docs/farm.md")
    assert shell.ingest("--plan", "plan.json").json["files"]["new"] == 1


def test_verify_finds_rows_that_were_taken_away_and_repair_mends_them(shell):
    import lancedb

    shell.write("docs/zoo.md", WALRUS)
    shell.write("docs/farm.md", LLAMA)
    shell.ingest()
    lancedb.connect(".embedingest/lancedb").open_table("chunks").delete("source = 'docs/farm.md'")
    ran = shell.run("verify", "--json")
    assert ran.code == 1
    assert {problem["source"] for problem in ran.json["problems"]} == {"docs/farm.md"}
    assert shell.run("verify", "--repair").code == 0
    assert shell.run("verify", "--sample", "2").code == 0


def test_rebuild_changes_the_chunks_and_serves_the_same_table(shell):
    shell.write("docs/zoo.md", "# Zoo\n\n" + " ".join(f"The walrus number {n} sleeps." for n in range(40)))
    shell.ingest()
    before = shell.run("status", "--json").json["table"]["rows"]
    assert shell.run("rebuild", "docs", "--model", "hashing", "--max-tokens", "16", "--json").code == 0
    assert shell.run("status", "--json").json["table"]["rows"] > before
    assert shell.run("search", "walrus", "--json").json["results"]


def test_forget_removes_one_root_and_leaves_the_other(shell):
    shell.write("docs/zoo.md", WALRUS)
    shell.write("more/farm.md", LLAMA)
    shell.run("ingest", "docs", "more", "--model", "hashing")
    assert shell.run("forget", "more").code == 0
    sources = {row["source"] for row in shell.run("search", "llama walrus", "--json").json["results"]}
    assert sources == {"docs/zoo.md"}
    assert Path("more/farm.md").exists()


def test_two_roots_of_one_name_are_told_apart_by_as(shell):
    shell.write("a/docs/zoo.md", WALRUS)
    shell.write("b/docs/farm.md", LLAMA)
    clash = shell.run("ingest", "a/docs", "b/docs", "--model", "hashing")
    assert clash.code == 2
    assert "--as" in clash.err
    ran = shell.run("ingest", "a/docs", "b/docs", "--as", "left", "--as", "right", "--model", "hashing", "--json")
    assert ran.json["files"]["new"] == 2


@pytest.mark.parametrize("command", [["status"], ["plan"], ["verify"], ["retry"], ["confirm"], ["forget", "x"]])
def test_commands_on_no_table_say_how_to_make_one(shell, command):
    ran = shell.run(*command)
    assert ran.code == 3
    assert "embedingest ingest PATH" in ran.err


def test_our_own_output_is_never_ingested(shell):
    shell.write("docs/zoo.md", WALRUS)
    args = ["ingest", "docs", "--model", "hashing", "--db", "docs/db", "--state", "docs/state", "--json"]
    assert shell.run(*args).json["files"]["new"] == 1
    assert shell.run(*args).json["files"]["seen"] == 1


@few(3)
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty, and a plan is wanted"),
        (" \n", "is empty, and a plan is wanted"),
        ("hello", "is no JSON, and a plan is wanted"),
        ("{", "is no JSON, and a plan is wanted"),
        (b"\xff\xfe\x00", "is no JSON, and a plan is wanted"),
        ("[]", "is JSON and no plan, or only a part of one"),
        ("{}", "is JSON and no plan, or only a part of one"),
        ('{"frozen": {"format": 1}}', "is JSON and no plan, or only a part of one"),
        ('{"frozen": {"format": 1, "table": 1, "fingerprint": "", "choice": "", "content": {}}}', "no plan"),
        ('{"frozen": {"format": 9}}', "is a plan of format 9, this program reads 1"),
    ],
)
def test_a_file_that_is_no_plan_is_told_in_a_sentence_with_the_way_to_one(shell, text, said):
    shell.write("docs/a.md", "penguins")
    file = shell.write("p.json", text)
    ran = shell.ingest("--plan", "p.json")
    assert ran.code == 2
    assert ran.err.startswith(f"error: {file.name} is ")
    assert said in ran.err
    assert "hint: write one with `embedingest plan PATH… --out FILE`" in ran.err
    assert "char 0" not in ran.err


def test_paths_of_no_use_are_told_with_what_to_do(shell):
    shell.write("docs/a.md", "penguins")
    (shell.folder / "link").symlink_to("nowhere")
    for path, said in {
        "nope.json": "there is no nope.json\nhint: check the path",
        "docs": "docs is a folder, and a file is wanted\nhint: name the file",
        "link": "link is a link to nothing\nhint: check what it links to",
    }.items():
        ran = shell.ingest("--plan", path)
        assert (ran.code, said in ran.err) == (2, True), ran.err


def test_a_plan_names_a_file_that_cannot_be_read_once_with_the_reason(shell):
    shell.write("docs/broken.pdf", b"%PDF-1.4 nothing")
    line = shell.run("plan", "docs", "--model", "hashing").out.splitlines()[0]
    assert line.startswith("! docs/broken.pdf ")
    assert line.count("docs/broken.pdf") == 1
    assert "  " not in line
