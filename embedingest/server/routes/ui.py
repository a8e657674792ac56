"""The page for people: its files, as they lie in `ui/`. Knows no data; what the page shows it asks for by itself.

Every file but the first has the sum of all files in its address, and is kept by browsers for good: another version has
other addresses. The first is asked for each time.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from embedingest.server.http import Answer, Request
from embedingest.server.wire.decode import WireError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedingest.server.state import ServerState

__all__ = ["asset", "index"]

_MEDIA: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_INDEX: Final = "index.html"
_RELEASE: Final = b"{release}"
_RELEASE_DIGITS: Final = 16
_POLICY: Final = "; ".join(
    [
        "default-src 'none'",
        *(f"{kind}-src 'self'" for kind in ("script", "style", "img", "connect")),
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        # What becomes markup goes through the one function that takes what the server rendered.
        "require-trusted-types-for 'script'",
        "trusted-types rendered",
    ]
)
_GUARDED: Final = (("Content-Security-Policy", _POLICY), ("Referrer-Policy", "no-referrer"))


async def index(_state: ServerState, request: Request) -> Answer:
    """`GET /ui`: the page itself, which names all other files."""
    release, contents = _bundle()
    page = contents[_INDEX].replace(_RELEASE, release.encode())
    return _file(request, page, "text/html; charset=utf-8", release, "no-cache")


async def asset(_state: ServerState, request: Request) -> Answer:
    """`GET /ui/files/RELEASE/FILE`. Another release's is not found: its page is to be loaded anew."""
    release, contents = _bundle()
    name = request.path_params["file"]
    media = _MEDIA.get(name.rpartition(".")[2])
    if request.path_params["release"] != release or media is None or name not in contents:
        raise WireError(404, "this file is not part of the page as it is now: load the page again")
    return _file(request, contents[name], media, release, "public, max-age=31536000, immutable")


def _file(request: Request, body: bytes, media: str, release: str, keep: str) -> Answer:
    headers = [*_GUARDED, ("Cache-Control", keep), ("ETag", f'"{release}"')]
    if f'"{release}"' in request.headers.get("if-none-match", ""):
        return Answer(304, media=None, headers=headers)
    return Answer(200, body, media, headers)


@cache
def _bundle() -> tuple[str, Mapping[str, bytes]]:
    """The sum of all files, and each by its name."""
    folder = files("embedingest.server").joinpath("ui")
    names = [file.name for file in folder.iterdir() if file.name == _INDEX or file.name.rpartition(".")[2] in _MEDIA]
    contents = {name: folder.joinpath(name).read_bytes() for name in sorted(names)}
    whole = hashlib.sha256()
    for name, content in contents.items():
        for part in (name.encode(), content):
            whole.update(len(part).to_bytes(8, "little") + part)
    return whole.hexdigest()[:_RELEASE_DIGITS], contents
