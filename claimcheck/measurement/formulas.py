"""The formulas that need nothing but places: one definition of each for stored places and for TREC runs.

The two differ in what they know. Stored places hold every relevant candidate, each worth as much as any other; a run holds
what was retrieved, and its judgments have grades.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from claimcheck.measurement.places import Numbers

FORMULAS = ("AP", "RR", "R", "nDCG", "Max")
"""Names of the measures that are defined here, without their cut-offs."""
_FARTHEST = 2**31
"""Farther down than any place; a cut-off of any size is one that numbers can be compared with."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RelevantPlaces:
    """The relevant candidates of queries, (n,), query by query and best place first.

    `place` counts from 1 and is infinite for a candidate that was not retrieved. A query begins at `first` and has `relevant`
    of them, at least one, (q,) each. `grade`: what each is worth, from 1; None where all are worth the same.
    """

    place: Numbers
    first: NDArray[np.int64]
    relevant: NDArray[np.int64]
    grade: Numbers | None = None

    def sums(self, terms: Numbers) -> Numbers:
        """Sums of each query over its relevant candidates, (q,)."""
        return np.asarray(np.add.reduceat(terms, self.first)) if len(self.first) else np.zeros(0)

    def numbers(self) -> NDArray[np.int64]:
        """Which relevant candidate of its query each one is, from 1, (n,)."""
        return np.asarray(np.arange(1, len(self.place) + 1) - np.repeat(self.first, self.relevant))

    def best(self) -> Numbers:
        """The smallest place of each query, (q,)."""
        return np.asarray(self.place[self.first])

    def last(self) -> Numbers:
        """The largest place of each query, (q,)."""
        return np.asarray(self.place[self.first + self.relevant - 1])


def computed(name: str, cutoff: int | str | None, ranked: RelevantPlaces) -> Numbers:
    """A measure of each query, (q,): `name` is one of FORMULAS, `cutoff` its k, or "R" in Max@R.

    A place that is infinite adds nothing: a precision of i / inf and a gain of g / log2(inf) are 0.
    Source: Järvelin and Kekäläinen 2002 (nDCG); with grades as gains and this discount it is that of trec_eval.
    Raises ValueError: no such formula.
    """
    place, relevant, k = ranked.place, ranked.relevant, min(cutoff, _FARTHEST) if isinstance(cutoff, int) else 0
    made: Numbers
    match name:
        case "AP":
            made = ranked.sums(ranked.numbers() / place) / relevant
        case "RR":
            made = 1 / ranked.best()
        case "R":
            made = ranked.sums(1.0 * (place <= k)) / relevant
        case "nDCG":
            gain = (place <= k) if ranked.grade is None else (place <= k) * ranked.grade
            made = ranked.sums(gain / np.log2(place + 1.0)) / _ideal(ranked, k)
        case "Max":
            made = ranked.last() <= (k or relevant)
        case _:
            raise ValueError(f"no formula of `{name}` needs places alone; there is {', '.join(FORMULAS)}")
    return made


def ideal_gain(relevant: Numbers, k: int) -> Numbers:
    """The discounted gain of the best ranking of so many relevant candidates of one worth, cut off at k."""
    gains = np.cumsum(1 / np.log2(np.arange(2, 2 + min(k, int(relevant.max(initial=1))))))
    return np.asarray(gains[np.minimum(relevant, k) - 1])


def _ideal(ranked: RelevantPlaces, k: int) -> Numbers:
    """The discounted gain of the best ranking of each query's relevant candidates, cut off at k, (q,)."""
    if ranked.grade is None:
        return ideal_gain(ranked.relevant, k)
    query, number = np.repeat(np.arange(len(ranked.first)), ranked.relevant), ranked.numbers()
    best_first = ranked.grade[np.lexsort((-ranked.grade, query))]
    return ranked.sums((number <= k) * best_first / np.log2(number + 1.0))
