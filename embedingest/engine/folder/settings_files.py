"""The JSON files of a model folder, read within bounds: each of the kind that it must be, or refused by name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from embedingest.errors import ModelLoadError
from embedingest.numerals import json_fault
from embedingest.regular import read_bounded

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["REMEDY", "kind_of", "read_json", "read_object", "whole_number"]

REMEDY: Final = "copy or pull the model again"
_LARGEST_BYTES: Final = 16 * 2**20  # of a file of settings; those of real models have some thousand


def read_json(path: Path) -> Any:
    """What a settings file says. Raises ModelLoadError: missing, no regular file, no JSON, too large or deep."""
    try:
        return json.loads(read_bounded(path, _LARGEST_BYTES).decode("utf-8-sig"))
    except OSError as error:
        raise ModelLoadError(f"cannot read {path}: {error.strerror or error}", remedy=REMEDY) from error
    except ValueError as error:
        raise ModelLoadError(f"{path} is not JSON: {json_fault(error)}", remedy=REMEDY) from error
    except (RecursionError, MemoryError) as error:
        raise ModelLoadError(f"{path} is nested too deeply to be settings", remedy=REMEDY) from error


def read_object(path: Path, *, optional: bool = False) -> dict[str, Any]:
    """A settings file that holds keys and values; `optional` ones that are missing hold none. Raises ModelLoadError."""
    try:
        content = read_json(path)
    except ModelLoadError as error:
        if optional and isinstance(error.__cause__, FileNotFoundError):
            return {}
        raise
    if not isinstance(content, dict):
        raise ModelLoadError(f"{path} holds {kind_of(content)} where keys and values are due", remedy=REMEDY)
    return content


def whole_number(file: Path, settings: Mapping[str, Any], key: str, *, least: int, most: int) -> int | None:
    """A setting that is a whole number within bounds; `None` where it is not given. Raises ModelLoadError."""
    value = settings.get(key)
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():  # some tools write 512.0, and 1e30 for "no bound"
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        shown = f"{value!r}"[:60] if isinstance(value, int | float | str) else kind_of(value)
        raise ModelLoadError(f"{file} has {key}: {shown}; a whole number from {least} to {most} is due", remedy=REMEDY)
    return value


def kind_of(value: Any) -> str:
    """What a JSON value is, in plain words, its content left out."""
    if value is None:
        return "null"
    return {dict: "keys and values", list: "a list", str: "a text", bool: "true or false"}.get(type(value), "a number")
