"""What the guide and the shipped configuration say, done as it stands there, with a model of the layout they name."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from made import clip, encoded, exif, scene

from embedingest.cli._commands import cli
from embedingest.cli._main import run_command

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "docs" / "guides" / "pictures.md").read_text("utf-8")
CONFIGURATION = ROOT / "configs" / "photos.yaml"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with a model and photos, as the guide has it."""
    clip(tmp_path / "clip-vit-base-patch32")
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(3):
        (photos / f"boat-{number}.jpg").write_bytes(encoded(scene(number), exif=exif(description="The old town")))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(capfd, arguments):
    capfd.readouterr()
    assert run_command(cli, [*arguments, "--json"]) == 0, capfd.readouterr().err
    return [result["source"] for result in json.loads(capfd.readouterr().out)["results"]]


def test_the_guide(place, capfd):
    (settings,) = re.findall(r"^```yaml\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)
    (place / "photos.yaml").write_text(settings)
    run, *searches = [shlex.split(line)[1:] for line in re.findall(r"^    (embedingest .*)$", GUIDE, re.MULTILINE)]
    assert run_command(cli, run) == 0, capfd.readouterr().err
    assert len(searches) == 2
    for arguments in searches:
        assert len(found(capfd, arguments)) == 3


def test_the_shipped_configuration(place, capfd, monkeypatch):
    (place / "configs").mkdir()
    (place / "configs" / "photos.yaml").write_text(CONFIGURATION.read_text("utf-8"))
    monkeypatch.setenv("EYES", str(place / "clip-vit-base-patch32"))
    monkeypatch.setenv("PHOTOS", str(place / "photos"))
    assert run_command(cli, ["run", "configs/photos.yaml", "--once"]) == 0, capfd.readouterr().err
    place = ["--state", ".embedingest/photos", "--db", ".embedingest/photos/lancedb", "--table", "photos"]
    assert len(found(capfd, ["search", "boat", *place])) == 3
