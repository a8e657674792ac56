"""Folders and a few settings as a whole configuration: what the command line and the front door's functions share."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from pydantic import BaseModel, ValidationError

from embedingest.build.models import named_model
from embedingest.config import DEFAULT, Config, EngineConfig, SourceConfig
from embedingest.errors import ConfigError
from embedingest.types import DEFAULT_MODEL

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["STATE", "Folder", "checked_settings", "folders_config"]

Section = TypeVar("Section", bound=BaseModel)
Folder: TypeAlias = str | os.PathLike[str] | Mapping[str, Any] | SourceConfig
"""A folder or file to follow: its path, or a `sources` entry of a configuration."""

STATE = Path(Config.model_fields["state"].default)
"""The default state folder."""


def folders_config(
    paths: Sequence[Folder],
    *,
    state: str | os.PathLike[str] = STATE,
    model: str = DEFAULT_MODEL,
    plugins: Sequence[str] = (),
    engine: EngineConfig | None = None,
    remedy: str | None = None,
    **pipeline: Any,
) -> Config:
    """The configuration with one pipeline, `default`, over these folders.

    A path may come with settings of its own, as a `sources` entry. `model` is a name or a model folder; `pipeline` are
    further keys of a pipeline, checked as those of a configuration file. Raises ConfigError that names the key.
    """
    name, models = named_model(model)
    sources = [path if isinstance(path, (Mapping, SourceConfig)) else {"path": path} for path in paths]
    section = {**pipeline, "sources": sources, "model": name}
    values: dict[str, Any] = {
        "state": state,
        "plugins": tuple(plugins),
        "models": models,
        "pipelines": {DEFAULT: section},
    }
    if engine is not None:
        values["engine"] = engine
    return checked_settings(Config, values, remedy=remedy)


def checked_settings(section: type[Section], values: Mapping[str, Any], *, remedy: str | None = None) -> Section:
    """A section of a configuration from plain values. Raises ConfigError that names the first wrong key."""
    try:
        return section.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{place}: {first['msg']}", remedy=remedy) from None  # the cause would print values
