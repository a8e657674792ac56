"""Mathematics stays as it is written; dollars that are money are no mathematics."""

import pytest

from embedingest.ingest.load.latex import to_markdown


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
