"""Mathematics stays as it is written; dollars that are money are no mathematics."""

import pytest

from embedingest.ingest.load.latex import create, to_markdown


@pytest.mark.parametrize(
    "formula",
    [
        r"$E = \frac{a}{b} + \alpha m^{2}$",
        r"$$x_{i} \leq \sqrt{y}$$",
        r"\(\text{if } n~\%~2\)",
        r"\[a \over b\]",
        "\\begin{align*}\n  a &= b \\\\\n  c &= \\mathbb{R}\n\\end{align*}",
    ],
)
def test_a_formula_stays_as_it_is_written(formula):
    assert to_markdown(f"We \\emph{{have}} {formula} and more.") == f"We have {formula} and more.\n"


def test_a_label_is_no_part_of_a_formula():
    written = to_markdown("\\begin{equation}\n x \\label{eq:a}\n\\end{equation}")
    assert written == "\\begin{equation}\n x\n\\end{equation}\n"


def test_money_and_formulas_that_nothing_ends_are_words():
    assert to_markdown("It costs \\$5, or \\$6.") == "It costs $5, or $6.\n"
    assert to_markdown("It costs $5.\n\nAnd \\emph{then} 6$ more.") == "It costs $5.\n\nAnd then 6$ more.\n"
    assert "words" in to_markdown("\\begin{equation} \\emph{words}")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (r"\newcommand{\mill}{The Mill Ltd}\mill{} pays, \textbf{\mill}.", "The Mill Ltd pays, The Mill Ltd."),
        (r"\newcommand\pay[1]{pay #1 euro}We \pay{50} or \pay5.", "We pay 50 euro or pay 5 euro."),
        (
            r"\newcommand{\of}[2][Ann]{#2 of #1}A \of{mill}, a \of[Bo]{\of{wheel}}.",
            "A mill of Ann, a wheel of Ann of Bo.",
        ),
        (r"\def\a#1#2{#2 #1}\providecommand{\b}{\a{one}{two}}\b, a\\b", "two one, a\nb"),
        (r"\newcommand{\co}{CO$_2$\xspace}Much \co, \verb|\co|, $\co$.", r"Much CO$_2$, \co, $\co$."),
    ],
)
def test_macros_that_a_source_defines_are_written_out(source, words):
    assert to_markdown(source) == f"{words}\n"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (
            r"\newenvironment{foo}[1]{Beware of #1: }{ The end.}\begin{document}\begin{foo}{dogs}they bite.\end{foo}",
            "Beware of dogs: they bite. The end.",
        ),
        (
            r"\newenvironment{tip}[1][Tip]{\textbf{#1.} }{}\begin{tip}Oil it.\end{tip} \begin{tip}[Care]Hot.\end{tip}",
            "Tip. Oil it. Care. Hot.",
        ),
        (
            r"\newenvironment{steps}{\begin{enumerate}}{\end{enumerate}}\begin{steps}\item a\item b\end{steps}",
            "1. a\n2. b",
        ),
        (
            r"\newenvironment{tight}{\begin{list}{--}{\itemsep=0pt}}{\end{list}}\begin{tight}\item a\end{tight}",
            r"\- a",
        ),
        (r"\newenvironment{proof}{Beweis: }{}\begin{proof}Clear.\end{proof}", "Proof. Clear."),
    ],
)
def test_environments_that_a_source_defines_are_written_out(source, words):
    assert to_markdown(source) == f"{words}\n"


def test_environments_that_hold_themselves_end():
    bomb = r"\newenvironment{a}{x\begin{a}\begin{a}}{\end{a}\end{a}y}"
    assert 5 < len(to_markdown(rf"{bomb}Words \begin{{a}}end\end{{a}}")) < 50_000


