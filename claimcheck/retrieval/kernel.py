"""The compiled part of counting: a block of scores against those of relevant candidates. The home of numba.

The innermost loops are written in lanes, by numba's own means of extension. A loop over scores that LLVM vectorises by itself
goes to 16 lanes where the processor has them, and compares those into mask registers, at half the speed of 8 lanes in ordinary
ones. On a processor without such lanes LLVM takes narrower ones. All of it is comparing scores and adding whole numbers: what
comes out is the same on every processor. Rows of scores may be read up to SLACK floats past their ends; what is read there
never counts. No score may be NaN.

All stands in one file, since numba keeps what it compiled until the file of a compiled function changes, and looks at no other.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
Typed: TypeAlias = tuple[Any, Callable[..., Any]]

GROUP = 4
"""Thresholds counted at a time: each load of scores serves them all. Arrays of thresholds end with GROUP - 1 unused ones."""
LANES = 8
CHUNK = 64
"""Scores whose comparison makes one mask."""
SLACK = CHUNK
"""Floats behind the last score of a block that may be read and never count."""

_LANE, _WORD = ir.IntType(32), ir.IntType(64)
_FLOATS, _INTS = ir.VectorType(ir.FloatType(), LANES), ir.VectorType(_LANE, LANES)


def _numbers(values: Iterable[int]) -> Any:
    values = list(values)
    return ir.Constant(ir.VectorType(_LANE, len(values)), values)


def _spread(builder: Any, value: Any, lanes: int = LANES) -> Any:
    """One value in every lane."""
    undefined = ir.Constant(ir.VectorType(value.type, lanes), ir.Undefined)
    one = builder.insert_element(undefined, value, ir.Constant(_LANE, 0))
    return builder.shuffle_vector(one, undefined, _numbers([0] * lanes))


def _scores(builder: Any, data: Any, at: Any, lanes: int = LANES) -> Any:
    """The scores from one place on, one a lane; they need not be aligned."""
    kind = ir.VectorType(ir.FloatType(), lanes).as_pointer()
    return builder.load(builder.bitcast(builder.gep(data, [at]), kind), align=4)


def _all(builder: Any, vector: Any, join: Callable[[Any, Any], Any]) -> Any:
    """The lanes of a vector joined to one value, one half with the other."""
    while (half := vector.type.count // 2) > 0:
        low, high = (builder.shuffle_vector(vector, vector, _numbers(range(begin, begin + half))) for begin in (0, half))
        vector = join(low, high)
    return builder.extract_element(vector, ir.Constant(_LANE, 0))


@intrinsic
def above_and_at_least(_: Any, scores: Any, begin: Any, end: Any, thresholds: Any, first: Any) -> Typed:
    """Numbers of scores[begin:end] above, and at least, each of GROUP thresholds from `first` on: (above, at least) each."""
    returned = types.UniTuple(types.int32, 2 * GROUP)

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        row, limits = (context.make_array(signature.args[each])(context, builder, given[each]).data for each in (0, 3))
        begin, end, first = given[1], given[2], given[4]
        limit = [_spread(builder, builder.load(builder.gep(limits, [builder.add(first, ir.Constant(_WORD, each))])))
                 for each in range(GROUP)]
        counts = [cgutils.alloca_once_value(builder, _numbers([0] * LANES)) for _ in range(2 * GROUP)]

        def add(at: Any, kept: Any = None) -> None:
            found = _scores(builder, row, at)
            for number, count in enumerate(counts):
                true = builder.fcmp_ordered((">", ">=")[number % 2], found, limit[number // 2])
                true = true if kept is None else builder.and_(true, kept)
                builder.store(builder.sub(builder.load(count), builder.sext(true, _INTS)), count)  # true is -1 in its lane

        _each(builder, begin, end, add)
        sums = [_all(builder, builder.load(count), builder.add) for count in counts]
        return context.make_tuple(builder, signature.return_type, sums)

    return returned(scores, types.intp, types.intp, thresholds, types.intp), generate


def _each(builder: Any, begin: Any, end: Any, add: Callable[..., None]) -> None:
    """Call `add` for the places of all lanes full of scores, and for the rest with a mask of those that count."""
    rest = builder.urem(builder.sub(end, begin), ir.Constant(_WORD, LANES))
    whole = builder.sub(end, rest)
    with cgutils.for_range_slice(builder, begin, whole, ir.Constant(_WORD, LANES)) as (at, _):
        add(at)
    with builder.if_then(builder.icmp_signed(">", rest, ir.Constant(_WORD, 0))):
        add(whole, builder.icmp_signed("<", _numbers(range(LANES)), _spread(builder, builder.trunc(rest, _LANE))))


@intrinsic
def at_least(_: Any, scores: Any, begin: Any, threshold: Any) -> Typed:
    """Which of scores[begin : begin + CHUNK] are at least the threshold: bit i for the i-th of them."""
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        row = context.make_array(signature.args[0])(context, builder, given[0]).data
        found = builder.fcmp_ordered(">=", _scores(builder, row, given[1], CHUNK), _spread(builder, given[2], CHUNK))
        return builder.bitcast(found, _WORD)

    return types.uint64(scores, types.intp, types.float32), generate


@intrinsic
def lowest(_: Any, mask: Any) -> Typed:
    """The number of the lowest bit that is set in a mask; some is."""
    return types.intp(mask), lambda _context, builder, _signature, given: builder.cttz(given[0], ir.Constant(ir.IntType(1), 1))


@intrinsic
def largest(_: Any, scores: Any, begin: Any, end: Any) -> Typed:
    """The largest of scores[begin:end], which are not none."""
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        row, (begin, end) = context.make_array(signature.args[0])(context, builder, given[0]).data, given[1:]
        best = cgutils.alloca_once_value(builder, ir.Constant(_FLOATS, [float("-inf")] * LANES))

        def add(at: Any, kept: Any = None) -> None:
            found = _scores(builder, row, at)
            larger = builder.fcmp_ordered(">", found, builder.load(best))
            larger = larger if kept is None else builder.and_(larger, kept)
            builder.store(builder.select(larger, found, builder.load(best)), best)

        _each(builder, begin, end, add)
        return _all(builder, builder.load(best), lambda one, other: builder.select(
            builder.fcmp_ordered(">", one, other), one, other))

    return types.float32(scores, types.intp, types.intp), generate


STRETCH = 256
"""Columns that are passed over together where none of them can count."""


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, compiled when it is first called; kept for later processes where some folder for it can be written."""
    try:
        return njit(cache=True, nogil=True)(function)  # type: ignore[no-any-return]
    except RuntimeError:
        return njit(nogil=True)(function)  # type: ignore[no-any-return]


@_compiled
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


@_compiled
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
    floor, different = best[last], 0
    # What is below the k-th best relevant candidate is not among the first k. Questions of one text may share a candidate,
    # which then stands here more than once: k different scores are those of k different ones at least.
    for pair in range(first[query], first[query + 1]):
        if pair == first[query] or thresholds[pair] < thresholds[pair - 1]:
            different += 1
            if different > last:
                floor = max(floor, thresholds[pair])
                break
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
