"""Processes that may die without us."""

from __future__ import annotations

import os
import sys

import pytest

from embedingest.engine.compiled.children import start

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sessions and groups are those of Unix")


def test_one_hears_no_ctrl_c_and_is_weighed_against_its_parent_alone():
    with start("embedingest.engine.compiled.reference_process") as process:
        assert os.getpgid(process.pid) == process.pid
        assert os.getsid(process.pid) == os.getsid(0)
        process.stdin.close()
        assert process.wait(60) == 0
