"""How models are named: `host/namespace/model:tag`, as Ollama reads it. Knows no files and no catalogue.

Cases 45 to 56 (`tests/data/wire/`). Look-ups ignore case; the tag defaults to `latest`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from embedingest.errors import EngineError

__all__ = ["HUB_HOSTS", "LIBRARY_HOSTS", "ROLES", "InvalidNameError", "ModelName", "Role", "plain_name"]

Role = Literal["query", "document"]
ROLES: Final[tuple[Role, ...]] = ("query", "document")

HUB_HOSTS: Final = ("hf.co", "huggingface.co")
"""Where the hub's pages are."""
LIBRARY_HOSTS: Final = ("ollama.com", "ollama.ai")
"""Where the pages of Ollama's library are."""

_HOST: Final = "registry.ollama.ai"
_NAMESPACE: Final = "library"
_TAG: Final = "latest"
_NAMES_KEPT: Final = 1024
_HOST_PATTERN: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,349}")
_NAMESPACE_PATTERN: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,79}")
_PART_PATTERN: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}")
_NO_MODELS: Final = ("datasets", "spaces", "collections", "papers", "docs", "blog", "api")
_PAGES_OF_A_COMMIT: Final = ("tree", "blob", "resolve", "raw", "commit", "commits", "blame")
_HOW_NAMES_LOOK: Final = (
    "a model is called `NAME` or `NAME:TAG`, as in `nomic-embed-text:v1.5`, or `NAMESPACE/MODEL` as on the hub; the "
    "address of its page does too"
)


class InvalidNameError(EngineError):
    """A model name that no model can have. The message is what clients match on; the remedy says how names look."""

    def __init__(self, message: str = "invalid model name", *, remedy: str = _HOW_NAMES_LOOK) -> None:
        super().__init__(message, remedy=remedy)


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
        """Blanks around are dropped; `:local` is dropped, `:cloud` is noted; an address is read by `plain_name`.

        Raises InvalidNameError.
        """
        return _parsed(text)

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
    def plain(self) -> str:
        """What people type: `short`, without the tag that stands there anyway."""
        return self.short.removesuffix(f":{_TAG}")

    @property
    def role(self) -> Role | None:
        """What a tag such as `m:query` or `m:v1.5:query` asks for: the model's prompt and modules for these texts."""
        return next((role for role in ROLES if role == self.tag.lower().rpartition(":")[2]), None)

    def untagged(self) -> ModelName:
        """The same model without the role that its tag asks for, at its default tag where it has no other."""
        plain = self.tag.rpartition(":")[0] if self.role is not None else ""
        return ModelName(self.host, self.namespace, self.model, plain or _TAG)

    def asked_as(self, role: str) -> ModelName:
        """The name that asks this model for texts of a role."""
        tag = role if self.tag.lower() == _TAG else f"{self.tag}:{role}"
        return ModelName(self.host, self.namespace, self.model, tag, self.cloud)


@lru_cache(maxsize=_NAMES_KEPT)
def _parsed(text: str) -> ModelName:
    """Kept, since each request asks for the same few names, and a model has a dozen."""
    name, local, cloud = _split_source(plain_name(text))
    if local and cloud:
        raise InvalidNameError(f'use either :local or :cloud, not both: "{text.strip()}"')
    path, tag = _split_tag(name)
    path, plain = _split_tag(path) if tag.lower() in ROLES else (path, tag)
    parts = path.split("/", 3)
    if len(parts) > 3:
        raise InvalidNameError
    host, namespace, model = (_HOST, _NAMESPACE)[: 3 - len(parts)] + tuple(parts)
    patterns = (
        (_HOST_PATTERN, host),
        (_NAMESPACE_PATTERN, namespace),
        (_PART_PATTERN, model),
        (_PART_PATTERN, plain),
    )
    if tag.lower() in ROLES and plain.lower() != _TAG:
        tag = f"{plain}:{tag}"
    if not all(pattern.fullmatch(part) for pattern, part in patterns):
        raise InvalidNameError
    return ModelName(host, namespace, model, tag, cloud or plain.lower().endswith("-cloud"))


def plain_name(text: str) -> str:
    """The name in what people paste: `https://huggingface.co/a/b/tree/main?x=1` is `huggingface.co/a/b`.

    What is no address comes back without the blanks around it. Raises InvalidNameError for the page of something that
    is no model, and for one of another revision than `main`, which alone is fetched.
    """
    text = text.strip()
    scheme, separator, rest = text.partition("://")
    rest = rest if separator else text
    host, *parts = re.split(r"[?#]", rest)[0].rstrip("/").split("/")
    host = host.lower().removeprefix("www.")
    if host not in (*HUB_HOSTS, *LIBRARY_HOSTS):
        is_page = separator and scheme.lower() in ("http", "https")
        return "/".join((host, *parts)) if is_page else text
    if host in HUB_HOSTS:
        _check_page(parts)
    return "/".join((host, *parts[:2]))


def _check_page(parts: list[str]) -> None:
    """Raises InvalidNameError where the path of the hub's page is not that of a model at `main`."""
    if parts and parts[0] in _NO_MODELS:
        raise InvalidNameError(remedy=f"that is a page of the hub's {parts[0]}, not of a model; {_HOW_NAMES_LOOK}")
    kind, revision = (*parts[2:4], "", "")[:2]
    if kind in _PAGES_OF_A_COMMIT and revision not in ("", "main"):
        raise InvalidNameError(
            remedy=f"that is the page of revision `{revision[:80]}`, and models are fetched as they are in `main`: "
            f"name `{'/'.join(parts[:2])}`"
        )


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
