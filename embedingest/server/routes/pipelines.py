"""What the page shows of pipelines and asks of them: `/ui/data/pipelines`, `/ui/data/events`, `/ui/data/act`."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from embedingest.server.http import Answer, Request, json_answer
from embedingest.server.pipelines import document_of
from embedingest.server.streams import EVENTS, EventAnswer
from embedingest.server.wire.decode import WireError, decode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from embedingest.server.pipelines import Deed, PipelinesView
    from embedingest.server.state import ServerState
    from embedingest.server.wire.decode import Fields

__all__ = ["act", "events", "pipelines"]

_FIELDS: Final = frozenset({"pipeline", "verb", "sources", "pending"})
_VERBS: Final = ("retry", "confirm", "pause", "resume")
_MOST_DEEDS: Final = 32
_LOOK_SECONDS: Final = (0.05, 0.1, 0.2, 0.4, 1.0)
_NO_STORE: Final = [("Cache-Control", "no-store")]


def _refuse_partial(request: Request) -> None:
    """Raises WireError (403) for a key with a filter: what failed or waits is named, whosever it is."""
    if request.access.filter is not None:
        text = f"the key `{request.access.name}` reads a part of the table, and pipelines are of all of it"
        raise WireError(403, text)


async def pipelines(state: ServerState, request: Request) -> Answer:
    """All pipelines as they are now."""
    _refuse_partial(request)
    return Answer(200, await state.threads.run(document_of, state.pipelines), headers=_NO_STORE)


async def events(state: ServerState, request: Request) -> Response:
    """The same document now, and again as soon as it is another: server-sent events named `pipelines`.

    In HTTP/1.0, which has no answers without a length, one event: a client that asks again gets the next.
    """
    _refuse_partial(request)
    if request.method == "HEAD":
        return Answer(200, b"", EVENTS, _NO_STORE)
    if request.scope["http_version"] == "1.0":
        return Answer(200, await state.streams.latest(), EVENTS, [*_NO_STORE, ("Connection", "close")])
    return EventAnswer(request, state.streams, partial(_is_known_still, state, request))


def _is_known_still(state: ServerState, request: Request) -> bool:
    """Whether the key or session of a request is what it was: keys are taken away while a stream is open."""
    access = request.access
    state.guard.callers.identify(request)
    return request.access == access


async def act(state: ServerState, request: Request) -> Answer:
    """Ask a pipeline's writer to `retry`, `confirm`, `pause` or `resume`, and wait until it has.

    Whoever leaves before it has begun takes back what was asked. 409 where it cannot be done as things stand.
    """
    _refuse_partial(request)
    view = state.pipelines
    fields = await state.read(request, decode)
    name, verb, what = _wanted(fields)
    if view is None or name not in view.names():
        raise WireError(404, f'no pipeline "{name}" is followed here (any more)')
    if state.deeds >= _MOST_DEEDS:
        raise WireError(503, f"{_MOST_DEEDS} requests to pipelines wait already; try again later")
    state.deeds += 1
    try:
        deed = await state.threads.run(partial(_begun, view, name, verb, what))
        try:
            answer = await state.unless_disconnected(request, state.unless_stopping(_answered(state, deed)))
        finally:
            state.threads.submit(deed.withdraw)
    finally:
        state.deeds -= 1
    return json_answer({"pipeline": name, "verb": verb, **answer}, headers=_NO_STORE)


def _begun(view: PipelinesView, name: str, verb: str, what: dict[str, Any]) -> Deed:
    try:
        return view.act(name, verb, **what)
    except KeyError:
        raise WireError(404, f'pipeline "{name}" is followed no more') from None


async def _answered(state: ServerState, deed: Deed) -> Mapping[str, Any]:
    looks = 0
    while (answer := await state.threads.run(deed.look)) is None:
        await asyncio.sleep(_LOOK_SECONDS[min(looks, len(_LOOK_SECONDS) - 1)])
        looks += 1
    return answer


def _wanted(fields: Fields) -> tuple[str, str, dict[str, Any]]:
    fields.only(_FIELDS)
    name, verb = fields.text("pipeline"), fields.text("verb")
    if verb not in _VERBS:
        raise WireError(400, f'field "verb" must be one of {", ".join(_VERBS)}, not "{verb}"')
    what: dict[str, Any] = {}
    sources = fields.get("sources")
    if sources is not None:
        if not isinstance(sources, list) or not sources or not all(isinstance(source, str) for source in sources):
            raise WireError(400, 'field "sources" must be a list of names of documents, one at least')
        what["sources"] = sources
    if pending := fields.text("pending"):
        what["pending"] = pending
    taken = {"retry": {"sources"}, "confirm": {"sources", "pending"}}.get(verb, set())
    if spare := what.keys() - taken:
        raise WireError(400, f'field "{min(spare)}" says nothing to `{verb}`')
    if verb == "confirm" and len(what) != 1:
        raise WireError(400, 'to confirm, name what waits: either "sources", or "pending" as it was shown')
    return name, verb, what
