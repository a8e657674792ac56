"""LanceDB's own registry finds our function, in process and over HTTP, and our tables carry none."""

from __future__ import annotations

import subprocess
import sys

import lancedb
import numpy as np
import pytest
from lancedb.embeddings import get_registry
from lancedb.pydantic import LanceModel, Vector

from embedingest.build.models import open_engine
from embedingest.errors import EngineError
from embedingest.integrations.lancedb import attach
from embedingest.store.table import open_table
from embedingest.store.values import Changes
from tests.depth import only_deep
from tests.store.doubles import row

pytestmark = pytest.mark.slow

TEXTS = ["penguins swim in cold water", "lions sleep in the sun", "tickets cost ten coins"]


NAMED = "print(e.get_registry().get('embedingest').__name__)"


def printed(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@only_deep
def test_importing_the_package_registers_nothing_and_watches_no_imports_and_our_integration_is_enough():
    code = (
        "import sys\nbefore = list(sys.meta_path)\nimport embedingest\nassert sys.meta_path == before\n"
        "import lancedb.embeddings as e\nassert 'embedingest' not in e.get_registry()._functions\n"
        f"import embedingest.integrations.lancedb\n{NAMED}"
    )
    assert printed(code) == "EmbedingestFunction"


@only_deep
def test_our_integration_may_be_imported_first():
    code = f"import embedingest.integrations.lancedb, lancedb\nimport lancedb.embeddings as e\n{NAMED}"
    assert printed(code) == "EmbedingestFunction"


def test_a_table_of_their_own_embeds_and_searches_by_text(tmp_path):
    function = get_registry().get("embedingest").create(name="hashing")

    class Note(LanceModel):
        text: str = function.SourceField()
        vector: Vector(function.ndims()) = function.VectorField()

    table = lancedb.connect(tmp_path).create_table("notes", schema=Note)
    table.add([{"text": text} for text in TEXTS])
    assert table.search("cold penguins").limit(1).to_list()[0]["text"] == TEXTS[0]
    # Opened again, LanceDB makes the function anew from what the table says.
    again = lancedb.connect(tmp_path).open_table("notes")
    assert again.search("sleeping in the sun").limit(1).to_list()[0]["text"] == TEXTS[1]


@pytest.fixture
def ours(tmp_path):
    engine = open_engine()
    info = engine.describe("hashing")
    vectors = engine.embed(TEXTS, model="hashing").vectors
    facts = {"fingerprint": info.fingerprint, "dimensions": info.dimensions, "model": "hashing"}
    with open_table(tmp_path, "chunks", create=True, **facts) as table:
        table.commit(Changes(add=[row(f"{i}.md", text=text) for i, text in enumerate(TEXTS)], vectors=vectors))
        table.maintain()
    engine.close()
    return tmp_path


def test_our_table_carries_no_function_and_takes_one_on_loan(ours):
    table = lancedb.connect(ours).open_table("chunks")
    assert table.embedding_functions == {}
    found = attach(table).search("penguins in cold water", query_type="vector").limit(1).to_list()
    assert found[0]["text"] == TEXTS[0]
    assert found[0]["_distance"] < 0.7
    hybrid = table.search("lions in the sun", query_type="hybrid").limit(1).to_list()
    assert hybrid[0]["text"] == TEXTS[1]
    assert lancedb.connect(ours).open_table("chunks").embedding_functions == {}


def test_over_http_the_vectors_are_the_same(serve_hashing):
    near = get_registry().get("embedingest").create(name="hashing")
    far = get_registry().get("embedingest").create(name="hashing", host=serve_hashing)
    assert far.ndims() == near.ndims()
    np.testing.assert_allclose(far.generate_embeddings(TEXTS), near.generate_embeddings(TEXTS), atol=1e-6)


def test_over_http_a_server_is_told_whether_it_embeds_queries_or_documents(serve_hashing):
    create = get_registry().get("embedingest").create
    far, plain = create(name="asking", host=serve_hashing), create(name="hashing", host=serve_hashing)
    np.testing.assert_allclose(
        far.compute_query_embeddings("why"), plain.generate_embeddings(["asked: why"]), atol=1e-6
    )
    np.testing.assert_allclose(far.generate_embeddings(["so"]), plain.generate_embeddings(["said: so"]), atol=1e-6)
    told = create(name="hashing", host=serve_hashing, query_prompt="own: ")
    np.testing.assert_allclose(told.compute_query_embeddings("why"), plain.generate_embeddings(["own: why"]), atol=1e-6)


def test_a_server_that_is_not_there_is_told_with_the_command_that_starts_it():
    function = get_registry().get("embedingest").create(name="hashing", host="http://127.0.0.1:9")
    with pytest.raises(EngineError, match="embedingest serve"):
        function.generate_embeddings(["text"])


def test_an_unknown_model_on_a_server_says_what_the_server_said(serve_hashing):
    function = get_registry().get("embedingest").create(name="no-such-model", host=serve_hashing)
    with pytest.raises(EngineError, match=r"answered 404: .*no-such-model"):
        function.generate_embeddings(["text"])


def test_a_key_is_never_written_into_a_table():
    with pytest.raises(ValueError, match="api_key"):
        get_registry().get("embedingest").create(api_key="secret")
