"""The first hits of a search in the order of a reranker: which one, what it reads of a hit, what is told of it.

Pages of any size are cut from one order: the first `candidates` hits, copies folded, are put in order by their scores,
those of equal scores as they were found, and what follows stays as it was found. Knows no command line and no HTTP.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, NoReturn

import numpy as np

from embedingest.engine.folder.reranker import NoScoreError
from embedingest.engine.kinds import WrongKindError, check_reranks, rerankers
from embedingest.engine.known import is_allowed
from embedingest.engine.rerank import SupportsRerank
from embedingest.errors import ConfigError, InputError, ModelNotFoundError
from embedingest.store.search.bare import heading_words
from embedingest.store.values import Reranking, SearchQuery
from embedingest.types import CANDIDATES, MOST_CANDIDATES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from embedingest.config import RerankConfig
    from embedingest.engine.engine import Engine
    from embedingest.store.values import Hit, SearchResult
    from embedingest.types import ModelInfo, Reranked, Row

    Scores = dict[tuple[str, str], dict[str, tuple[Reranked, int]]]
    """Of a model and a question: by the ids of rows the answer that has the row's score, and its place there."""

__all__ = ["Reranker", "check_usual", "reranker_for", "text_of"]

_WITHOUT = 'search without reranking (`--no-rerank`, `"rerank": false`)'


@dataclass(slots=True)
class Reranker:
    """Puts the hits of one query in order by a model of an engine, which is known to be a reranker.

    A query that is asked again, for more hits or in another mode, has each candidate scored once: `scores` are kept.
    """

    engine: SupportsRerank
    model: str
    candidates: int
    by: Literal["cross-encoder", "token vectors"] = "cross-encoder"
    scores: Scores = field(default_factory=dict)

    def search(self, query: SearchQuery, search: Callable[[SearchQuery], SearchResult]) -> SearchResult:
        """What `search` finds for a query, the first hits put in order; a hit's `score` is the reranker's then.

        Raises what searching raises, and InputError (names the chunk that has no score), OverloadedError and the other
        errors of `SupportsRerank.rerank`: hits in another order than was asked for would pass for what was wanted.
        """
        last = query.offset + query.limit
        if query.offset >= self.candidates:
            return _with_note(search(query), self._told_beyond())
        found = search(replace(query, offset=0, limit=max(last, self.candidates)))
        first, rest = found.hits[: self.candidates], found.hits[self.candidates : last]
        began = time.perf_counter()
        answer = self._answer(query.text, first)
        seconds = time.perf_counter() - began
        hits = [_rescored(first[place], place, answer, explain=query.explain) for place in answer.order]
        told = Reranking(answer.model, self.by, len(first), len(answer.truncated), seconds, answer.tokens)
        page = (*hits, *rest)[query.offset : last]
        result = replace(found, hits=page, seconds=found.seconds + seconds, rerank=told)
        result = _with_note(result, _told_cut(told)) if told.truncated else result
        return _with_note(result, self._told_beyond()) if rest else result

    def _answer(self, query: str, hits: Sequence[Hit]) -> Reranked:
        known = self.scores.setdefault((self.model, query), {})
        new = [hit for hit in hits if hit.row.id not in known]
        if new or not hits:
            answer = self._asked(query, new)
            for place, hit in enumerate(new):
                known[hit.row.id] = answer, place
        return _joined([known[hit.row.id] for hit in hits]) if hits else answer

    def _asked(self, query: str, hits: Sequence[Hit]) -> Reranked:
        try:
            return self.engine.rerank(query, [text_of(hit.row) for hit in hits], model=self.model)
        except InputError as error:
            if error.index is None:
                raise
            row = hits[error.index].row
            raise InputError(
                f"chunk {row.chunk_index} of {row.source}: {error.message}",
                index=error.index,
                remedy=f"{_WITHOUT}, or by another reranker",
            ) from error

    def _told_beyond(self) -> str:
        return f"hits from {self.candidates + 1} on are as they were found: {self.candidates} are reranked"


