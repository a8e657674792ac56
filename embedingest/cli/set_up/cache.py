"""`embedingest cache`: what lies in the user's folders, how large it is, and freeing the room that it takes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import rich_click as click

from embedingest.cli._options import json_option
from embedingest.cli._output import print_json, print_line
from embedingest.cli._pull_line import size_text
from embedingest.paths import user_cache, user_data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embedingest.engine.compiled.kept import Kept

__all__ = ["cache"]

_DAY_SECONDS: Final = 86_400
_PLURALS: Final = {"compiled model": "compiled models", "file note": "notes of files", "leftover": "leftovers"}


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def cache(context: click.Context, as_json: bool) -> None:
    """Show what lies in the cache folder: compiled models, and digests of their files. All of it is made again.

    Pulled models lie in a folder of their own, whose size is told; nothing here takes them away.
    """
    if context.invoked_subcommand is None:
        _show(as_json=as_json)


@cache.command()
@json_option
def show(as_json: bool) -> None:
    """Show what lies in the cache folder, how large it is, when it was used, and what nothing here uses any more."""
    _show(as_json=as_json)


@cache.command()
@json_option
def prune(as_json: bool) -> None:
    """Take away what nothing here uses any more: made for another version or processor, of files that are no more."""
    from embedingest.engine.compiled.kept import kept

    _take_away([each for each in kept() if each.stale is not None], as_json=as_json)


@cache.command()
@json_option
def clear(as_json: bool) -> None:
    """Take away all of it. Each model is prepared for this processor again at its next use, which takes seconds."""
    from embedingest.engine.compiled.kept import kept

    _take_away(kept(), as_json=as_json)


def _show(*, as_json: bool) -> None:
    from embedingest.engine.compiled.kept import kept, size_of

    found, pulled = kept(), user_data()
    size, pulled_size = sum(each.size_bytes for each in found), size_of(pulled)
    if as_json:
        items = [_item(each) for each in found]
        print_json(
            {
                "cache": {"folder": str(user_cache()), "bytes": size, "items": items},
                "data": {"folder": str(pulled), "bytes": pulled_size},
            }
        )
        return
    print_line(f"{user_cache()}: {size_text(size)}, made again where it is needed")
    for each in (each for each in found if each.kind != "file note"):
        print_line(f"  {size_text(each.size_bytes):>9}  {_said(each)}")
    if notes := [each for each in found if each.kind == "file note"]:
        gone = sum(each.stale is not None for each in notes)
        said = _counted("file note", len(notes)) + (f", {gone} of them of files that are no more" if gone else "")
        print_line(f"  {size_text(sum(each.size_bytes for each in notes)):>9}  {said}")
    print_line(f"{pulled}: {size_text(pulled_size)}, models that were pulled; `embedingest models list` names them")
    if any(each.stale for each in found):
        print_line("`embedingest cache prune` takes away what is not used any more")


def _take_away(things: Sequence[Kept], *, as_json: bool) -> None:
    from embedingest.engine.compiled.kept import take_away

    gone = take_away(things)
    size, stayed = sum(each.size_bytes for each in gone), len(things) - len(gone)
    if as_json:
        print_json({"folder": str(user_cache()), "freed_bytes": size, "items": [_item(each) for each in gone]})
        return
    counts = {kind: sum(each.kind == kind for each in gone) for kind in _PLURALS}
    what = ", ".join(_counted(kind, count) for kind, count in counts.items() if count)
    print_line(f"{user_cache()}: freed {size_text(size)} ({what or 'there was nothing to take away'})")
    if stayed:
        print_line(f"{stayed} could not be taken away: they belong to another user, or the folder cannot be written")


def _counted(kind: str, count: int) -> str:
    return f"1 {kind}" if count == 1 else f"{count} {_PLURALS[kind]}"


def _said(each: Kept) -> str:
    days = max(0, int((time.time() - each.used_at) / _DAY_SECONDS))
    used = "used today" if days == 0 else f"used {days} day{'s' * (days > 1)} ago"
    return f"{each.kind}: {each.what}, {f'not used here ({each.stale})' if each.stale else used}"


def _item(each: Kept) -> dict[str, Any]:
    return {
        "kind": each.kind, "what": each.what, "path": str(each.path), "bytes": each.size_bytes,
        "used_at": each.used_at, "stale": each.stale,
    }  # fmt: skip
