"""Effects over runs and articles: bounds and p-values of one mind, right by hand, by other libraries and in simulation."""

import itertools
from dataclasses import replace
from math import inf, log, sqrt

import numpy as np
import pytest
import scipy.stats
from hypothesis import assume, given
from hypothesis import strategies as st

from claimcheck.stats import variance
from claimcheck.stats.families import holm_levels, most_ahead, partial_conjunction
from claimcheck.stats.power import (
    articles_needed,
    minimum_detectable,
    runs_needed,
    standardised,
    upper_spread,
    with_articles,
    with_run_spread,
    with_runs,
)
from claimcheck.stats.two_way import (
    Cell,
    Effect,
    Estimand,
    degrees_of_freedom,
    log_ratio,
    lower,
    p_above,
    p_below,
    paired,
    standard_error,
    unpaired,
    upper,
)

BOTH = pytest.mark.parametrize("estimand", list(Estimand))


def cell(values: object, clusters: object = None) -> Cell:
    array = np.asarray(values, dtype=float)
    numbers = np.arange(array.shape[-1]) if clusters is None else np.asarray(clusters)
    return Cell(values=array, clusters=numbers)


def some_cells(seed: int, *, runs: int = 4, shift: float = 0.1) -> list[Cell]:
    """Three cells of different sizes about up to six articles, one of which is missing in the second cell."""
    random = np.random.default_rng(seed)
    clusters = [[0, 0, 0, 1, 2, 2, 3, 4, 5], [5, 4, 4, 4, 3, 1, 0], [0, 1, 2, 2, 2, 3, 3, 4, 5, 5]]
    of_run, of_article = random.normal(size=(runs, 1)), random.normal(size=6)
    return [cell(shift + of_run + of_article[each] + random.normal(size=(runs, len(each))), each) for each in clusters]


def effect(**given: float) -> Effect:
    parts = {"estimate": 0.0, "v_runs": 1.0, "v_clusters": 1.0, "v_interaction": 0.0, "df_runs": 4.0, "df_clusters": 47.0}
    parts |= given
    total = float(variance.total(parts["v_runs"], parts["v_clusters"], parts["v_interaction"]))
    runs = int(parts["df_runs"]) + 1
    return Effect(per_run=np.full(runs, parts["estimate"]), runs=runs, clusters=48, questions=1190, v_total=total, **parts)


effects = st.builds(effect, estimate=st.floats(-3, 3), v_runs=st.floats(0, 9), v_clusters=st.floats(0, 9),
                    v_interaction=st.floats(0, 3), df_runs=st.integers(1, 20).map(float), df_clusters=st.floats(1, 500))


# ---------------------------------------------------------------- the parts of the variance


def test_the_parts_of_the_variance_of_two_runs_and_two_articles_are_those_found_by_hand():
    found = paired([cell([[1, 3], [3, 9]])])
    assert found.per_run.tolist() == [2, 6]  # (1 + 3) / 2, (3 + 9) / 2
    assert found.estimate == 4  # (2 + 6) / 2
    assert found.v_runs == 4  # ((2 - 4)^2 + (6 - 4)^2) / (2 - 1) / 2
    # means over runs 2 and 6, so influences (2 - 4) / 2 = -1 and (6 - 4) / 2 = 1
    assert found.v_clusters == 4  # 2 / (2 - 1) * (1 + 1)
    # 1 - 2 - 2 + 4 = 1 and so on: each of the four is +-1, divided by 2 runs * 2 questions
    assert found.v_interaction == 1  # 2 / 1 * 2 / 1 * 4 * (1 / 4)^2
    assert found.v_total == 7  # 4 + 4 - 1
    assert (found.df_runs, found.df_clusters) == (1, 1)
    assert (found.runs, found.clusters, found.questions) == (2, 2, 2)


