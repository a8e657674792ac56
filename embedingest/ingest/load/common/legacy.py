"""Which of the encodings before Unicode a text is in, from the words that hold bytes above 127.

What surrounds those words (numbers, ASCII words, repeated lines) says nothing, and misleads detectors that count it.
Every candidate decodes the same distinct words, and is asked how much the outcome looks like words: letters of one
script within a word, of one language, the common ones before the rare ones, no capital after a small letter, no sign
inside a word. Below a floor the answer is the fallback, windows-1252: what browsers take, and what is least wrong.
Pages of DOS and the old Mac need more than that, for they turn every byte into some letter or line.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import cache, lru_cache
from typing import Final, NamedTuple

__all__ = ["FALLBACK", "guess", "looks_like"]

FALLBACK: Final = "cp1252"

_SAMPLE_BYTES: Final = 128 << 10
_FLOOR: Final = 0.35
_STRONG: Final = 0.8
"""What a page of DOS or the old Mac must reach, and by how much it must be better than every other."""

_BENEFIT: Final = 0.8
"""Points of the fallback in a text of one letter above 127, less with each more."""

_WORD: Final = re.compile(rb"[A-Za-z]{0,40}[\x80-\xff][A-Za-z\x80-\xff]{0,60}")
_LINE: Final = re.compile(rb"[^\r\n]{0,1024}[\x80-\xff][^\r\n]{0,1024}")


class _Language(NamedTuple):
    """Letters above ASCII that a language writes, by how often it writes them."""

    letters: str


_GERMAN = _Language("äöüß")
_FRENCH = _Language("éèàêçùâîôûëïüœæÿ")
_SPANISH = _Language("óíáéñúüºª")
_PORTUGUESE = _Language("ãçáéíóêâõàúôüºª")
_ITALIAN = _Language("àèéùìòîºª")
_CATALAN = _Language("àóèíéçòúïü·")
_DUTCH = _Language("ëéïèóöüêá")
_SWEDISH = _Language("äöåé")
_DANISH = _Language("øåæéöä")
_ICELANDIC = _Language("ðíáóéþöúýæ")
_POLISH = _Language("łąęóśżćńź")
_CZECH = _Language("íáéěýčřžšůúťňóďľäĺŕô")
_HUNGARIAN = _Language("áéöóőíüúű")
_ROMANIAN = _Language("ăîâşţșțé")
_SOUTH_SLAVIC = _Language("čšžćđ")
_TURKISH = _Language("ıiüşğçöi̇âîû")
_LITHUANIAN = _Language("ėšųįžąūčę")
_LATVIAN = _Language("āīšēņļūžčģķ")
_ESTONIAN = _Language("äõüöšž")
_VIETNAMESE = _Language("đăâêôơưàáãèéìíòóõùúý")
_RUSSIAN = _Language("оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё")
_UKRAINIAN = _Language("оаинівретскулдпмзяьбгйчхцюжєщїшфґ")
_BULGARIAN = _Language("аоиетнсрвлдкпмузябгъчжцщхшюфйь")
_SERBIAN = _Language("аоиенрстјудквмлпгзбћчшцжхњљђфџѓќѕ")
_GREEK = _Language("αοιετσνηυρπκμλςωόίήάθέδγχύβφώξζψϊϋΐΰ")
_HEBREW = _Language("יוהלארתבמשןםנעדחקפסצכגטזךףץ\u05b0\u05b1\u05b4\u05b5\u05b6\u05b7\u05b8\u05b9\u05bc")
_ARABIC = _Language("اليمونرتبةعدسفكقحجأهشطصخإذىضثغئزءظآؤپچژگکی\u064b\u064e\u064f\u0650\u0651\u0652")
_THAI = _Language("านรกอเง่วม้ยลทสดตัีิคบแปหพจขใไชโ์ะุึูืถซผศธณ็ญฉฐฟภฝษฏ๊ฒ๋ฎฆฑฮฬฌฤๆ")

_WESTERN: Final = (_GERMAN, _FRENCH, _SPANISH, _PORTUGUESE, _ITALIAN, _CATALAN, _DUTCH, _SWEDISH, _DANISH, _ICELANDIC)
_CENTRAL: Final = (_POLISH, _CZECH, _HUNGARIAN, _ROMANIAN, _SOUTH_SLAVIC, _GERMAN)
_BALTIC: Final = (_LITHUANIAN, _LATVIAN, _ESTONIAN)
_CYRILLIC: Final = (_RUSSIAN, _UKRAINIAN, _BULGARIAN, _SERBIAN)

_MODERN: Final[dict[str, tuple[_Language, ...]]] = {
    "cp1252": _WESTERN,
    "cp1250": _CENTRAL,
    "cp1251": _CYRILLIC,
    "koi8-u": (_RUSSIAN, _UKRAINIAN),  # KOI8-R, with letters where that draws boxes
    "iso8859-5": _CYRILLIC,
    "iso8859-2": _CENTRAL,
    "cp1254": (_TURKISH,),
    "cp1253": (_GREEK,),
    "iso8859-7": (_GREEK,),
    "cp1255": (_HEBREW,),
    "cp1256": (_ARABIC,),
    "iso8859-6": (_ARABIC,),
    "cp1257": _BALTIC,
    "cp1258": (_VIETNAMESE,),
    "cp874": (_THAI,),
    "iso8859-15": _WESTERN,
}
"""In the order in which one is preferred to the next where both read the same words as well."""

_RARE: Final = frozenset({"cp1258", "iso8859-15", "iso8859-5", "iso8859-6"})
_NEARLY_THE_SAME: Final = "iso8859-15"  # as windows-1252, but for eight signs of which a long text has few (œ, €)

_OLD: Final[dict[str, tuple[_Language, ...]]] = {
    "cp850": _WESTERN,
    "mac_roman": _WESTERN,
    "cp866": (_RUSSIAN, _UKRAINIAN, _BULGARIAN),
    "mac_cyrillic": _CYRILLIC,
    "cp852": _CENTRAL,
}

# Signs that stand beside words and numbers in running text.
_SIGNS: Final = frozenset("«»„“”‚‘’–—…•·§°©®™€£±×²³¹½¼¾µ¡¿№ªº´¬\xa0\xad‹›†‡،؟؛")
_OPENING: Final = frozenset("„‚")
_INSIDE_WORDS: Final = frozenset("’·\xad–—")
_NEVER_BEFORE_LETTERS: Final = frozenset("ºª²³¹¾½¼¬”°˝˛ˇ˘˙¯")
_FOLLOWED: Final = {"ã": ("oeis", 0.6, 0.3), "õ": ("e", 1.5, 1.5), "è": ("bcdfghijklmnpqrstvwxzç", 0.6, 0.0)}
"""What follows in Romance languages, what another letter says against it, and what the end of the word does: in
windows-1250 the same bytes are ă, ő and č, which other letters follow, and the first two of which end many words."""
_HEBREW_FINALS: Final = frozenset("םןךףץ")
_THAI_MARKS: Final = frozenset("ะัาำิีึืฺุู็่้๊๋์ํ๎")
_THAI_LEADING: Final = frozenset("เแโใไ")
_BLOCKS: Final = ((0x24F, "Latin"), (0x3FF, "Greek"), (0x52F, "Cyrillic"), (0x5FF, "Hebrew"), (0x6FF, "Arabic"))
_COMMON_HAN: Final = frozenset(
    "的一是不了在人有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天而能好都"
    "然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些与高意进把法此实"
    "張陳林王李黃吳劉蔡楊許鄭謝郭洪邱曾廖賴徐周葉蘇莊江何羅张陈黄吴刘杨许郑谢叶苏赵孙马朱胡罗梁宋唐韩冯邓曹彭萧田董袁潘蒋余杜程魏吕丁沈任姚卢姜崔谭陆范汪石戴贾韦夏付方白邹熊孟秦尹薛闫段雷侯龙史陶贺顾毛郝龚邵万钱严武"
    "這來個們為說時會對過後學國開無長現見經頭樣動從兩與進實區業電話總門問題關機東車產號報書當點"
)
_COMMON_KANJI: Final = frozenset(
    "日一国人年大十二本中長出三時行見月後前生五間上東四今金九入学高円子外八六下来気小七山話女北午百書先名川千水半男西電校語土木聞食車何南万毎白天母火右読友左休父雨"
    "田藤佐鈴井村林清松石橋加渡辺野原木崎島岡谷森池内阿部斎伊近遠吉太郎美恵京市区町県道府社会株式店部長営業品数量価格合計住所電話番号東大阪名古屋新宿事業者所場方面度分回地成同対発表議自動機関用情報通信報告書製作番組"
)


def guess(data: bytes, fallback: str = FALLBACK) -> str:
    """The codec of bytes that are not UTF-8; `fallback` where nothing speaks clearly for another."""
    lines = _distinct(_LINE, data)
    words = _Words.of(_distinct(_WORD, b"\n".join(lines)))
    if not words.high:
        return fallback
    scores = {codec: _score_words(words, codec, languages) for codec, languages in _MODERN.items()}
    scores |= {codec: _score_wide(lines, codec) for codec in _WIDE}
    known = 0.02 + _BENEFIT / words.high.total()  # a letter or two say nothing, whatever they would be elsewhere
    best = max(scores, key=lambda codec: scores[codec] + (known if codec == fallback else 0.0))
    if best == FALLBACK and scores[_NEARLY_THE_SAME] > scores[best]:
        best = _NEARLY_THE_SAME
    old = {codec: _score_words(words, codec, languages) for codec, languages in _OLD.items()}
    oldest = max(old, key=old.__getitem__)
    if old[oldest] >= _STRONG and scores[best] < old[oldest] / 2:
        return oldest
    return best if scores[best] >= _FLOOR else fallback


def looks_like(data: bytes, codec: str) -> bool:
    """Whether these bytes, taken alone, look like text in this encoding."""
    lines = _distinct(_LINE, data)
    if codec in _WIDE:
        return _score_wide(lines, codec) >= _FLOOR
    words = _Words.of(_distinct(_WORD, b"\n".join(lines)))
    languages = _MODERN.get(codec) or _OLD.get(codec)
    return bool(words.high) and languages is not None and _score_words(words, codec, languages) >= _FLOOR


def _distinct(pattern: re.Pattern[bytes], data: bytes) -> list[bytes]:
    """The matches, each once, in their order, as many as the sample holds."""
    found: dict[bytes, None] = {}
    size = 0
    for match in pattern.finditer(data):
        if match[0] not in found:
            found[match[0]] = None
            size += len(match[0])
            if size > _SAMPLE_BYTES:
                break
    return list(found)


class _Words(NamedTuple):
    """How often each byte above 127 stands in the words, and each with its two neighbours; 0 is the edge of a word."""

    high: Counter[int]
    threes: Counter[tuple[int, int, int]]

    @classmethod
    def of(cls, words: list[bytes]) -> _Words:
        threes: Counter[tuple[int, int, int]] = Counter()
        for word in words:
            edged = b"\0" + word + b"\0"
            threes.update(three for three in zip(edged, edged[1:], edged[2:], strict=False) if three[1] > 127)
        high: Counter[int] = Counter()
        for (_, byte, _), count in threes.items():
            high[byte] += count
        return cls(high, threes)


def _score_words(words: _Words, codec: str, languages: tuple[_Language, ...]) -> float:
    """How much the words look like one language in this encoding: at most about 1, a wild mixture below 0."""
    table = _table(codec)
    lost = sum(count * _loss(table[a], table[b], table[c]) for (a, b, c), count in words.threes.items())
    gained = max(_gain(words, table, language, least=0.0 if codec == FALLBACK else 0.3) for language in languages)
    rare = 0.05 if codec in _RARE else 0.0
    if codec == _NEARLY_THE_SAME:
        rare = min(rare, 1 / words.high.total())
    return (gained - lost) / words.high.total() - rare


def _gain(words: _Words, table: str, language: _Language, *, least: float) -> float:
    """The points of all characters; none where less than the share `least` of them are letters of the language."""
    known = sum(count for byte, count in words.high.items() if table[byte].lower() in language.letters)
    if known < least * words.high.total():
        return -float(words.high.total())
    return sum(count * _points(table[byte], language) for byte, count in words.high.items())


@cache
def _table(codec: str) -> str:
    """The character of each byte."""
    return bytes(range(256)).decode(codec, "replace")


@lru_cache(maxsize=1 << 14)
def _points(character: str, language: _Language) -> float:
    """What one character above ASCII says for a language."""
    small = character.lower()
    if (rank := language.letters.find(small)) >= 0:
        share = rank / len(language.letters)
        return (1.0 if small == character else 0.98) * (
            1.2 - 0.8 * share if len(language.letters) > 20 else 1.05 - 0.3 * share
        )
    if character in _SIGNS:
        return 0.5
    if character.isalpha():
        return -0.5
    return -1.5 if unicodedata.category(character) in {"Cc", "Co", "Cn"} else -1.0


@lru_cache(maxsize=1 << 16)
def _loss(before: str, character: str, after: str) -> float:
    """What a character and its neighbours say against an encoding. Pairs of two above ASCII are counted once."""
    lost = _pair_loss(before, character) + (_pair_loss(character, after) if after < "\x80" else 0.0)
    if (followed := _FOLLOWED.get(character.lower())) is not None:
        letters, other, end = followed
        lost += (other if after.lower() not in letters else 0.0) if after.isalpha() else end * before.isalpha()
    inside = before.isalpha() and after.isalpha() and not character.isalpha()
    return lost + (1.5 if inside and character in _SIGNS and character not in _INSIDE_WORDS else 0.0)


def _pair_loss(first: str, second: str) -> float:
    """What two neighbours in a word say against an encoding."""
    letters = first.isalpha() and second.isalpha()
    if letters and first.islower() and second.isupper():
        return 1.0  # two words that nobody glued, or the wrong alphabet
    if letters and _script(first) != _script(second):
        return 1.5
    if (second in _OPENING and first.isalpha()) or (first in _NEVER_BEFORE_LETTERS and second.isalpha()):
        return 1.5
    if (first in _HEBREW_FINALS and second.isalpha()) or (second in _HEBREW_FINALS and first == "\0"):
        return 1.5
    if second in _THAI_MARKS and not (first in _THAI_MARKS or "\u0e01" <= first <= "\u0e2e"):
        return 1.5
    if first in _THAI_LEADING and not "\u0e01" <= second <= "\u0e2e":
        return 1.5
    return 0.0


def _script(letter: str) -> str:
    """The script of a letter, roughly: what its code point's block begins with."""
    code = ord(letter)
    return next((name for last, name in _BLOCKS if code <= last), "other")


