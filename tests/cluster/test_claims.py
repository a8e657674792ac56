"""Each text is one part's to compute, whoever asks first, and again anybody's once that part is over."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from embedingest.cluster.claims import ClaimTable
from embedingest.ingest.representation import Representation
from embedingest.store.values import LATE, SPARSE, VECTOR

keys = st.lists(st.integers(0, 40).map(lambda number: f"{number * 0x9E3779B97F4A7C15 % 2**128:032x}"), max_size=20)


@given(st.lists(st.tuples(keys, st.integers(0, 3), st.booleans()), max_size=20))
def test_no_two_parts_have_one_key_and_a_part_that_asks_again_has_the_same(
    asked: list[tuple[list[str], int, bool]],
) -> None:
    table = ClaimTable()
    owners: dict[str, int] = {}
    for some, part, over in asked:
        mine = table.claim(some, part)
        for key in some:
            assert (key in mine) == (owners.setdefault(key, part) == part)
        assert table.claim(some, part) == mine
        assert len(table) == len(owners)
        if over:
            table.release(part)
            table.release(part)
            owners = {key: owner for key, owner in owners.items() if owner != part}
    for part in set(owners.values()):
        table.release(part)
    assert len(table) == 0


def test_what_other_models_make_of_a_text_is_claimed_for_itself() -> None:
    table, text_hash = ClaimTable(), "00112233445566778899aabbccddeeff"
    made = [Representation(column, "model", "print", 3).key(text_hash) for column in (VECTOR, SPARSE, LATE)]
    for part, key in enumerate(made):
        assert table.claim([key], part) == {key}
    assert table.claim(made, 1) == {made[1]}


def test_threads_that_ask_at_once_share_the_keys() -> None:
    table, texts = ClaimTable(), [f"{number:032x}" for number in range(2000)]
    got: dict[int, set[str]] = {}
    start = threading.Barrier(4)

    def ask(part: int) -> None:
        start.wait()
        mine: set[str] = set()
        for first in range(0, len(texts), 50):
            mine |= table.claim(texts[first : first + 50], part)
        got[part] = mine

    threads = [threading.Thread(target=ask, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(key for mine in got.values() for key in mine) == texts
