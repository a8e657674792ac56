"""The flags of `watch` and `ingest` as settings: the same ones that a configuration file sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import rich_click as click

from embedingest.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["ingest_options", "pipeline_settings"]

F = TypeVar("F", bound="Callable[..., Any]")

_OPTIONS = (
    click.option("--as", "aliases", multiple=True, metavar="NAME", help="Alias of a PATH; once for each, in order."),
    click.option("--include", multiple=True, metavar="PATTERN", help="Only paths that match; gitignore patterns."),
    click.option("--exclude", multiple=True, metavar="PATTERN", help="Never paths that match; gitignore patterns."),
    click.option("--no-gitignore", is_flag=True, help="Take what .gitignore files leave out."),
    click.option("--hidden", is_flag=True, help="Also take files and folders whose name begins with a dot."),
    click.option(
        "--follow-symlinks",
        type=click.Choice(["never", "inside", "always"]),
        default="inside",
        show_default=True,
        help="Follow links never, to targets inside the folder, or always.",
    ),
    click.option("--chunker", default="auto", show_default=True, help="Chunker; `auto` goes by the document."),
    click.option("--max-tokens", type=click.IntRange(8), help="Largest chunk.  [default: the model's window]"),
    click.option("--overlap", type=click.IntRange(0), default=0, show_default=True, help="Tokens two chunks share."),
    click.option("--heading-prefix", is_flag=True, help="Embed the heading path in front of each chunk."),
    click.option("--workers", type=click.IntRange(1, 256), default=None, help="Extraction processes.  [default: 1]"),
    click.option("--max-bytes", type=click.IntRange(1), default=None, help="Skip files above this size."),
    click.option("--allow-deletes", is_flag=True, help="Let every deletion happen without asking."),
)


def ingest_options(function: F) -> F:
    """Everything that says what is read and how it is cut."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def pipeline_settings(paths: tuple[Path, ...], *, model: str, db: str, table: str, **flags: Any) -> dict[str, Any]:
    """The `pipelines.default` section that these flags stand for."""
    aliases = flags["aliases"]
    if aliases and len(aliases) != len(paths):
        raise ConfigError(
            f"{len(aliases)} aliases were given for {len(paths)} paths",
            remedy="give `--as` once for each PATH, in the same order",
        )
    shared = {
        "include": flags["include"],
        "exclude": flags["exclude"],
        "gitignore": not flags["no_gitignore"],
        "hidden": flags["hidden"],
        "follow_symlinks": flags["follow_symlinks"],
    }
    return {
        "sources": [
            {"path": path, "as": aliases[index] if aliases else None, **shared} for index, path in enumerate(paths)
        ],
        "model": model,
        "db": db,
        "table": table,
        "load": _given(workers=flags["workers"], max_bytes=flags["max_bytes"]),
        "chunk": {
            "chunker": flags["chunker"],
            "max_tokens": flags["max_tokens"],
            "overlap_tokens": flags["overlap"],
            "heading_prefix": flags["heading_prefix"],
        },
        "watch": _given(
            settle_ms=flags.get("settle_ms"), polling=flags.get("polling"), sweep_seconds=flags.get("sweep_seconds")
        ),
    }


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
