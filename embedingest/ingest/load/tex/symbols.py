"""Commands of LaTeX that print one sign, those that print none, and those that are neither. Runs no TeX."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["unknown", "with_symbols"]

_SIGNS: Final = {
    "ss": "ß", "SS": "ẞ", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "o": "ø", "O": "Ø", "aa": "å", "AA": "Å",
    "l": "ł", "L": "Ł", "i": "i", "j": "j", "dh": "ð", "DH": "Ð", "th": "þ", "TH": "Þ", "dj": "đ", "DJ": "Đ",
    "ng": "ŋ", "NG": "Ŋ", "ldots": "…", "dots": "…", "textellipsis": "…", "LaTeX": "LaTeX", "TeX": "TeX",
    "LaTeXe": "LaTeX2e", "BibTeX": "BibTeX", "XeTeX": "XeTeX", "LuaTeX": "LuaTeX", "S": "§", "textsection": "§",
    "P": "¶", "textparagraph": "¶", "pounds": "£", "textsterling": "£", "euro": "€", "texteuro": "€", "EUR": "€",
    "EURtm": "€", "textyen": "¥", "yen": "¥", "textcent": "¢", "cent": "¢", "textcurrency": "¤", "copyright": "©",
    "textcopyright": "©", "textregistered": "®", "texttrademark": "™", "textdegree": "°", "degree": "°",
    "degrees": "°", "textcelsius": "°C", "celsius": "°C", "dag": "†", "ddag": "‡", "textdagger": "†",
    "textdaggerdbl": "‡", "textasteriskcentered": "*", "textbullet": "•", "labelitemi": "•",
    "textperiodcentered": "·", "textendash": "–", "textemdash": "—", "textgreater": ">", "textless": "<",
    "textbar": "|", "textunderscore": "_", "textasciitilde": "\ue07e", "textasciicircum": "^",
    "textbackslash": "\ue05c", "textbraceleft": "\ue07b", "textbraceright": "\ue07d", "textdollar": "$",
    "textquotedbl": '"', "textquotesingle": "'", "textasciigrave": "\ue060", "textquoteleft": "‘",
    "textquoteright": "’", "textquotedblleft": "“", "slash": "/", "textquotedblright": "”", "quotesinglbase": "‚",
    "quotedblbase": "„", "guillemotleft": "«", "guillemotright": "»", "guillemetleft": "«", "guillemetright": "»",
    "guilsinglleft": "‹", "guilsinglright": "›", "glqq": "„", "grqq": "“", "glq": "‚", "grq": "‘", "flqq": "«",
    "frqq": "»", "flq": "‹", "frq": "›", "og": "« ", "fg": " »", "textexclamdown": "¡", "textquestiondown": "¿",
    "textordfeminine": "ª", "textordmasculine": "º", "textpm": "±", "texttimes": "×", "textdiv": "÷",
    "textonehalf": "½", "textonequarter": "¼", "textthreequarters": "¾", "textonesuperior": "¹",
    "texttwosuperior": "²", "textthreesuperior": "³", "textmu": "µ", "micro": "µ", "textohm": "Ω",
    "textperthousand": "‰", "perthousand": "‰", "permil": "‰", "textnumero": "№", "No": "№", "textmusicalnote": "♪",
    "textleftarrow": "←", "textrightarrow": "→", "textuparrow": "↑", "textdownarrow": "↓", "textsurd": "√",
    "textminus": "−", "textestimated": "℮", "textinterrobang": "‽", "textvisiblespace": "␣", "checkmark": "✓",
    "lbrack": "[", "rbrack": "]", "textlangle": "⟨", "textrangle": "⟩", "textonehalfs": "½",
}  # fmt: skip
_SIGN: Final = re.compile(r"\\(" + "|".join(sorted(_SIGNS, key=len, reverse=True)) + r")(?![a-zA-Z])(?:\{\}|[ ]?)")
_PRINT_NONE: Final = """
addlinespace allowbreak appendix arraybackslash backmatter baselineskip begingroup bf bfseries bgroup bigskip
bottomrule break centering clearpage cleardoublepage columnbreak columnwidth columnsep csname displaystyle
doublespacing egroup else em endcsname endfirsthead endfoot endgroup endhead endinput endlastfoot endnote
expandafter fbox fi flushbottom flushleft flushright footnotesize frenchspacing frontmatter global hfil hfill hline
hrule hrulefill hss huge Huge ignorespaces ifx it item itshape kern large Large LARGE leavevmode let lfseries
linebreak linewidth listoffigures listoftables long mainmatter makeatletter makeatother makeindex makeglossaries
maketitle mbox mdseries medskip midrule multirow newline newpage nobreak noexpand noindent nolinebreak
nonfrenchspacing nonumber nopagebreak normalfont normalsize null onecolumn onehalfspacing onslide pagebreak
pagenumbering par paragraph parindent parskip pause phantom printbibliography printglossaries printindex protect
qquad quad raggedbottom raggedleft raggedright relax rm rmfamily rule sc scriptsize scshape selectfont sf sffamily
singlespacing sl slshape sloppy small smallskip space strut tableofcontents textheight textwidth thinspace tightlist
tiny titlepage today toprule tt ttfamily twocolumn unskip upshape vfil vfill vspace xspace fill stretch
"""
_SILENT: Final = frozenset(_PRINT_NONE.split())
_NAME: Final = re.compile(r"(?<!\\)(?:\\\\)*\\([a-zA-Z]{2,40})\*?(?:\{\}|(?![a-zA-Z@{\[<*]))")


def with_symbols(text: str) -> str:
    """The text with the sign of each command that prints one; what has a meaning to TeX stands by marks of its own."""
    return _SIGN.sub(lambda match: _SIGNS[match[1]], text)


def unknown(text: str) -> int:
    """How many commands stand alone in a text, and neither print a known sign nor are known to print none."""
    return sum(1 for match in _NAME.finditer(text) if match[1] not in _SILENT and match[1] not in _SIGNS)
