"""A check of a claim, put to a reported table: prediction and cells -> count of what holds, fails, or cannot be told.

Printed digits are intervals. Rounding keeps order, so a number printed higher was higher: a comparison is `within
rounding` only where the two intervals overlap in more than an end (at equal precision: where the same digits stand).
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from claimcheck.evidence.fits import granularity, mean_reproduces
from claimcheck.evidence.numbers import About, Number, average
from claimcheck.evidence.reported_table import SUMMARY_COLUMN, ReportedTable, Row
from claimcheck.finding import Cell, Count, Outcome, Value
from claimcheck.prediction import (
    BestOf,
    BetterThan,
    Counted,
    Counts,
    Granularity,
    MeanReproduces,
    ReductionBy,
    Reports,
    Selected,
    TableCheck,
)


def find(check: TableCheck, table: ReportedTable) -> Count:
    """What the table shows for one check.

    The count may hold no cell at all: then nothing that was selected could be compared, and `left_out` says why.
    """
    match check:
        case BestOf():
            return _best_of(check, table)
        case BetterThan():
            return _better_than(check, table)
        case ReductionBy():
            return _reduction_by(check, table)
        case Reports():
            return _reports(check, table)
        case Counts():
            return _counts(check, table)
        case MeanReproduces():
            return mean_reproduces(check, table)
        case Granularity():
            return granularity(check, table)


def compare(number: Number, other: Number, *, lower_is_better: bool = False) -> tuple[Decimal, Decimal, Outcome]:
    """By how much `number` is ahead of `other`, how much of that rounding can make, and what follows.

    >>> a, b = (Number(value=Decimal(v), slack=Decimal("0.00005"), decimals=4, sources=()) for v in (".5927", ".5934"))
    >>> compare(a, b)
    (Decimal('-0.0007'), Decimal('0.00010'), <Outcome.FAILS: 'fails'>)
    """
    margin = other.value - number.value if lower_is_better else number.value - other.value
    slack = number.slack + other.slack
    if margin >= slack:
        return margin, slack, Outcome.HOLDS
    return margin, slack, Outcome.FAILS if margin <= -slack else Outcome.WITHIN_ROUNDING


# ---------------------------------------------------------------- comparisons between the values of one column


def _grouped(rows: Iterable[Row], among: str, average_over: Sequence[str]) -> dict[About, dict[str, list[Row]]]:
    """Rows by what they are about, and within that by their value of `among`."""
    groups: dict[About, dict[str, list[Row]]] = {}
    for row in rows:
        about = tuple((key, value) for key, value in row.keys.items() if key != among and key not in average_over)
        groups.setdefault(about, {}).setdefault(row.keys[among], []).append(row)
    return groups


def _contests(check: BestOf | BetterThan | ReductionBy, rivals: Sequence[str], average_over: Sequence[str],
              rows: Sequence[Row]) -> tuple[list[tuple[About, dict[str, Number]]], list[str]]:
    """For each group of cells the number of the arm and of each rival; and the groups that cannot be compared, with why."""
    contests: list[tuple[About, dict[str, Number]]] = []
    left_out: list[str] = []
    wanted = [check.arm, *rivals]
    for about, members in _grouped(rows, check.among, average_over).items():
        name = " ".join(value for _, value in about)
        if missing := [each for each in wanted if each not in members]:
            left_out.append(f"{name}: no cell for {', '.join(missing)}".lstrip(": "))
            continue
        over = {tuple(sorted(tuple(row.keys[column] for column in average_over) for row in members[each])) for each in wanted}
        if len(over) > 1:
            left_out.append(f"{name}: the cells to average are not the same for each {check.among}".lstrip(": "))
            continue
        contests.append((about, {each: average(members[each]) for each in wanted}))
    return contests, left_out


def _selected(check: BestOf | BetterThan | ReductionBy, named: Sequence[str], table: ReportedTable) -> tuple[Row, ...]:
    """The cells of a contest; summing rows where the selection or a competitor names them."""
    rows = table.matching(check.where)
    if SUMMARY_COLUMN in check.where:
        return rows
    if check.among == SUMMARY_COLUMN:
        return tuple(row for row in rows if not row.sums_up or row.keys[SUMMARY_COLUMN] in named)
    return tuple(row for row in rows if not row.sums_up)


def _values(numbers: Mapping[str, Number]) -> tuple[Value, ...]:
    return tuple(Value(name=name, value=number.value, decimals=number.decimals) for name, number in numbers.items())


_WEAKEST_FIRST = (Outcome.FAILS, Outcome.WITHIN_ROUNDING, Outcome.HOLDS)


def _best_of(check: BestOf, table: ReportedTable) -> Count:
    rows = _selected(check, (check.arm,), table)
    rivals = [name for name in dict.fromkeys(row.keys[check.among] for row in rows) if name != check.arm]
    contests, left_out = _contests(check, rivals, check.average_over, rows)
    cells = []
    for about, numbers in contests:
        results = [compare(numbers[check.arm], numbers[name], lower_is_better=check.lower_is_better) for name in rivals]
        if not results:
            left_out.append(f"{' '.join(value for _, value in about)}: no rival")
            continue
        margin, slack, outcome = min(results, key=lambda result: (_WEAKEST_FIRST.index(result[2]), result[0]))
        cells.append(_contest_cell(about, numbers, margin, slack, outcome))
    return Count(asks=f"{check.arm} is best", cells=tuple(cells), left_out=tuple(left_out))


def _better_than(check: BetterThan, table: ReportedTable) -> Count:
    contests, left_out = _contests(check, check.than, check.average_over, _selected(check, (check.arm, *check.than), table))
    against = next(name for name in ("against", "compared with", "its rival") if name not in table.columns)
    other = check.than[0] if len(check.than) == 1 else next(name for name in ("rival", "other") if name != check.arm)
    cells = []
    for about, numbers in contests:
        for rival in check.than:
            margin, slack, outcome = compare(numbers[check.arm], numbers[rival], lower_is_better=check.lower_is_better)
            pair = {check.arm: numbers[check.arm], other: numbers[rival]}
            cells.append(_contest_cell((*about, (against, rival)), pair, margin, slack, outcome))
    word = "below" if check.lower_is_better else "above"
    return Count(asks=f"{check.arm} is {word} {' and '.join(check.than)}", cells=tuple(cells), left_out=tuple(left_out))


def _contest_cell(about: About, numbers: Mapping[str, Number], margin: Decimal, slack: Decimal, outcome: Outcome) -> Cell:
    averaged = any(number.averaged for number in numbers.values())
    return Cell(about=about, values=_values(numbers), outcome=outcome, margin=margin, slack=slack,
                decimals=max(number.decimals for number in numbers.values()) + averaged,
                sources=tuple(source for number in numbers.values() for source in number.sources))


def _reduction_by(check: ReductionBy, table: ReportedTable) -> Count:
    contests, left_out = _contests(check, (check.against,), (), _selected(check, (check.arm, check.against), table))
    cells = []
    for about, numbers in contests:
        arm, against = numbers[check.arm], numbers[check.against]
        if against.value <= against.slack:
            left_out.append(f"{' '.join(value for _, value in about)}: no share can be taken of {against.value}")
            continue
        percent = 100 * (against.value - arm.value) / against.value
        corners = [100 * (1 - (arm.value + a * arm.slack) / (against.value + b * against.slack))
                   for a in (-1, 1) for b in (-1, 1)]
        least, most = min(corners), max(corners)
        asked = Decimal(str(check.at_least_percent))
        outcome = Outcome.HOLDS if least >= asked else Outcome.FAILS if most <= asked else Outcome.WITHIN_ROUNDING
        cells.append(Cell(about=about, values=_values(numbers), outcome=outcome, margin=percent, percent=True, decimals=1,
                          slack=max(most - percent, percent - least), sources=arm.sources + against.sources))
    asks = f"{check.arm} is below {check.against}"
    if check.at_least_percent:
        asks += f" by at least {check.at_least_percent:g} %"
    return Count(asks=asks, cells=tuple(cells), left_out=tuple(left_out))


# ---------------------------------------------------------------- what is printed at all


def _reports(check: Reports, table: ReportedTable) -> Count:
    rows: dict[str, list[Row]] = {}
    for row in _all_but_summaries_of(check.column, check.values, table, check.where):
        rows.setdefault(row.keys[check.column], []).append(row)
    cells = [_printed_cell(check.column, value, rows.get(value, []), wanted=True) for value in check.values]
    if check.exactly:
        cells += [_printed_cell(check.column, value, rows[value], wanted=False) for value in rows if value not in check.values]
    only = " and no other" if check.exactly else ""
    return Count(asks=f"cells are printed for {', '.join(check.values)}{only}", cells=tuple(cells) if rows else (),
                 left_out=() if rows else ("no cell is printed for this selection",))


def _all_but_summaries_of(column: str, named: Sequence[str], table: ReportedTable,
                          where: Mapping[str, Selected]) -> tuple[Row, ...]:
    """Every printed cell of a selection; only as values of the language column are mean and median no values of their own."""
    return tuple(row for row in table.matching(where)
                 if column != SUMMARY_COLUMN or not row.sums_up or row.keys[SUMMARY_COLUMN] in named)


def _printed_cell(column: str, value: str, rows: Sequence[Row], *, wanted: bool) -> Cell:
    return Cell(about=((column, value),), values=(Value(name="cells printed", value=Decimal(len(rows)), decimals=0),),
                outcome=Outcome.HOLDS if wanted and rows else Outcome.FAILS,
                note="" if wanted else "not named by the claim", sources=tuple(row.source for row in rows))


def _counts(check: Counts, table: ReportedTable) -> Count:
    rows = _all_but_summaries_of(check.column, (), table, check.where)
    values = tuple(dict.fromkeys(row.keys[check.column] for row in rows))
    number, what = len(values), f"different values of {check.column}"
    if check.of is Counted.ORDERED_PAIRS:
        number, what = number * (number - 1), f"ordered pairs of different values of {check.column}"
    about = tuple((column, " ".join(map(str, value)) if isinstance(value, tuple) else str(value))
                  for column, value in check.where.items())
    note = f"{len(values)}: {' '.join(values)}" if check.of is Counted.VALUES else f"{len(values)} * {len(values) - 1}"
    cell = Cell(about=about, note=note, sources=tuple(row.source for row in rows),
                values=(Value(name="in the tables", value=Decimal(number), decimals=0),
                        Value(name="in the claim", value=Decimal(check.equals), decimals=0)),
                outcome=Outcome.HOLDS if number == check.equals else Outcome.FAILS)
    return Count(asks=f"{check.equals} {what}", cells=(cell,) if rows else (),
                 left_out=() if rows else ("no cell is printed for this selection",))
