"""Numbers as they are printed, before anything is judged by them: units and rounding, decided once."""

from decimal import ROUND_HALF_EVEN, Decimal
from math import expm1, inf, isinf

MOST_FOLD = 20
"""A log of a ratio below minus this (half a billion times as much) is told as without bound."""


_DECIMALS = {"RankDistance": 1, "LogRankDistance": 3}


def decimals_of(measure: str) -> int:
    """How many decimals a mean of a measure is printed with: four, where it lies between 0 and 1."""
    return _DECIMALS.get(measure, 4)


def shown(value: float, *, is_log: bool) -> float:
    """An effect in the unit that is printed: points as they are, the log of a ratio as a reduction in percent."""
    if not is_log:
        return value
    return -inf if value < -MOST_FOLD else -100 * expm1(-value)  # the reduction has no floor, and its ceiling is 100


def rounded(value: float | Decimal, decimals: int, rounding: str = ROUND_HALF_EVEN) -> Decimal:
    """A number with so many decimals, never a minus in front of a zero; what is infinite stays so.

    >>> rounded(-0.00004, 4), rounded(float("-inf"), 2)
    (Decimal('0.0000'), Decimal('-Infinity'))
    """
    number = Decimal(value)
    if isinf(value):
        return number
    made = number.quantize(Decimal(1).scaleb(-decimals), rounding=rounding)
    return made if made else abs(made)
