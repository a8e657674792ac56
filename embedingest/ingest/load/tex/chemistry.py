r"""Formulas of chemistry (`\ce{2H2 + O2 -> 2H2O}`, package mhchem) as they are printed. Runs no TeX."""

from __future__ import annotations

import re
from typing import Final

from embedingest.ingest.load.common.raised import written

__all__ = ["with_chemistry"]

_FORMULA: Final = re.compile(r"\\(?:cee?|ch)\{((?:[^{}\\]|\{[^{}\\]{0,80}\}){0,400})\}")
_ARROWS: Final = {"<=>": "⇌", "<->": "↔", "->": "→", "<-": "←"}
_ARROW: Final = re.compile(r"(?<!\S)(<=>|<->|->|<-)(?=[\s\[]|\Z)")
_COUNT: Final = re.compile(r"(?<=[A-Za-z)\]])_?(?:([0-9]{1,4})|(?<=[A-Za-z)\]]_)\{([^{}]{1,80})\})")
_CHARGE: Final = re.compile(r"\^(?:\{([^{}]{1,80})\}|([0-9]{0,3}[+-]|[0-9]{1,3}))")


def with_chemistry(text: str) -> str:
    """The text with each formula as words: numbers of atoms lowered, charges raised, arrows as signs."""
    return _FORMULA.sub(lambda match: _printed(match[1]), text) if "\\c" in text else text


def _printed(formula: str) -> str:
    formula = _COUNT.sub(lambda match: written(match[1] or match[2], below=True), formula)
    formula = _CHARGE.sub(lambda match: written(match[1] or match[2], below=False), formula)
    return _ARROW.sub(lambda match: _ARROWS[match[1]], formula).replace("{", "").replace("}", "")
