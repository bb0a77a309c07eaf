"""The variance of an effect over training runs and articles: deviations -> components, their total, degrees of freedom.

Every function takes one effect or any number at once: leading axes are kept, so that a simulation runs the code that judges.
"""


import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Number = float | Values

PLAIN_FROM = 4.0
"""Degrees of freedom of the runs from which on Satterthwaite's formula holds as it stands (5 paired runs)."""


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


def degrees(v_runs: Number, v_clusters: Number, v_interaction: Number, df_runs: Number, df_clusters: Number) -> Values:
    """Degrees of freedom of the total: Satterthwaite's, and fewer where few runs carry much of the variance.

    With few runs the estimate of their variance is so often far too low that Satterthwaite's formula, which believes it,
    counts too many: below `PLAIN_FROM` the degrees are those of the runs where the runs vary more than the articles, and
    stay between those of the runs and of the articles elsewhere. Chosen by simulation: docs/statistics.md.
    """
    parts = np.asarray(v_runs**2 / df_runs + v_clusters**2 / df_clusters)
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = np.where(parts > 0, total(v_runs, v_clusters, v_interaction) ** 2 / parts, df_clusters)
    careful = np.clip(pooled, np.minimum(df_runs, df_clusters), np.maximum(df_runs, df_clusters))
    careful = np.where(v_runs > v_clusters, df_runs, careful)
    return np.asarray(np.where(np.asarray(df_runs) < PLAIN_FROM, careful, pooled))


def articles_df(shares: Values) -> float:
    """Degrees of freedom of the variance of the articles: their effective number less 1, at least 1.

    `shares`: (G,), what part of the effect rests on each article; sums to 1. A few long articles among short ones carry the
    variance nearly alone: with effects of articles of one normal distribution it is that of (sum h^2)^2 / sum h^4 equal ones.

    Source: Satterthwaite's formula, for the sum over articles of squared share times squared effect.

    >>> round(articles_df(np.full(48, 1 / 48)), 9), articles_df(np.array([0.97, 0.01, 0.01, 0.01]))
    (47.0, 1.0)
    """
    return max(float((shares**2).sum() ** 2 / (shares**4).sum()) - 1, 1.0)
