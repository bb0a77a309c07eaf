"""What the records of runs say of searches for attacks, and the examples that they hold."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from claimcheck.appraisal.measured import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """How an attack on an arm went, over all its queries and runs. `changed`: share of queries that are in other words.

    `asked`: texts that the search had scored, a mean a query; `made`: edits in a query that was changed, a mean; `clean` and
    `after`: mean of the objective J, the highest score of an irrelevant candidate less that of a relevant one.
    """

    queries: int
    changed: float
    asked: float
    made: float
    clean: float
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmMargin:
    """By how much the best relevant candidate is ahead of the best irrelevant one on clean queries, in units of the score.

    `quartiles`: means of the quartiles of languages, runs and folds. `lost`: share of queries with a negative margin.
    """

    arm: str
    mean: float
    quartiles: tuple[float, float, float]
    lost: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A query before and after. `what`: a family, or an attack; `arm`: whom it was made on, "" for a family.

    `margins`: of that arm before and after, below 0 where the first place is lost; None for a family.
    """

    what: str
    arm: str
    language: str
    question: str
    clean: str
    after: str
    margins: tuple[float, float] | None = None


def searches(results: Sequence[Result], route: str) -> dict[tuple[str, str, int], Search]:
    """Arm, attack and edits at most -> how the search went."""
    sums: dict[tuple[str, str, int], dict[str, float]] = {}
    for leg in _legs(results, route):
        for arm, own in leg["arms"].items():
            for kind, budgets in own["attacks"].items():
                for edits, cells in budgets.items():
                    into = sums.setdefault((arm, kind, int(edits)), {})
                    for cell in cells.values():
                        for name, value in cell.items():
                            into[name] = into.get(name, 0.0) + value
    return {name: Search(queries=int(own["questions"]), changed=own["applied"] / own["questions"],
                         asked=own["asked"] / own["questions"], made=own["made"] / max(own["applied"], 1.0),
                         clean=own["clean"] / own["questions"], after=own["after"] / own["questions"])
            for name, own in sums.items()}


def margins(results: Sequence[Result], route: str, arms: Sequence[str]) -> tuple[ArmMargin, ...]:
    """Of each arm, languages, runs and folds weighing the same."""
    made = []
    for arm in arms:
        cells = [cell for leg in _legs(results, route) for cell in leg["arms"][arm]["margins"].values()]
        low, middle, high = (float(np.mean([cell["quartiles"][place] for cell in cells])) for place in range(3))
        made.append(ArmMargin(arm=arm, mean=float(np.mean([cell["mean"] for cell in cells])), quartiles=(low, middle, high),
                              lost=sum(cell["lost"] for cell in cells) / sum(cell["questions"] for cell in cells)))
    return tuple(made)


def examples_of_attacks(results: Sequence[Result], route: str) -> tuple[Example, ...]:
    """Those of the first run and fold."""
    leg = next(_legs(results, route), None)
    if leg is None:
        return ()
    return tuple(Example(what=one["attack"], arm=arm, language=one["language"], question=one["question"], clean=one["clean"],
                         after=one["after"], margins=(one["margins"][0], one["margins"][1]))
                 for arm, own in leg["examples"].items() for one in own)


def examples_of_families(record: Mapping[str, Any], route: str) -> tuple[Example, ...]:
    """One query of each language with what the first draw of each family makes of it, of the first fold of a run."""
    leg = next(each["perturbed"] for each in record["legs"] if each["route"] == route)
    made = []
    for language, question in leg.get("examples", {}).items():
        for family, own in leg["families"].items():
            if (after := own.get("examples", {}).get(language)) is not None:
                made.append(Example(what=family, arm="", language=language, question=question["question"],
                                    clean=question["text"], after=after))
    return tuple(made)


def _legs(results: Sequence[Result], route: str) -> Iterator[Mapping[str, Any]]:
    return (leg["attacks"] for result in results for leg in result.record["legs"] if leg["route"] == route)
