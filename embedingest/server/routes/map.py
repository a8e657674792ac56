"""The map of the page: `/ui/data/map`. The page's own; what is on a map is the table's business."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from embedingest.server.routes.document import json_of
from embedingest.server.wire.decode import Fields, WireError, decode

if TYPE_CHECKING:
    from embedingest.server.confined import Confined
    from embedingest.server.http import Answer, Request
    from embedingest.server.state import ServerState

__all__ = ["table_map"]

_MOST_IDS: Final = 1000
_ID_CHARACTERS: Final = 64


async def table_map(state: ServerState, request: Request) -> Answer:
    """`GET`: the points of the map, or that it is being drawn. `POST {"ids"}`: where these chunks lie on it."""
    table = state.table_for(request)
    if request.method != "POST":
        return await state.threads.run(lambda: json_of(table.map()))
    fields = await state.read(request, decode)
    fields.only({"ids"})
    return await state.threads.run(_placed, table, _ids(fields))


def _placed(table: Confined, ids: list[str]) -> Answer:
    return json_of(table.places_on_map(ids))


def _ids(fields: Fields) -> list[str]:
    ids = fields.get("ids")
    if not isinstance(ids, list) or not all(isinstance(one, str) and len(one) <= _ID_CHARACTERS for one in ids):
        raise WireError(400, 'field "ids" must be a list of ids of chunks')
    if len(ids) > _MOST_IDS:
        raise WireError(413, f"{len(ids)} ids in one request; the limit is {_MOST_IDS}")
    return ids
