"""Predictions for tiers `reduced` and `full`: what a re-run of the method should show, each with its margin."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from claimcheck.fields import MEASURE, PERTURBATION, each_fits, said
from claimcheck.prediction.shared import (
    ALSO,
    MARGIN,
    Reading,
    Setting,
    distinct,
    exactly_one,
    from_0_to_1,
    has_a_meaning,
    larger_is_better,
)


class Combine(StrEnum):
    """How the comparisons of one prediction join, for each backbone and rival: all must hold, or their average decides."""

    ALL = "all"
    MEAN = "mean"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Between:
    """What is said of one arm and its rivals: measured where, and how the comparisons join."""

    arm: str = field(metadata=said("The arm of the reproduction that the sentence speaks of."))
    against: tuple[str, ...] = field(metadata=said("Its rivals, arms of the reproduction.", min_length=1))
    measure: str = field(metadata=said("For example AP, R@1, R@10.", pattern=MEASURE))
    settings: tuple[Setting, ...] = field(metadata=said("monolingual, cross-lingual, multilingual.", min_length=1))
    datasets: tuple[str, ...] = field(metadata=said("Logical names, for example xquad-r.", min_length=1))
    also_margins: tuple[float, ...] = field(default=(), metadata=ALSO)
    combine: Combine = field(default=Combine.ALL, metadata=said(
        "all (every data set and setting must hold), or mean (their average must)."))

    def __post_init__(self) -> None:
        distinct("arm and against", self.arm, *self.against)
        from_0_to_1("also_margins", self.also_margins)
        larger_is_better(self.measure)
        has_a_meaning(self.measure, self.settings)
        distinct("settings", *self.settings)
        distinct("datasets", *self.datasets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference(_Between):
    """`arm` has a higher mean than each rival; with `combine: all` in every data set, setting and backbone."""

    margin: float = field(metadata=MARGIN)
    at_least: float = field(default=0.0, metadata=said("Higher by more than so many points, from 0 to 1.", ge=0, lt=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Equivalence(_Between):
    """`arm` and each rival differ by less than the margin, either way: "comparable", "no change"."""

    margin: float = field(metadata=said("From what on it is a difference, in points, above 0 and below 1.", gt=0, lt=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class NonInferiority(_Between):
    """`arm` is not worse than any rival by the margin or more: "comparable or superior"."""

    margin: float = field(metadata=said("From what on it is a loss, in points, above 0 and below 1.", gt=0, lt=1))


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
        has_a_meaning(self.measure, self.settings)
        distinct("settings", *self.settings)
        distinct("datasets", *self.datasets)


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
        if self.at_least != "all" and self.at_least < 1:
            raise ValueError(f"`at_least: {self.at_least}` asks for nothing; give a number of languages from 1, or all")
        larger_is_better(self.measure)
        has_a_meaning(self.measure, self.settings)
        distinct("settings", *self.settings)
        distinct("datasets", *self.datasets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """Under perturbed queries `arm` loses no more than each of its rivals: a difference in differences within a run.

    It is judged on the absolute scale and on that of logs, which must agree.
    """

    arm: str = field(metadata=said("The arm that is asked about."))
    against: tuple[str, ...] = field(metadata=said("The arms that it is compared with.", min_length=1))
    measure: str = field(metadata=said("For example AP.", pattern=MEASURE))
    settings: tuple[Setting, ...] = field(metadata=said("monolingual, cross-lingual, multilingual.", min_length=1))
    datasets: tuple[str, ...] = field(metadata=said("Logical names, for example xquad-r.", min_length=1))
    perturbations: tuple[str, ...] = field(metadata=said("Families of perturbations, P1 to P14.", min_length=1))
    margin: float = field(metadata=MARGIN)
    also_margins: tuple[float, ...] = field(default=(), metadata=ALSO)
    loses: Literal["no more", "less", "as much"] = field(default="no more", metadata=said(
        "no more (worse by less than the margin), less (by any size), or as much (the same within the margin, "
        "\"no change\"); no more unless given."))
    budget: Literal["light", "medium", "stress"] = field(default="light", metadata=said(
        "How much of a query is edited, as in a profile's perturbations; light unless given."))

    def __post_init__(self) -> None:
        distinct("arm and against", self.arm, *self.against)
        from_0_to_1("also_margins", self.also_margins)
        larger_is_better(self.measure)
        has_a_meaning(self.measure, self.settings)
        distinct("settings", *self.settings)
        distinct("datasets", *self.datasets)
        distinct("perturbations", *self.perturbations)
        each_fits(self.perturbations, PERTURBATION, "the perturbation")
        if self.loses == "as much" and not self.margin:
            raise ValueError("`loses: as much` with `margin: 0` can never be shown; give the smallest change of interest")


RERUN_CHECKS = ("difference", "equivalence", "non_inferiority", "reduction", "languages_ahead", "interaction")


@dataclass(frozen=True, slots=True, kw_only=True)
class RerunPrediction:
    """What a re-run of the method should show if the claim is right: exactly one contrast, with its margin."""

    reading: Reading | None = field(default=None, metadata=said("literal or fair, where the two differ."))
    label: str = field(default="", metadata=said("Two or three words for the first table of the report.", max_length=40))
    says: str = field(default="", metadata=said("What is asked, in the reader's words.", max_length=300))
    difference: Difference | None = None
    equivalence: Equivalence | None = None
    non_inferiority: NonInferiority | None = None
    reduction: Reduction | None = None
    languages_ahead: LanguagesAhead | None = None
    interaction: Interaction | None = None

    def __post_init__(self) -> None:
        exactly_one(self, *RERUN_CHECKS)

    @property
    def check(self) -> Difference | Equivalence | NonInferiority | Reduction | LanguagesAhead | Interaction:
        """The one that is given."""
        given = (self.difference or self.equivalence or self.non_inferiority or self.reduction or self.languages_ahead
                 or self.interaction)
        assert given is not None
        return given
