"""A ratio of medians instead of means: for scores whose mean rests on a few very large ones."""

from collections.abc import Sequence
from math import inf

import numpy as np
from numpy.typing import NDArray

from claimcheck.stats.cells import Cell, tabulate_both
from claimcheck.stats.effect import Effect
from claimcheck.stats.variance import articles_df


def median_log_ratio(numerator: Sequence[Cell], denominator: Sequence[Cell],
                     weights: Sequence[float] | None = None) -> Effect | None:
    """The logarithm of a ratio of macro medians, a mean over the paired runs of two arms; None where a run has one of 0.

    The macro median of a run is the weighted mean over cells of their medians. Only the runs are drawn anew: what a median
    owes to single articles is not worked out, so `v_clusters` and `v_total` are infinite.

    Raises ValueError: as `tabulate_both`, or the arms differ in runs.
    """
    over, under = tabulate_both(numerator, denominator, weights)
    if over.totals.shape != under.totals.shape:
        raise ValueError(f"{over.totals.shape[1]} runs against {under.totals.shape[1]}: the runs of a ratio are paired")
    medians = _macro(numerator, over.weights), _macro(denominator, under.weights)
    if min(float(each.min()) for each in medians) <= 0:
        return None
    per_run = np.log(medians[0] / medians[1])
    apart, runs = per_run - per_run[0], len(per_run)  # from the first run, so that runs that are alike differ by exactly 0
    v_runs = float(apart.var(ddof=1)) / runs if runs > 1 else inf
    return Effect(estimate=float(per_run[0] + apart.mean()), per_run=per_run, runs=runs, clusters=over.totals.shape[2],
                  questions=int(over.counts.sum()), v_runs=v_runs, v_clusters=inf, v_interaction=0.0, v_total=inf,
                  df_runs=runs - 1.0, df_clusters=articles_df(over.shares))


def _macro(cells: Sequence[Cell], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(weights @ np.array([np.median(cell.values, axis=1) for cell in cells]))
