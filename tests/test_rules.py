"""Loader and chunker settings by pattern, as a configuration file gives them, down to the rows."""

from __future__ import annotations

import pytest

from embedingest import config
from embedingest.build.pipelines import open_pipeline
from embedingest.build.session import Session
from embedingest.store.table import open_table

TEXT = "# One\n\n" + "A walrus sleeps here. " * 30 + "\n\n# Two\n\n" + "A llama spits there. " * 30 + "\n"

RULES = """\
pipelines:
  docs:
    sources: [{path: docs}]
    model: hashing
    chunk:
      rules:
        - {match: '*.small.md', options: {max_tokens: 24}}
        - {match: 'docs/whole/*', chunker: whole}
        - {match: '*.md', options: {max_tokens: 64}}
    load:
      rules:
        - {match: '*.page', loader: html}
"""


@pytest.fixture
def converge(tmp_path):
    for name in ("a.small.md", "b.md", "whole/c.md"):
        file = tmp_path / "docs" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(TEXT)
    (tmp_path / "docs" / "d.page").write_text("<p>The <b>walrus</b> has tusks.</p>")

    def run(text: str):
        (tmp_path / "c.yaml").write_text(text)
        session = Session(config.read(tmp_path / "c.yaml"))
        with open_pipeline(session, "docs") as pipeline:
            report = pipeline.converge()
        session.close()
        pipeline = session.config.pipelines["docs"]
        with open_table(pipeline.db, pipeline.table) as table:
            rows = table.rows(table.source_states())
        return report, rows

    return run


def test_each_pattern_has_its_own_settings(converge):
    _, rows = converge(RULES)
    counts = {source: len(found) for source, found in rows.items()}
    assert counts["docs/whole/c.md"] == 1
    assert counts["docs/a.small.md"] > counts["docs/b.md"] > 1
    assert rows["docs/d.page"][0].text.strip() == "The walrus has tusks."


def test_the_order_of_other_rules_changes_nothing(converge):
    converge(RULES)
    report, _ = converge(RULES)
    assert report.embedded.texts == 0
    assert report.files.unchanged == 4


def test_a_changed_rule_reads_its_files_again(converge):
    _, before = converge(RULES)
    report, after = converge(RULES.replace("max_tokens: 24", "max_tokens: 48"))
    assert report.chunks.new > 0
    assert len(after["docs/a.small.md"]) < len(before["docs/a.small.md"])
    assert [row.id for row in after["docs/b.md"]] == [row.id for row in before["docs/b.md"]]
