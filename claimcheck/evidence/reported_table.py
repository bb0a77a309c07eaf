"""A paper's reported tables as data: CSV with named columns and a `value`, read as decimals with printed precision.

Tables written by a script drop trailing zeros (0.487 among four-decimal rates). Where the columns `table` and `metric` tell
which cells were printed together, and more than half of them carry one number of decimals, a cell that carries fewer was cut
and is read with that precision. Elsewhere a cell has the precision of its own digits.
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
_PRINTED_TOGETHER = {"table", "metric"}
_MOST_DIGITS = 15


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
        """The cells that a selection names, in the file's order; summing rows only where it names the language.

        An empty result is possible; `selections` tells the author of one.
        """
        return tuple(row for row in self.matching(where) if SUMMARY_COLUMN in where or not row.sums_up)

    def matching(self, where: Mapping[str, Selected]) -> tuple[Row, ...]:
        """As `select`, summing rows included: everything that is printed."""
        wanted = {column: {str(each) for each in (value if isinstance(value, tuple) else (value,))}
                  for column, value in where.items()}
        return tuple(row for row in self.rows if all(row.keys.get(column) in values for column, values in wanted.items()))

    def values(self, column: str) -> tuple[str, ...]:
        """The distinct values of a column, in the order of their first cell."""
        return tuple(dict.fromkeys(row.keys[column] for row in self.rows))


def read_table(path: Path) -> ReportedTable:
    """Read a reported table. Raises FileNotFoundError: no file; CorruptInput: every fault of it."""
    raw, lines = read_csv(path)
    names = lines[0].fields if lines else []
    if VALUE not in names or len(set(names)) != len(names) or "" in names:
        near = [name for name in names if name.casefold() == VALUE and name != VALUE]
        move = "write a header such as table,dataset,metric,language,value"
        move = f"write `{VALUE}` for `{near[0]}`" if near else "separate columns by commas" if ";" in "".join(names) else move
        raise CorruptInput([Fault(path=path, next_move=move,
                                  what=f"the first line must name the columns, each once, one of them `{VALUE}`")])
    cells, faults = _cells(path, names, lines[1:])
    if not cells and not faults:
        faults.append(Fault(path=path, what="holds no cells", next_move="add the paper's printed cells"))
    if faults:
        raise CorruptInput(faults)
    return ReportedTable(path=path, columns=tuple(name for name in names if name != VALUE), rows=_precise(cells),
                         digest=hashlib.sha256(raw).hexdigest())


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvLine:
    """One record of a CSV file: its fields, stripped, the line that it starts in (from 1), and that line as it stands."""

    fields: list[str]
    number: int
    raw: str

    def column(self, index: int) -> int:
        """In which column (from 1) a field starts; 1 where it stands behind a line break within quotes."""
        position, quoted = 0, False
        for place, character in enumerate(self.raw):
            if index == 0:
                return place + 1
            quoted ^= character == '"'
            if character == "," and not quoted:
                index -= 1
            position = place
        return position + 2 if index == 0 else 1


def read_csv(path: Path) -> tuple[bytes, list[CsvLine]]:
    """The bytes and the records of a CSV file, blank lines left out.

    Raises FileNotFoundError: no file; CorruptInput: it cannot be read, is not UTF-8 or not CSV.
    """
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig")
    except FileNotFoundError:
        raise
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise CorruptInput([Fault(path=path, line=line, what="not UTF-8 text", next_move="save the file as UTF-8")]) from None
    except OSError as error:
        raise CorruptInput([Fault(path=path, what=f"cannot be read: {error.strerror}", next_move="check its rights")]) from None
    physical = text.splitlines()
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    records: list[CsvLine] = []
    start = 1
    try:
        for fields in reader:
            if any(field.strip() for field in fields):
                records.append(CsvLine(fields=[field.strip() for field in fields], number=start, raw=physical[start - 1]))
            start = reader.line_num + 1
    except csv.Error as error:
        raise CorruptInput([Fault(path=path, line=start, what=f"not valid CSV: {error}",
                                  next_move="check the quotes in this line")]) from None
    return raw, records


def _cells(path: Path, header: Sequence[str], lines: Sequence[CsvLine]) -> tuple[list[Row], list[Fault]]:
    rows: list[Row] = []
    faults: list[Fault] = []
    seen: dict[tuple[str, ...], int] = {}
    at = header.index(VALUE)
    names = [name for name in header if name != VALUE]

    def wrong(line: CsvLine, column: int, what: str, next_move: str) -> None:
        faults.append(Fault(path=path, line=line.number, column=column, what=what, next_move=next_move))

    for line in lines:
        if len(line.fields) != len(header):
            wrong(line, 1, f"{len(line.fields)} fields where the header names {len(header)}",
                  "give one field a column; a decimal comma must be a point")
            continue
        about = tuple(line.fields[:at] + line.fields[at + 1:])
        try:
            printed = read_number(line.fields[at])
        except ValueError as error:
            wrong(line, line.column(at), str(error), "give the number as it is printed, with a point, for example 0.4870")
            continue
        if about in seen:
            wrong(line, 1, f"the same cell as in line {seen[about]}", "keep one of the two")
            continue
        seen[about] = line.number
        rows.append(Row(keys=dict(zip(names, about, strict=True)), printed=printed,
                        source=Source(file=path.name, line=line.number, printed=line.fields[at])))
    return rows, faults


def read_number(text: str) -> Printed:
    """A number as printed. Raises ValueError: not a decimal number, or one that no table prints (over 15 digits).

    >>> read_number(".5479")
    Printed(value=Decimal('0.5479'), decimals=4)
    """
    try:
        value = Decimal(text) if len(text) <= _MOST_DIGITS + 5 else Decimal("NaN")
    except InvalidOperation:
        value = Decimal("NaN")
    exponent = value.as_tuple().exponent
    odd = not isinstance(exponent, int) or "_" in text or abs(exponent) > _MOST_DIGITS or value.adjusted() > _MOST_DIGITS
    if odd or not isinstance(exponent, int):
        raise ValueError(f"`{text[:40]}` is not a number")
    return Printed(value=value, decimals=max(0, -exponent))


def _precise(rows: Sequence[Row]) -> tuple[Row, ...]:
    """The rows with the precision of their table and metric in place of dropped trailing zeros."""
    if not rows or not rows[0].keys.keys() >= _PRINTED_TOGETHER:
        return tuple(rows)
    decimals: dict[tuple[str, str], Counter[int]] = {}
    for row in rows:
        decimals.setdefault((row.keys["table"], row.keys["metric"]), Counter())[row.printed.decimals] += 1
    usual = {name: each for name, counts in decimals.items() for each, number in counts.items() if 2 * number > counts.total()}
    return tuple(
        Row(keys=row.keys, source=row.source, printed=Printed(value=row.printed.value, decimals=max(
            row.printed.decimals, usual.get((row.keys["table"], row.keys["metric"]), 0))))
        for row in rows)
