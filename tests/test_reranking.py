"""Hits in the order of a reranker, over a real table. Its weights are random, so nothing here says that an order is good."""

from __future__ import annotations

import json
import shutil

import pytest
from safetensors.numpy import load_file, save_file

from embedingest import (
    Config,
    ConfigError,
    EngineConfig,
    InputError,
    ModelConfig,
    ModelNotFoundError,
    PipelineConfig,
    SourceConfig,
)
from embedingest.build.session import Session
from embedingest.config import RerankConfig
from embedingest.engine.local import LocalEngine
from embedingest.reranking import text_of
from tests.depth import only_deep
from tests.engine import cross, tiny
from tests.store.doubles import row

QUERY = "the sky is blue"
FILES = 30


@pytest.fixture(scope="module")
def reranker(tmp_path_factory):
    """The folder of a tiny cross-encoder."""
    return cross.save("bert", tmp_path_factory.mktemp("cross") / "r")


@pytest.fixture(scope="module")
def session(reranker, tmp_path_factory):
    """A table of thirty documents under the hashing model, and two names of one reranker beside it."""
    folder = tmp_path_factory.mktemp("docs")
    words = tiny.WORDS
    for number in range(FILES):
        text = " ".join(words[(number * 7 + step * (number + 3)) % len(words)] for step in range(5 + number % 9))
        (folder / f"{number:02}.md").write_text(f"# Sky {number}\n\nblue {text}\n")
    config = Config(
        state=folder.with_name("state"),
        models={"r": ModelConfig(path=reranker, device="cpu"), "s": ModelConfig(path=reranker, device="cpu")},
        pipelines={
            "default": PipelineConfig(
                sources=(SourceConfig(path=folder),), model="hashing", db=str(folder.with_name("db"))
            )
        },
    )
    with Session(config) as opened:
        opened.pipeline().converge()
        yield opened


@pytest.fixture
def search(session):
    """Searches the table; `usual` is what the settings say."""

    def run(text=QUERY, usual=None, **options):
        with session.searcher() as searcher:
            searcher.rerank = usual
            return searcher.search(text, **options)

    return run


def names(result):
    return [hit.source for hit in result]


def test_the_first_hits_stand_in_the_order_of_their_scores_and_the_others_as_found(search, session) -> None:
    found = search(limit=30, explain=True)
    result = search(limit=30, rerank="r", explain=True)
    texts = [text_of(hit.row) for hit in found.hits[:20]]
    due = session.engine.rerank(QUERY, texts, model="r")
    assert names(result)[:20] == [found[place].source for place in due.order]
    assert [hit.score for hit in result.hits[:20]] == pytest.approx(sorted(due.scores)[::-1], abs=1e-6)
    assert result.hits[20:] == found.hits[20:]
    for hit in result.hits[:20]:
        before = found[int(hit.explain["rank_before"]) - 1]
        assert (before.source, before.score) == (hit.source, hit.explain["score_before"])
        assert hit.explain["rerank_score"] == hit.score
        assert hit.explain["vector_rank"] == before.explain["vector_rank"]
    assert (result.rerank.model, result.rerank.candidates, result.rerank.truncated) == ("r:latest", 20, 0)
    assert result.note == "hits from 21 on are as they were found: 20 are reranked"
    assert found.rerank is None


@only_deep
@pytest.mark.parametrize("options", [{}, {"mode": "text"}, {"mode": "vector"}, {"group": True}, {"fold": False}])
def test_pages_of_any_size_are_cut_from_one_order(search, options) -> None:
    whole = names(search(limit=30, rerank="r", **options))
    for size in (1, 7, 19, 20, 21)[bool(options) :]:  # one hit at a time once, since each page is reranked
        pages = [names(search(limit=size, offset=start, rerank="r", **options)) for start in range(0, 30, size)]
        assert [name for page in pages for name in page] == whole, size


def test_fewer_or_more_candidates_are_scored_where_that_is_said(search) -> None:
    found, three = search(limit=30), search(limit=30, rerank="r", rerank_candidates=3)
    assert sorted(names(three)[:3]) == sorted(names(found)[:3])
    assert names(three)[3:] == names(found)[3:]
    assert search(limit=2, rerank="r", rerank_candidates=100).rerank.candidates == 30
    with pytest.raises(ConfigError, match="`rerank_candidates` is 1001"):
        search(rerank="r", rerank_candidates=1001)
    with pytest.raises(ConfigError, match="`rerank_candidates` was given 0"):
        search(rerank="r", rerank_candidates=0)


@pytest.mark.parametrize("options", [{}, {"rerank": False}, {"rerank": False, "usual": RerankConfig(model="r")}])
def test_candidates_are_refused_where_nothing_reranks(search, options) -> None:
    with pytest.raises(ConfigError, match="nothing reranks the 5 hits of `rerank_candidates`"):
        search(rerank_candidates=5, **options)


def test_what_the_settings_say_holds_unless_a_question_says_otherwise(search) -> None:
    usual = RerankConfig(model="r", candidates=5)
    assert search(usual=usual).rerank.candidates == 5
    assert search(usual=usual, rerank=True).rerank.model == "r:latest"
    assert search(usual=usual, rerank="s", rerank_candidates=4).rerank.model == "s:latest"
    assert names(search(usual=usual, rerank=False)) == names(search())
    assert search(usual=usual, rerank=False).rerank is None
    assert search().rerank is None


def test_of_several_rerankers_one_must_be_named(search) -> None:
    with pytest.raises(ConfigError, match="there are several rerankers") as refused:
        search(rerank=True)
    assert {"r", "s"} <= set(refused.value.remedy.removesuffix(": name one of them").replace(",", "").split())


