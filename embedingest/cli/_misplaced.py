"""An option that stands on the wrong side of the command: which side is its own."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["where_it_goes"]


def where_it_goes(error: click.NoSuchOption, words: Sequence[str]) -> str | None:
    """Where an option of these words belongs that is none where it stands; `None` where no command of them has it."""
    context, option = error.ctx, error.option_name
    if context is None:
        return None
    above = context.parent
    while above is not None:
        if _has(above.command, option):
            rest = context.command_path.removeprefix(above.command_path).strip()
            return f"it goes before the command: `{above.command_path} {option} {rest} …`"
        above = above.parent
    for path, command in _below(context, words):
        if _has(command, option):
            return f"it goes after the command: `{path} … {option}`"
    return None


def _below(context: click.Context, words: Sequence[str]) -> list[tuple[str, click.Command]]:
    """The commands of a group that these words name, the first of them and what lies below it."""
    found: list[tuple[str, click.Command]] = []
    group, path = context.command, context.command_path
    for word in itertools.islice(words, 1000):
        if not isinstance(group, click.Group):
            break
        if word.startswith("-") or (command := group.get_command(context, word)) is None:
            continue
        path, group = f"{path} {word}", command
        found.append((path, command))
    return found


def _has(command: click.Command, option: str) -> bool:
    named = (parameter.opts + parameter.secondary_opts for parameter in command.params)
    return any(option in names for names in named)
