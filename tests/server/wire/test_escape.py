"""JSON text in Go's spelling: the same value, and nothing that HTML or JavaScript would read."""

from __future__ import annotations

import json

import orjson
from hypothesis import given
from hypothesis import strategies as st

from embedingest.server.wire.escape import escaped

TEXTS = st.text(st.sampled_from('<>&\u2028\u2029a\\"é'))


@given(st.dictionaries(TEXTS, TEXTS))
def test_an_escaped_document_holds_the_same_value_without_the_escaped_characters(value):
    document = escaped(orjson.dumps(value))
    assert json.loads(document) == value
    assert not set(document.decode()) & set("<>&\u2028\u2029")
