"""Which process plays which file: xdist's own queue, with processes that play what they are sent."""

from __future__ import annotations

import types

import pytest

from tests import packing

ENGINE = [f"tests/engine/test_{name}.py" for name in ("a", "b", "c")]
FAULTS = ["tests/faults/test_a.py", "tests/faults/test_b.py"]
OTHERS = [f"tests/store/test_{name}.py" for name in ("a", "b")]
EACH = 4


class Process:
    """One of xdist's processes: it notes what it is sent."""

    def __init__(self, name, collection):
        self.name, self.collection = name, collection
        self.waiting, self.played, self.shutting_down = [], [], False
        self.gateway = types.SimpleNamespace(id=name)

    def send_runtest_some(self, indexes):
        self.waiting += indexes

    def shutdown(self):
        self.shutting_down = True


@pytest.fixture
def play(pytestconfig, monkeypatch):
    """Plays files on three processes; `speed` says how many tests each plays in a turn. Gives the files of each."""
    monkeypatch.setattr(packing, "TOGETHER", (("tests/engine/",), ("tests/faults/",)))
    monkeypatch.setattr(pytestconfig.option, "tx", ["3*popen"], raising=False)

    def played(files, speed=(1, 1, 1)):
        tests = [f"{file}::test_{number}" for file in files for number in range(EACH)]
        scheduler = packing.ByPlace(pytestconfig, None)
        processes = [Process(f"gw{number}", tests) for number in range(3)]
        for process in processes:
            scheduler.add_node(process)
            scheduler.add_node_collection(process, tests)
        scheduler.schedule()
        while any(process.waiting for process in processes):
            for process, most in zip(processes, speed, strict=True):
                for index in process.waiting[:most]:
                    process.waiting.remove(index)
                    process.played.append(tests[index])
                    scheduler.mark_test_complete(process, index)
        assert sorted(test for process in processes for test in process.played) == sorted(tests)
        return [list(dict.fromkeys(test.partition("::")[0] for test in process.played)) for process in processes]

    return played


def test_one_process_plays_a_group_while_the_others_have_work_of_their_own(play):
    many = [f"tests/store/test_{number}.py" for number in range(20)]
    first, second, third = play(many + ENGINE + FAULTS)
    assert first[: len(ENGINE)] == ENGINE
    assert second[: len(FAULTS)] == FAULTS
    assert set(third) <= set(many)
    assert not set(second) & set(ENGINE)


def test_who_has_nothing_else_to_do_helps_with_a_group_from_its_end(play):
    many = [f"tests/engine/test_{number}.py" for number in range(12)]
    first, second, third = play(many + FAULTS + OTHERS)
    assert first[:2] == many[:2]
    assert second[: len(FAULTS)] == FAULTS
    assert third[: len(OTHERS)] == OTHERS
    assert many[-1] in second + third
    assert len(first) < len(many)


def test_files_are_never_parted(play):
    files = [file for played in play(ENGINE + FAULTS + OTHERS, speed=(1, 3, 2)) for file in played]
    assert len(files) == len(set(files))


def test_a_file_that_took_long_without_the_mark_is_named():
    def report(name, duration, *marks):
        return pytest.TestReport(
            name, (name, 1, name), dict.fromkeys(marks, 1), "passed", None, "call", duration=duration
        )

    reports = [
        *(report(f"tests/test_dear.py::test_{number}", 2.0) for number in range(3)),
        *(report(f"tests/test_known.py::test_{number}", 9.0, *["slow"][:number]) for number in range(2)),
        report("tests/test_dearest.py::test_a", 7.0),
        report("tests/test_cheap.py::test_a", 1.0),
    ]
    assert packing.unmarked(reports) == [("tests/test_dearest.py", 7.0), ("tests/test_dear.py", 6.0)]
