"""One bucket or container, from a prefix on: what is there, and what its bytes are. Knows no table and no folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from embedingest.plugin import ConfigError, DocumentError, DocumentSkipped, Item

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ObjectStoreSource", "Settings", "create"]


class Settings(BaseModel):
    """Settings of the source `objectstore`. Credentials come from the environment alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(pattern=r"^(s3|s3a|gs|az|azure|abfss?|file|memory|https?)://", description="Where the objects are")
    endpoint: str | None = Field(default=None, pattern=r"^https?://", description="Another server of the same kind")
    region: str | None = Field(default=None, min_length=1, description="Region of the bucket")
    allow_http: bool = Field(default=False, description="Plain HTTP, for an endpoint on this machine")
    anonymous: bool = Field(default=False, description="Sign nothing, for public buckets")
    max_bytes: int = Field(default=256 * 2**20, ge=1, le=2**40, description="Larger objects are not fetched")
    timeout_seconds: float = Field(default=60.0, gt=0, le=86_400, description="Time limit of one request")
    retries: int = Field(default=4, ge=0, le=100, description="Further tries after one that failed")


def create(**options: Any) -> ObjectStoreSource:
    """The source of `source: objectstore`. Opens no connection."""
    return ObjectStoreSource(Settings(**options))


create.settings = Settings  # type: ignore[attr-defined]


class ObjectStoreSource:
    """Implements `Source` over one store.

    Empty objects are left out: they hold no text, and most are markers of folders, which cannot be read by the name
    they are listed under.
    """

    name = "objectstore"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._sizes: dict[str, int] = {}
        self._store = _opened(settings)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The endpoint, or the bucket at its provider."""
        parts = urlsplit(self._settings.endpoint or self._settings.url)
        if parts.scheme in {"file", "memory"}:
            return ()
        return (parts.netloc,) if self._settings.endpoint else (f"{parts.scheme}://{parts.netloc}",)

    def list(self) -> Iterator[Item]:
        """Every object below the prefix. Raises DocumentError where the listing does not come to its end."""
        self._sizes = {}
        try:
            for page in self._store.list(chunk_size=1000):
                for found in page:
                    item = _item(found)
                    if item.size:
                        self._sizes[item.key] = item.size
                        yield item
        except Exception as error:
            raise DocumentError(
                f"{self._settings.url} cannot be listed: {_short(error)}", kind="transient", code="unreachable"
            ) from error

    def read(self, key: str) -> bytes:
        """The bytes of one object. Raises DocumentError, DocumentSkipped (`too_large`)."""
        size = self._sizes.get(key, 0)
        if size > self._settings.max_bytes:
            raise DocumentSkipped(f"{key} has {size:,} bytes, more than `max_bytes`", source=key, code="too_large")
        try:
            return bytes(self._store.get(key).bytes())
        except FileNotFoundError as error:
            raise DocumentError(f"{key} is gone", source=key, kind="transient", code="vanished") from error
        except Exception as error:
            raise DocumentError(
                f"{key} cannot be read: {_short(error)}", source=key, kind="transient", code="unreadable"
            ) from error

    def close(self) -> None:
        """Connections end with the object."""


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
        raise ConfigError(f"source `objectstore` cannot use {settings.url}: {_short(error)}") from error


def _item(found: Any) -> Item:
    modified = found["last_modified"]
    nanoseconds = 0 if modified is None else int(modified.timestamp()) * 10**9
    # Not every store has ETags; size and time are what is left then.
    mark = found.get("e_tag") or f"{found['size']}-{nanoseconds}"
    return Item(key=str(found["path"]), mark=str(mark), size=int(found["size"]), modified_at_ns=nanoseconds)


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0][:300] if str(error) else ''}"
