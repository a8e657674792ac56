"""What the parts of one process share: the engines of a configuration, pipelines and searchers over them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from embedingest.arguments import CALLABLE, PATH, STOP, Wanted, check, one_of, or_none
from embedingest.build.models import Engines
from embedingest.build.pipelines import open_pipeline
from embedingest.build.serving import open_searcher
from embedingest.config import DEFAULT, Config, read
from embedingest.errors import ConfigError

if TYPE_CHECKING:
    import os
    import threading

    from embedingest.config import PipelineConfig
    from embedingest.engine.engine import Engine
    from embedingest.ingest.pipeline import Pipeline
    from embedingest.ingest.report import ProgressSink
    from embedingest.query import Searcher

__all__ = ["Session"]


_CONFIG: Final = Wanted(
    "a Config, or the path of a configuration file",
    lambda value: value is None or isinstance(value, Config) or PATH.fits(value),
)


class Session(Engines):
    """One engine for ingest, search and server, opened when first needed.

    `config` is a configuration, or the path of a configuration file. Use as a context manager, or call `close`.
    Raises ConfigError for a file that cannot be read.
    """

    def __init__(self, config: Config | str | os.PathLike[str] | None = None) -> None:
        check(config=(config, _CONFIG))
        if not isinstance(config, Config):
            config = Config() if config is None else read(config)
        super().__init__(config)
        self._pipelines: dict[str, Pipeline] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def engine(self) -> Engine:
        """The default engine."""
        return self.engine_of(DEFAULT)

    def engine_of(self, name: str = DEFAULT) -> Engine:
        """The engine of this name, one for all that name it."""
        check(engine=(name, one_of(DEFAULT, *self.config.engines)))
        return super().engine_of(name)

    def pipeline(
        self,
        name: str = DEFAULT,
        *,
        progress: ProgressSink | None = None,
        stop: threading.Event | None = None,
    ) -> Pipeline:
        """The pipeline `name` of the configuration, the same one each time; it takes the table's lock when first used.

        Asked for with another `progress` or `stop`, or after it was told to stop, it is closed and another takes its
        place. `close` closes it. Raises ConfigError where the configuration has no such pipeline.
        """
        check(progress=(progress, or_none(CALLABLE)), stop=(stop, or_none(STOP)))
        self._settings(name)
        pipeline = self._pipelines.get(name)
        if pipeline is not None and progress is None and stop is None and not pipeline.stop.is_set():
            return pipeline
        if pipeline is not None:
            pipeline.close()
        pipeline = self._pipelines[name] = open_pipeline(self, name, progress=progress, stop=stop)
        return pipeline

    def searcher(
        self, name: str = DEFAULT, *, snapshot: str | None = None, consistency_seconds: float = 0.0
    ) -> Searcher:
        """A searcher over the table of the pipeline `name`, or over a snapshot of it; opens nothing yet.

        What is written to the table is seen at most `consistency_seconds` later.
        """
        settings = self._settings(name)
        return open_searcher(
            self,
            db=settings.db,
            table=settings.table,
            model=settings.model,
            consistency_seconds=consistency_seconds,
            snapshot=snapshot,
            engine=settings.engine,
            rerank=settings.rerank,
        )

    def _settings(self, name: str) -> PipelineConfig:
        if not self.config.pipelines:
            raise ConfigError("the configuration has no pipeline", remedy="give it one: `Config(pipelines={…})`")
        check(pipeline=(name, one_of(*self.config.pipelines)))
        return self.config.pipelines[name]

    def close(self) -> None:
        """Close the pipelines and engines that were opened."""
        for pipeline in self._pipelines.values():
            pipeline.close()
        self._pipelines.clear()
        super().close()
