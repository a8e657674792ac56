"""Links and templates of a wiki text, in any nesting, as their words. Knows no lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import MutableMapping

__all__ = ["Brackets"]

_TOKEN: Final = re.compile(r"\{{2,}|\}{2,}|\[\[|\]\]")
_DEEPEST: Final = 40
_FILE: Final = frozenset(["file", "image", "media", "datei", "bild", "fichier", "archivo", "imagen", "ficheiro",
                          "imagem", "immagine", "bestand", "afbeelding", "plik", "файл", "изображение", "fil",
                          "soubor", "fájl", "文件", "檔案", "ファイル", "画像", "파일", "ملف", "dosya",
                          "tiedosto"])  # fmt: skip
_CATEGORY: Final = frozenset(["category", "kategorie", "catégorie", "categoría", "categoria", "categorie", "kategoria",
                              "категория", "категорія", "kategori", "分类", "分類", "カテゴリ", "분류", "تصنيف",
                              "luokka", "kategória"])  # fmt: skip
_LAYOUT: Final = re.compile(
    r"(?i)(?:thumb(?:nail)?|mini|miniatur|frame(?:d|less)?|border|left|right|center|centre|none|links|rechts|gauche|droite|"
    r"baseline|middle|top|bottom|sub|super|text-(?:top|bottom)|upright(?:[ =][\d.]*)?|hochkant(?:[ =][\d.]*)?|"
    r"\d{0,5}(?:x\d{1,5})?px|(?:alt|link|lang|page|class|thumbtime|start|end)=.{0,1000})\Z"
)
_CHARACTERS: Final = {"!": "|", "=": "=", "(": "{", ")": "}", "snd": " – ", "ndash": "–", "mdash": "—",
                      "spaced ndash": " – ", "nbsp": " ", "sp": " ", "pipe": "|", "'": "'", '"': '"', "dot": " · ",
                      "·": " · ", "•": " • ", "clear": "", "reflist": "", "notelist": "", "toc": ""}  # fmt: skip
_NAMED: Final = re.compile(r"[ \t\n]*([^=<>\[\]{}|\n]{1,80}?)[ \t\n]*=(.*)\Z", re.DOTALL)
_NOTES: Final = frozenset(
    {"sfn", "sfnp", "efn", "efn-ua", "refn", "notetag"}
)  # they touch the words that they stand behind
_UPKEEP: Final = frozenset({"date", "reason", "datum"})  # of a remark to those who write: `{{citation needed|date=…}}`
_DISPLAY: Final = "displaytitle:"


class Brackets:
    """Reads a text; pictures and templates are counted, categories and a title that is set are kept."""

    def __init__(self, notices: MutableMapping[str, int]) -> None:
        self.categories: Final[dict[str, None]] = {}
        self.title = ""
        self._buried = 0
        self._notices: Final = notices

    def read(self, text: str) -> str:
        """The text without double brackets and braces. One that nothing closes gives way to what it holds."""
        frames: list[tuple[str, list[str]]] = [("", [])]
        self._buried = at = 0
        for match in _TOKEN.finditer(text):
            frames[-1][1].append(text[at : match.start()])
            at = match.end()
            if match[0] in {"[[", "]]"}:
                self._square(frames, match[0])
            elif match[0][0] == "{":
                for mark in _marks(len(match[0])):
                    self._open(frames, mark)
            else:
                self._braces(frames, len(match[0]))
        frames[-1][1].append(text[at:])
        while len(frames) > 1:
            mark, parts = frames.pop()
            frames[-1][1].append("".join(parts) if mark != "[[" else "[[" + "".join(parts))
        return "".join(frames[0][1])

    def _open(self, frames: list[tuple[str, list[str]]], mark: str) -> None:
        """Begin what a mark opens; so deep that each level would read all below it again, it is only counted."""
        if len(frames) > _DEEPEST:
            self._buried += 1
        else:
            frames.append((mark, []))

    def _square(self, frames: list[tuple[str, list[str]]], mark: str) -> None:
        if mark == "[[":
            self._open(frames, mark)
        elif self._buried:
            self._buried -= 1
        elif frames[-1][0] == "[[":
            self._close(frames)
        else:
            frames[-1][1].append(mark)

    def _braces(self, frames: list[tuple[str, list[str]]], count: int) -> None:
        """So many braces close what they can; the others say nothing."""
        while count >= 2 and self._buried:
            self._buried -= 1
            count -= 2
        while count >= 2 and frames[-1][0][:1] == "{":
            count -= min(count, len(frames[-1][0]))
            self._close(frames)

    def _close(self, frames: list[tuple[str, list[str]]]) -> None:
        mark, parts = frames.pop()
        inside = "".join(parts)
        if mark == "[[":
            frames[-1][1].append(self._link(inside))
        elif mark == "{{{":
            frames[-1][1].append(inside.partition("|")[2])
        else:
            frames[-1][1].append(self._template(inside))

    def _link(self, inside: str) -> str:
        target, *rest = inside.split("|")
        target = target.strip()
        space, colon, page = target.partition(":")
        kind = space.strip().lower()
        if colon and kind in _FILE:
            self._count("skipped_images")
            caption = next((each.strip() for each in reversed(rest) if not _LAYOUT.match(each.strip())), "")
            return f"\n\n{caption}\n\n" if caption else ""
        if colon and kind in _CATEGORY:
            self.categories[page.strip()] = None
            return ""
        label = "|".join(rest).strip()
        return label or target.lstrip(":").replace("_", " ").replace("#", "", 1 if target.startswith("#") else 0)

    def _template(self, inside: str) -> str:
        name, *given = inside.split("|")
        name = " ".join(name.split())
        lower = name.lower()
        if lower.startswith(_DISPLAY):
            self.title = name[len(_DISPLAY) :].strip()
            return ""
        if lower in _CHARACTERS:
            return _CHARACTERS[lower]
        if not given and (name.isupper() or (":" in name and name.partition(":")[0].isupper())):
            return ""  # a variable of the wiki
        self._count("templates")
        named, plain = _arguments(given)
        if name.startswith("#"):
            plain = [name.partition(":")[2].strip(), *plain]
        if "\n" in inside and named:
            lines = [f"{key}: {' '.join(value.split())}" for key, value in named if value]
            return "\n\n" + "\n".join([*filter(None, plain), *lines]) + "\n\n"
        words = [*filter(None, plain)]
        if not words and {key.lower() for key, _ in named} <= _UPKEEP:
            return ""
        if lower in _NOTES and words:
            return f" ({', '.join([*words, *(value for _, value in named if value)])})"
        if words and not named:
            of_language = len(words) > 1 and len(words[0]) <= 3 and words[0].isalpha() and words[0].islower()
            return " ".join(words[of_language:])
        return ", ".join([*words, *(value for _, value in named if value)])

    def _count(self, kind: str) -> None:
        self._notices[kind] = self._notices.get(kind, 0) + 1


def _marks(count: int) -> list[str]:
    """What so many braces open: templates of two, parameters of three."""
    marks: list[str] = []
    while count >= 2:
        marks.append("{{" if count in {2, 4, 5} else "{{{")
        count -= len(marks[-1])
    return marks


def _arguments(given: list[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """What is given by name, and what by its place."""
    named: list[tuple[str, str]] = []
    plain: list[str] = []
    for each in given:
        match = _NAMED.match(each) if "=" in each else None
        if match is not None:
            named.append((match[1].strip(), match[2].strip()))
        else:
            plain.append(each.strip())
    return named, plain
