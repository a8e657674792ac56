"""The one door for plug-ins, with real installed distributions made for the test."""

from __future__ import annotations

import pytest

from embedingest import registry
from embedingest.errors import PluginError
from tests.installed import Site

LOADER = """
    from typing import Annotated
    from pydantic import Field

    def create(*, keep: bool = True, limit: Annotated[int, Field(ge=1, le=10)] = 3):
        return ("loader", keep, limit)
"""


def test_built_ins_enter_by_the_same_door() -> None:
    names = {(p.group, p.name) for p in registry.plugins() if p.distribution is None}
    assert {("encoders", "hashing"), ("loaders", "text"), ("chunkers", "structured")} <= names
    assert registry.find("encoders", "hashing").origin == "embedingest itself"


def test_an_installed_plugin_is_found_with_its_origin(site: Site) -> None:
    site.install("toy-loader", "1.2", "loaders", {"toy": "toy_loader:create"}, LOADER)
    plugin = registry.find("loaders", "toy")
    assert plugin.origin == "toy-loader 1.2"
    assert registry.create("loaders", "toy") == ("loader", True, 3)


def test_settings_are_checked_by_the_signature(site: Site) -> None:
    site.install("toy-loader", "1.2", "loaders", {"toy": "toy_loader:create"}, LOADER)
    assert registry.create("loaders", "toy", options={"limit": "7"}) == ("loader", True, 7)
    with pytest.raises(PluginError, match=r"loader `toy`: unknown setting `limt`; did you mean `limit`\?"):
        registry.create("loaders", "toy", options={"limt": 7})
    with pytest.raises(PluginError, match=r"loader `toy`: `limit`: Input should be less than or equal to 10"):
        registry.create("loaders", "toy", options={"limit": 11})


def test_settings_are_checked_by_the_plugins_own_model(site: Site) -> None:
    code = """
        from pydantic import BaseModel, ConfigDict, Field

        class Settings(BaseModel):
            model_config = ConfigDict(extra="forbid")
            url: str = Field(pattern="^http")

        def create(*, url):
            return url

        create.settings = Settings
    """
    site.install("toy-engine", "1", "engines", {"toy": "toy_engine:create"}, code)
    assert registry.create("engines", "toy", options={"url": "http://x"}) == "http://x"
    with pytest.raises(PluginError, match="engine `toy`: `url` is required"):
        registry.create("engines", "toy")
    with pytest.raises(PluginError, match="engine `toy`: `url`: String should match") as caught:
        registry.create("engines", "toy", options={"url": "secret"})
    assert "secret" not in str(caught.value)


def test_a_broken_plugin_that_nobody_names_harms_nobody(site: Site) -> None:
    site.install("broken", "1", "loaders", {"broken": "broken:create"}, "import no_such_library")
    assert registry.find("loaders", "text").distribution is None
    assert [p.name for p in registry.plugins("loaders") if p.distribution == "broken"] == ["broken"]


def test_a_broken_plugin_that_is_named_says_which_and_the_way_out(site: Site) -> None:
    site.install("broken", "1", "loaders", {"broken": "broken:create"}, "import no_such_library")
    with pytest.raises(PluginError) as caught:
        registry.load("loaders", "broken")
    assert "plug-in `broken` (broken:create, from broken 1) failed to load" in caught.value.message
    assert "No module named 'no_such_library'" in caught.value.message
    assert "pip install --upgrade broken" in (caught.value.remedy or "")


def test_a_plugin_that_fails_to_start_is_named(site: Site) -> None:
    site.install("broken", "1", "loaders", {"late": "broken:create"}, "def create(): raise OSError('no disk')")
    with pytest.raises(PluginError, match=r"plug-in `late` \(from broken 1\) could not start: OSError: no disk"):
        registry.create("loaders", "late")


def test_something_that_cannot_be_called_is_no_plugin(site: Site) -> None:
    site.install("broken", "1", "loaders", {"number": "broken:create"}, "create = 5")
    with pytest.raises(PluginError, match="is not callable"):
        registry.load("loaders", "number")


def test_a_taken_name_does_not_hide_the_built_in(site: Site) -> None:
    site.install("thief", "1", "loaders", {"text": "thief:create"}, LOADER)
    assert registry.find("loaders", "text").distribution is None
    with pytest.raises(PluginError, match="plug-in thief 1 claims loader `text`, which is built in"):
        registry.named(["thief"])


def test_a_name_claimed_twice_names_both(site: Site) -> None:
    site.install("one", "1", "loaders", {"toy": "one:create"}, LOADER)
    site.install("two", "2", "loaders", {"toy": "two:create"}, LOADER)
    with pytest.raises(PluginError, match=r"loader `toy` is claimed by (one 1 and two 2|two 2 and one 1)"):
        registry.load("loaders", "toy")


def test_two_versions_of_one_plugin_are_refused(site: Site, tmp_path_factory, monkeypatch) -> None:
    other = tmp_path_factory.mktemp("other")
    monkeypatch.syspath_prepend(str(other))
    site.install("toy-loader", "1.0", "loaders", {"toy": "toy_loader:create"}, LOADER)
    Site(other).install("toy-loader", "2.0", "loaders", {"toy": "toy_loader:create"}, LOADER)
    with pytest.raises(PluginError, match=r"toy-loader is installed in 2 versions: 1\.0, 2\.0"):
        registry.load("loaders", "toy")


def test_an_unknown_name_answers_with_the_nearest() -> None:
    with pytest.raises(PluginError, match="unknown encoder `hasing`") as caught:
        registry.find("encoders", "hasing")
    assert "did you mean `hashing`?" in (caught.value.remedy or "")


def test_plugins_are_named_by_their_own_or_their_distributions_name(site: Site) -> None:
    site.install("toy-pack", "1", "loaders", {"toy": "toy_pack:create", "joy": "toy_pack:create"}, LOADER)
    assert [p.name for p in registry.named(["toy"])] == ["toy"]
    assert sorted(p.name for p in registry.named(["toy-pack", "toy"], "loaders")) == ["joy", "toy"]
    assert registry.named(["toy-pack"], "chunkers") == []
    with pytest.raises(PluginError, match="unknown plug-in `tyo`") as caught:
        registry.named(["tyo"])
    assert "did you mean `toy`?" in (caught.value.remedy or "")
