"""Questions with the documents that answer them, from the files that people have. Knows no table.

Three forms are read: YAML with the sources beside each question, and the queries of TREC (`id<TAB>text`) or BEIR
(JSON lines) with judgments of theirs in a second file.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import yaml

from embedingest.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["Question", "read_questions"]

_log = logging.getLogger(__name__)

_YAML: Final = (".yaml", ".yml")
_TREC_FIELDS: Final = 4  # query, iteration, document, grade
_BEIR_FIELDS: Final = 3  # query, document, grade
_MOST_GRADE: Final = 1000  # gains are computed from grades; more is a mistake of columns
_YAML_REMEDY: Final = (
    "write `- question: …` with `sources: [notes.md]` under it; `--suggest` makes a file to begin with"
)
_TWO_FILES_REMEDY: Final = (
    "name the judgments as the second file: lines of `query 0 document grade` (TREC) or `query<TAB>document<TAB>grade`"
)


@dataclass(frozen=True, slots=True)
class Question:
    """One question, and the grade (1 or more) of each document that answers it, by the names of the file."""

    id: str
    text: str
    relevant: Mapping[str, int]


def read_questions(path: Path, judgments: Path | None = None) -> list[Question]:
    """The questions of a file, in its order, with what answers them; those that nothing answers have no names.

    Raises ConfigError, with file and line, for what is none of the three forms.
    """
    if path.suffix.lower() in _YAML:
        if judgments is not None:
            raise ConfigError(f"{path} has the sources beside its questions, and {judgments} was named too",
                              remedy="leave the second file out")  # fmt: skip
        return _from_yaml(path)
    if judgments is None:
        raise ConfigError(f"{path} has questions and no answers", remedy=_TWO_FILES_REMEDY)
    graded = _judgments(judgments)
    texts = dict(_queries(path))
    if not graded.keys() & texts.keys():
        examples = f"`{next(iter(graded), '')}` and `{next(iter(texts), '')}`"
        raise ConfigError(f"no query of {judgments} is in {path}: their ids are such as {examples}",
                          remedy="name the judgments that belong to these queries")  # fmt: skip
    if strange := graded.keys() - texts.keys():
        _log.warning("%s judges %d queries that are not in %s, left out", judgments, len(strange), path)
    return [Question(key, text, graded.get(key, {})) for key, text in texts.items()]


# -- YAML


def _from_yaml(path: Path) -> list[Question]:
    try:
        entries = yaml.safe_load(_text(path))
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", -1) + 1
        raise ConfigError(
            f"{path}:{line} is no YAML: {getattr(error, 'problem', error)}", remedy=_YAML_REMEDY
        ) from None
    if not isinstance(entries, list) or not entries:
        raise ConfigError(f"{path} is no list of questions", remedy=_YAML_REMEDY)
    return [_entry(path, number, entry) for number, entry in enumerate(entries, 1)]


def _entry(path: Path, number: int, entry: Any) -> Question:
    where = f"{path}, entry {number}"
    if not isinstance(entry, dict) or set(entry) - {"question", "sources", "id"}:
        raise ConfigError(f"{where} is not made of `question` and `sources`", remedy=_YAML_REMEDY)
    text, sources = entry.get("question"), entry.get("sources")
    if not isinstance(text, str) or not text.strip():
        raise ConfigError(f"{where} has no `question`", remedy=_YAML_REMEDY)
    if isinstance(sources, str):
        sources = [sources]
    if isinstance(sources, list):
        sources = dict.fromkeys(sources, 1)
    if not isinstance(sources, dict) or not sources:
        raise ConfigError(f"{where} has no `sources`", remedy=_YAML_REMEDY)
    for name, grade in sources.items():
        if not isinstance(name, str) or type(grade) is not int:
            raise ConfigError(f"{where}: {name!r}: {grade!r} is no source with a whole number", remedy=_YAML_REMEDY)
    return Question(str(entry.get("id", number)), text, _positive(where, sources))


# -- lines


def _queries(path: Path) -> Iterator[tuple[str, str]]:
    """Ids and texts. Raises ConfigError for an id that comes twice."""
    seen = set()
    for number, line in _lines(path):
        key, text = _json_query(path, number, line) if line.startswith("{") else _tab_query(path, number, line)
        if key in seen:
            raise ConfigError(
                f"{path}:{number}: query `{key}` is there twice", remedy="give each query an id of its own"
            )
        seen.add(key)
        yield key, text


def _json_query(path: Path, number: int, line: str) -> tuple[str, str]:
    try:
        values = json.loads(line)
        key, text = values.get("_id", values.get("id")), values.get("text", values.get("query"))
    except (ValueError, AttributeError, RecursionError):
        key = text = None
    if key is None or not isinstance(text, str) or not text.strip():
        raise ConfigError(f'{path}:{number} is no query such as {{"_id": "1", "text": "…"}}', remedy=_YAML_REMEDY)
    return str(key), text


def _tab_query(path: Path, number: int, line: str) -> tuple[str, str]:
    key, tab, text = line.partition("\t")
    if not tab or not key.strip() or not text.strip():
        raise ConfigError(f"{path}:{number} is no query: an id, a tab and a text are wanted", remedy=_YAML_REMEDY)
    return key.strip(), text.strip()


def _judgments(path: Path) -> dict[str, dict[str, int]]:
    """The grades of documents, by query."""
    graded: dict[str, dict[str, int]] = {}
    for number, line in _lines(path):
        fields = line.split("\t") if line.count("\t") >= _BEIR_FIELDS - 1 else line.split()
        fields = [one.strip() for one in fields]
        if len(fields) == _TREC_FIELDS:
            del fields[1]
        if number == 1 and len(fields) == _BEIR_FIELDS and not _is_whole(fields[2]):
            continue  # the heading of BEIR's files
        if len(fields) != _BEIR_FIELDS or not _is_whole(fields[2]):
            raise ConfigError(f"{path}:{number} is no judgment", remedy=_TWO_FILES_REMEDY)
        query, name, grade = fields
        graded.setdefault(query, {}).update(_positive(f"{path}:{number}", {name: int(grade)}))
    return graded


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines that hold something, each with its number."""
    return ((number, line) for number, line in enumerate(_text(path).split("\n"), 1) if line.strip())


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is no UTF-8 at byte {error.start}", remedy="save it as UTF-8") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}", remedy="check the path and its rights") from None


def _is_whole(text: str) -> bool:
    return text.removeprefix("-").isascii() and text.removeprefix("-").isdigit()


def _positive(where: str, grades: Mapping[str, int]) -> dict[str, int]:
    """Those that answer at all: grades below 1 say that a document was looked at and does not."""
    for name, grade in grades.items():
        if grade > _MOST_GRADE:
            remedy = "grades are small whole numbers; check the order of the columns"
            raise ConfigError(
                f"{where}: the grade of `{name}` is {grade}, and {_MOST_GRADE} is the most", remedy=remedy
            )
    return {name: grade for name, grade in grades.items() if grade > 0}
