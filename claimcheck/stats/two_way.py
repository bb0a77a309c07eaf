"""Effects over training runs and articles: cells of two arms -> an effect with the parts of its variance.

docs/statistics.md has the formulas and what simulations say of them.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from math import inf
from typing import Any

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
from claimcheck.stats.resampling import MOST_LOST, bootstrap_means, cluster_counts

__all__ = ["Cell", "Effect", "Estimand", "degrees_of_freedom", "log_interaction", "log_ratio", "lower", "p_above", "p_below",
           "paired", "standard_error", "unpaired", "upper"]


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
    return _apart(ours, _effect(ours, ours.macro, ours.influence), ours.influence,
                  _effect(theirs, theirs.macro, theirs.influence), theirs.influence)


def log_ratio(numerator: Sequence[Cell], denominator: Sequence[Cell], weights: Sequence[float] | None = None, *,
              paired: bool = True, resamples: int = 10_000, seed: int = 20_240_816) -> Effect:
    """The logarithm of a ratio of macro means: its mean over paired runs, or the mean log of one arm less that of the other.

    The cells hold the scores themselves. -0.105 = log(.9) is a reduction by 10 %. `paired`: run s of both arms shares its
    seed. Else their runs share nothing: the variances of the logarithms of the two arms add up, with Welch's degrees of
    freedom, as in `unpaired`. The estimate is the same where both have as many runs.

    The variance over runs is that of the logarithms; over runs and articles it is a bootstrap's, which draws S - 1 of the S
    runs and G - 1 of the G articles with replacement, articles for both arms and all cells at once, runs for both arms at once
    where they are paired, else for each: one draw fewer makes its variance unbiased for a mean. Such draws add the interaction
    where `variance.total` takes it off, so twice the interaction is taken off theirs. The parts of the variance, which also
    set the degrees of freedom, are those of the linearised ratio. `seed` fixes the draws. With `resamples` of 0 nothing is
    drawn and `v_total` is the linearised ratio's too: for callers who want `Estimand.BENCHMARK`, which no draw touches.

    Source: Owen 2007 (runs and articles drawn independently); McCarthy and Snowden 1985 (one draw fewer).

    Raises ValueError: as `unpaired`; the runs are to be paired and the arms differ in their number; a macro mean is not above
    0, so has no logarithm; one resample, or fewer than none.
    """
    if resamples < 0 or resamples == 1:
        raise ValueError(f"{resamples} resamples: two at least have a variance, and 0 asks for none")
    over, under = tabulate_both(numerator, denominator, weights)
    if paired and over.totals.shape != under.totals.shape:
        raise ValueError(f"{over.totals.shape[1]} runs against {under.totals.shape[1]}: the runs of a ratio are paired")
    if min(over.macro.min(), under.macro.min()) <= 0:
        raise ValueError(f"macro means down to {min(over.macro.min(), under.macro.min()):g}: only what is above 0 has a ratio")
    above, below = over.influence / over.macro[:, None], under.influence / under.macro[:, None]
    if paired:
        linear = _effect(over, np.log(over.macro / under.macro), above - below)
    else:
        linear = _apart(over, _effect(over, np.log(over.macro), above), above,
                        _effect(under, np.log(under.macro), below), below)
    if not resamples or not (linear.v_total < inf):
        return linear
    joint = _bootstrap_variance(over, under, resamples, seed, paired=paired)
    return replace(linear, v_total=max(joint - 2 * linear.v_interaction, linear.v_runs, linear.v_clusters))


def log_interaction(arm: tuple[Sequence[Cell], Sequence[Cell]], rival: tuple[Sequence[Cell], Sequence[Cell]],
                    weights: Sequence[float] | None = None, *, paired: bool = True) -> Effect:
    """Log of the ratio of macro means after over before, of the arm less that of the rival: above 0 the arm keeps more.

    `arm` and `rival`: cells of scores before and after, of the same questions in the same order. In each run it is
    log(A after / A before) - log(B after / B before); variances are those of the linearised ratios, which are near 1 here, so
    that no bootstrap is needed (docs/calibration.md has the coverage). `paired`: as in `log_ratio`.

    Source: the delta method; a difference of differences that vanishes on one scale need not on another, Loftus 1978.

    Raises ValueError: as `unpaired`; a macro mean is not above 0.
    """
    before, after = tabulate_both(*arm, weights)
    other_before, other_after = tabulate_both(*rival, weights)
    tabulate_both(arm[0], rival[0], weights)  # both arms were asked the same
    logs, pulls = [], []
    for over, under in ((after, before), (other_after, other_before)):
        if (least := min(over.macro.min(), under.macro.min())) <= 0:
            raise ValueError(f"macro means down to {least:g}: only what is above 0 has a ratio")
        logs.append(np.log(over.macro / under.macro))
        pulls.append(over.influence / over.macro[:, None] - under.influence / under.macro[:, None])
    if paired:
        if logs[0].shape != logs[1].shape:
            raise ValueError(f"{len(logs[0])} runs against {len(logs[1])}: the runs are to be paired")
        return _effect(before, logs[0] - logs[1], pulls[0] - pulls[1])
    return _apart(before, _effect(before, logs[0], pulls[0]), pulls[0], _effect(other_before, logs[1], pulls[1]), pulls[1])


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


def _apart(table: Table, one: Effect, pull: NDArray[np.float64], other: Effect, other_pull: NDArray[np.float64]) -> Effect:
    """One arm's effect less another's, of arms whose runs share nothing and whose articles, those of the table, are the same.

    `pull`: (S, G), the influence of each article on each run, of either arm.
    """
    v_clusters = inf
    if table.spans_articles:
        v_clusters = one.clusters / (one.clusters - 1) * float(((pull.mean(axis=0) - other_pull.mean(axis=0)) ** 2).sum())
    v_runs, v_interaction = one.v_runs + other.v_runs, one.v_interaction + other.v_interaction
    return Effect(estimate=one.estimate - other.estimate, per_run=one.per_run - other.estimate,
                  runs=min(one.runs, other.runs), clusters=one.clusters, questions=one.questions,
                  v_runs=v_runs, v_clusters=v_clusters, v_interaction=v_interaction,
                  v_total=_total(v_runs, v_clusters, v_interaction),
                  df_runs=_welch(one, other), df_clusters=one.df_clusters)


def _total(v_runs: float, v_clusters: float, v_interaction: float) -> float:
    return float(variance.total(v_runs, v_clusters, v_interaction))


def _welch(one: Effect, other: Effect) -> float:
    """Welch's degrees of freedom; those of both arms together where no run differs from another."""
    if not (one.v_runs + other.v_runs < inf):
        return 0.0
    parts = one.v_runs**2 / one.df_runs + other.v_runs**2 / other.df_runs
    return (one.v_runs + other.v_runs) ** 2 / parts if parts else one.df_runs + other.df_runs


