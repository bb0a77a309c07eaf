"""The page: one self-contained HTML file that needs no network and runs no script."""

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from claimcheck.report import figures
from claimcheck.report.view import FindingView, ReportView

SYMBOLS = {
    "verified": "✓", "refuted": "✗", "in part": "◐", "unverified": "○", "not testable as stated": "∅",
    "confirmed": "✓", "contradicted": "✗",
    "tables agree": "✓", "tables disagree": "✗", "tables agree in part": "◐", "open": "?", "not run": "–",
    "could not run": "!", "holds": "●", "fails": "✗", "within rounding": "◇",
}
"""A sign for each word, so that no reader depends on colour."""


LABELS = {"reported": "Tables", "data": "Data", "reduced": "Reduced", "full": "Full"}


def render(report: ReportView) -> str:
    """The whole page. Every text from claim files and tables is escaped."""
    environment = Environment(loader=PackageLoader("claimcheck.report"), autoescape=True, undefined=StrictUndefined,
                              trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    environment.globals.update(symbols=SYMBOLS, labels=LABELS, strip=_strip)
    return environment.get_template("page.html.jinja").render(report=report)


def _strip(finding: FindingView, name: str) -> Markup:
    return Markup(figures.strip(finding, name))  # noqa: S704 - figures escapes every text that it draws
