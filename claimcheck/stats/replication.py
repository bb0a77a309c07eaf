"""A reported effect of one training run against that of several: would one further run give it, and how do the two compare?

Everything is about one test set (`Estimand.BENCHMARK`): the report and the re-run share their questions, so what questions
differ by cancels, and the reported effect is one more draw of the training run. docs/printed-numbers.md has the formulas.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import copysign, erfc, inf, isfinite, log1p, sqrt
from types import MappingProxyType

from claimcheck.stats.effect import Effect, Estimand, lower, upper

NOT_COMPUTABLE: Mapping[str, str] = MappingProxyType({
    "Kendall's tau union (KTU)": "needs the rankings of the original runs",
    "rank-biased overlap (RBO)": "needs the rankings of the original runs",
    "RMSE": "needs the original's score of each query",
    "p of the original's difference": "needs the original's score of each query, or several original runs",
})
"""Measures of reproduction that means alone do not give -> why. Source: Breuer et al. 2020, arXiv 2010.13447."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """From `low` to `high`, in the unit of the effect; infinite where runs allow no bound."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectRatio:
    """The effect of the re-run over the original's; `low` and `high`: what the runs and the original's rounding leave open."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sceptical:
    """A sceptical p-value, one-sided, in the direction of the original.

    `c`: variance of the original's effect over that of the re-run's. `imputed`: the original gives no standard
    error, and what single runs of the re-run differ by stands in for it.
    """

    p: float
    c: float
    imputed: bool


def variance_of_one_run(effect: Effect, rival_runs: int | None = None) -> float:
    """The variance of the effect that one training run of each arm gives; infinite where it cannot be known.

    Paired runs: that of the differences of runs. Unpaired: the variances of a run of either arm added up. Both are
    S v_runs where the arms have S runs each. `rival_runs`: of an unpaired rival with more runs than the arm; where it has
    fewer, the effect tells.

    Raises ValueError: `rival_runs` is not what the effect rests on.
    """
    arm, rival = _parts(effect, rival_runs)
    return arm[0] + rival[0]


def prediction_interval(effect: Effect, alpha: float, rounding: float = 0.0, rival_runs: int | None = None) -> Interval:
    """Where the effect of one further training run of each arm lies, with confidence 1 - alpha, widened by `rounding`.

    estimate +- (t sqrt(s^2 (1 + 1/S)) + rounding): the further run varies by s, the estimate by s / sqrt(S). Unpaired arms: the
    sum of s_A^2 (1 + 1/S_A) and s_B^2 (1 + 1/S_B) under the root, with Satterthwaite's degrees of freedom, which are Welch's
    where the arms have equally many runs. `rounding`: how far rounding may have moved the effect that is held against the
    interval, in the unit of the effect. `rival_runs`: as in `variance_of_one_run`.

    Source: Student's prediction interval of one further observation; for replications Patil, Peng and Leek 2016.

    Raises ValueError: `alpha` is not between 0 and 1, `rounding` is negative, or `rival_runs` does not fit.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is {alpha}: it lies between 0 and 1")
    if not rounding >= 0:
        raise ValueError(f"a rounding of {rounding}: it is half a width, 0 or more")
    parts = [(variance * (1 + 1 / runs), runs) for variance, runs in _parts(effect, rival_runs)]
    spread = sum(each for each, _ in parts)
    if not isfinite(spread):
        return Interval(low=-inf, high=inf)
    if not spread:
        return Interval(low=effect.estimate - rounding, high=effect.estimate + rounding)
    from scipy.special import stdtrit  # type: ignore[import-untyped]  # here, since most claims need none

    degrees = effect.df_runs
    if len({runs for _, runs in parts}) > 1:
        degrees = spread**2 / sum(each**2 / (runs - 1) for each, runs in parts if each)
    reach = sqrt(spread) * -float(stdtrit(degrees, alpha / 2)) + rounding
    return Interval(low=effect.estimate - reach, high=effect.estimate + reach)


def _parts(effect: Effect, rival_runs: int | None) -> tuple[tuple[float, int], tuple[float, int]]:
    """Variance of one run and number of runs of the arm and of its rival.

    Where both have S runs the sum is S v_runs, paired or not, and stands with the arm: only the sum counts then.
    """
    arm_runs = len(effect.per_run)
    rivals = effect.runs if rival_runs is None else rival_runs
    if min(arm_runs, rivals) != effect.runs:
        raise ValueError(f"{arm_runs} runs against {rivals}, and the effect is of {effect.runs}: give the runs of the rival")
    if arm_runs == rivals or not isfinite(effect.v_runs):
        return (effect.runs * effect.v_runs, effect.runs), (0.0, effect.runs)
    own = float(effect.per_run.var(ddof=1))
    return (own, arm_runs), (max(effect.v_runs - own / arm_runs, 0.0) * rivals, rivals)


