"""What resampling is measured against: scipy's bootstrap and sign flips, arch's bootstrap, on draws that ours shares."""

from collections.abc import Callable

import numpy as np
from arch.bootstrap import IIDBootstrap
from scipy.stats import bootstrap, permutation_test

RESAMPLES = 9999
Interval = tuple[np.ndarray, np.ndarray]


def generator() -> np.random.Generator:
    return np.random.default_rng(20_240_816)


def scipy_interval(values: np.ndarray, method: str, batch: int | None) -> Interval:
    found = bootstrap((values,), np.mean, axis=-1, n_resamples=RESAMPLES, method=method, batch=batch, rng=generator())
    return found.confidence_interval.low, found.confidence_interval.high


def scipy_one_by_one(values: np.ndarray, method: str) -> list[Interval]:
    return [scipy_interval(row, method, None) for row in values]


def arch_interval(values: np.ndarray, method: str) -> Interval:
    """Of one contrast (G,), or of all (K, G) with one statistic that gives K values."""
    found = IIDBootstrap(values.T, seed=generator()).conf_int(lambda data: data.mean(axis=0), reps=RESAMPLES,
                                                              method=method.lower())
    return found[0], found[1]


def arch_one_by_one(values: np.ndarray, method: str) -> list[Interval]:
    return [arch_interval(row, method) for row in values]


def absolute_sum(values: np.ndarray, axis: int) -> np.ndarray:
    return np.abs(values.sum(axis=axis))


def scipy_flips(scaled: np.ndarray, batch: int | None, statistic: Callable[..., np.ndarray] = absolute_sum) -> Interval:
    """p of each contrast, and from scipy's null distribution p adjusted by the largest of all contrasts."""
    found = permutation_test((scaled,), statistic, permutation_type="samples", vectorized=True, n_resamples=RESAMPLES,
                             batch=batch, alternative="greater", axis=-1, rng=generator())
    highest = np.sort(found.null_distribution.max(axis=-1))
    bounds = found.statistic * (1 - 100 * np.finfo(float).eps)
    return found.pvalue, (1 + RESAMPLES - np.searchsorted(highest, bounds)) / (RESAMPLES + 1)


def scipy_flips_one_by_one(scaled: np.ndarray, batch: int | None) -> list[Interval]:
    return [scipy_flips(row[None], batch) for row in scaled]


def signs_of_scipy(scaled: np.ndarray, batch: int) -> tuple[np.ndarray, Interval]:
    """The signs (B, G) that scipy flips by, seen by its statistic in a contrast of ones put last; and its p of the others."""
    seen: list[np.ndarray] = []

    def statistic(values: np.ndarray, axis: int) -> np.ndarray:
        if values.ndim == 3:
            seen.append(values[:, -1, :].astype(np.int8))
        return absolute_sum(values[..., :-1, :], axis)

    p = scipy_flips(np.vstack([scaled, np.ones(scaled.shape[1])]), batch, statistic)
    return np.concatenate(seen), p
