"""Patterns of a tokenizer that do not end: those that repeat a group are tried first, in a process that may die of it.

A pattern that goes back over its steps (`(a+)+b`) takes twice the time for each further letter; the library gives up
after some millions, by a panic in the thread that asked. Knows patterns, no words.
"""

from __future__ import annotations

import json
import re
import subprocess
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from embedingest.engine.folder.apart import run_apart
from embedingest.errors import ModelLoadError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tokenizers import Tokenizer

__all__ = ["check_patterns"]

_SECONDS: Final = 10.0
_REPEATED_GROUP: Final = re.compile(r"\)(?:[*+]|\{\d*,)")
_LETTERS: Final = "a1 -.,'\n\u00e9"
_REPEATS: Final = 48
_MOST_LETTERS: Final = 24


def check_patterns(tokenizer: Tokenizer, path: Path) -> None:
    """Raises ModelLoadError that names a pattern of the tokenizer at `path` which does not end in reasonable time."""
    for part in (tokenizer.normalizer, tokenizer.pre_tokenizer):
        state = None if part is None else json.loads(part.__getstate__())
        for pattern in _patterns(state):
            if _REPEATED_GROUP.search(pattern) and not _ends(pattern):
                raise ModelLoadError(
                    f"{path} parts texts by a pattern that does not end: {pattern[:80]!r}",
                    remedy="copy or pull the model again, from its makers",
                )


def _patterns(state: Any) -> Iterator[str]:
    if isinstance(state, dict):
        if isinstance(state.get("Regex"), str):
            yield state["Regex"]
        for value in state.values():
            yield from _patterns(value)
    elif isinstance(state, list):
        for value in state:
            yield from _patterns(value)


@lru_cache(maxsize=64)
def _ends(pattern: str) -> bool:
    """Whether a pattern goes through runs of the letters that it is likely to stumble over."""
    own = [letter for letter in dict.fromkeys(pattern) if letter.isprintable()][:_MOST_LETTERS]
    ends = ("!", "\u0001", f"!{pattern}")  # the library passes by what lacks letters that the pattern needs
    texts = [letter * _REPEATS + end for letter in dict.fromkeys([*_LETTERS, *own]) for end in ends]
    code = (
        "import json, sys\n"
        "from tokenizers import Regex, pre_tokenizers; given = json.load(sys.stdin)\n"
        "split = pre_tokenizers.Split(Regex(given['pattern']), 'isolated')\n"
        "for text in given['texts']: split.pre_tokenize_str(text)"
    )
    given = json.dumps({"pattern": pattern, "texts": texts}).encode()
    try:
        done = run_apart(code, given, _SECONDS)
    except subprocess.TimeoutExpired:
        return False
    except OSError:  # no process can be had: then it is not known
        return True
    return done.returncode == 0