def reranker_for(
    query: SearchQuery,
    usual: RerankConfig | None,
    engine: Engine,
    allowed: Sequence[str] = (),
    scores: Scores | None = None,
) -> Reranker:
    """Who orders the hits of a query whose `rerank` is not off.

    `usual` is what the settings say. Of others, only models that are `allowed` may be used, where that says anything.
    Loads no model. Raises ConfigError (an engine that cannot rerank, a model that is no reranker,
    a number of candidates that cannot be), ModelNotFoundError with the rerankers there are, ModelLoadError.
    """
    candidates = query.rerank_candidates or (CANDIDATES if usual is None else usual.candidates)
    if candidates > MOST_CANDIDATES:
        raise ConfigError(f"`rerank_candidates` is {candidates}", remedy=f"it goes from 1 to {MOST_CANDIDATES}")
    if not isinstance(engine, SupportsRerank):
        raise ConfigError(
            f"engine {type(engine).__name__} cannot rerank",
            remedy=f"{_WITHOUT}, or use an engine that can, such as `local`",
        )
    if allowed and usual is not None:
        allowed = (*allowed, usual.model)
    named = query.rerank if isinstance(query.rerank, str) else None if usual is None else usual.model
    model = _only(engine, allowed) if named is None else named
    reads_pairs = named is None or _info(engine, named, allowed).kind == "reranker"
    by: Literal["cross-encoder", "token vectors"] = "cross-encoder" if reads_pairs else "token vectors"
    return Reranker(engine, model, candidates, by, {} if scores is None else scores)


def _joined(parts: Sequence[tuple[Reranked, int]]) -> Reranked:
    """One answer of the places of several of one model. Its durations are those of the last."""
    return replace(
        parts[-1][0],
        scores=np.array([answer.scores[place] for answer, place in parts], np.float32),
        token_counts=np.array([answer.token_counts[place] for answer, place in parts], np.int64),
        truncated=tuple(at for at, (answer, place) in enumerate(parts) if place in answer.truncated),
    )


def check_usual(usual: RerankConfig, engine: Engine) -> None:
    """Look whether a reranker of the settings can be used. Loads no model. Raises as `reranker_for`."""
    reranker_for(SearchQuery(""), usual, engine)


def text_of(row: Row) -> str:
    """What a reranker reads of a row: its text, below the title and the headings that it does not begin with."""
    above = [*([row.title] if row.title else []), *row.heading_path]
    names = {heading_words(name) for name in above}
    begun = set()
    for line in filter(None, map(heading_words, row.text.split("\n"))):
        if line not in names:
            break
        begun.add(line)
    said = dict.fromkeys(name for name in above if heading_words(name) not in begun)
    return f"{' > '.join(said)}\n\n{row.text}" if said else row.text


def _info(engine: Engine, model: str, allowed: Sequence[str]) -> ModelInfo:
    """What is known of the model that is named, which can rerank. Raises as `reranker_for`."""
    try:
        info = engine.describe(model)
        if not is_allowed(info.name, allowed):
            raise ModelNotFoundError(model)
        check_reranks(info)
    except ModelNotFoundError as error:
        _refuse_unknown(model, _rerankers(engine, allowed), error)
    except NoScoreError as error:
        names = _rerankers(engine, allowed)
        raise WrongKindError(f"`{model}` is {error.what}, and no reranker", remedy=_told_of(names)) from error
    except WrongKindError as error:
        names = _rerankers(engine, allowed)
        raise (WrongKindError(error.message, remedy=_told_of(names)) if names else error) from error
    return info


def _only(engine: Engine, allowed: Sequence[str]) -> str:
    """The reranker that is meant where none is named. Raises ConfigError where there is not one alone."""
    names = _rerankers(engine, allowed)
    if len(names) != 1:
        there = "there are several rerankers" if names else "there is no reranker"
        raise ConfigError(f"no reranker is named, and {there}", remedy=_told_of(names))
    return names[0]


def _rerankers(engine: Engine, allowed: Sequence[str]) -> list[str]:
    """The names of the rerankers that an engine has; looks into the files of all models."""
    names = [name for name in engine.models() if is_allowed(name, allowed)]
    return [name.removesuffix(":latest") for name in rerankers(names, engine.describe)]


def _refuse_unknown(model: str, names: Sequence[str], error: ModelNotFoundError) -> NoReturn:
    raise ModelNotFoundError(model, remedy=f"{_told_of(names)}, or {_WITHOUT}") from error


def _told_of(names: Sequence[str]) -> str:
    if names:
        return f"rerankers here are {', '.join(names)}: name one of them"
    return (
        "name the folder of a cross-encoder, such as cross-encoder/ms-marco-MiniLM-L6-v2, or give it a name by "
        "`models: NAME: {path: FOLDER}`"
    )


def _rescored(hit: Hit, place: int, answer: Reranked, *, explain: bool) -> Hit:
    score = float(answer.scores[place])
    if not explain:
        return replace(hit, score=score)
    before = {"score_before": hit.score, "rank_before": place + 1}
    return replace(hit, score=score, explain={**(hit.explain or {}), "rerank_score": score, **before})


def _told_cut(told: Reranking) -> str:
    which = "1 hit is" if told.truncated == 1 else f"{told.truncated} hits are"
    return f"{which} longer than the reranker reads, and scored by what fits"


def _with_note(result: SearchResult, note: str) -> SearchResult:
    return replace(result, note=note if result.note is None else f"{result.note}; {note}")
