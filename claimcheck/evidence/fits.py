"""Whether printed numbers fit one another: means their cells, twins their twins, rates the number of questions."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from statistics import median

from claimcheck.evidence.numbers import About, average
from claimcheck.evidence.reported_table import SUMMARIES, SUMMARY_COLUMN, Printed, ReportedTable, Row
from claimcheck.finding import Cell, Count, Outcome, Source, Value
from claimcheck.prediction import (
    Granularity,
    MeanReproduces,
)


def mean_reproduces(check: MeanReproduces, table: ReportedTable) -> Count:
    """Each printed mean or median against the cells of its own table that it sums up."""
    parts: dict[About, list[Row]] = {}
    for row in table.rows:
        if not row.sums_up:
            parts.setdefault(_but_summary(row), []).append(row)
    where = {SUMMARY_COLUMN: tuple(sorted(SUMMARIES)), **check.where}
    cells, without = [], 0
    for row in table.select(where):
        if not row.sums_up:
            continue
        members = parts.get(_but_summary(row), [])
        if not members:
            without += 1
            continue
        cells.append(_summary_cell(row, members))
    left_out = (f"{without} printed means stand without cells of their own table",) if without else ()
    return Count(asks="the printed mean is that of its cells", cells=tuple(cells), left_out=left_out)


def _but_summary(row: Row) -> About:
    return tuple((key, value) for key, value in row.keys.items() if key != SUMMARY_COLUMN)


def _summary_cell(row: Row, members: Sequence[Row]) -> Cell:
    mean = average(members)
    value = mean.value if row.keys[SUMMARY_COLUMN] == "mean" else median(member.printed.value for member in members)
    slack = row.printed.slack + max(member.printed.slack for member in members)
    recomputed = Printed(value=value, decimals=row.printed.decimals + 1)
    return agreement(tuple(row.keys.items()), ("printed", row.printed), ("recomputed", recomputed), slack, (row.source,))


def agreement(about: About, printed: tuple[str, Printed], other: tuple[str, Printed], slack: Decimal,
              sources: tuple[Source, ...]) -> Cell:
    """A cell for two numbers that should be the same: they are, if they differ by no more than rounding can make."""
    off = printed[1].value - other[1].value
    return Cell(about=about, margin=off, slack=slack, decimals=max(printed[1].decimals, other[1].decimals),
                values=tuple(Value(name=name, value=each.value, decimals=each.decimals) for name, each in (printed, other)),
                outcome=Outcome.HOLDS if abs(off) <= slack else Outcome.FAILS, sources=sources)


def granularity(check: Granularity, table: ReportedTable) -> Count:
    """Whether each printed rate can be k/n for one of the admissible n; left out where n is so large that every rate can."""
    cells, left_out = [], []
    for row in table.select(check.where):
        sizes = {name: size if isinstance(size, int) else size.get(row.keys.get(SUMMARY_COLUMN, ""))
                 for name, size in check.admissible.items()}
        known = {name: size for name, size in sizes.items() if size}
        why = _no_test(row.printed, known)
        if why:
            left_out.append(f"{' '.join(row.keys.values())}: {why}")
            continue
        fitting = [name for name, size in known.items() if _is_whole_share(row.printed, size)]
        cells.append(Cell(
            about=tuple(row.keys.items()), sources=(row.source,),
            values=(Value(name="printed", value=row.printed.value, decimals=row.printed.decimals),),
            note=f"{'' if fitting else 'not '}k/n for {', '.join(f'{name} ({known[name]})' for name in fitting or known)}",
            outcome=Outcome.HOLDS if fitting else Outcome.FAILS))
    return Count(asks=f"the rate can be k/n, n being {' or '.join(check.admissible)}", cells=tuple(cells),
                 left_out=tuple(left_out))


def _no_test(printed: Printed, sizes: Mapping[str, int]) -> str:
    """Why a printed rate cannot be tested for granularity, or nothing."""
    if not sizes:
        return "no admissible n"
    if not 0 <= printed.value <= 1:
        return "not a rate from 0 to 1"
    if all(size >= 10**printed.decimals for size in sizes.values()):
        return f"every rate of {printed.decimals} decimals can be k/n for so large an n"
    return ""


def _is_whole_share(printed: Printed, size: int) -> bool:
    """Whether some k/size rounds to the printed rate (Brown and Heathers 2017, the GRIM test)."""
    least = ((printed.value - printed.slack) * size).to_integral_value(rounding=ROUND_CEILING)
    most = ((printed.value + printed.slack) * size).to_integral_value(rounding=ROUND_FLOOR)
    return least <= most
