"""Keys by name: what each may do, in the configuration or a file of their own. Holds hashes, never a key.

A key is 256 random bits, so a plain SHA-256 of it is as good as the slowest hash: there is nothing to guess from. It is
compared with each request, which a slow hash would make dear.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self, get_args

from pydantic import AfterValidator, Field, ValidationError, field_validator, model_validator

from embedingest.atomic import write_bytes
from embedingest.config.located import dotted, nearest, parse
from embedingest.config.problems import problems
from embedingest.config.section import Section
from embedingest.errors import ConfigError
from embedingest.regular import read_bounded, why_not_ours

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["RIGHTS", "KeyConfig", "Keys", "Right", "hash_of", "is_name", "new_key", "read_keys", "write_keys"]

Right = Literal["embed", "search", "control"]
"""`embed` computes vectors, `search` reads documents of the table, `control` pulls, unloads, measures and steers."""

RIGHTS: Final[tuple[Right, ...]] = get_args(Right)

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KEY_BYTES: Final = 32
_PREFIX: Final = "emb_"  # by which programs that look for secrets in files know one
_METHOD: Final = "sha256:"
_DIGITS: Final = 64
_LARGEST_BYTES: Final = 2**20
_HEAD: Final = (
    "# Keys of embedingest, by name: written by `embedingest keys`, read by `serve --keys-file`. Holds no key.\n"
)


class KeyConfig(Section):
    """What one key may do."""

    hash: str = Field(description="`sha256:` and the key's SHA-256, as `embedingest keys new` prints it")
    can: tuple[Right, ...] = Field(min_length=1, description="Of `embed`, `search` and `control` what it may")
    filter: str | None = Field(
        default=None, min_length=1, description="Only rows that pass are there for this key, whatever it asks"
    )

    @field_validator("hash")
    @classmethod
    def _is_a_hash(cls, text: str) -> str:
        digits = text.removeprefix(_METHOD).lower()
        if not text.startswith(_METHOD) or len(digits) != _DIGITS or not set(digits) <= set("0123456789abcdef"):
            raise ValueError("not the hash of a key: `sha256:` and 64 digits, as `embedingest keys new` prints it")
        return _METHOD + digits

    @model_validator(mode="after")
    def _sees_what_it_controls(self) -> Self:
        if self.filter is not None and "control" in self.can:
            raise ValueError(
                "a key with a `filter` cannot have the right `control`: pipelines and their failures name documents of "
                "the whole table; make two keys"
            )
        return self

    @property
    def digest(self) -> bytes:
        """The 32 bytes that the key's SHA-256 has to be."""
        return bytes.fromhex(self.hash.removeprefix(_METHOD))


def _named(keys: dict[str, KeyConfig]) -> dict[str, KeyConfig]:
    for name in keys:
        if not is_name(name):
            raise ValueError(f"`{name[:80]}` is no name of a key: up to 64 letters, digits, `.`, `_` and `-`")
    return keys


Keys = Annotated[dict[str, KeyConfig], AfterValidator(_named)]


class _KeysFile(Section):
    keys: Keys = Field(default_factory=dict)


def is_name(name: str) -> bool:
    """Whether a key may have this name, which stands in answers and in the log."""
    return _NAME.fullmatch(name) is not None


def new_key() -> str:
    """A fresh key: 256 random bits."""
    return _PREFIX + secrets.token_urlsafe(_KEY_BYTES)


def hash_of(key: str) -> str:
    """What is kept of a key."""
    return _METHOD + hashlib.sha256(key.encode()).hexdigest()


def read_keys(file: Path) -> dict[str, KeyConfig]:
    """The keys of a file, by name. Raises ConfigError for one that is missing, broken, or that others may write."""
    try:
        problem = why_not_ours(file.resolve())
        text = read_bounded(file, _LARGEST_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: not UTF-8 text (byte {error.start})", remedy=_remedy(file)) from None
    except OSError as error:
        raise ConfigError(
            f"the keys cannot be read from {file}: {error.strerror or error}", remedy=_remedy(file)
        ) from error
    if problem is not None:
        raise ConfigError(f"the keys are not read: {problem}", remedy=f"`chmod go-w {file}`, and make it yours")
    data, places = parse(text, file)
    try:
        return _KeysFile(keys=data).keys
    except ValidationError as error:
        found = [(key[1:], text) for key, text in problems(error, {"keys": data}, _KeysFile)]
        lines = [f"{nearest(places, key)}: {dotted(key)}: {text}" for key, text in found]
        raise ConfigError("\n".join(lines), remedy=_remedy(file)) from None


def write_keys(file: Path, keys: Mapping[str, KeyConfig]) -> None:
    """Put these keys into the file in one step; only its owner may read or write it. Raises OSError."""
    import yaml  # a server without a file of keys needs none

    written = {name: _plain(key) for name, key in keys.items()}
    text = yaml.safe_dump(written, sort_keys=False, allow_unicode=True, default_flow_style=False)
    target = file.resolve() if file.is_symlink() else file
    write_bytes(target, (_HEAD + text).encode(), private=True)


def _plain(key: KeyConfig) -> dict[str, Any]:
    return {"hash": key.hash, "can": list(key.can), **({} if key.filter is None else {"filter": str(key.filter)})}


def _remedy(file: Path) -> str:
    return f"`embedingest keys new NAME --file {os.fspath(file)}` makes a key and the file"
