"""Words stay whatever command stands before them, without a blank between; chemistry and angles as they are printed."""

import pytest

from embedingest.ingest.load.latex import to_markdown


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (r"\noindent\textbf{Note well} that.", "Note well that."),
        (r"\centering\caption{The old mill} below", "The old mill below"),
        (r"{\small\emph{Tiny words}} follow", "Tiny words follow"),
        (r"\noindent\LaTeX{} sets this.", "LaTeX sets this."),
        (r"\noindent\href{https://example.org}{link words}", "link words"),
        (r"\bfseries\unit{\kilo\metre} each", "km each"),
        ("\\noindent%\nWords behind a comment.", "Words behind a comment."),
        ("\\noindent% \\emph{not} this\n  Words on the line below.", "Words on the line below."),
        (r"\newcommand{\mill}{The mill}\noindent\mill.", "The mill."),
        (r"\newcommand{\note}{\noindent\textbf{Note}}\note: turn it.", "Note: turn it."),
        (r"\newcommand{\flat}[1]{\noindent#1 shown}\flat{Words} here.", "Words shown here."),
        (r"\newenvironment{said}{\small\itshape}{}\begin{said}\emph{Heard words}\end{said}", "Heard words"),
    ],
)
def test_words_behind_two_commands_in_a_row_are_not_lost(source, words):
    assert " ".join(to_markdown(source).split()) == words


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (r"\ce{H2O} and \ce{2H2 + O2 -> 2H2O}", "H₂O and 2H₂ + O₂ → 2H₂O"),
        (r"\ce{SO4^2-}, \ce{Fe^{3+}}, \ce{Ca(OH)2}, \ce{C_{60}}", "SO₄²⁻, Fe³⁺, Ca(OH)₂, C₆₀"),
        (r"\ce{A <=> B} in \ch{CO2}", "A ⇌ B in CO₂"),
        (r"turn by \ang{90}, at \ang{51;28;40} north", "turn by 90°, at 51°28′40″ north"),
        (r"\r{A}ngstr\"om, \c{c}a, \c ca va, \d{o}, \v{c}", "Ångström, ça, ça va, ọ, č"),
        (r"\cf is no accent, \cc{nor} this", "is no accent, nor this"),
    ],
)
def test_signs_of_chemistry_angles_and_accents_are_as_printed(source, words):
    assert " ".join(to_markdown(source).split()) == words


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (r"\cventry{2019}{Miller}{\emph{Mill} Ltd}{Leeds}{}{Ground \textbf{corn}.}", "2019 Miller Mill Ltd Leeds Ground corn."),
        (r"\eIf{understood}{go on\;}{go back\;}", "understood go on go back"),
        (r"Gr{\"u}{\ss}e, {\bf a}{\it b}, \textbf{x}\textit{y}", "Grüße, a b, xy"),
        (r"a\hspace{1cm}b, c\hspace{0pt}d, e\newline{}f, g\linebreak[4]h", "a b, cd, e f, g h"),
        (r"\begin{subfigure}[b]{0.4\textwidth}Left\end{subfigure}", "Left"),
        (r"\begin{columns}\column{0.5\textwidth}Left\column{.5\textwidth}Right\end{columns}", "Left Right"),
    ],
)  # fmt: skip
def test_arguments_are_words_apart_and_widths_are_none(source, words):
    assert " ".join(to_markdown(source).split()) == words


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"\section{Mills\label{sec:mills}\index{mill}}", "## Mills\n"),
        (r"\subsection{After \cite{smith} \label{x}}", "### After [smith]\n"),
        (r"\begin{tcolorbox}[colback=red,title=Take {care}]It turns.\end{tcolorbox}", "**Take care**\n\nIt turns.\n"),
        (r"\begin{tcolorbox}[title=Take care,colback=red]It turns.\end{tcolorbox}", "**Take care**\n\nIt turns.\n"),
        (r"\begin{mdframed}[frametitle={Take, care}]It turns.\end{mdframed}", "**Take, care**\n\nIt turns.\n"),
        (r"It turns.\par It stops.", "It turns.\n\nIt stops.\n"),
    ],
)
def test_labels_are_no_words_of_headings_and_titles_of_boxes_are_read(source, text):
    assert to_markdown(source) == text
