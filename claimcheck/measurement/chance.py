"""What a measure is worth by chance: its exact expectation where every order of the pool is equally likely.

Rank distance is not 0 for a system that knows nothing, and neither is any other measure: a table of results starts here.
"""

from math import prod

import numpy as np

from claimcheck.measurement.formulas import ideal_gain
from claimcheck.measurement.measures import CellValues, Measure, Queries, Setting, queries_of
from claimcheck.measurement.places import Numbers, Places


def chance_values(places: Places, measure: Measure, setting: Setting | str, route: str | None = None) -> list[CellValues]:
    """The expectation of a measure for each query for which it is defined: the cells and rows of `measures.values`.

    It follows from sizes of pools and numbers of relevant candidates; places have no part in it. Raises ValueError: as
    `measures.values`, or SameLanguage where the size of a language's pool is in no row.
    """
    queries = queries_of(places, measure, Setting(setting), route)
    if measure.name == "SameLanguage":
        return queries.cells(_own_pool(queries) / queries.pool)
    kinds, which = np.unique(np.stack((queries.ranked.relevant, queries.pool)), axis=1, return_inverse=True)
    expected = [expectation(measure, relevant=relevant, pool=pool) for relevant, pool in kinds.T.tolist()]
    return queries.cells(np.array(expected, np.float64)[which.ravel()])


def expectation(measure: Measure, *, relevant: int, pool: int) -> float:
    """The mean of a measure over all orders of a pool of N candidates with R relevant ones, 1 <= R <= N.

    With H_N = 1 + 1/2 + ... + 1/N: AP is (H_N + (R - 1) / (N - 1) * (N - H_N)) / N, since a relevant candidate at place i has
    (i - 1)(R - 1) / (N - 1) others above it; the smallest place is r with probability C(N - r, R - 1) / C(N, R), and the
    largest is N + 1 - r with the same one. Raises ValueError: no such pool; a distance with R = 1; SameLanguage, which
    depends on languages and not on R.

    >>> from claimcheck.measurement.measures import parse
    >>> expectation(parse("RankDistance"), relevant=2, pool=2)
    1.0
    """
    if not 1 <= relevant <= pool:
        raise ValueError(f"{relevant} relevant candidates in a pool of {pool}")
    if (measure.name.endswith(("Distance", "DistanceShare")) and relevant == 1) or measure.name == "SameLanguage":
        raise ValueError(f"`{measure}` has no expectation for {relevant} relevant candidates")
    places = np.arange(1, pool + 1)
    k = min(measure.cutoff, pool) if isinstance(measure.cutoff, int) else relevant
    distance = (pool + 1) * (relevant - 1) / (relevant + 1)
    match measure.name:
        case "AP":
            harmonic = float(np.sum(1 / places))
            return (harmonic + (relevant - 1) / max(pool - 1, 1) * (pool - harmonic)) / pool
        case "RR":
            return float(np.sum(_smallest(relevant, pool) / places))
        case "R":
            return k / pool
        case "nDCG":
            gain = np.sum(1 / np.log2(places[:k] + 1.0))
            return float(relevant / pool * gain / ideal_gain(np.array([relevant]), k)[0])
        case "Max":
            return prod((k - each) / (pool - each) for each in range(relevant)) if k >= relevant else 0.0
        case "LogRankDistance":
            return float(np.sum(_smallest(relevant, pool) * (np.log(pool + 1 - places) - np.log(places))))
    return distance / (pool - 1) if measure.name == "RankDistanceShare" else distance


def _smallest(relevant: int, pool: int) -> Numbers:
    """Probability that the smallest place is 1, 2, ..., N: each is the one before times (N - r - R + 1) / (N - r)."""
    before = np.arange(1, pool)
    return np.cumprod(np.append(relevant / pool, np.maximum(pool - before - relevant + 1, 0) / (pool - before)))


def _own_pool(queries: Queries) -> Numbers:
    """How many candidates of each query's pool are in its own language, as any row of the same fold tells."""
    places, heads = queries.places, queries.heads()
    folds = list(zip(places.route.codes.tolist(), places.fold.tolist(), strict=True))
    candidate, query = places.candidate_language.strings().tolist(), places.query_language.strings().tolist()
    size = {(*fold, language): pool for fold, language, pool in
            zip(folds, candidate, places.pool_in_language.tolist(), strict=True)}
    try:
        return np.array([size[(*folds[row], query[row])] for row in heads], np.int64)
    except KeyError as error:
        raise ValueError(f"no row tells how many candidates are in the language {error.args[0][-1]}") from None
