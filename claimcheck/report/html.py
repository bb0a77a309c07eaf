"""The page: one self-contained HTML file that needs no network and runs no script."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from claimcheck.report.doses import dose
from claimcheck.report.figures import strip
from claimcheck.report.forest import forest
from claimcheck.report.language_maps import language_map
from claimcheck.report.reaches import curve
from claimcheck.report.run_views import ArmsView
from claimcheck.report.view import ReportView

SYMBOLS = {
    "verified": "✓", "refuted": "✗", "in part": "◐", "unverified": "○", "not testable as stated": "∅",
    "confirmed": "✓", "contradicted": "✗",
    "tables agree": "✓", "tables disagree": "✗", "tables agree in part": "◐", "open": "?", "not run": "–",
    "could not run": "!", "holds": "●", "fails": "✗", "within rounding": "◇",
    "proxy supports": "▲", "proxy contradicts": "▼", "proxy supports in part": "△", "negligible": "≈", "inconclusive": "↔",
    "scale-dependent": "⇅",
    "not a test of this claim": "⊘", "planted truth found": "◉", "missed": "⊗",
}
"""A sign for each word, so that no reader depends on colour."""
MARKS = {"for": "●", "against": "✗", "negligible": "□", "open": "◇", "scale-dependent": "⇅", "in part": "◐", "not judged": "·"}
"""How a comparison stands: the marks of the figures."""
LEGEND = ("proxy supports", "proxy contradicts", "proxy supports in part", "negligible", "inconclusive", "scale-dependent",
          "not a test of this claim", "verified", "refuted", "not run", "could not run")
"""Words of the tiers that re-run whose signs the page explains."""
LABELS = {"reported": "Tables", "data": "Data", "reduced": "Reduced", "full": "Full"}

_View = TypeVar("_View")


@dataclass(slots=True, kw_only=True)
class _Runs:
    """Runs that the page lists, by the first digits of their keys; each gets one place to link to."""

    known: frozenset[str]
    placed: set[str] = field(default_factory=set)

    def first(self, short: str) -> bool:
        """Whether this is the first row of a run."""
        if short in self.placed:
            return False
        self.placed.add(short)
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """A column of the arms' table, and whether a setting begins with it."""

    measure: str
    first: bool


def render(report: ReportView) -> str:
    """The whole page. Every text from claim files and tables is escaped."""
    environment = Environment(loader=PackageLoader("claimcheck.report"), autoescape=True, undefined=StrictUndefined,
                              trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    environment.globals.update(symbols=SYMBOLS, marks=MARKS, legend=LEGEND, labels=LABELS, starts=_columns, broken=_broken)
    environment.globals.update(strip=_figure(strip), forest=_figure(forest), curve=_figure(curve),
                               language_map=_figure(language_map), dose=_figure(dose))
    experiments = (*report.experiments, *(report.self_test.experiments if report.self_test else ()))
    seen = _Runs(known=frozenset(run.short for each in experiments for run in each.runs))
    return environment.get_template("page.html.jinja").render(report=report, seen=seen)


def _broken(measure: str) -> Markup:
    """A measure's name that may break before a capital or its cut-off, so that its column can be narrow."""
    return Markup("<wbr>").join(re.split(r"(?<=[a-z])(?=[A-Z@])", measure))


def _figure(draw: Callable[[_View, str], str]) -> Callable[[_View, str], Markup]:
    return lambda view, name: Markup(draw(view, name))  # noqa: S704 - figures escape every text that they draw


def _columns(table: ArmsView) -> tuple[_Column, ...]:
    begins, place = set(), 0
    for _, count in table.groups:
        begins.add(place)
        place += count
    return tuple(_Column(measure=measure, first=number in begins) for number, measure in enumerate(table.measures))
