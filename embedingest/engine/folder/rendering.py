"""A template of a model folder rendered in a process that may die of it: it can loop for years, or fill the memory.

`rendered` is this process's side, `main` the other's. Knows templates, no models.
"""

from __future__ import annotations

import json
import subprocess
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from embedingest.engine.folder.apart import run_apart
from embedingest.system import leave_no_core, limit_address_space, limit_processor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["RenderingError", "main", "rendered"]

_PROCESSOR_SECONDS: Final = 2
_SECONDS: Final = 60.0  # by the clock: a busy machine renders nothing for a while
_MEMORY_BYTES: Final = 2**30
_LARGEST_CHARACTERS: Final = 2**20
_START: Final = "from embedingest.engine.folder.rendering import main; main()"


class RenderingError(Exception):
    """Why a template gives no text."""


def rendered(template: str, variables: Sequence[Mapping[str, Any]]) -> list[str | None]:
    """What a Jinja template makes of each of several sets of variables; `None` of those for which it fails.

    Raises RenderingError where it fails for all, takes too long or too much memory, or no process can be had.
    """
    found = _rendered(json.dumps({"template": template, "variables": variables}))
    if all("error" in each for each in found):
        raise RenderingError(found[-1]["error"])
    return [each.get("text") for each in found]


@lru_cache(maxsize=16)
def _rendered(given: str) -> list[dict[str, str]]:
    try:
        done = run_apart(_START, given.encode(), _SECONDS)
    except subprocess.TimeoutExpired as error:
        raise RenderingError(f"it is not done after {_SECONDS:.0f} s") from error
    except OSError as error:
        raise RenderingError(f"no process can be started to render it: {error}") from error
    if done.returncode:
        most = f"{_PROCESSOR_SECONDS} s of processor time, or {_MEMORY_BYTES >> 20} MiB of memory"
        return [{"error": f"it takes more than {most}"}]
    found: list[dict[str, str]] = json.loads(done.stdout)
    return found


def main() -> None:
    """Render what standard input gives, and write to standard output what came of it."""
    leave_no_core()
    given = json.load(sys.stdin)
    limit_processor(_PROCESSOR_SECONDS)
    limit_address_space(_MEMORY_BYTES)
    json.dump([_one(given["template"], variables) for variables in given["variables"]], sys.stdout)


def _one(template: str, variables: Mapping[str, Any]) -> dict[str, str]:
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # only for these models

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    try:
        text = environment.from_string(template).render(variables)
    except Exception as error:  # noqa: BLE001 -- whatever a template runs into
        return {"error": f"{type(error).__name__}: {error}"[:300]}
    if len(text) > _LARGEST_CHARACTERS:
        return {"error": f"it gives {len(text)} characters, and {_LARGEST_CHARACTERS} are the most"}
    return {"text": text}
