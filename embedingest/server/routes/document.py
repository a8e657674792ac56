"""The route that reads a document of the table: `/api/document`. Knows its fields; what they mean is the table's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from embedingest.documents import MOST_CHARACTERS
from embedingest.outline import section_name
from embedingest.server.http import Answer, Request
from embedingest.server.wire.decode import Fields, WireError, decode, kind
from embedingest.store.unit import LEAST_BUDGET, MOST_BUDGET

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedingest.server.state import ServerState

__all__ = ["bounded", "document", "json_of", "source_of"]

_FROM: Final = {"start_line": 1, "end_line": 1, "page": 1, "start_chunk": 0, "end_chunk": 0, "start_character": 0}
"""The least that each number may be."""
_PART: Final = frozenset({"around", "max_characters", "section", "budget", *_FROM})
_FIELDS: Final = frozenset({"source", "outline", *_PART})
_LEAST_CHARACTERS: Final = 100
_MOST: Final = 2**53
_SOURCE_CHARACTERS: Final = 20_000  # more than any path has


async def document(state: ServerState, request: Request) -> Answer:
    """`POST /api/document`: what the table has of a document, or a part of it."""
    table = state.table_for(request)
    fields = await state.read(request, decode)
    fields.only(_FIELDS)
    source = source_of(fields)
    part = {"outline": True} if _is_outline(fields) else _part(fields)
    told = await state.threads.run(table.document, source, **part)
    return json_of(told)


def source_of(fields: Fields) -> str:
    """The name of a document. Raises WireError (400, 413)."""
    source = fields.text("source")
    if not source:
        raise WireError(400, 'field "source" is required: take it from a result of `/api/search`')
    if len(source) > _SOURCE_CHARACTERS:
        raise WireError(413, f"the source has {len(source)} characters; the limit is {_SOURCE_CHARACTERS}")
    return source


def bounded(fields: Fields, name: str, least: int, most: int, usual: int | None = None) -> int | None:
    """A whole number within bounds. Raises WireError (400)."""
    value = fields.whole(name)
    if value is None:
        return usual
    if not least <= value <= most:
        raise WireError(400, f'field "{name}" must be from {least} to {most}, not {value}')
    return value


def json_of(told: Mapping[str, Any]) -> Answer:
    """A document of the table as an answer."""
    return Answer(200, orjson.dumps(told, default=str, option=orjson.OPT_SERIALIZE_NUMPY))


def _part(fields: Fields) -> dict[str, Any]:
    part: dict[str, Any] = {name: bounded(fields, name, least, _MOST) for name, least in _FROM.items()}
    part["max_characters"] = bounded(fields, "max_characters", _LEAST_CHARACTERS, MOST_CHARACTERS)
    part["budget"] = bounded(fields, "budget", LEAST_BUDGET, MOST_BUDGET)
    return part | {"around": fields.text("around") or None, "section": _section(fields)}


def _is_outline(fields: Fields) -> bool:
    """Whether the headings of the whole document are wanted, and no text. Raises WireError (400)."""
    wanted = fields.flag("outline", default=False)
    if wanted and (also := sorted(name for name in _PART if fields.get(name) is not None)):
        raise WireError(400, f'an "outline" is of the whole document: leave out "{also[0]}"')
    return wanted


def _section(fields: Fields) -> str | None:
    """The name of a heading, or the headings from the outermost on. Raises WireError (400)."""
    value = fields.get("section")
    if value is None or isinstance(value, str):
        return value
    if not isinstance(value, list) or not all(isinstance(heading, str) for heading in value):
        raise WireError(400, f'field "section" must be a heading, or an array of them, not {kind(value)}')
    return section_name(value)
