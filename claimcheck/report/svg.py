"""What all figures share: a scale with round ticks, text that is escaped, and marks that differ in shape."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from math import floor, isfinite, log10

from claimcheck.report.wording import MINUS

__all__ = ["Scale", "escape", "mark", "opened", "scale", "text"]

_PADDING = 0.06
_STEPS = (1, 2, 5, 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Values from `low` to `high` onto pixels from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Where a value stands; one beyond the scale stands at its end."""
        held = min(max(value, self.low), self.high)
        return self.start + (held - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self, most: int = 5) -> tuple[tuple[float, str], ...]:
        """Round values within the scale, each with its text."""
        rough = (self.high - self.low) / most
        power = floor(log10(rough))
        factor = next(each for each in _STEPS if each * 10.0 ** power >= rough * (1 - 1e-9))
        step = Decimal(1).scaleb(power + 1) if factor == 10 else Decimal(factor).scaleb(power)
        first = (Decimal(self.low) / step).to_integral_value(rounding="ROUND_CEILING")
        last = (Decimal(self.high) / step).to_integral_value(rounding="ROUND_FLOOR")
        values = [(first + number) * step for number in range(int(last - first) + 1)]
        return tuple((float(value), f"{MINUS * (value < 0)}{abs(value):f}" if value else "0") for value in values)


def scale(values: Iterable[float], start: float, end: float) -> Scale:
    """A scale that holds all finite values with some room; of a single value a scale around it."""
    known = [value for value in values if isfinite(value)] or [0.0]
    low, high = min(known), max(known)
    room = (high - low) * _PADDING or abs(high) * 0.1 or 1.0
    return Scale(low=low - room, high=high + room, start=start, end=end)


def opened(kind: str, name: str, title: str, says: str, size: tuple[float, float]) -> str:
    """The start of a figure with its title and what it shows in words. `name` must be unique in the page."""
    width, height = size
    return (f'<svg class="{kind}" role="img" aria-labelledby="{name}-t {name}-d" viewBox="0 0 {width:g} {height:g}" '
            f'width="{width:g}" height="{height:g}"><title id="{name}-t">{escape(title)}</title>'
            f'<desc id="{name}-d">{escape(says)}</desc>')


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    """A line of text."""
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def mark(stand: str, x: float, y: float, radius: float) -> str:
    """The mark of an estimate: circle for, cross against, square negligible, diamond not decided."""
    r = radius
    if stand == "for":
        return f'<circle class="mark" cx="{x:.2f}" cy="{y:.1f}" r="{r:g}"/>'
    if stand == "against":
        return f'<path class="mark cross" d="M{x - r:.2f} {y - r:.1f}l{2 * r:g} {2 * r:g}m0 {-2 * r:g}l{-2 * r:g} {2 * r:g}"/>'
    if stand == "negligible":
        return f'<path class="mark" d="M{x - r:.2f} {y - r:.1f}h{2 * r:g}v{2 * r:g}h{-2 * r:g}z"/>'
    return f'<path class="mark" d="M{x:.2f} {y - r - 1:.1f}l{r + 1:g} {r + 1:g}l{-r - 1:g} {r + 1:g}l{-r - 1:g} {-r - 1:g}z"/>'
