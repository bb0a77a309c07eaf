"""The variance of an effect over training runs and articles: deviations -> components, their total, what bounds are read from.

Every function takes one effect or any number at once: leading axes are kept, so that a simulation runs the code that judges.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Number = float | Values


def components(per_run: Values, influence: Values) -> tuple[Values, Values, Values]:
    """Variances of the mean over runs: of the runs, of the articles, and of what belongs to both.

    `per_run`: (..., S), S >= 2, the effect of each run. `influence`: (..., S, G), G >= 2: how much the questions of an article
    pull the effect of a run from what it is without their deviation; sums to 0 over the articles. The variance of the runs
    and that of the articles each hold the interaction, so the sum of the two holds it once too often.

    Source: Cameron, Gelbach and Miller 2011, multi-way clustering; small-sample factors S/(S-1) and G/(G-1).
    """
    runs, articles = influence.shape[-2:]
    many = articles / (articles - 1)
    # as differences from the first run: identical runs then have a variance of exactly 0
    first = influence[..., :1, :]
    mean = first + (influence - first).mean(axis=-2, keepdims=True)
    apart = (influence - mean) / runs
    v_runs = np.asarray((per_run - per_run[..., :1]).var(axis=-1, ddof=1) / runs)
    v_clusters = np.asarray(many * (mean**2).sum(axis=(-2, -1)))
    v_interaction = np.asarray(runs / (runs - 1) * many * (apart**2).sum(axis=(-2, -1)))
    return v_runs, v_clusters, v_interaction


def total(v_runs: Number, v_clusters: Number, v_interaction: Number) -> Values:
    """The two-way variance, never below either of the one-way variances.

    Source: MacKinnon, Nielsen and Webb 2024, who warn that the plain sum can fall short, even below 0.

    >>> float(total(4.0, 2.0, 1.0)), float(total(4.0, 2.0, 3.0))
    (5.0, 4.0)
    """
    return np.asarray(np.maximum(np.maximum(v_runs + v_clusters - v_interaction, v_runs), v_clusters))


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """What a bound is read from: the parts of the variance, and the degrees of freedom of those of runs and of articles.

    Each is a number or an array of any one shape; variances are finite and not below 0, degrees of freedom above 0.

    Below the bound at level alpha stand, each with the t of its own degrees of freedom, the variance of the runs without the
    interaction and that of the articles: half width^2 = t_runs^2 max(V_S - V_I, 0) + t_articles^2 V_C, and no less than either
    variance alone asks for. Pooled degrees of freedom believe an estimate of the runs' variance that is far too low as readily
    as any other, and their levels fail the further out they are: docs/statistics.md has the simulation.

    Source: Banerjee 1960 (two variances, each with its own t: never less than the nominal confidence); the floor as in `total`.
    """

    v_runs: Number
    v_clusters: Number
    v_interaction: Number
    df_runs: Number
    df_clusters: Number

    @property
    def own(self) -> Values:
        """The variance of the runs without the interaction, which that of the articles holds already."""
        return np.asarray(np.maximum(np.asarray(self.v_runs) - self.v_interaction, 0.0))

    def reach(self, alpha: Number) -> Values:
        """How far the one-sided bound at a level, above 0 and at most .5, stands from the estimate."""
        from scipy.special import stdtrit  # type: ignore[import-untyped]  # here, since most claims need no bound

        runs, clusters = (-stdtrit(df, alpha) for df in (self.df_runs, self.df_clusters))
        of_articles = clusters * np.sqrt(self.v_clusters)
        joint = np.hypot(runs * np.sqrt(self.own), of_articles)
        return np.asarray(np.maximum(np.maximum(joint, runs * np.sqrt(self.v_runs)), of_articles))

    def p_ahead(self, ahead: Number) -> Values:
        """One-sided p of an estimate that stands `ahead` of its null: the level at which the bound stands on the null.

        Without any variance 0 if it is ahead, else 1. Found to about 13 digits by false position between the levels that one
        or the other of the degrees of freedom would give; of two variances nothing below 1e-100 is told apart.
        """
        from scipy.special import stdtr, stdtrit

        far = np.abs(np.asarray(ahead, dtype=np.float64))
        some = np.asarray(self.own + self.v_clusters > 0)
        size = np.where(some, np.sqrt(self.own + self.v_clusters), 1.0)
        ends = np.minimum(self.df_runs, self.df_clusters), np.maximum(self.df_runs, self.df_clusters)
        high, low = (np.log(np.clip(stdtr(df, -far / size), _LEAST_P, 0.5)) for df in ends)

        def beyond(log_alpha: Values) -> Values:
            # of logarithms: the tail of t is a power, so this is nearly a straight line
            alpha = np.exp(log_alpha)
            joint = np.hypot(stdtrit(self.df_runs, alpha) * np.sqrt(self.own),
                             stdtrit(self.df_clusters, alpha) * np.sqrt(self.v_clusters))
            return np.asarray(np.log(np.maximum(joint, _LEAST)) - np.log(np.maximum(far, _LEAST)))

        joint = np.exp(_root(beyond, low, high))
        alone = np.maximum(*(np.where(v > 0, stdtr(df, -far / np.sqrt(np.where(v > 0, v, 1.0))), 0.0) for v, df in (
            (np.asarray(self.v_runs), self.df_runs), (np.asarray(self.v_clusters), self.df_clusters))))
        p = np.where(far > 0, np.maximum(np.where(some, joint, 0.0), alone), 0.5)
        p = np.where(np.asarray(ahead) >= 0, p, 1 - p)
        none = (np.asarray(self.v_runs) <= 0) & (np.asarray(self.v_clusters) <= 0)
        return np.asarray(np.where(none, np.where(np.asarray(ahead) > 0, 0.0, 1.0), p))


_LEAST, _LEAST_P = 1e-300, 1e-100
_MOST_STEPS, _CLOSE = 80, 1e-13


def _root(function: Callable[[Values], Values], low: Values, high: Values) -> Values:
    """Where a falling function is 0, element by element, between `low`, where it is not below, and `high`, where not above.

    Source: false position with halved ends (Illinois; Dowell and Jarratt 1971).
    """
    at_low, at_high = function(low), function(high)
    side = np.zeros(np.shape(at_low), np.int8)
    middle = np.asarray(low)
    for _ in range(_MOST_STEPS):
        apart = at_low - at_high
        middle = np.where(apart > 0, (high * at_low - low * at_high) / np.where(apart > 0, apart, 1.0), low)
        value = function(middle)
        if np.all((np.abs(value) < _CLOSE) | (np.abs(high - low) < _CLOSE)):
            break
        above = value > 0
        at_high = np.where(above & (side == 1), at_high / 2, at_high)
        at_low = np.where(~above & (side == -1), at_low / 2, at_low)
        low, at_low = np.where(above, middle, low), np.where(above, value, at_low)
        high, at_high = np.where(above, high, middle), np.where(above, at_high, value)
        side = np.where(above, 1, -1).astype(np.int8)
    return middle


def articles_df(shares: Values) -> float:
    """Degrees of freedom of the variance of the articles: their effective number less 1, at least 1.

    `shares`: (G,), what part of the effect rests on each article; sums to 1. A few long articles among short ones carry the
    variance nearly alone: with effects of articles of one normal distribution it is that of (sum h^2)^2 / sum h^4 equal ones.

    Source: Satterthwaite's formula, for the sum over articles of squared share times squared effect.

    >>> round(articles_df(np.full(48, 1 / 48)), 9), articles_df(np.array([0.97, 0.01, 0.01, 0.01]))
    (47.0, 1.0)
    """
    return max(float((shares**2).sum() ** 2 / (shares**4).sum()) - 1, 1.0)
