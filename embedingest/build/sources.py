"""The sources of a pipeline that are no folders: opened by their plug-ins, and who reads their items for the workers.

A pipeline and whoever else is handed its configuration (another process, another machine) open them here alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from embedingest import registry
from embedingest.config import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from embedingest.config import LoadConfig, PipelineConfig
    from embedingest.ingest.run.opener import Workers
    from embedingest.ingest.sources.base import Source
    from embedingest.ingest.sources.place import Place

__all__ = ["open_places", "with_reading"]


def open_places(config: PipelineConfig) -> tuple[Place, ...]:
    """The plug-in sources of an extended pipeline. Opens no connection. Raises PluginError."""
    roots = [root for root in config.sources if root.source != FOLDER]
    if not roots:
        return ()
    from embedingest.ingest.sources.place import Place

    places = []
    for root in roots:
        source: Source = registry.create("sources", root.source, options=root.options)
        where = _url(source) or f"{root.source}:{root.alias}"
        places.append(Place(str(root.alias), source, where=where, ours=tuple(_ours(where, config))))
    return tuple(places)


def with_reading(workers: Workers, places: Iterable[Place], load: LoadConfig) -> Workers:
    """Workers that are handed items of these places too, which are read in this process first."""
    from embedingest.ingest.extract.worker_thread import WorkerLimits
    from embedingest.ingest.sources.fetching import FetchingWorkers
    from embedingest.ingest.sources.reader import ItemReader

    readers = {place.where: ItemReader(place, max_bytes=load.max_bytes) for place in places}
    if not readers:
        return workers
    limits = WorkerLimits(load.timeout_seconds, load.memory_mib * 2**20)
    return FetchingWorkers(workers, readers, seconds_for=limits.seconds_for)


def _url(source: Source) -> str:
    """Where the items of a source lie, as it says; without what stands before the host, which may be a password."""
    url = getattr(source, "url", "")
    if not isinstance(url, str) or "://" not in url:
        return ""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl().rstrip("/")


def _ours(where: str, config: PipelineConfig) -> Iterator[str]:
    """The folders of a source that are our own, where the database lies in it. Tables are left out by their names."""
    db = config.db.rstrip("/")
    if "://" in where and db == where:
        yield f"{config.table}__run/"
    elif "://" in where and db.startswith(where + "/"):
        yield f"{db.removeprefix(where + '/')}/"
