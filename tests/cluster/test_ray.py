"""Nodes as actors of Ray: the same parts, outcomes and deaths as in processes of this machine."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import closing

import pytest

from embedingest.cluster.launcher import NodeDied, NodeError
from embedingest.cluster.ray import RayNodes, check_address, index_makers
from embedingest.cluster.values import PartProgress
from embedingest.config import RunConfig
from embedingest.errors import ConfigError, EngineError, StoreError
from embedingest.store.key_index import KEY_INDICES
from embedingest.store.segments import IndexWork, work_at
from embedingest.store.table import open_table
from embedingest.store.values import Upkeep
from tests.cluster.moody import Moody, part, told
from tests.store.doubles import DIMENSIONS, MODEL, adding, row
from tests.waiting import HANGS_SECONDS, until

pytestmark = pytest.mark.slow
pytest.importorskip("ray")


@pytest.fixture(scope="module")
def cluster():
    import ray

    ray.init(address="local", num_cpus=4, include_dashboard=False, logging_level="ERROR")
    yield ray
    ray.shutdown()


@pytest.fixture
def nodes(cluster):
    nodes = RayNodes(RunConfig(on="ray", nodes=2))
    nodes.start(Moody())
    yield nodes
    nodes.close()


def events(nodes: RayNodes, count: int) -> list:
    found: list = []
    until(lambda: found.extend(nodes.wait(0.2)) or len(found) >= count, f"{count} events")
    return found


def test_a_command_begins_ray_where_none_is_named_and_it_lives_as_long(tmp_path):
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(20):
        (docs / f"{number}.md").write_text(f"words of note {number}")
    command = ["ingest", str(docs), "--on", "ray", "--nodes", "1", "-m", "hashing", "--json"]
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    done = subprocess.run(
        [sys.executable, "-m", "embedingest", *command], cwd=tmp_path, env=environment,
        capture_output=True, text=True, timeout=HANGS_SECONDS,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["files"]["new"] == 20


def test_parts_go_to_all_nodes_two_at_a_time_and_texts_to_one(nodes):
    assert (nodes.nodes, nodes.capacity) == (2, 4)
    for number in range(4):
        nodes.submit(part(number, "same.md"))
    assert (nodes.capacity, nodes.under_way) == (0, 4)
    results = events(nodes, 4)
    assert {result.number for result in results} == {0, 1, 2, 3}
    assert len({told(result)["pid"] for result in results}) == 2
    (owner,) = [result.number for result in results if told(result)["mine"]]
    nodes.release(owner)
    nodes.submit(part(4, "same.md"))
    assert told(events(nodes, 1)[0])["mine"] == 1


def test_what_a_node_says_of_its_parts_is_heard_while_it_is_at_them(nodes):
    for number in range(4):
        nodes.submit(part(number, "good.md"))
    events(nodes, 4)  # all are open
    nodes.submit(part(7, "hang"))
    until(lambda: nodes.wait(0.1) or PartProgress(7, 1, 2, 3, 4) in nodes.progress)


def test_an_actor_that_is_killed_is_told_with_its_parts_and_replaced(nodes):
    nodes.submit(part(0, "good.md"))
    nodes.submit(part(1, "good.md"))
    pids = {told(result)["pid"] for result in events(nodes, 2)}
    nodes.submit(part(2, "hang"))
    nodes.submit(part(3, "hang"))
    nodes.submit(part(4, "good.md"))
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    deaths = events(nodes, 2)
    assert all(isinstance(death, NodeDied) and not death.outside for death in deaths)
    assert sorted(death.parts for death in deaths) == [(2, 4), (3,)]
    assert nodes.capacity == 4
    nodes.submit(part(4, "good.md"))
    assert told(events(nodes, 1)[0])["pid"] not in pids


def test_what_nobody_foresaw_costs_the_node_and_an_error_of_the_engine_does_not(nodes):
    nodes.submit(part(0, "bug"))
    (death,) = events(nodes, 1)
    assert death.parts == (0,)
    nodes.submit(part(1, "engine"))
    (failure,) = events(nodes, 1)
    assert isinstance(failure, NodeError)
    assert (failure.part, type(failure.error), failure.error.remedy) == (1, EngineError, "open it")


@pytest.mark.parametrize(("at_start", "kind"), [("refuse", ConfigError), ("die", EngineError)])
def test_a_node_that_cannot_be_opened_is_an_error(cluster, at_start, kind):
    nodes = RayNodes(RunConfig(on="ray", nodes=1))
    try:
        nodes.start(Moody(at_start))
        found: list = []
        until(lambda: found.extend(nodes.wait(0.2)) or any(isinstance(event, NodeError) for event in found))
    finally:
        nodes.close()
    assert type(found[-1].error) is kind


def test_a_demand_that_no_machine_meets_is_told_and_waits(cluster, caplog):
    nodes = RayNodes(RunConfig(on="ray", gpus=64))
    try:
        nodes.start(Moody())
        assert (nodes.nodes, nodes.wait(0.2)) == (1, [])
    finally:
        nodes.close()
    (warning,) = [record.getMessage() for record in caplog.records if record.name == "embedingest.cluster.ray"]
    assert warning.startswith("each node asks for gpus: 64, and the largest machine of the Ray cluster (1) has gpus: ")
    assert "--num-gpus" in warning


def test_another_version_of_embedingest_on_a_node_is_refused_by_name(cluster, monkeypatch):
    monkeypatch.setattr("embedingest.cluster.ray.__version__", "0.0.1")
    nodes = RayNodes(RunConfig(on="ray", nodes=1))
    try:
        nodes.start(Moody())
        nodes.submit(part(0, "good.md"))
        failures = events(nodes, 2)  # of the node and of its part, whichever is heard first
    finally:
        nodes.close()
    assert {failure.part for failure in failures} == {None, 0}
    for failure in failures:
        assert isinstance(failure.error, ConfigError)
        assert "the driver 0.0.1" in failure.error.message


@pytest.mark.parametrize("address", ["ray://10.1.2.3:10001", "ray://head.example:10001", "ray://[2001:db8::1]:10001"])
def test_a_cluster_on_the_network_needs_a_token(address, monkeypatch):
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    with pytest.raises(ConfigError, match="RAY_AUTH_MODE is not set"):
        check_address(RunConfig(on=address))
    check_address(RunConfig(on=address, insecure=True))
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    check_address(RunConfig(on=address))


def test_a_crash_of_rays_proxy_is_tried_twice_more_and_is_no_wrong_address(monkeypatch):
    tries = []

    def crash(**options):
        tries.append(options["address"])
        raise ConnectionAbortedError(
            "Initialization failure from server:\nTraceback\nStarting Ray client server failed."
        )

    monkeypatch.setattr("ray.is_initialized", lambda: False)
    monkeypatch.setattr("ray.init", crash)
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        address = f"ray://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(EngineError, match=r"server: Starting Ray client server failed\.") as caught:
            RayNodes(RunConfig(on=address)).start(Moody())
    assert tries == [address] * 3
    assert caught.value.remedy.startswith("try again")


def test_the_cluster_that_the_environment_names_needs_one_too_and_this_machine_none(monkeypatch):
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    for here in ("", "auto", "127.0.0.1:6379", "[::1]:6379", "localhost:6379"):
        monkeypatch.setenv("RAY_ADDRESS", here)
        check_address(RunConfig(on="ray"))
    check_address(RunConfig(on="ray://127.0.0.1:10001"))
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.9:6379")
    with pytest.raises(ConfigError, match=r"10\.0\.0\.9"):
        check_address(RunConfig(on="ray"))


def test_indices_are_made_all_over_the_cluster(cluster, tmp_path):
    with open_table(tmp_path, "chunks", fingerprint=MODEL, dimensions=DIMENSIONS, create=True) as table:
        for number in range(3):
            table.commit(adding(*[row(f"{number}-{i}.md") for i in range(200)]))
        table.index_with(index_makers(RunConfig(on="ray", nodes=2), least_rows=0))
        table.maintain(Upkeep(index_rows=500))
        table.handle.lance.checkout_latest()
        made = {index.name: (index.num_indexed_rows, index.num_segments) for index in table.handle.lance.list_indices()}
        assert made == dict.fromkeys(["text_idx", "vector_idx", *KEY_INDICES], (600, 2))
        assert table.vectors([row("1-7.md").text_hash]).keys() == {row("1-7.md").text_hash}
        table.commit(adding(row("new.md")))
        table.optimize()
        assert table.stats().indices == dict.fromkeys(made, (601, 0))


def test_an_index_that_cannot_be_made_there_is_named(cluster, tmp_path):
    work = IndexWork(str(tmp_path), "none", 1, "id_idx", "id", "BTREE", (0,))
    with pytest.raises(StoreError, match="cannot index table `none`"):
        RayNodes(RunConfig(on="ray", nodes=2)).tended(work_at, [work])
