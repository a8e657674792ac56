"""A state folder and a database of its own over documents, and the program as a person starts it there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

import psutil
import pytest
import yaml

from embedingest.cluster.ray_actor import NodeActor
from tests.cluster.acceptance.servers import BUCKET
from tests.cluster.acceptance.tables import open_table, rows_of

if TYPE_CHECKING:
    import pyarrow as pa

    from tests.cluster.acceptance.servers import Proxy, RayCluster

__all__ = [
    "HANGS_SECONDS", "MAX_TOKENS", "ROOT", "SMALL", "Ended", "Place", "Running", "counted", "in_bucket", "moody", "on_any",
    "slow",
]  # fmt: skip

ROOT: Final = Path(__file__).parents[3]
HANGS_SECONDS: Final = 240.0
SMALL: Final = {"nodes": 2, "part_bytes": 16 * 1024, "commit_parts": 4, "commit_seconds": 60}
"""Parts of some twenty small documents, so that a library of hundreds is a run of dozens."""
MAX_TOKENS: Final = 96
"""Small chunks: of a document of a page there are several, and what documents share is a chunk of its own."""
on_any: Final = pytest.mark.parametrize("on", ["processes"])
"""For trials of what a node or a driver does by itself: who starts nodes has no part in it, so one launcher will do."""


@dataclass(frozen=True)
class Ended:
    """How a run ended: its exit code, its report as `--json` prints it, and what it said."""

    code: int
    report: dict[str, Any]
    said: str

    @property
    def texts(self) -> int:
        """Texts that were embedded."""
        return int(self.report["embedded"]["texts"])

    @property
    def failures(self) -> dict[str, str]:
        """Kind by document."""
        return {failure["source"]: failure["kind"] for failure in self.report["failures"]}

    def done(self, code: int = 0) -> Ended:
        """Itself, where it ended with `code`; else AssertionError with what it said."""
        assert self.code == code, f"ended with {self.code}, not {code}\n{self.said}\n{json.dumps(self.report)[:2000]}"
        return self


class Running:
    """A run under way, with all the processes that it starts."""

    all: ClassVar[list[Running]] = []
    """Those that were started and not waited for."""

    def __init__(
        self, command: list[str], folder: Path, environment: dict[str, str], cluster: RayCluster | None = None
    ) -> None:
        self._cluster = cluster
        self._out, self._err = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 -- as long as this
        self.process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=self._out, stderr=self._err, start_new_session=True
        )
        self._known: dict[int, psutil.Process] = {}
        Running.all.append(self)

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def family(self) -> list[psutil.Process]:
        """Every process below the driver, or nodes in the cluster that it joined, that was seen by now and lives."""
        nodes = [] if self._cluster is None else filter(_is_node, _below(self._cluster.pid))
        found = [*_below(self.process.pid), *(process for node in nodes for process in (node, *_below(node.pid)))]
        self._known |= {process.pid: process for process in found}
        return [process for process in self._known.values() if _lives(process)]

    def nodes(self) -> list[psutil.Process]:
        """The nodes that live, the oldest first: processes that run a node, actors of Ray too.

        A cluster has those of one driver at a time.
        """
        return sorted(filter(_is_node, self.family()), key=lambda node: (node.create_time(), node.pid))

    def kill(self) -> None:
        """SIGKILL to the driver alone."""
        self.family()
        self.process.kill()
        self.process.wait()
        self.close()

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def wait(self, seconds: float = HANGS_SECONDS) -> Ended:
        """The end. AssertionError with what it said where it takes longer than `seconds`."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            said = self._text(self._err)
            self.kill_all()
            raise AssertionError(f"did not end within {seconds:g} s\n{said[-4000:]}") from None
        out, err = self._text(self._out), self._text(self._err)
        self.close()
        report = json.loads(out) if out.strip() else {}
        return Ended(code, report.get("default", report), err)

    def kill_all(self) -> None:
        """For the end of a trial that went wrong."""
        family = self.family()
        self.kill()
        for child in family:
            child.kill()

    def close(self) -> None:
        """Nothing more is read of what it said."""
        if self in Running.all:
            Running.all.remove(self)
        self._out.close()
        self._err.close()

    @staticmethod
    def _text(file: Any) -> str:
        file.seek(0)
        return file.read().decode("utf-8", "replace")


