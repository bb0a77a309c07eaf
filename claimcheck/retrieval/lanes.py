"""The innermost loops of the kernel, written in lanes by numba's own means of extension.

A loop over scores that LLVM vectorises by itself goes to 16 lanes where the processor has them, and compares those into mask
registers, at half the speed of 8 lanes in ordinary ones. On a processor without such lanes LLVM takes narrower ones. All of
it is comparing scores and adding whole numbers: what comes out is the same on every processor. Rows of scores may be read up
to SLACK floats past their ends; what is read there never counts. No score may be NaN.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

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
