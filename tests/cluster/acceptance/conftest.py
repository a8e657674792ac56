"""What the trials share: a library with the table that one machine makes of it, plug-ins of a stranger's, a Ray cluster.

The launchers are `processes`, and `ray` where the environment has it; `python tests/cluster/acceptance/run.py` makes one
that does.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import pytest
from filelock import FileLock
from xdist.scheduler import LoadScopeScheduling

from tests.cluster.acceptance.documents import library
from tests.cluster.acceptance.encoders import Counted, Deadly, Sleeping
from tests.cluster.acceptance.places import Place, Running, counted
from tests.cluster.acceptance.servers import RayCluster, ray_cluster, s3_server
from tests.ingest.strangers import MODULE
from tests.installed import Site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LAUNCHERS: Final = ["processes", *(["ray"] if find_spec("ray") else [])]

LONGEST: Final = ("killed_ten_times", "edits", "real_model", "ends_its_node", "each_is_named", "inside the commit")
"""Parts of names of trials that take long: they begin early, so that none runs on alone at the end."""
ON_RAY: Final = {
    "drivers on ray": ("step[ray-before", "step[ray-after", "step[ray-between"),
    "nodes on ray": ("step[ray-inside", "test_killed_nodes", "test_other_versions"),
}
"""The trials on Ray that share a cluster, by parts of their names; the rest share another."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The units that take longest come first."""
    items.sort(key=lambda item: _place(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Who runs which trials; by marks of a group xdist's own would do it, which this pytest makes nothing of."""
    return _Units(config, log)


class _Units(LoadScopeScheduling):
    """Hands each trial to whoever is free. Those on Ray are a few units that stay together, each with a cluster."""

    def _split_scope(self, nodeid: str) -> str:
        return _unit(nodeid)


def _unit(trial: str) -> str:
    if "[ray" not in trial:
        return trial
    return next((unit for unit, words in ON_RAY.items() if any(word in trial for word in words)), "the rest on ray")


def _place(trial: str) -> tuple[int, bool]:
    """Where a trial stands: units on Ray are the longest, and in each unit some trials are."""
    units = [*ON_RAY, "the rest on ray", trial]
    return units.index(_unit(trial)), not any(word in trial for word in LONGEST)


@dataclass(frozen=True)
class Shared:
    """A folder of all processes that run these trials. What is made there once, nobody changes."""

    folder: Path

    def made(self, name: str, make: Callable[[Path], object]) -> Path:
        """The folder of that name; `make` fills it where it was not made to its end."""
        folder = self.folder / name
        mark = folder.with_name(f"{name}.made")
        with FileLock(folder.with_name(f"{name}.lock")):
            if not mark.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                make(folder)
                mark.touch()
        return folder


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """What several trials use and none changes."""
    own = tmp_path_factory.getbasetemp()
    return Shared(own.parent if "PYTEST_XDIST_WORKER" in os.environ else own)


@pytest.fixture(scope="session")
def cluster() -> Iterator[RayCluster]:
    """A Ray cluster for all trials on Ray."""
    with ray_cluster() as cluster:
        Place.cluster = cluster
        yield cluster
        Place.cluster = None


@pytest.fixture(params=LAUNCHERS)
def on(request: pytest.FixtureRequest) -> str:
    """Each launcher that this environment has."""
    if request.param == "ray":
        request.getfixturevalue("cluster")
    return str(request.param)


@pytest.fixture(scope="session")
def plugins(shared: Shared) -> str:
    """A folder for PYTHONPATH with a loader that does what its files say, and encoders that tell of their work."""
    return str(shared.made("plugins", _install))


def _install(folder: Path) -> None:
    site = Site(folder)
    site.install("moody-files", "1.0", "loaders", {"moody": "moody_files:create"}, MODULE)
    encoders = {one.__name__.lower(): f"{one.__module__}:{one.__name__}" for one in (Counted, Deadly, Sleeping)}
    site.install("trial-encoders", "1.0", "encoders", encoders)


@pytest.fixture(scope="session")
def alone(shared: Shared, plugins: str) -> Callable[[int, str], Place]:
    """The table that one machine makes of a library of so many documents with a model: nobody changes these or that.

    Of `counted` its place tells of each text, too.
    """

    def made(documents: int, model: str) -> Place:
        docs = shared.made(f"library-{documents}", partial(library, count=documents))
        name = f"{model}-{documents}"
        place = Place(shared.folder / name, docs, model=model)
        place = counted(place, plugins) if model == "counted" else place
        shared.made(name, lambda _: place.ingest().done())
        return place

    return made


@pytest.fixture(autouse=True)
def _nothing_runs_on() -> Iterator[None]:
    """What a trial that failed has left running ends with it."""
    yield
    for running in list(Running.all):
        running.kill_all()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A temporary folder that goes at once: many tables of thousands of rows are not kept."""
    yield tmp_path
    shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.fixture(scope="session")
def server() -> Iterator[int]:
    """The port of a server that speaks S3; a run asks it through a proxy (`proxied`)."""
    with s3_server() as port:
        yield port
