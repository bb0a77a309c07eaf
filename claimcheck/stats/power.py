"""What an inconclusive verdict has to say: which effect would have been seen, how many runs or articles would settle it."""

from dataclasses import replace
from math import inf, isfinite, sqrt

import numpy as np

from claimcheck.stats.effect import Effect, Estimand, degrees_of_freedom, standard_error

FEWEST_RUNS = 3
MOST_ARTICLES = 1_000
"""How many times as many articles are thought of at most, before the runs are said to be what leaves too much open."""


def with_runs(effect: Effect, runs: int) -> Effect:
    """The same effect as it may be expected from another number of runs of each arm, at least 2.

    The variance of the runs and the interaction shrink with the number of runs, what articles differ by in themselves does
    not. Where the arms are not paired and differ in runs, `runs` is of the arm with fewer and the other grows in proportion.

    Raises ValueError: `runs` is below 2.
    """
    if runs < 2:
        raise ValueError(f"{runs} runs have no variance: plan for 2 at least")
    if runs == effect.runs or not isfinite(effect.v_runs):
        return effect
    scale = effect.runs / runs
    v_interaction = effect.v_interaction * scale
    planned = _varied(effect, effect.v_runs * scale, max(effect.v_clusters - effect.v_interaction, 0.0) + v_interaction,
                      v_interaction)
    return replace(planned, runs=runs, df_runs=effect.df_runs * (runs - 1) / (effect.runs - 1))


def with_articles(effect: Effect, articles: int) -> Effect:
    """The same effect as it may be expected from another number of articles like these, at least 2.

    The variance of the articles and the interaction shrink with their number, what runs differ by in themselves does not.

    Raises ValueError: `articles` is below 2.
    """
    if articles < 2:
        raise ValueError(f"{articles} articles have no variance: plan for 2 at least")
    if articles == effect.clusters or not isfinite(effect.v_total):
        return effect
    scale = effect.clusters / articles
    v_interaction = effect.v_interaction * scale
    planned = _varied(effect, max(effect.v_runs - effect.v_interaction, 0.0) + v_interaction, effect.v_clusters * scale,
                      v_interaction)
    return replace(planned, clusters=articles, df_clusters=max((effect.df_clusters + 1) / scale - 1, 1.0))


def with_run_spread(effect: Effect, factor: float) -> Effect:
    """The same effect if the standard deviation over runs were `factor` times what these runs have."""
    if not isfinite(effect.v_runs):
        return effect
    return _varied(effect, effect.v_runs * factor**2, effect.v_clusters, effect.v_interaction)


def upper_spread(effect: Effect, confidence: float = 0.8) -> float:
    """How many times the estimate the true standard deviation over runs may be, one-sided; inf where it is unknown.

    Source: the chi-square distribution of a variance of normal values. With three runs 2.12 at .8.

    Raises ValueError: `confidence` is not between 0 and 1.
    """
    _require_levels(confidence, confidence)
    from scipy.special import chdtri  # type: ignore[import-untyped]

    return sqrt(effect.df_runs / float(chdtri(effect.df_runs, confidence))) if effect.df_runs > 0 else inf


def _varied(effect: Effect, v_runs: float, v_clusters: float, v_interaction: float) -> Effect:
    """The effect with other parts of its variance; the total follows in proportion, since a bootstrap's is not their sum."""
    before = max(effect.v_runs + effect.v_clusters - effect.v_interaction, effect.v_runs, effect.v_clusters)
    after = max(v_runs + v_clusters - v_interaction, v_runs, v_clusters)
    v_total = effect.v_total * after / before if 0 < before < inf else effect.v_total
    return replace(effect, v_runs=v_runs, v_clusters=v_clusters, v_interaction=v_interaction, v_total=v_total)


