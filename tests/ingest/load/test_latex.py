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


def test_files_that_are_taken_in_are_told():
    document = create().load(
        b"\\input{a}Words\\include{b} \\includegraphics{c.png}\n% \\input{d}\n\\input e.tex", "x.tex"
    )
    assert (document.text, document.notices) == ("Words\n", {"included_files": 3, "skipped_images": 1})


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"\begin{enumerate}\item one\item two\begin{itemize}\item in\item[b)] label\end{itemize}\item three\end{enumerate}",
         "1. one\n2. two\n- in\n- b) label\n\n3. three"),
        (r"\begin{description}\item[Mill] It grinds.\end{description}", "- Mill: It grinds."),
        (r"See \citep[p.~5]{smith2001,bo} and \textcite{ann}.", "See [smith2001, bo] and [ann]."),
        ("One\\footnote{First.} word\\footnote{Second.}.\n\nTwo.", "One word.\n\nFirst.\n\nSecond.\n\nTwo."),
        ("\\begin{tabular}{ll}A & B\\\\ 1\\footnote{N} & 2\\end{tabular}", "| A | B |\n| --- | --- |\n| 1 (N) | 2 |"),
        ("\\textbf{Opening hours}\n\nTen to \\textbf{five}.", "**Opening hours**\n\nTen to five."),
        ("\\title{On Mills}\\author{Ann}\\begin{document}\\maketitle\nWords.\\end{document}", "# On Mills\n\nAnn\n\nWords."),
    ],
)  # fmt: skip
def test_lists_notes_citations_and_titles_are_as_they_are_printed(source, text):
    assert to_markdown(source).strip() == text


def test_references_and_pictures_are_counted():
    document = create().load(rb"See section~\ref{a} and \cref{b}. \includegraphics[width=5cm]{c}", "x.tex")
    assert (document.text, document.notices) == ("See section and.\n", {"references_left_out": 2, "skipped_images": 1})
