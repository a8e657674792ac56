"""One step of a model's chain, as a value. Knows nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SCORES", "Module"]

SCORES: Final = "Scores"
"""What follows a cross-encoder's transformer: its one number, put through an activation. Has no files of its own."""


@dataclass(frozen=True, slots=True)
class Module:
    """One step of the chain: its kind (`Transformer`, `Pooling`, `Dense`, …), folder and settings."""

    kind: str
    path: Path
    config: dict[str, Any]
