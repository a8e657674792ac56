"""YAML text into plain values that remember where they were written. Knows no settings and reads no environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BeforeValidator, Field

from embedingest.config.rules import MOST_BITS
from embedingest.errors import ConfigError
from embedingest.paths import expanded

if TYPE_CHECKING:
    from collections.abc import Collection

    import yaml

__all__ = ["FilePath", "Key", "LocatedStr", "Place", "Places", "Uri", "dotted", "nearest", "parse"]

Key = tuple[str | int, ...]

_PLAIN_TAGS: Final = {f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float")}
_TEXT_TAGS: Final = {f"tag:yaml.org,2002:{name}" for name in ("str", "timestamp", "value")}
_MAX_NODES: Final = 50_000  # aliases of aliases may not grow a small file into a large one


class LocatedStr(str):
    """A string of a configuration file that knows the folder its relative paths mean.

    `variables` is how it was written where that named variables of the environment, and empty otherwise.
    """

    __slots__ = ("base", "variables")
    base: Path
    variables: str

    @classmethod
    def of(cls, text: str, base: Path, variables: str = "") -> LocatedStr:
        located = cls(text)
        located.base = base
        located.variables = variables
        return located

    def resolved(self) -> Path:
        """The path it means: `~` expanded, relative to the file's folder. Raises ConfigError where it is none."""
        return self.base / expanded(str(self))


def _path(value: Any) -> Any:
    """A path of a configuration file is relative to that file; one of the command line to where it was called."""
    try:
        if isinstance(value, LocatedStr):
            return value.resolved()
        return expanded(value) if isinstance(value, (str, Path)) else value
    except ConfigError as error:
        raise ValueError(error.message) from None  # pydantic says at which key


def _uri(value: Any) -> Any:
    return str(_path(value)) if isinstance(value, str) and "://" not in value else value


FilePath = Annotated[Path, BeforeValidator(_path)]
Uri = Annotated[str, BeforeValidator(_uri), Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Place:
    """One line of one file."""

    file: Path
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


Places = dict[Key, Place]


@dataclass(slots=True)
class _Builder:
    file: Path
    base: Path
    places: Places = field(default_factory=dict)
    nodes: int = 0

    def build(self, node: yaml.Node, key: Key, open_nodes: frozenset[int] = frozenset()) -> Any:
        import yaml  # flags need none

        self.nodes += 1
        if id(node) in open_nodes or self.nodes > _MAX_NODES:
            raise self.error(node, key, "aliases go round in a circle or grow without end")
        self.places.setdefault(key, self.place(node))
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, key, open_nodes | {id(node)})
        if isinstance(node, yaml.SequenceNode):
            inner = open_nodes | {id(node)}
            return [self.build(child, (*key, index), inner) for index, child in enumerate(node.value)]
        return self.scalar(node, key)

    def mapping(self, node: yaml.MappingNode, key: Key, open_nodes: frozenset[int]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name_node, value_node in node.value:
            name = name_node.value
            if not isinstance(name, str):
                raise self.error(name_node, key, "a key must be a plain word")
            if name == "<<":
                raise self.error(name_node, key, "merge keys (`<<`) are not read; use `extends:` or write it out")
            if name in values:
                raise self.error(name_node, (*key, name), "this key is given twice")
            self.places[(*key, name)] = self.place(name_node)
            values[name] = self.build(value_node, (*key, name), open_nodes)
        return values

    def scalar(self, node: yaml.Node, key: Key) -> Any:
        import yaml  # flags need none

        if node.tag in _PLAIN_TAGS:
            try:
                value = yaml.constructor.SafeConstructor().construct_object(node)
            except ValueError as error:  # such as a number of many thousand digits
                raise self.error(node, key, f"a value that cannot be read as {node.tag.rpartition(':')[2]}") from error
            if isinstance(value, int) and value.bit_length() > MOST_BITS:
                raise self.error(node, key, "a number of more than 300 digits")
            return value
        if node.tag in _TEXT_TAGS:
            return LocatedStr.of(node.value, self.base)
        raise self.error(node, key, f"the tag `{node.tag}` is not read; plain YAML only")

    def place(self, node: yaml.Node) -> Place:
        return Place(self.file, node.start_mark.line + 1)

    def error(self, node: yaml.Node, key: Key, message: str) -> ConfigError:
        return ConfigError(f"{self.place(node)}: {dotted(key)}: {message}")


def dotted(key: Key) -> str:
    """`("pipelines", "docs", "sources", 0)` as people write it: `pipelines.docs.sources[0]`."""
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "the file"


def nearest(places: Places, key: Key) -> Place:
    """Where `key`, or the nearest key around it, was written."""
    for length in range(len(key), -1, -1):
        if key[:length] in places:
            return places[key[:length]]
    return next(iter(places.values()))


def parse(text: str, file: Path, *, known: Collection[str] | None = None) -> tuple[dict[str, Any], Places]:
    """The mapping in `text` and the line of each of its keys. Raises ConfigError with file, line and key.

    With `known`, a file that has none of these keys is no configuration: errors then quote nothing of it.
    """
    import yaml  # flags need none

    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if known is not None and node is not None and not _has_any(node, known):
            raise ConfigError(f"{file}: is no configuration: it has none of the keys {', '.join(sorted(known))}")
        if node is None:
            return {}, {(): Place(file, 1)}
        if not isinstance(node, yaml.MappingNode):
            raise ConfigError(f"{file}:1: a configuration is a mapping of keys to values")
        builder = _Builder(file=file, base=file.absolute().parent)
        return builder.build(node, ()), builder.places
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or str(error)
        reason = f": {problem}" if known is None else ""
        # The cause would print the line, and a file that is no configuration may hold secrets.
        raise ConfigError(f"{file}{line}: not readable as YAML{reason}") from (error if known is None else None)
    except RecursionError as error:
        raise ConfigError(f"{file}: nested too deeply") from error


def _has_any(node: yaml.Node, known: Collection[str]) -> bool:
    import yaml  # flags need none

    return isinstance(node, yaml.MappingNode) and any(name.value in known for name, _ in node.value)
