"""What stands in front of a chunk where it is embedded: parts of its document, and a sentence that others write."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Final, Literal, Self, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, field_validator, model_validator

from embedingest.config.located import FilePath, LocatedStr
from embedingest.config.section import Name, Section

__all__ = ["Context", "ContextConfig", "RememberedContext"]

_SCHEMES: Final = ("http", "https")
_LONGEST: Final = 4096
_MOST_SHOWN: Final = 200


def _argument(value: Any) -> str:
    """A text as it came: one of a file knows whether it came from the environment."""
    if not isinstance(value, str):
        raise ValueError("an argument is a text; write it in quotes")
    if "\0" in value or len(value) > _LONGEST:
        raise ValueError(f"an argument has no NUL and at most {_LONGEST} characters")
    return value


Argument = Annotated[Any, AfterValidator(_argument), WithJsonSchema({"type": "string"})]


class ContextConfig(Section):
    """What is embedded in front of each chunk. The list of `parts` alone says the same as a section with them."""

    parts: tuple[Literal["title", "headings"], ...] = Field(
        default=(), description="The document's `title`, the `headings` above the chunk, or both"
    )
    command: tuple[Argument, ...] = Field(
        default=(), description="A program of yours and its arguments, which writes a sentence about each chunk"
    )
    folder: FilePath | None = Field(
        default=None, description="Where the command runs; default: the folder of the file that names it"
    )
    url: str | None = Field(default=None, description="Instead of a command, an HTTP endpoint of yours that does")
    key_from: Name | None = Field(
        default=None, description="Variable of the environment with the key that the endpoint is sent"
    )
    timeout_seconds: float = Field(default=60.0, gt=0, le=3600, description="For one sentence")
    concurrency: int = Field(default=4, ge=1, le=64, description="Sentences that are written at once")
    document_characters: int = Field(
        default=8000, ge=0, le=10_000_000, description="Of the document around a chunk that are sent with it; 0: none"
    )
    max_tokens: int = Field(
        default=96, ge=8, le=8192, description="Tokens of all but the headings, at most a third of the model's window"
    )

    @property
    def is_written(self) -> bool:
        """Whether others write a sentence."""
        return bool(self.command) or self.url is not None

    @property
    def name(self) -> str:
        """Who writes it, for people: what came from the environment is told by its variable."""
        if self.url is not None:
            parts = urlsplit(self.url)
            return f"{parts.scheme}://{parts.netloc}{parts.path}"
        told = [getattr(argument, "variables", "") or argument for argument in self.command]
        joined = " ".join(argument if " " not in argument else f'"{argument}"' for argument in told)
        shown = joined if len(joined) <= _MOST_SHOWN else f"{joined[:_MOST_SHOWN]}…"
        return "".join(letter if letter.isprintable() else " " for letter in shown)

    @property
    def whom(self) -> str:
        """Who writes it, as one word that tells nothing of them: another command or address gives another."""
        named = json.dumps([str(argument) for argument in self.command] if self.url is None else self.url)
        return hashlib.blake2s(named.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    @model_validator(mode="before")
    @classmethod
    def _runs_beside_its_file(cls, values: Any) -> Any:
        if isinstance(values, dict) and isinstance(values.get("command"), str):
            raise ValueError("`command` is a list, for no shell reads it: `command: [python, context.py]`")
        if isinstance(values, dict) and values.get("folder") is None:
            command = values.get("command")
            first = command[0] if isinstance(command, list | tuple) and command else None
            if isinstance(first, LocatedStr):
                return {**values, "folder": first.base}
        return values

    @field_validator("command")
    @classmethod
    def _names_a_program(cls, command: tuple[str, ...]) -> tuple[str, ...]:
        if command and not command[0].strip():
            raise ValueError("the command names no program")
        return command

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.scheme not in _SCHEMES or not parts.hostname or not url.isascii() or not url.isprintable():
            raise ValueError("write an address that begins with http:// or https://")
        if parts.username is not None or parts.password is not None:
            raise ValueError("an address has no password here: `key_from` names a variable of the environment")
        _ = parts.port  # raises ValueError for one that cannot be
        return url

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.parts and not self.is_written:
            raise ValueError("name what stands in front of a chunk: `parts: [title, headings]`, `command` or `url`")
        if len(set(self.parts)) < len(self.parts):
            raise ValueError("`parts` names one of them twice")
        if self.command and self.url is not None:
            raise ValueError("a sentence is written by a `command` or at a `url`, not by both")
        if self.key_from is not None and self.url is None:
            raise ValueError("`key_from` is for a `url`, and there is none; a command reads the environment itself")
        return self


class RememberedContext(ContextConfig):
    """What a table was made with, as its state folder remembers it: that somebody wrote sentences, and not who.

    Whoever can write into a folder would otherwise have programs run by whoever looks at it, and an argument may be a
    secret.
    """

    written_by: str = ""

    @property
    def is_written(self) -> bool:
        """Whether others wrote a sentence."""
        return bool(self.written_by)

    @property
    def whom(self) -> str:
        """As `ContextConfig.whom` was."""
        return self.written_by

    @classmethod
    def of(cls, context: ContextConfig) -> Self:
        """What is remembered of a setting."""
        return cls(
            parts=context.parts,
            document_characters=context.document_characters,
            max_tokens=context.max_tokens,
            written_by=context.whom if context.is_written else "",
        )


def _listed(value: Any) -> Any:
    return {"parts": value} if isinstance(value, list | tuple) else value


Context: TypeAlias = Annotated[
    ContextConfig | None,
    BeforeValidator(_listed, json_schema_input_type=list[Literal["title", "headings"]] | ContextConfig | None),
]
