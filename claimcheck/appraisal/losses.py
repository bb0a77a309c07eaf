"""What an arm loses under perturbed queries, over some families and languages: the arithmetic."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from claimcheck.appraisal.bounds import bounds
from claimcheck.appraisal.family import DISPLAYED
from claimcheck.appraisal.units import decimals_of, shown
from claimcheck.finding import Bounds
from claimcheck.stats.cells import Cell
from claimcheck.stats.effect import Effect, Estimand
from claimcheck.stats.two_way import log_ratio, paired

MEASURE = "AP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimated:
    """A mean, or a reduction in percent, with bounds for other articles and other runs, and for this benchmark alone; each at
    97.5 % on its side.
    """

    value: float
    beyond: Bounds
    benchmark: Bounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What an arm loses over some cells, each language weighing the same. `by_language`: the drop, None where none counts.

    `drop`: of AP in the pool of all languages; `retention`: the log of perturbed over clean, of the means of each run, its mean
    over runs; `relative`: the reduction that this is, in percent; both None where a run has a mean of 0;
    `applied_drop`: over the questions that were changed; `worst`: drop to the worst draw of each question, None where nothing
    is drawn; `overlap`: rank-biased overlap of the first ten with those of the clean query; `distance`: by how much the rank
    distance grows; `monolingual`: the drop in the pool of the query's own language. Both are None where a language has no
    such value.
    """

    arm: str
    clean: float
    perturbed: float
    drop: Estimated
    retention: Estimated | None
    relative: Estimated | None
    applied_drop: float
    worst: float | None
    overlap: float
    distance: float | None
    monolingual: float | None
    by_language: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Piece:
    """A family in a language, of an arm: clean and perturbed values of each measure.

    `clean` (S, n); `draws` and `applied` (K, S, n). `distance` and `monolingual`: by how much the rank distance and the AP in
    the pool of the own language grow, None where they have no value.
    """

    language: str
    family: str
    clean: NDArray[np.float64]
    draws: NDArray[np.float64]
    applied: NDArray[np.float64]
    overlap: float
    distance: float | None
    monolingual: float | None
    clusters: NDArray[np.int64]


def loss(arm: str, pieces: Sequence[Piece], languages: Sequence[str], resamples: int) -> Loss:
    """Over pieces: the families of a language weigh the same within it, and languages weigh the same."""
    spoken = [piece.language for piece in pieces]
    weights = np.array([1 / (len(set(spoken)) * spoken.count(language)) for language in spoken])
    perturbed = [piece.draws.mean(axis=0) for piece in pieces]
    drops = [float((piece.clean - after).mean()) for piece, after in zip(pieces, perturbed, strict=True)]
    of = {language: [drop for drop, each in zip(drops, spoken, strict=True) if each == language] for language in languages}
    means = [float(weights @ [float(each.mean()) for each in side]) for side in ([piece.clean for piece in pieces], perturbed)]

    def mean(name: str) -> float | None:
        values = [getattr(piece, name) for piece in pieces]
        return None if any(value is None for value in values) else float(weights @ values)

    grown = mean("monolingual")
    ratio = _ratio(pieces, perturbed, weights, resamples)
    return Loss(arm=arm, clean=means[0], perturbed=means[1], drop=_drop(pieces, perturbed, weights),
                retention=None if ratio is None else estimated(ratio), relative=None if ratio is None else _reduction(ratio),
                applied_drop=_applied(pieces, weights),
                worst=_worst(pieces, weights), distance=mean("distance"),
                overlap=float(weights @ [piece.overlap for piece in pieces]), monolingual=None if grown is None else -grown,
                by_language=tuple(float(np.mean(of[language])) if of[language] else None for language in languages))


def estimated(effect: Effect) -> Estimated:
    """An effect in points of the measure, or in logs of it, with both of its plain intervals."""
    beyond, benchmark = (bounds(effect, estimand, (DISPLAYED, DISPLAYED), is_log=False, decimals=decimals_of(MEASURE))
                         for estimand in (Estimand.BEYOND, Estimand.BENCHMARK))
    return Estimated(value=effect.estimate, beyond=beyond, benchmark=benchmark)


def _drop(pieces: Sequence[Piece], perturbed: Sequence[NDArray[np.float64]], weights: NDArray[np.float64]) -> Estimated:
    effect = paired([Cell(values=piece.clean - after, clusters=piece.clusters)
                     for piece, after in zip(pieces, perturbed, strict=True)], weights.tolist())
    return estimated(effect)


def _reduction(retention: Effect) -> Estimated:
    """A log of perturbed over clean as the reduction that it is, in percent."""
    turned = replace(retention, estimate=-retention.estimate, per_run=-retention.per_run)
    beyond, benchmark = (bounds(turned, estimand, (DISPLAYED, DISPLAYED), is_log=True, decimals=1)
                         for estimand in (Estimand.BEYOND, Estimand.BENCHMARK))
    return Estimated(value=shown(turned.estimate, is_log=True), beyond=beyond, benchmark=benchmark)


def _ratio(pieces: Sequence[Piece], perturbed: Sequence[NDArray[np.float64]], weights: NDArray[np.float64],
           resamples: int) -> Effect | None:
    """Log of the ratio of macro means, perturbed over clean, of each run; undefined where one of them is 0."""
    over, under = ([Cell(values=values, clusters=piece.clusters) for values, piece in zip(side, pieces, strict=True)]
                   for side in (perturbed, [piece.clean for piece in pieces]))
    runs = range(len(pieces[0].clean))
    if any(weights @ [cell.values[run].mean() for cell in side] <= 0 for side in (over, under) for run in runs):
        return None
    return log_ratio(over, under, weights.tolist(), resamples=resamples)


def _applied(pieces: Sequence[Piece], weights: NDArray[np.float64]) -> float:
    """The drop over those questions and draws that were changed; each piece has one, or the encoder would have seen nothing."""
    return float(weights @ [float(((each.clean - each.draws) * each.applied).sum() / each.applied.sum()) for each in pieces])


def _worst(pieces: Sequence[Piece], weights: NDArray[np.float64]) -> float | None:
    if all(len(piece.draws) == 1 for piece in pieces):
        return None
    return float(weights @ [float((piece.clean - piece.draws.min(axis=0)).mean()) for piece in pieces])
