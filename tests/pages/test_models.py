"""The views of models and of the nearness of texts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.pages.conftest import hindrances, look


@pytest.fixture
def models(visit):
    """The view of models, with `hashing` not in memory."""
    page = visit("#models")
    expect(page.get_by_role("heading", name="In memory")).to_be_visible()
    unload = page.get_by_role("button", name="Unload hashing:latest")
    load = page.get_by_role("button", name="Load hashing:latest", exact=True)
    expect(unload.or_(load)).to_be_visible()
    if unload.is_visible():
        unload.click()
    expect(load).to_be_visible()
    return page


def test_a_model_is_loaded_told_of_in_words_and_unloaded(models):
    models.get_by_role("button", name="Load hashing:latest", exact=True).click()
    card = models.get_by_role("article").filter(has_text="hashing:latest")
    expect(card).to_contain_text("knows no meaning")
    expect(card).to_contain_text("256 numbers")
    expect(card).to_contain_text(re.compile(r"in \d+ (s|min) without a request"))
    expect(models.locator("#said")).to_have_text("hashing:latest is in memory")
    assert hindrances(models) == ""
    card.get_by_role("button", name="Unload hashing:latest").click()
    expect(card).to_have_count(0)
    expect(models.get_by_text("No model is in memory")).to_be_visible()
    expect(models.locator("#said")).to_have_text("hashing:latest has left memory")


@pytest.mark.weights
def test_how_a_model_computes_is_told_with_the_figures_of_its_gate(models):
    models.set_default_timeout(150_000)  # compiled first, on a machine that never ran it
    models.get_by_role("button", name="Load all-minilm:latest", exact=True).click()
    card = models.get_by_role("article").filter(has_text="all-minilm:latest")
    expect(card).to_be_visible(timeout=150_000)
    words = (
        r"Computes in (fp32|bf16)[^.]*, with OpenVINO [\d.]+ on the processor. On \d+ texts its vectors agreed with "
    )
    expect(card).to_contain_text(re.compile(words + r"the exact ones to a mean cosine of (0\.9999\d|1), the least"))
    for width in (360, 1280):
        for theme in ("light", "dark"):
            models.emulate_media(color_scheme=theme)
            models.set_viewport_size({"width": width, "height": 800})
            assert hindrances(models) == ""
            look(models, f"models-loaded-{theme}-{width}")
    card.get_by_role("button").click()
    expect(card).to_have_count(0)


def test_a_refusal_to_unload_is_told(models):
    models.get_by_role("button", name="Load hashing:latest", exact=True).click()
    refused = '{"error": "the key `reader` lacks the right `control`"}'
    models.visit.expected.append("403")
    models.route("**/api/generate", lambda route: route.fulfill(status=403, body=refused))
    button = models.get_by_role("button", name="Unload hashing:latest")
    button.click()
    expect(models.get_by_role("alert")).to_contain_text("lacks the right")
    expect(button).to_be_enabled()


def test_a_model_that_knows_meaning_comes_first_and_texts_are_compared(visit):
    page = visit("#compare")
    expect(page.get_by_label("Model").locator("option").last).to_have_text("hashing:latest")
    assert not page.get_by_label("Model").input_value().startswith("hashing")
    page.get_by_label("Model").select_option("hashing:latest")
    page.get_by_label("Texts, one a line").fill("<b>red</b> apples\nred apples are ripe\n\nstocks fell\n")
    page.get_by_role("button", name="Compare").click()
    table = page.get_by_role("table")
    expect(table.get_by_role("rowheader")).to_have_text(
        ["1 <b>red</b> apples", "2 red apples are ripe", "3 stocks fell"]
    )
    cells = [
        [float(text.replace("\u2212", "-")) for text in row.get_by_role("cell").all_text_contents() if text]
        for row in table.get_by_role("row").all()
    ]
    matrix = [row for row in cells if row]
    assert [round(matrix[i][i], 3) for i in range(3)] == [1, 1, 1]
    assert matrix[0][1] == matrix[1][0] > matrix[0][2]
    expect(page.locator("#said")).to_contain_text("Nearest are 1 and 2")
    for width in (360, 1280):
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            page.set_viewport_size({"width": width, "height": 800})
            assert hindrances(page) == ""
            look(page, f"compared-{theme}-{width}")


def test_a_text_that_is_longer_than_the_model_reads_is_told(visit):
    page = visit("#compare")
    page.get_by_label("Model").select_option("hashing:latest")
    page.get_by_label("Texts, one a line").fill("short\n" + "word " * 600 + "end")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("alert")).to_have_text(
        "Text 2 is longer than this model reads: only the beginning is compared."
    )
    assert len(page.get_by_role("rowheader").nth(1).inner_text()) < 200


@pytest.mark.parametrize(
    ("text", "told"),
    [("one text", "two texts at least"), ("\n".join(f"text {n}" for n in range(41)), "41 texts, and 40 are compared")],
)
def test_too_few_and_too_many_texts_are_told(visit, text, told):
    page = visit("#compare")
    page.get_by_label("Texts, one a line").fill(text)
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("alert")).to_contain_text(told)
