"""Engines, models and loaders by the names that settings give them. Loads no model."""

from __future__ import annotations

import contextlib
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from embedingest import registry
from embedingest.config import DEFAULT, Config, EngineConfig, ModelConfig
from embedingest.engine.known import is_known
from embedingest.engine.names import InvalidNameError, ModelName, plain_name
from embedingest.errors import ConfigError
from embedingest.paths import expanded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedingest.config import PipelineConfig
    from embedingest.engine.engine import Engine
    from embedingest.engine.together import ModelUse, Use
    from embedingest.ingest.load import Loader

__all__ = ["EngineSource", "Engines", "named_model", "of_encoder", "open_engine", "open_loader", "used_models"]


class EngineSource(Protocol):
    """A configuration and the engines that it names, each opened once. `Session` is one."""

    @property
    def config(self) -> Config: ...

    def engine_of(self, name: str = DEFAULT, /) -> Engine: ...


class Engines:
    """The engines of a configuration, each opened when it is first asked for. `config` may be replaced."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._lock = threading.Lock()
        self._engines: dict[str, Engine] = {}

    def engine_of(self, name: str = DEFAULT, /) -> Engine:
        """The engine of this name, one for all that name it."""
        with self._lock:
            if name not in self._engines:
                self._engines[name] = open_engine(self.config.engine_of(name), self.config.models)
            return self._engines[name]

    def close(self) -> None:
        """Close the engines that were opened."""
        with self._lock:
            for engine in self._engines.values():
                engine.close()


def named_model(model: str) -> tuple[str, dict[str, ModelConfig]]:
    """A `--model` value as a registered name and the settings that register it.

    A value that is a folder (or is written like one) becomes a model named after its last part; a folder that holds no
    model and is called as a known one is not meant. Anything else is a name already, the address of a model's page too;
    where an installed encoder plug-in has that name and no model is known by it, it is the model that this encoder is.
    Over HTTP only names resolve; this is for those who own the machine.
    Raises ConfigError for a folder that does not exist, for a file, and for an empty name; InvalidNameError.
    """
    if not model:
        raise ConfigError("the model has an empty name", remedy="leave the model out, or name one")
    looks_like_a_path = model.startswith((".", "/", "~")) or "\\" in model
    path = expanded(model) if looks_like_a_path else Path(model)
    if path.is_file() and (looks_like_a_path or _is_called_as_files_are(model)):
        raise _no_folder(path)
    if not looks_like_a_path and (not path.is_dir() or _is_meant_by_name(model, path)):
        return plain_name(model), of_encoder(model)
    if not path.is_dir():
        raise ConfigError(f"model folder {path} does not exist", remedy="name a sentence-transformers folder")
    return path.resolve().name, {path.resolve().name: ModelConfig(path=path.resolve())}


def of_encoder(model: str) -> dict[str, ModelConfig]:
    """The settings of a model that is called as an encoder plug-in is, and as no known model; empty for others."""
    with contextlib.suppress(InvalidNameError):
        parsed = ModelName.parse(model)
        if "/" in model or parsed.model == "hashing" or is_known(parsed):
            return {}  # the usual case: to list what is installed takes longer than all else here
        if any(p.name == model and p.distribution is not None for p in registry.plugins("encoders")):
            return {model: ModelConfig(encoder=model)}
    return {}


def _is_meant_by_name(model: str, folder: Path) -> bool:
    """Whether a folder only happens to be called as a model is."""
    with contextlib.suppress(InvalidNameError, OSError):
        name = ModelName.parse(model)
        return (is_known(name) or name.model == "hashing") and not (folder / "modules.json").exists()
    return False


def _is_called_as_files_are(model: str) -> bool:
    """Whether a value that a file here is called by means that file: a path, or a name that ends as files do."""
    return "/" in model or re.fullmatch(r"\.[A-Za-z]\w*", Path(model).suffix) is not None


def _no_folder(file: Path) -> ConfigError:
    """The error for a file where a model's folder is due."""
    is_gguf = file.suffix.lower() == ".gguf"
    with contextlib.suppress(OSError), file.open("rb") as opened:
        is_gguf = is_gguf or opened.read(4) == b"GGUF"
    if is_gguf:
        return ConfigError(
            f"{file} is GGUF, a form of weights for llama.cpp",
            remedy="`pip install embedingest-llamacpp` brings what runs it, by the settings `models: NAME: "
            f"{{encoder: llamacpp, path: {file}}}`; or fetch the model that it was made of, "
            "`embedingest models pull NAMESPACE/MODEL`",
        )
    return ConfigError(
        f"{file} is a file, and a model is a folder", remedy="name the folder that holds the model's `modules.json`"
    )


def open_engine(settings: EngineConfig | None = None, models: Mapping[str, ModelConfig] | None = None) -> Engine:
    """The engine that `settings` names, over `models` and the packaged ones. Nothing is loaded yet."""
    chosen = EngineConfig() if settings is None else settings
    if chosen.engine == "local":
        from embedingest.engine.local import LocalEngine

        return LocalEngine(chosen, models)
    engine: Engine = registry.create("engines", chosen.engine, options=chosen.options)
    return engine


def used_models(pipeline: PipelineConfig) -> tuple[ModelUse, ...]:
    """The models of one pipeline and of the searches of its table, each with what it is asked for."""
    beside = [(cast("Use", column), model) for column, model in pipeline.models_beside.items()]
    if pipeline.rerank is not None:
        beside.append(("rerank", pipeline.rerank.model))
    return ("vector", pipeline.model), *beside


def open_loader(name: str, options: Mapping[str, Any] | None = None) -> Loader:
    """The loader of this name, built in or a plug-in's, for a program or for a loader that goes beyond it.

    Raises PluginError for a name that nothing has and for options that it does not know.
    """
    loader: Loader = registry.create("loaders", name, options=options)
    return loader
