"""A TREC run against judgments: measures of each query and their means, by the formulas that stored places are measured with.

A document is relevant from grade 1; one that was not judged is not relevant, and a relevant one that the run lacks stands
infinitely far down. Rules and numbers are those of trec_eval, but for queries without a relevant document: it counts them as
0, here they have no value.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from claimcheck.errors import CorruptInput, Fault, UsageFault
from claimcheck.measurement.formulas import FORMULAS, RelevantPlaces, computed
from claimcheck.measurement.measures import Measure, parse
from claimcheck.measurement.places import Labels, Numbers
from claimcheck.measurement.trec import Judgments, TrecRun
from claimcheck.measurement.trec_lines import refused


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scores:
    """`values` (q, m) of `queries` (q,), in byte order of ids, and `measures` (m,); at least one query.

    Judged queries without a value: `no_relevant` have no relevant document. `not_in_run` have one, but the run lacks them: they
    have no value either, or 0 among `values` if `complete`.
    """

    measures: tuple[Measure, ...]
    queries: tuple[str, ...]
    values: NDArray[np.float64]
    complete: bool
    no_relevant: tuple[str, ...]
    not_in_run: tuple[str, ...]

    def mean(self) -> NDArray[np.float64]:
        """The mean over queries of each measure, (m,)."""
        return np.asarray(self.values.mean(axis=0))


def score(run: TrecRun, judgments: Judgments, measures: Sequence[Measure], *, complete: bool = False) -> Scores:
    """Score a run by at least one measure.

    `complete`: a judged query that the run lacks counts as 0, as with trec_eval -c; else it is left out.
    Raises UsageFault: a measure that a run does not tell. Raises CorruptInput: a query of the run that has no judgment, or no
    query is left to be scored.
    """
    if reasons := [reason for measure in measures if (reason := _untold(measure))]:
        raise UsageFault("\n".join(reasons))
    _all_judged(run, judgments)
    relevant = np.flatnonzero(judgments.grade >= 1)
    asked, has_relevant = set(run.query.names), {judgments.query.names[code] for code in judgments.query.codes[relevant]}
    scored = sorted(has_relevant if complete else has_relevant & asked)  # code points sort as UTF-8's bytes do
    if not scored:
        raise CorruptInput([Fault(path=judgments.path, what=f"no query of {run.path} has a document of grade 1 or more",
                                  next_move="give the judgments that belong to the run")])
    places = _ordered(scored, judgments, relevant, _places(run, judgments, relevant))
    values = [computed(each.name, each.cutoff, places) for each in measures]
    return Scores(measures=tuple(measures), queries=tuple(scored), complete=complete,
                  values=np.stack(values, axis=1, dtype=np.float64),
                  no_relevant=tuple(sorted({*judgments.query.names} - has_relevant)),
                  not_in_run=tuple(sorted(has_relevant - asked)))


def measures_of(names: Iterable[str]) -> tuple[Measure, ...]:
    """The measures of these names, each once. Raises UsageFault: for all that are not known or that a run does not tell."""
    made: list[Measure] = []
    reasons: list[str] = []
    for name in dict.fromkeys(names):
        try:
            made.append(measure := parse(name))
            reasons += filter(None, [_untold(measure)])
        except ValueError as error:
            reasons.append(str(error))
    if reasons:
        raise UsageFault("\n".join(reasons))
    if not made:
        raise UsageFault("no measure is named; give at least one, as AP")
    return tuple(made)


def _untold(measure: Measure) -> str | None:
    if measure.name in FORMULAS:
        return None
    why = ("it says nothing of the languages of its documents" if measure.name == "SameLanguage"
           else "it does not say where the relevant documents stand that were not retrieved")
    return f"the measure `{measure}` cannot be had of a run: {why}; use AP, RR, R@k, nDCG@k, Max@k or Max@R"


def _all_judged(run: TrecRun, judgments: Judgments) -> None:
    """Raise CorruptInput for the queries of a run that have no judgment, each at its first line."""
    judged = set(judgments.query.names)
    first = run.line[np.unique(run.query.codes, return_index=True)[1]].tolist()
    unjudged = {line: name for line, name in zip(first, run.query.names, strict=True) if name not in judged}
    if unjudged:
        raise refused(run.path, sorted(unjudged), lambda line: [Fault(
            path=run.path, line=line, what=f"the query `{unjudged[line]}` has no judgment in {judgments.path}",
            next_move="take it out of the run, or give the judgments that it has")])


def _places(run: TrecRun, judgments: Judgments, relevant: Numbers) -> NDArray[np.float64]:
    """The place in the run of the documents of some rows of judgments, infinite where it lacks them."""
    query, document = (_codes_in(ours, theirs)[theirs.codes[relevant]] for ours, theirs in (
        (run.query, judgments.query), (run.document, judgments.document)))
    width = len(run.document.names)
    pairs = run.query.codes.astype(np.int64) * width + run.document.codes
    order = np.argsort(pairs)
    wanted = np.where((query < 0) | (document < 0), -1, query * width + document)
    at = order[np.minimum(np.searchsorted(pairs, wanted, sorter=order), len(order) - 1)]
    return np.where(pairs[at] == wanted, _every_place(run)[at], np.inf)


def _codes_in(ours: Labels, theirs: Labels) -> NDArray[np.int64]:
    """The code in one column of each name of another, -1 where it is not there."""
    code = {name: number for number, name in enumerate(ours.names)}
    return np.array([code.get(name, -1) for name in theirs.names], np.int64)


def _every_place(run: TrecRun) -> NDArray[np.int64]:
    """The place of each line of a run, from 1: larger scores first, then larger ids."""
    query, names = run.query.codes, run.document.names
    order = np.lexsort((-run.score, query))
    above, below = order[:-1], order[1:]
    tied = (query[above] == query[below]) & (run.score[above] == run.score[below])
    rows = order[np.append(tied, False) | np.append(False, tied)]  # ids are compared only where scores are equal
    rank = np.zeros(len(names), np.int64)
    involved = sorted({*run.document.codes[rows].tolist()}, key=names.__getitem__)
    rank[involved] = np.arange(len(involved))
    order = np.lexsort((-rank[run.document.codes], -run.score, query))
    first = np.flatnonzero(np.diff(query[order], prepend=-1))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(1, len(order) + 1) - np.repeat(first, np.diff(first, append=len(order)))
    return place


def _ordered(scored: Sequence[str], judgments: Judgments, relevant: Numbers, place: Numbers) -> RelevantPlaces:
    """The places and grades of the queries to be scored, query by query in their order, best place first."""
    number = {name: at for at, name in enumerate(scored)}
    query = np.array([number.get(name, -1) for name in judgments.query.names], np.int64)[judgments.query.codes[relevant]]
    rows = np.lexsort((place, query))
    rows = rows[query[rows] >= 0]
    first = np.flatnonzero(np.diff(query[rows], prepend=-1))
    return RelevantPlaces(place=place[rows], grade=judgments.grade[relevant][rows], first=first,
                          relevant=np.diff(first, append=len(rows)))