@dataclass
class Place:
    """One table, by the pipeline `default` of a configuration of its own.

    On Ray it is brought about in `cluster`, where there is one, else in one that ends with the run; `of_nodes` are variables
    that the machines of that cluster have, and the driver's has not. `run` is the section of that name: parts are made small with it, so that few documents are many parts. `db` is in the
    folder unless it is named.
    """

    cluster: ClassVar[RayCluster | None] = None

    folder: Path
    docs: Path
    db: str = ""
    model: str = "hashing"
    pipeline: dict[str, Any] = field(default_factory=lambda: {"chunk": {"max_tokens": MAX_TOKENS}})
    run: dict[str, Any] = field(default_factory=dict)
    top: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    of_nodes: dict[str, str] = field(default_factory=dict)
    storage: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.db = self.db or str(self.state / "lancedb")

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def texts(self) -> Path:
        """Where an encoder that counts tells of each text."""
        return self.folder / "texts"

    @property
    def runs(self) -> Path:
        """Where the runs of a local database keep their part results."""
        return Path(self.db) / "chunks__run"

    def results(self) -> list[Path]:
        """The part results that are there, of all runs that are kept."""
        return sorted(self.runs.glob("*/part-*.json"))

    def versions(self) -> int:
        """How many versions the local table has: files, so that nothing is opened for it."""
        return len(list((Path(self.db) / "chunks.lance" / "_versions").glob("*.manifest")))

    def start(self, on: str = "", *words: str) -> Running:
        """`embedingest run CONFIG --once`, on one machine or `on` another launcher."""
        command = ["run", str(self._file(on)), "--once", "--json", *(("--on", on) if on else ()), *words]
        return self.type(*command)

    def ingest(self, on: str = "", *words: str) -> Ended:
        """The same to its end."""
        return self.start(on, *words).wait()

    def type(self, *words: str) -> Running:
        """Any command of the program, in the folder of this place."""
        ours = {**self.environment, "PYTHONPATH": _path(self.environment), "HF_HUB_OFFLINE": "1"}
        cluster = self.cluster if "ray" in words else None
        # Never one that happens to run on this machine.
        ray = {"RAY_ADDRESS": "local"} if cluster is None else cluster.environment({**ours, **self.of_nodes})
        environment = {**os.environ, **ours, **ray}
        return Running([sys.executable, "-m", "embedingest", *words], self.folder, environment, cluster)

    def rows(self) -> pa.Table:
        return rows_of(self.db, storage=self.storage)

    def rows_count(self) -> int:
        """How many there are, without reading them."""
        return int(open_table(self.db, storage=self.storage).count_rows())

    def version(self) -> int:
        return int(open_table(self.db, storage=self.storage).version)

    def through(self, proxy: Proxy) -> Place:
        """The same place, asking its bucket through another proxy."""
        return replace(self, storage=proxy.storage, environment={**self.environment, **proxy.environment})

    def beside(self, name: str, **changes: Any) -> Place:
        """Another place over the same documents, with the same settings."""
        return replace(self, folder=self.folder.parent / name, **{"db": "", **changes})

    def _file(self, on: str) -> Path:
        """One machine does not know how others are asked: it gets no `run`."""
        pipeline = {"sources": [{"path": str(self.docs), "as": "docs"}], "model": self.model, "db": self.db}
        pipeline |= self.pipeline | ({"run": self.run} if on and self.run else {})
        document = {"state": str(self.state), **self.top, "pipelines": {"default": pipeline}}
        path = self.folder / f"config-{on or 'one'}.yaml"
        path.write_text(yaml.safe_dump(document, sort_keys=False))
        return path


def in_bucket(folder: Path, docs: Path, proxy: Proxy, **settings: Any) -> Place:
    """A place whose database lies in the bucket behind a proxy, under the name of the folder."""
    return Place(folder, docs, db=f"s3://{BUCKET}/{folder.name}", **settings).through(proxy)


def counted(place: Place, plugins: str) -> Place:
    """The place with an encoder that tells of each text, in `texts` of the folder."""
    models = {"counted": {"encoder": "counted"}}
    environment = {**place.environment, "PYTHONPATH": plugins, "TRIAL_COUNT": str(place.texts)}
    return replace(place, model="counted", top={"plugins": ["counted"], "models": models}, environment=environment)


def slow(place: Place, *, seconds: float) -> Place:
    """The place of `counted`, whose encoder takes so long for each text and uses no processor meanwhile."""
    models = {"counted": {"encoder": "sleeping"}}
    environment = {**place.environment, "TRIAL_SECONDS": str(seconds)}
    return replace(place, top={"plugins": ["sleeping"], "models": models}, environment=environment)


def moody(place: Place, plugins: str, **load: Any) -> Place:
    """The place with a loader of `.moody` files that does what they say; each may take five seconds, or as `load` says."""
    settings = {"loaders": {"*.moody": "moody"}, "timeout_seconds": 5, **load}
    environment = {**place.environment, "PYTHONPATH": plugins}
    return replace(
        place, pipeline={**place.pipeline, "load": settings}, top={"plugins": ["moody"]}, environment=environment
    )


def _path(environment: dict[str, str]) -> str:
    return os.pathsep.join(filter(None, (environment.get("PYTHONPATH"), str(ROOT))))


def _below(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _is_node(process: psutil.Process) -> bool:
    try:
        words = process.cmdline()
    except psutil.Error:
        return False
    return any("embedingest.cluster.process" in word or word.startswith(f"ray::{NodeActor.__name__}") for word in words)
