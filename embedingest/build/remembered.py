"""The settings with which a table was last written, kept in its journal for commands without flags."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING

from embedingest.build.models import named_model
from embedingest.config import DEFAULT, Config, EngineConfig, PipelineConfig
from embedingest.config.remembered import restored, storable
from embedingest.errors import TableMissingError
from embedingest.store.uri import local_folder
from embedingest.types import DEFAULT_MODEL

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from embedingest.ingest.pipeline import Pipeline

__all__ = ["journal_path", "recall", "remember", "searching"]


def journal_path(state: Path, db: str, table: str) -> Path:
    """Where the journal of one table lies. Two databases in one state folder have two journals."""
    folder = local_folder(db)
    where = db if folder is None else str(folder.resolve())
    return state / f"{table}-{hashlib.blake2s(where.encode(), digest_size=4).hexdigest()}.sqlite"


def remember(pipeline: Pipeline, config: Config) -> None:
    """Write the settings of this run into its journal, so that `search`, `retry`, `plan` and the like need no flags.

    Those of a run that the table refuses are not written: FingerprintError. Secrets never are; see
    `config/remembered.py`.
    """
    pipeline.check_model()
    settings = {
        "models": {name: storable(model) for name, model in config.models.items()},
        "plugins": list(config.plugins),
        "engine": storable(config.engine_of(pipeline.config.engine)),
        "pipeline": storable(pipeline.config),
    }
    journal = pipeline.journal
    with journal.transaction():
        journal.set_meta("settings", json.dumps(settings))
        journal.set_meta("forgotten", "")  # what is named is followed


def recall(state: Path, db: str, table: str) -> Config:
    """The settings with which this table was last written, its engine's among them.

    Raises TableMissingError where it never was, ConfigError where one came from a variable that is not set.
    """
    from embedingest.ingest.state.journal import Journal

    path = journal_path(state, db, table)
    document, forgotten = None, frozenset[str]()
    if path.exists():
        journal = Journal(path)
        document, forgotten = journal.meta("settings"), journal.forgotten()
        journal.close()
    if document is None:
        raise TableMissingError(
            f"nothing was ingested into table `{table}` of {db} with state folder {state}",
            remedy="name the folders once with `embedingest ingest PATH…`, or choose another `db`, `table` or `state`",
        )
    settings = restored(json.loads(document))
    # The engine of the pipeline, whatever its name was, is the only one that is kept.
    pipeline = {**settings["pipeline"], "db": db, "table": table, "engine": DEFAULT}
    return Config(
        state=state,
        models=settings["models"],
        plugins=tuple(settings["plugins"]),
        engine=EngineConfig.model_validate(settings.get("engine", {})),
        pipelines={DEFAULT: _without(PipelineConfig.model_validate(pipeline), forgotten)},
    )


def _without(settings: PipelineConfig, forgotten: Collection[str]) -> PipelineConfig:
    """The settings without the folders that were forgotten since; there may be none left."""
    sources = [source for source in settings.sources if os.path.abspath(source.path.expanduser()) not in forgotten]  # noqa: PTH100 -- resolve() would follow links
    return settings.model_copy(update={"sources": tuple(sources)})


def searching(state: Path, db: str, table: str, model: str | None) -> tuple[str, Config]:
    """What to search a table with: a model's name, and the engine and models that wrote the table.

    `model` names another. One that is a folder is for the engine of this machine.
    """
    try:
        config = recall(state, db, table)
        name = config.pipelines[DEFAULT].model
    except TableMissingError:
        config, name = Config(state=state), DEFAULT_MODEL
    if model is None:
        return name, config
    name, models = named_model(model)
    engine = EngineConfig() if models else config.engine
    return name, config.model_copy(update={"models": {**config.models, **models}, "engine": engine})