class _Wide(NamedTuple):
    """An encoding of two bytes a character: points by character."""

    kana: float
    hangul: float
    han: float


_WIDE: Final = {
    "gb18030": _Wide(kana=0.1, hangul=-1.0, han=0.6),
    "big5hkscs": _Wide(kana=0.1, hangul=-1.0, han=0.6),
    "cp932": _Wide(kana=1.0, hangul=-1.0, han=0.6),
    "euc_jp": _Wide(kana=1.0, hangul=-1.0, han=0.6),
    "cp949": _Wide(kana=0.0, hangul=1.0, han=-0.2),
}
_LEVEL_ONE: Final = {
    "gb18030": ("gb2312", 0xB0, 0xD7),
    "big5hkscs": ("big5", 0xA4, 0xC6),
    "euc_jp": ("euc_jp", 0xB0, 0xCF),
    "cp949": ("euc_kr", 0xB0, 0xC8),
}


_MOST_BAD: Final = 0.02
_ENOUGH: Final = 40
"""The share of damaged characters that an encoding of East Asia is let, and how many characters are let two."""


def _score_wide(lines: list[bytes], codec: str) -> float:
    """How much the lines look like running text of East Asia."""
    points, count, bad = 0.0, 0, 0
    for number, line in enumerate(lines, start=1):
        text = line.decode(codec, "replace")
        bad += text.count("\ufffd") - (number == len(lines) and text.endswith("\ufffd"))  # the file may be cut there
        for run in _RUN.finditer(text):
            characters = run[0]
            count += len(characters)
            points += sum(_wide_points(character, codec) for character in characters)
            # Letters of Latin words that an accent glued to the next one.
            if len(characters) == 1 and _between_letters(text, run.start(), run.end()):
                points -= 1.5
    if not count or bad > max(_MOST_BAD * count, 2.0 * (count >= _ENOUGH)):
        return -1.0
    return (points - bad) / count


