"""One bucket or container, from a prefix on: what is there, and what its bytes are. Knows no table and no folder."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from embedingest.plugin import ConfigError, DocumentError, DocumentSkipped, Item
from embedingest_objectstore.telling import told

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ObjectStoreSource", "Settings", "create"]

_PAGE = 1000  # objects that a store lists at once
_FIRST_WAIT_SECONDS = 0.2
_HTTP_REFUSED = ("builder error", "BadScheme")  # what the client says of an address that it may not ask
_NO_TAG = re.compile(r"\d+-(?:0|\d{10,})")  # a mark of size and time


class Settings(BaseModel):
    """Settings of the source `objectstore`. Credentials come from the environment alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(pattern=r"^(s3|s3a|gs|az|azure|abfss?|file|memory|https?)://", description="Where the objects are")
    endpoint: str | None = Field(default=None, pattern=r"^https?://", description="Another server of the same kind")
    region: str | None = Field(default=None, min_length=1, description="Region of the bucket")
    allow_http: bool = Field(default=False, description="Plain HTTP, for an endpoint `http://…`")
    anonymous: bool = Field(default=False, description="Sign nothing, for public buckets")
    max_bytes: int = Field(default=256 * 2**20, ge=1, le=2**40, description="Larger objects are not fetched")
    timeout_seconds: float = Field(default=60.0, gt=0, le=86_400, description="Time limit of one request")
    retries: int = Field(default=4, ge=0, le=100, description="Further tries after one that failed")


def create(**options: Any) -> ObjectStoreSource:
    """The source of `source: objectstore`. Opens no connection."""
    return ObjectStoreSource(Settings(**options))


create.settings = Settings  # type: ignore[attr-defined]


class ObjectStoreSource:
    """Implements `MarkedSource` over one store: an object is read with the ETag that it was listed with.

    The client drops a slash at the end of a key. Markers of folders, which are empty and have one, are left out; so is
    `a/` beside `a`. Of any other such object it is said when it is to be read.
    """

    name = "objectstore"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._store = _opened(settings)
        self._markers: set[Item] = set()

    @property
    def hosts(self) -> tuple[str, ...]:
        """The endpoint, or the bucket at its provider."""
        parts = urlsplit(self._settings.endpoint or self._settings.url)
        if parts.scheme in {"file", "memory"}:
            return ()
        return (parts.netloc,) if self._settings.endpoint else (f"{parts.scheme}://{parts.netloc}",)

    @property
    def url(self) -> str:
        """Where the objects are."""
        return self._settings.url

    def list(self) -> Iterator[Item]:
        """Every object below the prefix, a page at a time. Raises DocumentError where that does not come to its end."""
        above: list[str] = []  # keys that what comes next may begin with
        empty: Item | None = None
        for item in self._listed():
            if empty is not None and not item.key.startswith(f"{empty.key}/") and self._is_object(empty):
                yield empty
            empty = None
            while above and not item.key.startswith(above[-1]):
                above.pop()
            if above and above[-1] == item.key:
                continue
            above.append(item.key)
            if item.size:
                yield item
            else:
                empty = item
        if empty is not None and self._is_object(empty):
            yield empty

    def _is_object(self, empty: Item) -> bool:
        """Whether an empty object is no marker of a folder; asked once of each."""
        if empty in self._markers:
            return False
        try:
            there = self.find(empty.key) is not None
        except DocumentError:
            return True  # its reading says why
        if not there:
            self._markers.add(empty)
        return there

    def _listed(self) -> Iterator[Item]:
        """What the client lists.

        An answer that is cut off is asked for again from the last object on, which every store but a directory bucket
        allows: it lists in the order of keys.
        """
        last, failed = "", 0
        while True:
            try:
                for page in self._store.list(offset=last or None, chunk_size=_PAGE):
                    for found in page:
                        last, failed = str(found["path"]), 0
                        yield _item(found)
            except Exception as error:
                failed += 1
                if failed > self._settings.retries or not self._resumes or type(error).__name__ != "GenericError":
                    raise _unlisted(self._settings.url, error) from error
                time.sleep(_FIRST_WAIT_SECONDS * 2 ** (failed - 1))
            else:
                return

    @property
    def _resumes(self) -> bool:
        parts = urlsplit(self._settings.url)
        return parts.scheme not in {"file", "memory", "http", "https"} and not parts.netloc.endswith("--x-s3")

    def find(self, key: str) -> Item | None:
        """One object as it is now, `None` where there is none. Raises DocumentError."""
        try:
            found = self._store.head(key)
        except FileNotFoundError:
            return None
        except Exception as error:
            raise _unread(key, error) from error
        return _item(found)

    def read(self, key: str) -> bytes:
        """The bytes of one object. Raises DocumentError, DocumentSkipped (`too_large`, `slash_key`)."""
        return self._read(key, None)

    def read_as(self, key: str, mark: str) -> bytes:
        """As `read`, while it has this mark. Raises DocumentError (`moving`) where it has another by now."""
        return self._read(key, mark)

    def close(self) -> None:
        """Connections end with the object."""

    def _read(self, key: str, mark: str | None) -> bytes:
        # What is no ETag is compared with what the answer says of the object, before its bytes come.
        tag = None if mark is None or _NO_TAG.fullmatch(mark) else mark
        options = {"if_match": _quoted(tag)} if tag else {}
        try:
            answer = self._store.get(key, options=options)
            found = answer.meta
            if mark is not None and not _same(_mark(found), mark):
                raise _moving(key)
            if found["size"] > self._settings.max_bytes:
                raise _too_large(key, found["size"])
            return bytes(answer.bytes())
        except DocumentError:
            raise
        except FileNotFoundError as error:
            if self._ends_in_slash(key):
                raise _slash_key(key) from error
            raise DocumentError(f"{key} is gone", source=key, kind="transient", code="vanished") from error
        except Exception as error:
            if type(error).__name__ == "PreconditionError":
                raise _moving(key) from error
            raise _unread(key, error) from error

    def _ends_in_slash(self, key: str) -> bool:
        """Whether what is listed as `key` is `key/`, which stands behind all that begins with `key.`."""
        if not self._resumes:
            return False
        try:
            page = next(iter(self._store.list(offset=f"{key}.~", chunk_size=1)), ())
        except Exception:  # noqa: BLE001 -- it is gone, as far as can be told
            return False
        return any(str(found["path"]) == key for found in page)


