"""The shipped configurations: each says for whom it is, is whole, and runs on small folders of real files.

Those that need a plug-in run in that plug-in's tests.
"""

from __future__ import annotations

import json
import shutil
import threading
import tomllib
import urllib.request
from pathlib import Path

import pytest
import yaml

from embedingest import config, registry
from embedingest.build.serving import open_searcher
from embedingest.cli._commands import cli
from embedingest.cli._main import run_command
from embedingest.store.values import SearchQuery
from embedingest.supervise import Supervisor
from tests.depth import only_deep

FOLDER = Path(__file__).parents[1] / "configs"
FILES = sorted(FOLDER.glob("*.yaml"))
NEEDS_PLUGIN = {"remote-ollama": "remote", "object-store": "objectstore", "photos": "images"}
NAMES = {"first-run", "laptop-cpu", "gpu", "server-only", "many-folders", "remote-ollama", "code-base", "office-share",
         "object-store", "photos"}  # fmt: skip


def test_all_of_them_are_here():
    assert {file.stem for file in FILES} == NAMES


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_shipped_configuration_opens_with_whom_it_is_for(file):
    first = file.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("# ")
    assert ": for who" in first


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_shipped_configuration_is_read(file):
    read = config.read(file, {})
    assert read.pipelines or read.server


@pytest.mark.weights
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_shipped_configuration_is_whole_as_it_is(file, capfd):
    code = run_command(cli, ["config", "check", str(file)])
    said = capfd.readouterr().err
    if code == 0:
        assert f"{file} is whole" in said
    else:  # its plug-in is not installed: told with the place in the file and the command that brings it
        name = NEEDS_PLUGIN[file.stem]
        assert f"{file}:" in said
        assert f"`pip install embedingest-{name}` brings it" in said
        assert f"pip install embedingest-{name}" in file.read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "plugin"), NEEDS_PLUGIN.items())
