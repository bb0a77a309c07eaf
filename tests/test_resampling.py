"""Draws, intervals and sign flips: equal to scipy's on the same draws, to brute force, and honest where nothing can be said."""

import itertools
import warnings

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from claimcheck.stats.resampling import (
    BLOCK,
    LEAST_ROWS,
    bca_interval,
    bootstrap_means,
    cluster_counts,
    percentile_interval,
    resampled_means,
    sign_flip_max_t,
    sign_flips,
)

INTERVALS = {"percentile": lambda means, totals: percentile_interval(means),
             "BCa": lambda means, totals: bca_interval(means, totals, np.ones(totals.shape[1]))}


def seeded(seed: int = 3) -> np.random.Generator:
    return np.random.default_rng(seed)


# ---------------------------------------------------------------- draws


@pytest.mark.parametrize(("resamples", "clusters", "drawn"),
                         [(5, 3, None), (2000, 48, 47), (2 * LEAST_ROWS + 3, BLOCK // LEAST_ROWS + 9, None), (300, 7, 901)])
def test_counts_are_those_of_the_integers_that_numpy_draws_at_once(resamples: int, clusters: int, drawn: int | None):
    places = seeded().integers(0, clusters, (resamples, drawn or clusters))
    counts = cluster_counts(seeded(), resamples, clusters, drawn)
    assert counts.dtype == np.float64
    assert np.array_equal(counts, [np.bincount(row, minlength=clusters) for row in places])
    assert np.array_equal(counts, cluster_counts(seeded(), resamples, clusters, drawn, dtype=np.uint16))


def test_after_the_draws_the_generator_stands_where_numpy_leaves_it():
    ours, numpys = seeded(), seeded()
    cluster_counts(ours, 3 * LEAST_ROWS, 501)
    numpys.integers(0, 501, (3 * LEAST_ROWS, 501))
    assert ours.random() == numpys.random()


def test_means_are_those_of_the_questions_that_were_drawn():
    """Oracle: the questions of the drawn articles, one after the other."""
    random = seeded()
    articles = [np.array([0, 0, 0, 1, 2, 2, 3]), np.array([3, 1, 1, 0, 2])]
    scores = [random.normal(size=(2, len(each))) for each in articles]
    totals = np.array([[np.bincount(each, row, 4) for row in rows] for each, rows in zip(articles, scores, strict=True)])
    counts = np.array([np.bincount(each, minlength=4) for each in articles], float)
    means = bootstrap_means(totals, counts[:, None, :], cluster_counts(seeded(1), 9, 4))
    places = seeded(1).integers(0, 4, (9, 4))
    for cell, run, draw in itertools.product(range(2), range(2), range(9)):
        asked = np.concatenate([np.flatnonzero(articles[cell] == article) for article in places[draw]])
        assert means[cell, run, draw] == pytest.approx(scores[cell][run, asked].mean())


def test_means_in_blocks_and_from_small_integers_are_those_of_all_draws_at_once():
    totals, counts = seeded().normal(size=(3, 400)), seeded(1).integers(1, 9, 400).astype(float)
    drawn = cluster_counts(seeded(2), 2 * LEAST_ROWS + 5, 400)
    expected = (drawn @ totals.T / (drawn @ counts)[:, None]).T
    assert bootstrap_means(totals, counts, drawn) == pytest.approx(expected, abs=1e-14)
    assert bootstrap_means(totals, counts, drawn.astype(np.uint16)) == pytest.approx(expected, abs=1e-14)
    assert resampled_means(seeded(2), len(drawn), totals, counts) == pytest.approx(expected, abs=1e-14)


def test_a_contrast_without_questions_in_a_draw_has_no_mean_there_and_the_others_have():
    drawn = np.array([[2.0, 0.0], [1.0, 1.0], [0.0, 2.0]])
    means = bootstrap_means(np.array([[4.0, 0.0], [4.0, 2.0]]), np.array([[2.0, 0.0], [2.0, 1.0]]), drawn)
    assert means.tolist()[1] == [2, 2, 2]
    assert means[0, :2].tolist() == [2, 2]
    assert np.isnan(means[0, 2])


# ---------------------------------------------------------------- intervals


SAMPLES = {"normal": seeded(5).normal(size=(4, 30)), "skewed": np.exp(2 * seeded(6).normal(size=(3, 48))),
           "few values, many ties": seeded(7).integers(-1, 2, (5, 12)).astype(float),
           "one that differs": np.eye(3, 20) * 8, "two": np.array([[1.0, 2.0], [5.0, -3.0]])}


@pytest.mark.parametrize("method", list(INTERVALS))
@pytest.mark.parametrize("name", list(SAMPLES))
@pytest.mark.parametrize("resamples", [99, 1999])
def test_intervals_are_scipys_on_the_same_draws(name: str, method: str, resamples: int):
    sample = SAMPLES[name]
    theirs = scipy.stats.bootstrap((sample,), np.mean, axis=1, n_resamples=resamples, method=method, rng=seeded(11))
    ours = INTERVALS[method](resampled_means(seeded(11), resamples, sample, np.ones(sample.shape[1])), sample)
    assert ours[0] == pytest.approx(theirs.confidence_interval.low, rel=1e-12, abs=1e-12)
    assert ours[1] == pytest.approx(theirs.confidence_interval.high, rel=1e-12, abs=1e-12)


def test_another_level_is_scipys_too():
    sample = SAMPLES["skewed"]
    means = resampled_means(seeded(11), 2999, sample, np.ones(48))
    for method, ours in (("percentile", percentile_interval(means, 0.8)),
                         ("BCa", bca_interval(means, sample, np.ones(48), 0.8))):
        theirs = scipy.stats.bootstrap((sample,), np.mean, axis=1, n_resamples=2999, method=method, confidence_level=0.8,
                                       rng=seeded(11)).confidence_interval
        assert np.array(ours) == pytest.approx(np.array(theirs), rel=1e-12)


@pytest.mark.parametrize("method", list(INTERVALS))
def test_the_unit_of_the_scores_does_not_decide_what_is_a_tie(method: str):
    """Tenths have no exact binary form, so their sums tie up to rounding only."""
    sample = SAMPLES["few values, many ties"]
    means = resampled_means(seeded(2), 1999, sample, np.ones(12))
    tenths = resampled_means(seeded(2), 1999, 0.1 * sample, np.ones(12))
    assert np.array(INTERVALS[method](tenths, 0.1 * sample)) == pytest.approx(0.1 * np.array(INTERVALS[method](means, sample)))


def test_bca_of_articles_of_unequal_length_leaves_out_article_by_article():
    """Oracle: the bias and the acceleration worked out in a loop over articles."""
    totals, counts = np.exp(seeded(4).normal(size=15)), seeded(5).integers(1, 30, 15).astype(float)
    means = resampled_means(seeded(6), 1999, totals[None], counts)
    without = np.array([np.delete(totals, each).sum() / np.delete(counts, each).sum() for each in range(15)])
    apart = without.mean() - without
    acceleration = (apart**3).sum() / (6 * (apart**2).sum() ** 1.5)
    observed = totals.sum() / counts.sum()
    bias = scipy.stats.norm.ppf((means < observed).mean() + (means == observed).mean() / 2)
    z = bias + scipy.stats.norm.ppf([0.025, 0.975])
    levels = scipy.stats.norm.cdf(bias + z / (1 - acceleration * z))
    assert np.ravel(bca_interval(means, totals[None], counts)) == pytest.approx(np.quantile(means, levels), rel=1e-12)


rows = st.sampled_from([np.arange(3000.0), -np.arange(3000.0), np.zeros(3000), seeded(1).normal(size=3000),
                        seeded(2).integers(0, 3, 3000).astype(float), np.repeat([0.0, 1.0, -1.0], 1000),
                        np.concatenate([np.full(600, 9.0), seeded(3).normal(size=2400)]), seeded(4).normal(size=40),
                        np.ones(1)])


@given(rows, st.floats(0.001, 0.9999))
def test_percentiles_are_numpys_in_whatever_order_the_resamples_come(row: np.ndarray, level: float):
    expected = np.quantile(row, [(1 - level) / 2, (1 + level) / 2])
    assert np.ravel(percentile_interval(row[None], level)) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_a_few_resamples_without_a_value_are_left_out_and_many_leave_no_interval():
    means = seeded().normal(size=(3, 2000))
    means[1, :20] = means[2, :21] = np.nan
    low, high = percentile_interval(means)
    assert (low[1], high[1]) == pytest.approx(tuple(np.quantile(means[1, 20:], [0.025, 0.975])))
    assert np.isnan([low[2], high[2]]).all()
    assert (low[0], high[0]) == pytest.approx(tuple(np.quantile(means[0], [0.025, 0.975])))


def test_bca_has_no_interval_where_nothing_differs_or_one_article_is_all_and_warns_of_nothing():
    totals = np.array([[0.1] * 6, [3.0, 0, 0, 0, 0, 0], [1.0, 2, 3, 4, 5, 9]])
    counts = np.array([[1.0] * 6, [4.0, 0, 0, 0, 0, 0], [1.0] * 6])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        low, high = bca_interval(resampled_means(seeded(), 999, totals, counts), totals, counts)
    assert np.isnan(low).tolist() == np.isnan(high).tolist() == [True, True, False]


# ---------------------------------------------------------------- sign flips


def by_the_letter(effects: np.ndarray, signs: np.ndarray) -> tuple[list[float], list[float]]:
    """Oracle: one flip after the other."""
    norm = [np.sqrt((row**2).sum()) for row in effects]
    observed = [abs(row.sum()) / size for row, size in zip(effects, norm, strict=True)]
    alone, together = [0] * len(effects), [0] * len(effects)
    for flip in signs:
        flipped = [abs((row * flip).sum()) / size for row, size in zip(effects, norm, strict=True)]
        for number, own in enumerate(observed):
            alone[number] += flipped[number] >= own - 1e-12
            together[number] += max(flipped) >= own - 1e-12
    return [(1 + each) / (len(signs) + 1) for each in alone], [(1 + each) / (len(signs) + 1) for each in together]


@pytest.mark.parametrize("effects", [seeded(1).normal(0.3, 1, (4, 20)), seeded(2).integers(-1, 3, (6, 9)) + 0.0,
                                     0.1 * np.array([[1.0, 1, 1, 1, 1, 1, 1, 2, 3], [3, 1, 1, 1, 0, 0, 0, 0, -1]])])
def test_p_of_sign_flips_is_that_found_flip_by_flip(effects: np.ndarray):
    signs = sign_flips(seeded(), 700, effects.shape[1])
    alone, together = sign_flip_max_t(effects, signs)
    expected = by_the_letter(effects, signs)
    assert (alone.tolist(), together.tolist()) == (pytest.approx(expected[0]), pytest.approx(expected[1]))
    assert (together >= alone).all()


def test_with_all_flips_p_is_exact_as_scipys():
    effects = seeded(8).normal(0.5, 1, (3, 8))
    signs = sign_flips(seeded(), 255, 8)
    assert len(np.unique(signs, axis=0)) == len(signs) == 255  # 2^8, less the one that flips nothing
    assert (signs < 0).any(axis=1).all()
    theirs = scipy.stats.permutation_test((effects,), lambda each, axis: np.abs(each.sum(axis=axis)), vectorized=True, axis=1,
                                          permutation_type="samples", alternative="greater", n_resamples=np.inf)
    assert sign_flip_max_t(effects, signs)[0] == pytest.approx(theirs.pvalue)


def test_signs_are_even_and_independent_of_one_another():
    signs = sign_flips(seeded(), 20_000, 21)
    assert signs.shape == (20_000, 21)
    assert set(np.unique(signs)) == {-1, 1}
    # means and correlations have a standard error of .0071; of 21 and 210 of them none is 4.5 away
    together = signs.T @ signs.astype(float) / 20_000
    assert np.abs(signs.mean(axis=0)).max() < 4.5 * 0.0071
    assert np.abs(together - np.eye(21)).max() < 4.5 * 0.0071


def test_units_of_contrasts_their_order_and_a_contrast_put_twice_change_no_p():
    effects, signs = seeded(1).normal(0.4, 1, (3, 40)), sign_flips(seeded(), 999, 40)
    alone, together = sign_flip_max_t(effects, signs)
    factors = np.array([1e-200, 7.0, 1e200])[:, None]
    for changed, order in ((effects * factors, [0, 1, 2]), (effects[[2, 0, 1, 0]], [2, 0, 1, 0]), (-effects, [0, 1, 2])):
        assert sign_flip_max_t(changed, signs)[0] == pytest.approx(alone[order])
        assert sign_flip_max_t(changed, signs)[1] == pytest.approx(together[order])


def test_a_contrast_of_zeros_has_p_1_and_takes_nothing_from_the_others():
    effects, signs = seeded(1).normal(0.4, 1, (2, 40)), sign_flips(seeded(), 999, 40)
    alone, together = sign_flip_max_t(np.vstack([effects, np.zeros(40)]), signs)
    assert alone[2] == together[2] == 1
    assert together[:2] == pytest.approx(sign_flip_max_t(effects, signs)[1])


def test_p_of_a_large_effect_is_the_smallest_there_is():
    alone, together = sign_flip_max_t(np.vstack([np.full(60, 2.0), seeded().normal(size=60)]), sign_flips(seeded(), 499, 60))
    assert alone[0] == together[0] == 1 / 500


def test_one_in_twenty_families_of_nothing_has_a_small_adjusted_p():
    """Simulation: 1,500 families of 8 contrasts that depend on each other, of 12 clusters, one effect large. SE .0056."""
    random, rejected = seeded(20), 0
    for _ in range(1500):
        effects = random.standard_t(4, size=(8, 12)) + random.standard_t(4, size=12)
        effects[0] += 3
        rejected += sign_flip_max_t(effects, sign_flips(random, 199, 12))[1][1:].min() <= 0.05
    assert 0.02 <= rejected / 1500 <= 0.05 + 2 * 0.0056


@pytest.mark.parametrize(("broken", "words"), [
    (lambda: cluster_counts(seeded(), 0, 4), "one of each is the least"),
    (lambda: cluster_counts(seeded(), 10, 1, 0), "one of each is the least"),
    (lambda: bootstrap_means(np.ones((2, 3)), np.ones(3), np.ones((5, 4))), "for 4 clusters"),
    (lambda: bootstrap_means(np.ones((2, 3)), np.ones(1), np.ones((5, 3))), "for 3 clusters"),
    (lambda: percentile_interval(np.ones((1, 9)), 1.0), "between 0 and 1"),
    (lambda: bca_interval(np.ones((1, 9)), np.ones((1, 3)), np.ones(3), 0), "between 0 and 1"),
    (lambda: sign_flips(seeded(), 10, 0), "one of each is the least"),
    (lambda: sign_flip_max_t(np.ones((2, 3)), np.ones((5, 4))), "they are"),
    (lambda: sign_flip_max_t(np.array([[np.nan, 1.0]]), np.ones((5, 2))), "1 of 2 effects are not finite"),
])
def test_what_cannot_be_resampled_is_refused_with_its_reason(broken, words: str):
    with pytest.raises(ValueError, match=words):
        broken()
