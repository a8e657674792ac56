"""Machines with another embedingest, or another model under the same name: refused by name. A run that another left: made anew."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from embedingest import __version__
from tests.cluster.acceptance.conftest import LAUNCHERS
from tests.cluster.acceptance.encoders import encoded
from tests.cluster.acceptance.places import ROOT, SMALL, Place, counted, on_any
from tests.cluster.acceptance.tables import differences
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OTHER = "0.0.1"


@pytest.fixture
def other(folder: Path, plugins: str) -> str:
    """A PYTHONPATH with this program as another version of it."""
    package = folder / "other" / "embedingest"
    shutil.copytree(ROOT / "embedingest", package)  # with what is compiled of it, which stays valid
    version = package / "version.py"
    version.write_text(version.read_text().replace(__version__, OTHER))
    return os.pathsep.join((str(package.parent), plugins, str(ROOT)))


@pytest.mark.skipif("ray" not in LAUNCHERS, reason="a process of this machine has what its driver has")
@pytest.mark.parametrize("on", ["ray"])
@pytest.mark.usefixtures("cluster")
def test_machines_that_differ_are_refused_by_name(
    on: str, alone: Callable[[int, str], Place], folder: Path, plugins: str, other: str
) -> None:
    first = alone(150, "counted")
    place = counted(Place(folder / "many", first.docs, run=SMALL), plugins)
    ended = replace(place, of_nodes={"PYTHONPATH": other}).ingest(on).done(code=2)
    assert f"a node has embedingest {OTHER}, and the driver {__version__}; install the same version" in ended.said

    ended = replace(place, of_nodes={"TRIAL_REVISION": "-other"}).ingest(on).done(code=2)
    mine = "hashing-1-256:exact"
    assert f"a node has model `counted` with fingerprint {mine}-other, and the driver with {mine}" in ended.said
    assert "`embedingest models pull` on each" in ended.said
    assert encoded(place.texts) == []
    assert place.rows_count() == 0

    place.ingest(on).done()
    assert differences(first.rows(), place.rows()) == []


@on_any
def test_what_another_version_left_of_a_run_is_made_anew(
    on: str, alone: Callable[[int, str], Place], folder: Path, plugins: str, other: str
) -> None:
    first = alone(150, "counted")
    place = counted(Place(folder / "many", first.docs, run=SMALL), plugins)
    running = replace(place, environment={**place.environment, "PYTHONPATH": other}).start(on)
    until(lambda: len(place.results()) > 1 or running.ended, "part results")
    running.kill()
    until(lambda: not running.nodes(), "the end of its nodes")
    (left,) = place.runs.iterdir()
    assert OTHER in (left / "manifest.json").read_text()
    committed = len(set(place.rows()["text_hash"].to_pylist()))
    (place.state / "vectors.sqlite").unlink()  # nobody has what its nodes embedded but the results that they left

    ended = place.ingest(on).done()
    assert ended.texts == len(encoded(first.texts)) - committed
    assert differences(first.rows(), place.rows()) == []
    assert not left.exists()