def _opened(settings: Settings) -> Any:
    from obstore.store import from_url

    scheme = urlsplit(settings.url).scheme
    options: dict[str, Any] = {}
    if scheme not in {"file", "memory"}:
        options["client_options"] = {
            "timeout": f"{settings.timeout_seconds:g}s",
            "allow_http": settings.allow_http,
            "user_agent": "embedingest-objectstore",
        }
        options["retry_config"] = {"max_retries": settings.retries}
    named = {"endpoint": settings.endpoint, "region": settings.region}
    options |= {key: value for key, value in named.items() if value is not None}
    if settings.anonymous:
        options["skip_signature"] = True
    try:
        return from_url(settings.url, **options)
    except Exception as error:
        raise ConfigError(f"source `objectstore` cannot use {settings.url}: {told(error)}") from error


def _item(found: Any) -> Item:
    return Item(str(found["path"]), _mark(found), int(found["size"]), _nanoseconds(found))


def _nanoseconds(found: Any) -> int:
    modified = found["last_modified"]
    return 0 if modified is None else int(modified.timestamp()) * 10**9


def _mark(found: Any) -> str:
    """The ETag; not every store has them, and size and time are what is left then."""
    return str(found.get("e_tag") or f"{found['size']}-{_nanoseconds(found)}")


def _same(mark: str, other: str) -> bool:
    """Whether two marks are the same: a listing may give an ETag without the quotes that an answer gives it."""
    return mark.strip('"') == other.strip('"')


def _quoted(tag: str) -> str:
    return tag if tag.endswith('"') else f'"{tag}"'


def _unlisted(url: str, error: Exception) -> DocumentError:
    remedy = None
    if type(error).__name__ == "InvalidPathError":
        remedy = "rename or remove that key, or narrow `url` to where there is none like it"
    elif any(sign in str(error) for sign in _HTTP_REFUSED):
        remedy = "an endpoint that speaks plain HTTP is used with `allow_http: true` in the options of the source"
    message = f"{url} cannot be listed: {told(error)}"
    return DocumentError(message, kind="transient", code="unreachable", remedy=remedy)


def _slash_key(key: str) -> DocumentSkipped:
    return DocumentSkipped(
        f"the key `{key}/` ends in a slash, and no object can be read by it",
        source=key,
        code="slash_key",
        remedy="give that object a key without the slash",
    )


def _moving(key: str) -> DocumentError:
    return DocumentError(f"{key} changed after it was listed", source=key, kind="transient", code="moving")


def _too_large(key: str, size: int) -> DocumentSkipped:
    return DocumentSkipped(
        f"{key} has {size:,} bytes, more than `max_bytes` of the source",
        source=key,
        code="too_large",
        remedy="raise `max_bytes` in the options of the source; `embedingest verify --repair` then reads it",
    )


def _unread(key: str, error: Exception) -> DocumentError:
    return DocumentError(
        f"{key} cannot be read: {told(error)}",
        source=key,
        kind="transient",
        code="unreachable",
    )
