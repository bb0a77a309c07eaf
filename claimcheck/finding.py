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
class Bounds:
    """Two one-sided confidence bounds, rounded outward to what is printed; `low_level` and `high_level` are their alphas."""

    low: Decimal
    high: Decimal
    low_level: float
    high_level: float


class Goal(StrEnum):
    """What a comparison is to show of an effect."""

    AHEAD = "ahead"  # superiority: above a size, zero or more
    NO_WORSE = "no worse"  # non-inferiority: above minus a margin
    EQUAL = "equal"  # equivalence: within a margin on both sides of zero


@dataclass(frozen=True, slots=True, kw_only=True)
class OnLogs:
    """An interaction on the scale of logs: log of what share of its clean mean the arm keeps, less that of the rival.

    Bounds as in `Comparison`. `level`: the larger of the two clean means, in the unit of the measure; a margin in points is one
    of logs by it.
    """

    estimate: Decimal
    deciding: Bounds
    benchmark: Bounds
    beyond: Bounds
    level: Decimal
    contrary: Bounds | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One arm against one rival, from runs: above zero speaks for what was asked. The bounds that decide are the printed ones.

    In points of the measure, or where `percent` is set in percent of the rival. `deciding` is the interval of the estimand that
    the claim's scope names, at the level that the family gives; `contrary`, of an equivalence alone, is the wider one that must
    lie wholly beyond the margin to speak against it. `on_logs`, of an interaction: the same on another scale, which must
    agree. `benchmark` (a fresh training run on these questions) and `beyond` (fresh
    runs and fresh articles) are plain 95 % intervals, not adjusted for other claims.

    `detectable`: the smallest effect that so many runs tell from what was asked in 4 of 5 cases (of an equivalence: the
    smallest margin that no difference at all would so often keep within), `detectable_at_most` the same if the runs differ as
    much as the upper 80 % limit of their standard deviation; both None where they are infinite. `runs_needed`: how many runs
    would so often tell an effect that is larger by the margin; where none would, `articles_needed` is how many articles like
    these would with 10 runs. `reach`: bounds at other levels than the deciding one, for the curve of the largest size that is
    still supported. `sources`: keys of the runs in the store.
    """

    about: tuple[tuple[str, str], ...]
    values: tuple[Value, ...]
    estimate: Decimal
    deciding: Bounds
    benchmark: Bounds
    beyond: Bounds
    decimals: int
    percent: bool
    runs: int
    questions: int
    clusters: int
    contrary: Bounds | None = None
    on_logs: OnLogs | None = None
    detectable: Decimal | None = None
    detectable_at_most: Decimal | None = None
    runs_needed: int | None = None
    articles_needed: int | None = None
    reach: tuple[Bounds, ...] = ()
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a comparison is held against, in its units.

    `AHEAD`: more than `at_least`, and what is less than `margin` is negligible. `NO_WORSE`: more than minus `margin`. `EQUAL`:
    within `margin` on both sides of zero.
    """

    at_least: Decimal = Decimal(0)
    margin: Decimal = Decimal(0)
    goal: Goal = Goal.AHEAD


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparisons:
    """What runs say of one prediction: its comparisons, all of which must hold, or so many of them as `needed` says.

    `left_out` says what could not be compared; `not_covered` what the prediction names and a smaller scale does not hold;
    `beside` further figures that decide nothing.
    """

    asks: str
    asked: Asked
    comparisons: tuple[Comparison, ...]
    needed: int | None = None
    left_out: tuple[str, ...] = ()
    not_covered: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """A table of counts about data, in the order in which it is shown: rows of a name and a number (or None) a column."""

    title: str
    says: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int | None, ...]], ...]
