"""300 texts for the oracle, the same on every run: ordinary ones, and ones that trouble tokenizers."""

from __future__ import annotations

import random
from collections.abc import Iterator

__all__ = ["ODD", "generated"]

_WORDS = """
the of and a to in is that for it as was with be by on not he his are this have from or one had an but embedding
vector table index query document chunk token model tokenizer retrieval semantic similarity
antidisestablishmentarianism Schadenfreude naïve café résumé Zürich Ångström don't it's we'll e.g. i.e. HTTP/1.1
UTF-8 README.md __init__ snake_case camelCase SCREAMING kebab-case x=1 a+b=c C++ C# .NET node.js 3.14159 1,000,000
2024-11-23 12:34:56 $19.99 100% #hashtag @mention foo@example.com https://example.com/a?b=c
""".split()  # noqa: SIM905
_MARKS = (".", ",", ";", ":", "!", "?", "...", " - ", " (", ") ", '"', "'", "\n", "\t", "  ", "\n\n")

ODD = (
    "", " ", "\n\n", "\t", "a\x00b", "\x01\x02", "a\u200bb", "\ufeffa", "a\u00adb", "\u2028", "e\u0301", "ﬁ ﬂ ﬀ",
    "İstanbul", "ß SS ẞ", "Ω ohm Ω", "½ ⅓ Ⅻ ①", "天空为什么是蓝色的", "空はなぜ青い", "하늘은 왜", "สวัสดี",
    "नमस्ते दुनिया", "مرحبا بالعالم", "שלום עולם", "Привет, мир", "Γειά σου Κόσμε", "😀😃 👩‍👩‍👧 🏳️‍🌈",
    "x" * 99, "x" * 100, "x" * 101, "a" * 300, "[CLS] a [SEP]", "[MASK] [PAD] [UNK]", "[cls]",
    "[unused1] [unused99]", "##ing", "▁a", "a▁b", "<s></s>", "ｆｕｌｌｗｉｄｔｈ　１２３", "…—–‘’“”", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
    "\u202ea\u202c", "a\u0300\u0301\u0302b", "\U0010ffff", "\ue000", "𠀀𠀁",
)  # fmt: skip


def generated(count: int, seed: int = 20260101) -> Iterator[str]:
    """Ordinary texts of 1 to 300 words, punctuated and cased at random."""
    chance = random.Random(seed)
    for _ in range(count):
        words = []
        for _ in range(chance.choice((1, 2, 3, 5, 8, 12, 20, 30, 60, 300))):
            word = chance.choice(_WORDS)
            word = chance.choice((word, word, word, word.upper(), word.title()))
            words.append(word + (chance.choice(_MARKS) if chance.random() < 0.2 else " "))
        yield "".join(words)
