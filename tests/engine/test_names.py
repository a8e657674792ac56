"""Model names, by Ollama's rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedingest.engine.known import repository_of
from embedingest.engine.names import InvalidNameError, ModelName


@pytest.mark.parametrize(
    "text",
    ["all-minilm", "all-minilm:latest", "library/all-minilm", "registry.ollama.ai/library/all-minilm:latest",
     "ALL-MiniLM:LATEST", " all-minilm ", "all-minilm:local", "all-minilm:latest:LOCAL"],
)  # fmt: skip
def test_many_spellings_have_one_key(text):
    assert ModelName.parse(text).key == "registry.ollama.ai/library/all-minilm:latest"


@pytest.mark.parametrize(
    ("text", "short"),
    [("m", "m:latest"), ("ns/m:1", "ns/m:1"), ("host:80/ns/M:T", "host:80/ns/M:T"), ("library/m", "m:latest")],
)
def test_the_short_form_leaves_out_what_is_default_and_keeps_the_tag(text, short):
    assert ModelName.parse(text).short == short


@pytest.mark.parametrize("text", ["", "a b", "/x", "x/", "x:", "x:a:b", "-x", "a/b/c/d", "n.s/m", "é", "x" * 81, ":"])
def test_a_name_no_model_can_have_is_refused(text):
    with pytest.raises(InvalidNameError, match="invalid model name"):
        ModelName.parse(text)


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("m:query", "query"),
        ("m:Document", "document"),
        ("m:v1.5:query", "query"),
        ("m:latest:document", "document"),
        ("m", None),
        ("m:q", None),
    ],
)
def test_a_tag_may_ask_for_a_prompt(text, role):
    assert ModelName.parse(text).role == role


def test_cloud_names_are_marked_and_cannot_be_local_too():
    assert ModelName.parse("x:cloud").cloud
    assert ModelName.parse("x:7b-cloud").cloud
    assert not ModelName.parse("x:cloudy").cloud
    with pytest.raises(InvalidNameError, match='not both: "x:local:cloud"'):
        ModelName.parse("x:local:cloud")


@given(st.text(max_size=40))
def test_any_text_is_a_name_that_reads_back_or_refused(text):
    try:
        name = ModelName.parse(text)
    except InvalidNameError:
        return
    if not name.cloud:
        assert ModelName.parse(name.short).key == name.key


PAGES = [
    "https://huggingface.co/BAAI/bge-m3", "http://huggingface.co/BAAI/bge-m3/", "HTTPS://HuggingFace.co/BAAI/bge-m3",
    "https://huggingface.co/BAAI/bge-m3/tree/main", "https://huggingface.co/BAAI/bge-m3/blob/main/1_Pooling/config.json",
    "https://huggingface.co/BAAI/bge-m3/resolve/main/config.json?download=true", "https://hf.co/BAAI/bge-m3?library=x",
    "https://huggingface.co/BAAI/bge-m3#usage", "https://www.huggingface.co/BAAI/bge-m3/discussions/3",
    "huggingface.co/BAAI/bge-m3/tree/main/", "hf.co/BAAI/bge-m3?x=1", " https://huggingface.co/BAAI/bge-m3 ",
    "huggingface.co/BAAI/bge-m3:latest",
]  # fmt: skip


@pytest.mark.parametrize("text", PAGES)
def test_the_address_of_a_models_page_is_its_name(text):
    assert repository_of(ModelName.parse(text)) == "BAAI/bge-m3"


@pytest.mark.parametrize(
    "text",
    ["https://ollama.com/library/bge-m3", "ollama.com/library/bge-m3/tags", "https://ollama.com/library/bge-m3:567m"],
)
def test_the_address_of_a_page_of_ollamas_library_is_its_name(text):
    assert repository_of(ModelName.parse(text)) == "BAAI/bge-m3"


@pytest.mark.parametrize(
    ("text", "why"),
    [("https://huggingface.co/datasets/mteb/nfcorpus", "datasets"), ("https://huggingface.co/spaces/a/b", "spaces"),
     ("https://huggingface.co/a/b/tree/v2.0", "revision `v2.0`"), ("hf.co/a/b/blob/0123abc/x.json", "name `a/b`"),
     ("ftp://huggingface.co/a/b c", "NAMESPACE/MODEL"), ("https://huggingface.co/models?search=x", "NAMESPACE/MODEL"),
     ("a b", "NAMESPACE/MODEL")],
)  # fmt: skip
def test_what_is_no_name_is_refused_with_how_names_look(text, why):
    with pytest.raises(InvalidNameError, match="invalid model name") as caught:
        ModelName.parse(text)
    assert why in str(caught.value.remedy)
