"""A configuration file into a checked Config: variables, `extends:`, errors with file, line and key.

The only room beside the command line that reads the environment. Opens nothing that a configuration names.
"""

from __future__ import annotations

import errno
import os
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from embedingest.config.located import Key, LocatedStr, Place, Places, dotted, nearest, parse
from embedingest.config.model import Config
from embedingest.config.problems import problems
from embedingest.errors import ConfigError, EmbedingestError
from embedingest.regular import read_bounded
from embedingest.types import DEFAULT_STATE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Reading", "expanded", "is_configuration", "read", "read_file"]

_VARIABLE: Final = re.compile(r"\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*+)(?::-([^}]*+))?(\}|\Z)")  # unclosed: read once
_MAX_PROBLEMS: Final = 20
_LARGEST_BYTES: Final = 2**20  # of one configuration file
_KEYS: Final = frozenset((*Config.model_fields, "extends"))
_ENDINGS: Final = frozenset((".yaml", ".yml"))


@dataclass(frozen=True, slots=True)
class Reading:
    """A configuration with what is known of its origin.

    `files` are those that were read, the named one first. `hidden` are the keys whose values came from the
    environment. `places` says where each key was written.
    """

    config: Config
    files: tuple[Path, ...]
    places: Places = field(repr=False)
    hidden: frozenset[Key] = frozenset()

    def place(self, *key: str | int) -> Place:
        """Where `key`, or the nearest key around it, was written."""
        return nearest(self.places, key)

    @contextmanager
    def at(self, *key: str | int) -> Iterator[None]:
        """What is found wrong inside is an error of this file: raised as a ConfigError with its line and `key`."""
        try:
            yield
        except EmbedingestError as error:
            message = f"{self.place(*key)}: {dotted(key)}: {error.message}"
            raise ConfigError(message, remedy=error.remedy) from error


def read(path: str | os.PathLike[str], environment: Mapping[str, str] | None = None) -> Config:
    """The configuration in the YAML file `path`. Raises ConfigError that lists every problem with its line."""
    return read_file(path, environment).config


def read_file(path: str | os.PathLike[str], environment: Mapping[str, str] | None = None) -> Reading:
    """The same, with its origin: for `config show`, for re-reading, for errors found later."""
    file = Path(path)
    files: list[Path] = []
    data, places = _with_parents(file, files)
    hidden: set[Key] = set()
    unset: list[tuple[Place, str]] = []
    known = os.environ if environment is None else environment
    data = _expanded(data, (), known, places, hidden, unset)
    if unset:
        raise _error(file, unset)
    _fill_places(data, file)
    config = _validated(data, file, places)
    return Reading(config=config, files=tuple(files), places=places, hidden=frozenset(hidden))


def is_configuration(path: Path) -> bool:
    """Whether a YAML file has pipelines or a server, and no key that no configuration has; its values may be wrong."""
    if path.suffix.lower() not in _ENDINGS or not path.is_file():
        return False
    try:
        data, _ = parse(_text(path, []), path, known=_KEYS)
    except ConfigError:
        return False
    return data.keys() <= _KEYS and any(isinstance(data.get(key), dict) for key in ("pipelines", "server"))


def _with_parents(file: Path, files: list[Path]) -> tuple[dict[str, Any], Places]:
    resolved = file.resolve()
    if resolved in (known.resolve() for known in files):
        circle = " → ".join(str(known) for known in [*files, file])
        raise ConfigError(f"{files[-1]}: `extends` goes round in a circle: {circle}")
    files.append(file)
    data, places = parse(_text(file, files), file, known=_KEYS if len(files) > 1 else None)
    parent = data.pop("extends", None)
    if parent is None:
        return data, places
    place = nearest(places, ("extends",))
    if not isinstance(parent, LocatedStr):
        raise ConfigError(f"{place}: extends: one file name, not a {type(parent).__name__}")
    below, below_places = _with_parents(_parent(parent, place, files), files)
    return _merged(below, data, (), below_places, places), below_places


def _parent(name: LocatedStr, place: Place, files: list[Path]) -> Path:
    """The file that `extends` names: below the folder of a configuration, or anywhere by an absolute name."""
    try:
        path = name.resolved()
        resolved = path.resolve()
        folders = [files[0].resolve().parent, files[-1].resolve().parent, files[-1].absolute().parent.resolve()]
    except ConfigError as error:
        raise ConfigError(f"{place}: extends: {error.message}", remedy=error.remedy) from error
    except (OSError, RuntimeError, ValueError) as error:
        raise ConfigError(f"{place}: extends: {error}") from error
    named_whole = Path(str(name)).is_absolute() or str(name).startswith("~")
    if not named_whole and not any(resolved.is_relative_to(folder) for folder in folders):
        raise ConfigError(
            f"{place}: extends: {path} lies at {resolved}, outside {files[-1].absolute().parent}",
            remedy="name it with its whole path, or move it below the configuration's folder",
        )
    return path


