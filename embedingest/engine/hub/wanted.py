"""Which files of a repository a model needs: what its list of modules names, and no twin of its weights.

Knows names, and what the list says; reads no file and asks no hub.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any, Final

from embedingest.engine.folder.chain import WEIGHTED
from embedingest.engine.hub.problems import PullError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["CONFIG", "MODULES", "module_folders", "no_modules", "settings_of", "weights_of"]

MODULES: Final = "modules.json"
CONFIG: Final = "config.json"
_SAVE: Final = "save it once with `SentenceTransformer(...).save(folder)` and name that folder with `--model`"
_SETTINGS: Final = re.compile(
    r"(?:modules|config|config_sentence_transformers|tokenizer|added_tokens|special_tokens_map|vocab|.*_config)\.json"
    r"|chat_template\.jinja|vocab\.txt|merges\.txt|model\.safetensors\.index\.json|.*\.model"
)
_SHARD: Final = re.compile(r"model-\d{5}-of-\d{5}\.safetensors")
_ROUTERS: Final = ("Router", "Asym")


def module_folders(repository: str, listed: Any, names: Collection[str]) -> dict[str, str]:
    """Each folder that a module of this list lies in (`""` is the repository itself), with the module's kind.

    Raises PullError for a list that is none, or that leads out of the repository.
    """
    if not isinstance(listed, list) or not listed:
        raise PullError(f"{MODULES} of {repository} lists no modules", remedy=_SAVE)
    folders: dict[str, str] = {}
    for entry in listed:
        place = entry.get("path", "") if isinstance(entry, dict) else None
        if not isinstance(place, str) or "\\" in place or "\0" in place:
            raise PullError(f"{MODULES} of {repository} lists a module without a path that can be read")
        folder = posixpath.normpath(place) if place else "."
        if folder.startswith(("/", "..")):
            raise PullError(f"{MODULES} of {repository} names a module outside the repository: {place[:100]!r}")
        folder = "" if folder == "." else folder
        kind = str(entry.get("type", "")).rpartition(".")[2]
        folders[folder] = kind
        if kind in _ROUTERS:
            below = _folders_below(folder, names)
            folders |= {place: place.rpartition("_")[2] for place in below if place not in folders}
    return folders


def no_modules(repository: str, names: Collection[str]) -> PullError:
    """The error for a repository without a list of modules, by what it has instead."""
    if "config.json" not in names and any(name.endswith(".gguf") for name in names):
        return PullError(
            f"{repository} is GGUF, a form of weights for llama.cpp",
            remedy="fetch one of its files yourself and run it by the plug-in embedingest-llamacpp, or pull the model "
            "that it was made of",
        )
    name = repository.rpartition("/")[2]
    return PullError(
        f"{repository} has no list of modules (`{MODULES}`): nothing says how the vectors of its tokens become one",
        remedy="look for a copy that sentence-transformers saved; or fetch its files yourself, and name their folder "
        f"and the pooling in the settings, `models: {name}: {{path: FOLDER, pooling: mean}}`",
    )


def settings_of(folders: Collection[str], names: Collection[str]) -> list[str]:
    """The small files that tell how the modules in these folders are put together and how text becomes tokens."""
    return sorted(
        name
        for name in names
        if (split := posixpath.split(name))[0] in (*folders, "") and _SETTINGS.fullmatch(split[1])
    )


def weights_of(repository: str, folders: dict[str, str], names: Collection[str]) -> list[str]:
    """The safetensors of these modules, shards where there is no whole one.

    Raises PullError where a module has weights of other forms only.
    """
    found: list[str] = []
    for folder, kind in folders.items():
        below = {base: name for name in names if (base := _base(name, folder))}
        if "model.safetensors" in below:
            found.append(below["model.safetensors"])
        elif shards := sorted(name for base, name in below.items() if _SHARD.fullmatch(base)):
            found += shards
        elif kind in WEIGHTED:
            others = sorted(base for base in below if base.endswith((".bin", ".pt", ".h5", ".msgpack", ".ckpt")))
            raise _without(repository, folder, others, names)
    return sorted(found)


def _without(repository: str, folder: str, others: list[str], names: Collection[str]) -> PullError:
    """The error for weights that are not there in the one form that runs no code."""
    place = f"{repository}/{folder}" if folder else repository
    if others:
        reason = f"{place} has no safetensors, and {others[0]} is a form of weights that may run code"
    elif any(name.endswith(".onnx") for name in names):
        reason = f"{place} has no safetensors, only ONNX"
    elif any(name.endswith(".gguf") for name in names):
        reason = f"{place} has no safetensors, only GGUF"
    else:
        reason = f"{place} has no safetensors"
    return PullError(reason, remedy=f"look for a copy of the model with `model.safetensors`, or {_SAVE}")


def _folders_below(folder: str, names: Collection[str]) -> Iterator[str]:
    """The folders below one that hold a module's settings, as a Router keeps its branches."""
    start = f"{folder}/" if folder else ""
    for name in sorted(names):
        place, base = posixpath.split(name)
        if place.startswith(start) and place != folder and base in ("config.json", "tokenizer.json"):
            yield place


def _base(name: str, folder: str) -> str | None:
    place, base = posixpath.split(name)
    return base if place == folder else None
