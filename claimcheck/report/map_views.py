"""Language maps -> their views: what is printed in each cell, and its shade."""

from collections.abc import Sequence
from math import isfinite

from claimcheck.appraisal.summary import LanguageMap
from claimcheck.report.numbers import mean
from claimcheck.report.run_views import MapCellView, MapView

IN_CELL, EXACT = 3, 6
"""Decimals in a cell, and in its title."""


def maps(given: Sequence[LanguageMap]) -> tuple[MapView, ...]:
    """The views of maps; those of one route and kind share their shades, so that they can be held side by side."""
    return tuple(_map(each, _largest([other for other in given if _kind(other) == _kind(each)])) for each in given)


def _kind(given: LanguageMap) -> tuple[str, str, bool]:
    return given.backbone, given.route, given.difference


def _known(given: LanguageMap) -> list[tuple[float, str, str]]:
    return [(value, query, pool) for query, row in zip(given.languages, given.values, strict=True)
            for pool, value in zip(given.languages, row, strict=True) if value is not None and isfinite(value)]


def _largest(given: Sequence[LanguageMap]) -> float:
    return max((abs(value) for each in given for value, _, _ in _known(each)), default=0.0) or 1.0


def _map(given: LanguageMap, largest: float) -> MapView:
    rows = tuple(tuple(_cell(value, largest, sign=given.difference) for value in row) for row in given.values)
    return MapView(backbone=given.backbone, route=given.route, title=given.title, difference=given.difference,
                   caption=f"{given.title}, {given.backbone} on {given.route}", languages=given.languages, rows=rows,
                   extremes=_extremes(given))


def _cell(value: float | None, largest: float, *, sign: bool) -> MapCellView:
    known = value is not None and isfinite(value)
    return MapCellView(text=mean(value, IN_CELL, sign=sign).printed, exact=mean(value, EXACT, sign=sign),
                       shade=round(value / largest, 3) if known and value is not None else None)


def _extremes(given: LanguageMap) -> str:
    """The smallest and largest cell in words, for whoever does not see the map."""
    known = _known(given)
    if not known:
        return "no cell has a value"
    told = (f"{word} {mean(value, IN_CELL, sign=given.difference).printed} (queries {query}, candidates {pool})"
            for word, (value, query, pool) in (("smallest", min(known)), ("largest", max(known))))
    return ", ".join(told)
