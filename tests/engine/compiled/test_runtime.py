"""OpenVINO as a neighbour in the process: one core for all of it, and what it changes for a while is never left changed."""

from __future__ import annotations

import locale
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

import embedingest
from embedingest.engine.compiled import runtime
from tests.depth import only_deep


@only_deep
def test_compiling_on_several_threads_leaves_the_locale_of_the_process_as_it_was(tmp_path):
    ov = runtime.load()
    values = ov.opset13.parameter([-1, 32], np.float32)
    product = ov.opset13.matmul(values, ov.opset13.constant(np.ones((32, 32), np.float32)), False, False)
    ov.save_model(ov.Model([ov.opset13.relu(product)], [values], "m"), str(tmp_path / "m.xml"))
    before = locale.setlocale(locale.LC_CTYPE)

    def compile_some(_: int) -> set[str]:
        seen = set()
        for _ in range(20):
            runtime.compile_kept(str(tmp_path / "m.xml"), {"CACHE_DIR": str(tmp_path / "kept")})
            with runtime._keeps_compiled:
                seen.add(locale.setlocale(locale.LC_CTYPE))
        return seen

    with ThreadPoolExecutor(4) as threads:
        seen = set().union(*threads.map(compile_some, range(4)))
    try:
        assert seen == {before}, "a text file that anyone opens now would be read as something else"
    finally:
        locale.setlocale(locale.LC_CTYPE, before)


def test_the_process_has_one_core_whoever_asks_first():
    with ThreadPoolExecutor(8) as threads:
        assert len(set(map(id, threads.map(lambda _: runtime.core(), range(8))))) == 1
    modules = Path(embedingest.__file__).parent.rglob("*.py")
    assert [module.stem for module in modules if "Core()" in module.read_text("utf-8")] == ["runtime"]
