"""The prompts that a model folder states, checked. Reads no file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embedingest.engine.folder.settings_files import REMEDY, kind_of
from embedingest.errors import ModelLoadError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["check_prompts"]


def check_prompts(file: Path, settings: dict[str, Any]) -> None:
    """Raises ModelLoadError where `settings`, of `file`, have prompts that are none, or a default that is not there."""
    prompts, default = settings.get("prompts") or {}, settings.get("default_prompt_name")
    if not isinstance(prompts, dict) or not all(isinstance(text, str | None) for text in prompts.values()):
        raise ModelLoadError(f"{file} has `prompts` that are no names with their texts", remedy=REMEDY)
    if not isinstance(default, str | None):
        raise ModelLoadError(f"{file} has a `default_prompt_name` that is {kind_of(default)}", remedy=REMEDY)
    names = dict.fromkeys((*prompts, "query", "document"))  # the last two are there in every model, without text
    if default is not None and default not in names:
        raise ModelLoadError(
            f"{file} has the `default_prompt_name` {default!r}, which none of its prompts has: {', '.join(names)}",
            remedy="name one of them, or take `default_prompt_name` out",
        )
