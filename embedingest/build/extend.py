"""What named plug-ins add to a pipeline: loaders by suffix, roots that are no folders. Opens nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedingest import registry
from embedingest.config import FOLDER
from embedingest.errors import ConfigError, PluginError
from embedingest.ingest.sources.base import MIRRORS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from embedingest.config import PipelineConfig, SourceConfig

__all__ = ["extended"]


def extended(config: PipelineConfig, plugins: Sequence[str], state: Path) -> PipelineConfig:
    """The pipeline with the suffixes of named loader plug-ins, and what holds of every plug-in source.

    What the settings say of a suffix goes before what a plug-in says. Raises PluginError.
    """
    # The first pattern that fits wins, so that those of the settings come first.
    loaders = {**config.load.loaders, **_suffixes(config, plugins), **config.load.loaders}
    load = config.load.model_copy(update={"loaders": loaders}) if plugins else config.load
    sources = tuple(_listed(source, state, config.table) for source in config.sources)
    return config.model_copy(update={"load": load, "sources": sources})


def _suffixes(config: PipelineConfig, plugins: Sequence[str]) -> dict[str, str]:
    patterns: dict[str, str] = {}
    if not plugins:
        return patterns  # to list what is installed takes longer than to look at thousands of files
    for plugin in registry.named(plugins, "loaders"):
        loader = plugin.create(options=config.load.options.get(plugin.name))
        for suffix in sorted(loader.suffixes):
            pattern = f"*{suffix}" if suffix.startswith(".") else suffix
            other = patterns.setdefault(pattern, plugin.name)
            if other != plugin.name and pattern not in config.load.loaders:
                raise PluginError(
                    f"loaders `{other}` and `{plugin.name}` both read `{suffix}` files",
                    remedy=f"choose one under `load.loaders`: `'{pattern}': {other}`",
                )
    return patterns


def _listed(source: SourceConfig, state: Path, table: str) -> SourceConfig:
    if source.source == FOLDER:
        return source
    if source.alias is None or "/" in source.alias:
        raise ConfigError(f"source `{source.source}` needs a plain name", remedy="give one with `as`")
    # Nothing that a place lists is read as a .gitignore file.
    # Earlier versions kept copies in this folder, and by it what is forgotten is known.
    folder = state / MIRRORS / table / source.alias
    return source.model_copy(update={"path": folder, "gitignore": False})
