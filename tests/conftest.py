"""What holds for every test: hypothesis without a clock, since machines that run tests are shared and slow at times."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.installed import Site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")


@pytest.fixture(autouse=True)
def _own_log_levels() -> Iterator[None]:
    """The program sets its own levels when it runs in the test's process; the next test is not to inherit them."""
    yield
    for name in ("embedingest", "httpx", "uvicorn.access", "watchfiles", "sentence_transformers", "transformers"):
        logging.getLogger(name).setLevel(logging.NOTSET)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Where a test installs plug-ins of its own."""
    monkeypatch.syspath_prepend(str(tmp_path))
    yield Site(tmp_path)
    for file in tmp_path.glob("*.py"):
        sys.modules.pop(file.stem, None)
