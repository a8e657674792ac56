"""Documents inside a file have sources of their own, which lead back to the file."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from embedingest.ingest.identity import Source, parent_source
from embedingest.ingest.load.inner import children, each_document
from embedingest.types import Document

_NAMES = st.text(st.sampled_from("a!/%215 ()é\udce9"), max_size=6) | st.sampled_from(["a", "a (2)", "a (2) (2)"])
_FILE = "docs/z.zip"


def _nested(sources: list[str]) -> st.SearchStrategy[Document]:
    leaves = st.sampled_from(sources).map(lambda source: Document(source, "words"))
    return st.recursive(
        leaves,
        lambda inner: st.builds(
            lambda source, parts: Document(source, "words", children=tuple(parts)),
            st.sampled_from(sources),
            st.lists(inner, max_size=3),
        ),
        max_leaves=6,
    )


@given(st.lists(_NAMES, max_size=8))
def test_parts_of_any_names_have_sources_of_their_own(names):
    documents = children([(name, b"words") for name in names], _FILE, {})
    sources = [document.source for document in documents]
    assert len(set(sources)) == len(names)
    assert {parent_source(source) for source in sources} <= {_FILE}
    first = dict(reversed(list(zip(names, sources, strict=True))))
    assert all(Source.parse(source).members == (name,) for name, source in first.items() if "(" not in name)


def test_a_part_is_told_from_one_that_has_the_name_it_would_get():
    names = ["a", "a", "a (2)", "a"]
    documents = children([(name, b"words") for name in names], _FILE, {})
    assert [Source.parse(document.source).members for document in documents] == [
        ("a",), ("a (2)",), ("a (2) (2)",), ("a (3)",),
    ]  # fmt: skip


@given(_nested([_FILE, "other/file", f"{_FILE}!/a", f"{_FILE}!/a!/b", "", "\udce9", f"{_FILE}!/caf\udce9"]))
def test_whatever_a_loader_calls_them_all_documents_are_the_files_own(document):
    documents = list(each_document(document, _FILE))
    sources = [each.source for each in documents]
    assert sources[0] == _FILE
    assert len(set(sources)) == len(sources)
    assert {parent_source(source) for source in sources} == {_FILE}
    assert "".join(sources).encode()
