"""The forest plot of a prediction: a row a comparison, with the interval that decides and both plain ones."""

from textwrap import wrap

from claimcheck.report import svg
from claimcheck.report.rerun_texts import UNBROKEN
from claimcheck.report.rerun_views import ComparisonView, IntervalView, RerunView

WIDTH, LEFT, RIGHT = 720, 178, 496
ROW, LINE, TOP, BOTTOM = 42, 14, 8, 36
APART = 9
"""Pixels between the line of the estimate and those of the plain intervals."""
LABEL = 26


def forest(rerun: RerunView, name: str) -> str:
    """The figure, or nothing where there is no comparison. `name` must be unique in the page."""
    if not rerun.comparisons:
        return ""
    labels = [_label(row.name) for row in rerun.comparisons]
    heights = [max(ROW, LINE * len(lines) + 14) for lines in labels]
    base = TOP + sum(heights)
    scale = svg.scale(_values(rerun), LEFT, RIGHT)
    says = "; ".join(f"{row.name}: {row.printed}, {row.word}" for row in rerun.comparisons)
    parts = [svg.opened("forest", name, f"Forest plot: {rerun.says}", says, (WIDTH, base + BOTTOM)),
             *_upright(rerun, scale, base), *_axis(rerun, scale, base)]
    top = TOP
    for row, lines, height in zip(rerun.comparisons, labels, heights, strict=True):
        parts.append(_row(row, lines, scale, top + height / 2))
        top += height
    return "".join([*parts, "</svg>"])


def _label(name: str) -> list[str]:
    """The name of a row in lines; a rival stays with its `vs`."""
    return wrap(name.replace("vs ", f"vs{UNBROKEN}"), LABEL, break_on_hyphens=False) or [""]


def _values(rerun: RerunView) -> list[float]:
    """All that must find room: every finite bound, every estimate, zero, and what is asked."""
    values = [0.0, *_asked(rerun)]
    for row in rerun.comparisons:
        intervals = (row.deciding, row.benchmark, row.beyond)
        numbers = [row.estimate, *(bound for each in intervals for bound in (each.low, each.high))]
        values += [number.value for number in numbers if number.value is not None]
    return values


def _asked(rerun: RerunView) -> list[float]:
    """Where lines stand for what was asked: the size, or else the margin on both sides of zero."""
    size, margin = rerun.at_least.value or 0.0, rerun.margin.value or 0.0
    if size:
        return [size]
    return [-margin, margin] if margin else []


def _upright(rerun: RerunView, scale: svg.Scale, base: float) -> list[str]:
    lines = [f'<line class="zero" x1="{scale(0):.2f}" y1="{TOP}" x2="{scale(0):.2f}" y2="{base}"/>']
    return lines + [f'<line class="asked" x1="{scale(value):.2f}" y1="{TOP}" x2="{scale(value):.2f}" y2="{base}"/>'
                    for value in _asked(rerun)]


def _axis(rerun: RerunView, scale: svg.Scale, base: float) -> list[str]:
    parts = [f'<line class="axis" x1="{LEFT}" y1="{base}" x2="{RIGHT}" y2="{base}"/>']
    for value, words in scale.ticks():
        x = scale(value)
        parts.append(f'<line class="axis" x1="{x:.2f}" y1="{base}" x2="{x:.2f}" y2="{base + 4}"/>'
                     + svg.text(x, base + 16, words, anchor="middle"))
    return [*parts, svg.text((LEFT + RIGHT) / 2, base + 31, rerun.axis, anchor="middle")]


def _row(row: ComparisonView, lines: list[str], scale: svg.Scale, middle: float) -> str:
    first = middle + 4 - LINE * (len(lines) - 1) / 2
    label = "".join(svg.text(LEFT - 12, first + LINE * number, line, "label", "end") for number, line in enumerate(lines))
    estimate = "" if row.estimate.value is None else svg.mark(row.stand, scale(row.estimate.value), middle, 4.5)
    title = f"{row.name}: {row.printed}, {row.word}; E1 {row.benchmark.printed}; E2 {row.beyond.printed}"
    return (f'<g class="s-{row.stand.replace(" ", "-")}"><title>{svg.escape(title)}</title>{label}'
            f'{_span("benchmark", row.benchmark, scale, middle - APART)}{_span("beyond", row.beyond, scale, middle + APART)}'
            f'{_span("deciding", row.deciding, scale, middle)}{estimate}'
            f'{svg.text(RIGHT + 14, middle - 2, row.printed, "number")}'
            f'{svg.text(RIGHT + 14, middle + 13, row.word, "word")}</g>')


def _span(kind: str, interval: IntervalView, scale: svg.Scale, y: float) -> str:
    """An interval as a line; one without an end runs to the edge and ends in an arrow."""
    low, high = interval.low.value, interval.high.value
    start, end = LEFT if low is None else scale(low), RIGHT if high is None else scale(high)
    line = f'<line class="{kind}" x1="{start:.2f}" y1="{y:.1f}" x2="{end:.2f}" y2="{y:.1f}"/>'
    if low is None:
        line += f'<path class="arrow" d="M{start + 6:.2f} {y - 4:.1f}l-6 4l6 4"/>'
    if high is None:
        line += f'<path class="arrow" d="M{end - 6:.2f} {y - 4:.1f}l6 4l-6 4"/>'
    return line
