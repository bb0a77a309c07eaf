"""What runs gave, read from the store: places of every arm and seed, and from them the cells that comparisons rest on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from claimcheck.corpora.large import LARGE
from claimcheck.measurement.measures import CellValues, Setting, parse, values
from claimcheck.measurement.places import Places, clean_route, concatenate, parted
from claimcheck.measurement.store import Store
from claimcheck.measurement.ties import Ties, placed, with_ties
from claimcheck.measurement.work import Work
from claimcheck.plan import Plan
from claimcheck.stats.cells import Cell

Wanted: TypeAlias = tuple[str, str, str]
"""A measure, a setting, a route."""


class Mean(StrEnum):
    """What each cell of a setting weighs: the same, or as much as it has queries, so that each query weighs the same."""

    BY_LANGUAGE = "by language"
    BY_QUESTION = "by question"


class Ratio(StrEnum):
    """What a ratio of two arms is taken of, in each run: their means, their geometric means, or the means of cells' medians."""

    MEANS = "means"
    LOGS = "geometric means"
    MEDIANS = "medians"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to analyse the same places. As it stands without any argument it is the main one, which decides.

    A language that is left out is left out as language of the query; between languages, as that of the candidates too.
    """

    ties: Ties = Ties.BY_ID
    mean: Mean = Mean.BY_LANGUAGE
    without_language: str = ""
    without_seed: int | None = None
    ratio: Ratio = Ratio.MEANS


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one run gave. `places`: of clean queries; `perturbed`: of perturbed ones, where any were asked."""

    key: str
    seed: int
    places: Places = field(repr=False)
    record: Mapping[str, Any] = field(repr=False)
    perturbed: Places | None = field(default=None, repr=False)

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds that the run took, all its legs."""
        return float(sum(leg["cpu_seconds"] for leg in self.record["legs"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageCell:
    """One cell of a setting: a query language with the pool that it is put to ("" for that of all languages), over all runs.

    `questions`: their ids, (n,), column by column of the cell's values.
    """

    query_language: str
    candidate_language: str
    cell: Cell
    questions: NDArray[np.str_] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """All runs of a plan: (backbone, arm) -> results in order of their seeds.

    `way`: how their places are analysed; `origin`: where cells are taken from if that is not the main one. `resamples`: draws
    of the bootstrap that tells a ratio of further articles; 0 for none, where nothing is said of these. `attacked`: backbone ->
    what runs of attacks gave, in order of their seeds.
    """

    plan: Plan
    results: Mapping[tuple[str, str], tuple[Result, ...]]
    way: Way = Way()
    origin: "Measured | None" = field(default=None, repr=False)
    resamples: int = 10_000
    cells: dict[tuple[str, str, Wanted], tuple[LanguageCell, ...]] = field(default_factory=dict, repr=False)
    clusters: dict[tuple[str, str], int] = field(default_factory=dict, repr=False)
    tied: dict[tuple[str, str, int], Places] = field(default_factory=dict, repr=False)
    attacked: Mapping[str, tuple[Result, ...]] = field(default_factory=dict, repr=False)

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms, in the order of the plan."""
        return tuple(dict.fromkeys(arm for _, arm in self.results))

    def arms_of(self, backbone: str) -> tuple[str, ...]:
        """The arms that a backbone has; a finished model has the one before training."""
        return tuple(arm for arm in self.arms if (backbone, arm) in self.results)

    def backbones_with(self, *arms: str) -> tuple[str, ...]:
        """The backbones that have all of some arms, in the order of the plan."""
        return tuple(each for each in self.plan.design.backbones if set(arms) <= set(self.arms_of(each)))

    def of(self, backbone: str, arm: str, wanted: Wanted) -> tuple[LanguageCell, ...]:
        """The values of an arm, runs x questions in each cell, questions in order of their ids; computed once.

        Raises ValueError: the runs did not evaluate the same questions, or the measure has no meaning in the setting.
        """
        known = self.cells.get((backbone, arm, wanted))
        if known is None:
            known = self.cells[backbone, arm, wanted] = (
                self._joined(self.results[backbone, arm], wanted) if self.origin is None
                else self._varied(self.origin, backbone, arm, wanted))
        return known

    def analysed(self, way: Way, resamples: int | None = None) -> "Measured":
        """The same places analysed another way, with as many draws unless told otherwise.

        What is left out here stays left out: a way that follows another one leaves out at least as much.
        """
        results = {name: tuple(each for each in results if each.seed != way.without_seed)
                   for name, results in self.results.items()}
        return replace(self, results=results, way=way, origin=self, cells={},
                       resamples=self.resamples if resamples is None else resamples)

    def weights(self, cells: Sequence[LanguageCell], groups: int = 1) -> list[float]:
        """What each cell of a setting weighs, where so many settings weigh the same; over all of them they sum to 1."""
        if self.way.mean is Mean.BY_LANGUAGE:
            return [1 / (groups * len(cells)) for _ in cells]
        queries = [each.cell.values.shape[1] for each in cells]
        return [each / (groups * sum(queries)) for each in queries]

    def _varied(self, origin: "Measured", backbone: str, arm: str, wanted: Wanted) -> tuple[LanguageCell, ...]:
        cells, results = origin.of(backbone, arm, wanted), origin.results[backbone, arm]
        if self.way.ties is not origin.way.ties:
            cells = _with(cells, [self._tied(backbone, arm, each) for each in results], wanted, self.way.ties)
        if (left_out := self.way.without_language) != origin.way.without_language:
            cells = tuple(each for each in cells if left_out not in (each.query_language, each.candidate_language))
        if not all(kept := [each.seed != self.way.without_seed for each in results]):
            cells = tuple(replace(each, cell=Cell(values=each.cell.values[kept], clusters=each.cell.clusters))
                          for each in cells)
        return cells

    def _tied(self, backbone: str, arm: str, result: Result) -> Places:
        """The places of the queries of a run that have ties, which are all that another order of ties can move."""
        known = self.tied.get((backbone, arm, result.seed))
        if known is None:
            tied = [with_ties(each) for each in (result.places, result.perturbed) if each is not None]
            known = self.tied[backbone, arm, result.seed] = concatenate(tied) if len(tied) > 1 else tied[0]
        return known

    def _joined(self, results: Sequence[Result], wanted: Wanted) -> tuple[LanguageCell, ...]:
        measure, setting, route = wanted
        if setting != Setting.MONOLINGUAL and _evaluated(route) in LARGE:
            return ()  # each language's passages are a pool of their own: there is no other setting
        tables = [result.places if clean_route(route) == route else result.perturbed for result in results]
        by_run = [values(table, parse(measure), setting, route) for table in tables if table is not None]
        made = []
        for cells in zip(*by_run, strict=True):
            if any(not np.array_equal(each.questions, cells[0].questions) for each in cells):
                raise ValueError(f"runs of {self.plan.profile} did not evaluate the same questions on {route}")
            made.append(LanguageCell(
                query_language=cells[0].query_language, candidate_language=cells[0].candidate_language,
                questions=cells[0].questions,
                cell=Cell(values=np.stack([cell.values for cell in cells]), clusters=self._codes(cells[0], route))))
        return tuple(made)

    def _codes(self, cell: CellValues, route: str) -> NDArray[np.int64]:
        """Numbers of the clusters, the same for a cluster in every cell and route over the same evaluation data."""
        data_set = _evaluated(route)
        return np.asarray([self.clusters.setdefault((data_set, str(name)), len(self.clusters))
                           for name in cell.clusters], dtype=np.int64)


