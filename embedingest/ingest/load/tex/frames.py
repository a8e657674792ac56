"""Slides of the class beamer: titles of frames and blocks, notes of the speaker, steps in which things appear."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["with_frames"]

_WORDS: Final = r"\{((?:[^{}]|\{[^{}]{0,400}\}){0,2000})\}"
_STEPS: Final = re.compile(r"(\\[a-zA-Z]{1,30}\*?|\\begin\{[a-zA-Z]{1,30}\*?\})(?:<[0-9a-z+.,:|@* -]{1,60}>)")
_FRAME: Final = re.compile(
    r"\\begin\{frame\}[ \t]{0,9}(?:\[[^\]]{0,200}\][ \t]{0,9}){0,2}(?:" + _WORDS + r"(?:" + _WORDS + r")?)?"
)
_TITLE: Final = re.compile(r"\\frame(sub)?title\*?(?:\[[^\]]{0,200}\])?" + _WORDS)
_BLOCK: Final = re.compile(r"\\begin\{(?:alert|example)?block\}[ \t]{0,9}" + _WORDS)
_NOTE: Final = re.compile(r"\\note(?:\[[^\]]{0,200}\])?" + _WORDS)
_SHOWN: Final = re.compile(r"\\(?:pause|onslide|titlepage)(?![a-zA-Z{])(?:\[\d{1,3}\])?")


def with_frames(text: str) -> str:
    """The text with a heading for each frame's title, a label for each block's, and its notes said to be notes."""
    if "\\frame" not in text and "{frame}" not in text:
        return text
    text = _STEPS.sub(r"\1", text)
    text = _FRAME.sub(lambda match: _heading(match[1]) + _apart(match[2]), text)
    text = _TITLE.sub(lambda match: _apart(match[2]) if match[1] else _heading(match[2]), text)
    text = _BLOCK.sub(lambda match: f"\n\n\\textbf{{{match[1]}}}\n\n" if match[1].strip() else "\n\n", text)
    text = _NOTE.sub(lambda match: _apart(f"Note: {match[1].strip()}"), text)
    return _SHOWN.sub(lambda match: "\\maketitle" if "page" in match[0] else " ", text)


def _heading(words: str | None) -> str:
    return f"\n\n\\subsection{{{words}}}\n\n" if words and words.strip() else "\n\n"


def _apart(words: str | None) -> str:
    return f"\n\n{words}\n\n" if words and words.strip() else ""
