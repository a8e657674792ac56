"""Questions are read in the forms that people have, and what is none of them is named by file and line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from embedingest.errors import ConfigError
from embedingest.evaluation.questions import Question, read_questions

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "better-search.md"


def written(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return path


def test_yaml_has_the_sources_beside_each_question(tmp_path):
    text = "- question: where is it?\n  sources: [a.md, docs/b.md]\n- question: why?\n  sources: {c.md: 3, d.md: 0}\n"
    assert read_questions(written(tmp_path, "q.yaml", text)) == [
        Question("1", "where is it?", {"a.md": 1, "docs/b.md": 1}),
        Question("2", "why?", {"c.md": 3}),
    ]


def test_the_questions_of_the_guide_are_such(tmp_path):
    blocks = re.findall(r"^```yaml\n(.*?)^```$", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert [len(one.relevant) for one in read_questions(written(tmp_path, "q.yaml", blocks[0]))] == [1, 2]


def test_judged_queries_that_are_not_there_are_counted(tmp_path, caplog):
    queries = written(tmp_path, "queries.tsv", "7\twhere is it?\n")
    read_questions(queries, written(tmp_path, "qrels.txt", "7 0 a 1\n8 0 a 1\n8 0 b 1\n9 0 a 1\n"))
    assert "judges 2 queries that are not in" in caplog.text


def test_queries_and_judgments_of_trec(tmp_path):
    queries = written(tmp_path, "queries.tsv", "7\twhere is it?\n9\twhy\tthen?\n\n")
    qrels = written(tmp_path, "qrels.txt", "7 0 a 1\n7 0 b 0\n8 0 a 1\n")
    assert read_questions(queries, qrels) == [Question("7", "where is it?", {"a": 1}), Question("9", "why\tthen?", {})]


def test_queries_and_judgments_of_beir(tmp_path):
    queries = written(tmp_path, "queries.jsonl", '{"_id": "7", "text": "where is it?"}\n{"_id": 8, "text": "why?"}\n')
    qrels = written(tmp_path, "test.tsv", "query-id\tcorpus-id\tscore\r\n7\ta file.md\t2\r\n8\tb\t1\r\n")
    assert read_questions(queries, qrels) == [
        Question("7", "where is it?", {"a file.md": 2}),
        Question("8", "why?", {"b": 1}),
    ]


@pytest.mark.parametrize(
    ("name", "text", "qrels", "message"),
    [
        ("q.yaml", "- question: a\n  - b", None, r"q\.yaml:2 is no YAML"),
        ("q.yaml", "question: a", None, "is no list of questions"),
        ("q.yaml", "- question: a\n  sources: [b]\n- quetsion: a", None, "entry 2 is not made of"),
        ("q.yaml", "- question: a", None, "entry 1 has no `sources`"),
        ("q.yaml", "- question: ' '\n  sources: [a]", None, "entry 1 has no `question`"),
        ("q.yaml", "- question: a\n  sources: {b: true}", None, "is no source with a whole number"),
        ("q.yaml", "- question: a\n  sources: [b]", "1 0 a 1", "was named too"),
        ("q.tsv", "1\ta", None, "has questions and no answers"),
        ("q.tsv", "1\ta\n1\tb", "1 0 a 1", r"q\.tsv:2: query `1` is there twice"),
        ("q.tsv", "1\ta\n2 b", "1 0 a 1", r"q\.tsv:2 is no query"),
        ("q.jsonl", '{"_id": "1"}', "1 0 a 1", r"q\.jsonl:1 is no query"),
        ("q.jsonl", "{" * 100_000, "1 0 a 1", r"q\.jsonl:1 is no query"),
        ("q.tsv", "1\ta", "1 0 a 1\n1 0 b", r"qrels:2 is no judgment"),
        ("q.tsv", "1\ta", "1 0 a one", r"no query of .*qrels is in"),
        ("q.tsv", "1\ta", "1 0 a 1\n1 0 b 4983", "the grade of `b` is 4983, and 1000 is the most"),
        ("q.tsv", "1\ta", "2 0 a 1", "no query of .*qrels is in .*q.tsv: their ids are such as `2` and `1`"),
    ],
)
def test_what_is_none_of_them_is_named(tmp_path, name, text, qrels, message):
    judgments = None if qrels is None else written(tmp_path, "qrels", qrels)
    with pytest.raises(ConfigError, match=message):
        read_questions(written(tmp_path, name, text), judgments)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "q.yaml").write_bytes(b"- question: \xff")
    with pytest.raises(ConfigError, match="is no UTF-8 at byte 12"):
        read_questions(tmp_path / "q.yaml")
