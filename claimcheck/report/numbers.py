"""Numbers of findings -> numbers of the view: what is printed beside what programs read, decided once."""

from decimal import Decimal
from math import isfinite

from claimcheck.finding import Bounds
from claimcheck.report.rerun_views import IntervalView, NumberView
from claimcheck.report.wording import exact, number

KEPT = 9
"""Decimals that programs get of a mean: more than it is good for, and fewer than machines differ in."""
ABSENT = "–"


def printed(value: Decimal, *, sign: bool = False) -> NumberView:
    """A number that was rounded before it was judged: its own digits, none more and none less."""
    return NumberView(printed=exact(value, sign=sign), value=None if value.is_infinite() else float(value))


def interval(bounds: Bounds, *, percent: bool) -> IntervalView:
    """An interval as it was judged; reductions in percent have no plus."""
    low, high = (printed(each, sign=not percent) for each in (bounds.low, bounds.high))
    return IntervalView(printed=f"[{low.printed}, {high.printed}]", low=low, high=high, low_level=bounds.low_level,
                        high_level=bounds.high_level)


def whole(count: int) -> NumberView:
    """A count."""
    return NumberView(printed=f"{count:,}", value=count)


def mean(value: float | None, decimals: int, *, sign: bool = False) -> NumberView:
    """A mean that no verdict rests on, rounded to so many decimals; a dash where there is none."""
    if value is None or not isfinite(value):
        return NumberView(printed=ABSENT, value=None)
    text = number(Decimal(value), decimals)
    plus = "+" if sign and value > 0 and text.strip("0.") else ""
    return NumberView(printed=plus + text, value=round(value, KEPT))
