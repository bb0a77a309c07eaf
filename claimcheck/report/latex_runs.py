"""The arms' tables of the paper: cut into pieces that a page's width holds."""

from dataclasses import dataclass

from claimcheck.report.run_views import ArmsView, MeanView

WIDEST = 5
"""Means that stand beside one another."""


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
