"""A prediction by query language: exploratory, adjusted for how many languages and comparisons it is broken down into.

Conditional on these runs: the articles alone are drawn in thought. Of several pools each counts the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from claimcheck.appraisal.contrast import Contrast, Raw
from claimcheck.appraisal.measured import LanguageCell, Measured
from claimcheck.stats.resampling import sign_flip_max_t, sign_flips

FLIPS, SEED = 9_999, 20_240_816
LEAST_LANGUAGES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageEffect:
    """One comparison for the queries of one language. `comparison`: its place among those of the prediction, from 0.

    `means`: of arm and rival. `p`: two-sided, of no difference in this language; `p_adjusted`: the same, adjusted for all
    languages of all comparisons of the prediction (single-step max-T).
    """

    comparison: int
    language: str
    means: tuple[float, float]
    p: float
    p_adjusted: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Part:
    """What each article adds to the difference in one language: `clusters` (n,), distinct; `effects` (n,) sum to it."""

    comparison: int
    language: str
    means: tuple[float, float]
    clusters: NDArray[np.int64]
    effects: NDArray[np.float64]


def breakdown(contrast: Contrast, measured: Measured) -> tuple[LanguageEffect, ...]:
    """Each comparison by language, nothing where none is over several. Signs of articles are flipped jointly, seed fixed.

    Source: Westfall and Young 1993; for rankings Boytsov, Belova and Westfall 2013.
    """
    parts = [part for number, raw in enumerate(contrast.raws) for part in _parts(number, raw, contrast.measure, measured)]
    if not parts:
        return ()
    articles = np.unique(np.concatenate([part.clusters for part in parts]))
    effects = np.zeros((len(parts), len(articles)))
    for row, part in zip(effects, parts, strict=True):
        row[np.searchsorted(articles, part.clusters)] = part.effects
    alone, adjusted = sign_flip_max_t(effects, sign_flips(np.random.default_rng(SEED), FLIPS, len(articles)))
    return tuple(LanguageEffect(comparison=part.comparison, language=part.language, means=part.means, p=float(p),
                                p_adjusted=float(together))
                 for part, p, together in zip(parts, alone, adjusted, strict=True))


def _parts(number: int, raw: Raw, measure: str, measured: Measured) -> list[_Part]:
    told = dict(raw.about)
    if "language" in told or raw.on_logs is not None:  # of what is lost the profile has languages and families
        return []
    ours, theirs = ([[*measured.of(told["backbone"], arm, (measure, setting, route))] for route, setting in raw.where]
                    for arm in raw.arms)
    languages = sorted({cell.query_language for cells in ours for cell in cells})
    if len(languages) < LEAST_LANGUAGES:
        return []
    return [_part(number, language, *([[cell for cell in cells if cell.query_language == language] for cells in side]
                                      for side in (ours, theirs))) for language in languages]


def _part(number: int, language: str, ours: Sequence[Sequence[LanguageCell]],
          theirs: Sequence[Sequence[LanguageCell]]) -> _Part:
    """A language over the pools in which it has queries, each pool's cells weighing the same, runs averaged."""
    pools = [(mine, its) for mine, its in zip(ours, theirs, strict=True) if mine]
    means = [0.0, 0.0]
    sums: dict[int, float] = {}
    for mine, its in pools:
        for one, other in zip(mine, its, strict=True):
            share = 1 / (len(pools) * len(mine))
            values = [each.cell.values.mean(axis=0) for each in (one, other)]
            means = [mean + share * float(each.mean()) for mean, each in zip(means, values, strict=True)]
            for cluster, difference in zip(one.cell.clusters.tolist(), (values[0] - values[1]) / len(values[0]), strict=True):
                sums[cluster] = sums.get(cluster, 0.0) + share * float(difference)
    clusters = np.array(sorted(sums), dtype=np.int64)
    return _Part(comparison=number, language=language, means=(means[0], means[1]), clusters=clusters,
                 effects=np.array([sums[int(cluster)] for cluster in clusters]))
