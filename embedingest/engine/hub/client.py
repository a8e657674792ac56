"""One hub, asked over HTTP: what it says of a repository, and the bytes of its files. The only module that asks.

The connection is huggingface_hub's own, so its proxies, certificates and offline switch hold. The token goes to the
hub's own address; where the hub sends a request on to another host, the token is left out.
"""

from __future__ import annotations

import contextlib
import json
import os
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from embedingest.engine.hub.problems import PullError, TransientError
from embedingest.engine.hub.repository import HubFile, Repository, is_digest, read_repository
from embedingest.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Hub"]

_LARGEST_ANSWER_BYTES: Final = 32 * 2**20
_NETWORK_PACKAGES: Final = ("httpx", "httpcore")  # whichever of their versions huggingface_hub uses
_BUSY: Final = (408, 425, 429, 500, 502, 503, 504)
_CONVERTER: Final = "SFconvertbot"
_CONVERTED: Final = "Adding `safetensors` variant of this model"
_PICKLE: Final = "pytorch_model.bin"


class Hub:
    """The hub at `endpoint`, by default `$HF_ENDPOINT`, else huggingface.co. Raises PullError where asking is off."""

    def __init__(self, endpoint: str | None = None) -> None:
        from huggingface_hub import constants, get_token

        if constants.HF_HUB_OFFLINE:
            raise PullError(
                "nothing is fetched: `HF_HUB_OFFLINE` is set", remedy="take it out of the environment for the pull"
            )
        self.endpoint = (endpoint or os.environ.get("HF_ENDPOINT") or constants.ENDPOINT).rstrip("/")
        if not self.endpoint.startswith(("http://", "https://")):
            raise PullError(f"`HF_ENDPOINT` is no address: {self.endpoint}", remedy="write it with `https://`")
        token = None if constants.HF_HUB_DISABLE_IMPLICIT_TOKEN else get_token()
        self._timeout = float(constants.HF_HUB_DOWNLOAD_TIMEOUT)
        self._headers = {"user-agent": f"embedingest/{__version__}", "accept-encoding": "identity"}
        self.has_token = bool(token)
        if token:
            self._headers["authorization"] = f"Bearer {token}"

    def repository(self, name: str, revision: str = "main") -> Repository:
        """What the hub says of a repository. Raises PullError, TransientError."""
        return read_repository(name, self._ask(name, f"/revision/{quote(revision, safe='')}?blobs=true"))

    def converted(self, repository: Repository) -> Repository | None:
        """The repository at the commit where the hub's own converter put the same weights as safetensors.

        Its weights count as the same where that commit still has the very pickle that this one has. Raises PullError,
        TransientError.
        """
        pickle = repository.files.get(_PICKLE)
        if pickle is None or not pickle.digest:
            return None
        asked = f"/discussions?type=pull_request&author={_CONVERTER}"
        told = self._ask(repository.id, asked)
        proposals = told.get("discussions") if isinstance(told, dict) else None
        for proposal in proposals if isinstance(proposals, list) else ():
            match proposal:
                case {"num": int(number), "title": str(title), "author": {"name": str(author)}}:
                    if title == _CONVERTED and author == _CONVERTER:
                        there = self.repository(repository.id, f"refs/pr/{number}")
                        if there.files.get(_PICKLE) == pickle:
                            return there
        return None

    def stated(self, repository: Repository, file: HubFile) -> HubFile:
        """The file with size and digest from the head of its answer, where the list left them out.

        Raises PullError, TransientError.
        """
        if file.is_stated:
            return file
        with self._get(repository.id, self._address(repository, file), {}, head=True) as response:
            tag = response.headers.get("x-linked-etag") or response.headers.get("etag") or ""
            size = response.headers.get("x-linked-size") or response.headers.get("content-length") or ""
        digest = tag.removeprefix("W/").strip('"')
        if not is_digest(digest) or not size.isdecimal():
            raise PullError(
                f"{self.endpoint} states no digest of {file.name}, so nobody can tell whether it comes whole",
                remedy="check `HF_ENDPOINT`: some mirrors leave it out",
            )
        return HubFile(file.name, int(size), digest)

    @contextlib.contextmanager
    def stream(self, repository: Repository, file: HubFile, *, start: int = 0) -> Iterator[Any]:
        """The answer with a file's bytes from byte `start` on: status 206, or 200 where the hub sends the whole.

        Raises PullError, TransientError; inside, TransientError for a connection that broke.
        """
        headers = {"range": f"bytes={start}-"} if start else {}
        with self._get(repository.id, self._address(repository, file), headers) as response:
            yield response

    def _address(self, repository: Repository, file: HubFile) -> str:
        return f"{self.endpoint}/{repository.id}/resolve/{repository.revision}/{quote(file.name)}"

    def _ask(self, name: str, path: str) -> Any:
        with self._get(name, f"{self.endpoint}/api/models/{name}{path}", {}) as response:
            try:
                return json.loads(_read(response, name))
            except (ValueError, RecursionError) as error:
                raise PullError(
                    f"{self.endpoint} answered about {name} with something that is not JSON",
                    remedy="check `HF_ENDPOINT`, and what stands between here and the hub",
                ) from error

    @contextlib.contextmanager
    def _get(self, name: str, address: str, headers: dict[str, str], *, head: bool = False) -> Iterator[Any]:
        from huggingface_hub import get_session

        with self._told(name):
            asked = get_session().stream(
                "HEAD" if head else "GET",
                address,
                headers=self._headers | headers,
                timeout=self._timeout,
                follow_redirects=not head,  # a large file's digest is told where it is said where to get it
            )
            with asked as response:
                self._check(name, response)
                yield response

    @contextlib.contextmanager
    def _told(self, name: str) -> Iterator[None]:
        """Turns what the connection raises into errors of ours."""
        try:
            yield
        except Exception as error:
            if not type(error).__module__.startswith(_NETWORK_PACKAGES):
                raise
            kind = type(error).__name__
            reason = str(error).strip().partition("\n")[0] or kind
            if kind in ("TooManyRedirects", "UnsupportedProtocol", "InvalidURL", "LocalProtocolError"):
                raise PullError(f"{name} cannot be fetched: {reason}", remedy="check `HF_ENDPOINT`") from error
            raise TransientError(f"{self.endpoint}: {reason}") from error

    def _check(self, name: str, response: Any) -> None:
        """Raises what an answer's status means."""
        status = response.status_code
        if status in (200, 206) or response.is_redirect:
            return
        said = response.headers.get("x-error-code", "")
        if status in _BUSY:
            after = _seconds(response.headers.get("retry-after"))
            raise TransientError(f"{self.endpoint} answers {status} {response.reason_phrase}", after=after)
        if said == "GatedRepo" or status == 403:
            raise PullError(
                f"{name} is given out on request only ({status})",
                remedy=f"ask for it at {self.endpoint}/{name}"
                + ("; the token in use has no access yet" if self.has_token else ", and set `HF_TOKEN` to your token"),
            )
        if status in (401, 404):
            private = "" if self.has_token else "; a private one needs `HF_TOKEN`"
            raise PullError(f"{self.endpoint} has no {name} ({status})", remedy=f"check how it is written{private}")
        raise PullError(f"{self.endpoint} answers {status} {response.reason_phrase} for {name}")


def _read(response: Any, what: str) -> bytes:
    """A small answer. Raises PullError for one that is not."""
    data = bytearray()
    for block in response.iter_bytes():
        data += block
        if len(data) > _LARGEST_ANSWER_BYTES:
            raise PullError(f"the hub's answer about {what} is longer than {_LARGEST_ANSWER_BYTES} bytes")
    return bytes(data)


def _seconds(after: str | None) -> float | None:
    """What a `Retry-After` asks for: seconds, or a date."""
    if after is None:
        return None
    if after.strip().isdigit():
        return float(min(int(after), 10**9))
    with contextlib.suppress(ValueError, TypeError):
        date = parsedate_to_datetime(after)
        return max((date - datetime.now(UTC)).total_seconds(), 0.0)
    return None
