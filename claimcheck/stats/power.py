"""What an inconclusive verdict has to say: which effect would have been seen, and how many runs would settle the matter."""

from dataclasses import replace
from math import inf, isfinite

from claimcheck.stats.effect import Effect, Estimand, degrees_of_freedom, standard_error

FEWEST_RUNS = 3


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
    v_runs, v_interaction = effect.v_runs * scale, effect.v_interaction * scale
    v_clusters = max(effect.v_clusters - effect.v_interaction, 0.0) + v_interaction
    before = max(effect.v_runs + effect.v_clusters - effect.v_interaction, effect.v_runs, effect.v_clusters)
    after = max(v_runs + v_clusters - v_interaction, v_runs, v_clusters)
    v_total = effect.v_total * after / before if 0 < before < inf else effect.v_total
    return replace(effect, runs=runs, v_runs=v_runs, v_clusters=v_clusters, v_interaction=v_interaction, v_total=v_total,
                   df_runs=effect.df_runs * (runs - 1) / (effect.runs - 1))


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


def _power(effect: Effect, estimand: Estimand, size: float, alpha: float) -> float:
    from scipy.special import nctdtr, stdtrit  # type: ignore[import-untyped]

    error = standard_error(effect, estimand)
    if not isfinite(error):
        return 0.0
    if not error:
        return 1.0
    df = degrees_of_freedom(effect, estimand)
    return 1 - float(nctdtr(df, size / error, -stdtrit(df, alpha)))


def _require_levels(alpha: float, power: float) -> None:
    if not (0 < alpha < 1 and 0 < power < 1):
        raise ValueError(f"alpha {alpha} and power {power}: both lie between 0 and 1")
