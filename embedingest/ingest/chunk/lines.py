"""What single lines say of a text: records of a log, questions and answers, labels, lines that are no wrapped prose."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

__all__ = [
    "DELIMITER_ROW",
    "RECORD",
    "is_label",
    "is_log",
    "is_title",
    "is_unwrapped",
    "opens_answer",
    "opens_question",
]

_MONTHS: Final = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
RECORD: Final = rf"""(?:
      [\[(<{{"']{{0,2}}(?:
        \d{{4}}[-/.]?\d\d[-/.]?\d\d(?:[T\ _,|\]-]|$)          # 2024-05-01, 20240501
      | \d{{1,2}}[-/.]\d{{1,2}}[-/.]\d{{2,4}}[\ T,]
      | \d{{2}}-\d{{2}}\ \d\d:                                # logcat
      | [IWEF]\d{{4}}\ \d\d:                                  # glog
      | (?:{_MONTHS})[a-z]{{0,6}}\ {{1,2}}\d{{1,2}}[\ ,]      # syslog
      | \d{{1,2}}[-/\ ](?:{_MONTHS})[-/\ ]\d{{2,4}}
      | \ {{0,6}}\d{{1,9}}\.\d{{3,9}}[\]\ ]                   # seconds since a start
      | 1\d{{9}}(?:\d{{3}})?(?:\.\d{{1,9}})?[\]\ ,|]          # seconds of an epoch
      | \d{{1,3}}(?:\.\d{{1,3}}){{3}}\ \S{{1,64}}\ \S{{1,64}}\ \[ # access logs
      | (?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL|SEVERE)[\]:\ |]
      | (?:time|ts|level|at)=
      | time"\ ?:|ts"\ ?:|timestamp"\ ?:|level"\ ?:|@timestamp"\ ?:
      )
    | <\d{{1,3}}>(?=\S)                                       # priority of syslog
    | [^\n]{{0,48}}?(?<!\d)\d{{1,2}}:\d\d:\d\d(?!\d)          # a time of day near the start
    )"""
"""The beginning of a record of a log, for a verbose pattern."""
_RECORD: Final = re.compile(RECORD, re.VERBOSE)
DELIMITER_ROW: Final = re.compile(r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?$")
"""What stands between header and rows of a pipe table, without the blanks around it: hyphens, colons and bars."""
_LOOKED_AT: Final = 20_000
_FEWEST: Final = 5
_SHARE: Final = 0.4

_QUESTION: Final = re.compile(
    r"(?:\*\*|__)?(?:Q ?\d{0,4} ?[:.)]|F ?\d{0,4}:|(?:Question|Frage|Pregunta|Domanda|Pergunta|Vraag)(?: \d{1,4})?:"
    r"|[问問][:：]|質問[:：]|Вопрос:)"
)
_ANSWER: Final = re.compile(
    r"(?:\*\*|__)?(?:[AR] ?\d{0,4} ?[:.)]|(?:Answer|Antwort|Réponse|Respuesta|Risposta|Resposta|Antwoord)(?: \d{1,4})?:"
    r"|答[:：]|回答[:：]|Ответ:)"
)
_LONGEST_LABEL: Final = 200
_NUMBERED: Final = re.compile(
    r"(?:(?:\d{1,3}[.)]){1,6}\d{0,3}[.)]?|\d{1,3}(?:\.\d{1,3}){1,5}|[IVXLC]{1,7}[.)]|§ ?\d{1,4}[a-z]?)[ \t]+[^\W\d_]"
    r"|(?:chapter|part|section|article|annex|appendix|kapitel|teil|abschnitt|artikel|anhang|chapitre|partie|annexe"
    r"|capítulo|capitolo|sección|artículo|articolo|глава|часть|раздел)[ \t]+(?:\d{1,4}|[IVXLC]{1,7}|[A-Z])\b",
    re.IGNORECASE,
)
_ENDS: Final = (".", ",", ";", ":", "!", "-")


def is_log(text: str) -> bool:
    """Whether the lines at the beginning of a text are records of a log; those of several lines are mostly indented."""
    lines = [line for line in text[:_LOOKED_AT].split("\n") if line and not line[0].isspace()]
    records = sum(1 for line in lines if _RECORD.match(line))
    return records >= _FEWEST and records >= _SHARE * len(lines)


def is_unwrapped(text: str) -> bool:
    """Whether the lines of a text end where their writer ended them: most had room for the next word.

    So are lists without marks, verse, logs, and texts of one sentence or paragraph a line.
    """
    lines = text[:_LOOKED_AT].strip("\n").split("\n")
    width = max(map(len, lines))
    breaks = room = 0
    for line, following in pairwise(lines):
        first = following.split(None, 1)[:1]
        if line.strip() and first:
            breaks += 1
            room += len(line.rstrip()) + 1 + len(first[0]) <= width
    return breaks > 0 and room >= 0.8 * breaks


def is_label(words: str) -> bool:
    """Whether a line is nothing but bold words: a heading of a kind."""
    if len(words) > _LONGEST_LABEL or len(words) < 5:
        return False
    mark = words[:2]
    inner = words.rstrip(":.")
    return mark in {"**", "__"} and inner.endswith(mark) and len(inner) > 4 and mark not in inner[2:-2]


def is_title(words: str) -> bool:
    """Whether a line alone heads what follows: it has a number (`1.2 Scope`) or is in capitals, and no sign ends it."""
    if "\n" in words or words.endswith(_ENDS):
        return False
    return _NUMBERED.match(words) is not None or (words.isupper() and sum(map(str.isalpha, words)) > len(words) / 2)


def opens_question(words: str) -> bool:
    """Whether a line begins a question of questions and answers (`Q:`)."""
    return _QUESTION.match(words) is not None


def opens_answer(words: str) -> bool:
    """Whether a line begins an answer (`A:`)."""
    return _ANSWER.match(words) is not None
