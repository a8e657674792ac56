"""How models are named: `host/namespace/model:tag`, as Ollama reads it. Knows no files and no catalogue.

Cases 45 to 56 (`tests/data/wire/`). Look-ups ignore case; the tag defaults to `latest`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from embedingest.errors import EngineError

__all__ = ["ROLES", "InvalidNameError", "ModelName", "Role", "without_scheme"]

Role = Literal["query", "document"]
ROLES: Final[tuple[Role, ...]] = ("query", "document")

_HOST: Final = "registry.ollama.ai"
_NAMESPACE: Final = "library"
_TAG: Final = "latest"
_HOST_PATTERN: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,349}")
_NAMESPACE_PATTERN: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,79}")
_PART_PATTERN: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}")


class InvalidNameError(EngineError):
    """A model name that no model can have. `text` is what clients match on."""


@dataclass(frozen=True, slots=True)
class ModelName:
    """A well-formed name. `cloud` marks a name that asks for a remote model, which we never have."""

    host: str
    namespace: str
    model: str
    tag: str
    cloud: bool = False

    @classmethod
    def parse(cls, text: str) -> ModelName:
        """Blanks around are dropped; `:local` is dropped, `:cloud` is noted. Raises InvalidNameError."""
        name, local, cloud = _split_source(text.strip())
        if local and cloud:
            raise InvalidNameError(f'use either :local or :cloud, not both: "{text.strip()}"')
        path, tag = _split_tag(name)
        parts = path.split("/", 3)
        if len(parts) > 3:
            raise InvalidNameError("invalid model name")
        host, namespace, model = (_HOST, _NAMESPACE)[: 3 - len(parts)] + tuple(parts)
        patterns = (
            (_HOST_PATTERN, host),
            (_NAMESPACE_PATTERN, namespace),
            (_PART_PATTERN, model),
            (_PART_PATTERN, tag),
        )
        if not all(pattern.fullmatch(part) for pattern, part in patterns):
            raise InvalidNameError("invalid model name")
        return cls(host, namespace, model, tag, cloud or tag.lower().endswith("-cloud"))

    @property
    def key(self) -> str:
        """What look-ups compare: every part, in lower case."""
        return f"{self.host}/{self.namespace}/{self.model}:{self.tag}".lower()

    @property
    def short(self) -> str:
        """What people read: default host and namespace left out, the tag always there."""
        path = self.model
        if self.host.lower() != _HOST:
            path = f"{self.host}/{self.namespace}/{path}"
        elif self.namespace.lower() != _NAMESPACE:
            path = f"{self.namespace}/{path}"
        return f"{path}:{self.tag}"

    @property
    def role(self) -> Role | None:
        """The prompt that a tag such as `m:query` asks for."""
        return next((role for role in ROLES if role == self.tag.lower()), None)

    def untagged(self) -> ModelName:
        """The same model at its default tag."""
        return ModelName(self.host, self.namespace, self.model, _TAG)


def without_scheme(text: str) -> str:
    """A name, or the name in the address of a page: `https://huggingface.co/a/b` is `huggingface.co/a/b`."""
    scheme, separator, rest = text.strip().partition("://")
    return rest.rstrip("/") if separator and scheme.lower() in ("http", "https") else text


def _split_source(name: str) -> tuple[str, bool, bool]:
    """The name without `:local` and `:cloud`, and whether it had each."""
    local = cloud = False
    while True:
        lowered = name.lower()
        if lowered.endswith(":local") and not local:
            name, local = name[: -len(":local")], True
        elif lowered.endswith(":cloud") and not cloud:
            name, cloud = name[: -len(":cloud")], True
        else:
            return name, local, cloud


def _split_tag(name: str) -> tuple[str, str]:
    colon = name.rfind(":")
    if colon < 0 or colon < name.rfind("/"):
        return name, _TAG
    return name[:colon], name[colon + 1 :]