def test_macros_of_the_preamble_count_and_those_that_hold_themselves_end():
    preamble = "\\newcommand{\\mill}{The Mill % no\n Ltd}\n% \\newcommand{\\mill}{never}\n\\begin{document}\n"
    assert to_markdown(preamble + "By \\mill.") == "By The Mill Ltd.\n"
    assert to_markdown(r"\def\a{x \a\a}Words \a end.").startswith("Words x")
    bomb = "".join(rf"\def\{a}{{\{b}\{b}\{b}\{b}\{b}\{b}\{b}\{b}}}" for a, b in zip("abcdefg", "bcdefgh", strict=True))
    assert len(to_markdown(rf"{bomb}\def\h{{{'x' * 50}}}Words \a")) < 50_000


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (r"Run \verb+make all+, \verb|50% \foo{}|, \lstinline{ls -l}.", r"Run make all, 50% \foo{}, ls -l."),
        (r"A \textcolor{red}{red} and \colorbox{blue}{blue} un\-num\-bered word.", "A red and blue unnumbered word."),
        (r"\SI{5}{\kilo\metre}, \qty{3}{\metre\per\second\squared}, \unit{\square\metre}.", "5 km, 3 m/s², m²."),
        (r"From \SIrange{1}{5}{\milli\gram} by 50\,\% \ldots{} on", "From 1–5 mg by 50 % … on"),
        (r"10\textsuperscript{8} of H\textsubscript{2}O, 1\textsuperscript{st}", "10^8 of H₂O, 1st"),
        (r"\$19\textsuperscript{95}, 19\textsuperscript{95}~€, 19\textsuperscript{95}", "$19.95, 19.95 €, 19^95"),
        (r"\newenvironment{q}[1]{\begin{quote}}{\end{quote}}\newtheorem{t}[a]{Theorem}\begin{q}Hi\end{q}", "Hi"),
        (r"A note\footnote{With \textbf{bold}.} here", "A note here\n\nWith bold."),
    ],
)
def test_words_stand_as_they_are_printed(source, words):
    assert to_markdown(source) == f"{words}\n"


def test_a_table_is_rows_of_cells_without_its_rules():
    rows = r"""\toprule Grain & \textbf{Kg} \\ \cmidrule(lr){1-2}
    Rye \& oats & $|5|$ \\[2pt]
    \multicolumn{2}{c}{both 7} \\ \multirow{2}{*}{Wheat} & \begin{tabular}{l}a \\ b\end{tabular} \\ \bottomrule"""
    expected = "| Grain | Kg |\n| --- | --- |\n| Rye & oats | $\\|5\\|$ |\n| both 7 |  |\n| Wheat | a b |"
    for begin, end in ((r"{|l|r@{ }}", "tabular"), (r"{\textwidth}{lX}", "tabularx"), ("[t]{lp{3cm}}", "longtable")):
        table = f"\\begin{{{end}}}{begin}{rows}\\end{{{end}}}"
        assert to_markdown(f"Before{table}after") == f"Before\n\n{expected}\n\nafter\n"


@pytest.mark.parametrize(
    "preamble",
    [r"\usepackage[ngerman]{babel}", r"\documentclass[german,12pt]{article}\usepackage{babel}", r"\usepackage{german}"],
)
def test_short_forms_of_german_are_what_they_print_where_a_source_has_them(preamble):
    body = r"""Die M"uhle, Stra"se, AB"~4711, "`ja"', Auf"|lage, Dru"cker, \verb|"a|, $"a$, 3\"a"""
    source = preamble + r"\begin{document}" + body + r"\end{document}"
    assert (
        create().load(source.encode(), "x.tex").text
        == 'Die Mühle, Straße, AB-4711, „ja“, Auflage, Drucker, "a, $"a$, 3ä\n'
    )
    plain = r'\usepackage[english]{babel}\begin{document}He said "a mill" and "so"~on.\end{document}'
    assert create().load(plain.encode(), "x.tex").text == 'He said "a mill" and "so" on.\n'