def _bootstrap_variance(over: Table, under: Table, resamples: int, seed: int, *, paired: bool) -> float:
    """Variance of the mean log ratio over draws of runs and articles; infinite where too many draws leave a cell empty."""
    runs = over.totals.shape[1], under.totals.shape[1]
    drawn_runs, drawn = _draws(runs[:1] if paired else runs, over.totals.shape[2], resamples, seed)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(_macro_means(over, under, drawn))
    whole = np.isfinite(logs).all(axis=0)
    if whole.mean() < 1 - MOST_LOST:
        return inf
    above, below = ((logs[rows] * shares).sum(axis=0)
                    for rows, shares in ((slice(runs[0]), drawn_runs[0]), (slice(runs[0], None), drawn_runs[-1])))
    return float((above - below)[whole].var(ddof=1))


@lru_cache(maxsize=4)
def _draws(runs: tuple[int, ...], clusters: int, resamples: int, seed: int) -> tuple[list[NDArray[np.float64]], NDArray[Any]]:
    """What part each run has in each resample, (S, B) for each number of runs, and how often each article counts, (B, G).

    The same for all comparisons of as many runs and articles, so drawn once.
    """
    random = np.random.default_rng(seed)
    of_runs = [cluster_counts(random, resamples, each, each - 1).T / (each - 1) for each in runs]
    return of_runs, cluster_counts(random, resamples, clusters, clusters - 1, dtype=np.min_scalar_type(clusters))


def _macro_means(over: Table, under: Table, drawn: NDArray[Any]) -> NDArray[np.float64]:
    """Macro means (S + S', B) of the runs of two arms that were asked the same, where article g counts `drawn[b, g]` times.

    Cells of the same questions are one to a mean of cells, so they are summed before anything is multiplied.
    """
    counts, cell = np.unique(over.counts, axis=0, return_inverse=True)
    totals = np.zeros((len(counts), over.totals.shape[1] + under.totals.shape[1], over.totals.shape[2]))
    np.add.at(totals, cell, over.weights[:, None, None] * np.concatenate([over.totals, under.totals], axis=1))
    return np.asarray(bootstrap_means(totals, counts[:, None, :], drawn).sum(axis=0))
