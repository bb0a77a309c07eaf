"""How arms differ in what perturbed queries cost them -> grids, every digit decided."""

from collections.abc import Sequence

from claimcheck.appraisal.first_places import SHARE_DECIMALS
from claimcheck.appraisal.loss_contrasts import CellContrast, FamilyContrast, PairContrast
from claimcheck.appraisal.losses import Estimated
from claimcheck.appraisal.robustness import Robustness
from claimcheck.appraisal.units import decimals_of
from claimcheck.report.loss_views import GridCell, GridRow, GridView
from claimcheck.report.numbers import ABSENT, interval, mean

DECIMALS = decimals_of("AP")
SIGNIFICANT = 0.05
_P_DECIMALS = 4


def grids(given: Robustness) -> tuple[GridView, ...]:
    """Contrasts of the pairs that claims compare, their profile, and first places lost; nothing where no two are compared."""
    largest = max((abs(cell.value) for pair in given.contrasts for row in pair.families for cell in row.by_language
                   if cell is not None), default=0.0)
    titles = {row.family: row.title for row in given.rows}
    made = [grid for pair in given.contrasts for grid in (_contrast(pair, titles), _profile(pair, given.languages, largest))]
    return (*made, *_first_places(given))


def estimated(given: Estimated | None, decimals: int, *, sign: bool = True) -> GridCell:
    """A number over its interval for other articles and runs; the one of this benchmark alone is told."""
    if given is None:
        return GridCell(number=mean(None, decimals))
    return GridCell(number=mean(given.value, decimals, sign=sign), under=interval(given.beyond, percent=not sign).printed,
                    title=f"of this benchmark alone {interval(given.benchmark, percent=not sign).printed}")


def _contrast(pair: PairContrast, titles: dict[str, str]) -> GridView:
    return GridView(
        kind="contrast", title=f"{pair.arm} against {pair.rival}: what it loses less", corner="family",
        columns=("points of AP", "logs of what is kept", "p, adjusted"),
        says=((f"Above 0 {pair.arm} loses less. Points: the drop of {pair.rival} less that of {pair.arm}; logs: log of "
              f"perturbed over clean of {pair.arm} less that of {pair.rival}. Intervals are for other articles and "
              "runs, each end at 97.5 %. p: two-sided, of no difference in points, adjusted for all families of all pairs "
              "(max-T, signs of articles flipped), conditional on these runs. No verdict rests on these numbers."),),
        rows=tuple(_family(row, titles.get(row.family, "")) for row in pair.families))


def _family(row: FamilyContrast, title: str) -> GridRow:
    p = mean(row.p_adjusted, _P_DECIMALS)
    return GridRow(name=row.family, note=title, cells=(
        estimated(row.drop, DECIMALS), estimated(row.retention, DECIMALS),
        GridCell(number=p, marked=row.p_adjusted is not None and row.p_adjusted <= SIGNIFICANT)))


def _profile(pair: PairContrast, languages: Sequence[str], largest: float) -> GridView:
    rows = [GridRow(name=row.family, note="", cells=tuple(
        _cell(row.family, language, cell, largest) for language, cell in zip(languages, row.by_language, strict=True)))
        for row in pair.families if any(cell is not None for cell in row.by_language)]
    marked = sum(cell.marked for row in rows for cell in row.cells)
    total = sum(cell.number.value is not None for row in rows for cell in row.cells)
    return GridView(
        kind="profile", title=f"{pair.arm} against {pair.rival}, by family and language", corner="family",
        columns=tuple(languages), rows=tuple(rows),
        says=((f"Points of AP that {pair.arm} loses less, green, or more, red. A star: a difference at 5 %, adjusted for all "
              f"families and languages of all pairs (max-T): {marked} of {total} here. A dash: the family does not exist "
              "there, or the encoder does not see it."),))


def _cell(family: str, language: str, cell: CellContrast | None, largest: float) -> GridCell:
    if cell is None:
        return GridCell(number=mean(None, DECIMALS))
    return GridCell(number=mean(cell.value, DECIMALS, sign=True), shade=-cell.value / largest if largest else 0.0,
                    marked=cell.p_adjusted <= SIGNIFICANT,
                    title=f"{family} in {language}: {mean(cell.value, 6, sign=True).printed}, p {mean(cell.p, 4).printed}, "
                          f"adjusted {mean(cell.p_adjusted, 4).printed}")


def _first_places(given: Robustness) -> tuple[GridView, ...]:
    rows = [row for row in given.rows if row.first_lost]
    if not rows:
        return ()
    arms = tuple(dict.fromkeys(arm for row in rows for arm, _ in row.first_lost))
    made = []
    for row in rows:
        own = dict(row.first_lost)
        right = GridCell(number=mean(None if row.right is None else 100 * row.right, SHARE_DECIMALS))
        made.append(GridRow(name=row.family, note=row.title, cells=(
            *(estimated(own.get(arm), SHARE_DECIMALS, sign=False) for arm in arms), right)))
    return (GridView(
        kind="first places", title="First places lost, % of the queries that all compared arms answer right", corner="family",
        columns=(*arms, "all right, % of queries"), rows=tuple(made),
        says=((f"Right: the first candidate of all languages is relevant, with {', '.join(arms)} alike, so that an arm is not "
              f"charged with what it never had. Draws are averaged. {ABSENT}: in a run no query is right for all."),)),)
