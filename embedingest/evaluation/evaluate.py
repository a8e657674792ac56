"""Questions put to a table, and how well it answers them, by mode and against another table. Knows no command line."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from embedingest.errors import ConfigError
from embedingest.evaluation.measures import DEPTH, MEASURES, compare, measured
from embedingest.ingest.meant import meant
from embedingest.store.values import LATE, SPARSE, SearchQuery
from embedingest.types import MODES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from embedingest.evaluation.measures import Comparison
    from embedingest.evaluation.questions import Question
    from embedingest.query import Searcher
    from embedingest.types import Mode

    Scores = Mapping[str, NDArray[np.float64]]
    """Each measure for each question."""

__all__ = ["Evaluation", "evaluate", "modes_of"]

_TOLD: Final = 20  # unknown names in the document


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a table answered. `modes` has each measure for each of `queries` questions, float64 (Q,).

    `reranked` has the same with the reranker that was compared; it is empty where none was. `reranker` is its name, or
    that of the one by which the settings have every search put in order. `unknown` are judged names that no document
    has; they count as not found. `skipped` questions have no answers.
    """

    queries: int
    skipped: int
    unknown: tuple[str, ...]
    modes: Mapping[str, Scores]
    seconds: float
    reranked: Mapping[str, Scores] = field(default_factory=dict)
    reranker: str | None = None

    def comparisons(self) -> dict[str, Comparison]:
        """nDCG@10 of the first mode against each other one."""
        first, *others = self.modes
        return {mode: self._compared(first, self.modes[mode]) for mode in others}

    def against(self, other: Evaluation) -> dict[str, Comparison]:
        """nDCG@10 here against another evaluation of the same questions, by mode."""
        return {mode: self._compared(mode, other.modes[mode]) for mode in self.modes if mode in other.modes}

    def improvements(self) -> dict[str, Comparison]:
        """nDCG@10 with the reranker against without, by mode."""
        return {mode: compare(scores[MEASURES[0]], self.modes[mode][MEASURES[0]])
                for mode, scores in self.reranked.items()}  # fmt: skip

    def _compared(self, mode: str, other: Scores) -> Comparison:
        return compare(self.modes[mode][MEASURES[0]], other[MEASURES[0]])

    def as_dict(self) -> dict[str, Any]:
        """The document of `evaluate --json`."""
        reranked = {
            "modes": _means(self.reranked),
            "improvements": {mode: rounded(one) for mode, one in self.improvements().items()},
        }
        return {
            "queries": self.queries,
            "modes": _means(self.modes),
            **({} if self.reranker is None else {"reranker": self.reranker}),
            **({"reranked": reranked} if self.reranked else {}),
            "differences": {mode: rounded(one) for mode, one in self.comparisons().items()},
            "skipped": self.skipped,
            "unknown": len(self.unknown),
            "unknown_sources": list(self.unknown[:_TOLD]),
            "seconds": round(self.seconds, 3),
        }


def _means(modes: Mapping[str, Scores]) -> dict[str, dict[str, float]]:
    return {
        mode: {name: round(float(values.mean()), 4) for name, values in scores.items()}
        for mode, scores in modes.items()
    }


def rounded(comparison: Comparison) -> dict[str, float]:
    """A comparison in a document."""
    return {name: round(value, 4) for name, value in asdict(comparison).items()}


def modes_of(searcher: Searcher) -> tuple[Mode, ...]:
    """The modes in which a table can be searched."""
    columns = searcher.table.identity.extras
    return tuple(mode for mode in MODES if mode not in (SPARSE, LATE) or mode in columns)


def evaluate(
    searcher: Searcher,
    questions: Sequence[Question],
    *,
    modes: Sequence[Mode] = (),
    filter: str | None = None,  # noqa: A002 -- as in `SearchQuery`
    rerank: str | bool | None = None,
    rerank_candidates: int | None = None,
    on_answer: Callable[[], None] = lambda: None,
    on_mode: Callable[[str, float], None] = lambda *_: None,
) -> Evaluation:
    """Put each question in each mode, without `modes` in all that the table has; the 100 best documents are judged.

    `on_answer` is called after each search, `on_mode` with the name of each mode and its nDCG@10 once that is known.
    Each model is asked once for what it makes of the questions, and a reranker once for a question and a hit.

    With a `rerank` that names a reranker (or `True`) each is put twice: without any, and with that. `None` puts them
    as the settings have it, `False` without.
    Raises ConfigError where no question has an answer in the table, and what a search raises.
    """
    began = time.perf_counter()
    answered = [question for question in questions if question.relevant]
    sources = searcher.table.source_states().keys()
    meaning = meant({name for question in answered for name in question.relevant}, sources)
    unknown = tuple(dict.fromkeys(name for one in answered for name in one.relevant if name not in meaning))
    if not meaning:
        wanted, there = next(iter(unknown), "nothing"), next(iter(sources), "no document")
        raise ConfigError(
            f"no document that answers is in table `{searcher.table.name}`: it has `{there}` and such, not `{wanted}`",
            remedy="ingest these documents, name their table, or write sources as `search --json` tells them",
        )
    relevant = {
        one.id: {meaning.get(name, f"\0{name}"): grade for name, grade in one.relevant.items()} for one in answered
    }
    modes = modes or modes_of(searcher)
    compared = rerank is not None and rerank is not False
    first = SearchQuery(
        "", limit=DEPTH, group=True, fold=False, filter=filter, rerank=rerank, rerank_candidates=rerank_candidates
    )
    queries = searcher.prepared([replace(first, text=one.text) for one in answered], modes)
    asked = partial(_asked, replace(searcher, scores={}), [one.id for one in answered], relevant, on_answer=on_answer)

    def in_modes(queries: Sequence[SearchQuery], name: str = "{}") -> dict[str, tuple[Scores, str | None]]:
        found: dict[str, tuple[Scores, str | None]] = {}
        for mode in modes:
            found[mode] = asked([replace(query, mode=mode) for query in queries])
            on_mode(name.format(mode), float(found[mode][0][MEASURES[0]].mean()))
        return found

    without = [replace(query, rerank=False, rerank_candidates=None) for query in queries]
    plain = in_modes(without if compared else queries)
    others = in_modes(queries, "{}, reranked") if compared else {}
    rerankers = [name for _, name in (*plain.values(), *others.values()) if name is not None]
    return Evaluation(
        queries=len(answered),
        skipped=len(questions) - len(answered),
        unknown=unknown,
        modes={mode: scores for mode, (scores, _) in plain.items()},
        reranked={mode: scores for mode, (scores, _) in others.items()},
        reranker=next(iter(rerankers), None),
        seconds=time.perf_counter() - began,
    )


def _asked(
    searcher: Searcher,
    names: Sequence[str],
    relevant: Mapping[str, Mapping[str, int]],
    queries: Sequence[SearchQuery],
    *,
    on_answer: Callable[[], None],
) -> tuple[Scores, str | None]:
    """The measures of what is found for each question of these names, and who put it in order, where a reranker did."""
    rankings, reranker = {}, None
    for name, query in zip(names, queries, strict=True):
        result = searcher.search(query)
        rankings[name] = [hit.source for hit in result]
        reranker = reranker if result.rerank is None else result.rerank.model
        on_answer()
    return measured(rankings, relevant), reranker
