"""One chunk a document where it fits."""

from embedingest.engine.hashing import HashingSizer
from embedingest.ingest.chunk.whole import create
from embedingest.types import Document


def test_a_document_that_fits_is_one_chunk():
    chunks = create().chunk(Document("x", "# A\n\none\n\n# B\n\ntwo\n", "markdown"), HashingSizer(50))
    assert [chunk.text for chunk in chunks] == ["# A\n\none\n\n# B\n\ntwo"]


def test_a_document_beyond_the_window_is_cut_into_few_full_chunks():
    text = " ".join(f"Sentence {n} is here." for n in range(40))
    chunks = create().chunk(Document("x", text), HashingSizer(50))
    assert len(chunks) <= 6
    assert " ".join(chunk.text for chunk in chunks) == text
