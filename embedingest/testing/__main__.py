"""Runs the contract on one plug-in, told as JSON in the one argument. What `embedingest plugins check` starts."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embedingest import registry
from embedingest.engine.scorer import Scorer
from embedingest.errors import EmbedingestError, ModelLoadError
from embedingest.testing.contract import checks

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["main"]


def main(argument: str) -> int:
    """One line a check on standard error; 0 when all hold, 1 when one does not, 2 when the plug-in cannot start."""
    request = json.loads(argument)
    examples = {Path(file).name: Path(file).read_bytes() for file in request["examples"]}
    try:
        subject = _created(request)
    except EmbedingestError as error:
        _print_line(f"error: {error}")
        return 2
    owed = checks("scorers" if isinstance(subject, Scorer) else request["group"])
    broken = 0
    for check in owed:
        _print_line(f"… {check.name.replace('_', ' ')}: {check.says}")
        reason = _failure(check, subject, examples)
        if reason is not None:
            broken += 1
            _print_line(f"  BROKEN: {reason}")
    if broken:
        _print_line(f"{broken} of {len(owed)} checks are broken")
    return 1 if broken else 0


def _created(request: Mapping[str, Any]) -> Any:
    plugin = registry.find(request["group"], request["name"])
    if request["group"] != "encoders":
        return plugin.create(options=request["options"])
    from embedingest.config import ModelConfig
    from embedingest.engine.folder.folder import ModelFolder

    settings = ModelConfig(encoder=request["name"], path=request["path"], options=request["options"])
    folder = None
    if request["path"] is not None:
        is_listed = (Path(request["path"]) / "modules.json").is_file()
        with contextlib.suppress(*(() if is_listed else (ModelLoadError,))):  # a plug-in may read files of any kind
            folder = ModelFolder.open(request["path"])
    return plugin.create(folder, settings, options=request["options"])


def _failure(check: Any, subject: Any, examples: Mapping[str, bytes]) -> str | None:
    try:
        check(subject, examples)
    except AssertionError as error:
        return str(error) or "an assertion without words"
    except Exception as error:  # noqa: BLE001 -- whatever a stranger's code raises is the finding
        return f"{type(error).__name__}: {error}"
    return None


def _print_line(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