def test_files_that_are_taken_in_are_told():
    document = create().load(
        b"\\input{a}Words\\include{b} \\includegraphics{c.png}\n% \\input{d}\n\\input e.tex", "x.tex"
    )
    assert (document.text, document.notices) == ("Words\n", {"included_files": 3, "skipped_images": 1})


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"\begin{enumerate}\item one\item two\begin{itemize}\item in\item[b)] label\end{itemize}\item three\end{enumerate}",
         "1. one\n2. two\n   - in\n   - b) label\n3. three"),
        (r"\begin{description}\item[Mill] It grinds.\end{description}", "- Mill: It grinds."),
        (r"See \citep[p.~5]{smith2001,bo} and \textcite{ann}.", "See [smith2001, bo, p. 5] and [ann]."),
        ("One\\footnote{First.} word\\footnote{Second.}.\n\nTwo.", "One word.\n\nFirst.\n\nSecond.\n\nTwo."),
        (r"See\footnote{In \textbf{a \emph{b \textit{c}}}.} this\footnote[7]{Own.}.", "See this[7].\n\nIn a b c.\n\n[7] Own."),
        (r"One\footnotemark[2] word\footnotemark{}.\footnotetext[2]{Two.}\footnotetext{Auto.}", "One[2] word.\n\n[2] Two.\n\nAuto."),
        ("A\\endnote{First.\n\nMore.} b\\sidenote[][2cm]{Side.}.\n\nC.", "A b.\n\nFirst.\n\nMore.\n\nSide.\n\nC."),
        (r"\section{Mill\footnote{By Ann.}}Words.", "## Mill\n\nBy Ann.\n\nWords."),
        ("See \\cite{ann}.\n\\begin{thebibliography}{9}\n\\bibitem{ann} Ann. Mills.\n\\bibitem[Bo24]{bo}\nBo. Wheels.\n\\end{thebibliography}",
         "See [ann].\n\n[ann] Ann. Mills.\n\n[bo] Bo. Wheels."),
        ("Open\\footnote{never ends", "Open never ends"),
        ("\\begin{tabular}{ll}A & B\\\\ 1\\footnote{N} & 2\\end{tabular}", "| A | B |\n| --- | --- |\n| 1 (N) | 2 |"),
        ("\\textbf{Opening hours}\n\nTen to \\textbf{five}.", "**Opening hours**\n\nTen to five."),
        ("\\title{On Mills}\\author{Ann}\\begin{document}\\maketitle\nWords.\\end{document}", "# On Mills\n\nAnn\n\nWords."),
    ],
)  # fmt: skip
def test_lists_notes_citations_and_titles_are_as_they_are_printed(source, text):
    assert to_markdown(source).strip() == text


def test_references_and_pictures_are_counted():
    document = create().load(rb"See section~\ref{a} and \cref{b}. \includegraphics[width=5cm]{c}", "x.tex")
    assert (document.text, document.notices) == (
        "See section [a] and [b].\n",
        {"references_left_out": 2, "skipped_images": 1},
    )


def test_slides_have_their_titles_blocks_and_notes():
    source = r"""\documentclass{beamer}\title[short]{Mills}\subtitle{And rye}\institute{Guild}\date{May 2021}
\begin{document}\begin{frame}[plain]\titlepage\end{frame}
\begin{frame}<2->[fragile]{The \emph{wheel}}\framesubtitle{In oak}\only<1>{one} \alert<2->{two}\pause three\note{Speak up.}
\begin{itemize}\item<2-> rye\item<+-| alert@+> oats\end{itemize}\end{frame}
\begin{frame}\frametitle{End}\begin{block}<3>{Rule}Grind slowly.\end{block}\end{frame}\end{document}"""
    document = create().load(source.encode(), "x.tex")
    assert document.text == (
        "# Mills\n\nAnd rye\n\nGuild\n\nMay 2021\n\n### The wheel\n\nIn oak\n\none two three\n\nNote: Speak up.\n\n"
        "- rye\n- oats\n\n### End\n\n**Rule**\n\nGrind slowly.\n"
    )
    assert document.notices == {}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (r"19\,\textdegree C, 8\degree{} or 9\textcelsius", "19 °C, 8° or 9°C"),
        (r"7\,\texteuro{} \textgreater{} 5\euro, a\textasciitilde{}b\dag, \textbackslash{}x", r"7 € > 5€, a~b†, \x"),
        (r"\textquotedblleft Yes\textquotedblright{} 3\,\textperthousand", "“Yes” 3 ‰"),
        (r"see \url{http://a.b/c_d} \begin{quote}Slowly.\end{quote}", "see http://a.b/c_d\nSlowly."),
        (r"So \autocite[p. 3]{doe}, \parencite[see][ch.~2]{roe}.", "So [doe, p. 3], [see roe, ch. 2]."),
        (r"(see \ref{sec:m}, \eqref{e}, \cite{smith})", "(see [sec:m], [e], [smith])"),
        (
            r"\begin{itemize}\item[--] one\item[$\ast$] two\item[b)] three\end{itemize}",
            "- one\n- $\\ast$ two\n- b) three",
        ),
    ],
)
def test_signs_citations_and_labels_are_as_they_are_printed(source, words):
    assert to_markdown(source) == f"{words}\n"


