"""Folders and a few settings as a whole configuration: what the command line and the front door's functions share."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from pydantic import BaseModel, ValidationError

from embedingest.build.models import named_model
from embedingest.config import DEFAULT, Config, EngineConfig, PipelineConfig, SourceConfig, read
from embedingest.config.located import dotted
from embedingest.config.problems import problems
from embedingest.errors import ConfigError
from embedingest.paths import absolute
from embedingest.store.uri import absolute_uri
from embedingest.store.values import LATE, SPARSE
from embedingest.types import DEFAULT_DB, DEFAULT_MODEL, DEFAULT_STATE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Folder", "checked_settings", "folders_config", "pipeline_of"]

Section = TypeVar("Section", bound=BaseModel)
Folder: TypeAlias = str | os.PathLike[str] | Mapping[str, Any] | SourceConfig
"""A folder or file to follow: its path, or a `sources` entry of a configuration."""

_OF_A_FOLDER = {field.alias or name for name, field in SourceConfig.model_fields.items()} - set(
    PipelineConfig.model_fields
)


def folders_config(
    paths: Sequence[Folder],
    settings: Mapping[str, Any],
    *,
    state: str | os.PathLike[str] = DEFAULT_STATE,
    model: str = DEFAULT_MODEL,
    plugins: Sequence[str] = (),
    engine: EngineConfig | None = None,
    remedy: str | None = None,
) -> Config:
    """The configuration with one pipeline, `default`, over these folders.

    A path may come with settings of its own, as a `sources` entry. `model` is a name or a model folder, and so may
    `rerank`, `sparse` and `late` be; `settings` are further keys of a pipeline, checked as those of a configuration
    file.
    Raises ConfigError that names the key.
    """
    name, models = named_model(model)
    db = settings.get("db", DEFAULT_DB)
    section = {**settings, "sources": [_source(path) for path in paths], "model": name}
    for key in ("rerank", SPARSE, LATE):
        if isinstance(named := settings.get(key), str):
            section[key], more = named_model(named)
            models = {**models, **more}
    if isinstance(db, str):
        section["db"] = absolute_uri(db)
    values: dict[str, Any] = {
        "state": absolute(state),
        "plugins": tuple(plugins),
        "models": models,
        "pipelines": {DEFAULT: section},
    }
    if engine is not None:
        values["engine"] = engine
    return checked_settings(Config, values, remedy=remedy)


def pipeline_of(file: Path, table: str | None) -> Config:
    """The configuration `file` with the pipeline that writes `table` alone, as `default`; its only one for `None`.

    Raises ConfigError where none does, or several pipelines are there and none is named.
    """
    config = read(file)
    chosen = [pipeline for pipeline in config.pipelines.values() if table in (None, pipeline.table)]
    if len(chosen) != 1:
        tables = ", ".join(f"`{pipeline.table}`" for pipeline in config.pipelines.values()) or "none"
        raise ConfigError(
            f"{file} has {len(chosen)} pipelines that write {f'table `{table}`' if table else 'a table'}",
            remedy=f"name one of its tables with `--table`: {tables}",
        )
    (pipeline,) = chosen
    update = {
        "engine": config.engine_of(pipeline.engine),
        "pipelines": {DEFAULT: pipeline.model_copy(update={"engine": DEFAULT})},
        "server": None,
    }
    return config.model_copy(update=update)


def _source(folder: Folder) -> Any:
    """A `sources` entry whose path means the same when the program has gone to another folder."""
    if isinstance(folder, SourceConfig):
        return folder.model_copy(update={"path": absolute(folder.path)})
    entry = dict(folder) if isinstance(folder, Mapping) else {"path": folder}
    if isinstance(entry.get("path"), (str, os.PathLike)):
        entry["path"] = absolute(entry["path"])
    return entry


def checked_settings(section: type[Section], values: Mapping[str, Any], *, remedy: str | None = None) -> Section:
    """A section of a configuration from plain values. Raises ConfigError that names the first wrong key."""
    try:
        return section.model_validate(values)
    except ValidationError as error:
        place, text = problems(error, values, section)[0]
        if place[:2] == ("pipelines", DEFAULT):  # which nobody wrote
            place = place[2:]
            if remedy is None and len(place) == 1 and place[0] in _OF_A_FOLDER:
                remedy = f'what concerns one folder stands beside its path: {{"path": "docs", "{place[0]}": …}}'
        # The cause would print values.
        raise ConfigError(f"{dotted(place)}: {text}" if place else text, remedy=remedy) from None
