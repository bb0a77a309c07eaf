"""A language map as a figure: query languages down, candidate languages across, the value in every cell."""

from claimcheck.report import svg
from claimcheck.report.run_views import MapCellView, MapView

CELL, HEIGHT, LEFT, TOP = 47, 25, 56, 38
DARKEST = 0.5
"""Opacity of the largest value: the text over it stays readable, on light and on dark ground."""


def language_map(given: MapView, name: str) -> str:
    """The figure. `name` must be unique in the page."""
    count = len(given.languages)
    size = (LEFT + CELL * count + 4, TOP + HEIGHT * count + 4)
    title = f"Mean AP by language, {given.caption}"
    parts = [svg.opened("map", name, title, given.extremes, size),
             svg.text(LEFT + CELL * count / 2, 12, "candidates in", anchor="middle"),
             svg.text(LEFT - 8, TOP - 8, "queries", anchor="end")]
    for column, language in enumerate(given.languages):
        parts.append(svg.text(LEFT + CELL * (column + 0.5), TOP - 8, language, "language", "middle"))
    for line, (query, cells) in enumerate(zip(given.languages, given.rows, strict=True)):
        parts.append(svg.text(LEFT - 8, TOP + HEIGHT * (line + 0.5) + 4, query, "language", "end"))
        parts += [_cell(cell, f"queries {query}, candidates {pool}: {cell.exact.printed}",
                        LEFT + CELL * column, TOP + HEIGHT * line)
                  for column, (pool, cell) in enumerate(zip(given.languages, cells, strict=True))]
    return "".join([*parts, "</svg>"])


def _cell(cell: MapCellView, title: str, x: float, y: float) -> str:
    shade = cell.shade or 0.0
    kind = "none" if cell.shade is None else "below" if shade < 0 else "above"
    return (f'<g class="{kind}"><title>{svg.escape(title)}</title>'
            f'<rect x="{x:g}" y="{y:g}" width="{CELL - 2}" height="{HEIGHT - 2}" fill-opacity="{abs(shade) * DARKEST:.3f}"/>'
            f'{svg.text(x + CELL / 2 - 1, y + HEIGHT / 2 + 3, cell.text, anchor="middle")}</g>')
