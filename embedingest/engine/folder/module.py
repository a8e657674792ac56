"""One step of a model's chain, as a value. Knows nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Module"]


@dataclass(frozen=True, slots=True)
class Module:
    """One step of the chain: its kind (`Transformer`, `Pooling`, `Dense`, …), folder and settings."""

    kind: str
    path: Path
    config: dict[str, Any]
