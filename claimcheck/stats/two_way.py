"""Effects over training runs and articles: cells of two arms -> an effect with the parts of its variance.

docs/statistics.md has the formulas and what simulations say of them.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import inf

import numpy as np
from numpy.typing import NDArray

from claimcheck.stats import variance
from claimcheck.stats.cells import Cell, Table, tabulate, tabulate_both
from claimcheck.stats.effect import (
    Effect,
    Estimand,
    degrees_of_freedom,
    lower,
    p_above,
    p_below,
    standard_error,
    upper,
)

__all__ = ["Cell", "Effect", "Estimand", "degrees_of_freedom", "log_ratio", "lower", "p_above", "p_below", "paired",
           "standard_error", "unpaired", "upper"]


def paired(cells: Sequence[Cell], weights: Sequence[float] | None = None) -> Effect:
    """The macro mean of differences, where run s of the arm shares its seed with run s of the rival.

    Raises ValueError: no cell, cells that differ in their number of runs, or weights that do not fit.
    """
    table = tabulate(cells, weights)
    return _effect(table, table.macro, table.influence)


def unpaired(arm: Sequence[Cell], rival: Sequence[Cell], weights: Sequence[float] | None = None) -> Effect:
    """The difference of macro means of two arms whose runs share nothing; the questions are the same.

    Degrees of freedom of the runs are Welch's.

    Raises ValueError: as `paired`, or the arms were not asked the same questions.
    """
    ours, theirs = tabulate_both(arm, rival, weights)
    one = _effect(ours, ours.macro, ours.influence)
    other = _effect(theirs, theirs.macro, theirs.influence)
    mean_influence = ours.influence.mean(axis=0) - theirs.influence.mean(axis=0)
    v_clusters = inf
    if ours.spans_articles:
        v_clusters = one.clusters / (one.clusters - 1) * float((mean_influence**2).sum())
    v_runs, v_interaction = one.v_runs + other.v_runs, one.v_interaction + other.v_interaction
    return Effect(estimate=one.estimate - other.estimate, per_run=one.per_run - other.estimate,
                  runs=min(one.runs, other.runs), clusters=one.clusters, questions=one.questions,
                  v_runs=v_runs, v_clusters=v_clusters, v_interaction=v_interaction,
                  v_total=_total(v_runs, v_clusters, v_interaction),
                  df_runs=_welch(one, other), df_clusters=one.df_clusters)


def log_ratio(numerator: Sequence[Cell], denominator: Sequence[Cell], weights: Sequence[float] | None = None, *,
              resamples: int = 10_000, seed: int = 20_240_816) -> Effect:
    """The logarithm of a ratio of macro means, a mean over the paired runs of two arms.

    The cells hold the scores themselves. -0.105 = log(.9) is a reduction by 10 %. The variance over runs is that of the
    logarithms; over runs and articles it is a bootstrap's, which draws S - 1 of the S runs and G - 1 of the G articles
    with replacement, each for both arms and all cells at once: one draw fewer makes its variance unbiased for a mean. Such
    draws add the interaction where `variance.total` takes it off, so twice the interaction is taken off theirs. The parts
    of the variance, which also set the degrees of freedom, are those of the linearised ratio. `seed` fixes the draws.

    Source: Owen 2007 (runs and articles drawn independently); McCarthy and Snowden 1985 (one draw fewer).

    Raises ValueError: as `paired`; the arms differ in runs or questions; a macro mean is not above 0, so has no logarithm.
    """
    over, under = tabulate_both(numerator, denominator, weights)
    if over.totals.shape != under.totals.shape:
        raise ValueError(f"{over.totals.shape[1]} runs against {under.totals.shape[1]}: the runs of a ratio are paired")
    if min(over.macro.min(), under.macro.min()) <= 0:
        raise ValueError(f"macro means down to {min(over.macro.min(), under.macro.min()):g}: only what is above 0 has a ratio")
    influence = over.influence / over.macro[:, None] - under.influence / under.macro[:, None]
    linear = _effect(over, np.log(over.macro / under.macro), influence)
    if not (linear.v_total < inf):
        return linear
    joint = _bootstrap_variance(over, under, resamples, np.random.default_rng(seed))
    return replace(linear, v_total=max(joint - 2 * linear.v_interaction, linear.v_runs, linear.v_clusters))


MOST_LOST = 0.01
"""The part of the resamples that may have no ratio, for want of questions in a cell, before the bootstrap has no variance."""


def _effect(table: Table, per_run: NDArray[np.float64], influence: NDArray[np.float64]) -> Effect:
    """From the effect of each run (S,) and the influence of each article on each run (S, G); counts are the table's."""
    runs, clusters = influence.shape
    v_runs, v_clusters, v_interaction = inf, inf, 0.0
    if runs >= 2 and clusters >= 2:
        v_runs, v_clusters, v_interaction = (float(each) for each in variance.components(per_run, influence))
    elif clusters >= 2:
        v_clusters = clusters / (clusters - 1) * float((influence.mean(axis=0) ** 2).sum())
    elif runs >= 2:
        v_runs = float((per_run - per_run[0]).var(ddof=1)) / runs
    if not table.spans_articles:
        v_clusters = inf
    return Effect(estimate=float(per_run[0] + (per_run - per_run[0]).mean()), per_run=per_run, runs=runs, clusters=clusters,
                  questions=int(table.counts.sum()), v_runs=v_runs, v_clusters=v_clusters, v_interaction=v_interaction,
                  v_total=_total(v_runs, v_clusters, v_interaction), df_runs=runs - 1.0,
                  df_clusters=variance.articles_df(table.shares))


def _total(v_runs: float, v_clusters: float, v_interaction: float) -> float:
    return float(variance.total(v_runs, v_clusters, v_interaction))


def _welch(one: Effect, other: Effect) -> float:
    """Welch's degrees of freedom; those of both arms together where no run differs from another."""
    if not (one.v_runs + other.v_runs < inf):
        return 0.0
    parts = one.v_runs**2 / one.df_runs + other.v_runs**2 / other.df_runs
    return (one.v_runs + other.v_runs) ** 2 / parts if parts else one.df_runs + other.df_runs


def _bootstrap_variance(over: Table, under: Table, resamples: int, random: np.random.Generator) -> float:
    """Variance of the mean log ratio over draws of runs and articles; infinite where too many draws leave a cell empty."""
    runs, clusters = over.totals.shape[1:]
    drawn_runs = random.multinomial(runs - 1, np.full(runs, 1 / runs), size=resamples) / (runs - 1)
    drawn = random.multinomial(clusters - 1, np.full(clusters, 1 / clusters), size=resamples).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.log(_resampled(over, drawn) / _resampled(under, drawn))
    whole = np.isfinite(ratios).all(axis=1)
    if whole.mean() < 1 - MOST_LOST:
        return inf
    return float((drawn_runs * ratios)[whole].sum(axis=1).var(ddof=1))


def _resampled(table: Table, drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Macro means (B, S) where article g counts `drawn[b, g]` times."""
    means = np.zeros((len(drawn), table.totals.shape[1]))
    for totals, counts, weight in zip(table.totals, table.counts, table.weights, strict=True):
        means += weight * (drawn @ totals.T) / (drawn @ counts)[:, None]
    return means
