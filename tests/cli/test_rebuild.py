"""`rebuild` lets no rows go that nobody spoke of, and a configuration named as a folder is told apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.depth import few, only_deep

pytestmark = pytest.mark.slow

CONFIG = """
pipelines:
  notes:
    sources: [{path: docs}]
    model: hashing
"""
HASHING = ("--model", "hashing")


@pytest.fixture
def table(shell):
    """A table of two folders: two documents in `docs`, one in `more`."""
    shell.write("docs/zoo.md", "# Zoo\n\nThe walrus sleeps on the ice.\n")
    shell.write("docs/farm.md", "# Farm\n\nA llama spits at strangers.\n")
    shell.write("more/owls.md", "# Owls\n\nThey hunt mice at night.\n")
    assert shell.run("ingest", "docs", "more", *HASHING).code == 0
    return shell


def rows(shell):
    return shell.run("status", "--json").json["table"]["rows"]


def test_a_folder_left_out_keeps_its_rows_until_a_person_says_so(table):
    refused = table.run("rebuild", "more", *HASHING)
    assert refused.code == 2
    assert f"`docs` ({Path('docs').absolute()}) 2" in refused.err
    assert "`embedingest forget docs`" in refused.err
    assert "--allow-deletes" in refused.err
    assert rows(table) == 3
    assert table.run("rebuild", "docs", "more", *HASHING).code == 0
    assert rows(table) == 3
    assert table.run("rebuild", "more", "--allow-deletes", *HASHING).code == 0
    assert rows(table) == 1


@only_deep
def test_what_was_forgotten_is_left_out_without_asking(table):
    assert table.run("forget", "docs").code == 0
    assert table.run("rebuild", "more", *HASHING).code == 0
    assert rows(table) == 1


@only_deep
def test_a_file_that_names_fewer_folders_is_refused_as_well(table):
    table.write("p.yaml", CONFIG)
    refused = table.run("rebuild", "--config", "p.yaml")
    assert refused.code == 2
    assert "`embedingest forget more`" in refused.err
    assert table.run("rebuild", "--config", "p.yaml", "--allow-deletes").code == 0
    assert rows(table) == 2


@only_deep
def test_a_folder_that_came_back_empty_keeps_its_rows(table):
    for path in Path("docs").iterdir():
        path.unlink()
    refused = table.run("rebuild")
    assert refused.code == 2
    assert "none of its 2 documents is there any more" in refused.err
    assert rows(table) == 3
    assert table.run("rebuild", "--allow-deletes").code == 0
    assert rows(table) == 1


@only_deep
def test_documents_that_merely_moved_are_not_missed(table):
    for path in Path("docs").iterdir():
        path.rename(path.with_name(f"renamed-{path.name}"))
    assert table.run("rebuild").code == 0
    assert rows(table) == 3


@only_deep
def test_one_that_was_deleted_goes_as_with_an_ingest(table):
    Path("docs/zoo.md").unlink()
    assert table.run("rebuild").code == 0
    assert rows(table) == 2


@few(1)
@pytest.mark.parametrize(
    ("command", "meant"),
    [
        ("rebuild", "`embedingest rebuild --config p.yaml`?"),
        ("ingest", "`embedingest run --once p.yaml`?"),
        ("watch", "`embedingest run p.yaml`?"),
        ("plan", "name the folders"),
    ],
)
def test_a_configuration_named_as_a_folder_is_told_apart(table, command, meant):
    table.write("p.yaml", CONFIG)
    refused = table.run(command, "p.yaml", *HASHING)
    assert refused.code == 2
    assert "p.yaml is a configuration" in refused.err
    assert meant in " ".join(refused.err.split())
    assert rows(table) == 3


@few(1)
@pytest.mark.parametrize("text", ["pipelines: none\n", "services: {web: {image: x}}\n", "- a list\n", "a: [\n", ""])
def test_another_yaml_file_is_a_document_as_any(shell, text):
    shell.write("values.yaml", f"# of another program\n{text}")
    assert shell.run("ingest", "values.yaml", *HASHING).code == 0