def by_the_letter(cells: list[Cell]) -> tuple[float, float, float, float]:
    """Oracle: the formulas of docs/statistics.md written out as sums over single questions."""
    runs, names, many = len(cells[0].values), range(6), len(cells)
    theta = [sum(each.values[s].mean() for each in cells) / many for s in range(runs)]
    u = {}
    for s, g in itertools.product(range(runs), names):
        u[s, g] = sum((each.values[s, q] - each.values[s].mean()) / (many * each.values.shape[1])
                      for each in cells for q in range(each.values.shape[1]) if each.clusters[q] == g)
    mean = {g: sum(u[s, g] for s in range(runs)) / runs for g in names}
    v_runs = np.var(theta, ddof=1) / runs
    v_clusters = 6 / 5 * sum(each**2 for each in mean.values())
    v_interaction = runs / (runs - 1) * 6 / 5 * sum(((u[s, g] - mean[g]) / runs) ** 2 for s, g in u)
    return float(np.mean(theta)), float(v_runs), v_clusters, v_interaction


@pytest.mark.parametrize("seed", range(3))
def test_cells_of_unequal_size_follow_the_formulas_to_the_letter(seed: int):
    cells = some_cells(seed)
    found = paired(cells)
    assert (found.estimate, found.v_runs, found.v_clusters, found.v_interaction) == pytest.approx(by_the_letter(cells))


def test_the_total_is_never_below_the_variance_of_the_runs_or_of_the_articles():
    assert variance.total(1.0, 2.0, 5.0) == 2  # 1 + 2 - 5 is below 0


def test_long_articles_among_short_ones_count_for_less_than_their_number():
    # 10 articles of share .05 and one of .5: (10 * .05^2 + .5^2)^2 / (10 * .05^4 + .5^4) = .075625 / .0625625 = 1.209
    assert variance.articles_df(np.array([0.5] + [0.05] * 10)) == 1  # 1.209 - 1 is below 1, the least there is
    # 4 of .2 and 2 of .1: (.16 + .02)^2 / (4 * .0016 + 2 * .0001) = .0324 / .0066
    assert variance.articles_df(np.array([0.2] * 4 + [0.1] * 2)) == pytest.approx(0.0324 / 0.0066 - 1)


def test_each_variance_stands_below_the_bound_with_the_t_of_its_own():
    t = {df: scipy.stats.t.ppf(0.95, df) for df in (2, 47)}
    both = effect(v_runs=3.0, v_clusters=2.0, v_interaction=1.0, df_runs=2, df_clusters=47)
    assert upper(both, Estimand.BEYOND, 0.05) - both.estimate == pytest.approx(sqrt(t[2] ** 2 * 3))  # the floor of the runs
    less = effect(v_runs=3.0, v_clusters=2.0, v_interaction=0.25, df_runs=2, df_clusters=47)
    assert upper(less, Estimand.BEYOND, 0.05) - less.estimate == pytest.approx(sqrt(t[2] ** 2 * 2.75 + t[47] ** 2 * 2))
    articles = effect(v_runs=1.0, v_clusters=2.0, v_interaction=1.5, df_runs=2, df_clusters=2)
    assert upper(articles, Estimand.BEYOND, 0.05) - articles.estimate == pytest.approx(sqrt(t[2] ** 2 * 2))
    assert upper(both, Estimand.BENCHMARK, 0.05) - both.estimate == pytest.approx(sqrt(t[2] ** 2 * 3))


@given(found=effects, alpha=st.floats(0.001, 0.4))
def test_the_degrees_of_freedom_at_a_level_are_those_of_a_t_with_the_same_bound(found: Effect, alpha: float):
    error = standard_error(found, Estimand.BEYOND)
    assume(error > 0)
    df = degrees_of_freedom(found, Estimand.BEYOND, alpha)
    assert upper(found, Estimand.BEYOND, alpha) - found.estimate == pytest.approx(
        error * scipy.stats.t.ppf(1 - alpha, df), rel=1e-6, abs=1e-9)
    assert df >= 0.999 * min(found.df_runs, found.df_clusters)


