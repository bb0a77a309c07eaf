"""Predictions for tier `reported`: what cells of the paper's own tables should show."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from claimcheck.fields import said
from claimcheck.prediction.shared import (
    WHERE,
    Reading,
    Selected,
    distinct,
    exactly_one,
    no_selection_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BestOf:
    """In every selected cell, `arm` stands ahead of each other value of the column `among`."""

    arm: str = field(metadata=said("The value of `among` that is said to be best."))
    among: str = field(metadata=said("The column that tells the competitors apart, for example sampling."))
    where: Mapping[str, Selected] = field(default_factory=dict, metadata=WHERE)
    lower_is_better: bool = field(default=False, metadata=said("True for distances and ranks."))
    average_over: tuple[str, ...] = field(
        default=(), metadata=said("Columns over which values are averaged before they are compared."))

    def __post_init__(self) -> None:
        no_selection_of(self.where, self.among, "the column that tells the competitors apart")


@dataclass(frozen=True, slots=True, kw_only=True)
class BetterThan:
    """In every selected cell, `arm` stands ahead of each of the named rivals: one comparison a rival."""

    arm: str = field(metadata=said("The value of `among` that is said to be better."))
    than: tuple[str, ...] = field(metadata=said("The rivals, values of `among`.", min_length=1))
    among: str = field(metadata=said("The column that tells the competitors apart, for example sampling."))
    where: Mapping[str, Selected] = field(default_factory=dict, metadata=WHERE)
    lower_is_better: bool = field(default=False, metadata=said("True for distances and ranks."))
    average_over: tuple[str, ...] = field(
        default=(), metadata=said("Columns over which values are averaged before they are compared."))

    def __post_init__(self) -> None:
        distinct("arm and than", self.arm, *self.than)
        no_selection_of(self.where, self.among, "the column that tells the competitors apart")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReductionBy:
    """In every selected cell, `arm` lies below `against` by at least so many percent of `against`."""

    arm: str = field(metadata=said("The value of `among` that is said to be lower."))
    against: str = field(metadata=said("The value of `among` that it is compared with."))
    among: str = field(metadata=said("The column that tells the two apart, for example sampling."))
    where: Mapping[str, Selected] = field(default_factory=dict, metadata=WHERE)
    at_least_percent: float = field(default=0, metadata=said("In percent of `against`; 0 asks for any reduction.",
                                                             ge=0, lt=100))

    def __post_init__(self) -> None:
        distinct("arm and against", self.arm, self.against)
        if 0 < self.at_least_percent < 1:
            raise ValueError(f"`at_least_percent` is {self.at_least_percent:g}, less than one percent; give percent, for "
                             f"example {100 * self.at_least_percent:g}")
        no_selection_of(self.where, self.among, "the column that tells the two apart")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """The tables print at least one cell for each of the values of a column, and with `exactly` for no other."""

    column: str = field(metadata=said("The column, for example dataset."))
    values: tuple[str, ...] = field(metadata=said("The values that must occur.", min_length=1))
    where: Mapping[str, Selected] = field(default_factory=dict, metadata=WHERE)
    exactly: bool = field(default=False, metadata=said("True where no other value may occur."))

    def __post_init__(self) -> None:
        distinct("values", *self.values)
        no_selection_of(self.where, self.column, "the column that is asked about")


class Counted(StrEnum):
    """What `counts` counts: the distinct values of a column, or the ordered pairs of two different ones."""

    VALUES = "values"
    ORDERED_PAIRS = "ordered pairs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The number of distinct values of a column, or of ordered pairs of two different ones: n or n * (n - 1)."""

    column: str = field(metadata=said("The column, for example language."))
    equals: int = field(metadata=said("The number that the claim gives.", ge=0))
    where: Mapping[str, Selected] = field(default_factory=dict, metadata=WHERE)
    of: Counted = field(default=Counted.VALUES, metadata=said("values, or ordered pairs of two different values."))

    def __post_init__(self) -> None:
        no_selection_of(self.where, self.column, "the column that is counted")


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanReproduces:
    """Each printed mean or median is that of the cells that it sums up, within rounding."""

    where: Mapping[str, Selected] = field(default_factory=dict, metadata=WHERE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Granularity:
    """Each printed rate can be k/n for whole k, for every admissible n told apart by name.

    A mismatch is a question about n, not an error of the paper.
    """

    admissible: Mapping[str, int | Mapping[str, int]] = field(
        metadata=said("Name of the count -> n, or n by language.", min_length=1))
    where: Mapping[str, Selected] = field(default_factory=dict, metadata=WHERE)

    def __post_init__(self) -> None:
        for name, size in self.admissible.items():
            if any(each < 1 for each in (size.values() if isinstance(size, Mapping) else (size,))):
                raise ValueError(f"`{name}` is no count of things; give whole numbers from 1")


TABLE_CHECKS = ("best_of", "better_than", "reduction_by", "reports", "counts", "mean_reproduces", "granularity")
TableCheck: TypeAlias = BestOf | BetterThan | ReductionBy | Reports | Counts | MeanReproduces | Granularity


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePrediction:
    """What the paper's own tables should show if the claim is right: exactly one check over a selection of cells."""

    reading: Reading | None = field(default=None, metadata=said("literal or fair, where the two differ."))
    label: str = field(default="", metadata=said("Two or three words for the first table of the report.", max_length=40))
    says: str = field(default="", metadata=said("What is asked, in the reader's words.", max_length=300))
    best_of: BestOf | None = None
    better_than: BetterThan | None = None
    reduction_by: ReductionBy | None = None
    reports: Reports | None = None
    counts: Counts | None = None
    mean_reproduces: MeanReproduces | None = None
    granularity: Granularity | None = None

    def __post_init__(self) -> None:
        exactly_one(self, *TABLE_CHECKS)

    @property
    def check(self) -> TableCheck:
        """The one check that is set."""
        checks = (self.best_of, self.better_than, self.reduction_by, self.reports, self.counts, self.mean_reproduces,
                  self.granularity)
        return next(check for check in checks if check is not None)
