"""Every command and option that a text of ours names exists, so that a way out is one."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import click
import pytest

import embedingest
from embedingest.cli._commands import cli

ROOT = Path(embedingest.__file__).parent
COMMAND = re.compile(r"`embedingest ([^`\n]*)`")
OPTION = re.compile(r"`(--[a-z][a-z-]*)(?: [^`]*)?`")
ELSEWHERE = {"--ultra", "--num-gpus"}  # of other programs


class Said(NamedTuple):
    """One command in a text of the source, what the program fills in written as `X`."""

    place: str
    words: tuple[str, ...]


@cache
def texts() -> tuple[tuple[str, str], ...]:
    """Every text of the source, docstrings too, with its place."""
    found = []
    for file in sorted(ROOT.rglob("*.py")):
        place = file.relative_to(ROOT).as_posix()
        inside: set[int] = set()
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.JoinedStr):
                inside |= {id(part) for part in node.values}
                parts = [part.value if isinstance(part, ast.Constant) else "X" for part in node.values]
                found.append((f"{place}:{node.lineno}", "".join(map(str, parts))))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
                found.append((f"{place}:{node.lineno}", node.value))
    return tuple(found)


def commands() -> list[Said]:
    return [Said(place, tuple(match[1].split())) for place, text in texts() for match in COMMAND.finditer(text)]


def wrong(words: tuple[str, ...]) -> str:
    """Why this is no command line of ours; empty where it is one. Words in capitals are what a person fills in."""
    command: click.Command = cli
    rest = list(words)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        name = rest.pop(0)
        if name == "X":
            return ""
        found = command.get_command(click.Context(command), name)
        if found is None:
            if command is not cli and command.params:
                break
            return f"no command `{name}`"
        command = found
    known = {name: each for each in command.params for name in (*each.opts, *each.secondary_opts)}
    left = []
    while rest:
        word = rest.pop(0)
        option = known.get(word.partition("=")[0])
        if isinstance(option, click.Option):
            del rest[: not option.is_flag and "=" not in word]
        elif word != "--help":
            left.append(word)
    takes = any(isinstance(each, click.Argument) for each in command.params)
    unfit = [word for word in left if word.startswith("-") or not takes]
    return f"`{command.name}` has no {', '.join(unfit)}" if unfit else ""


def test_every_command_that_a_text_names_exists_with_its_options():
    said = commands()
    assert len(said) > 60
    assert {each: reason for each in said if (reason := wrong(each.words))} == {}


def test_every_option_that_a_text_names_is_one_of_some_command():
    known: set[str] = {"--version", "--help"}
    waiting: list[click.Command] = [cli]
    while waiting:
        command = waiting.pop()
        known |= {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
        if isinstance(command, click.Group):
            context = click.Context(command)
            waiting += [each for name in command.list_commands(context) if (each := command.get_command(context, name))]
    named = {(place, match[1]) for place, text in texts() for match in OPTION.finditer(text)}
    assert len(named) > 20
    assert {each for each in named if each[1] not in known | ELSEWHERE} == set()


@pytest.mark.parametrize(
    "words",
    [("doctor", "--folder", "X"), ("doctors",), ("status", "PATH"), ("models", "push", "NAME"), ("tag", "--remove")],
)
def test_what_is_no_command_is_found(words):
    assert wrong(words)


@pytest.mark.parametrize(
    "words",
    [
        ("models", "pull", "X"),
        ("plan", "PATH…", "--out", "FILE"),
        ("forget", "X"),
        ("restore", "--resume"),
        ("--help",),
    ],
)
def test_what_is_one_is_let_pass(words):
    assert not wrong(words)