def test_what_needs_a_plugin_is_run_in_its_tests(name, plugin):
    tests = FOLDER.parent / "plugins" / f"embedingest-{plugin}" / "tests"
    assert any(f"{name}.yaml" in file.read_text(encoding="utf-8") for file in tests.glob("test_*.py"))


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The configurations beside small folders that they name."""
    shutil.copytree(FOLDER, tmp_path / "configs")
    texts = {
        "docs/zoo.md": "---\ntags: [ice]\nsecret: x\n---\n# Zoo\n\nThe walrus sleeps on the ice.\n",
        "docs/2026/farm.md": "# Farm\n\nThe llama spits at strangers.\n",
        "docs/guides/start.md": "# Start\n\nBegin with the walrus.\n",
        "docs/reference/walrus.txt": "A walrus has tusks.\n",
        "tool.py": "def feed(walrus):\n    return walrus.eat()\n",
    }
    for name, text in texts.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def light(place: Path, name: str, **more) -> Path:
    """The configuration as it is, over a file of our own that swaps the weights for the hashing model."""
    whole = yaml.safe_load((place / "configs" / f"{name}.yaml").read_text())
    pipelines = {pipeline: {"model": "hashing"} for pipeline in whole.get("pipelines", {})}
    file = place / "configs" / "light.yaml"
    file.write_text(yaml.safe_dump({"extends": f"{name}.yaml", "pipelines": pipelines, **more}))
    return file


def ran(capfd, file: Path) -> dict:
    capfd.readouterr()
    assert run_command(cli, ["run", str(file), "--once", "--json"]) == 0, capfd.readouterr().err
    return json.loads(capfd.readouterr().out)


def hit(file: Path, pipeline: str, query: str):
    from embedingest.build.session import Session

    session = Session(config.read(file))
    chosen = session.config.pipelines[pipeline]
    searcher = open_searcher(session, db=chosen.db, table=chosen.table, model=chosen.model)
    try:
        return searcher.search(SearchQuery(text=query)).hits[0]
    finally:
        session.close()


@pytest.mark.weights
def test_first_run_as_it_is(place, capfd):
    file = place / "configs" / "first-run.yaml"
    assert ran(capfd, file)["docs"]["files"]["new"] == 4
    assert hit(file, "docs", "a sea animal on ice").row.source == "docs/zoo.md"
    assert ran(capfd, file)["docs"]["embedded"]["texts"] == 0


@only_deep
def test_laptop(place, capfd):
    file = light(place, "laptop-cpu")
    assert ran(capfd, file)["notes"]["files"]["failed"] == 0
    assert json.loads(hit(file, "notes", "walrus sleeps on the ice").row.metadata) == {"tags": ["ice"]}
    assert json.loads(hit(file, "notes", "llama spits").row.metadata) == {"year": "2026"}


@only_deep
def test_many_folders(place, capfd):
    file = light(place, "many-folders")
    reports = ran(capfd, file)
    assert {name: report["files"]["new"] for name, report in reports.items()} == {
        "handbook": 2, "clients": 1, "archive": 1,
    }  # fmt: skip
    assert json.loads(hit(file, "clients", "walrus").row.metadata) == {"client": "acme", "year": "2025"}
    assert json.loads(hit(file, "handbook", "walrus").row.metadata)["team"] == "everyone"


@only_deep
def test_code_base(place, capfd):
    file = light(place, "code-base")
    assert ran(capfd, file)["repository"]["files"]["failed"] == 0
    assert hit(file, "repository", "def feed walrus").row.source == "repository/tool.py"


@only_deep
def test_office_share(place, capfd):
    file = light(place, "office-share")
    assert ran(capfd, file)["share"]["files"]["new"] == 1
    said = json.loads(hit(file, "share", "walrus").row.metadata)
    assert (said["department"], said["client"]) == ("sales", "Mill & Co")


@only_deep
@pytest.mark.weights
def test_gpu(place, capfd, monkeypatch):
    monkeypatch.setenv("WORKERS", "1")
    import torch

    file = place / "configs" / "gpu.yaml"
    if not torch.cuda.is_available():
        assert run_command(cli, ["run", str(file), "--once", "--json"]) == 3, "without a card it does not pretend"
        assert "cuda" in capfd.readouterr().err.lower()
        monkeypatch.setenv("DEVICE", "cpu")
    assert ran(capfd, file)["corpus"]["files"]["new"] == 4


def test_server_only(place, monkeypatch):
    monkeypatch.setenv("MODEL", "hashing")
    monkeypatch.setenv("PORT", "0")
    said: list[str] = []
    stop, up = threading.Event(), threading.Event()

    def heard(line: str) -> None:
        said.append(line)
        up.set()

    supervisor = Supervisor(
        config.read(place / "configs" / "server-only.yaml"), stop=stop, on_report=lambda *_: None, on_message=heard
    )
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    try:
        assert up.wait(60)
        url = said[0].removeprefix("serving at ")
        body = json.dumps({"model": "hashing", "input": "walrus"}).encode()
        with urllib.request.urlopen(f"{url}/api/embed", body, timeout=60) as answer:
            assert len(json.load(answer)["embeddings"][0]) == 256
    finally:
        stop.set()
        thread.join()


def test_the_plugins_that_configurations_name_are_ours():
    ours = {folder.name.removeprefix("embedingest-") for folder in (FOLDER.parent / "plugins").iterdir()}
    assert set(NEEDS_PLUGIN.values()) <= ours
    assert registry.find("encoders", "hashing").distribution is None


def test_every_plugin_of_ours_is_known_by_its_group():
    found = {}
    for folder in (FOLDER.parent / "plugins").glob("embedingest-*"):
        project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
        for group, entries in project["entry-points"].items():
            found |= dict.fromkeys(entries, group.removeprefix("embedingest."))
        assert project["name"] == folder.name
    assert found == registry.FIRST_PARTY