def _text(file: Path, files: list[Path]) -> str:
    by = f" (named by `extends` in {files[-2]})" if len(files) > 1 else ""
    try:
        content = read_bounded(file, _LARGEST_BYTES) if len(files) > 1 else _read_any(file)
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}{by}: not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigError(
            f"{file}{by}: {reason}", remedy="`embedingest config init` writes a file to start from"
        ) from error


def _read_any(file: Path) -> bytes:
    """The bytes of the file that a person named, which may be a pipe. Raises OSError for more than the largest."""
    with file.open("rb") as stream:
        content = stream.read(_LARGEST_BYTES + 1)
    if len(content) > _LARGEST_BYTES:
        raise OSError(errno.EFBIG, f"it has more than {_LARGEST_BYTES} bytes", str(file))
    return content


def _merged(below: dict[str, Any], above: dict[str, Any], key: Key, places: Places, over: Places) -> dict[str, Any]:
    """`above` over `below`: mappings key by key, everything else replaced whole. `places` follows along."""
    merged = dict(below)
    for name, value in above.items():
        inner = (*key, name)
        if isinstance(value, dict) and isinstance(below.get(name), dict):
            merged[name] = _merged(below[name], value, inner, places, over)
        else:
            merged[name] = value
            for old in [place for place in places if place[: len(inner)] == inner]:
                del places[old]
            places.update({place: where for place, where in over.items() if place[: len(inner)] == inner})
    return merged


def _expanded(
    value: Any, key: Key, known: Mapping[str, str], places: Places, hidden: set[Key], problems: list[tuple[Place, str]]
) -> Any:
    if isinstance(value, dict):
        return {n: _expanded(v, (*key, n), known, places, hidden, problems) for n, v in value.items()}
    if isinstance(value, list):
        return [_expanded(v, (*key, i), known, places, hidden, problems) for i, v in enumerate(value)]
    if not isinstance(value, LocatedStr) or "$" not in value:
        return value

    named, unset = _variables(value, known)
    if not named:
        return LocatedStr.of(_replaced(value, known), value.base)
    hidden.add(key)
    for name in unset:
        message = f"the environment variable `{name}` is not set; set it, or write `${{{name}:-default}}`"
        problems.append((nearest(places, key), f"{dotted(key)}: {message}"))
    return LocatedStr.of(_replaced(value, known), value.base, variables=str(value))


def expanded(text: str, environment: Mapping[str, str] | None = None) -> str:
    """`text` with its variables replaced. Raises ConfigError that names those that are not set."""
    known = os.environ if environment is None else environment
    _, unset = _variables(text, known)
    if unset:
        raise ConfigError(
            f"a remembered setting was written with `${unset[0]}`, which is not set here",
            remedy=f"set the environment variable {unset[0]}, as where the table was written",
        )
    return _replaced(text, known)


def _variables(text: str, known: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """The variables that are named in a text, and those of them that have neither value nor default."""
    groups = [match.groups() for match in _VARIABLE.finditer(text) if match[3]]
    return [name for name, *_ in groups], [name for name, default, _ in groups if name not in known and default is None]


def _replaced(text: str, known: Mapping[str, str]) -> str:
    def replacement(match: re.Match[str]) -> str:
        name, default, closed = match.groups()
        if not closed:
            return match[0].replace("$$", "$")
        return known.get(name) or default or ""  # as in a shell: empty counts as unset for `:-`

    return _VARIABLE.sub(replacement, text)


def _fill_places(data: dict[str, Any], file: Path) -> None:
    """Defaults that are paths mean the file's folder too, so a file runs the same from everywhere."""
    base = file.absolute().parent
    state = data.setdefault("state", LocatedStr.of(DEFAULT_STATE, base))
    pipelines = data.get("pipelines")
    for pipeline in pipelines.values() if isinstance(pipelines, dict) else ():
        if isinstance(pipeline, dict) and isinstance(state, LocatedStr):
            pipeline.setdefault("db", LocatedStr.of(f"{state}/lancedb", state.base))


def _validated(data: dict[str, Any], file: Path, places: Places) -> Config:
    try:
        return Config.model_validate(data)
    except ValidationError as error:
        found = [(nearest(places, key), f"{dotted(key)}: {text}") for key, text in problems(error, data, Config)]
        raise _error(file, found) from None  # the cause would print values, secrets among them


def _error(file: Path, problems: list[tuple[Place, str]]) -> ConfigError:
    lines = [f"{place}: {text}" for place, text in sorted(set(problems), key=lambda p: (str(p[0].file), p[0].line))]
    if len(lines) == 1:
        return ConfigError(lines[0])
    more = [f"… and {len(lines) - _MAX_PROBLEMS} more"] if len(lines) > _MAX_PROBLEMS else []
    return ConfigError("\n".join([f"{file}: {len(lines)} problems", *lines[:_MAX_PROBLEMS], *more]))
