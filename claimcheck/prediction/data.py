"""Predictions for tier `data`: what the files of a data set should show."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from claimcheck.fields import said
from claimcheck.prediction.shared import Reading, Setting, exactly_one


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
