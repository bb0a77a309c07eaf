"""In how many queries that every arm answers right an arm loses the first place once they are perturbed or attacked.

Right is a query whose first candidate, in the pool of all languages, is relevant. A share of queries, of all languages
together: with s lost and e right for all arms in a run, sum s / sum e. Its variance is that of the linearised ratio.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from claimcheck.appraisal.bounds import bounds
from claimcheck.appraisal.family import DISPLAYED
from claimcheck.appraisal.losses import Estimated
from claimcheck.stats.cells import Cell
from claimcheck.stats.effect import Effect, Estimand
from claimcheck.stats.two_way import paired, unpaired

SHARE_DECIMALS = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lost:
    """Queries of a language, (S, n): `right` for all arms, and how often one was `lost`, from 0 to 1 (a mean over draws)."""

    right: NDArray[np.float64] = field(repr=False)
    lost: NDArray[np.float64] = field(repr=False)
    clusters: NDArray[np.int64] = field(repr=False)


def lost(clean: Sequence[Cell], after: Sequence[Cell]) -> Lost:
    """`clean`: reciprocal ranks of the queries of a language with each arm; `after`: those of one arm, draw by draw."""
    right = np.all([each.values == 1.0 for each in clean], axis=0).astype(np.float64)
    gone = np.mean([each.values < 1.0 for each in after], axis=0)
    return Lost(right=right, lost=right * gone, clusters=clean[0].clusters)


def right(cells: Sequence[Lost]) -> float:
    """In what share of the queries all arms are right, from 0 to 1, over all runs."""
    return float(sum(cell.right.sum() for cell in cells) / sum(cell.right.size for cell in cells))


def share(cells: Sequence[Lost]) -> Estimated | None:
    """What share is lost, in percent, with bounds; None where a run has no query that is right for all arms."""
    made = _linear(cells)
    return None if made is None else _percent(paired(*made))


def share_less(arm: Sequence[Lost], rival: Sequence[Lost], *, pair: bool) -> Estimated | None:
    """By how many percent points less of them the arm loses than the rival; the queries are the same."""
    ours, theirs = _linear(arm), _linear(rival)
    if ours is None or theirs is None:
        return None
    if not pair:
        return _percent(unpaired(theirs[0], ours[0], ours[1]))
    return _percent(paired([Cell(values=b.values - a.values, clusters=a.clusters)
                            for a, b in zip(ours[0], theirs[0], strict=True)], ours[1]))


def _linear(cells: Sequence[Lost]) -> tuple[list[Cell], list[float]] | None:
    """Values whose mean over all queries is the ratio of a run, and whose deviations are its influence; and weights."""
    queries = sum(cell.right.shape[1] for cell in cells)
    right = sum(cell.right.sum(axis=1) for cell in cells)
    gone = sum(cell.lost.sum(axis=1) for cell in cells)
    if not queries or (np.asarray(right) == 0).any():
        return None
    ratio = np.asarray(gone / right)[:, None]
    mean = np.asarray(right)[:, None] / queries
    return ([Cell(values=ratio + (cell.lost - ratio * cell.right) / mean, clusters=cell.clusters) for cell in cells],
            [cell.right.shape[1] / queries for cell in cells])


def _percent(effect: Effect) -> Estimated:
    whole = replace(effect, estimate=100 * effect.estimate, per_run=100 * effect.per_run, v_runs=1e4 * effect.v_runs,
                    v_clusters=1e4 * effect.v_clusters, v_interaction=1e4 * effect.v_interaction, v_total=1e4 * effect.v_total)
    beyond, benchmark = (bounds(whole, estimand, (DISPLAYED, DISPLAYED), is_log=False, decimals=SHARE_DECIMALS)
                         for estimand in (Estimand.BEYOND, Estimand.BENCHMARK))
    return Estimated(value=whole.estimate, beyond=beyond, benchmark=benchmark)
