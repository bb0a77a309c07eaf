"""The arms' tables of the paper: cut into pieces that a page's width holds."""

from dataclasses import dataclass

from claimcheck.report.loss_views import ExampleView, GridView
from claimcheck.report.robustness_views import RobustnessView
from claimcheck.report.run_views import ArmsView, MeanView

WIDEST = 5
"""Means that stand beside one another."""
_WIDEST_DROPS = 3
_WIDEST_SEEN = 11
_LATIN_ENDS = 0x180
_NARROW = 9
_WIDE, _WIDEST_NARROW = 4, 6
"""Characters of a number that stands without an interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some columns of one setting; `columns` is how TeX aligns them."""

    setting: str
    columns: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


def pieces(table: ArmsView) -> tuple[Piece, ...]:
    """The table by settings, at most `WIDEST` means a piece; the batches that were fed stand last, by themselves."""
    made, begin = [], 0
    for setting, count in table.groups:
        for start in range(begin, begin + count, WIDEST):
            end = min(start + WIDEST, begin + count)
            made.append(Piece(setting=setting, columns="r" * (end - start), headings=table.measures[start:end],
                              rows=tuple((row.name, tuple(told(mean) for mean in row.means[start:end])) for row in table.rows)))
        begin += count
    fed = tuple((row.name, tuple(count.printed for count in row.batches)) for row in table.rows if row.batches)
    if fed:
        made.append(Piece(setting="batches fed", columns="rr", headings=("monolingual", "cross-lingual"), rows=fed))
    return tuple(made)


def told(mean: MeanView) -> str:
    """A mean with its standard deviation in brackets."""
    return mean.mean.printed if mean.deviation is None else f"{mean.mean.printed} ({mean.deviation.printed})"


@dataclass(frozen=True, slots=True, kw_only=True)
class GridPiece:
    """Some columns of a grid as TeX sets it; `columns`: how they are aligned."""

    title: str
    corner: str
    columns: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    says: tuple[str, ...]


def loss_grids(given: RobustnessView) -> tuple[GridPiece, ...]:
    """How arms differ and what attacks cost, but for transfer matrices of attacks other than the first, which the page has."""
    transfers = [grid for grid in given.attacks if grid.kind == "transfer"]
    shown = [*given.grids, *(grid for grid in given.attacks if grid not in transfers[1:])]
    return tuple(piece for grid in shown for piece in _grid_pieces(grid))


def _grid_pieces(grid: GridView) -> list[GridPiece]:
    """A grid cut by columns into what a page's width holds; how it is read is told once, after the last piece."""
    texts = [[f"{cell.number.printed}{'*' * cell.marked} {cell.under}".strip() for cell in row.cells] for row in grid.rows]
    wide = max((len(text) for row in texts for text in row), default=0) > _NARROW
    most = _WIDE if wide else _WIDEST_NARROW
    made = []
    for start in range(0, len(grid.columns), most):
        headings = grid.columns[start:start + most]
        made.append(GridPiece(
            title=grid.title if not start else "", corner=grid.corner, headings=headings,
            columns=("L{2.5cm}" if wide else "r") * len(headings),
            rows=tuple((f"{row.name} {row.note}".strip(), tuple(own[start:start + most]))
                       for row, own in zip(grid.rows, texts, strict=True)),
            says=grid.says if start + most >= len(grid.columns) else ()))
    return made


def latin_examples(given: RobustnessView) -> tuple[ExampleView, ...]:
    """The examples whose letters pdflatex has: of three languages, as far as no words of other scripts are mixed in."""
    return tuple(each for each in given.examples if each.language in ("de", "en", "es")
                 and all(ord(letter) < _LATIN_ENDS for letter in each.clean + each.after))


def drop_pieces(given: RobustnessView) -> tuple[Piece, ...]:
    """Drops by family and arm with their intervals, then what the encoder sees by family and language."""
    made = []
    for start in range(0, len(given.arms), _WIDEST_DROPS):
        arms = given.arms[start:start + _WIDEST_DROPS]
        rows = tuple((f"{family.family} {family.title}; {family.where}" if family.seen else f"{family.family}: {family.title}",
                      tuple(f"{loss.drop.printed} {loss.beyond.printed}" for loss in family.losses if loss.arm in arms))
                     for family in given.counting)
        made.append(Piece(setting="drop of AP", columns="r" * len(arms), headings=arms, rows=rows))
    for start in range(0, len(given.languages), _WIDEST_SEEN):
        languages = given.languages[start:start + _WIDEST_SEEN]
        rows = tuple((f"{family.family} {family.title}", tuple(cell.text for cell in family.seen if cell.language in languages))
                     for family in given.families if family.seen)
        made.append(Piece(setting="visible, %", columns="r" * len(languages), headings=languages, rows=rows))
    return tuple(made)
