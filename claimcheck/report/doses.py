"""A dose series as a figure: a measure over the share of monolingual batches."""

from claimcheck.report import svg
from claimcheck.report.run_views import DosePointView, DoseView

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BASE = 288, 200, 56, 280, 12, 156


def dose(series: DoseView, name: str) -> str:
    """The figure, or nothing where there is no mean. `name` must be unique in the page."""
    points = [(point, point.share.value, point.mean.mean.value) for point in series.points]
    known = [(point, share, mean) for point, share, mean in points if share is not None and mean is not None]
    if not known:
        return ""
    across = svg.Scale(low=0.0, high=1.0, start=LEFT + 8, end=RIGHT - 8)
    upright = svg.scale([end for point, _, mean in known for end in (mean - _deviation(point), mean + _deviation(point))],
                        BASE, TOP)
    says = "; ".join(f"{point.arm}, share {point.share.printed}: {_told(point)}" for point, _, _ in known)
    parts = [svg.opened("dose", name, f"Dose series: {series.title}", says, (WIDTH, HEIGHT)), *_axes(upright)]
    parts += [svg.text(across(share), BASE + 16, point.share.printed, anchor="middle") for point, share, _ in known]
    line = " ".join(f"{across(share):.2f},{upright(mean):.2f}" for _, share, mean in known)
    parts.append(f'<polyline points="{line}"/>')
    for point, share, mean in known:
        x, low, high = across(share), upright(mean - _deviation(point)), upright(mean + _deviation(point))
        bar = f'<path class="spread" d="M{x - 4:.2f} {low:.2f}h8m-4 0V{high:.2f}m-4 0h8"/>' if low != high else ""
        parts.append(f"<g><title>{svg.escape(f'{point.arm}: {_told(point)}')}</title>{bar}"
                     f'<circle cx="{x:.2f}" cy="{upright(mean):.2f}" r="3.5"/></g>')
    return "".join([*parts, "</svg>"])


def _deviation(point: DosePointView) -> float:
    deviation = point.mean.deviation
    return 0.0 if deviation is None else deviation.value or 0.0


def _told(point: DosePointView) -> str:
    deviation = point.mean.deviation
    return point.mean.mean.printed + (f", standard deviation {deviation.printed}" if deviation is not None else "")


def _axes(upright: svg.Scale) -> list[str]:
    parts = [f'<line class="axis" x1="{LEFT}" y1="{BASE}" x2="{RIGHT}" y2="{BASE}"/>',
             f'<line class="axis" x1="{LEFT}" y1="{TOP}" x2="{LEFT}" y2="{BASE}"/>']
    for value, words in upright.ticks(4):
        y = upright(value)
        parts.append(f'<line class="grid" x1="{LEFT}" y1="{y:.2f}" x2="{RIGHT}" y2="{y:.2f}"/>'
                     + svg.text(LEFT - 6, y + 4, words, anchor="end"))
    return [*parts, svg.text((LEFT + RIGHT) / 2, BASE + 33, "share of monolingual batches", anchor="middle")]
