"""What predictions of all tiers share: readings, settings, selections, and what cannot be asked."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias

from claimcheck.fields import said

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


_IN_ONE_POOL = ("RankDistance", "LogRankDistance", "SameLanguage")


def has_a_meaning(measure: str, settings: tuple[Setting, ...]) -> None:
    """Raise ValueError where a measure is about languages in one pool and a setting has one language a pool."""
    others = [setting.value for setting in settings if setting is not Setting.MULTILINGUAL]
    if measure.startswith(_IN_ONE_POOL) and others:
        raise ValueError(f"`{measure}` is about languages in one pool and means nothing in the setting {others[0]}; "
                         "give `settings: [multilingual]`")


_LARGER_IS_WORSE = ("RankDistance", "LogRankDistance")


def larger_is_better(measure: str) -> None:
    """Raise ValueError for a measure of which less is better, where an arm is said to be ahead by having more."""
    if measure.startswith(_LARGER_IS_WORSE):
        raise ValueError(f"of `{measure}` less is better, and an arm is ahead here by having more; use `reduction`")


def from_0_to_1(name: str, values: tuple[float, ...]) -> None:
    """Raise ValueError for the first value that is no share or difference of shares."""
    for value in values:
        if not 0 <= value < 1:
            raise ValueError(f"`{name}` holds {value:g}; give points from 0 to 1, for example {value / 100:g}")


def no_selection_of(where: Mapping[str, Selected], column: str, why: str) -> None:
    """Raise ValueError where a selection names a column that it may not, or gives no value for one."""
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
