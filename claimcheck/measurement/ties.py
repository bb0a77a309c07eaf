"""Ties: where relevant candidates would stand if those of one score were put in another order than that of their ids.

Places count under order by id, as trec_eval has it, and know how many others have the same score (`tied`). So a candidate
stands neither above place - tied nor below place + tied, whatever the rule. Here every place goes as far as that allows, all
of them at once, with the i-th relevant candidate of a query at place i at best: what comes out is no rule that anybody uses,
and every rule lies within it. Which of the tied candidates stand among the first ten is not known, so SameLanguage@k does not
move.

Source: Cabanac, Hubert, Boughanem and Chrisment 2010 (tie-breaking bias; optimistic and pessimistic orders).
"""

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from claimcheck.measurement.measures import Measure, Setting
from claimcheck.measurement.places import COMPARED, LABELS, NUMBERS, Places, arrange

_FAR = np.int64(1) << 40
"""Farther apart than any two places: keeps one query's running extremes from reaching into the next one's."""


class Ties(StrEnum):
    """In which order candidates of one score stand. Favourable is what makes a measure say that the ranking is good.

    Of a distance between relevant candidates that is: as close to each other as they could stand.
    """

    BY_ID = "by id"
    UNFAVOURABLE = "unfavourable"
    FAVOURABLE = "favourable"


def knows_ties(measure: Measure) -> bool:
    """Whether stored places tell what another order of tied candidates would do to a measure."""
    return measure.name != "SameLanguage"


def any_tied(places: Places, setting: Setting | str, route: str) -> bool:
    """Whether a relevant candidate of a setting, on one route, shares its score with another candidate of its pool."""
    tied = places.tied if Setting(setting) is Setting.MULTILINGUAL else places.tied_in_language
    rows = np.flatnonzero(tied > 0)
    own = np.array([name == route for name in places.route.names], bool)[places.route.codes[rows]]
    if Setting(setting) is not Setting.MULTILINGUAL:
        same = places.query_language.at(rows).strings() == places.candidate_language.at(rows).strings()
        own &= same == (Setting(setting) is Setting.MONOLINGUAL)
    return bool(own.any())


def with_ties(places: Places) -> Places:
    """The rows of all queries with a tie, in any pool: of a question in one language those of all its folds together."""
    columns = (places.route, places.query_language, places.question)
    sizes = tuple(max(len(column.names), 1) for column in columns)
    query = np.ravel_multi_index(tuple(column.codes for column in columns), sizes)
    tied = np.zeros(int(np.prod(sizes)), bool)
    tied[query[(places.tied > 0) | (places.tied_in_language > 0)]] = True
    return _at(places, np.flatnonzero(tied[query]))


def placed(places: Places, measure: Measure, ties: Ties) -> Places:
    """The same rankings with ties in another order, for one measure: scores, pools and languages of the first ten stay.

    For a distance only the places in the pool of all languages are meant to be read.
    """
    if ties is Ties.BY_ID or not len(places):
        return places
    first, last = _reach(places)
    if "RankDistance" not in measure.name:
        in_language, place = first if ties is Ties.FAVOURABLE else last
    else:
        query = _queries(places, ("route", "query_language", "question"), places.place)
        place = _spread(query, places.place, first[1], last[1], together=ties is Ties.FAVOURABLE)
        in_language = np.minimum(places.place_in_language, place)  # no place in a part of a pool is below that in the whole
    return _at(places, np.arange(len(places)), place=place, place_in_language=in_language)


class _Queries:
    """Rows query by query, best place first: `rows` (n,), and for each of these its query and its number in it, from 0."""

    def __init__(self, rows: NDArray[np.int64], query: NDArray[np.int64]) -> None:
        self.rows, self.query = rows, query
        starts = np.flatnonzero(np.diff(query, prepend=-1))
        self.number = np.arange(len(rows)) - starts[query]
        self.starts, self.ends = starts, np.append(starts[1:], len(rows)) - 1

    def rising(self, least: NDArray[np.int64]) -> NDArray[np.int64]:
        """The smallest places that are at least these and rise within each query."""
        base = self.query * _FAR - self.number
        made = np.empty_like(least)
        made[self.rows] = np.maximum.accumulate(least[self.rows] + base) - base
        return made

    def falling(self, most: NDArray[np.int64]) -> NDArray[np.int64]:
        """The largest places that are at most these and rise within each query."""
        base = self.query * _FAR - self.number
        made = np.empty_like(most)
        made[self.rows] = np.minimum.accumulate((most[self.rows] + base)[::-1])[::-1] - base
        return made


def _queries(places: Places, labels: Sequence[str], place: NDArray[np.int32]) -> _Queries:
    columns = [places.fold, *(getattr(places, name).codes for name in labels)]
    rows = np.lexsort((place, *columns))
    new = np.logical_or.reduce([np.diff(column[rows].astype(np.int64), prepend=-1) != 0 for column in columns])
    return _Queries(rows, np.cumsum(new) - 1)


def _reach(places: Places) -> tuple[tuple[NDArray[np.int64], NDArray[np.int64]], tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """The first and the last places that the candidates could have, each in its own language's pool and in that of all."""
    whole = _queries(places, ("route", "query_language", "question"), places.place)
    part = _queries(places, ("route", "query_language", "candidate_language", "question"), places.place_in_language)
    in_language, place = places.place_in_language.astype(np.int64), places.place.astype(np.int64)
    first_in = part.rising(np.maximum(in_language - places.tied_in_language, 1))
    first = whole.rising(np.maximum(place - places.tied, first_in))  # who stands above it in its language does so in all
    last = whole.falling(np.minimum(place + places.tied, places.pool))
    last_in = part.falling(np.minimum(np.minimum(in_language + places.tied_in_language, places.pool_in_language), last))
    return (first_in, first), (last_in, last)


def _spread(query: _Queries, place: NDArray[np.int32], first: NDArray[np.int64], last: NDArray[np.int64], *,
            together: bool) -> NDArray[np.int64]:
    """Places of the relevant candidates of each query as close together, or as far apart, as they could be."""
    best, worst = query.rows[query.starts], query.rows[query.ends]
    if together:
        made = np.empty_like(first)
        made[query.rows] = np.maximum(first[query.rows], last[best][query.query] + query.number)
        return made
    made = place.astype(np.int64)
    several = best != worst
    made[best[several]], made[worst[several]] = first[best[several]], last[worst[several]]
    return made


def _at(places: Places, rows: NDArray[np.int64], **instead: NDArray[np.int64]) -> Places:
    columns = {name: getattr(places, name).at(rows) for name in LABELS}
    return arrange({**columns, **{name: getattr(places, name)[rows] for name in (*NUMBERS, *COMPARED)},
                    **instead})
