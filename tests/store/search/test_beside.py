"""Search by the columns beside the vector: weighted terms read through, tokens as a second stage, all fused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from embedingest.errors import ConfigError
from embedingest.store.snapshots import at, tag
from embedingest.store.terms import TERM
from embedingest.store.values import LATE, SPARSE, Changes, SearchQuery
from tests.depth import few, only_deep
from tests.store.doubles import adding, row, vector_of
from tests.store.test_extras import BOTH, late_of, sparse_of, with_extras

TEXTS = ["red owls hunt", "blue seals sleep on ice", "owls owls owls", "nothing of it", "red red seals"]


def asked(text: str, mode="sparse", **options) -> SearchQuery:
    terms = sparse_of(text)
    return SearchQuery(
        text, vector_of(text), mode, sparse=(terms["token"], terms["weight"]), late=late_of(text).astype(np.float32),
        explain=True, **options,
    )  # fmt: skip


def dot(one: np.ndarray, other: np.ndarray) -> float:
    weights = dict(other.tolist())
    return sum(weight * weights.get(token, 0.0) for token, weight in one.tolist())


def max_sim(query: str, text: str) -> float:
    return float((late_of(query).astype(np.float32) @ late_of(text).astype(np.float32).T).max(1).sum())


@pytest.fixture
def table(opened):
    opened_table = opened(extras=BOTH)
    opened_table.commit(with_extras(*(row(f"d{i}.md", text=text) for i, text in enumerate(TEXTS))))
    opened_table.maintain()
    return opened_table


def test_terms_are_scored_exactly_and_rows_without_any_are_no_hits(table):
    query = asked("owls red")
    hits = table.search(query).hits
    scores = {text: dot(sparse_of("owls red"), sparse_of(text)) for text in TEXTS}
    expected = sorted((text for text in TEXTS if scores[text] > 0), key=lambda text: -scores[text])
    assert [hit.text for hit in hits] == expected
    assert [hit.score for hit in hits] == pytest.approx([scores[hit.text] for hit in hits], rel=1e-6)
    assert [hit.explain["sparse_rank"] for hit in hits] == list(range(1, len(hits) + 1))
    terms = np.array([(1, 1.0), (10_000_000, 1.0)], TERM)
    assert not table.search(replace(query, sparse=(terms["token"], terms["weight"]))).hits
    assert not table.search(replace(query, sparse=(terms["token"][:0], terms["weight"][:0]))).hits


def test_tokens_order_what_the_other_sides_find(table):
    hits = table.search(asked("owls red", "late", limit=100)).hits
    assert {hit.text for hit in hits} == set(TEXTS)
    expected = sorted(TEXTS, key=lambda text: -max_sim("owls red", text))
    assert [hit.score for hit in hits] == pytest.approx([max_sim("owls red", text) for text in expected], abs=2e-3)
    assert all(set(hit.explain) == {"late_score", "late_rank"} for hit in hits)


def test_hybrid_fuses_every_side_and_explains_each(table):
    hits = table.search(asked("owls red", "hybrid")).hits
    for hit in hits:
        shares = [hit.explain[f"{side}_share"] for side in ("vector", "text", "sparse", "late")]
        assert hit.score == pytest.approx(sum(shares) / 4)
        assert [share > 0 for share in shares[1:3]] == [
            hit.explain[f"{side}_rank"] is not None for side in ("text", "sparse")
        ]
        assert hit.explain["late_score"] == pytest.approx(max_sim("owls red", hit.text), abs=2e-3)


def test_hybrid_without_them_is_as_it_was(table):
    plain = replace(asked("owls red", "hybrid"), sparse=None, late=None)
    told = {f"{side}_{part}" for side in ("vector", "text") for part in ("rank", "score", "share")}
    assert set(table.search(plain).hits[0].explain) == told


@few(1)
@pytest.mark.parametrize("mode", ["sparse", "late", "hybrid"])
def test_filters_groups_copies_and_pages_hold_on_every_side(table, mode):
    table.commit(with_extras(row("copy.md", text=TEXTS[0]), row("d0.md", 1, text="red ice", count=2)))
    query = asked("red ice", mode, limit=20)
    inside = table.search(replace(query, filter="source = 'd0.md'"))
    assert {hit.source for hit in inside} == {"d0.md"}
    assert [hit.source for hit in table.search(replace(query, within="source != 'd0.md'"))].count("d0.md") == 0
    grouped = [hit.source for hit in table.search(replace(query, group=True, fold=False))]
    assert len(grouped) == len(set(grouped))
    whole = table.search(query).hits
    assert [hit.places for hit in whole if hit.text == TEXTS[0]] in ([("copy.md",)], [("d0.md",)])
    pages = [hit for offset in range(0, 20, 2) for hit in table.search(replace(query, limit=2, offset=offset))]
    assert [hit.row.id for hit in pages] == [hit.row.id for hit in whole]


def test_what_is_deleted_added_or_compacted_is_seen_at_once(table):
    gone = table.rows(["d2.md"])["d2.md"][0]
    table.commit(replace(with_extras(row("new.md", text="owls at night")), delete=[gone.id]))
    assert {hit.source for hit in table.search(asked("owls"))} >= {"new.md", "d0.md"}
    assert "d2.md" not in {hit.source for hit in table.search(asked("owls"))}
    before = [hit.row.id for hit in table.search(asked("owls", "hybrid"))]
    table.optimize()
    assert [hit.row.id for hit in table.search(asked("owls", "hybrid"))] == before


def test_a_snapshot_answers_with_its_own(table):
    tag(table, "then")
    table.commit(Changes(delete=[r.id for rows in table.rows(["d0.md", "d2.md"]).values() for r in rows]))
    assert "d2.md" in {hit.source for hit in at(table, "then").search(asked("owls", "late"))}


@only_deep
def test_many_equal_scores_come_in_one_order_whatever_the_page(opened):
    table = opened(extras=BOTH)
    table.commit(with_extras(*(row(f"d{i:03}.md", text=f"{'ab' if i % 2 else 'ba'}") for i in range(120))))
    query = asked("ab", fold=False, limit=120)
    whole = [hit.row.id for hit in table.search(query)]
    assert len(whole) == 120
    pages = [h.row.id for offset in range(0, 120, 7) for h in table.search(replace(query, limit=7, offset=offset))]
    assert pages == whole


@pytest.mark.parametrize("mode", ["sparse", "late"])
def test_a_mode_whose_column_is_missing_says_which_setting_gives_it(opened, mode):
    table = opened()
    table.commit(adding(row("a.md")))
    with pytest.raises(ConfigError, match=f"no column `{mode}`, which mode `{mode}` searches") as refused:
        table.search(asked("owls", mode))
    assert f"set `{mode}: MODEL`" in refused.value.remedy


@pytest.mark.parametrize(("mode", "lacks"), [(SPARSE, "sparse"), (LATE, "late"), (LATE, "vector")])
def test_a_query_without_what_its_mode_searches_by_is_refused(table, mode, lacks):
    with pytest.raises(ConfigError, match="needs the query's vector"):
        table.search(replace(asked("owls", mode), **{lacks: None}))
