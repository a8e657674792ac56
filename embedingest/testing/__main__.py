"""Runs the contract on one plug-in, told as JSON in the one argument. What `embedingest plugins check` starts."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embedingest import registry
from embedingest.errors import EmbedingestError
from embedingest.testing.contract import checks

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["main"]


def main(argument: str) -> int:
    """One line a check on standard error; 0 when all hold, 1 when one does not, 2 when the plug-in cannot start."""
    asked = json.loads(argument)
    examples = {Path(file).name: Path(file).read_bytes() for file in asked["examples"]}
    try:
        subject = _made(asked)
    except EmbedingestError as error:
        _say(f"error: {error}")
        return 2
    broken = 0
    for check in checks(asked["group"]):
        _say(f"… {check.name.replace('_', ' ')}: {check.says}")
        reason = _broken(check, subject, examples)
        if reason is not None:
            broken += 1
            _say(f"  BROKEN: {reason}")
    if broken:
        _say(f"{broken} of {len(checks(asked['group']))} checks are broken")
    return 1 if broken else 0


def _made(asked: Mapping[str, Any]) -> Any:
    plugin = registry.find(asked["group"], asked["name"])
    if asked["group"] != "encoders":
        return plugin.create(options=asked["options"])
    from embedingest.config import ModelConfig
    from embedingest.engine.folder.folder import ModelFolder

    settings = ModelConfig(encoder=asked["name"], path=asked["path"], options=asked["options"])
    whole = asked["path"] is not None and (Path(asked["path"]) / "modules.json").is_file()
    folder = ModelFolder.open(asked["path"]) if whole else None
    return plugin.create(folder, settings, options=asked["options"])


def _broken(check: Any, subject: Any, examples: Mapping[str, bytes]) -> str | None:
    try:
        check(subject, examples)
    except AssertionError as error:
        return str(error) or "an assertion without words"
    except Exception as error:  # noqa: BLE001 -- whatever a stranger's code raises is the finding
        return f"{type(error).__name__}: {error}"
    return None


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
