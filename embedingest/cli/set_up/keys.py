"""`embedingest keys`: keys of a server by name. A key is shown once, when it is made; what is kept is its hash."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import rich_click as click

from embedingest.cli._options import FilePath, json_option
from embedingest.cli._output import print_json, print_line, print_note, writing
from embedingest.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from embedingest.config.keys import KeyConfig, Right

__all__ = ["keys"]

_LOCK_SECONDS: Final = 10


def _file(*, required: bool) -> Callable[[Any], Any]:
    text = "File of the keys, as `serve --keys-file` reads it."
    return click.option("--file", type=FilePath(), envvar="EMBEDINGEST_KEYS_FILE", required=required, help=text)


@click.group()
def keys() -> None:
    """Make, list and remove keys by name, each with what it may do."""


@keys.command()
@click.argument("name")
@click.option(
    "--can",
    default="embed,search",
    show_default=True,
    help="What it may: `embed` texts, `search` and read documents, `control` (pull, unload, metrics, pipelines).",
)
@click.option("--filter", "where", default=None, help="Only rows that pass are there for it, whatever it asks.")
@_file(required=False)
@json_option
def new(name: str, can: str, where: str | None, file: Path | None, as_json: bool) -> None:
    """Make a key named NAME: it is printed once, on standard output alone.

    With `--file` it works at once for a server that reads the file; without, its lines for a configuration are told.
    """
    from embedingest.config.keys import KeyConfig, hash_of, is_name, new_key

    if not is_name(name):
        raise ConfigError(f"`{name}` is no name of a key", remedy="up to 64 letters, digits, `.`, `_` and `-`")
    key = new_key()
    rights = _rights(can)
    if where is not None and "control" in rights:
        raise ConfigError(
            "a key with `--filter` cannot have the right `control`: pipelines and their failures name all documents",
            remedy="make two keys",
        )
    held = KeyConfig(hash=hash_of(key), can=rights, filter=_checked(where))
    if file is not None:
        with _changed(file) as known:
            if name in known:
                raise ConfigError(
                    f"{file} has a key `{name}` already", remedy=f"`embedingest keys remove {name} --file {file}` first"
                )
            known[name] = held
    if as_json:
        print_json({"name": name, "key": key, **_told(held), "file": None if file is None else str(file)})
    else:
        print_line(key)
    if file is None:
        _print_lines(name, held)
    else:
        print_note(f"key `{name}` is in {file}; the key itself is kept nowhere", style="dim")


@keys.command("list")
@_file(required=True)
@json_option
def list_(file: Path, as_json: bool) -> None:
    """List the keys of a file: names, what each may, and its filter."""
    from embedingest.config.keys import read_keys

    known = read_keys(file)
    if as_json:
        print_json({"keys": [{"name": name, **_told(held)} for name, held in known.items()]})
        return
    for name, held in known.items():
        print_line(f"{name}  {','.join(held.can)}" + ("" if held.filter is None else f"  where {held.filter}"))
    if not known:
        print_note(f"{file} has no keys")


@keys.command()
@click.argument("name")
@_file(required=True)
@json_option
def remove(name: str, file: Path, as_json: bool) -> None:
    """Take the key NAME out of a file: a server that reads the file refuses it within a second or two."""
    with _changed(file) as known:
        if name not in known:
            raise ConfigError(f"{file} has no key `{name}`", remedy=f"it has {', '.join(known) or 'none'}")
        del known[name]
    if as_json:
        print_json({"removed": name})
    else:
        print_note(f"key `{name}` is no more in {file}")


def _rights(can: str) -> tuple[Right, ...]:
    from embedingest.config.keys import RIGHTS

    wanted = {part.strip() for part in can.split(",")}
    if unknown := wanted - set(RIGHTS):
        raise ConfigError(f"--can: no right is named `{min(unknown)}`", remedy=f"there are {', '.join(RIGHTS)}")
    return tuple(right for right in RIGHTS if right in wanted)


def _checked(where: str | None) -> str | None:
    from embedingest.store.search import filters

    if where is not None:
        filters.parse(where)
    return where


@contextmanager
def _changed(file: Path) -> Iterator[dict[str, KeyConfig]]:
    """The keys of a file, which is written anew at the end, with what was changed. Others wait meanwhile."""
    import filelock

    from embedingest.config.keys import read_keys, write_keys

    with writing(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            with filelock.FileLock(file.with_name(f".{file.name}.lock"), timeout=_LOCK_SECONDS, mode=0o600):
                known = dict(read_keys(file)) if file.exists() else {}
                yield known
                write_keys(file, known)
        except filelock.Timeout as error:
            raise ConfigError(f"{file} is being changed by another program", remedy="try again") from error


def _told(held: KeyConfig) -> dict[str, Any]:
    return {"can": list(held.can), "filter": held.filter, "hash": held.hash}


def _print_lines(name: str, held: KeyConfig) -> None:
    import yaml

    print_note("for a configuration; the key itself is kept nowhere:", style="dim")
    document = {"server": {"keys": {name: {k: v for k, v in _told(held).items() if v is not None}}}}
    for line in yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=10_000).splitlines():
        print_note(line)
