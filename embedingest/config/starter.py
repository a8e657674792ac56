"""A first configuration file for a folder, with a comment on every line that one may want to change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from embedingest.errors import ConfigError
from embedingest.types import DEFAULT_STATE

__all__ = ["default_file", "starter"]

_NAME: Final = "embedingest.yaml"

_TEXT: Final = """\
# Keeps one table equal to a folder. Written by `embedingest config init`; run it with `embedingest run`.
# As it stands it does what `embedingest watch` does with that folder, in the same table.
# `embedingest config check` says what is wrong with a line, `embedingest config schema` helps an editor to complete.

state: {state}
# The journal, the vector cache, locks, and the table; relative to this file.

# engine:
#   threads: 4                     # default: the cores of this machine
#   keep_alive: 5m                 # idle time before the model leaves memory; -1 for ever

pipelines:
  {name}:
    sources:
      - path: {path}
        # as: docs                 # first part of every `source`; default: the folder's name
        # include: ['*.md']        # gitignore patterns; default: everything that can be read
        {exclude}
    model: all-minilm              # `embedingest models` lists what there is; `hashing` needs no weights
    table: chunks
    # chunk:
    #   max_tokens: 200            # default: the model's window, at most 512
    # context: [title, headings]   # embed the title and the headings above a chunk with it
    # metadata: {{team: docs}}       # added to every row
    # metadata_rules: {{path: ['{{client}}/{{year}}/**'], sidecar: ['{{name}}.meta.yaml']}}
    # watch: {{settle_ms: 300}}
    # schedule: daily 03:00        # instead of watching

# server:                          # answers /api/embed and /api/search while the pipelines run
#   port: 11434
#   api_key: ${{EMBEDINGEST_API_KEY}}
"""


def default_file(folder: Path) -> Path:
    """Where the file goes that nobody named: here, or where here is inside `folder`, in the state folder here.

    What lies in the state folder is never read as a document.
    """
    return Path(DEFAULT_STATE, _NAME) if Path.cwd().is_relative_to(folder.resolve()) else Path(_NAME)


def starter(folder: Path, file: Path) -> str:
    """The text of `file` for `folder`: what `watch` does with it here, with the table in the same place.

    Raises ConfigError for a folder whose name is no text.
    """
    beside, followed = file.resolve().parent, folder.resolve()
    if not _is_text(str(followed)):
        raise ConfigError(f"{followed!r} is no text, so no file can name it", remedy="rename it, or name one above it")
    name = "".join(c if c.isalnum() or c in "-_" else "-" for c in followed.name) or "docs"
    return _TEXT.format(
        state=_shown(Path(DEFAULT_STATE).absolute(), beside),
        name=_quoted(name),
        path=_shown(followed, beside),
        exclude=_exclude(followed, file.resolve()),
    )


def _is_text(path: str) -> bool:
    """Whether a path is characters throughout; bytes that are none stand in Python's names as lone surrogates."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _exclude(folder: Path, file: Path) -> str:
    """The line that leaves out `file` itself where it would be a document of `folder`; else an example."""
    if not file.is_relative_to(folder) or DEFAULT_STATE in file.relative_to(folder).parts:
        return "# exclude: ['drafts/']"
    pattern = "/" + "".join(f"\\{c}" if c in "*?[]\\!# " else c for c in file.relative_to(folder).as_posix())
    return f"exclude: [{_quoted(pattern, always=True)}]    # this file is no document"


def _shown(path: Path, beside: Path) -> str:
    """A path as one writes it in a file in `beside`: relative where it is near, whole elsewhere."""
    near = next((base for base in (beside, beside.parent) if path.is_relative_to(base)), None)
    if near is None:
        return _quoted(str(path))
    inner = path.relative_to(near).as_posix()
    if near == beside:
        return _quoted(inner if inner == "." or inner.startswith(".") else f"./{inner}")
    return _quoted(".." if inner == "." else f"../{inner}")


def _quoted(text: str, *, always: bool = False) -> str:
    """`text` so that this file's own reader gives it back: YAML's quotes where it needs them, `$$` for `$`."""
    plain = text[0].isalnum() or text[0] in "./"
    if not always and plain and all(c.isalnum() or c in "./_-" for c in text):
        return text
    text = text.replace("$", "$$")
    return "'" + text.replace("'", "''") + "'" if text.isprintable() else json.dumps(text)
