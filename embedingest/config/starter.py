"""A first configuration file for a folder, with a comment on every line that one may want to change."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["starter"]

_LOOK_AT: Final = 5_000
_CODE: Final = (".py", ".js", ".ts", ".go", ".rs", ".java", ".c", ".cpp", ".h", ".rb", ".cs", ".php", ".kt", ".sh")

_TEXT: Final = """\
# Keeps one table equal to {folder}. Written by `embedingest config init`; run it with `embedingest run`.
# `embedingest config check` says what is wrong with a line, `embedingest config schema` helps an editor to complete.

state: .embedingest                # journal, vector cache, locks, and the table; relative to this file

# engine:
#   threads: 4                     # default: the cores of this machine
#   keep_alive: 5m                 # idle time before the model leaves memory; -1 for ever

pipelines:
  {name}:
    sources:
      - path: {path}
        # as: docs                 # first part of every `source`; default: the folder's name
        # include: ['*.md']        # gitignore patterns; default: everything that can be read
        # exclude: ['drafts/']
    model: all-minilm              # `embedingest models` lists what there is; `hashing` needs no weights
    table: chunks
    chunk:
      # max_tokens: 200            # default: the model's window, at most 512
      heading_prefix: {prefix}        # embed the headings above a chunk with it
    # metadata: {{team: docs}}       # added to every row
    # metadata_rules: {{path: ['{{client}}/{{year}}/**'], sidecar: ['{{name}}.meta.yaml']}}
    # watch: {{settle_ms: 300}}
    # schedule: daily 03:00        # instead of watching

# server:                          # answers /api/embed and /api/search while the pipelines run
#   port: 11434
#   api_key: ${{EMBEDINGEST_API_KEY}}
"""


def starter(folder: Path, beside: Path) -> str:
    """The file's text; `folder` is named as seen from the folder `beside`, where the file will lie."""
    path = os.path.relpath(folder.resolve(), beside.resolve())
    shown = path if path in {".", ".."} or path.startswith("../") else f"./{path}"
    name = "".join(c if c.isalnum() or c in "-_" else "-" for c in folder.resolve().name) or "docs"
    prefix = "false" if _mostly_code(folder) else "true "
    return _TEXT.format(folder=folder.resolve().name, name=name, path=_quoted(shown), prefix=prefix)


def _mostly_code(folder: Path) -> bool:
    suffixes: Counter[bool] = Counter()
    for _, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        suffixes.update(name.lower().endswith(_CODE) for name in files)
        if suffixes.total() > _LOOK_AT:
            break
    return suffixes[True] > suffixes[False]


def _quoted(text: str) -> str:
    plain = all(c.isalnum() or c in "./_-" for c in text)
    return text if plain else "'" + text.replace("'", "''") + "'"
