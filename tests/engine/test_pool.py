"""The pool: what is loaded, for how long, and what goes first."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING

import pytest

from embedingest.engine import cancellation
from embedingest.engine.pool import Lease, ModelPool, waited
from embedingest.engine.scheduling.scheduler import Scheduler
from embedingest.errors import EngineClosedError, ModelLoadError, OverloadedError
from tests.engine.shelf import Watched
from tests.waiting import until

if TYPE_CHECKING:
    from concurrent.futures import Future

WAIT = 60


class Opener:
    """Makes models of 10 bytes; `hold` keeps every load waiting until it is set again."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.encoders: dict[str, Watched] = {}
        self.hold = threading.Event()
        self.hold.set()

    def size_bytes(self, key: str) -> int:
        return 1000 if key == "huge" else 10

    def open(self, key: str) -> tuple[Watched, Scheduler]:
        assert self.hold.wait(WAIT)
        if key == "prepared":
            cancellation.get(queue.SimpleQueue(), WAIT)  # of a child that says nothing
        if key == "broken":
            raise ModelLoadError("model.safetensors is cut short")
        self.opened.append(key)
        encoder = self.encoders[key] = Watched(size_bytes=10)
        return encoder, Scheduler(encoder)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def opener() -> Opener:
    return Opener()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pool(opener, clock):
    pool = ModelPool(opener, max_models=2, max_bytes=100, keep_alive=300, max_waiting=3, clock=clock)
    yield pool
    opener.hold.set()
    pool.close()


def leased(pool: ModelPool, key: str, keep_alive: float | None = None) -> Lease:
    return pool.acquire(key, keep_alive).result(WAIT)


def names(pool: ModelPool) -> list[str]:
    return sorted(model.key for model, _ in pool.loaded())


def used(pool: ModelPool, key: str, clock: Clock, keep_alive: float | None = None) -> None:
    clock.now += 1
    leased(pool, key, keep_alive).release()


def test_a_model_is_loaded_once_and_on_first_use(pool, opener):
    futures = [pool.acquire("a") for _ in range(3)]
    for future in futures:
        future.result(WAIT).release()
    assert opener.opened == ["a"]


def test_the_one_used_longest_ago_makes_room(pool, opener, clock):
    used(pool, "a", clock)
    used(pool, "b", clock)
    used(pool, "a", clock)
    used(pool, "c", clock)
    assert names(pool) == ["a", "c"]
    assert opener.encoders["b"].closed
    assert not opener.encoders["a"].closed


def test_one_in_use_is_never_evicted_and_the_request_waits_for_one_that_is_not(pool, opener, clock):
    leases = [leased(pool, "a"), leased(pool, "b")]
    waiting = pool.acquire("c")
    time.sleep(0.05)
    assert not waiting.done()
    assert names(pool) == ["a", "b"]
    leases[1].release()
    waiting.result(WAIT).release()
    assert names(pool) == ["a", "c"]
    leases[0].release()


def test_a_busy_model_cannot_keep_a_waiting_one_out_for_ever(pool):
    leases = [leased(pool, "a"), leased(pool, "b")]
    waiting = pool.acquire("c")
    until(lambda: pool._blocked)
    late = pool.acquire("a")
    assert not late.done()
    for lease in leases:
        lease.release()
    waiting.result(WAIT).release()
    late.result(WAIT).release()


def test_bytes_are_bounded_too(opener, clock):
    pool = ModelPool(opener, max_models=9, max_bytes=25, keep_alive=300, max_waiting=3, clock=clock)
    for key in ("a", "b", "c"):
        used(pool, key, clock)
    assert names(pool) == ["b", "c"]
    with pytest.raises(ModelLoadError, match="needs 1000 bytes, more than the 25"):
        leased(pool, "huge")
    pool.close()


def test_the_idle_clock_starts_when_the_last_request_ends(pool, opener, clock):
    first, second = leased(pool, "a", 60), leased(pool, "a")
    first.release()
    clock.now = 1000
    assert [left for _, left in pool.loaded()] == [60]
    second.release()
    clock.now += 59
    assert names(pool) == ["a"]
    clock.now += 2
    pool.acquire("b").result(WAIT).release()  # anything that wakes the pool
    until(lambda: names(pool) == ["b"])
    assert opener.encoders["a"].closed


