"""`plugins`, `plugins check` and `plugins new`."""

from __future__ import annotations

import subprocess
import sys

import pytest

from embedingest.testing.skeleton import write
from tests.depth import few, only_deep

pytestmark = pytest.mark.slow


def test_the_list_tells_origin_and_group(shell):
    listed = shell.run("plugins", "--json").json["plugins"]
    assert {"group": "encoders", "name": "hashing", "origin": "embedingest itself", "error": None} in [
        {key: plugin[key] for key in ("group", "name", "origin", "error")} for plugin in listed
    ]


def test_a_plugin_that_fails_to_load_says_why_and_the_list_goes_on(shell, monkeypatch):
    site = shell.folder / "site"
    shell.write("site/broken-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    entries = "[embedingest.loaders]\nbroken = broken:create\ntext = broken:create\n"
    shell.write("site/broken-1.0.dist-info/entry_points.txt", entries)
    shell.write("site/broken.py", "import no_such_library\n")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", f"{site}:{':'.join(sys.path)}")
    plugins = {
        plugin["name"]: plugin
        for plugin in shell.run("plugins", "--json").json["plugins"]
        if plugin["origin"] == "broken 1.0"
    }
    assert "No module named 'no_such_library'" in plugins["broken"]["error"]
    assert plugins["text"]["error"] == "the name `text` is built in"
    ran = shell.run("plugins", "check", "broken")
    assert ran.code == 2


@only_deep
def test_a_built_in_keeps_the_contract(shell):
    assert shell.run("plugins", "check", "structured").code == 0
    assert shell.run("plugins", "check", "hashing").code == 0


def test_check_wants_to_know_which(shell):
    ran = shell.run("plugins", "check", "nosuch")
    assert ran.code == 2
    assert "unknown plug-in `nosuch`" in ran.err
    assert "--group chunkers" in shell.run("plugins", "check", "code").err


@pytest.mark.parametrize(
    "group", ["loaders", *(pytest.param(group, marks=only_deep) for group in ("encoders", "chunkers"))]
)
def test_a_new_plugin_works_at_once(shell, group):
    assert shell.run("plugins", "new", "my-toy", "--group", group).code == 0
    project = shell.folder / "embedingest-my-toy"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "pythonpath=src"],
        cwd=project,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path), "PATH": ""},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert shell.run("plugins", "new", "my-toy").code == 2
    assert "small letters" in shell.run("plugins", "new", "My Toy").err


def test_a_plugin_that_blocks_for_ever_is_ended(shell, monkeypatch):
    site = shell.folder / "site"
    shell.write("site/slow-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: slow\nVersion: 1.0\n")
    shell.write("site/slow-1.0.dist-info/entry_points.txt", "[embedingest.loaders]\nslow = slow:create\n")
    shell.write("site/slow.py", "import time\n\ndef create():\n    time.sleep(600)\n")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", f"{site}:{':'.join(sys.path)}")
    ran = shell.run("plugins", "check", "slow", "--seconds", "3")
    assert ran.code == 2
    assert "did not end within 3 seconds" in ran.err


@pytest.fixture
def letters(site, tmp_path_factory):
    """The encoder that `plugins new` writes, installed."""
    project = write("letters", "encoders", tmp_path_factory.mktemp("new"))
    code = (project / "src/embedingest_letters/__init__.py").read_text()
    site.install("embedingest-letters", "1", "encoders", {"letters": "embedingest_letters:create"}, code)


@only_deep
def test_an_encoder_is_the_model_of_its_name(shell, letters):
    shell.write("docs/a.md", "The walrus sleeps.\n")
    assert shell.run("ingest", "docs", "--model", "letters", "--json").json["embedded"]["texts"] == 1
    assert shell.run("search", "walrus", "--json").json["results"][0]["source"] == "docs/a.md"
    assert shell.run("search", "walrus", "-m", "letters", "--json").json["results"][0]["source"] == "docs/a.md"
    assert len(shell.run("embed", "walrus", "-m", "letters", "--json").json["embeddings"][0]) == 64


@only_deep
def test_the_model_of_an_encoder_is_found_by_its_table_where_the_journal_is_lost(shell, letters):
    shell.write("docs/a.md", "The walrus sleeps.\n")
    assert shell.run("ingest", "docs", "--model", "letters", "--json").code == 0
    for journal in (shell.folder / ".embedingest").glob("*.sqlite*"):
        journal.unlink()
    assert shell.run("search", "walrus", "--json").json["results"][0]["source"] == "docs/a.md"


def test_no_encoder_takes_the_place_of_a_known_model(shell, site):
    code = "def create(folder, settings): raise RuntimeError('not meant')\n"
    names = {"hashing": "embedingest_bold:create", "all-minilm": "embedingest_bold:create"}
    site.install("embedingest-bold", "1", "encoders", names, code)
    shell.write("docs/a.md", "The walrus sleeps.\n")
    assert shell.ingest().code == 0
    assert "not meant" not in shell.run("models", "show", "all-minilm").err


@few(1)
@pytest.mark.parametrize(
    ("group", "way"),
    [
        ("encoders", "`--model idler`, or `models: {mine: {encoder: idler}}`"),
        ("engines", "`engine: {engine: idler}`"),
        ("chunkers", "`--chunker idler`"),
        ("sources", "`sources: [{source: idler, as: …}]`"),
    ],
)
def test_a_plugin_that_nothing_uses_is_told_with_what_would(shell, site, group, way):
    site.install("embedingest-idler", "1", group, {"idler": "embedingest_idler:create"}, "def create(): ...\n")
    shell.write("docs/a.md", "The walrus sleeps.\n")
    told = f"plug-in `idler` is not used: {way}"
    assert told in shell.ingest("--plugin", "idler").err
    shell.write("c.yaml", "plugins: [idler]\npipelines: {p: {sources: [{path: docs}], model: hashing}}\n")
    assert told in shell.run("config", "check", "c.yaml").err
    assert told in shell.run("run", "c.yaml", "--once").err


@only_deep
def test_a_plugin_that_is_used_is_not_told(shell, letters):
    shell.write("docs/a.md", "The walrus sleeps.\n")
    ran = shell.run("ingest", "docs", "--plugin", "letters", "--model", "letters")
    assert (ran.code, "is not used" in ran.err) == (0, False)