@pytest.mark.parametrize(("runs", "ratio"), [(3, 10.0), (5, 10.0), (8, 1.0)])
def test_levels_hold_far_out_where_the_smallest_p_of_several_claims_is_judged(runs: int, ratio: float):
    """Simulation: 40,000 worlds of 48 articles, both tails of a bound at .0042; pooled degrees of freedom gave up to .013."""
    random = np.random.default_rng(12)
    articles, worlds, level, beyond = 48, 40_000, 0.0042, 0
    for _ in range(10):
        means = random.normal(size=(worlds // 10, 1, articles)) + random.normal(size=(worlds // 10, runs, 1)) * sqrt(
            ratio * runs / articles)
        per_run = means.mean(axis=-1)
        v_runs, v_clusters, v_interaction = variance.components(per_run, (means - per_run[..., None]) / articles)
        spread = variance.Spread(v_runs=v_runs, v_clusters=v_clusters, v_interaction=v_interaction, df_runs=runs - 1.0,
                                 df_clusters=articles - 1.0)
        beyond += int((np.abs(per_run.mean(axis=-1)) > spread.reach(level)).sum())
    assert beyond / worlds / 2 <= level + 2 * sqrt(level / (2 * worlds))


# ---------------------------------------------------------------- what must not matter


def every_number(found: Effect) -> list[float]:
    return [found.estimate, found.v_runs, found.v_clusters, found.v_interaction, found.v_total,
            found.df_runs, found.df_clusters]


@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_the_order_of_runs_questions_cells_and_the_numbers_of_articles_change_nothing(seed: int, random):
    cells = some_cells(seed)
    runs, names = list(range(4)), list(range(6))
    random.shuffle(runs)
    random.shuffle(names)
    turned = []
    for each in cells:
        order = list(range(len(each.clusters)))
        random.shuffle(order)
        turned.append(cell(each.values[runs][:, order], 7 * np.array(names)[each.clusters][order]))
    random.shuffle(turned)
    assert every_number(paired(turned)) == pytest.approx(every_number(paired(cells)))


@BOTH
@given(seed=st.integers(0, 10_000), scale=st.floats(0.01, 100))
def test_another_unit_changes_the_unit_and_swapped_arms_the_sign(estimand: Estimand, seed: int, scale: float):
    found = paired(some_cells(seed))
    scaled = paired([cell(scale * each.values, each.clusters) for each in some_cells(seed)])
    swapped = paired([cell(-each.values, each.clusters) for each in some_cells(seed)])
    assert lower(scaled, estimand, 0.05) == pytest.approx(scale * lower(found, estimand, 0.05))
    assert p_above(scaled, estimand, 0) == pytest.approx(p_above(found, estimand, 0))
    assert upper(swapped, estimand, 0.05) == pytest.approx(-lower(found, estimand, 0.05))
    assert p_below(swapped, estimand, 0) == pytest.approx(p_above(found, estimand, 0))


def test_weights_count_as_repeated_cells_do():
    one, two, _ = some_cells(3)
    assert every_number(paired([one, two], [2, 1]))[:5] == pytest.approx(every_number(paired([one, one, two]))[:5])


def test_an_arm_against_a_constant_rival_is_the_arm_alone():
    cells = some_cells(5)
    flat = [cell(np.full_like(each.values, 2.0), each.clusters) for each in cells]
    shifted = [cell(each.values - 2, each.clusters) for each in cells]
    assert every_number(unpaired(cells, flat)) == pytest.approx(every_number(paired(shifted)))


# ---------------------------------------------------------------- bounds and p


@BOTH
@given(found=effects, null=st.floats(-3, 3), alpha=st.floats(0.001, 0.999))
def test_p_is_at_most_alpha_exactly_where_the_bound_excludes_the_null(
        estimand: Estimand, found: Effect, null: float, alpha: float):
    low, high = lower(found, estimand, alpha), upper(found, estimand, alpha)
    assume(min(abs(low - null), abs(high - null)) > 1e-6 * max(1, abs(low)))
    assume(min(abs(p_above(found, estimand, null) - alpha), abs(p_below(found, estimand, null) - alpha)) > 1e-9)
    assert (p_above(found, estimand, null) <= alpha) == (low >= null)
    assert (p_below(found, estimand, null) <= alpha) == (high <= null)


def test_the_interval_for_the_benchmark_is_the_t_interval_of_the_runs():
    """Another library: scipy.stats."""
    found = paired(some_cells(1))
    reference = scipy.stats.ttest_1samp(found.per_run, 0, alternative="greater")
    assert lower(found, Estimand.BENCHMARK, 0.05) == pytest.approx(reference.confidence_interval(0.95).low)
    assert p_above(found, Estimand.BENCHMARK, 0) == pytest.approx(reference.pvalue)


def test_the_interval_of_unpaired_runs_is_welchs():
    """Another library: scipy.stats."""
    arm, rival = some_cells(1, runs=3), some_cells(2, runs=5)
    reference = scipy.stats.ttest_ind(paired(arm).per_run, paired(rival).per_run, equal_var=False).confidence_interval(0.9)
    found = unpaired(arm, rival)
    bounds = lower(found, Estimand.BENCHMARK, 0.05), upper(found, Estimand.BENCHMARK, 0.05)
    assert bounds == pytest.approx((reference.low, reference.high))
    assert found.per_run.mean() == pytest.approx(found.estimate)


def test_runs_that_are_all_alike_leave_the_t_interval_of_the_articles():
    """Another library: scipy.stats; one question an article."""
    scores = np.random.default_rng(1).normal(size=20)
    found = paired([cell([scores] * 3)])
    reference = scipy.stats.ttest_1samp(scores, 0).confidence_interval(0.95)
    assert found.v_runs == found.v_interaction == 0
    assert lower(found, Estimand.BEYOND, 0.025) == pytest.approx(reference.low)
    assert upper(found, Estimand.BEYOND, 0.025) == pytest.approx(reference.high)


@BOTH
def test_without_any_variance_the_bounds_are_the_estimate_and_p_is_0_or_1(estimand: Estimand):
    found = paired([cell(np.full((3, 4), 0.1))])
    assert lower(found, estimand, 0.05) == upper(found, estimand, 0.05) == found.estimate == pytest.approx(0.1)
    assert [p_above(found, estimand, null) for null in (0, found.estimate, 1)] == [0, 1, 1]
    assert [p_below(found, estimand, null) for null in (0, found.estimate, 1)] == [1, 1, 0]


@BOTH
def test_a_single_run_bounds_nothing(estimand: Estimand):
    found = paired(some_cells(1, runs=1))
    assert (lower(found, estimand, 0.05), upper(found, estimand, 0.05)) == (-inf, inf)
    assert p_above(found, estimand, -99) == p_below(found, estimand, 99) == 1
    assert minimum_detectable(found, estimand, 0.05) == inf
    assert runs_needed(found, estimand, 99, 0.05) is None
    assert lower(unpaired(some_cells(1, runs=1), some_cells(2)), estimand, 0.05) == -inf


def test_two_runs_do_bound_though_from_afar():
    found = paired(some_cells(1, runs=2))
    # the .95 quantile of t with one degree of freedom is tan(.45 pi) = 6.3138
    assert lower(found, Estimand.BENCHMARK, 0.05) == pytest.approx(found.estimate - np.tan(0.45 * np.pi) * sqrt(found.v_runs))


def test_a_cell_about_one_article_says_nothing_beyond_the_benchmark():
    found = paired([*some_cells(1), cell(np.random.default_rng(0).normal(size=(4, 3)), [2, 2, 2])])
    assert lower(found, Estimand.BEYOND, 0.05) == -inf < lower(found, Estimand.BENCHMARK, 0.05)


@pytest.mark.parametrize(("broken", "words"), [
    (lambda: cell(np.zeros((3, 0))), "without questions"),
    (lambda: cell([[1.0, np.nan]]), "1 of 2 values are not finite"),
    (lambda: cell([[1.0, 2.0]], [1]), "shape"),
    (lambda: paired([]), "no cell"),
    (lambda: paired([cell(np.zeros((3, 2))), cell(np.zeros((2, 2)))]), r"cells of \[2, 3\] runs"),
    (lambda: paired(some_cells(1), [1, 2]), "weights"),
    (lambda: paired(some_cells(1), [1, 0, 1]), "weights"),
    (lambda: unpaired(some_cells(1), some_cells(1)[::-1]), "cell 0: the two arms were not asked the same"),
    (lambda: unpaired(some_cells(1), some_cells(1)[:2]), "3 cells against 2"),
    (lambda: log_ratio(some_cells(1, shift=50), some_cells(1, shift=50, runs=3)), "4 runs against 3"),
    (lambda: log_ratio(some_cells(1, shift=-50), some_cells(1, shift=50)), "above 0"),
    (lambda: log_ratio(some_cells(1, shift=50), some_cells(1, shift=-50), paired=False), "above 0"),
    (lambda: log_ratio(some_cells(1, shift=50), some_cells(1, shift=50), resamples=1), "two at least"),
    (lambda: lower(effect(), Estimand.BEYOND, 0), "alpha"),
    (lambda: minimum_detectable(effect(), Estimand.BEYOND, 0.05, power=1), "power"),
    (lambda: runs_needed(effect(), Estimand.BEYOND, 0, 0.05), "size"),
    (lambda: holm_levels({"a": np.nan}), "between 0 and 1"),
    (lambda: partial_conjunction([0.1], 2), "at least 2 of 1"),
])
def test_what_cannot_be_computed_is_refused_with_its_reason(broken, words: str):
    with pytest.raises(ValueError, match=words):
        broken()


@pytest.mark.parametrize(("runs", "ratio"), list(itertools.product((3, 5), (0, 0.5, 4))))
def test_nine_and_a_half_in_ten_intervals_hold_the_truth(runs: int, ratio: float):
    """Simulation: 8,000 worlds of 24 articles, true effect 0. Standard error .0024; .935 is what is asked of the bounds."""
    random = np.random.default_rng(11)
    articles, worlds = 24, 8_000
    means = random.normal(size=(worlds, 1, articles)) + random.normal(size=(worlds, runs, 1)) * sqrt(ratio * runs / articles)
    means = means + random.normal(size=(worlds, runs, articles)) * 0.5
    per_run = means.mean(axis=-1)
    parts = variance.components(per_run, (means - per_run[..., None]) / articles)
    spread = variance.Spread(**dict(zip(("v_runs", "v_clusters", "v_interaction"), parts, strict=True)), df_runs=runs - 1.0,
                             df_clusters=articles - 1.0)
    covered = np.abs(per_run.mean(axis=-1)) <= spread.reach(0.025)
    assert 0.935 - 2 * 0.0024 <= covered.mean() <= 0.985


# ---------------------------------------------------------------- ratios


def test_the_variance_of_a_log_ratio_is_that_over_all_draws_of_runs_and_articles():
    """By brute force: every draw of 1 of 2 runs and of 2 of 3 articles, with replacement."""
    random = np.random.default_rng(2)
    clusters = np.array([0, 0, 1, 2, 2, 2])
    over, under = (10 * np.exp(random.normal(size=(2, 6)) + random.normal(size=6)) for _ in range(2))
    found = log_ratio([cell(over, clusters)], [cell(under, clusters)], resamples=200_000)
    draws = []
    for run, articles in itertools.product(range(2), itertools.product(range(3), repeat=2)):
        asked = np.concatenate([np.flatnonzero(clusters == article) for article in articles])
        draws.append(log(over[run, asked].mean() / under[run, asked].mean()))
    expected = max(np.var(draws) - 2 * found.v_interaction, found.v_runs, found.v_clusters)
    assert expected == pytest.approx(np.var(draws) - 2 * found.v_interaction)  # so that the draws are what is compared
    assert found.v_total == pytest.approx(expected, rel=0.02)  # relative standard error of the bootstrap .3 %
    assert found.per_run == pytest.approx(np.log(over.mean(axis=1) / under.mean(axis=1)))
    assert found.estimate == pytest.approx(found.per_run.mean())


def test_the_variance_of_a_log_ratio_of_unpaired_runs_is_that_over_draws_of_the_runs_of_each_arm():
    """By brute force: 1 of 2 runs of one arm, 2 of 3 of the other, 2 of 3 articles; of three cells two ask the same."""
    random = np.random.default_rng(4)
    clusters = [np.array(each) for each in ([0, 0, 1, 2, 2, 2], [0, 1, 1, 2], [0, 0, 1, 2, 2, 2])]
    over, under = ([8 * np.exp(0.2 * random.normal(size=(runs, 1)) + 0.3 * random.normal(size=(runs, len(each))))
                    + random.normal(size=3)[each] for each in clusters] for runs in (2, 3))
    found = log_ratio(*([cell(*each) for each in zip(arm, clusters, strict=True)] for arm in (over, under)),
                      [1, 2, 5], paired=False, resamples=200_000)

    def logs(arm: list[np.ndarray], articles: tuple[int, ...]) -> np.ndarray:
        asked = [np.concatenate([np.flatnonzero(each == article) for article in articles]) for each in clusters]
        means = [values[:, some].mean(axis=1) for values, some in zip(arm, asked, strict=True)]
        return np.log(np.average(means, axis=0, weights=[1, 2, 5]))

    draws = []
    for articles in itertools.product(range(3), repeat=2):
        one, other = logs(over, articles), logs(under, articles)
        draws += [one[run] - other[list(runs)].mean() for run, runs in itertools.product(
            range(2), itertools.product(range(3), repeat=2))]
    expected = max(np.var(draws) - 2 * found.v_interaction, found.v_runs, found.v_clusters)
    assert expected == pytest.approx(np.var(draws) - 2 * found.v_interaction)  # so that the draws are what is compared
    assert found.v_total == pytest.approx(expected, rel=0.02)
    one, other = logs(over, (0, 1, 2)), logs(under, (0, 1, 2))
    assert found.estimate == pytest.approx(one.mean() - other.mean())
    assert found.per_run == pytest.approx(one - other.mean())
    welch = scipy.stats.ttest_ind(one, other, equal_var=False)
    assert sqrt(found.v_runs) == pytest.approx(found.estimate / welch.statistic)
    assert found.df_runs == pytest.approx(welch.df)


def test_the_log_of_a_ratio_of_unpaired_runs_near_1_varies_as_the_difference_divided_by_the_mean():
    """Theory: log(a / b) is (a - b) / b to first order."""
    arm, rival = some_cells(1, shift=3000), some_cells(2, shift=3000, runs=5)
    ratio, difference = log_ratio(arm, rival, paired=False), unpaired(arm, rival)
    assert ratio.estimate * 3000 == pytest.approx(difference.estimate, rel=0.01)
    assert [each * 3000**2 for each in every_number(ratio)[1:4]] == pytest.approx(every_number(difference)[1:4], rel=0.01)
    assert ratio.v_total * 3000**2 == pytest.approx(difference.v_total, rel=0.15)
    assert every_number(ratio)[5:] == pytest.approx(every_number(difference)[5:], rel=0.01)


def test_a_log_ratio_without_draws_says_the_same_of_the_benchmark_and_is_linear_beyond_it():
    arm, rival = some_cells(1, shift=20), some_cells(2, shift=20)
    for both in (True, False):
        drawn, plain = log_ratio(arm, rival, paired=both), log_ratio(arm, rival, paired=both, resamples=0)
        assert every_number(plain)[:4] == every_number(drawn)[:4]
        assert plain.v_total == variance.total(plain.v_runs, plain.v_clusters, plain.v_interaction)
        assert lower(plain, Estimand.BENCHMARK, 0.05) == lower(drawn, Estimand.BENCHMARK, 0.05)
        assert drawn.v_total != plain.v_total


def test_the_log_of_a_ratio_near_1_varies_as_the_difference_divided_by_the_mean():
    """Theory: log(a / b) is (a - b) / b to first order."""
    arm, rival = some_cells(1, shift=3000), some_cells(2, shift=3000)
    ratio = log_ratio(arm, rival)
    difference = paired([cell(one.values - other.values, one.clusters) for one, other in zip(arm, rival, strict=True)])
    assert every_number(ratio)[0] * 3000 == pytest.approx(difference.estimate, rel=0.01)
    assert [each * 3000**2 for each in every_number(ratio)[1:4]] == pytest.approx(every_number(difference)[1:4], rel=0.01)
    assert ratio.v_total * 3000**2 == pytest.approx(difference.v_total, rel=0.15)


def test_a_factor_in_one_arm_shifts_the_log_ratio_and_nothing_else():
    arm, rival = some_cells(1, shift=20), some_cells(2, shift=20)
    less = log_ratio([cell(0.9 * each.values, each.clusters) for each in arm], rival, resamples=500)
    plain = log_ratio(arm, rival, resamples=500)
    assert less.estimate == pytest.approx(plain.estimate + log(0.9))
    assert every_number(less)[1:] == pytest.approx(every_number(plain)[1:])


def test_a_log_ratio_is_the_same_each_time_and_the_inverse_ratio_is_its_negative():
    arm, rival = some_cells(1, shift=20), some_cells(2, shift=20)
    there, again, back = log_ratio(arm, rival), log_ratio(arm, rival), log_ratio(rival, arm)
    assert every_number(there) == every_number(again)
    assert lower(there, Estimand.BEYOND, 0.05) == pytest.approx(-upper(back, Estimand.BEYOND, 0.05))


def test_a_ratio_has_no_bound_beyond_the_benchmark_where_draws_leave_a_cell_without_questions():
    found = log_ratio([cell([[1, 2], [2, 3]]), cell([[1, 2, 3], [2, 3, 5]])],
                      [cell([[2, 2], [2, 4]]), cell([[2, 2, 2], [2, 2, 3]])])
    assert lower(found, Estimand.BEYOND, 0.05) == -inf < lower(found, Estimand.BENCHMARK, 0.05)


# ---------------------------------------------------------------- families


def test_holms_levels_are_those_found_by_hand():
    # adjusted .01 * 3 = .03, .02 * 2 = .04, .04 * 1 = .04: all three rejected at .05, each at its own level
    assert holm_levels({"c": 0.04, "a": 0.01, "b": 0.02}) == pytest.approx({"a": 0.05 / 3, "b": 0.05 / 2, "c": 0.05})
    # at .035 the procedure stops at b, .02 > .035 / 2, and c is judged at the level at which it stopped
    assert holm_levels({"a": 0.01, "b": 0.02, "c": 0.03}, 0.035) == pytest.approx({"a": 0.035 / 3, "b": 0.0175, "c": 0.0175})
    assert holm_levels({"b": 0.03, "a": 0.03}) == {"b": 0.025, "a": 0.025}
    assert holm_levels({}) == {}


@given(st.lists(st.floats(0, 1), max_size=8), st.floats(0.01, 0.2))
def test_p_is_at_most_its_level_exactly_where_the_adjusted_p_is_at_most_alpha(p: list[float], alpha: float):
    """Oracle: adjusted p, the running maximum of (K - i + 1) p_(i)."""
    adjusted = np.maximum.accumulate([(len(p) - place) * each for place, each in enumerate(sorted(p))])
    assume(all(abs(each - alpha) > 1e-9 for each in adjusted))
    levels = holm_levels({str(number): each for number, each in enumerate(p)}, alpha)
    assert sum(p[int(name)] <= level for name, level in levels.items()) == sum(adjusted <= alpha)


def test_the_number_of_cells_ahead_is_that_found_by_hand():
    p = [0.001, 0.30, 0.02, 0.01]
    # 4 * .001, 3 * .01, 2 * .02, 1 * .30
    assert [partial_conjunction(p, number) for number in (1, 2, 3, 4)] == pytest.approx([0.004, 0.03, 0.04, 0.3])
    assert most_ahead(p, 0.05) == 3
    assert most_ahead([0.5, 0.6], 0.05) == most_ahead([], 0.05) == 0
    assert partial_conjunction([0.6, 0.7], 1) == 1  # 2 * .6, capped


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_more_cells_ahead_are_never_easier_to_show_than_fewer(p: list[float]):
    found = [partial_conjunction(p, number) for number in range(1, len(p) + 1)]
    assert found == sorted(found)
    assert found[-1] >= max(p)  # all cells: the largest p at least


# ---------------------------------------------------------------- power


def test_the_runs_needed_are_those_of_a_t_test():
    # theory: one-sided, .05, power .8, effect of one SD: n = 7.73 (power.t.test of R), so 8
    one_sd = effect(v_runs=1 / 5, v_clusters=0, df_runs=4)
    assert runs_needed(one_sd, Estimand.BENCHMARK, 1, 0.05) == 8
    for runs in (7, 8):
        t = scipy.stats.t.ppf(0.95, runs - 1)
        assert (scipy.stats.nct.sf(t, runs - 1, sqrt(runs)) >= 0.8) == (runs == 8)


@BOTH
def test_what_can_be_detected_from_the_runs_needed_is_at_most_what_was_asked_for(estimand: Estimand):
    found = effect(v_runs=1.0, v_clusters=0.2, v_interaction=0.1)
    needed = runs_needed(found, estimand, 2.0, 0.05)
    assert needed is not None
    assert needed > 5
    assert minimum_detectable(found, estimand, 0.05, runs=needed) <= 2.0 < minimum_detectable(
        found, estimand, 0.05, runs=needed - 1)


def test_runs_cannot_decide_what_articles_leave_open():
    # the articles alone: 2.49 * sqrt(.0025^2) = .0062 is the least that any number of runs can show
    found = effect(v_runs=0.003**2 / 5, v_clusters=0.0025**2)
    assert runs_needed(found, Estimand.BEYOND, 0.005, 0.05) is None
    assert runs_needed(found, Estimand.BEYOND, 0.010, 0.05) == 3
    assert runs_needed(found, Estimand.BENCHMARK, 0.005, 0.05) == 4


def test_more_runs_shrink_what_runs_differ_by_and_leave_what_articles_differ_by():
    planned = with_runs(effect(v_runs=4, v_clusters=3, v_interaction=2), 10)
    # 5 runs to 10: 4 / 2, (3 - 2) + 2 / 2, 2 / 2; 2 + 2 - 1
    assert (planned.v_runs, planned.v_clusters, planned.v_interaction, planned.v_total) == pytest.approx((2, 2, 1, 3))
    assert planned.df_runs == 9
    assert standard_error(planned, Estimand.BEYOND) == pytest.approx(sqrt(3))
    kept = with_runs(replace(effect(v_runs=4, v_clusters=3, v_interaction=2), v_total=10.0), 10)
    assert kept.v_total == pytest.approx(10 * 3 / 5)  # a bootstrap's total keeps its ratio to 4 + 3 - 2 = 5


@pytest.mark.parametrize("estimand", list(Estimand))
def test_what_can_be_detected_with_the_articles_needed_is_at_most_what_was_asked_for(estimand: Estimand):
    random = np.random.default_rng(4)
    articles = np.repeat(np.arange(12), 10)
    values = random.normal(0, 0.1, (5, 120)) + random.normal(0, 0.03, 12)[articles] + random.normal(0, 0.002, (5, 1))
    effect = with_runs(paired([Cell(values=values, clusters=articles)]), 10)
    needed = articles_needed(effect, estimand, 0.02, 0.05)
    assert needed is not None
    assert minimum_detectable(with_articles(effect, needed), estimand, 0.05) <= 0.02
    assert needed == 2 or minimum_detectable(with_articles(effect, needed - 1), estimand, 0.05) > 0.02


def test_no_number_of_articles_decides_what_runs_leave_open():
    articles = np.repeat(np.arange(12), 10)
    runs = np.array([[-1.0], [0.0], [1.0]])
    effect = paired([Cell(values=runs + np.zeros((3, 120)), clusters=articles)])  # runs alone differ
    assert articles_needed(effect, Estimand.BEYOND, 0.01, 0.05) is None
    assert articles_needed(effect, Estimand.BENCHMARK, 0.01, 0.05) is None
    assert with_articles(effect, 1200).v_runs == effect.v_runs


def test_the_spread_of_few_runs_may_be_far_above_their_estimate():
    articles = np.repeat(np.arange(4), 2)
    three = paired([Cell(values=np.array([[0.0], [1.0], [2.0]]) + np.zeros((3, 8)), clusters=articles)])
    assert upper_spread(three) == pytest.approx((2 / scipy.stats.chi2.ppf(0.2, 2)) ** 0.5)
    covered = scipy.stats.chi2.rvs(2, size=20_000, random_state=1) / 2 * upper_spread(three) ** 2 >= 1
    assert covered.mean() == pytest.approx(0.8, abs=0.01)
    assert with_run_spread(three, 3.0).v_runs == pytest.approx(9 * three.v_runs)


@pytest.mark.parametrize("runs", [3, 5, 8])
def test_before_any_run_the_effect_that_is_told_is_known_in_standard_deviations(runs: int):
    random = np.random.default_rng(6)
    effects = random.normal(standardised(runs, 0.05), 1, (40_000, runs))
    t = effects.mean(axis=1) / (effects.std(axis=1, ddof=1) / runs**0.5)
    assert (t > scipy.stats.t.ppf(0.95, runs - 1)).mean() == pytest.approx(0.8, abs=0.01)


def test_four_in_five_experiments_detect_the_minimum_detectable_effect():
    """Simulation: 20,000 experiments of five runs; standard error .003."""
    true = minimum_detectable(effect(v_runs=1 / 5, v_clusters=0.0), Estimand.BENCHMARK, 0.05)
    runs = np.random.default_rng(3).normal(loc=true, size=(20_000, 5))
    detected = scipy.stats.ttest_1samp(runs, 0, axis=1, alternative="greater").pvalue <= 0.05
    assert detected.mean() == pytest.approx(0.8, abs=0.01)
