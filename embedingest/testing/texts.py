"""Texts that checks use: what people write, what nobody would write, and documents of every markup."""

from __future__ import annotations

from typing import Final

from embedingest.types import Document

__all__ = ["DOCUMENTS", "ODD", "PLAIN"]

PLAIN: Final = (
    "The cat sat on the mat and looked at the rain.",
    "A cat sat on a mat, looking at the rain.",
    "Quarterly revenue rose by eleven percent in the last fiscal year.",
    "why is the sky blue?",
    "Der Himmel über München ist heute blau.",
    "def add(a, b):\n    return a + b",
    "one",
    " ".join(f"sentence {i} of a longer paragraph about rivers, bridges and boats." for i in range(12)),
)

ODD: Final = (
    "",
    " \n\t ",
    "\x00\x01\x02",
    "\ud800 lone \udfff surrogates",
    "👩‍👩‍👧‍👦 family e\u0301 combining",
    "漢字かな交じり文。ภาษาไทย العربية",
    "x" * 5_000,
    "\u202eright to left\u202c",
    "\ufeffbyte order mark",
)

_MARKDOWN: Final = (
    "# Title\n\nIntro *text*.\n\n## Part\n\n- one\n- two\n\n```py\nx = 1\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
)
_CODE: Final = "import os\n\n\nclass A:\n    def f(self):\n        return 1\n\n\ndef g():\n    return A()\n"
_ROWS: Final = "name,amount\n" + "".join(f"item {i},{i * 3}\n" for i in range(40))

DOCUMENTS: Final = (
    Document(source="a.txt", text="\n\n".join(PLAIN)),
    Document(source="a.md", text=_MARKDOWN * 8, markup="markdown", mime="text/markdown", title="Title"),
    Document(source="a.py", text=_CODE * 8, markup="code", language="python"),
    Document(source="a.csv", text=_ROWS, markup="rows"),
    Document(source="long.txt", text="word" * 2_000),
    Document(source="odd.txt", text="\n".join(text for text in ODD if "\ud800" not in text)),
)
