"""Bounds and decisions of many worlds at once, by the rule that is shipped or by one that is tried against it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from claimcheck.calibration.worlds import Values, Worlds
from claimcheck.finding import Asked, Bounds, Comparison, Comparisons
from claimcheck.stats import variance
from claimcheck.stats.effect import Effect, Estimand, lower, upper
from claimcheck.stats.variance import Spread
from claimcheck.verdict import LEAST_RUNS, Stand

OPEN, FOR, AGAINST, NEGLIGIBLE = range(4)
STANDS = (Stand.OPEN, Stand.FOR, Stand.AGAINST, Stand.NEGLIGIBLE)
"""What the numbers of decisions stand for."""
Codes = NDArray[np.int8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parts:
    """What a rule makes an interval of: variances (W,), degrees of freedom of the runs, and the articles with their pulls.

    `df_runs`: (W,) or a number. `shares`: (G,). `pulls`: (W, G), the influence of each article, mean over runs. `lengths`:
    (G,), questions of all cells.
    """

    v_runs: Values
    v_clusters: Values
    v_interaction: Values
    df_runs: Values | float
    shares: Values
    pulls: Values
    lengths: Values


Rule = Callable[[Parts, Estimand], Spread]
"""Parts -> what bounds are read from, (W,) each."""


def shipped(parts: Parts, estimand: Estimand) -> Spread:
    """The rule of `stats.effect`, for many worlds."""
    if estimand is Estimand.BENCHMARK:
        return plain(parts.v_runs, parts.df_runs)
    return Spread(v_runs=parts.v_runs, v_clusters=parts.v_clusters, v_interaction=parts.v_interaction, df_runs=parts.df_runs,
                  df_clusters=variance.articles_df(parts.shares))


def plain(v: Values, df: Values | float) -> Spread:
    """Of one variance (W,) and one t."""
    return Spread(v_runs=v, v_clusters=0.0, v_interaction=0.0, df_runs=df, df_clusters=df)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Estimates:
    """An estimate in each world, (W,), with what its bounds are read from."""

    estimate: Values
    spread: Spread

    def low(self, alpha: Values | float) -> Values:
        """The lower bound at a one-sided level."""
        return self.estimate - self.spread.reach(alpha)

    def high(self, alpha: Values | float) -> Values:
        """The upper bound at a one-sided level."""
        return self.estimate + self.spread.reach(alpha)

    def p_above(self, null: float) -> Values:
        """One-sided p that the effect is at most `null`."""
        return self.spread.p_ahead(self.estimate - null)

    def p_below(self, null: float) -> Values:
        """One-sided p that the effect is at least `null`."""
        return self.spread.p_ahead(null - self.estimate)


def parts_of(worlds: Worlds, shares: Values, rival: Worlds | None = None) -> Parts:
    """The parts of the variance; with a rival, whose runs share nothing with those of the arm, of the difference."""
    per_run, influence = worlds.per_run, worlds.influence
    runs = per_run.shape[1]
    v_runs, v_clusters, v_interaction = variance.components(per_run, influence)
    pulls = influence.mean(axis=1)
    df_runs: Values | float = runs - 1.0
    if rival is not None:
        theirs = variance.components(rival.per_run, rival.influence)
        with np.errstate(divide="ignore", invalid="ignore"):
            welch = (v_runs + theirs[0]) ** 2 / ((v_runs**2 + theirs[0] ** 2) / (runs - 1))
        df_runs = np.where(v_runs + theirs[0] > 0, welch, 2.0 * (runs - 1))
        v_runs, v_interaction = v_runs + theirs[0], v_interaction + theirs[2]
        pulls = pulls - rival.influence.mean(axis=1)
        v_clusters = pulls.shape[1] / (pulls.shape[1] - 1) * (pulls**2).sum(axis=1)
    return Parts(v_runs=v_runs, v_clusters=v_clusters, v_interaction=v_interaction, df_runs=df_runs, shares=shares, pulls=pulls,
                 lengths=worlds.counts.sum(axis=0))


def stands(low: Values, high: Values, at_least: float, margin: float) -> Codes:
    """How each interval stands, as `verdict.of_bounds` has it of one."""
    return np.select([low > at_least, high < at_least, (at_least == 0) & (high < margin)], [FOR, AGAINST, NEGLIGIBLE],
                     OPEN).astype(np.int8)


def conjunction(found: Sequence[Codes], runs: int) -> Codes:
    """How comparisons all of which must hold stand together, as `verdict.of_comparisons` has it."""
    all_of = np.stack(found)
    if runs < LEAST_RUNS:
        return np.full(all_of.shape[1:], OPEN, np.int8)
    return np.select([(all_of == AGAINST).any(axis=0), ((all_of == AGAINST) | (all_of == NEGLIGIBLE)).any(axis=0),
                      (all_of == FOR).all(axis=0)], [AGAINST, NEGLIGIBLE, FOR], OPEN).astype(np.int8)


def comparison(effect: Effect, estimand: Estimand, low_level: float, high_level: float) -> Comparison:
    """An effect as the judge is handed one, with bounds that are not rounded."""
    def bounds(which: Estimand, low: float, high: float) -> Bounds:
        return Bounds(low=Decimal(lower(effect, which, low)), high=Decimal(upper(effect, which, high)), low_level=low,
                      high_level=high)

    return Comparison(about=(), values=(), estimate=Decimal(effect.estimate), deciding=bounds(estimand, low_level, high_level),
                      benchmark=bounds(Estimand.BENCHMARK, 0.025, 0.025), beyond=bounds(Estimand.BEYOND, 0.025, 0.025),
                      decimals=4, percent=False, runs=effect.runs, questions=effect.questions, clusters=effect.clusters)


def asking(comparisons: Sequence[Comparison], at_least: float, margin: float) -> Comparisons:
    """A claim that asks each comparison to be ahead by more than `at_least`."""
    return Comparisons(asks="", asked=Asked(at_least=Decimal(at_least), margin=Decimal(margin)), comparisons=tuple(comparisons))
