"""The keys of one server: which one was sent, and what it may do. Knows hashes; knows no requests.

All keys are compared with each that is sent, in constant time and to the end, so that how long it takes tells nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from embedingest.config.keys import read_keys
from embedingest.errors import ConfigError
from embedingest.server.access import EVERYTHING, Access
from embedingest.store.search import filters

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from embedingest.config import ServerConfig
    from embedingest.config.keys import KeyConfig

__all__ = ["Key", "Keyring"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Key:
    """The SHA-256 of a key, and what it may."""

    digest: bytes
    access: Access


class Keyring:
    """The one key, the keys of the configuration and those of a file, which is read again when it changed.

    Raises ConfigError for a file that cannot be read, a name or a key that is there twice, and a filter that is none.
    """

    def __init__(self, settings: ServerConfig) -> None:
        self._settings = settings
        self._stamp = _stamp(settings.keys_file)
        self._keys = self._read()

    def find(self, sent: bytes) -> Key | None:
        """The key that this is."""
        return self.with_digest(hashlib.sha256(sent).digest())

    def with_digest(self, digest: bytes) -> Key | None:
        """The key with this SHA-256."""
        found = None
        for key in self._keys:
            if hmac.compare_digest(key.digest, digest):
                found = key
        return found

    def read_again(self) -> None:
        """Take the keys of a file that changed. One that cannot be read is logged once, and the keys stay."""
        stamp = _stamp(self._settings.keys_file)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._keys = self._read()
        except ConfigError as error:
            _log.error("the keys stay as they were: %s", " ".join(str(error).split()))
        else:
            _log.info("keys read again from %s: %d", self._settings.keys_file, len(self._keys))

    def _read(self) -> tuple[Key, ...]:
        settings = self._settings
        named = dict(settings.keys)
        if settings.keys_file is not None:
            more = read_keys(settings.keys_file)
            for name in more:
                if name in named:
                    raise ConfigError(
                        f"the key `{name}` is in the configuration and in {settings.keys_file}",
                        remedy="give one of them another name",
                    )
            named |= more
        return _checked(settings.api_key, named)


def _checked(api_key: str | None, named: Mapping[str, KeyConfig]) -> tuple[Key, ...]:
    keys = [Key(hashlib.sha256(api_key.encode()).digest(), EVERYTHING)] if api_key else []
    names = {key.digest: "the one key of the server" for key in keys}
    for name, settings in named.items():
        if (other := names.setdefault(settings.digest, f"the key `{name}`")) != f"the key `{name}`":
            raise ConfigError(
                f"the key `{name}` is the same as {other}", remedy=f"`embedingest keys new {name}` makes one of its own"
            )
        if settings.filter is not None:
            try:
                filters.parse(settings.filter)
            except ConfigError as error:
                raise ConfigError(f"the key `{name}`: {error.message}", remedy=error.remedy) from error
        keys.append(Key(settings.digest, Access(name, frozenset(settings.can), settings.filter)))
    return tuple(keys)


def _stamp(file: Path | None) -> object:
    """What changes when a file does; `None` where there is none."""
    try:
        found = None if file is None else file.stat()
    except OSError:
        return None
    return None if found is None else (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
