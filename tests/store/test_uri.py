"""What a database URI means on this machine."""

from __future__ import annotations

import pytest

from embedingest.errors import ConfigError
from embedingest.store.uri import local_folder


@pytest.mark.parametrize(
    ("uri", "folder"),
    [("data/db", "data/db"), ("file:///data/my%20db", "/data/my db"), ("s3://bucket/db", None), ("memory://", None)],
)
def test_only_local_databases_have_a_folder(uri, folder):
    found = local_folder(uri)
    assert (None if found is None else found.as_posix()) == folder


def test_a_path_that_is_no_text_is_refused_with_what_to_do():
    with pytest.raises(ConfigError, match="not UTF-8") as refused:
        local_folder("data\udcff/db")
    assert "--db" in refused.value.remedy
