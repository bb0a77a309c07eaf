"""Figures as inline SVG, drawn without a library so that a page stays small and needs no network."""

from collections import Counter
from html import escape

from claimcheck.report.view import FindingView
from claimcheck.report.wording import MINUS

WIDTH, MARGIN, STEP, RADIUS = 640, 46, 11, 4
_LEAST_CELLS = 3


def strip(finding: FindingView, name: str) -> str:
    """A dot for each cell at its margin, zero marked, cells that fail or tie told apart by shape and not by colour only.

    A line through the dot shows what rounding of the printed digits could make of the margin, where that can be seen.

    Empty where there is no margin to draw or so few cells that the sentence says it all. `name` must be unique in the page.
    """
    points = [(cell.margin_value, cell) for cell in finding.cells if cell.margin_value is not None]
    if len(points) < _LEAST_CELLS:
        return ""
    low = min(0.0, *(value for value, _ in points))
    high = max(0.0, *(value for value, _ in points))
    span = (high - low) or 1.0
    stacked: Counter[int] = Counter()
    marks = []
    for value, cell in sorted(points, key=lambda point: point[0]):
        x = MARGIN + (value - low) / span * (WIDTH - 2 * MARGIN)
        column = round(x / (2 * RADIUS + 1))
        marks.append((x, stacked[column], cell, cell.slack_value / span * (WIDTH - 2 * MARGIN)))
        stacked[column] += 1
    height = 34 + STEP * max(stacked.values())
    base = height - 24
    zero = MARGIN + (0 - low) / span * (WIDTH - 2 * MARGIN)
    unit = " %" if finding.margin_column.endswith("%") else ""
    title = f"{finding.says}: {finding.printed}"
    parts = [
        f'<svg class="strip" role="img" aria-labelledby="{name}-t" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}">',
        f'<title id="{name}-t">{escape(title)}</title>',
        f'<line class="axis" x1="{MARGIN - 20}" y1="{base}" x2="{WIDTH - MARGIN + 20}" y2="{base}"/>',
        f'<line class="zero" x1="{zero:.1f}" y1="4" x2="{zero:.1f}" y2="{base + 4}"/>']
    for value in dict.fromkeys((low, 0.0, high)):
        x = MARGIN + (value - low) / span * (WIDTH - 2 * MARGIN)
        if value and abs(x - zero) < MARGIN:
            continue
        parts.append(f'<text x="{x:.1f}" y="{height - 6}" text-anchor="middle">{_tick(value)}{unit}</text>')
    for x, level, cell, slack in marks:
        y = base - RADIUS - 3 - level * STEP
        about = ", ".join(f"against {text}" if name == "against" else text
                          for name, text in zip(finding.columns, cell.about, strict=True))
        label = escape(f"{about}: {cell.margin} ({cell.outcome})")
        parts.append(f'<g class="{cell.outcome.replace(" ", "-")}"><title>{label}</title>'
                     f'<line class="slack" x1="{x - slack:.1f}" y1="{y}" x2="{x + slack:.1f}" y2="{y}"/>'
                     f"{_mark(cell.outcome, x, y)}</g>")
    return "".join([*parts, "</svg>"])


def _tick(value: float) -> str:
    return f"{value:+.3g}".replace("-", MINUS) if value else "0"


def _mark(outcome: str, x: float, y: float) -> str:
    r = RADIUS
    if outcome == "holds":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r}"/>'
    if outcome == "fails":
        return f'<path d="M{x - r:.1f} {y - r:.1f}l{2 * r} {2 * r}m0 {-2 * r}l{-2 * r} {2 * r}"/>'
    return f'<path d="M{x:.1f} {y - r:.1f}l{r} {r}l{-r} {r}l{-r} {-r}z"/>'
