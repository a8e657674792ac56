"""A run of a pipeline over several nodes: who runs them, and how each is opened where it runs."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, NamedTuple

from embedingest.build.extend import extended
from embedingest.build.models import Engines
from embedingest.build.opener import PipelineOpener
from embedingest.config import HERE
from embedingest.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from embedingest.cluster.launcher import Claims, Launcher, NodeWorker
    from embedingest.config import Config, PipelineConfig, RunConfig
    from embedingest.ingest.report import IngestReport
    from embedingest.ingest.run.resources import Resources
    from embedingest.ingest.run.walk_seam import FileWalk, WalkMaker

__all__ = ["PipelineNode", "node_count", "runs_here", "walk_maker"]


def runs_here(settings: RunConfig) -> bool:
    """Whether these settings mean one engine, in this process: `auto` does where there is one GPU or none."""
    if settings.on != "auto":
        return settings.on == HERE
    from embedingest.cluster.shares import gpus

    return len(gpus()) < 2


def node_count(settings: RunConfig) -> int | None:
    """How many engines a run of these settings would have; `None` where a cluster says that."""
    if runs_here(settings):
        return 1
    if settings.on_ray:
        return None if settings.nodes == "auto" else settings.nodes
    from embedingest.cluster.shares import gpus, how_many, own_cores

    return how_many(settings.nodes, cores=len(own_cores()), gpus=len(gpus()))


def walk_maker(config: Config, name: str, pipeline: PipelineConfig, guard: Callable[[], None]) -> WalkMaker:
    """Who reads and embeds for the pipeline `name`, of which `pipeline` are the settings with plug-ins.

    `guard` raises where its table may not be written any more. Raises ConfigError where the settings name several nodes
    and what they need is not installed, or the pipeline cannot be run by several.
    """
    if runs_here(pipeline.run):
        from embedingest.ingest.run.walk import Walk

        return Walk
    from embedingest.cluster.node import check_runs_on_nodes
    from embedingest.cluster.walk import Cluster, ClusterWalk
    from embedingest.store.pylance import check_installed

    check_installed("ray" if pipeline.run.on_ray else "cluster")
    check_runs_on_nodes(pipeline)
    if pipeline.run.on_ray:
        from embedingest.cluster import ray

        ray.check_installed()
        ray.check_address(pipeline.run)
    cluster = Cluster(
        launcher=lambda: _launcher(pipeline.run),
        opener=lambda run, fingerprints: PipelineNode(
            _of_node(config, pipeline.run), name, run, fingerprints, socket.gethostname()
        ),
        guard=guard,
        settings=pipeline.run,
    )

    def make(resources: Resources, report: IngestReport, *, watched: bool) -> FileWalk:
        if watched:
            raise ConfigError(
                f"the place to run is `{pipeline.run.on}`, and a watch embeds in the process that hears of changes",
                remedy="run it with `--once` or `--every 15m`, give it a `schedule`, or leave `--on` or `run.on` out",
            )
        return ClusterWalk(resources, report, cluster)

    return make


def _launcher(settings: RunConfig) -> Launcher:
    if settings.on_ray:
        from embedingest.cluster.ray import RayNodes

        return RayNodes(settings)
    from embedingest.cluster.processes import Processes
    from embedingest.cluster.shares import gpus, how_many, own_cores, shares

    cores, devices = own_cores(), gpus()
    return Processes(shares(how_many(settings.nodes, cores=len(cores), gpus=len(devices)), cores, devices))


def _of_node(config: Config, settings: RunConfig) -> Config:
    """The configuration as a node gets it.

    Ray shares out cores by their number alone, and a node's engine is told to take no more. The folder where a node
    begins need not be the driver's.
    """
    config = config.model_copy(update={"server": None, "state": config.state.absolute()})
    if not settings.on_ray:
        return config
    threads = max(1, int(settings.cpus))
    engines = {
        name: engine.model_copy(update={"threads": engine.threads or threads})
        for name, engine in config.engines.items()
    }
    engine = config.engine.model_copy(update={"threads": config.engine.threads or threads})
    return config.model_copy(update={"engine": engine, "engines": engines})


class PipelineNode(NamedTuple):
    """Opens a node of one run for the pipeline `name`, where that is called; see `NodeOpener`.

    `fingerprints` are those of the driver's models. `machine` is the driver's, by its name: a node there shares the
    vector cache of the driver's state folder. SQLite shares no file between machines, even where all of them see it.
    """

    config: Config
    name: str
    run: str
    fingerprints: Mapping[str, str]
    machine: str

    def __call__(self, claims: Claims) -> NodeWorker:
        from embedingest.cluster.node import Node
        from embedingest.cluster.runs import Outcomes, RunTable

        engines = Engines(self.config)
        pipeline = extended(self.config.pipelines[self.name], self.config.plugins, self.config.state)
        outcomes = Outcomes(RunTable(pipeline.db, pipeline.table), self.run)
        opener = PipelineOpener(engines, pipeline)
        shares_state = socket.gethostname() == self.machine and self.config.state.is_dir()
        vectors = opener.vectors_path if shares_state else None
        return Node(
            opener, pipeline, claims, outcomes,
            fingerprints=self.fingerprints, vectors=vectors, on_close=engines.close,
        )  # fmt: skip
