"""Scores of questions in cells (languages, language pairs) -> sums over articles, from which everything else is computed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cell:
    """What is averaged into one number before the macro mean: the questions of a language, or of a pair of languages.

    `values`: (S, n), a row for each training run, a column for each question; arm minus rival where runs are paired, else
    the scores of one arm. Row s is the same run in every cell. `clusters`: (n,), the number of the article that each
    question belongs to; the numbers mean the same in all cells.

    Raises ValueError: the shapes do not fit, there is no question or no run, or a value is not finite.
    """

    values: NDArray[np.float64]
    clusters: NDArray[np.int64]

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.clusters.shape != self.values.shape[1:]:
            raise ValueError(f"values of shape {self.values.shape} and clusters of shape {self.clusters.shape}: "
                             "they are (runs, questions) and (questions,)")
        if not self.values.size:
            raise ValueError("a cell without questions or runs has no mean: leave it out of the cells and say so")
        if not np.isfinite(self.values).all():
            raise ValueError(f"{int((~np.isfinite(self.values)).sum())} of {self.values.size} values are not finite")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """Cells summed over the questions of each article: `totals` (P, S, G), `counts` (P, G), `weights` (P,), which sum to 1."""

    totals: NDArray[np.float64]
    counts: NDArray[np.float64]
    weights: NDArray[np.float64]

    @property
    def shares(self) -> NDArray[np.float64]:
        """What part of the macro mean rests on each article, (G,)."""
        return np.asarray(self.weights @ (self.counts / self.counts.sum(axis=1, keepdims=True)))

    @property
    def macro(self) -> NDArray[np.float64]:
        """The macro mean of each run, (S,): the weighted mean over cells of the plain mean over questions."""
        return np.asarray(self.weights @ (self.totals.sum(axis=2) / self.counts.sum(axis=1)[:, None]))

    @property
    def influence(self) -> NDArray[np.float64]:
        """How far the questions of each article pull the macro mean of each run, (S, G): their summed deviations, weighted."""
        questions = self.counts.sum(axis=1)[:, None, None]
        deviations = self.totals - self.counts[:, None, :] * self.totals.sum(axis=2, keepdims=True) / questions
        return np.asarray((self.weights[:, None, None] / questions * deviations).sum(axis=0))

    @property
    def spans_articles(self) -> bool:
        """Whether every cell asks about two articles at least: else nothing tells how much articles differ."""
        return bool(((self.counts > 0).sum(axis=1) >= 2).all())


def tabulate(cells: Sequence[Cell], weights: Sequence[float] | None = None) -> Table:
    """Sum the cells by article.

    Raises ValueError: there is no cell, the cells differ in their number of runs, or the weights do not fit.
    """
    if not cells:
        raise ValueError("no cell was given")
    if len(different := {len(cell.values) for cell in cells}) > 1:
        raise ValueError(f"cells of {sorted(different)} runs: every run is scored in every cell")
    weight = np.ones(len(cells)) if weights is None else np.asarray(weights, dtype=np.float64)
    if weight.shape != (len(cells),) or not (np.isfinite(weight) & (weight > 0)).all():
        raise ValueError(f"weights {weight.tolist()} for {len(cells)} cells: one is needed for each, above 0")
    names = np.unique(np.concatenate([cell.clusters for cell in cells]))
    places = [np.searchsorted(names, cell.clusters) for cell in cells]
    totals = [[np.bincount(place, run, len(names)) for run in cell.values] for cell, place in zip(cells, places, strict=True)]
    counts = [np.bincount(place, minlength=len(names)) for place in places]
    return Table(totals=np.array(totals), counts=np.array(counts, dtype=np.float64), weights=weight / weight.sum())


def tabulate_both(one: Sequence[Cell], other: Sequence[Cell], weights: Sequence[float] | None) -> tuple[Table, Table]:
    """Sum the cells of two arms; column g of the two tables is the same article.

    Raises ValueError: as `tabulate`, or the arms were not asked the same questions.
    """
    if len(one) != len(other):
        raise ValueError(f"{len(one)} cells against {len(other)}: both arms are scored in the same cells")
    for number, (mine, theirs) in enumerate(zip(one, other, strict=True)):
        if not np.array_equal(np.sort(mine.clusters), np.sort(theirs.clusters)):
            raise ValueError(f"cell {number}: the two arms were not asked the same questions")
    return tabulate(one, weights), tabulate(other, weights)
