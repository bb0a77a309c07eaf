"""What is supported at other levels than the one that decides: the curve of the largest size, as values and as a figure."""

from collections.abc import Sequence
from decimal import Decimal

from claimcheck.finding import Bounds, Comparisons, Goal
from claimcheck.report import rerun_texts as texts
from claimcheck.report import svg
from claimcheck.report.numbers import ABSENT
from claimcheck.report.rerun_views import NumberView, ReachView, RerunView
from claimcheck.report.wording import exact

WIDTH, LEFT, RIGHT, TOP, LINE, BOTTOM = 560, 76, 540, 10, 17, 38


def reach(found: Comparisons, axis: str) -> ReachView | None:
    """The curve of a prediction, None where nothing was compared.

    Where all comparisons must hold the weakest decides at each level; where so many must, the weakest of the best so many.
    """
    if not found.comparisons or not all(each.reach for each in found.comparisons):
        return None
    levels = list(zip(*(each.reach for each in found.comparisons), strict=True))
    deciding = [each.deciding for each in found.comparisons]
    percent = found.comparisons[0].percent
    low, high = _ends(found, deciding)
    return ReachView(
        text=texts.reach(found, _told(low), _told(high), percent=percent, reversed_=high < 0, lossless=low >= 0),
        key=texts.reach_key(found.asked), axis=axis,
        asked=tuple(_number(size) for size in dict.fromkeys((found.asked.at_least, found.asked.margin)) if size),
        points=tuple(_point(found, bounds) for bounds in levels))


def _point(found: Comparisons, bounds: Sequence[Bounds]) -> tuple[NumberView, NumberView, NumberView]:
    confidence = 1 - bounds[0].low_level
    low, high = _ends(found, bounds)
    return (NumberView(printed=f"{100 * confidence:.4g} %", value=round(100 * confidence, 6)), _number(low), _number(high))


def _ends(found: Comparisons, bounds: Sequence[Bounds]) -> tuple[Decimal, Decimal]:
    """The largest size that is supported, and the smallest margin that would make it negligible (or equal, or no loss)."""
    needed = found.needed or len(bounds)
    low = sorted((each.low for each in bounds), reverse=True)[needed - 1]
    match found.asked.goal:
        case Goal.EQUAL:
            return low, max(max(abs(each.low), abs(each.high)) for each in bounds)
        case Goal.NO_WORSE:
            return low, max(-low, Decimal(0))
        case _:
            return low, sorted(each.high for each in bounds)[len(bounds) - needed]


def _told(size: Decimal) -> str:
    """A size that means something: above zero and finite."""
    return exact(size, sign=False) if size > 0 and not size.is_infinite() else ""


def _number(size: Decimal) -> NumberView:
    if size.is_infinite():
        return NumberView(printed=ABSENT, value=None)
    return NumberView(printed=exact(size, sign=False), value=float(size))


def curve(rerun: RerunView, name: str) -> str:
    """The figure: sizes across, confidence upright. `name` must be unique in the page."""
    given = rerun.reach
    if given is None:
        return ""
    sizes = [each.value for point in given.points for each in point[1:] if each.value is not None]
    if not sizes:
        return ""
    across = svg.scale([0.0, *sizes, *(each.value for each in given.asked if each.value is not None)], LEFT, RIGHT)
    base = TOP + LINE * len(given.points)
    says = "; ".join(f"at {confidence.printed} more than {low.printed} and less than {high.printed}"
                     for confidence, low, high in given.points)
    parts = [svg.opened("reach", name, f"Sizes at other levels of confidence: {rerun.says}", says, (WIDTH, base + BOTTOM)),
             f'<line class="axis" x1="{LEFT}" y1="{base}" x2="{RIGHT}" y2="{base}"/>',
             f'<line class="zero" x1="{across(0):.2f}" y1="{TOP}" x2="{across(0):.2f}" y2="{base}"/>']
    parts += [f'<line class="asked" x1="{across(each.value):.2f}" y1="{TOP}" x2="{across(each.value):.2f}" y2="{base}"/>'
              for each in given.asked if each.value is not None]
    for value, words in across.ticks():
        parts.append(f'<line class="axis" x1="{across(value):.2f}" y1="{base}" x2="{across(value):.2f}" y2="{base + 4}"/>'
                     + svg.text(across(value), base + 16, words, anchor="middle"))
    for number, (confidence, _, _) in enumerate(given.points):
        parts.append(svg.text(LEFT - 8, _height(number, base) + 4, confidence.printed, anchor="end"))
    for column, kind in ((1, "low"), (2, "high")):
        known = [(across(point[column].value or 0.0), _height(number, base)) for number, point in enumerate(given.points)
                 if point[column].value is not None]
        parts.append(f'<polyline class="{kind}" points="{" ".join(f"{x:.2f},{y:.1f}" for x, y in known)}"/>')
        parts += [f'<circle class="{kind}" cx="{x:.2f}" cy="{y:.1f}" r="2.5"/>' for x, y in known]
    return "".join([*parts, svg.text((LEFT + RIGHT) / 2, base + 32, given.axis, anchor="middle"), "</svg>"])


def _height(number: int, base: float) -> float:
    return base - LINE * (number + 0.5)