def _evaluated(route: str) -> str:
    """The data set that a route evaluates, by its name in rows of results."""
    return clean_route(route).rpartition(" > ")[2]


def _with(cells: tuple[LanguageCell, ...], tied: Sequence[Places], wanted: Wanted, ties: Ties) -> tuple[LanguageCell, ...]:
    """The cells with the values that queries with ties (of each run) have under another order of these."""
    measure, setting, route = wanted
    made = {(each.query_language, each.candidate_language): each for each in cells}
    for run, places in enumerate(tied):
        if route not in places.route.names:
            continue
        for given in values(placed(places, parse(measure), ties), parse(measure), setting, route):
            each = made[given.query_language, given.candidate_language]
            changed = each.cell.values.copy()
            changed[run, np.isin(each.questions, given.questions)] = given.values
            made[given.query_language, given.candidate_language] = replace(
                each, cell=Cell(values=changed, clusters=each.cell.clusters))
    return tuple(made.values())


def read(plan: Plan, works: Sequence[Work], store: Store) -> Measured:
    """All results of a plan. Raises CorruptInput: one of them is missing or damaged."""
    found: dict[tuple[str, str], list[Result]] = {}
    attacked: dict[str, list[Result]] = {}
    for work in works:
        everything, record = store.read(work.key)
        places, perturbed = parted(everything)
        condition = work.run.condition
        own = (found.setdefault((condition.backbone, condition.arm), []) if condition.attacks is None
               else attacked.setdefault(condition.backbone, []))
        own.append(Result(key=work.key, seed=work.run.seed, places=places, record=record, perturbed=perturbed))

    def in_order(results: Sequence[Result]) -> tuple[Result, ...]:
        return tuple(sorted(results, key=lambda result: result.seed))

    return Measured(plan=plan, results={name: in_order(each) for name, each in found.items()},
                    attacked={name: in_order(each) for name, each in attacked.items()})