def test_commands_that_are_not_known_are_counted():
    document = create().load(
        rb"\centering A \frobnicate{} b \smiley c \S4 \emph{d} \mine{e}\\ $\foo$ \SI{5}{\kilo\metre}", "x.tex"
    )
    assert document.notices == {"unknown_macros": 2}
    assert "e" in document.text


def test_thanks_and_the_date_stand_below_the_title():
    source = (
        r"\title{On Rye\thanks{Paid by \emph{Guild}.}}\author{A. Bo\thanks{Mill 3} \and C. Do}\date{1 May 2020}"
        r"\begin{document}\maketitle Words.\end{document}"
    )
    document = create().load(source.encode(), "x.tex")
    assert (document.title, document.metadata) == ("On Rye", {"author": "A. Bo, C. Do"})
    assert document.text == "# On Rye\n\nA. Bo, C. Do\n\n1 May 2020\n\nPaid by Guild.\n\nMill 3\n\nWords.\n"


def test_what_tex_prints_by_itself_stands_before_its_words():
    source = (
        "\\title{Mills}\\author{Ann\\inst{1} \\and Bo\\inst{2}}\\begin{document}\\maketitle\n\\begin{abstract}\nShort.\n\\end{abstract}\n"
        "\\begin{theorem}[Of mills] They turn.\\end{theorem}\n\\begin{proof}Clear.\\end{proof}\nstra\\ss e, \\ss\\ and \\O re\n\\end{document}"
    )
    assert to_markdown(source) == (
        "# Mills\n\nAnn[1], Bo[2]\n\n**Abstract**\n\nShort.\n\nTheorem (Of mills). They turn.\n\nProof. Clear.\n\nstraße, ß and Øre\n"
    )


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (r"See \url{https://ex.org/q?a=1%2F2&b=~c_d#e} now. % no more", "See https://ex.org/q?a=1%2F2&b=~c_d#e now."),
        (
            r"\path{/srv/~eve/50%_off.txt}, \nolinkurl{a.org/~b} and \url|x.org/%7Ey{|.",
            "/srv/~eve/50%_off.txt, a.org/~b and x.org/%7Ey{.",
        ),
        (
            r"A price\footnote{From \url{http://a.org/x\%20y\_z\#w/\~{}k}.} here",
            "A price here\n\nFrom http://a.org/x%20y_z#w/~k.",
        ),
        (r"\href{http://a.org/p%20q$r}{The \textbf{mill}} grinds, $5 a sack.", "The mill grinds, $5 a sack."),
        (
            r"\doi{10.1/a%b_c} and \hyperlink{top}{up} and \texttt{\~{}eve \^{}x} % \url{gone",
            "10.1/a%b_c and up and ~eve ^x",
        ),
        (r"\newcommand{\at}[1]{\url{http://x.org/%7E#1}}Go: \at{kim}, not 5\%.", "Go: http://x.org/%7Ekim, not 5%."),
        (
            r"\begin{tabular}{ll}Site & \url{a.org/?b&c%d}\\Mill & \path{C:\new\end}\\\end{tabular}",
            "| Site | a.org/?b&c%d |\n| --- | --- |\n| Mill | C:\\new\\end |",
        ),
    ],
)
def test_an_address_stands_letter_by_letter(source, words):
    assert to_markdown(source) == f"{words}\n"


def test_addresses_of_a_preamble_and_a_title_do_too():
    source = (
        "\\newcommand{\\home}{\\url{http://x.org/a%20b}} % not this\n\\title{Rye, \\url{x.org/%7Ekim} and on}\n"
        "\\begin{document}\\maketitle See \\home{} again.\\end{document}"
    )
    document = create().load(source.encode(), "x.tex")
    assert document.title == "Rye, x.org/%7Ekim and on"
    assert document.text == "# Rye, x.org/%7Ekim and on\n\nSee http://x.org/a%20b again.\n"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("\\begin{lstlisting}[language=C,\n  caption={How [it] \\emph{turns}}, label=l]\nx[1]\n\\end{lstlisting}", "How [it] turns\n\n```\nx[1]\n```"),
        ("\\begin{lstlisting}[float,caption=Plain words,frame=single]\nx\n\\end{lstlisting}", "Plain words\n\n```\nx\n```"),
        ("\\begin{lstlisting}[title={[Short] Long}]\nx\n\\end{lstlisting}", "Long\n\n```\nx\n```"),
        ("\\begin{minted}[linenos]{python}\nx\n\\end{minted}", "```\nx\n```"),
        ("\\begin{lstlisting}[never closed\n\nx\n\\end{lstlisting}", "```\n[never closed\n\nx\n```"),
        ("\\begin{verbatim}[1,\n2]\n\\end{verbatim}", "```\n[1,\n2]\n```"),
    ],
)  # fmt: skip
def test_a_listing_has_its_caption_above_it_and_its_settings_are_no_words(source, text):
    assert to_markdown(source).strip() == text


