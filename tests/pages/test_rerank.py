"""Results in the order of a reranker on the page, and texts scored by one. Its weights are random: no order is good."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.engine import cross
from tests.pages.conftest import hindrances, look
from tests.pages.test_search import type_query

pytestmark = pytest.mark.slow


@pytest.fixture
def judged(shelf, tmp_path):
    """A server of a table whose searches are put in order by `judge`."""
    for number, word in enumerate(("blue", "dark", "light", "warm")):
        shelf.write(f"{number}.md", f"# Sky {number}\n\nThe {word} sky, {'rain ' * number}and the sea.\n")
    shelf.ingest(rerank=str(cross.save("bert", tmp_path / "judge")))
    with shelf.serve() as server:
        yield server


def test_results_stand_in_the_order_of_the_reranker_unless_one_chooses_otherwise(visit, judged):
    page = visit(url=judged.url)
    type_query(page, "sky")
    expect(page.locator("#told")).to_contain_text("the first 4 in the order of judge")
    order = page.get_by_label("Order")
    expect(order.locator("option")).to_have_text(["By judge", "As found"])
    hit = page.locator("article.group").first
    hit.get_by_text("Why:").click()
    expect(hit.locator("details.score")).to_contain_text("The reranker read it together with the question")
    assert hindrances(page) == ""
    look(page, "search-reranked")
    order.select_option("As found")
    expect(page.locator("#told")).not_to_contain_text("judge")
    expect(page.locator("article.group")).to_have_count(4)
    assert "rerank=-" in page.evaluate("location.hash")
    page.reload()
    expect(page.get_by_label("Order")).to_have_value("-")
    expect(page.locator("article.group")).to_have_count(4)


def test_where_there_is_no_reranker_there_is_no_order_to_choose(visit):
    page = visit("#search?q=walrus")
    expect(page.locator("article.group").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    expect(page.locator("#rerank")).to_be_hidden()


def test_texts_are_scored_by_a_reranker_against_the_first(visit, judged):
    page = visit("#compare", url=judged.url)
    page.get_by_label("Model").select_option(label="judge:latest (reranker)")
    expect(page.get_by_text("The first line is the question")).to_be_visible()
    page.get_by_label("Texts, one a line").fill("the sky is blue\nthe sea is dark\n" + "rain " * 80)
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("row")).to_have_count(3)
    expect(page.get_by_text("answers it best, with a score of").first).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("Text 3 is longer than this model reads")
    assert hindrances(page) == ""
    look(page, "compare-reranker")
