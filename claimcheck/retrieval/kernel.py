"""The compiled part of counting: a block of scores against those of relevant candidates. With `lanes` the home of numba."""

from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from claimcheck.retrieval.lanes import CHUNK, GROUP, above_and_at_least, at_least, largest, lowest

Array: TypeAlias = NDArray[Any]

STRETCH = 256
"""Columns that are passed over together where none of them can count."""


@njit(cache=True, nogil=True)
def best_first(first: Array, thresholds: Array) -> Array:
    """The order (m,) in which each query's relevant candidates have their scores downwards."""
    made = np.arange(len(thresholds)).astype(np.int32)
    for query in range(len(first) - 1):
        for pair in range(first[query] + 1, first[query + 1]):
            at, moved = pair, made[pair]
            while at > first[query] and thresholds[moved] > thresholds[made[at - 1]]:
                made[at] = made[at - 1]
                at -= 1
            made[at] = moved
    return made


@njit(cache=True, nogil=True)
def add(scores: Array, pairs: Any, tile: Any, counts: Any, kept: Any) -> None:
    """Add a block of scores to what was counted: row by row, each of them looked at while it is at hand.

    `pairs`, `tile`, `counts` and `kept` are the arrays of `pool.Relevant`, `Columns` and `Tally`, as tuples; among pairs are
    the thresholds, which go downwards in each query.
    """
    best, bounds, language = kept[0], tile[1], tile[2]
    peaks = np.empty(scores.shape[1] // STRETCH + len(language) + 1, np.float32)
    for query in range(len(best)):
        row = scores[query]
        _find_peaks(row, bounds, peaks)
        _keep_first(row, peaks, query, (pairs, tile), kept)
        _count(row, peaks, query, (pairs, tile), counts)


# what follows is inlined: a call of its own would count references to all of the arrays


@njit(inline="always")
def _find_peaks(row: Array, bounds: Array, peaks: Array) -> None:
    """Put down the largest score of each stretch: parts as `bounds` has them, cut further."""
    stretch = 0
    for part in range(len(bounds) - 1):
        for begin in range(bounds[part], bounds[part + 1], STRETCH):
            peaks[stretch] = largest(row, begin, min(begin + STRETCH, bounds[part + 1]))
            stretch += 1


@njit(inline="always")
def _count(row: Array, peaks: Array, query: int, given: Any, counts: Any) -> None:
    """Add what stands above each relevant candidate, or is tied with it, in one row of scores.

    Stretches are passed over whose largest score is below the smallest threshold of a group.
    """
    (first, thresholds, number, order_of, language_of), (start, bounds, language, order) = given
    above_in_language, tied_in_language, above, tied = counts
    begins, ends, passed = first[query], first[query + 1], 0
    for part in range(len(language)):
        begin, end = bounds[part], bounds[part + 1]
        for group in range(begins, ends, GROUP):
            stop = min(group + GROUP, ends)
            a0 = a1 = a2 = a3 = l0 = l1 = l2 = l3 = np.int64(0)
            stretch = passed
            for at in range(begin, end, STRETCH):
                if peaks[stretch] >= thresholds[stop - 1]:
                    found = above_and_at_least(row, at, min(at + STRETCH, end), thresholds, group)
                    a0, l0, a1, l1 = a0 + found[0], l0 + found[1], a1 + found[2], l1 + found[3]
                    a2, l2, a3, l3 = a2 + found[4], l2 + found[5], a3 + found[6], l3 + found[7]
                stretch += 1
            for pair in range(group, stop):
                at = pair - group
                more, least = (a0, l0) if at == 0 else (a1, l1) if at == 1 else (a2, l2) if at == 2 else (a3, l3)
                if least:
                    equal = least - more - (start + begin <= number[pair] < start + end)  # it is not tied with itself
                    if equal:
                        for column in range(begin, end):
                            more += row[column] == thresholds[pair] and order[column] > order_of[pair]
                    above[pair] += more
                    tied[pair] += equal
                    if language[part] == language_of[pair]:
                        above_in_language[pair] += more
                        tied_in_language[pair] += equal
        passed += (end - begin + STRETCH - 1) // STRETCH


@njit(inline="always")
def _keep_first(row: Array, peaks: Array, query: int, given: Any, kept: Any) -> None:
    """Keep the first of one query's ranking: scores, orders and languages, best first."""
    (first, thresholds, _, _, _), (_, bounds, language, order) = given
    best, best_order, best_language = kept[0][query], kept[1][query], kept[2][query]
    last, stretch = len(best) - 1, -1
    floor = best[last]
    if first[query + 1] - first[query] > last:  # what is below the k-th best relevant candidate is not among the first k
        floor = max(floor, thresholds[first[query] + last])
    for part in range(len(language)):
        for begin in range(bounds[part], bounds[part + 1], STRETCH):
            stretch += 1
            if peaks[stretch] < floor:
                continue
            end = min(begin + STRETCH, bounds[part + 1])
            for chunk in range(begin, end, CHUNK):
                mask = at_least(row, chunk, floor)
                if end - chunk < CHUNK:
                    mask &= (np.uint64(1) << np.uint64(end - chunk)) - np.uint64(1)
                while mask:
                    column, place = chunk + lowest(mask), last
                    mask &= mask - np.uint64(1)
                    score = row[column]
                    if score < floor or (score == best[last] and order[column] < best_order[last]):
                        continue
                    while place and (score > best[place - 1]
                                     or (score == best[place - 1] and order[column] > best_order[place - 1])):
                        best[place], best_order[place] = best[place - 1], best_order[place - 1]
                        best_language[place] = best_language[place - 1]
                        place -= 1
                    best[place], best_order[place], best_language[place] = score, order[column], language[part]
                    floor = max(floor, best[last])