_RUN: Final = re.compile(r"[^\x00-\x7f]+")


def _between_letters(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    return before.isalpha() or after.isalpha()


@lru_cache(maxsize=1 << 16)
def _wide_points(character: str, codec: str) -> float:
    kind, code = _WIDE[codec], ord(character)
    if 0x3041 <= code <= 0x30FF:
        return kind.kana
    if 0xAC00 <= code <= 0xD7A3:
        # Of the 11 172 syllables the standard holds the 2 350 that are in use; the others are nearly always chance.
        return kind.hangul if kind.hangul < 0 or _is_level_one(character, codec) else -0.5
    if 0xFF61 <= code <= 0xFF9F:
        return 0.2  # half-width katakana: one byte each, so that other encodings fall into them
    if 0x4E00 <= code <= 0x9FFF:
        if kind.han <= 0:
            return kind.han
        japanese = codec in {"cp932", "euc_jp"}
        if character in (_COMMON_KANJI if japanese else _COMMON_HAN):
            return 1.0
        return kind.han if _is_level_one(character, codec) else -0.2
    if 0x3000 <= code <= 0x303F or 0xFF01 <= code <= 0xFF60 or character in _SIGNS:
        return 0.7
    return -0.5 if character.isalpha() or unicodedata.category(character) in {"Co", "Cn"} else 0.2


def _is_level_one(character: str, codec: str) -> bool:
    """Whether the character is one of the usual thousands of its standard, which come first."""
    standard, first, last = _LEVEL_ONE.get(codec, _LEVEL_ONE["euc_jp"])
    try:
        encoded = character.encode(standard)
    except UnicodeEncodeError:
        return False
    return len(encoded) == 2 and first <= encoded[0] <= last
