"""Who writes sentences by the settings. Opens nothing but where it is asked to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedingest.config.context import RememberedContext
from embedingest.errors import ConfigError
from embedingest.ingest.context.command import Command

if TYPE_CHECKING:
    from embedingest.config import ContextConfig
    from embedingest.ingest.context.writer import Asked

__all__ = ["open_asked"]


def open_asked(settings: ContextConfig) -> Asked:
    """The command or the endpoint that the settings name; nothing is started and no connection opened.

    Raises ConfigError where there is no such program or the key of an endpoint is not set, and for settings that are
    only remembered.
    """
    if isinstance(settings, RememberedContext):
        raise ConfigError(
            "the context of this table is written by a program or an endpoint that a configuration names, and this "
            "command knows only that there is one",
            remedy="`embedingest run CONFIG --once`, or `embedingest rebuild --config CONFIG` for all of it",
        )
    if settings.url is not None:
        from embedingest.ingest.context.endpoint import Endpoint

        return Endpoint(settings.url, settings.key_from, settings.timeout_seconds, name=settings.name)
    return Command(settings.command, settings.folder, settings.timeout_seconds, name=settings.name)