def log_rounding(value: float, slack: float, other: float, other_slack: float) -> float:
    """How far rounding may have moved the log of value / other, where it moved each by its slack at most; inf down to 0.

    The further of the two ends, so that the half width holds on both sides.

    >>> round(log_rounding(410.2, 0.05, 286.6, 0.05), 6)
    0.000296
    """
    if value <= slack or other <= other_slack:
        return inf
    part, other_part = slack / value, other_slack / other
    return max(log1p(part) - log1p(-other_part), log1p(other_part) - log1p(-part))


def effect_ratio(effect: Effect, original: float, rounding: float, alpha: float) -> EffectRatio | None:
    """ER: the effect over the original's, 1 where they are equal; None where the original's is 0.

    The interval is that of all quotients of the two-sided 1 - alpha interval of the effect on this benchmark and of what
    `rounding` leaves of the original's; without bounds where that contains 0. The original's own chance is not in it.

    Source: Breuer et al. 2020, arXiv 2010.13447 (effect ratio); repro_eval 0.5.0, `overall_effects.ER`.

    Raises ValueError: `alpha` is not between 0 and 1.
    """
    if not original:
        return None
    value = effect.estimate / original
    if abs(original) <= rounding:
        return EffectRatio(value=value, low=-inf, high=inf)
    ends = [lower(effect, Estimand.BENCHMARK, alpha / 2), upper(effect, Estimand.BENCHMARK, alpha / 2)]
    quotients = [end / each for end in ends for each in (original - rounding, original + rounding)]
    return EffectRatio(value=value, low=min(quotients), high=max(quotients))


def relative_improvement(arm: float, rival: float) -> float | None:
    """RI: (arm - rival) / rival, of two means; None where the rival's is 0. Source: as `effect_ratio`."""
    return (arm - rival) / rival if rival else None


def delta_relative_improvement(original: tuple[float, float], rerun: tuple[float, float]) -> float | None:
    """dRI: the relative improvement of the original less that of the re-run, 0 where they are equal.

    Each pair: the means of the arm and of its rival. None where a rival's is 0.

    Source: as `effect_ratio`; repro_eval 0.5.0, `overall_effects.DRI`.

    >>> round(delta_relative_improvement((0.6, 0.5), (0.55, 0.5)), 3)
    0.1
    """
    before, after = relative_improvement(*original), relative_improvement(*rerun)
    return None if before is None or after is None else before - after


def sceptical_p(z_original: float, z_rerun: float, c: float) -> float:
    """Held's sceptical p-value, one-sided, at the golden level: at most alpha where original and re-run convince together.

    z: effect over standard error. `c`: variance of the original's effect over that of the re-run's, above 0. A re-run in
    the other direction gives 1 - p.

    Source: Held 2020, *A new standard for the analysis and design of replication studies*; Held, Micheloud and Pawel
    2022 (golden level); R package ReplicationSuccess, `pSceptical`.

    Raises ValueError: `c` is not above 0.

    >>> round(sceptical_p(2, 3, 2), 5), round(sceptical_p(2, -3, 2), 5)
    (0.02569, 0.97431)
    """
    if not (c > 0 and isfinite(c)):
        raise ValueError(f"a ratio of variances of {c}: it is above 0")
    if not z_original or not z_rerun:
        return 0.5
    arithmetic = (z_original**2 + z_rerun**2) / 2
    harmonic = 2 / (1 / z_original**2 + 1 / z_rerun**2)
    # (sqrt(a (a + (c - 1) h)) - a) / (c - 1), or h / 2 where c is 1, multiplied out: near c = 1 the difference loses its digits
    squared = arithmetic * harmonic / (sqrt(arithmetic * (arithmetic + (c - 1) * harmonic)) + arithmetic)
    golden = sqrt(squared * (sqrt(5) + 1) / 2)
    return 0.5 * erfc(copysign(golden, z_original * z_rerun) / sqrt(2))


def sceptical_of_one_run(effect: Effect, original: float, rival_runs: int | None = None) -> Sceptical | None:
    """The sceptical p-value of an original that is one run and gives no standard error; None where runs have no variance.

    The original's standard error is imputed: what one run differs by here, so that c is S where the arms have S runs each.
    Original and re-run are independent on this benchmark alone, where questions are fixed: beyond it they share the sample of
    questions. z takes the standard errors as known, which few runs do not make them.

    Raises ValueError: `rival_runs` is not what the effect rests on.
    """
    imputed = variance_of_one_run(effect, rival_runs)
    if not (isfinite(imputed) and imputed and effect.v_runs):
        return None
    c = imputed / effect.v_runs
    p = sceptical_p(original / sqrt(imputed), effect.estimate / sqrt(effect.v_runs), c)
    return Sceptical(p=p, c=c, imputed=True)
