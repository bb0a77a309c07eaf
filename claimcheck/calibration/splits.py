"""Halves of real runs against each other: the same arm on both sides, so whatever is said to differ does not."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt
from pathlib import Path

import numpy as np

from claimcheck.calibration.deciding import plain
from claimcheck.calibration.scenarios import SEED
from claimcheck.calibration.simulate import ALPHA, STANDARD_ERRORS
from claimcheck.errors import UsageFault
from claimcheck.measurement.measures import CellValues, Setting, parse, values
from claimcheck.measurement.places import Places
from claimcheck.measurement.store import RECORD, Store
from claimcheck.stats.cells import Cell
from claimcheck.stats.effect import Estimand, p_above, p_below
from claimcheck.stats.two_way import unpaired

LEAST_SEEDS = 6
MOST_SPLITS = 200
MEASURE = "AP"
_GROUPS = 2_000
"""Simulated groups, for how far the share of one group's splits strays."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Group:
    """Runs that differ in nothing but their seed."""

    name: str
    seeds: tuple[int, ...]
    places: tuple[Places, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Of the splits of one group on one route and setting, how many falsely say that one half is ahead, by each estimand.

    Both halves are asked whether they are ahead, so there are two `tests` a split.
    """

    name: str
    route: str
    setting: str
    seeds: int
    tests: int
    false: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Splits:
    """What the splits of all groups of a store say. `too_few`: groups of fewer seeds than a split needs.

    `spread`: for one group, the standard deviation of its share of false words, since its splits share their runs.
    """

    shares: tuple[Share, ...]
    groups: int
    too_few: int
    spread: float

    def rate(self, setting: str, estimand: Estimand) -> float:
        """The mean share of false words over groups and routes in a setting."""
        place = list(Estimand).index(estimand)
        return float(np.mean([each.false[place] / each.tests for each in self.shares if each.setting == setting]))

    @property
    def settings(self) -> tuple[str, ...]:
        """The settings, in order."""
        return tuple(dict.fromkeys(each.setting for each in self.shares))

    @property
    def limit(self) -> float:
        """The most that a setting's rate may be: routes of one group are taken for one, groups as independent."""
        return ALPHA + STANDARD_ERRORS * self.spread / sqrt(self.groups)


def groups(store: Path) -> tuple[Group, ...]:
    """The runs of a store by what they have in common apart from the seed.

    Raises CorruptInput: a result is damaged. UsageFault: the store holds none.
    """
    kept = Store(path=store)
    keys = sorted(path.parent.name for path in store.glob(f"*/{RECORD}"))
    if not keys:
        raise UsageFault(f"--store {store}: no result stands there; `claimcheck run` makes some")
    found: dict[str, list[tuple[int, Places, str]]] = {}
    for key in keys:
        places, record = kept.read(key)
        condition = record["condition"]
        assert isinstance(condition, dict)
        same = json.dumps([condition, record["sources"], record["data"]], sort_keys=True)
        name = f"{condition['backbone']} {condition['arm']}"
        found.setdefault(same, []).append((int(str(record["seed"])), places, name))
    made = []
    for same in sorted(found, key=lambda each: (found[each][0][2], each)):
        runs = {seed: (places, name) for seed, places, name in sorted(found[same], key=lambda run: run[0])}
        made.append(Group(name=found[same][0][2], seeds=tuple(runs), places=tuple(places for places, _ in runs.values())))
    return tuple(made)


def splits(found: Sequence[Group]) -> Splits:
    """Compare the halves of every group of enough seeds."""
    enough = [group for group in found if len(group.seeds) >= LEAST_SEEDS]
    shares = [share for group in enough for share in _shares(group)]
    spread = max((spread_of_a_group(seeds) for seeds in sorted({len(group.seeds) for group in enough})), default=0.0)
    return Splits(shares=tuple(shares), groups=len(enough), too_few=len(found) - len(enough), spread=spread)


def halves(seeds: int) -> tuple[tuple[int, ...], ...]:
    """The first halves of the ways to part so many runs, each way once: all, or `MOST_SPLITS` of them drawn at random."""
    made = list(combinations(range(seeds), seeds // 2))
    if seeds % 2 == 0:
        made = made[:len(made) // 2]  # the others are these the other way round
    if len(made) > MOST_SPLITS:
        chosen = np.random.default_rng(SEED).choice(len(made), MOST_SPLITS, replace=False)
        made = [made[place] for place in sorted(chosen.tolist())]
    return tuple(made)


def cells_of(runs: Sequence[Places], measure: str, setting: Setting, route: str) -> list[Cell]:
    """The cells of runs, each a row; clusters are numbered alike in all of them.

    Raises ValueError: the runs did not evaluate the same questions.
    """
    by_run = [values(places, parse(measure), setting, route) for places in runs]
    numbers: dict[str, int] = {}

    def coded(cell: CellValues) -> list[int]:
        return [numbers.setdefault(name, len(numbers)) for name in cell.clusters.tolist()]

    if any(not np.array_equal(each.questions, cells[0].questions) for cells in zip(*by_run, strict=True) for each in cells):
        raise ValueError("runs that differ in nothing but the seed did not evaluate the same questions")
    return [Cell(values=np.stack([each.values for each in cells]), clusters=np.array(coded(cells[0]), dtype=np.int64))
            for cells in zip(*by_run, strict=True)]


def spread_of_a_group(seeds: int) -> float:
    """Standard deviation, over groups of so many normal runs, of the share of splits that are false at ALPHA; by simulation.

    Splits of one group share its runs, so their share strays further than that of as many independent comparisons.
    """
    random = np.random.default_rng(np.random.SeedSequence([SEED, seeds]))
    runs = random.standard_normal((_GROUPS, seeds))
    said = []
    for half in halves(seeds):
        one, other = runs[:, list(half)], np.delete(runs, list(half), axis=1)
        v = [each.var(axis=1, ddof=1) / each.shape[1] for each in (one, other)]
        df = (v[0] + v[1]) ** 2 / (v[0] ** 2 / (one.shape[1] - 1) + v[1] ** 2 / (other.shape[1] - 1))
        p = plain(v[0] + v[1], df).p_ahead(one.mean(axis=1) - other.mean(axis=1))
        said.append(((p <= ALPHA).astype(float) + (1 - p <= ALPHA)) / 2)
    return float(np.mean(said, axis=0).std(ddof=1))


def _shares(group: Group) -> list[Share]:
    made = []
    for route in group.places[0].route.names:
        for setting in Setting:
            cells = cells_of(group.places, MEASURE, setting, route)
            if not cells:
                continue
            counted = [0, 0]
            parted = halves(len(group.seeds))
            for half in parted:
                rest = [place for place in range(len(group.seeds)) if place not in half]
                one, other = ([Cell(values=cell.values[list(rows)], clusters=cell.clusters) for cell in cells]
                              for rows in (half, rest))
                effect = unpaired(one, other)
                for place, estimand in enumerate(Estimand):
                    counted[place] += sum(p(effect, estimand, 0.0) <= ALPHA for p in (p_above, p_below))
            made.append(Share(name=group.name, route=route, setting=str(setting), seeds=len(group.seeds), tests=2 * len(parted),
                              false=(counted[0], counted[1])))
    return made
