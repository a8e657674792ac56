"""Messages arrive whole and in order, and of files that are offered each is claimed or taken back, by one side only."""

from __future__ import annotations

import os
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedingest.ingest.extract.claims import Claims, Offers
from embedingest.ingest.extract.link import pair


@given(st.lists(st.sampled_from([0, 1, 100, 262_144, 1_000_000]), max_size=12))
def test_messages_of_any_size_arrive_whole_and_in_order(sizes):
    ours, theirs = pair()
    messages = [os.urandom(size) for size in sizes]
    sender = Thread(target=lambda: [theirs.send(message) for message in messages])
    sender.start()
    assert [bytes(ours.receive()) for _ in messages] == messages
    sender.join()
    assert not ours.ready()
    theirs.close()
    assert ours.ready()
    with pytest.raises(EOFError):
        ours.receive()
    with pytest.raises(OSError, match="pipe"):
        ours.send(b"nobody reads this")
    ours.close()


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 5), st.booleans(), st.booleans()), max_size=300))
def test_each_file_is_the_workers_or_the_parents(batches):
    """`late`: the worker looks for more of the batch before; `early`: the rest is taken back before it has the batch."""
    offers = Offers()
    claims = Claims(offers.descriptor)
    for count, claimed, late, early in batches:
        offers.offer(count)
        if late:
            assert not claims.claim()
        taken_back = offers.withdraw() if early else 0
        mine = int(late) if early else max(min(claimed, count), int(late))
        claims.begin()
        assert all(claims.claim() for _ in range(mine))
        assert taken_back + offers.withdraw() == count - mine
        assert not claims.claim()
    offers.close()
