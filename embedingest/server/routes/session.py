"""`/ui/session`: who signs in at the page with a key, and out. Knows the callers; knows no data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from embedingest.server.http import Answer, Headers, Request, json_answer
from embedingest.server.wire.decode import WireError, decode

if TYPE_CHECKING:
    from embedingest.server.state import ServerState

__all__ = ["session"]

_MOST_CHARACTERS: Final = 4096


async def session(state: ServerState, request: Request) -> Answer:
    """`GET` tells what one may here, `POST {"key"}` signs in, `DELETE` out."""
    if request.method == "POST":
        return await _begin(state, request)
    if request.method == "DELETE":
        return Answer(204, media=None, headers=[("Set-Cookie", state.guard.callers.end(request)), *_UNKEPT])
    return _told(state, request)


async def _begin(state: ServerState, request: Request) -> Answer:
    key = (await state.read(request, decode)).text("key").strip()
    if not state.settings.has_keys:
        raise WireError(400, "this server has no keys: nobody need sign in")
    if not key:
        raise WireError(400, 'field "key" is required')
    cookie = None if len(key) > _MOST_CHARACTERS else state.guard.callers.begin(request, key)
    if cookie is None:
        return state.guard.callers.wrong(request, "this key is not known here")
    return _told(state, request, [("Set-Cookie", cookie)])


_UNKEPT: Final[Headers] = [("Cache-Control", "no-store")]


def _told(state: ServerState, request: Request, headers: Headers | None = None) -> Answer:
    access = request.access
    told = {
        "name": access.name,
        "can": sorted(access.can),
        "filtered": access.filter is not None,
        "keys": state.settings.has_keys,
    }
    return json_answer(told, headers=[*(headers or []), *_UNKEPT])
