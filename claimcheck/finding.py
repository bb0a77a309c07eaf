"""What was found: cells, and counts over them. Values only; what follows from them is `verdict`'s business."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Outcome(StrEnum):
    """What one comparison says of what was asked."""

    HOLDS = "holds"
    FAILS = "fails"
    WITHIN_ROUNDING = "within rounding"  # the printed digits cannot tell


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a finding rests on: a printed cell (file, line from 1, digits as they stand there), or whole files (no line)."""

    file: str
    line: int | None = None
    printed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A named number in a cell, with the number of decimals that its print carries."""

    name: str
    value: Decimal
    decimals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One comparison: what it is about, the values compared, the margin by which it holds (or fails).

    `margin` is positive where the comparison speaks for what was asked, in the unit of the values, or in percent
    where `percent` is set; `slack` is how much of it rounding of the printed digits could make or take away.
    `margin` is None where there is nothing to subtract (a count of names, a cell that is printed or not). `units` is how many
    things of one kind the cell stands for (questions that are alike), each of which counts.
    """

    about: tuple[tuple[str, str], ...]
    values: tuple[Value, ...]
    outcome: Outcome
    margin: Decimal | None = None
    slack: Decimal = Decimal(0)
    decimals: int = 0
    percent: bool = False
    note: str = ""
    units: int = 1
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """In how many of the cells what was asked holds. `left_out` says what could not be compared, and why."""

    asks: str
    cells: tuple[Cell, ...]
    left_out: tuple[str, ...] = ()

    def number(self, outcome: Outcome) -> int:
        """How many came out so."""
        return sum(cell.units for cell in self.cells if cell.outcome is outcome)

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(cell.units for cell in self.cells)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """A table of counts about data, in the order in which it is shown: rows of a name and a number (or None) a column."""

    title: str
    says: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int | None, ...]], ...]