def minimum_detectable(effect: Effect, estimand: Estimand, alpha: float, power: float = 0.8, runs: int | None = None) -> float:
    """The true effect whose one-sided bound is above 0 with this probability, in the unit of the effect; inf if unknown.

    `runs`: as if there were so many, instead of those there are. From the non-central t distribution, as `runs_needed`, so
    that the two agree; the usual sum of two t quantiles times the standard error gives up to 1 % more at .8 and .05.

    Raises ValueError: `alpha` or `power` is not between 0 and 1.
    """
    _require_levels(alpha, power)
    planned = effect if runs is None else with_runs(effect, runs)
    error = standard_error(planned, estimand)
    if not isfinite(error) or not error:
        return error
    low, high = 0.0, 1.0
    while _power(planned, estimand, high * error, alpha) < power:
        low, high = high, 2 * high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _power(planned, estimand, middle * error, alpha) < power else (low, middle)
    return high * error


def runs_needed(effect: Effect, estimand: Estimand, size: float, alpha: float, power: float = 0.8,
                most: int = 200) -> int | None:
    """The fewest runs of each arm, at least 3, from which a true effect of `size` would be seen with this probability.

    None: no number up to `most` is enough, because of what articles differ by, or because the variance of runs is unknown.
    The variance of the runs is itself an estimate, from few runs a poor one: read the answer as an order of magnitude.

    Source: power of the t test by the non-central t distribution.

    Raises ValueError: `alpha` or `power` is not between 0 and 1, or `size` is not above 0.
    """
    _require_levels(alpha, power)
    if not size > 0:
        raise ValueError(f"a size of {size}: an effect to be seen is above 0")
    numbers = range(FEWEST_RUNS, most + 1)
    return next((runs for runs in numbers if _power(with_runs(effect, runs), estimand, size, alpha) >= power), None)


def standardised(runs: int, alpha: float, power: float = 0.8) -> float:
    """What so many paired runs tell on this benchmark, in standard deviations of the effect over runs: known before any run.

    Source: power of the t test by the non-central t distribution.

    Raises ValueError: `alpha` or `power` is not between 0 and 1, or `runs` is below 2.

    >>> round(standardised(5, 0.05), 2)
    1.36
    """
    if runs < 2:
        raise ValueError(f"{runs} runs have no variance: plan for 2 at least")
    unit = Effect(estimate=0.0, per_run=np.zeros(runs), runs=runs, clusters=2, questions=2, v_runs=1 / runs, v_clusters=inf,
                  v_interaction=0.0, v_total=inf, df_runs=runs - 1.0, df_clusters=1.0)
    return minimum_detectable(unit, Estimand.BENCHMARK, alpha, power)


def articles_needed(effect: Effect, estimand: Estimand, size: float, alpha: float, power: float = 0.8) -> int | None:
    """The fewest articles like these from which, with as many runs, a true effect of `size` would be seen; at least 2.

    None: no number up to `MOST_ARTICLES` times those there are is enough, because of what runs differ by, or because a variance
    is unknown.

    Raises ValueError: `alpha` or `power` is not between 0 and 1, or `size` is not above 0.
    """
    _require_levels(alpha, power)
    if not size > 0:
        raise ValueError(f"a size of {size}: an effect to be seen is above 0")

    def enough(articles: int) -> bool:
        return _power(with_articles(effect, articles), estimand, size, alpha) >= power

    low, high = 1, 2
    while not enough(high):
        low, high = high, 2 * high
        if high > MOST_ARTICLES * effect.clusters:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _power(effect: Effect, estimand: Estimand, size: float, alpha: float) -> float:
    from scipy.special import nctdtr, stdtrit

    error = standard_error(effect, estimand)
    if not isfinite(error):
        return 0.0
    if not error:
        return 1.0
    df = degrees_of_freedom(effect, estimand, alpha)
    return 1 - float(nctdtr(df, size / error, -stdtrit(df, alpha)))


def _require_levels(alpha: float, power: float) -> None:
    if not (0 < alpha < 1 and 0 < power < 1):
        raise ValueError(f"alpha {alpha} and power {power}: both lie between 0 and 1")
