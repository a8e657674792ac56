"""What holds for every test: hypothesis without a clock, since machines that run tests are shared and slow at times."""

from __future__ import annotations

import gc
import logging
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import HealthCheck, settings

from embedingest.engine.compiled import reference, rest
from embedingest.store.put_off import put_off
from tests.depth import DEEP, much, set_apart
from tests.installed import Site
from tests.leaks import changed, process_state

if TYPE_CHECKING:
    from collections.abc import Iterator

# The tests start this program some hundred times. Where the environment forbids to keep what was compiled, each start
# would compile it all again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# The models of the tests are so small that threads wait for one another longer than they compute, and burn the time of
# those beside them.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A shell's background job ignores Ctrl-C, and so would every program that a test starts and interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# What lies in the caches of whoever runs the tests is none of theirs.
os.environ["HF_HUB_CACHE"] = os.environ["OLLAMA_MODELS"] = str(Path(tempfile.gettempdir()) / "embedingest-no-models")
for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_ENDPOINT"):
    os.environ.pop(name, None)

put_off("lance_namespace_urllib3_client")  # where a test imports LanceDB itself, as where the program does

settings.register_profile(
    "project", deadline=None, max_examples=much(12, 120), suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("project")


_COLLECT_AFTER: Final = (10_000, 20, 50)  # as in the program's own processes
_MANY_MODULES: Final = 100
_frozen_at: Final = [0]  # so many modules were there when garbage was last looked for among what they hold

HERE: Final = Path(__file__).parent
APART: Final = {HERE / "pages": "a browser", HERE / "cluster" / "acceptance": "a server that speaks S3, and minutes"}
"""Folders that a plain run leaves out, and what they need."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """What lies apart is collected only where it is named, as `make pages` and `make cluster` do."""
    if collection_path not in APART:
        return None
    named = [Path(config.invocation_params.dir, argument.partition("::")[0]) for argument in config.args]
    return None if any(path.is_relative_to(collection_path) for path in named) else True


@pytest.hookimpl(tryfirst=True)  # before `-m` looks at the marks
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On several processes, files that hold a `slow` test are started first, so that all end together.

    What only the deep run tries is skipped in others, and counted.
    """
    set_apart(items)
    for item in items:
        # All marks, not the closest: `only` may stand on one case of a test that is marked `deep` as a whole.
        if not DEEP and any(mark.kwargs.get("only") for mark in item.iter_markers("deep")):
            item.add_marker(pytest.mark.skip(reason="only in `make deep`"))
    if hasattr(config, "workerinput"):  # pytest-xdist
        slow = {item.path for item in items if item.get_closest_marker("slow")}
        items.sort(key=lambda item: item.path not in slow)


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """What is collected stays to the end: looking through it for garbage, again and again, takes a tenth of the run."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(*_COLLECT_AFTER)
        gc.enable()
        _frozen_at[0] = len(sys.modules)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Whole files go to each process, and those that share what is dear to the same one."""
    from tests.packing import ByPlace

    return ByPlace(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """What began late for want of a mark is named, so that the marks stay true; on a busy machine it may be one too many."""
    if DEEP or config.getoption("dist", "no") != "loadfile":
        return
    from tests.packing import unmarked

    reports = [one for some in terminalreporter.stats.values() for one in some if isinstance(one, pytest.TestReport)]
    for file, seconds in unmarked(reports):
        terminalreporter.write_line(f"{file} took {seconds:.0f} s and holds no test marked `slow`")


@pytest.fixture(scope="session", autouse=True)
def _torch_once() -> Iterator[None]:
    """Torch's side of models is kept between tests: importing it takes longer than most of them."""
    with pytest.MonkeyPatch.context() as kept:
        kept.setattr(reference, "_KEPT_SECONDS", 3600.0)
        kept.setattr(rest, "_STOP_SECONDS", 60.0)
        yield


@pytest.fixture(autouse=True)
def _leaves_the_process_as_it_was() -> Iterator[None]:
    """A test that leaves something of the process changed fails itself, not one of those after it."""
    before = process_state()
    yield
    if left := changed(before, process_state()):
        pytest.fail(f"left behind, by its name: what it was, what it is: {left}", pytrace=False)


@pytest.fixture(autouse=True)
def _what_was_imported_is_no_garbage() -> Iterator[None]:
    """Torch alone is half a million objects, looked through at each collection: once it is imported they are left out."""
    yield
    if len(sys.modules) > _frozen_at[0] + _MANY_MODULES:
        gc.collect()
        gc.freeze()
        _frozen_at[0] = len(sys.modules)


@pytest.fixture(autouse=True)
def _own_log_levels() -> Iterator[None]:
    """The program sets its own levels when it runs in the test's process; the next test is not to inherit them."""
    yield
    _set_level("", logging.WARNING)
    for name in (
        "embedingest",
        "embedingest.told",
        "httpx",
        "uvicorn.access",
        "watchfiles",
        "sentence_transformers",
        "transformers",
    ):
        _set_level(name, logging.NOTSET)


def _set_level(name: str, level: int) -> None:
    """Where it is another: each setting empties what thousands of loggers know by heart."""
    logger = logging.getLogger(name)
    if logger.level != level:
        logger.setLevel(level)


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A temporary folder that every user may reach. pytest keeps its own to one user, again with every start of it."""
    folder = Path(tempfile.mkdtemp(prefix="embedingest-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Where a test installs plug-ins of its own."""
    monkeypatch.syspath_prepend(str(tmp_path))
    yield Site(tmp_path)
    for file in tmp_path.glob("*.py"):
        sys.modules.pop(file.stem, None)


@pytest.fixture
def online(monkeypatch) -> None:
    """The hub client's own offline switch, off for hubs on loopback."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
