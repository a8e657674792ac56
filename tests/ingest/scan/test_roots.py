"""Each root has one alias of its own, roots never overlap, and an alias is never taken over in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedingest.config import SourceConfig
from embedingest.errors import ConfigError
from embedingest.ingest.scan.roots import owner, resolve


def roots(*paths: Path, known: dict[str, str] | None = None, name: str | None = None):
    sources = [SourceConfig.model_validate({"path": path, "as": name}) for path in paths]
    return resolve(sources, known or {})


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    made = {name: tmp_path / name for name in ("a/docs", "b/docs", "a/docs/sub", "notes")}
    for path in made.values():
        path.mkdir(parents=True)
    return made


def test_an_alias_is_the_base_name_unless_one_is_stored(folders: dict[str, Path]) -> None:
    (root,) = roots(folders["a/docs"])
    assert root.alias == "docs"
    assert root.source("x/y.md") == "docs/x/y.md"
    (root,) = roots(folders["a/docs"], known={"manual": str(folders["a/docs"])})
    assert root.alias == "manual"


def test_two_roots_of_one_name_are_refused_naming_the_way_out(folders: dict[str, Path]) -> None:
    with pytest.raises(ConfigError, match="both be called `docs`") as error:
        roots(folders["a/docs"], folders["b/docs"])
    assert "--as" in str(error.value)


def test_a_stored_alias_is_not_given_to_another_folder(folders: dict[str, Path]) -> None:
    with pytest.raises(ConfigError, match="belongs to") as error:
        roots(folders["b/docs"], known={"docs": str(folders["a/docs"])})
    assert "--as" in str(error.value)


def test_a_folder_that_moved_keeps_its_alias_when_that_is_named(folders: dict[str, Path]) -> None:
    (root,) = roots(folders["b/docs"], known={"docs": "/nowhere/docs"}, name="docs")
    assert root.alias == "docs"


def test_overlapping_roots_are_refused(folders: dict[str, Path]) -> None:
    with pytest.raises(ConfigError, match="overlap"):
        roots(folders["a/docs"], folders["a/docs/sub"])
    with pytest.raises(ConfigError, match="overlap"):
        roots(folders["a/docs/sub"], known={"docs": str(folders["a/docs"])})


def test_overlap_through_a_link_is_seen(tmp_path: Path, folders: dict[str, Path]) -> None:
    (tmp_path / "link").symlink_to(folders["a/docs"])
    with pytest.raises(ConfigError, match="overlap"):
        roots(tmp_path / "link", folders["a/docs/sub"])


def test_a_missing_folder_is_named_unless_it_was_followed_before(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    with pytest.raises(ConfigError, match="no such folder"):
        roots(gone)
    assert roots(gone, known={"gone": str(gone)})[0].alias == "gone"


def test_an_alias_with_a_slash_is_refused(folders: dict[str, Path]) -> None:
    with pytest.raises(ConfigError, match="cannot begin a source"):
        roots(folders["notes"], name="a/b")


def test_the_owner_of_a_source_is_its_first_part() -> None:
    assert owner("docs/a.md", {"docs"}) == "docs"
    assert owner("docs2/a.md", {"docs"}) is None
    assert owner("docs", {"docs"}) == "docs"
