"""What the trials share: a library with the table that one machine makes of it, plug-ins of a stranger's, a Ray cluster.

The launchers are `processes`, and `ray` where the environment has it; `python tests/cluster/acceptance/run.py` makes one
that does.
"""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

import pytest

from tests.cluster.acceptance.documents import library
from tests.cluster.acceptance.encoders import Counted, Deadly, Sleeping
from tests.cluster.acceptance.places import Place, Running
from tests.cluster.acceptance.servers import RayCluster, ray_cluster, s3_server
from tests.ingest.strangers import MODULE
from tests.installed import Site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LAUNCHERS: Final = ["processes", *(["ray"] if find_spec("ray") else [])]

# With `EMBEDINGEST_CLUSTER=short` only the trials of these files are played on Ray.
SHORT: Final = os.environ.get("EMBEDINGEST_CLUSTER") == "short"
ON_RAY_IN_SHORT: Final = {"test_same_table.py", "test_other_versions.py"}

LONGEST_FIRST: Final = ("killed_driver-ray", "killed_driver", "ray")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is not for today, and have groups that each run in one process, the longest first."""
    left_out = [item for item in items if SHORT and _on_ray(item) and item.path.name not in ON_RAY_IN_SHORT]
    config.hook.pytest_deselected(items=left_out)
    items[:] = sorted((item for item in items if item not in left_out), key=lambda item: _place(_group(item)))
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))


def _on_ray(item: pytest.Item) -> bool:
    return "[ray" in item.name


def _group(item: pytest.Item) -> str:
    """Of trials on Ray those of killed drivers, which wait for leases, and all others, which share a cluster; else files."""
    file = item.path.stem.removeprefix("test_")
    if not _on_ray(item):
        return file
    return "killed_driver-ray" if file == "killed_driver" else "ray"


def _place(group: str) -> int:
    return LONGEST_FIRST.index(group) if group in LONGEST_FIRST else len(LONGEST_FIRST)


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
def plugins(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder for PYTHONPATH with a loader that does what its files say, and encoders that tell of their work."""
    site = Site(tmp_path_factory.mktemp("plugins"))
    site.install("moody-files", "1.0", "loaders", {"moody": "moody_files:create"}, MODULE)
    encoders = {one.__name__.lower(): f"{one.__module__}:{one.__name__}" for one in (Counted, Deadly, Sleeping)}
    site.install("trial-encoders", "1.0", "encoders", encoders)
    return str(site.folder)


@pytest.fixture(scope="session")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2 000 small documents that nobody changes."""
    return library(tmp_path_factory.mktemp("library") / "docs")


@pytest.fixture(scope="session")
def alone(tmp_path_factory: pytest.TempPathFactory, documents: Path) -> Place:
    """The table that one machine makes of them."""
    place = Place(tmp_path_factory.mktemp("alone") / "alone", documents)
    place.ingest().done()
    return place


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
