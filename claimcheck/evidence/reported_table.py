"""A paper's reported tables as data: CSV with named columns and a `value`, read as decimals with printed precision.

Tables written by a script drop trailing zeros (0.487 among four-decimal rates), so the precision of a cell is the more
precise of its own digits and of those that most cells of the same table and metric carry.
"""

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path

from claimcheck.errors import CorruptInput, Fault
from claimcheck.finding import Source
from claimcheck.prediction import Selected

VALUE = "value"
SUMMARIES = frozenset({"mean", "median"})
SUMMARY_COLUMN = "language"
_LONGEST = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """A printed number: its value and how many decimals its print carries."""

    value: Decimal
    decimals: int

    @property
    def slack(self) -> Decimal:
        """Half a unit of the last printed place: how far rounding may have moved the number."""
        return Decimal(5).scaleb(-self.decimals - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One printed cell: what it is about (column -> value), the number, and where it stands."""

    keys: Mapping[str, str]
    printed: Printed
    source: Source

    @property
    def sums_up(self) -> bool:
        """Whether the cell is a mean or median of others."""
        return self.keys.get(SUMMARY_COLUMN) in SUMMARIES


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedTable:
    """All cells of one file. `columns` are in the file's order, without the value; `digest` is the file's SHA-256."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[Row, ...] = field(repr=False)
    digest: str

    def select(self, where: Mapping[str, Selected]) -> tuple[Row, ...]:
        """The cells that a selection names, in the file's order; summing rows only where they are named.

        An empty result is possible; columns and values that the file does not hold at all are told by `strangers`.
        """
        wanted = {column: {str(each) for each in (value if isinstance(value, tuple) else (value,))}
                  for column, value in where.items()}
        return tuple(row for row in self.rows
                     if all(row.keys.get(column) in values for column, values in wanted.items())
                     and (SUMMARY_COLUMN in wanted or not row.sums_up))

    def values(self, column: str) -> tuple[str, ...]:
        """The distinct values of a column, in the order of their first cell."""
        return tuple(dict.fromkeys(row.keys[column] for row in self.rows))


def read_table(path: Path) -> ReportedTable:
    """Read a reported table. Raises FileNotFoundError: no file; CorruptInput: every fault of it."""
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise CorruptInput([Fault(path=path, line=line, what="not UTF-8 text", next_move="save the file as UTF-8")]) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        lines = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise CorruptInput([Fault(path=path, line=reader.line_num, what=f"not valid CSV: {error}",
                                  next_move="check the quotes in this line")]) from None
    if not lines or VALUE not in lines[0][1] or len(set(lines[0][1])) != len(lines[0][1]):
        raise CorruptInput([Fault(path=path, what=f"the first line must name the columns, each once, one of them `{VALUE}`",
                                  next_move="write a header such as table,dataset,metric,language,value")])
    header = lines[0][1]
    cells, faults = _cells(path, header, lines[1:])
    if not cells and not faults:
        faults.append(Fault(path=path, what="holds no cells", next_move="add the paper's printed cells"))
    if faults:
        raise CorruptInput(faults)
    return ReportedTable(path=path, columns=tuple(name for name in header if name != VALUE), rows=_precise(cells),
                         digest=hashlib.sha256(raw).hexdigest())


def _cells(path: Path, header: Sequence[str], lines: Sequence[tuple[int, list[str]]]) -> tuple[list[Row], list[Fault]]:
    rows: list[Row] = []
    faults: list[Fault] = []
    seen: dict[tuple[str, ...], int] = {}
    at = header.index(VALUE)

    def wrong(line: int, column: int, what: str, next_move: str) -> None:
        faults.append(Fault(path=path, line=line, column=column, what=what, next_move=next_move))

    for line, fields in lines:
        if not fields:
            continue
        if len(fields) != len(header):
            wrong(line, 1, f"{len(fields)} fields where the header names {len(header)}", "give one field a column")
            continue
        column = len(",".join(fields[:at])) + (1 if at == 0 else 2)
        about = tuple(fields[:at] + fields[at + 1:])
        try:
            printed = read_number(fields[at])
        except ValueError as error:
            wrong(line, column, str(error), "give the number as it is printed, with a point, for example 0.4870")
            continue
        if about in seen:
            wrong(line, 1, f"the same cell as in line {seen[about]}", "keep one of the two")
            continue
        seen[about] = line
        names = [name for name in header if name != VALUE]
        rows.append(Row(keys=dict(zip(names, about, strict=True)), printed=printed,
                        source=Source(file=path.name, line=line, printed=fields[at])))
    return rows, faults


def read_number(text: str) -> Printed:
    """A number as printed. Raises ValueError: not a finite decimal number.

    >>> read_number(".5479")
    Printed(value=Decimal('0.5479'), decimals=4)
    """
    try:
        value = Decimal(text) if len(text) <= _LONGEST else Decimal("NaN")
    except InvalidOperation:
        value = Decimal("NaN")
    exponent = value.as_tuple().exponent
    if not value.is_finite() or not isinstance(exponent, int) or "_" in text or abs(exponent) > _LONGEST:
        raise ValueError(f"`{text[:40]}` is not a number")
    return Printed(value=value, decimals=max(0, -exponent))


def _precise(rows: Sequence[Row]) -> tuple[Row, ...]:
    """The rows with the precision of their table and metric in place of dropped trailing zeros."""
    def group(row: Row) -> tuple[str, str]:
        return row.keys.get("table", ""), row.keys.get("metric", "")

    decimals: dict[tuple[str, str], Counter[int]] = {}
    for row in rows:
        decimals.setdefault(group(row), Counter())[row.printed.decimals] += 1
    usual = {name: max((number, each) for each, number in counts.items())[1] for name, counts in decimals.items()}
    return tuple(
        Row(keys=row.keys, source=row.source,
            printed=Printed(value=row.printed.value, decimals=max(row.printed.decimals, usual[group(row)])))
        for row in rows)
