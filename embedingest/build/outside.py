"""What a run will talk to and start outside this program, told before it does. Opens no connection."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from embedingest.build.extend import extended
from embedingest.build.sources import open_places
from embedingest.config import DEFAULT
from embedingest.engine.engine import hosts as engine_hosts

if TYPE_CHECKING:
    from embedingest.build.session import Session
    from embedingest.config import Config

__all__ = ["hosts", "programs"]


def hosts(session: Session) -> dict[str, str]:
    """The hosts that a run will talk to, each with the key that is the reason. Opens no connection."""
    config, reasons = session.config, {}
    for name in dict.fromkeys(pipeline.engine for pipeline in config.pipelines.values()):
        if config.engine_of(name).engine != "local":
            for host in engine_hosts(session.engine_of(name)):
                reasons[str(host)] = "engine" if name == DEFAULT else f"engines.{name}"
    for name, pipeline in config.pipelines.items():
        for place in open_places(extended(pipeline, (), config.state)):
            for host in place.source.hosts:
                reasons[str(host)] = f"pipelines.{name}.sources"
            place.close()
        if pipeline.context is not None and pipeline.context.url is not None:
            parts = urlsplit(pipeline.context.url)
            reasons[f"{parts.scheme}://{parts.netloc}"] = f"pipelines.{name}.context"
        if "://" in pipeline.db and not pipeline.db.startswith("file:"):
            parts = urlsplit(pipeline.db)
            reasons[f"{parts.scheme}://{parts.netloc}"] = f"pipelines.{name}.db"
    return reasons


def programs(settings: Config) -> dict[str, str]:
    """The commands that a run will start, each with the key that is the reason."""
    named = [(name, pipeline.context) for name, pipeline in settings.pipelines.items()]
    return {
        f"`{context.name}`": f"pipelines.{name}.context"
        for name, context in named
        if context is not None and context.command
    }
