"""Measures of rankings, derived from places: per query, in cells of one query language or one ordered pair of languages.

Those that TREC runs have as well are defined in `formulas`, once for both.

| measure | of a query with R relevant candidates in a pool of N |
| --- | --- |
| AP | mean over the relevant candidates of the precision at their places |
| RR | 1 / the smallest place |
| R@k | share of the R that stand within the first k |
| nDCG@k | binary gains, discount log2(1 + place), over that of the best ranking |
| Max@k | 1 if all R stand within the first k, else 0; Max@R: if they fill the first R places (our definition) |
| RankDistance | largest minus smallest place; undefined for R = 1 |
| RankDistanceShare | RankDistance / (N - 1), which no pool's size moves; undefined for R = 1 (our definition) |
| LogRankDistance | log(largest place) - log(smallest place); undefined for R = 1 (our definition) |
| SameLanguage@k | share of the first k (of N, if fewer) that are in the query's language, k up to 10 |
| RBO | of a perturbed query: rank-biased overlap of its first 10 with those of the clean query, p = .9, extrapolated |
| Applied | 1 if a perturbation changed the query's text, else 0 |

The last two say nothing of relevance, and no design names them. A query without a relevant candidate in a pool has no value
there, and neither has one that a measure is undefined for.
Sources: Järvelin and Kekäläinen 2002 (nDCG); arXiv:2408.10536 (RankDistance, its language bias; without a cut-off here);
Webber, Moffat and Zobel 2010, "A similarity measure for indefinite rankings" (RBO, extrapolated).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from claimcheck.fields import NO_MEASURES
from claimcheck.measurement.formulas import FORMULAS, RelevantPlaces, computed
from claimcheck.measurement.places import TOP, Numbers, Places

_DISTANCES = ("RankDistance", "RankDistanceShare", "LogRankDistance")
PERSISTENCE = 0.9
"""How likely a reader of RBO goes on from one place to the next; the first 10 carry 86 % of what counts then."""
_BESIDE_CLEAN = ("RBO", "Applied")
_MEASURE = re.compile(rf"AP|RR|{'|'.join((*_DISTANCES, *_BESIDE_CLEAN))}|(R|nDCG|SameLanguage|Max)@[1-9][0-9]*|Max@R")


class Setting(StrEnum):
    """Which pool a query is put to: its own language's, each other language's, or all languages' at once."""

    MONOLINGUAL = "monolingual"
    CROSS_LINGUAL = "cross-lingual"
    MULTILINGUAL = "multilingual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A measure as a value that prints as it parses. `cutoff`: the k of its name, "R" in Max@R, None where it has none.

    Raises ValueError: there is no such measure, or it says nothing of the data here.
    """

    name: str
    cutoff: int | str | None = None

    def __post_init__(self) -> None:
        if self.name in NO_MEASURES:
            raise ValueError(f"the measure `{self}` is of no use here: {NO_MEASURES[self.name]}")
        if not _MEASURE.fullmatch(str(self)):
            raise ValueError(f"the measure `{self}` is not known; use AP, RR, R@k, nDCG@k, Max@k, Max@R, SameLanguage@k, "
                             f"{', '.join(_DISTANCES)}, with k from 1")
        if self.name == "SameLanguage" and isinstance(self.cutoff, int) and self.cutoff > TOP:
            raise ValueError(f"`{self}` looks beyond the first {TOP} places, whose languages alone are kept; use k up to {TOP}")

    def __str__(self) -> str:
        return self.name if self.cutoff is None else f"{self.name}@{self.cutoff}"


def parse(text: str) -> Measure:
    """The measure of a name. Raises ValueError: there is no such measure, or it says nothing of the data here.

    >>> parse("nDCG@10"), str(parse("Max@R"))
    (Measure(name='nDCG', cutoff=10), 'Max@R')
    """
    name, at, cutoff = text.partition("@")
    return Measure(name=name, cutoff=(int(cutoff) if re.fullmatch("[1-9][0-9]*", cutoff) else cutoff) if at else None)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellValues:
    """What one measure says of the queries of one language (`candidate_language` is "" for all) or of one ordered pair.

    `questions` (ids), `clusters` (names) and `values`, (n,) each, belong together row by row, in byte order of the ids; the
    folds of a route are joined. No cell is empty.
    """

    route: str
    query_language: str
    candidate_language: str
    questions: NDArray[np.str_]
    clusters: NDArray[np.str_]
    values: NDArray[np.float64]


def values(places: Places, measure: Measure, setting: Setting | str, route: str | None = None) -> list[CellValues]:
    """A measure of each query for which it is defined, in cells by route and languages; of all routes unless one is named.

    Raises ValueError: the measure has no meaning in the setting, or there is no such route.
    """
    queries = queries_of(places, measure, Setting(setting), route)
    return queries.cells(_of(measure, queries))


def mean_by_language(cells: Sequence[CellValues]) -> float:
    """The plain mean over cells of their means, the macro mean: each language, or pair of them, counts the same.

    Source: arXiv:2408.10536, which averages its tables so. Raises ValueError: there is no cell.
    """
    return float(np.mean([cell.values.mean() for cell in _some(cells)]))


def mean_by_question(cells: Sequence[CellValues]) -> float:
    """The mean over all queries of all cells, a question in each language being a query: large cells count more.

    The two means are equal where all cells are equally large. Source: arXiv:2004.05484 (LAReQA), which averages AP over the
    questions of all languages. Raises ValueError: there is no cell.
    """
    return float(np.mean(np.concatenate([cell.values for cell in _some(cells)])))


def _some(cells: Sequence[CellValues]) -> Sequence[CellValues]:
    if not cells:
        raise ValueError("no query has a value: there is nothing to take a mean of")
    return cells


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Queries:
    """The queries of a setting for which a measure is defined, in order of cells and questions; folds of a route joined.

    `rows`: rows of `places`, query by query, best place first; `ranked`: their places in this setting. `pool`: the size of each
    query's pool. `begins`: the query at which each cell begins.
    """

    places: Places
    setting: Setting
    rows: Numbers
    ranked: RelevantPlaces
    pool: Numbers
    begins: Numbers

    def heads(self) -> Numbers:
        """The row of `places` with each query's best place, (q,)."""
        return self.rows[self.ranked.first]

    def cells(self, each: Numbers) -> list[CellValues]:
        """A value of each query, in cells."""
        made, table = [], self.places
        for rows, given in zip(np.split(self.heads(), self.begins[1:]), np.split(each, self.begins[1:]), strict=True):
            if len(rows):  # of no query at all there is one empty piece
                route, query, candidate = (column.names[column.codes[rows[0]]] for column in (
                    table.route, table.query_language, table.candidate_language))
                made.append(CellValues(
                    route=route, query_language=query, values=given.astype(np.float64),
                    candidate_language="" if self.setting is Setting.MULTILINGUAL else candidate,
                    questions=_names(table.question.names)[table.question.codes[rows]],
                    clusters=_names(table.cluster.names)[table.cluster.codes[rows]]))
        return made


