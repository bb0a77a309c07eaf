"""An effect and what can be said of it: one-sided bounds and p-values that agree, for either estimand."""

from dataclasses import dataclass
from enum import StrEnum
from math import inf, isfinite, sqrt

import numpy as np
from numpy.typing import NDArray

from claimcheck.stats import variance


class Estimand(StrEnum):
    """What is varied in thought: the training run alone, or the articles that are asked about as well."""

    BENCHMARK = "benchmark"
    BEYOND = "beyond"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Effect:
    """An estimated effect with the parts of its variance.

    `per_run`: (S,), the effect of each run; its mean is `estimate`. Where the runs of two arms are not paired: each run of
    the arm against the mean of the rival's. `runs`: S, of the arm with fewer runs. `clusters`: articles. `questions`: of
    all cells, a question counted once for each cell that asks it.

    The variances are those of `estimate`. `v_total` is the one that counts for `Estimand.BEYOND`. What cannot be known is
    infinite: `v_runs` from fewer than two runs of an arm, `v_clusters` where a cell rests on a single article.
    """

    estimate: float
    per_run: NDArray[np.float64]
    runs: int
    clusters: int
    questions: int
    v_runs: float
    v_clusters: float
    v_interaction: float
    v_total: float
    df_runs: float
    df_clusters: float


def standard_error(effect: Effect, estimand: Estimand) -> float:
    """Standard error of the estimate, in the unit of the effect; infinite where it cannot be known."""
    return sqrt(effect.v_runs if estimand is Estimand.BENCHMARK else effect.v_total)


def degrees_of_freedom(effect: Effect, estimand: Estimand, alpha: float) -> float:
    """Of the t that has, times the standard error, the bound's distance at this level; 0 where that cannot be known.

    Of this benchmark those of the runs, whatever the level. Without any variance infinite.
    """
    error = standard_error(effect, estimand)
    if not isfinite(error):
        return 0.0
    if estimand is Estimand.BENCHMARK:
        return effect.df_runs
    from scipy.special import stdtridf  # type: ignore[import-untyped]

    return float(stdtridf(alpha, -_reach(effect, estimand, alpha) / error)) if error else inf


def lower(effect: Effect, estimand: Estimand, alpha: float) -> float:
    """The bound that the true effect is above, with confidence 1 - alpha; -inf where runs or articles do not allow one.

    Raises ValueError: `alpha` is not between 0 and 1.
    """
    return effect.estimate - _reach(effect, estimand, alpha)


def upper(effect: Effect, estimand: Estimand, alpha: float) -> float:
    """The bound that the true effect is below, with confidence 1 - alpha; inf where runs or articles do not allow one.

    Raises ValueError: `alpha` is not between 0 and 1.
    """
    return effect.estimate + _reach(effect, estimand, alpha)


def p_above(effect: Effect, estimand: Estimand, null: float) -> float:
    """One-sided p of the hypothesis that the true effect is at most `null`.

    At most alpha exactly where `lower` at that alpha is at or above `null`. Without any variance it is 0 or 1, and 1 where
    the estimate is `null`; where no bound can be had it is 1.
    """
    return _p(effect, estimand, effect.estimate - null)


def p_below(effect: Effect, estimand: Estimand, null: float) -> float:
    """One-sided p of the hypothesis that the true effect is at least `null`; the mirror of `p_above`."""
    return _p(effect, estimand, null - effect.estimate)


def _reach(effect: Effect, estimand: Estimand, alpha: float) -> float:
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is {alpha}: it lies between 0 and 1")
    if not isfinite(standard_error(effect, estimand)):
        return inf
    reach = float(_spread(effect, estimand).reach(min(alpha, 1 - alpha)))
    return reach if alpha <= 0.5 else -reach


def _p(effect: Effect, estimand: Estimand, ahead: float) -> float:
    if not isfinite(standard_error(effect, estimand)):
        return 1.0
    return float(_spread(effect, estimand).p_ahead(ahead))


def _spread(effect: Effect, estimand: Estimand) -> variance.Spread:
    """What bounds are read from. A total that is not the sum of the parts, as a bootstrap's, stretches them in proportion."""
    if estimand is Estimand.BENCHMARK:
        return variance.Spread(v_runs=effect.v_runs, v_clusters=0.0, v_interaction=0.0, df_runs=effect.df_runs,
                               df_clusters=effect.df_runs)
    parts = effect.v_runs, effect.v_clusters, effect.v_interaction
    linear = float(variance.total(*parts))
    stretch = effect.v_total / linear if linear else 1.0
    return variance.Spread(v_runs=parts[0] * stretch, v_clusters=parts[1] * stretch, v_interaction=parts[2] * stretch,
                           df_runs=effect.df_runs, df_clusters=effect.df_clusters)