def test_a_period_is_sticky_and_a_load_without_one_takes_the_default(pool, clock):
    leased(pool, "a").release()
    assert [left for _, left in pool.loaded()] == [300]
    leased(pool, "a", 600).release()
    leased(pool, "a").release()
    assert [left for _, left in pool.loaded()] == [600]


def test_a_negative_period_is_for_ever_and_is_listed_first(pool, clock):
    leased(pool, "a", 60).release()
    leased(pool, "b", -1).release()
    clock.now = 59
    assert [(model.key, left) for model, left in pool.loaded()] == [("b", float("inf")), ("a", 1)]


def test_a_period_of_nothing_unloads_when_nobody_uses_it(pool, opener):
    first, second = leased(pool, "a"), leased(pool, "a", 0)
    second.release()
    time.sleep(0.02)
    assert names(pool) == ["a"]
    first.release()
    until(lambda: names(pool) == [])
    until(lambda: opener.encoders["a"].closed)


def test_unloading_waits_for_whoever_uses_the_model(pool):
    lease = leased(pool, "a")
    pool.unload("a")
    assert names(pool) == ["a"]
    lease.release()
    until(lambda: names(pool) == [])
    pool.unload("never there")


def test_a_load_that_fails_is_told_to_all_who_wait_and_the_pool_goes_on(pool, opener):
    opener.hold.clear()
    futures = [pool.acquire("broken") for _ in range(3)]
    opener.hold.set()
    for future in futures:
        with pytest.raises(ModelLoadError, match="cut short"):
            future.result(WAIT)
    leased(pool, "a").release()


def test_more_waiting_than_the_limit_is_refused(pool, opener):
    opener.hold.clear()
    futures: list[Future[Lease]] = [pool.acquire("a")]
    until(lambda: not pool._pending)  # it is being loaded
    futures += [pool.acquire("a") for _ in range(3)]
    with pytest.raises(OverloadedError):
        pool.acquire("a")
    opener.hold.set()
    for future in futures:
        future.result(WAIT).release()


def test_whoever_goes_away_while_waiting_is_not_waited_for(pool, opener):
    opener.hold.clear()
    first = pool.acquire("a")
    gone = pool.acquire("a")
    assert gone.cancel()
    opener.hold.set()
    first.result(WAIT).release()
    until(lambda: [model.users for model, _ in pool.loaded()] == [0])


def test_releasing_twice_counts_once(pool):
    one, other = leased(pool, "a", 0), leased(pool, "a")
    one.release()
    one.release()
    assert names(pool) == ["a"]
    other.release()


def test_closing_serves_what_was_admitted_and_refuses_the_rest(opener, clock):
    pool = ModelPool(opener, max_models=1, max_bytes=100, keep_alive=300, max_waiting=3, clock=clock)
    opener.hold.clear()
    admitted = pool.acquire("a")
    closing = threading.Thread(target=pool.close)
    closing.start()
    until(lambda: pool._closed)
    with pytest.raises(EngineClosedError):
        pool.acquire("a")
    opener.hold.set()
    admitted.result(WAIT).release()
    closing.join(WAIT)
    assert opener.encoders["a"].closed


@pytest.mark.parametrize("other", [False, True], ids=["alone", "with another caller"])
def test_what_is_granted_after_ctrl_c_is_given_back(pool, opener, other):
    opener.hold.clear()
    granted = pool.acquire("a")
    kept = pool.acquire("a") if other else None
    result = granted.result

    def interrupted() -> Lease:
        granted.result = result
        raise KeyboardInterrupt  # where Ctrl-C raises it: while the lease is waited for

    granted.result = interrupted
    with pytest.raises(KeyboardInterrupt):
        waited(granted)
    opener.hold.set()
    if kept is not None:
        kept.result(WAIT).release()
    pool.close()  # would wait for ever
    assert names(pool) == []


def test_closing_gives_up_a_model_that_is_being_prepared_and_refuses_who_waits_for_it(pool, opener):
    waiting = [pool.acquire("prepared"), pool.acquire("prepared")]
    pool.close()
    for refused in waiting:
        with pytest.raises(EngineClosedError, match="closed while the model was prepared"):
            refused.result(WAIT)
    assert opener.opened == []
