"""`embedingest evaluate`: a person sees how good the search of their folder is, and what a change does to it."""

from __future__ import annotations

import pytest
import yaml

from tests.depth import only_deep

TEXTS = {
    "walrus": "# Where walruses sleep\n\nThe walrus sleeps on ice floes, and at times in the water.",
    "bread": "# How bread rises\n\nYeast turns sugar into gas, which the dough holds.",
    "moon": "# Why the moon has phases\n\nThe sun lights one half of it, and we see a part of that half.",
    "tea": "# Brewing green tea\n\nWater of eighty degrees, and two minutes.",
}
QUESTIONS = {
    "walrus": "where does the walrus sleep?",
    "bread": "which gas makes dough rise?",
    "tea": "water for green tea",
}


@pytest.fixture
def asked(shell):
    """A shell with a table of four documents, and questions to it in the forms that are read."""
    for name, text in TEXTS.items():
        shell.write(f"docs/{name}.md", text)
    assert shell.ingest().code == 0
    entries = [{"question": text, "sources": [f"{name}.md"]} for name, text in QUESTIONS.items()]
    shell.write("q.yaml", yaml.safe_dump(entries))
    shell.write("q.tsv", "".join(f"{number}\t{text}\n" for number, text in enumerate(QUESTIONS.values())))
    shell.write("qrels.txt", "".join(f"{number} 0 {name} 1\n" for number, name in enumerate(QUESTIONS)))
    return shell


def test_each_mode_is_told_with_its_measures(asked):
    ran = asked.run("evaluate", "q.yaml", "--json")
    assert ran.code == 0
    assert (ran.json["queries"], ran.json["skipped"], ran.json["unknown"]) == (3, 0, 0)
    assert list(ran.json["modes"]) == ["hybrid", "vector", "text"]
    assert ran.json["modes"]["hybrid"] == {"ndcg@10": 1.0, "recall@100": 1.0, "mrr@10": 1.0}
    assert set(ran.json["differences"]) == {"vector", "text"}
    assert set(ran.json["differences"]["text"]) == {"difference", "low", "high", "p"}


@only_deep
def test_each_mode_is_told_as_soon_as_it_is_known_to_people_alone(asked):
    said = [line for line in asked.run("evaluate", "q.yaml").err.splitlines() if line.endswith(" nDCG@10")]
    assert [line.partition(":")[0] for line in said] == ["hybrid", "vector", "text"]
    assert said[0] == "hybrid: 1.0000 nDCG@10"
    assert not asked.run("evaluate", "q.yaml", "--json").err


@only_deep
def test_the_forms_of_trec_give_the_same(asked):
    one, other = asked.run("evaluate", "q.yaml", "--json"), asked.run("evaluate", "q.tsv", "qrels.txt", "--json")
    assert one.json["modes"] == other.json["modes"]


@only_deep
def test_a_worse_table_is_told_as_worse(asked):
    for name in TEXTS:
        asked.write(f"docs/{name}.md", "Nothing of this is in here.")
    assert asked.ingest("--table", "worse").code == 0
    ran = asked.run("evaluate", "q.yaml", "--mode", "vector", "--against-table", "worse", "--json")
    improvement = ran.json["against"]["improvements"]["vector"]
    assert improvement["difference"] > 0
    told = asked.run("evaluate", "q.yaml", "--mode", "vector", "--against-table", "worse")
    assert "this table is better than the other" in told.err or "no clear difference" in told.err
    assert "3 questions" in told.out


@only_deep
def test_a_filter_leaves_documents_out(asked):
    ran = asked.run("evaluate", "q.yaml", "--mode", "text", "--filter", "source = 'docs/tea.md'", "--json")
    assert ran.json["modes"]["text"]["recall@100"] == pytest.approx(1 / 3, abs=1e-4)


@only_deep
def test_answers_that_no_document_is_count_as_not_found_and_are_told(asked):
    asked.write("q.yaml", "- question: walrus\n  sources: [walrus.md, gone.md]\n")
    ran = asked.run("evaluate", "q.yaml", "--mode", "text", "--json")
    assert ran.json["unknown_sources"] == ["gone.md"]
    assert ran.json["modes"]["text"]["recall@100"] == 0.5
    assert (
        "1 judged documents are not in the table and count as not found: gone.md" in asked.run("evaluate", "q.yaml").err
    )


@only_deep
def test_answers_of_another_folder_are_refused_with_both_names(asked):
    asked.write("q.yaml", "- question: walrus\n  sources: [gone.md]\n")
    ran = asked.run("evaluate", "q.yaml")
    assert ran.code == 2
    assert "not `gone.md`" in ran.err
    assert "docs/" in ran.err


@only_deep
def test_suggested_questions_are_headings_of_the_folder_and_can_be_put_at_once(asked):
    ran = asked.run("evaluate", "--suggest", "mine.yaml", "--count", "3")
    assert ran.code == 0
    entries = yaml.safe_load((asked.folder / "mine.yaml").read_text("utf-8"))
    assert len(entries) == 3
    assert {entry["question"] for entry in entries} < {text.split("\n")[0][2:] for text in TEXTS.values()}
    assert asked.run("evaluate", "mine.yaml", "--json").json["queries"] == 3
    again = asked.run("evaluate", "--suggest", "mine.yaml")
    assert (again.code, "is there already" in again.err) == (2, True)


@only_deep
def test_suggestions_go_into_yaml_only(asked):
    ran = asked.run("evaluate", "--suggest", "mine.txt")
    assert (ran.code, "name it mine.yaml" in ran.err) == (2, True)


@only_deep
def test_a_table_without_headings_has_nothing_to_suggest(shell):
    shell.write("docs/a.txt", "plain words and no heading")
    assert shell.ingest().code == 0
    ran = shell.run("evaluate", "--suggest", "mine.yaml")
    assert (ran.code, "has a heading of its own" in ran.err) == (2, True)
