"""Predictions: what a tier of evidence should show if a claim is right. A closed set, one dataclass a check."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, TypeAlias

from claimcheck.fields import MEASURE, PERTURBATION, each_fits, said

Selected: TypeAlias = str | int | tuple[str | int, ...]
"""What a column may hold in a selection: one value or several."""


class Reading(StrEnum):
    """The words as they stand, or what the authors' own qualifications make of them."""

    LITERAL = "literal"
    FAIR = "fair"


class Setting(StrEnum):
    """Which pool a query is put to: its own language's, each other language's, or all languages' at once."""

    MONOLINGUAL = "monolingual"
    CROSS_LINGUAL = "cross-lingual"
    MULTILINGUAL = "multilingual"


def distinct(name: str, *values: str) -> None:
    """Raise ValueError where a value stands twice: nothing is compared with itself, nor counted twice."""
    for value in values:
        if values.count(value) > 1:
            raise ValueError(f"`{value}` stands twice in {name}; nothing is compared with itself or counted twice: remove one")


def from_0_to_1(name: str, values: tuple[float, ...]) -> None:
    """Raise ValueError for the first value that is no share or difference of shares."""
    for value in values:
        if not 0 <= value < 1:
            raise ValueError(f"`{name}` holds {value:g}; give points from 0 to 1, for example {value / 100:g}")


def _no_selection_of(where: Mapping[str, Selected], column: str, why: str) -> None:
    if column in where:
        raise ValueError(f"`where` selects on `{column}`, {why}; remove it there")
    for name, value in where.items():
        if value == ():
            raise ValueError(f"`where` gives no value for `{name}`; give at least one or remove it")


WHERE = said("Which cells: column -> value or list of values. A column left out is not restricted, but rows that sum up "
             "others (language: mean, median) are taken only where they are named.")
MARGIN = said("Smallest effect of interest, in points from 0 to 1.", ge=0, lt=1)
ALSO = said("Further margins for which the verdict is shown, in points from 0 to 1.")


def exactly_one(value: object, *names: str) -> None:
    """Raise ValueError unless exactly one of the named fields is set."""
    given = [name for name in names if getattr(value, name) is not None]
    if len(given) != 1:
        found = "none" if not given else " and ".join(f"`{name}`" for name in given)
        raise ValueError(f"a prediction asks exactly one thing, found {found}; give one of {', '.join(names)}")


# ---------------------------------------------------------------- tier `reported`: cells of the paper's own tables


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
        _no_selection_of(self.where, self.among, "the column that tells the competitors apart")


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
        _no_selection_of(self.where, self.among, "the column that tells the competitors apart")


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
        _no_selection_of(self.where, self.among, "the column that tells the two apart")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """The tables print at least one cell for each of the values of a column, and with `exactly` for no other."""

    column: str = field(metadata=said("The column, for example dataset."))
    values: tuple[str, ...] = field(metadata=said("The values that must occur.", min_length=1))
    where: Mapping[str, Selected] = field(default_factory=dict, metadata=WHERE)
    exactly: bool = field(default=False, metadata=said("True where no other value may occur."))

    def __post_init__(self) -> None:
        distinct("values", *self.values)
        _no_selection_of(self.where, self.column, "the column that is asked about")


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
        _no_selection_of(self.where, self.column, "the column that is counted")


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


# ---------------------------------------------------------------- tier `data`: the files of a data set


