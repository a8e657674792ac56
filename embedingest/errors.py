"""Every error the package raises on purpose, drawn as a tree. Knows nothing of rooms or exit codes.

    EmbedingestError
    ├── ConfigError             wrong usage or configuration (exit 2)
    │   ├── PluginError         a named plug-in is missing, broken or claims a taken name
    │   └── SourceMissingError  the table has no such document, or none that may be seen
    ├── EngineError             the engine could not answer (exit 3)
    │   ├── ModelNotFoundError  no such registered name
    │   ├── ModelLoadError      files missing or damaged, unknown module, remote code asked for
    │   ├── InputTooLongError   truncate is off and a text does not fit
    │   ├── InputError          one text cannot be embedded (carries its index)
    │   ├── OverloadedError     more waits than the limits admit
    │   └── EngineClosedError   the engine was closed, or its worker died
    ├── StoreError              the table could not be opened, read or written (exit 3)
    │   ├── FingerprintError    the table was made by another model
    │   ├── LockedError         another process writes this table
    │   ├── DamagedTableError   files of the table are missing or damaged
    │   └── TableMissingError   there is no such table yet
    └── DocumentError           one document failed; the others go on
        └── DocumentSkipped     a document that is not for us (binary, too large), with its reason

A message names the thing, shows the values that disagree, and ends with the way out. Failure of one document is
data (`DocumentError` is collected into the report); failure of the machinery is an exception.
"""

from __future__ import annotations

from typing import ClassVar, Literal

__all__ = [
    "ConfigError",
    "DamagedTableError",
    "DocumentError",
    "DocumentSkipped",
    "EmbedingestError",
    "EngineClosedError",
    "EngineError",
    "FingerprintError",
    "InputError",
    "InputTooLongError",
    "LockedError",
    "ModelLoadError",
    "ModelNotFoundError",
    "OverloadedError",
    "PluginError",
    "SourceMissingError",
    "StoreError",
    "TableMissingError",
]


class EmbedingestError(Exception):
    """Base of all errors below. `remedy` is the way out, printed on a line of its own.

    Where none is given it is the `usual_remedy` of the class, if there is one.
    """

    usual_remedy: ClassVar[str | None] = None

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = self.usual_remedy if remedy is None else remedy

    def __str__(self) -> str:
        return self.message if self.remedy is None else f"{self.message}\n  hint: {self.remedy}"


class ConfigError(EmbedingestError):
    """Wrong usage or configuration."""


class PluginError(ConfigError):
    """A plug-in that was named could not be used."""

    usual_remedy = "`embedingest plugins check NAME` says more of it"


class SourceMissingError(ConfigError):
    """The table has no document, or no chunk, of this name, or none that who asks may see."""

    usual_remedy = "`embedingest status` names the folders of the table, `search` finds its documents"


class EngineError(EmbedingestError):
    """The engine could not answer."""

    usual_remedy = "try again; `embedingest doctor` looks for the cause"


class ModelNotFoundError(EngineError):
    """No model is registered under this name."""

    usual_remedy = "`embedingest models list` names those that are here"

    def __init__(self, name: str, *, remedy: str | None = None) -> None:
        super().__init__(f'model "{name}" not found', remedy=remedy)
        self.name = name


class ModelLoadError(EngineError):
    """A model folder is incomplete, damaged, or asks for something that is refused.

    `model` is the name it was asked for by and `folder` where its files lie, once a catalogue has told them.
    """

    usual_remedy = "fetch or save the model again, or take another; `embedingest models list` names those that are here"
    model: str | None = None
    folder: str | None = None


class InputError(EngineError):
    """One text cannot be embedded; `index` is its place in the call."""

    usual_remedy = "change this text, or leave it out"

    def __init__(self, message: str, *, index: int | None = None, remedy: str | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.index = index


class InputTooLongError(InputError):
    """A text does not fit the window and `truncate` is off, or nothing would be left of it."""

    usual_remedy = "send a shorter text, or let it be cut (`truncate`)"


class OverloadedError(EngineError):
    """More work waits than the limits admit; nothing of this call was done."""

    usual_remedy = "try again in a moment"


class EngineClosedError(EngineError):
    """The engine was closed while the call waited, or its worker died."""

    usual_remedy = "ask again; an engine that was closed is opened anew"


class StoreError(EmbedingestError):
    """The table could not be opened, read or written."""

    usual_remedy = "`embedingest doctor` looks for the cause"


class FingerprintError(StoreError):
    """The table holds vectors of another model."""

    usual_remedy = "name the model that made the table, or `embedingest rebuild` with the other"


class LockedError(StoreError):
    """Another process, or another call in this one, is the writer of this table."""

    usual_remedy = "wait for it, or end it"


class DamagedTableError(StoreError):
    """Files of the table are missing or damaged; the remedy names what makes them again."""

    usual_remedy = "`embedingest verify --repair` makes anew what it can"


class TableMissingError(StoreError):
    """There is no table of this name yet."""

    usual_remedy = "`embedingest ingest PATH` makes it"


ErrorKind = Literal["permanent", "transient", "machinery"]


class DocumentError(EmbedingestError):
    """One document could not be ingested.

    `kind` says whether trying the same bytes again can help: `permanent` no, `transient` yes (vanished, locked,
    unreadable for now), `machinery` means our own worker or engine failed. `code` is a short stable word for
    reports (`unreadable`, `encrypted`, `corrupt`, `too_large`, `timeout`, …).
    """

    def __init__(
        self,
        message: str,
        *,
        source: str = "",
        kind: ErrorKind = "permanent",
        code: str = "failed",
        remedy: str | None = None,
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.source = source
        self.kind: ErrorKind = kind
        self.code = code

    def __reduce__(self) -> tuple[object, ...]:
        # Crosses a process boundary: keyword-only arguments are not restored by the default.
        return (_restore, (type(self), self.message, self.source, self.kind, self.code, self.remedy))


class DocumentSkipped(DocumentError):  # noqa: N818 -- left out by rule, not an error
    """A document that is left out by rule, not by failure: binary, too large, excluded."""


def _restore(
    cls: type[DocumentError], message: str, source: str, kind: ErrorKind, code: str, remedy: str | None
) -> DocumentError:
    return cls(message, source=source, kind=kind, code=code, remedy=remedy)