def test_a_listing_out_of_another_file_is_told_and_has_its_caption():
    taken = (
        "\\lstinputlisting[language=C,caption={How it turns}]{a.c}\n\n\\verbatiminput{b.txt}\\inputminted{c}{c.c} End."
    )
    document = create().load(taken.encode(), "a.tex")
    assert (document.text, document.notices) == ("How it turns\n\nEnd.\n", {"included_files": 3})


def test_the_room_behind_a_line_is_no_word_and_other_words_in_brackets_are():
    assert to_markdown("Street 5\\\\[2mm] Town \\\\*[-0.5\\baselineskip] Land\\\\ [see below] end").split("\n") == [
        "Street 5", "Town", "Land", "[see below] end", "",
    ]  # fmt: skip


def test_a_long_table_has_its_caption_above_it_its_header_once_and_its_foot_at_its_end():
    source = r"""\begin{longtable}[]{@{} >{\raggedright\arraybackslash}p{(\linewidth - 2\tabcolsep) * \real{0.5}} l@{}}
\caption[Short]{Mills of \emph{Leeds}.}\label{m}\tabularnewline
\toprule
\begin{minipage}[b]{\linewidth}\raggedright
Name\\
(old)\strut
\end{minipage} & Year \\
\endfirsthead
Name & Year \\
\endhead
\multicolumn{2}{r}{Go on}\\
\endfoot
Sum & 2 \\
\endlastfoot
\multicolumn{2}{@{}>{\raggedright\arraybackslash}p{(\linewidth - 2\tabcolsep) * \real{1.0} + 2\tabcolsep}@{}}{%
River} \\
Low & 1801 \\
\end{longtable}"""
    assert to_markdown(source) == (
        "Mills of Leeds.\n\n| Name (old) | Year |\n| --- | --- |\n| River |  |\n| Low | 1801 |\n| Sum | 2 |\n"
    )


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Water\\footnote{Rain.} turns\\\\\nthe wheel.\n\nNext.", "Water turns\nthe wheel.\n\nRain.\n\nNext."),
        ("\\begin{enumerate}\n\\item\n  First.\n\\item\n  Second.\n\\end{enumerate}", "1. First.\n2. Second."),
        (
            (
                "\\begin{enumerate}\n\\def\\labelenumi{(\\roman{enumi})}\n\\item a\n"
                "\\begin{enumerate}\\renewcommand{\\labelenumii}{\\arabic{enumii}.}\\item b\\end{enumerate}\\end{enumerate}"
            ),
            "- (i) a\n  1. b",
        ),
        ("\\section{\\texorpdfstring{The \\emph{mill}}{Mill}}\nIt turns.", "## The mill\n\nIt turns."),
        ("\\renewcommand{\\sout}{}\\sout{Old} New", "~~Old~~ New"),
        ("Some\n\n\\begin{otherlanguage}{ngerman}\nWorte\n\\end{otherlanguage}", "Some\n\nWorte"),
        (
            (
                "\\begin{Shaded}\n\\begin{Highlighting}[]\n\\KeywordTok{def}\\NormalTok{ f(x):}\n    \\CommentTok{\\#\\{a\\} "
                "\\textbackslash{}n \\textasciitilde{}}\n\\end{Highlighting}\n\\end{Shaded}"
            ),
            "```\ndef f(x):\n    #{a} \\n ~\n```",
        ),
    ],
)
def test_what_pandoc_writes_is_as_it_is_printed(source, text):
    assert to_markdown(source).strip() == text
