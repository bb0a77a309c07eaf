"""Resampling of clusters: integer draws -> how often each cluster counts -> one matrix product for all contrasts at once.

Clusters are what is drawn anew: articles with all their questions, never rows. Draws are those of `random.integers`, so
that scipy.stats.bootstrap and arch, given the same generator, draw the same; tests hold the endpoints against theirs. All
contrasts share the draws.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Values = NDArray[np.float64]

MOST_LOST = 0.01
"""The part of the resamples that may have no value, for want of questions in a cell, before nothing is made of the rest."""

BLOCK = 2**16
"""Numbers that are worked on at once, so that what is drawn is still near when it is multiplied."""

LEAST_ROWS = 256
"""Resamples that are worked on at once, however many clusters there are: a product of few rows is a slow one."""

PILOT = 512
"""Resamples that tell roughly where a quantile lies, so that only what may be it need be sorted."""


def cluster_counts(random: np.random.Generator, resamples: int, clusters: int, drawn: int | None = None, *,
                   dtype: DTypeLike = np.float64) -> NDArray[Any]:
    """How often each cluster is drawn, (B, G), in B resamples of `drawn` of G clusters each, with replacement.

    The draws are those of `random.integers(0, clusters, (resamples, drawn))`; each row sums to `drawn`, which is G where it
    is not given. A `dtype` of integers keeps counts small in memory; it must hold `drawn`.

    Raises ValueError: nothing is to be drawn, or there is nothing to draw from.
    """
    counts = np.empty((resamples, clusters), dtype)
    start = 0
    for block in _drawn_blocks(random, resamples, clusters, drawn):
        counts[start : start + len(block)] = block
        start += len(block)
    return counts


def bootstrap_means(totals: Values, counts: Values, drawn: NDArray[Any]) -> Values:
    """The mean of every contrast in every resample, (..., B): its total over what was drawn by the questions in it.

    `totals`: (..., G), sums over the questions of each cluster. `counts`: how many questions those are, of a shape that
    broadcasts against it; ones, (G,), for values of single units. `drawn`: (B, G), as `cluster_counts` gives it. A contrast
    that has no question in a resample has a nan there.

    Raises ValueError: the numbers of clusters differ.
    """
    rows = _rows(drawn.shape[-1])
    blocks = (drawn[start : start + rows] for start in range(0, len(drawn), rows))
    return _means(totals, counts, blocks, drawn.shape)


def resampled_means(random: np.random.Generator, resamples: int, totals: Values, counts: Values) -> Values:
    """`bootstrap_means` of as many clusters as there are, drawn as `cluster_counts` draws them; in blocks, so never all held.

    Raises ValueError: as these two.
    """
    clusters = totals.shape[-1]
    blocks, shape = _drawn_blocks(random, resamples, clusters, None), (resamples, clusters)
    if counts.shape[-1] == clusters and counts.min() == counts.max() > 0:  # then so are all that are drawn
        return _sums(totals / (clusters * counts.max()), blocks, shape)
    return _means(totals, counts, blocks, shape)


def percentile_interval(means: Values, level: float = 0.95) -> tuple[Values, Values]:
    """Lower and upper end of two-sided percentile intervals, (K,) each, from means in resamples (K, B).

    Resamples without a value are left out; a contrast that lacks more than `MOST_LOST` of them has no interval, but nan.

    Source: Efron and Tibshirani 1993, ch. 13; quantiles interpolated linearly, as scipy.stats.bootstrap has them.

    Raises ValueError: `level` is not between 0 and 1.
    """
    tail = _tail(level)
    return _quantiles(means, np.full((len(means), 2), (tail, 1 - tail)))


def bca_interval(means: Values, totals: Values, counts: Values, level: float = 0.95) -> tuple[Values, Values]:
    """Lower and upper end of two-sided BCa intervals, (K,) each, from means in resamples (K, B).

    `totals`, (K, G), and `counts`, (G,) or (K, G), are what the means were made of, as in `bootstrap_means`. A resample whose
    mean is the observed one counts half as below it, the same up to rounding included. The acceleration is the jackknife's,
    which a mean has in closed form. nan where there is no such interval: values that are all the same, a contrast on one
    cluster, an observed mean beyond all resamples; else as `percentile_interval`.

    Source: Efron 1987; bias and acceleration as scipy.stats.bootstrap has them.

    Raises ValueError: `level` is not between 0 and 1.
    """
    from scipy.special import ndtr, ndtri  # type: ignore[import-untyped]  # here, since most claims need no interval

    tail = _tail(level)
    clusters, questions = totals.shape[-1], np.broadcast_to(counts, totals.shape)
    total, number = totals.sum(axis=-1, keepdims=True), questions.sum(axis=-1, keepdims=True)
    rounding = clusters * np.finfo(np.float64).eps * np.abs(totals).sum(axis=-1, keepdims=True) / number
    with np.errstate(divide="ignore", invalid="ignore"):
        without = (total - totals) / (number - questions)
        pull = (clusters - 1) * (without.mean(axis=-1, keepdims=True) - without) / clusters
        pull[(np.abs(pull) <= rounding).all(axis=-1)] = 0.0
        acceleration = (pull * pull * pull).sum(axis=-1) / (pull * pull).sum(axis=-1) ** 1.5 / 6
        bias = ndtri(_share_below(means, total / number, rounding))
        shifted = bias[:, None] + ndtri((tail, 1 - tail))
        levels = ndtr(bias[:, None] + shifted / (1 - acceleration[:, None] * shifted))
    return _quantiles(means, levels)


def sign_flips(random: np.random.Generator, resamples: int, clusters: int) -> NDArray[np.int8]:
    """Signs, (B, G) of +-1, each as likely, for `sign_flip_max_t`.

    Where there are no more than `resamples` ways to flip at all, each of them once, less the one that flips nothing: B is
    2^G - 1 then, and p is exact.

    Raises ValueError: there is nothing to flip.
    """
    if resamples < 1 or clusters < 1:
        raise ValueError(f"{resamples} resamples of {clusters} clusters: one of each is the least")
    if clusters < 63 and 2**clusters - 1 <= resamples:
        ways = np.arange(1, 2**clusters)[:, None] >> np.arange(clusters) & 1
        return np.asarray(1 - 2 * ways, np.int8)
    octets = -(-clusters // 8)
    bits = np.frombuffer(random.bytes(resamples * octets), np.uint8).reshape(resamples, octets)
    return np.unpackbits(bits, axis=1, count=clusters).view(np.int8) * np.int8(2) - np.int8(1)


def sign_flip_max_t(effects: Values, signs: NDArray[Any]) -> tuple[Values, Values]:
    """Two-sided p of K contrasts under flips of their clusters' signs: each for itself, and adjusted for all; (K,) each.

    `effects`: (K, G), what each cluster adds to a contrast; null: its signs are as likely the other way round. `signs`: (B, G),
    as `sign_flips` gives them, the same for all contrasts, so that these keep their dependence. The statistic is
    T = sum_g z_g / sqrt(sum_g z_g^2), whose denominator no flip moves. p = (1 + #{|T*| >= |T|}) / (B + 1); adjusted, T* is the
    largest of all contrasts' (single-step max-T). Equal up to rounding is equal. A contrast of zeros has p 1.

    Source: Fisher 1935; Westfall and Young 1993; for retrieval Boytsov, Belova and Westfall 2013. The adjustment holds the
    error over the family whichever contrasts are null, since the joint flips of a subset do not depend on the others.

    Raises ValueError: an effect is not finite, or the numbers of clusters differ.
    """
    if effects.ndim != 2 or signs.ndim != 2 or effects.shape[1] != signs.shape[1]:
        raise ValueError(f"effects of shape {effects.shape} and signs of shape {signs.shape}: they are (K, G) and (B, G)")
    if not np.isfinite(effects).all():
        raise ValueError(f"{int((~np.isfinite(effects)).sum())} of {effects.size} effects are not finite")
    largest = np.abs(effects).max(axis=1, keepdims=True, initial=0.0)
    scaled = effects / np.where(largest > 0, largest, 1.0)  # so that squares neither vanish nor overflow
    lengths = np.sqrt((scaled**2).sum(axis=1, keepdims=True))
    scaled /= np.where(lengths > 0, lengths, 1.0)
    rounding = effects.shape[1] * np.finfo(np.float64).eps * float(np.abs(scaled).sum(axis=1).max(initial=0.0))
    at_least = np.abs(scaled.sum(axis=1)) - rounding
    alone, highest, start = np.zeros(len(effects), np.int64), np.empty(len(signs)), 0
    rows = _rows(max(effects.shape))
    while start < len(signs):
        flipped = scaled @ signs[start : start + rows].astype(np.float64).T
        np.abs(flipped, out=flipped)
        alone += np.count_nonzero(flipped >= at_least[:, None], axis=1)
        highest[start : start + rows] = flipped.max(axis=0, initial=0.0)
        start += rows
    together = len(signs) - np.searchsorted(np.sort(highest), at_least)
    return (1 + alone) / (len(signs) + 1), (1 + together) / (len(signs) + 1)


def _rows(numbers: int) -> int:
    """How many resamples of so many numbers each are worked on at once."""
    return max(LEAST_ROWS, BLOCK // max(1, numbers))


def _drawn_blocks(random: np.random.Generator, resamples: int, clusters: int, drawn: int | None) -> Iterator[Values]:
    """Counts of some resamples after others; a generator asked in pieces gives the same integers as asked at once."""
    size = clusters if drawn is None else drawn
    if resamples < 1 or clusters < 1 or size < 1:
        raise ValueError(f"{resamples} resamples of {size} out of {clusters} clusters: one of each is the least")
    rows = _rows(max(clusters, size))
    first = np.arange(rows)[:, None] * clusters
    for start in range(0, resamples, rows):
        many = min(rows, resamples - start)
        places = random.integers(0, clusters, (many, size))
        places += first[:many]
        yield np.bincount(places.ravel(), minlength=many * clusters).reshape(many, clusters).astype(np.float64)


def _means(totals: Values, counts: Values, blocks: Iterator[NDArray[Any]], shape: tuple[int, ...]) -> Values:
    """Totals and counts go through one product, one below the other."""
    resamples, clusters = shape
    if totals.shape[-1] != clusters or counts.shape[-1] != clusters:
        raise ValueError(f"totals of shape {totals.shape} and counts of shape {counts.shape} for {clusters} clusters")
    sums = _sums(np.concatenate([totals.reshape(-1, clusters), counts.reshape(-1, clusters)]), blocks, shape)
    contrasts = totals.size // clusters
    over = sums[:contrasts].reshape(*totals.shape[:-1], resamples)
    with np.errstate(divide="ignore", invalid="ignore"):
        over /= sums[contrasts:].reshape(*counts.shape[:-1], resamples)
    return over


def _sums(values: Values, blocks: Iterator[NDArray[Any]], shape: tuple[int, ...]) -> Values:
    """Of values (..., G) the sums over what is drawn, (..., B), block after block of B."""
    resamples, clusters = shape
    rows = values.reshape(-1, clusters)
    sums, start = np.empty((len(rows), resamples)), 0
    for block in blocks:
        np.matmul(rows, block.astype(np.float64, copy=False).T, out=sums[:, start : start + len(block)])
        start += len(block)
    return sums.reshape(*values.shape[:-1], resamples)


def _tail(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError(f"a level of {level}: it lies between 0 and 1")
    return (1 - level) / 2


def _share_below(means: Values, observed: Values, rounding: Values) -> Values:
    """What part of the resamples, (K,), has a mean below the observed one (K, 1), ties by half."""
    shares = np.empty(len(means))
    lost = _with_nan(means)
    for number, (row, low, high) in enumerate(zip(means, observed - rounding, observed + rounding, strict=True)):
        whole = row.size - (np.count_nonzero(np.isnan(row)) if lost[number] else 0)
        shares[number] = (np.count_nonzero(row < low) + np.count_nonzero(row <= high)) / (2 * whole) if whole else np.nan
    return shares


def _with_nan(means: Values) -> NDArray[np.bool_]:
    """Which rows, (K,), hold a nan."""
    return np.asarray(np.isnan(means.sum(axis=1)))


def _quantiles(means: Values, levels: Values) -> tuple[Values, Values]:
    """Of each row of means (K, B) the quantiles at the row's two levels (K, 2), interpolated linearly.

    Only the values beyond a bound are sorted. It is read from the first values of a row and lies inwards of the quantile by
    four of their standard errors; should too few values lie beyond it all the same, the whole row is sorted.
    """
    resamples, found = means.shape[1], np.full(levels.shape, np.nan)
    lost, asked = _with_nan(means), ~_with_nan(levels)
    levels = np.where(asked[:, None], levels, 0.5)
    places = levels * (resamples - 1)
    pilots = np.sort(means[:, :PILOT], axis=1)
    size = pilots.shape[1]
    inwards = 4 * np.sqrt(levels * (1 - levels) / size) + 2 / size
    at = np.clip((levels + np.where(levels < 0.5, inwards, -inwards)) * size, 0, size - 1).astype(np.int64)
    bounds = np.take_along_axis(pilots, at, axis=1).tolist()
    for number in np.flatnonzero(asked).tolist():
        row = means[number]
        if lost[number]:
            row = row[~np.isnan(row)]
            if len(row) < (1 - MOST_LOST) * resamples:
                continue
        if lost[number] or resamples < 2 * PILOT:
            found[number] = np.quantile(row, levels[number])
            continue
        for end in (0, 1):
            found[number, end] = _quantile(row, bounds[number][end], float(levels[number, end]), float(places[number, end]))
    return found[:, 0], found[:, 1]


def _quantile(row: Values, bound: float, level: float, place: float) -> float:
    """The value of a row at a place in its order, counted from 0, of which the bound cuts off the side it lies on."""
    low = min(int(place), row.size - 2)
    some = row[row <= bound] if level < 0.5 else row[row >= bound]
    before = 0 if level < 0.5 else row.size - some.size
    if low < before or low + 2 > before + some.size:
        some, before = row.copy(), 0
    some.sort()
    one, two = some[low - before : low - before + 2].tolist()
    return float(one + (place - low) * (two - one))
