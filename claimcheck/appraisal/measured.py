"""What runs gave, read from the store: places of every arm and seed, and from them the cells that comparisons rest on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from claimcheck.measurement.measures import CellValues, parse, values
from claimcheck.measurement.places import Places
from claimcheck.measurement.store import Store
from claimcheck.measurement.work import Work
from claimcheck.plan import Plan
from claimcheck.stats.cells import Cell

Wanted: TypeAlias = tuple[str, str, str]
"""A measure, a setting, a route."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one run gave."""

    key: str
    seed: int
    places: Places = field(repr=False)
    record: Mapping[str, Any] = field(repr=False)

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds that the run took, all its legs."""
        return float(sum(leg["cpu_seconds"] for leg in self.record["legs"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageCell:
    """One cell of a setting: a query language with the pool that it is put to ("" for that of all languages), over all runs."""

    query_language: str
    candidate_language: str
    cell: Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """All runs of a plan: (backbone, arm) -> results in order of their seeds."""

    plan: Plan
    results: Mapping[tuple[str, str], tuple[Result, ...]]
    cells: dict[tuple[str, str, Wanted], tuple[LanguageCell, ...]] = field(default_factory=dict, repr=False)
    clusters: dict[tuple[str, str], int] = field(default_factory=dict, repr=False)

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms, in the order of the plan."""
        return tuple(dict.fromkeys(arm for _, arm in self.results))

    def of(self, backbone: str, arm: str, wanted: Wanted) -> tuple[LanguageCell, ...]:
        """The values of an arm, runs x questions in each cell, questions in order of their ids; computed once.

        Raises ValueError: the runs did not evaluate the same questions, or the measure has no meaning in the setting.
        """
        known = self.cells.get((backbone, arm, wanted))
        if known is None:
            known = self.cells[backbone, arm, wanted] = self._joined(self.results[backbone, arm], wanted)
        return known

    def _joined(self, results: Sequence[Result], wanted: Wanted) -> tuple[LanguageCell, ...]:
        measure, setting, route = wanted
        by_run = [values(result.places, parse(measure), setting, route) for result in results]
        made = []
        for cells in zip(*by_run, strict=True):
            if any(not np.array_equal(each.questions, cells[0].questions) for each in cells):
                raise ValueError(f"runs of {self.plan.profile} did not evaluate the same questions on {route}")
            made.append(LanguageCell(
                query_language=cells[0].query_language, candidate_language=cells[0].candidate_language,
                cell=Cell(values=np.stack([cell.values for cell in cells]), clusters=self._codes(cells[0], route))))
        return tuple(made)

    def _codes(self, cell: CellValues, route: str) -> NDArray[np.int64]:
        """Numbers of the clusters, the same for a cluster in every cell and route over the same evaluation data."""
        data_set = route.rpartition(" > ")[2]
        return np.asarray([self.clusters.setdefault((data_set, str(name)), len(self.clusters))
                           for name in cell.clusters], dtype=np.int64)


def read(plan: Plan, works: Sequence[Work], store: Store) -> Measured:
    """All results of a plan. Raises CorruptInput: one of them is missing or damaged."""
    found: dict[tuple[str, str], list[Result]] = {}
    for work in works:
        places, record = store.read(work.key)
        condition = work.run.condition
        found.setdefault((condition.backbone, condition.arm), []).append(
            Result(key=work.key, seed=work.run.seed, places=places, record=record))
    return Measured(plan=plan, results={name: tuple(sorted(each, key=lambda result: result.seed))
                                        for name, each in found.items()})
