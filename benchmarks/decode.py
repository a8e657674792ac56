"""Encodings before Unicode: how often a file is read wrong, by ours, by chardet and by charset-normalizer alone.

    python benchmarks/decode.py [--sizes 1,10,100,1000] [--peers]

Needs `wordfreq` (word lists of 40 languages travel inside its wheel), and for `--peers` also `chardet` and
`charset-normalizer`. Every text is made from words of a language that its encoding can write, drawn by their
frequency with a fixed seed; a text counts as wrong when one character comes out otherwise than it was written.
"""

import argparse
import collections
import random

from embedingest.errors import DocumentError
from embedingest.ingest.load.common.decode import decode

import record as records

LANGUAGES = {
    "cp1252": "de fr es pt it nl sv da fi is ca nb", "iso8859-15": "fr de", "cp1250": "pl cs hu ro sk sl",
    "iso8859-2": "pl cs hu sl", "cp1251": "ru uk bg mk", "koi8-r": "ru", "koi8-u": "uk", "iso8859-5": "ru",
    "cp1253": "el", "iso8859-7": "el", "cp1254": "tr", "cp1255": "he", "cp1256": "ar fa", "cp1257": "lt lv",
    "gb18030": "zh", "cp932": "ja", "euc_jp": "ja", "iso2022_jp": "ja", "cp949": "ko", "utf-8": "de ru ja",
}  # fmt: skip
DOS_AND_MAC = {"cp850": "de fr es", "cp866": "ru", "mac_roman": "de fr es"}
KINDS = ("prose", "log", "capitals", "csv", "capital log", "code", "names", "tsv")
GLUED = {"zh", "ja"}


class Words:
    """Words of a language that an encoding can write, the frequent first."""

    def __init__(self, language, encoding):
        import wordfreq

        self.glue = "" if language in GLUED else " "
        self._words = [word for word in wordfreq.top_n_list(language, 6000) if writes(encoding, word)]
        self._high = [word for word in self._words if not word.isascii()]

    def some(self, chance, count=1):
        last = len(self._words) - 1
        return [self._words[min(int(chance.expovariate(1 / 800)), last)] for _ in range(count)]

    def high(self, chance):
        return chance.choice(self._high)


def writes(encoding, word):
    try:
        (word + word.upper() + word.capitalize()).encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def line(kind, words, number, chance):
    some = words.some
    if kind == "prose":
        return words.glue.join(some(chance, chance.randint(6, 14))).capitalize() + "."
    if kind == "log":
        return f"2024-05-{number % 28 + 1:02} 10:{number % 60:02}:00 ERROR 0x{number:08x} {' '.join(some(chance, 3))}"
    if kind == "capitals":
        return " ".join(some(chance, 5)).upper()
    if kind == "csv":
        return f"{number},{some(chance)[0]},{chance.random():.2f},{' '.join(some(chance, 2))},X"
    if kind == "capital log":
        return (
            f"2024-05-{number % 28 + 1:02} ERROR 0x{number:08X} {words.high(chance)} {number} {some(chance)[0]}".upper()
        )
    if kind == "code":
        return f"    x{number} = foo({number}, bar)  # {' '.join(some(chance, 3))}"
    if kind == "names":
        return f"{words.high(chance)} {some(chance)[0]}".title()
    return f"A-{number}\t{words.high(chance).upper()}\t{number * 7}"


def texts(table, size, rounds):
    for encoding, languages in table.items():
        for language in languages.split():
            words = Words(language, encoding)
            for kind in KINDS:
                for number in range(rounds):
                    chance = random.Random(f"{encoding} {language} {kind} {size} {number}")
                    text = "\n".join(line(kind, words, i, chance) for i in range(size)) + "\n"
                    if writes(encoding, text) and not text.isascii():
                        yield encoding, kind, text


def ours(data):
    try:
        return decode(data, "x").text
    except DocumentError:
        return ""


def by_chardet(data):
    import chardet

    return data.decode(chardet.detect(data)["encoding"] or "utf-8", "replace")


def by_normalizer(data):
    import charset_normalizer

    best = charset_normalizer.from_bytes(data).best()
    return "" if best is None else str(best)


def measure(table, size, rounds, readers):
    wrong = {name: collections.Counter() for name in readers}
    count = 0
    for encoding, kind, text in texts(table, size, rounds):
        data = text.encode(encoding)
        count += 1
        for name, reader in readers.items():
            if reader(data) != text:
                wrong[name][f"{encoding}, {kind}"] += 1
    shares = {name: 100 * found.total() / count for name, found in wrong.items()}
    print(f"  {count} texts; wrong: " + ", ".join(f"{name} {share:.2f} %" for name, share in shares.items()))
    figures = {"texts": count, "wrong_percent": shares, "ours_by_kind": dict(wrong["ours"].most_common())}
    limit = [records.Check("read wrong", shares["ours"], 0.5, at_most=True, unit="%")] if size >= 10 else []
    return figures, limit


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1,10,100,1000", help="lines of a text")
    parser.add_argument("--rounds", type=int, default=3, help="texts of each encoding, language and kind")
    parser.add_argument("--peers", action="store_true", help="chardet and charset-normalizer as well")
    parser.add_argument("--results", default=records.RESULTS)
    asked = parser.parse_args()
    readers = {"ours": ours} | ({"chardet": by_chardet, "charset-normalizer": by_normalizer} if asked.peers else {})
    record = records.Record("decode", asked.results)

    def row(name, table, size):
        record.told(name, *measure(table, size, asked.rounds, readers))

    rows = {}
    for size in map(int, asked.sizes.split(",")):
        rows[f"{size} lines"] = lambda size=size: row(f"{size} lines", LANGUAGES, size)
        rows[f"{size} lines, DOS and Mac"] = lambda size=size: record.keep(
            f"{size} lines, DOS and Mac", measure(DOS_AND_MAC, size, asked.rounds, readers)[0]
        )
    return records.run(record, rows)


if __name__ == "__main__":
    raise SystemExit(main())
