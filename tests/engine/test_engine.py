"""What may stand beside the upper seam, and what holds without it."""

from __future__ import annotations

from embedingest.config import EngineConfig
from embedingest.engine.engine import Engine, hosts
from embedingest.engine.local import LocalEngine


class Remote(LocalEngine):
    """An engine that names the hosts it talks to."""

    hosts = ("models.example:8080",)


def test_an_engine_may_name_its_hosts_and_one_that_does_not_talks_to_none(tmp_path):
    with LocalEngine(EngineConfig(), data=tmp_path) as local, Remote(EngineConfig(), data=tmp_path) as remote:
        assert isinstance(local, Engine)
        assert isinstance(remote, Engine)
        assert hosts(local) == ()
        assert hosts(remote) == ("models.example:8080",)