def test_what_is_no_reranker_is_refused_with_those_there_are(search) -> None:
    with pytest.raises(ModelNotFoundError, match='model "nothing" not found') as unknown:
        search(rerank="nothing", mode="text")
    assert "rerankers here are" in unknown.value.remedy
    assert "--no-rerank" in unknown.value.remedy
    with pytest.raises(ConfigError, match="model hashing:latest is an embedding model") as wrong:
        search(rerank="hashing")
    assert "rerankers here are" in wrong.value.remedy
    with pytest.raises(ConfigError, match=r"`rerank` was given ''; True, False, None or a reranker's name is wanted"):
        search(rerank="")


def test_an_engine_that_cannot_rerank_says_so_with_the_way_out(session, search) -> None:
    class Elsewhere:
        """The seam of an engine and nothing more, as a plug-in for another server has it."""

        def __init__(self, engine) -> None:
            self.embed, self.describe, self.models = engine.embed, engine.describe, engine.models

    with session.searcher() as searcher:
        searcher.open_engine = lambda: Elsewhere(session.engine)
        assert len(searcher.search(QUERY)) == 10
        with pytest.raises(ConfigError, match="engine Elsewhere cannot rerank") as refused:
            searcher.search(QUERY, rerank="r")
    assert "--no-rerank" in refused.value.remedy


def test_a_hit_without_a_score_fails_the_search_and_is_named(session, reranker, tmp_path) -> None:
    """Of one word alone the vector is so large that it overflows."""
    folder = shutil.copytree(reranker, tmp_path / "broken")
    (file,) = folder.rglob("model.safetensors")
    weights = load_file(file)
    vocabulary = json.loads(next(folder.rglob("tokenizer.json")).read_text())["model"]["vocab"]
    weights["bert.embeddings.word_embeddings.weight"][vocabulary["light"]] = 3e38
    save_file(weights, file, metadata={"format": "pt"})
    with LocalEngine(EngineConfig(), {"broken": ModelConfig(path=folder, device="cpu")}) as engine:
        with session.searcher() as searcher:
            searcher.open_engine = lambda: engine
            with pytest.raises(InputError, match=r"chunk 0 of docs\d*/\d\d.md: document \d+ with this query") as failed:
                searcher.search(QUERY, limit=30, rerank="broken")
            assert len(searcher.search(QUERY, limit=30)) == FILES
    assert "--no-rerank" in failed.value.remedy


def test_hits_that_are_longer_than_the_window_are_scored_and_told(session, tmp_path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "long.md").write_text("rain " * 200)
    (tmp_path / "docs" / "short.md").write_text("rain")
    source = SourceConfig(path=tmp_path / "docs")
    pipeline = PipelineConfig(sources=(source,), model="hashing", db=str(tmp_path / "db"))
    with Session(session.config.model_copy(update={"state": tmp_path, "pipelines": {"default": pipeline}})) as other:
        other.pipeline().converge()
        with other.searcher() as searcher:
            result = searcher.search("rain", rerank="r")
    assert result.rerank.truncated >= 1
    assert "longer than the reranker reads, and scored by what fits" in result.note


@pytest.mark.parametrize(
    ("title", "headings", "text", "read"),
    [
        (None, (), "The walrus sleeps.", "The walrus sleeps."),
        ("Sea", ("Sea", "Walrus"), "It sleeps.", "Sea > Walrus\n\nIt sleeps."),
        ("Sea", ("Sea", "Walrus"), "# Sea\n\n## Walrus\n\nIt sleeps.", "# Sea\n\n## Walrus\n\nIt sleeps."),
        ("Atlas", ("Sea", "Walrus"), "## Walrus\nIt sleeps.", "Atlas > Sea\n\n## Walrus\nIt sleeps."),
        ("Atlas", (), "Walrus\n", "Atlas\n\nWalrus\n"),
    ],
)
def test_a_reranker_reads_a_chunk_below_its_title_and_the_headings_that_are_not_in_it(title, headings, text, read):
    assert text_of(row("a.md", text=text, title=title, heading_path=headings)) == read


def test_copies_are_one_candidate(search, session) -> None:
    folder = session.config.pipelines["default"].sources[0].path
    for name in ("a", "b"):
        (folder / f"copy-{name}.md").write_text((folder / "03.md").read_text())
    session.pipeline().converge()
    result = search(limit=40, rerank="r")
    assert len(result) == FILES
    assert [len(hit.places) for hit in result if hit.text.startswith("# Sky 3\n")] == [2]


def test_a_filter_leaves_out_before_anything_is_scored(search) -> None:
    result = search(filter="source endswith '1.md'", rerank="r")
    assert result.rerank.candidates == 3
    assert all(name.endswith("1.md") for name in names(result))
    assert search(filter="source = 'none'", rerank="r").rerank.candidates == 0


def test_a_hit_is_scored_once_for_a_question_where_the_scores_are_kept(session) -> None:
    with session.searcher() as plain, session.searcher() as keeping:
        keeping.scores = {}
        for mode in ("vector", "text", "hybrid"):
            due, found = (one.search(QUERY, mode=mode, limit=30, rerank="r") for one in (plain, keeping))
            assert names(found) == names(due)
            assert [hit.score for hit in found] == pytest.approx([hit.score for hit in due], abs=1e-5)
            assert (found.rerank.tokens, found.rerank.truncated) == (due.rerank.tokens, due.rerank.truncated)
        [kept] = keeping.scores.values()
        scored = {id(answer): len(answer.scores) for answer, _ in kept.values()}
        assert sum(scored.values()) == len(kept), "none was scored twice"
        keeping.search("another sky", rerank="r")
        assert len(keeping.scores) == 2