def queries_of(places: Places, measure: Measure, setting: Setting, route: str | None) -> Queries:
    """The queries of a setting for which a measure is defined. Raises ValueError: as `values` does."""
    if setting is not Setting.MULTILINGUAL and measure.name in (*_DISTANCES, "SameLanguage", "RBO"):
        raise ValueError(f"`{measure}` is about languages in one pool: it exists in the multilingual setting, not {setting}")
    return _queries(places, setting, route, measure.name in _DISTANCES)


@lru_cache(maxsize=64)
def _names(names: tuple[str, ...]) -> NDArray[np.str_]:
    """The names of a column as an array, made once for all cells that are about them."""
    return np.array(names, np.str_)


@lru_cache(maxsize=16)
def _queries(places: Places, setting: Setting, route: str | None, distance: bool) -> Queries:
    """Kept for the measures that are asked for one after the other, of the same few runs: all but distances share them."""
    multilingual = setting is Setting.MULTILINGUAL
    if route is not None and route not in places.route.names:
        raise ValueError(f"no route `{route}`; there is {', '.join(places.route.names) or 'none'}")
    rows = np.flatnonzero(np.array([route in (None, name) for name in places.route.names], bool)[places.route.codes])
    if not multilingual:
        code = {name: number for number, name in enumerate(places.query_language.names)}
        as_query = np.array([code.get(name, -1) for name in places.candidate_language.names], np.int64)
        same = as_query[places.candidate_language.codes[rows]] == places.query_language.codes[rows]
        rows = rows[same == (setting is Setting.MONOLINGUAL)]
    place, pool = (places.place, places.pool) if multilingual else (places.place_in_language, places.pool_in_language)
    cell: list[Numbers] = [places.route.codes, places.query_language.codes]
    cell += [] if multilingual else [places.candidate_language.codes]
    query: list[Numbers] = [*cell, places.question.codes, places.fold]
    rows = rows[np.lexsort((place[rows], *(column[rows] for column in reversed(query))))]
    relevant = np.diff(_starts(rows, query), append=len(rows))
    enough = relevant > distance  # a distance needs two
    rows, relevant = rows[np.repeat(enough, relevant)], relevant[enough]
    first = np.cumsum(relevant) - relevant
    ranked = RelevantPlaces(place=place[rows], first=first, relevant=relevant)
    return Queries(places=places, setting=setting, rows=rows, ranked=ranked, pool=pool[rows[first]],
                   begins=_starts(rows[first], cell))


def _starts(rows: Numbers, columns: Sequence[Numbers]) -> Numbers:
    """Where runs of rows begin that are equal in all columns."""
    differs = np.ones(len(rows), bool)
    differs[1:] = np.logical_or.reduce([column[rows[1:]] != column[rows[:-1]] for column in columns])
    return np.flatnonzero(differs)


def _of(measure: Measure, queries: Queries) -> Numbers:
    """The measure of each query: by its formula, or by what stored places alone tell, pools and languages."""
    ranked = queries.ranked
    if measure.name in FORMULAS:
        return computed(measure.name, measure.cutoff, ranked)
    best, last = ranked.best(), ranked.last()
    made: Numbers
    match measure.name:
        case "SameLanguage":
            k = int(measure.cutoff or 0)
            top = queries.places.own_language_top[queries.heads()]
            made = np.bitwise_count(top & ((1 << k) - 1)) / np.minimum(queries.pool, k)
        case "LogRankDistance":
            made = np.log(last) - np.log(best)
        case "RBO":
            made = _overlap(queries.places.agreement[queries.heads()])
        case "Applied":
            made = queries.places.applied[queries.heads()]
        case _:
            made = (last - best) / (queries.pool - 1 if measure.name == "RankDistanceShare" else 1)
    return made


def _overlap(agreement: Numbers) -> Numbers:
    """Rank-biased overlap of rankings that agree so over their first places, each from 0 to 1."""
    depth = np.arange(1, TOP + 1)
    shared = np.cumsum(agreement[:, None] >> (2 * (depth - 1)) & 3, axis=1) / depth
    weights = PERSISTENCE ** depth
    summed: Numbers = (1 - PERSISTENCE) / PERSISTENCE * (shared @ weights) + weights[-1] * shared[:, -1]
    return summed