@dataclass(frozen=True, slots=True, kw_only=True)
class InLanguages:
    """A data set comes in so many languages."""

    dataset: str = field(metadata=said("Logical name of the data set, for example xquad-r."))
    languages: int = field(metadata=said("How many languages.", ge=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Parallel:
    """Every question of a data set stands in all of so many languages."""

    dataset: str = field(metadata=said("Logical name of the data set, for example xquad-r."))
    languages: int = field(metadata=said("In how many languages each question must stand.", ge=2))


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingCount:
    """A data set gives so many monolingual (n) or cross-lingual (n * (n - 1)) settings that have questions."""

    dataset: str = field(metadata=said("Logical name of the data set, for example xquad-r."))
    setting: Literal[Setting.MONOLINGUAL, Setting.CROSS_LINGUAL]
    equals: int = field(metadata=said("The number that the claim gives.", ge=0))


DATA_CHECKS = ("in_languages", "parallel", "settings")
DataFact: TypeAlias = InLanguages | Parallel | SettingCount


@dataclass(frozen=True, slots=True, kw_only=True)
class DataPrediction:
    """What the files of a data set should show if the claim is right: exactly one fact."""

    reading: Reading | None = field(default=None, metadata=said("literal or fair, where the two differ."))
    label: str = field(default="", metadata=said("Two or three words for the first table of the report.", max_length=40))
    says: str = field(default="", metadata=said("What is asked, in the reader's words.", max_length=300))
    in_languages: InLanguages | None = None
    parallel: Parallel | None = None
    settings: SettingCount | None = None

    def __post_init__(self) -> None:
        exactly_one(self, *DATA_CHECKS)

    @property
    def fact(self) -> "DataFact":
        """The one fact that is set."""
        return next(fact for fact in (self.in_languages, self.parallel, self.settings) if fact is not None)


# ---------------------------------------------------------------- tiers `reduced` and `full`: the method re-run


class Combine(StrEnum):
    """How the comparisons of one prediction join, for each backbone and rival: all must hold, or their average decides."""

    ALL = "all"
    MEAN = "mean"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """`arm` has a higher mean than each rival; with `combine: all` in every data set, setting and backbone."""

    arm: str = field(metadata=said("The arm of the reproduction that is said to be ahead."))
    against: tuple[str, ...] = field(metadata=said("Its rivals, arms of the reproduction.", min_length=1))
    measure: str = field(metadata=said("For example AP, R@1, R@10.", pattern=MEASURE))
    settings: tuple[Setting, ...] = field(metadata=said("monolingual, cross-lingual, multilingual.", min_length=1))
    datasets: tuple[str, ...] = field(metadata=said("Logical names, for example xquad-r.", min_length=1))
    margin: float = field(metadata=MARGIN)
    also_margins: tuple[float, ...] = field(default=(), metadata=ALSO)
    combine: Combine = field(default=Combine.ALL, metadata=said(
        "all (every data set and setting must hold), or mean (their average must)."))

    def __post_init__(self) -> None:
        distinct("arm and against", self.arm, *self.against)
        from_0_to_1("also_margins", self.also_margins)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduction:
    """The log of the ratio of macro means of `against` over `arm` exceeds -log(1 - at_least)."""

    arm: str = field(metadata=said("The arm that is said to be lower."))
    against: str = field(metadata=said("The arm that it is compared with."))
    measure: str = field(metadata=said("For example RankDistance.", pattern=MEASURE))
    settings: tuple[Setting, ...] = field(metadata=said("monolingual, cross-lingual, multilingual.", min_length=1))
    datasets: tuple[str, ...] = field(metadata=said("Logical names, for example xquad-r.", min_length=1))
    at_least: float = field(metadata=said("Share of `against` from 0 to 1: 0.10 is a tenth.", ge=0, lt=1))
    also_at_least: tuple[float, ...] = field(default=(), metadata=said("Further shares for which it is shown."))
    margin: float = field(metadata=said("Smallest reduction of interest, a share from 0 to 1.", gt=0, lt=1))

    def __post_init__(self) -> None:
        distinct("arm and against", self.arm, self.against)
        from_0_to_1("also_at_least", self.also_at_least)


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguagesAhead:
    """In how many languages `arm` is ahead of `against` (partial conjunction), at least `at_least` of them."""

    arm: str = field(metadata=said("The arm that is said to be ahead."))
    against: str = field(metadata=said("The arm that it is compared with."))
    measure: str = field(metadata=said("For example AP.", pattern=MEASURE))
    settings: tuple[Setting, ...] = field(metadata=said("monolingual, cross-lingual, multilingual.", min_length=1))
    datasets: tuple[str, ...] = field(metadata=said("Logical names, for example xquad-r.", min_length=1))
    at_least: int | Literal["all"] = field(default="all", metadata=said("A number of languages, or all."))
    margin: float = field(metadata=MARGIN)

    def __post_init__(self) -> None:
        distinct("arm and against", self.arm, self.against)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """Under perturbed queries, `arm` loses no more than `against`: a difference in differences within a run.

    It is judged on the absolute and on the log scale, which must agree.
    """

    arm: str = field(metadata=said("The arm that is asked about."))
    against: tuple[str, ...] = field(metadata=said("The arms that it is compared with.", min_length=1))
    measure: str = field(metadata=said("For example AP.", pattern=MEASURE))
    settings: tuple[Setting, ...] = field(metadata=said("monolingual, cross-lingual, multilingual.", min_length=1))
    datasets: tuple[str, ...] = field(metadata=said("Logical names, for example xquad-r.", min_length=1))
    perturbations: tuple[str, ...] = field(metadata=said("Families of perturbations, P1 to P14.", min_length=1))
    margin: float = field(metadata=MARGIN)
    also_margins: tuple[float, ...] = field(default=(), metadata=ALSO)

    def __post_init__(self) -> None:
        distinct("arm and against", self.arm, *self.against)
        from_0_to_1("also_margins", self.also_margins)
        each_fits(self.perturbations, PERTURBATION, "the perturbation")


RERUN_CHECKS = ("difference", "reduction", "languages_ahead", "interaction")


@dataclass(frozen=True, slots=True, kw_only=True)
class RerunPrediction:
    """What a re-run of the method should show if the claim is right: exactly one contrast, with its margin."""

    reading: Reading | None = field(default=None, metadata=said("literal or fair, where the two differ."))
    label: str = field(default="", metadata=said("Two or three words for the first table of the report.", max_length=40))
    says: str = field(default="", metadata=said("What is asked, in the reader's words.", max_length=300))
    difference: Difference | None = None
    reduction: Reduction | None = None
    languages_ahead: LanguagesAhead | None = None
    interaction: Interaction | None = None

    def __post_init__(self) -> None:
        exactly_one(self, *RERUN_CHECKS)
