"""A package's `__init__` waits until a name of it is asked for; its submodules do not."""

from __future__ import annotations

import sys

import pytest

from embedingest.store.put_off import put_off

NAME = "gathers_everything"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package that notes when its `__init__` runs, with a submodule that needs another."""
    folder = tmp_path / NAME
    folder.mkdir()
    (folder / "__init__.py").write_text("import sys\nsys.gathered = getattr(sys, 'gathered', 0) + 1\nALL = 3\n")
    (folder / "parts.py").write_text(f"from {NAME}.numbers import ONE\nTWO = ONE + 1\n")
    (folder / "numbers.py").write_text("ONE = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "gathered", 0, raising=False)
    yield NAME
    for name in [name for name in sys.modules if name.partition(".")[0] == NAME]:
        del sys.modules[name]


def test_submodules_are_imported_without_it_and_names_bring_it_once(package):
    put_off(package)
    from gathers_everything.parts import TWO

    assert (TWO, sys.gathered) == (2, 0)
    import gathers_everything

    assert (gathers_everything.ALL, gathers_everything.parts.TWO, sys.gathered) == (3, 2, 1)
    with pytest.raises(AttributeError, match="nothing"):
        gathers_everything.nothing  # noqa: B018
    assert sys.gathered == 1


def test_a_package_that_is_imported_or_not_there_is_left_alone(package):
    __import__(package)
    put_off(package)
    assert sys.gathered == 1
    put_off("no_such_package_anywhere")
    assert "no_such_package_anywhere" not in sys.modules
