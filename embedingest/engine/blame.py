"""Errors of a model's files say which model it is, and where its folder was set. Reads no file."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from embedingest.engine.folder.settings_files import REMEDY
from embedingest.errors import ModelLoadError
from embedingest.registry import StartError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["named"]


@contextlib.contextmanager
def named(name: str, path: Path | None, *, is_set: bool, is_ours: bool) -> Iterator[None]:
    """A block whose ModelLoadErrors name the model. What an encoder of ours (`is_ours`) fails at is of its files too.

    `is_set` says that a setting named the folder `path`.
    """
    try:
        yield
    except StartError as error:
        cause = error.__cause__
        if path is None or not is_ours or isinstance(cause, ImportError):
            raise
        failed = ModelLoadError(f"the model in {path} cannot be loaded: {type(cause).__name__}: {cause}", remedy=REMEDY)
        _tell(failed, name, path, is_set=is_set)
        raise failed from cause
    except ModelLoadError as error:
        _tell(error, name, path, is_set=is_set)
        raise


def _tell(error: ModelLoadError, name: str, path: Path | None, *, is_set: bool) -> None:
    if error.model is not None:
        return
    error.model, error.folder = name.removesuffix(":latest"), None if path is None else str(path)
    if is_set:
        where = f"its folder is the `path` of `models: {error.model}:`, or what `--model` names"
        error.remedy = where if error.remedy is None else f"{error.remedy}; {where}"
