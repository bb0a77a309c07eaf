"""What search attacks on queries cost each arm: each arm attacked by itself, and by what was made on the others (transfer).

On a fixed part of the questions. Apart from any claim, and outside the headline: an attack is made for the arm that it is made
on, and the more clearly an arm is right on clean queries, the harder it is to attack, so margins stand beside the losses.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from claimcheck.appraisal.attack_records import ArmMargin, Search, margins, searches
from claimcheck.appraisal.first_places import Lost, lost, right, share, share_less
from claimcheck.appraisal.interactions import Side, effects
from claimcheck.appraisal.losses import MEASURE, Estimated, estimated
from claimcheck.appraisal.measured import Measured, Result
from claimcheck.measurement.measures import CellValues, Setting, parse, values
from claimcheck.measurement.places import attacked, variant
from claimcheck.stats.cells import Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class AttackRow:
    """An attack of at most so many edits that was made on one arm and put to one, itself or another.

    `success`: share of the queries that all compared arms answer right of which the first place is lost, in percent; `drop`: of
    AP, over all attacked queries, languages weighing the same. `search`: how it went, None for what was made on another arm.
    """

    attack: str
    edits: int
    made_on: str
    put_to: str
    success: Estimated | None
    drop: Estimated
    search: Search | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttackContrast:
    """An arm against a rival, each attacked by itself; above 0 the arm loses less.

    `success`: in percent points of first places, the same queries for both; `drop`: in points of AP; `retention`: on logs.
    """

    arm: str
    rival: str
    attack: str
    edits: int
    success: Estimated | None
    drop: Estimated
    retention: Estimated | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attacks:
    """All attacks on one route of a backbone. `queries`: attacked, of all languages; `right`: share of them that all are right
    on, from 0 to 1; `sets`: arm -> digests of the frozen attacked queries, one a run and fold; `keys`: of the runs.
    """

    arms: tuple[str, ...]
    queries: int
    articles: int
    runs: int
    right: float
    rows: tuple[AttackRow, ...]
    contrasts: tuple[AttackContrast, ...]
    margins: tuple[ArmMargin, ...]
    sets: tuple[tuple[str, tuple[str, ...]], ...]
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """The rows of all attack runs of a backbone by what they are called, questions in order of their ids."""

    results: Sequence[Result]
    codes: dict[str, int]

    def of(self, name: str, measure: str) -> dict[str, Cell]:
        """Language -> values (S, n) of a measure in the pool of all languages."""
        by_run = [values(table, parse(measure), Setting.MULTILINGUAL, name)
                  for result in self.results if (table := result.perturbed) is not None]
        return {cells[0].query_language: Cell(values=np.stack([cell.values for cell in _same(cells)]),
                                              clusters=np.array([self.codes.setdefault(str(each), len(self.codes))
                                                                 for each in cells[0].clusters], np.int64))
                for cells in zip(*by_run, strict=True)}


def _same(cells: Sequence[CellValues]) -> Sequence[CellValues]:
    if any(not np.array_equal(each.questions, cells[0].questions) for each in cells):
        raise ValueError("runs of attacks were not put to the same questions")
    return cells


def attacks(measured: Measured, backbone: str, route: str, pairs: Sequence[tuple[str, str]]) -> Attacks | None:
    """Of one route of a backbone; None where nothing was attacked. Raises ValueError: runs attacked different questions."""
    asked, results = measured.plan.design.attacks, measured.attacked.get(backbone, ())
    if asked is None or not results:
        return None
    table = _Table(results=results, codes={})
    arms = asked.arms or measured.arms_of(backbone)
    clean = {arm: table.of(variant(route, f"clean {arm}", 0), "RR") for arm in arms}
    before = {arm: table.of(variant(route, f"clean {arm}", 0), MEASURE) for arm in arms}
    languages = tuple(clean[arms[0]])

    def first(name: str) -> list[Lost]:
        after = table.of(name, "RR")
        return [lost([clean[arm][language] for arm in arms], [after[language]]) for language in languages]

    def side(arm: str, name: str) -> Side:
        after = table.of(name, MEASURE)
        return Side(about=tuple(("", language) for language in languages), weights=(1 / len(languages),) * len(languages),
                    clean=tuple(before[arm][language] for language in languages),
                    after=tuple(after[language] for language in languages))

    made = _rows(measured, (backbone, route), arms, first, side)
    cells = clean[arms[0]].values()
    return Attacks(
        arms=tuple(arms), queries=sum(cell.values.shape[1] for cell in cells), runs=len(results),
        articles=len({int(code) for cell in cells for code in cell.clusters}), rows=made,
        right=right(first(attacked(route, asked.kinds[0], arms[0], arms[0], asked.edits))),
        contrasts=_contrasts(measured, route, [pair for pair in pairs if set(pair) <= set(arms)], first, side),
        margins=margins(results, route, arms), sets=tuple((arm, _sets(results, route, arm)) for arm in arms),
        keys=tuple(result.key for result in results))


def _rows(measured: Measured, where: tuple[str, str], arms: Sequence[str], first: Callable[[str], list[Lost]],
          side: Callable[[str, str], Side]) -> tuple[AttackRow, ...]:
    backbone, route = where
    asked = measured.plan.design.attacks
    assert asked is not None
    found = searches(measured.attacked[backbone], route)
    made = []
    for kind in asked.kinds:
        for edits in range(1, asked.edits + 1):
            for made_on in arms:
                for put_to in arms if edits == asked.edits else (made_on,):
                    name = attacked(route, kind, made_on, put_to, edits)
                    own = side(put_to, name)
                    nothing = Side(about=own.about, clean=own.clean, after=own.clean, weights=own.weights)
                    drop, _ = effects(nothing, own, pair=True)
                    search = found[made_on, kind, edits] if made_on == put_to else None
                    made.append(AttackRow(attack=kind, edits=edits, made_on=made_on, put_to=put_to, drop=estimated(drop),
                                          success=share(first(name)), search=search))
    return tuple(made)


def _contrasts(measured: Measured, route: str, pairs: Sequence[tuple[str, str]], first: Callable[[str], list[Lost]],
               side: Callable[[str, str], Side]) -> tuple[AttackContrast, ...]:
    asked, pair = measured.plan.design.attacks, measured.plan.design.paired
    assert asked is not None
    made = []
    for kind in asked.kinds:
        for edits in range(1, asked.edits + 1):
            for arm, rival in pairs:
                own, other = (attacked(route, kind, each, each, edits) for each in (arm, rival))
                absolute, on_logs = effects(side(arm, own), side(rival, other), pair=pair)
                made.append(AttackContrast(arm=arm, rival=rival, attack=kind, edits=edits, drop=estimated(absolute),
                                           success=share_less(first(own), first(other), pair=pair),
                                           retention=None if on_logs is None else estimated(on_logs)))
    return tuple(made)


def _sets(results: Sequence[Result], route: str, arm: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(leg["attacks"]["sets"][arm] for result in results for leg in result.record["legs"]
                               if leg["route"] == route))
