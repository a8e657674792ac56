"""Nodes in processes of this machine: what they are given, how they end, and that nothing is left of them."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from embedingest.cluster.launcher import NodeDied, NodeError
from embedingest.cluster.processes import Processes
from embedingest.cluster.shares import Share, how_many, own_cores, shares
from embedingest.cluster.values import PartProgress, PartResult
from embedingest.errors import ConfigError, EngineError, ModelNotFoundError
from tests.cluster.moody import Moody, part, told
from tests.depth import few, only_deep
from tests.waiting import HANGS_SECONDS, until

CORES = own_cores()


@contextmanager
def processes(count: int = 1, *, at_start: str = "", devices: tuple[str, ...] = ()) -> Iterator[Processes]:
    nodes = Processes(shares(count, CORES, devices))
    try:
        nodes.start(Moody(at_start))
        yield nodes
    finally:
        nodes.close()


def events(nodes: Processes, count: int) -> list:
    found: list = []
    until(lambda: found.extend(nodes.wait(0.2)) or len(found) >= count, f"{count} events")
    return found


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_what_a_node_says_of_its_parts_is_heard_while_it_is_at_them():
    with processes() as nodes:
        nodes.submit(part(7, "hang"))
        until(lambda: nodes.wait(0.1) or nodes.progress == [PartProgress(7, 1, 2, 3, 4)])


@only_deep
def test_each_node_gets_its_cores_and_a_gpu_and_two_parts_at_a_time():
    with processes(2, devices=("3", "GPU-5")) as nodes:
        assert (nodes.nodes, nodes.capacity, nodes.under_way) == (2, 4, 0)
        for number in range(4):
            nodes.submit(part(number, f"{number}.md"))
        assert nodes.capacity + nodes.under_way == 4  # one may have ended by now
        results = events(nodes, 4)
        assert nodes.capacity == 4
    assert {result.number for result in results} == {0, 1, 2, 3}
    facts = [told(result) for result in results]
    assert {fact["gpu"] for fact in facts} == {"3", "GPU-5"}
    assert all(fact["threads"] == str(len(fact["cores"])) for fact in facts)
    by_node = {fact["pid"]: tuple(fact["cores"]) for fact in facts}
    assert len(by_node) == 2
    if len(CORES) > 1:
        first, second = by_node.values()
        assert not set(first) & set(second)
        assert {*first, *second} == set(CORES)
    assert all(fact["prepared"][0] in {0, 1} and len(fact["prepared"]) <= 2 for fact in facts)


@only_deep
def test_two_nodes_never_get_the_same_text_to_compute_until_it_is_released():
    with processes(2) as nodes:
        for number in range(4):
            nodes.submit(part(number, "same.md"))
        owner = [result.number for result in events(nodes, 4) if told(result)["mine"]]
        assert len(owner) == 1
        nodes.release(owner[0])
        nodes.submit(part(4, "same.md"))
        assert told(events(nodes, 1)[0])["mine"] == 1


@few(1)
@pytest.mark.parametrize(
    ("name", "reason", "outside"),
    [
        ("signal-SIGKILL", "SIGKILL", True),
        ("signal-SIGTERM", "SIGTERM", True),
        ("signal-SIGSEGV", "SIGSEGV", False),
        ("bug", "something that nobody foresaw", False),
    ],
)
def test_a_node_that_ends_is_told_with_its_parts_and_replaced(name, reason, outside, caplog):
    with processes() as nodes:
        nodes.submit(part(0, "good.md"))
        (first,) = events(nodes, 1)
        nodes.submit(part(1, name))
        nodes.submit(part(2, "good.md"))
        assert events(nodes, 1) == [NodeDied((1, 2), reason, outside)]
        assert nodes.capacity == 2
        nodes.submit(part(2, "good.md"))
        (again,) = events(nodes, 1)
        assert isinstance(again, PartResult)
        assert told(again)["pid"] != told(first)["pid"]
    assert ("KeyError" in caplog.text) == (name == "bug")


def test_an_error_of_the_engine_arrives_as_what_it_is_and_the_node_goes_on():
    with processes() as nodes:
        nodes.submit(part(0, "engine"))
        nodes.submit(part(1, "model"))
        first, second = events(nodes, 2)
        nodes.submit(part(2, "good.md"))
        assert events(nodes, 1)[0].number == 2
    assert (first.part, type(first.error), first.error.remedy) == (0, EngineError, "open it")
    assert str(first.error) == "the engine is gone\n  hint: open it"
    assert type(second.error) is ModelNotFoundError
    assert second.error.message == 'model "nothing" not found'


@only_deep
def test_a_node_that_cannot_be_opened_is_an_error_and_one_that_never_gets_up_too():
    with processes(at_start="refuse") as nodes:
        (failure,) = events(nodes, 1)
        assert isinstance(failure, NodeError)
        assert (failure.part, type(failure.error), failure.error.remedy) == (None, ConfigError, "ask for another")
    with processes(at_start="die") as nodes:
        nodes.submit(part(0, "good.md"))
        *deaths, failure = events(nodes, 4)
        assert deaths == [NodeDied(parts, deaths[0].reason, outside=False) for parts in [(0,), (), ()]]
        assert isinstance(failure.error, EngineError)
        assert "what was stored so far is kept, and the same command goes on" in failure.error.remedy
        assert "nobody foresaw this" in failure.error.message


@only_deep
def test_what_a_node_logs_and_says_is_logged_here(caplog):
    with processes() as nodes:
        nodes.submit(part(0, "log"))
        events(nodes, 1)
        until(lambda: "a library says" in caplog.text)
    (record,) = [record for record in caplog.records if record.name == "embedingest.moody"]
    assert (record.levelno, record.getMessage(), record.reported) == (logging.WARNING, "it was read: log", True)


def test_closing_ends_nodes_at_once_whatever_they_do():
    with processes(2) as nodes:
        nodes.submit(part(0, "hang"))
        pids = nodes.pids
        assert all(map(is_alive, pids))
        assert all(os.getsid(pid) != os.getsid(0) for pid in pids)  # Ctrl-C in the terminal does not reach them
    assert not any(map(is_alive, pids))
    nodes.close()


@only_deep
def test_nodes_end_with_the_driver_that_is_killed(tmp_path):
    script = tmp_path / "driver.py"
    script.write_text(
        "import time\n"
        "from embedingest.cluster.processes import Processes\n"
        "from embedingest.cluster.shares import own_cores, shares\n"
        "from tests.cluster.moody import Moody, part\n"
        "nodes = Processes(shares(2, own_cores(), ()))\n"
        "nodes.start(Moody())\n"
        "for number in range(2): nodes.submit(part(number, 'good.md'))\n"
        "while nodes.under_way: nodes.wait(0.1)\n"
        "for number in range(2): nodes.submit(part(number, 'hang'))\n"
        "print(*nodes.pids, flush=True)\n"
        f"time.sleep({HANGS_SECONDS})\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True, env=environment) as driver:
        assert driver.stdout is not None
        pids = [int(pid) for pid in driver.stdout.readline().split()]
        assert len(pids) == 2
        assert all(map(is_alive, pids))
        driver.send_signal(signal.SIGKILL)
    until(lambda: not any(map(is_alive, pids)), "the end of nodes whose driver died")


def test_cores_and_gpus_are_shared_out_whole():
    assert shares(3, range(8), ()) == [Share((0, 1)), Share((2, 3, 4)), Share((5, 6, 7))]
    assert shares(3, (4, 5), ("0", "1")) == [Share((4,), "0"), Share((5,), "1"), Share((4,), "0")]
    assert Share((1, 2)).environment() == dict.fromkeys(
        ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"), "2"
    )
    assert Share((1,), "GPU-7").environment()["CUDA_VISIBLE_DEVICES"] == "GPU-7"


@pytest.mark.parametrize(
    ("wanted", "cores", "gpus", "nodes"),
    [(5, 2, 0, 5), ("auto", 2, 0, 2), ("auto", 1, 0, 1), ("auto", 64, 0, 8), ("auto", 64, 4, 4), ("auto", 8, 1, 1)],
)
def test_as_many_nodes_as_gpus_else_one_for_eight_cores(wanted, cores, gpus, nodes):
    assert how_many(wanted, cores=cores, gpus=gpus) == nodes
