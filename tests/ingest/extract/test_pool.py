"""No document hangs, fells or bloats a run."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from embedingest.engine.hashing import HashingSizer
from embedingest.errors import DocumentError, PluginError
from embedingest.ingest.extract.extractor import Extracted, ExtractionSettings, Job
from embedingest.ingest.extract.pool import WorkerPool
from tests.depth import few, only_deep
from tests.ingest.strangers import installed
from tests.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def setup(tmp_path_factory):
    with installed(tmp_path_factory.mktemp("site")):
        yield ExtractionSettings(HashingSizer(64), loaders={"*.moody": "moody"})


@pytest.fixture
def files(tmp_path):
    def write(**texts):
        jobs = []
        for name, text in texts.items():
            (tmp_path / f"{name}.moody").write_text(text)
            jobs.append(Job(str(tmp_path), f"{name}.moody", f"{name}.moody", len(text)))
        return jobs

    return write


def outcomes(pool, jobs):
    return {job.source.removesuffix(".moody"): result for job, result in pool.map(jobs)}


def test_results_are_those_of_extraction_in_ones_own_process(setup, files):
    with WorkerPool(setup, workers=2) as pool:
        results = outcomes(pool, files(**{f"f{i}": f"text number {i}" for i in range(100)}))
    assert len(results) == 100
    assert all(results[f"f{i}"].parts[0].chunks[0].text == f"text number {i}" for i in range(100))


def test_a_document_that_hangs_is_given_up_and_the_others_are_not(setup, files):
    with WorkerPool(setup, timeout_seconds=0.5) as pool:
        results = outcomes(pool, files(a="words", b="hang", c="words"))
    assert isinstance(results["a"], Extracted)
    assert isinstance(results["c"], Extracted)
    assert (results["b"].kind, results["b"].code) == ("permanent", "timeout")
    assert "load.timeout_seconds" in results["b"].remedy


@only_deep
def test_a_large_document_has_more_time_than_a_small_one(setup, files):
    """A second more for each 256 KiB: what is too long for a few words is not for two megabytes."""
    with WorkerPool(setup, timeout_seconds=0.5) as pool:
        results = outcomes(pool, files(small="nap 1.5", large="nap 1.5 " + " " * 2**21))
    assert results["small"].code == "timeout"
    assert "longer than 0.5" in results["small"].message
    assert isinstance(results["large"], Extracted)


@few(1)
@pytest.mark.parametrize(("deed", "how"), [("abort", "SIGABRT"), ("exit", "exit status 7")])
def test_a_document_that_takes_its_process_down_twice_is_to_blame(setup, files, deed, how):
    with WorkerPool(setup) as pool:
        results = outcomes(pool, files(a="words", b=deed, c="words"))
    assert isinstance(results["a"], Extracted)
    assert isinstance(results["c"], Extracted)
    assert (results["b"].kind, results["b"].code) == ("permanent", "crashed")
    assert how in results["b"].message


@only_deep
def test_a_process_that_died_once_by_chance_is_not_held_against_the_document(setup, files, tmp_path):
    with WorkerPool(setup) as pool:
        results = outcomes(pool, files(b=f"once {tmp_path}/seen"))
    assert isinstance(results["b"], Extracted)


def next_process(path, before):
    """The process that reads a file which holds, once it is another than `before`."""
    until(lambda: path.exists() and int(path.read_text()) != before, "another process to read the file")
    return int(path.read_text())


@few(1)
@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_who_ends_a_worker_from_outside_harms_no_file(setup, files, tmp_path, sign):
    jobs = files(a="words", b=f"hold {tmp_path}/go", c="words")
    with WorkerPool(setup) as pool:
        futures = [pool.submit(job) for job in jobs]
        first = next_process(tmp_path / "go.pid", 0)
        os.kill(first, sign)
        second = next_process(tmp_path / "go.pid", first)
        os.kill(second, sign)
        next_process(tmp_path / "go.pid", second)
        (tmp_path / "go").touch()
        assert all(isinstance(future.result(60), Extracted) for future in futures)


@only_deep
def test_a_file_whose_workers_are_ended_again_and_again_is_tried_later(setup, files, tmp_path):
    (job,) = files(b=f"hold {tmp_path}/go")
    with WorkerPool(setup) as pool:
        future = pool.submit(job)
        process = 0
        for _ in range(3):
            process = next_process(tmp_path / "go.pid", process)
            os.kill(process, signal.SIGKILL)
        with pytest.raises(DocumentError, match=r"ended from outside \(SIGKILL\)") as failed:
            future.result(60)
    assert (failed.value.kind, failed.value.code) == ("transient", "killed")
    assert "load.workers" in failed.value.remedy


@only_deep
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no limit of the system holds a worker's memory")
@pytest.mark.parametrize("deed", ["fill", "new"])
def test_a_library_that_dies_for_want_of_memory_is_told_as_memory(setup, files, deed, tmp_path):
    # In a process of its own: the tests' is larger than what the worker may take, and a worker's peak counts from there.
    settings = tmp_path / "settings"
    settings.write_bytes(pickle.dumps((setup, files(a="words", b=deed, c="words"))))
    script = (
        "import pickle, sys\nfrom embedingest.ingest.extract.pool import WorkerPool\n"
        "setup, jobs = pickle.load(open(sys.argv[1], 'rb'))\n"
        "with WorkerPool(setup, memory_mib=128) as pool:\n"
        "    for job, result in pool.map(jobs):\n"
        "        print(job.source, type(result).__name__, *(getattr(result, n, '') for n in ('kind', 'code', 'remedy')))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run(
        [sys.executable, "-c", script, settings], env=environment, capture_output=True, text=True, timeout=100
    )
    results = {name: result for name, _, result in (line.partition(" ") for line in ran.stdout.splitlines())}
    assert results["a.moody"].startswith("Extracted"), ran.stderr
    assert results["c.moody"].startswith("Extracted"), ran.stderr
    assert results["b.moody"].startswith("DocumentError permanent memory"), ran.stderr
    assert "load.memory_mib" in results["b.moody"]
    assert ("bad_alloc" in ran.stderr) == (deed == "new"), "what libraries say is still to be read"


def test_memory_is_bounded(setup, files):
    with WorkerPool(setup, memory_mib=128) as pool:
        results = outcomes(pool, files(a="eat 1000", b=f"eat {512 * 2**20}", c="words"))
    assert isinstance(results["a"], Extracted)
    assert isinstance(results["c"], Extracted)
    assert (results["b"].kind, results["b"].code) == ("permanent", "memory")


def test_endless_nesting_and_noise_on_standard_output_do_no_harm(setup, files):
    with WorkerPool(setup) as pool:
        results = outcomes(pool, files(a="nest", b="print", c="raise"))
    assert results["a"].code == "corrupt"
    assert isinstance(results["b"], Extracted)
    assert results["c"].code == "corrupt"


def test_a_wrong_setting_stops_the_caller(files):
    with WorkerPool(ExtractionSettings(HashingSizer(64), chunker="nobody")) as pool:
        (job,) = files(a="words")
        with pytest.raises(PluginError, match="unknown chunker `nobody`"):
            pool.submit(job).result(60)


def test_a_save_goes_before_the_backlog(setup, files):
    jobs = files(**{f"f{i}": "words" for i in range(400)})
    with WorkerPool(setup) as pool:
        backlog = [pool.submit(job) for job in jobs[1:]]
        pool.submit(jobs[0], urgent=True).result(60)
        assert not backlog[-1].done()


def test_what_has_not_begun_can_be_cancelled(setup, files):
    (hang, words) = files(a="hang", b="words")
    with WorkerPool(setup) as pool:
        pool.submit(hang)
        waiting = pool.submit(words)
        assert waiting.cancel()


def test_jobs_are_drawn_only_as_there_is_room(setup, files):
    drawn = []
    jobs = files(**{f"f{i}": "words" for i in range(60)})
    with WorkerPool(setup) as pool:
        results = pool.map((drawn.append(job) or job for job in jobs), in_flight=10)
        next(results)
        assert len(drawn) <= 10


def test_closing_is_quick_cancels_what_waits_and_leaves_no_process(setup, files):
    hang, *rest = files(a="hang", **{f"f{i}": "words" for i in range(150)})
    pool = WorkerPool(setup)
    running = pool.submit(hang)
    waiting = [pool.submit(job) for job in rest]
    until(running.running)
    (pid,) = pool.processes
    pool.close()
    pool.close()
    assert waiting[-1].cancelled()
    with pytest.raises(DocumentError, match="stopped"):
        running.result(1)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(DocumentError, match="stopped"):
        pool.submit(hang)


def test_a_worker_cannot_be_interrupted_from_the_terminal(setup, files):
    with WorkerPool(setup) as pool:
        outcomes(pool, files(a="words"))
        os.kill(pool.processes[0], signal.SIGINT)
        assert isinstance(outcomes(pool, files(b="words"))["b"], Extracted)
        assert os.getsid(pool.processes[0]) != os.getsid(0)


def test_workers_die_with_their_parent_even_in_the_middle_of_a_document(setup, files, tmp_path):
    (job,) = files(a=f"hold {tmp_path}/go")
    script = tmp_path / "parent.py"
    script.write_text(
        "import pickle, sys\n"
        "from embedingest.ingest.extract.pool import WorkerPool\n"
        "setup, job = pickle.load(sys.stdin.buffer)\n"
        "future = WorkerPool(setup).submit(job)\n"
        "sys.exit(f'it ended: {future.result()}')\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, script], stdin=subprocess.PIPE, env=environment) as parent:
        parent.stdin.write(pickle.dumps((setup, job)))
        parent.stdin.flush()
        worker = next_process(tmp_path / "go.pid", 0)
        parent.kill()
    until(lambda: not is_alive(worker), "the end of the worker whose parent died")


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_worker_imports_no_model_and_no_table(tmp_path):
    code = (
        "import sys, embedingest.ingest.extract.process, embedingest.ingest.extract.pool\n"
        "heavy = {'torch', 'lancedb', 'pyarrow', 'openvino', 'transformers', 'pydantic', 'numpy', 'fastapi', 'starlette'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert said.stdout == "[]\n", said.stderr
