"""`rebuild`: the default pipeline's table made anew beside the one that serves, then put in its place."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Self

from embedingest.build.pipelines import open_pipeline
from embedingest.build.remembered import remember
from embedingest.config import DEFAULT
from embedingest.errors import DamagedTableError, StoreError
from embedingest.store.values import VECTOR

if TYPE_CHECKING:
    import threading
    from collections.abc import Collection

    from numpy.typing import NDArray

    from embedingest.build.models import EngineSource
    from embedingest.config import Config, PipelineConfig
    from embedingest.engine.engine import Engine
    from embedingest.ingest.report import IngestReport, ProgressSink
    from embedingest.ingest.representation import Representation
    from embedingest.store.table import ChunkTable

__all__ = ["rebuild"]

_log = logging.getLogger(__name__)


def rebuild(
    engines: EngineSource,
    *,
    progress: ProgressSink | None = None,
    stop: threading.Event | None = None,
    allow_deletes: bool = False,
) -> IngestReport:
    """Make the table of pipeline `default` anew with the settings of `engines`, beside the one that serves.

    Vectors of the old table that still hold are lent to the new one. Readers see the old rows until the switch.
    Raises ConfigError for rows that would go and an ingest would ask about, or never take out, unless `allow_deletes`.
    """
    from embedingest.ingest.rebuild import NEXT, rebuild
    from embedingest.store.health import damage, put_aside
    from embedingest.store.switch import switch_table

    config = engines.config
    settings = config.pipelines[DEFAULT]
    next_settings = settings.model_copy(update={"table": settings.table + NEXT})
    next_config = config.model_copy(update={"pipelines": {DEFAULT: next_settings}})
    lender = _Lender(settings)
    beside = open_pipeline(_SameEngines(next_config, engines), progress=progress, stop=stop, lent=lender)
    with open_pipeline(engines, stop=stop) as serving, lender, beside:
        if damage(settings.db, next_settings.table):  # of a rebuild that was stopped
            put_aside(settings.db, next_settings.table)
        switch = partial(switch_table, settings.db, next_settings.table, settings.table)
        report = rebuild(serving, beside, switch, allow_deletes=allow_deletes)
        if not report.stopped:
            remember(serving, config)
            serving.perform("optimize", {})  # the indices are made for the new rows
    return report


@dataclass(frozen=True)
class _SameEngines:
    """Another configuration over engines that are open already."""

    config: Config
    engines: EngineSource

    def engine_of(self, name: str = DEFAULT) -> Engine:
        return self.engines.engine_of(name)


class _Lender:
    """The vectors of the table that serves, by text hash: a text hash names the model, so no wrong one is lent.

    The table is opened at the first look-up, once.
    """

    def __init__(self, settings: PipelineConfig) -> None:
        self._settings = settings
        self._damaged = False
        self._open = ExitStack()

    def __call__(self, representation: Representation, hashes: Collection[str]) -> dict[str, NDArray[Any]]:
        if self._table is None or self._damaged or not self._has(representation):
            return {}
        try:
            return self._table.vectors(hashes, representation.column)
        except DamagedTableError as error:
            _log.warning("%s; what the vector cache does not have is embedded again", error.message)
            self._damaged = True
            return {}

    def _has(self, representation: Representation) -> bool:
        held = None if self._table is None else self._table.identity.extras.get(representation.column)
        return representation.column == VECTOR or (held is not None and held.fingerprint == representation.fingerprint)

    @cached_property
    def _table(self) -> ChunkTable | None:
        from embedingest.store.table import open_table

        try:
            return self._open.enter_context(open_table(self._settings.db, self._settings.table))
        except StoreError:
            # There is none, or its files are damaged: what the vector cache does not have either is embedded again.
            return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()
