"""One further run, effect ratios and the sceptical p: worked out by hand, and whether the intervals hold what they promise."""

from math import inf, log, sqrt

import numpy as np
import pytest

from claimcheck.stats.effect import Effect
from claimcheck.stats.replication import (
    NOT_COMPUTABLE,
    delta_relative_improvement,
    effect_ratio,
    log_rounding,
    prediction_interval,
    relative_improvement,
    sceptical_of_one_run,
    sceptical_p,
    variance_of_one_run,
)
from claimcheck.stats.two_way import Cell, paired, unpaired

T2, T4 = 4.302652729911275, 2.7764451051977987  # quantiles of t at .975 with two and four degrees of freedom, from a table
ARTICLES = np.array([0, 1])


def effect(*per_run: float) -> Effect:
    """Paired runs with these effects; articles play no part here."""
    runs = np.array(per_run)
    v_runs = float(runs.var(ddof=1)) / len(runs) if len(runs) > 1 else inf
    return Effect(estimate=float(runs.mean()), per_run=runs, runs=len(runs), clusters=2, questions=10, v_runs=v_runs,
                  v_clusters=0.0, v_interaction=0.0, v_total=v_runs, df_runs=len(runs) - 1.0, df_clusters=1.0)


def cell(*per_run: float) -> Cell:
    """Two questions about two articles, alike in every run."""
    return Cell(values=np.repeat(np.array(per_run)[:, None], 2, axis=1), clusters=ARTICLES)


def test_the_interval_of_one_further_paired_run():
    # s = .01, so s sqrt(1 + 1/3) = .0115470, times t(2) = 4.30265 is .0496828
    around = prediction_interval(effect(0.01, 0.02, 0.03), 0.05)
    assert (around.low, around.high) == pytest.approx((0.02 - T2 * 0.01 * sqrt(4 / 3), 0.02 + T2 * 0.01 * sqrt(4 / 3)))
    assert around.high == pytest.approx(0.0696828, abs=1e-7)
    wider = prediction_interval(effect(0.01, 0.02, 0.03), 0.05, rounding=0.0001)
    assert (around.low - wider.low, wider.high - around.high) == pytest.approx((0.0001, 0.0001))
    assert variance_of_one_run(effect(0.01, 0.02, 0.03)) == pytest.approx(0.01**2)


def test_unpaired_arms_add_the_variances_of_a_run_of_each():
    arm, rival = (0.50, 0.52, 0.54), (0.40, 0.40, 0.46)  # variances .0004 and .0012
    found = unpaired([cell(*arm)], [cell(*rival)])
    assert variance_of_one_run(found) == pytest.approx(0.0016)
    degrees = 0.0016**2 / ((0.0004**2 + 0.0012**2) / 2)  # Welch: 3.2
    assert found.df_runs == pytest.approx(degrees)
    around = prediction_interval(found, 0.05)
    t = 3.07  # of 3.2 degrees of freedom, between t(3) = 3.182 and t(4) = 2.776
    assert around.high - found.estimate == pytest.approx(t * sqrt(0.0016 * 4 / 3), rel=0.01)


def test_paired_runs_that_share_their_chance_are_expected_closer_than_unpaired_ones():
    arm, rival = (0.50, 0.52, 0.54), (0.40, 0.42, 0.44)
    alike = paired([Cell(values=cell(*arm).values - cell(*rival).values, clusters=ARTICLES)])
    assert variance_of_one_run(alike) == pytest.approx(0)
    assert variance_of_one_run(unpaired([cell(*arm)], [cell(*rival)])) == pytest.approx(0.0008)


def test_arms_with_other_numbers_of_runs():
    arm, rival = (0.50, 0.52, 0.54), (0.40, 0.44, 0.42, 0.38, 0.46)  # variances .0004 and .0010
    more_rivals = unpaired([cell(*arm)], [cell(*rival)])
    assert variance_of_one_run(more_rivals, rival_runs=5) == pytest.approx(0.0014)
    spread = 0.0004 * 4 / 3 + 0.0010 * 6 / 5
    degrees = spread**2 / ((0.0004 * 4 / 3) ** 2 / 2 + (0.0010 * 6 / 5) ** 2 / 4)
    assert 4 < degrees < 6
    reach = prediction_interval(more_rivals, 0.05, rival_runs=5).high - more_rivals.estimate
    assert 2.4469 * sqrt(spread) < reach < T4 * sqrt(spread)  # t(6) and t(4)
    more_runs = unpaired([cell(*rival)], [cell(*arm)])  # of a rival with fewer runs the effect tells
    assert variance_of_one_run(more_runs) == pytest.approx(0.0014)
    mirrored = prediction_interval(more_runs, 0.05)
    assert mirrored.high - more_runs.estimate == pytest.approx(reach)
    with pytest.raises(ValueError, match="give the runs of the rival"):
        variance_of_one_run(more_runs, rival_runs=5)


def test_runs_without_variance_and_too_few_runs():
    same = prediction_interval(effect(0.02, 0.02, 0.02), 0.05, rounding=0.001)
    assert (same.low, same.high) == pytest.approx((0.019, 0.021))
    one = prediction_interval(effect(0.02), 0.05)
    assert (one.low, one.high) == (-inf, inf)
    for alpha, rounding in ((0.0, 0.0), (1.0, 0.0), (0.05, -0.1)):
        with pytest.raises(ValueError, match=r"lies between|half a width"):
            prediction_interval(effect(0.01, 0.02), alpha, rounding)


@pytest.mark.parametrize(("runs", "spreads"), [((3, 3), (1.0, 0.0)), ((5, 5), (1.0, 0.0)), ((3, 3), (1.0, 1.0)),
                                               ((4, 4), (1.0, 3.0)), ((3, 6), (1.0, 1.0)), ((8, 4), (2.0, 1.0))])
def test_a_further_run_lies_in_its_interval_as_often_as_promised(runs: tuple[int, int], spreads: tuple[float, float]):
    random = np.random.default_rng(20_240_816)
    worlds, inside = 3_000, 0
    is_paired = spreads[1] == 0
    for _ in range(worlds):
        arm, rival = (random.normal(0.0, spread, size=many) for spread, many in zip(spreads, runs, strict=True))
        further = random.normal(0.0, spreads[0]) - random.normal(0.0, spreads[1])
        parts = [float(each.var(ddof=1)) / len(each) for each in (arm, rival)]
        v_runs = sum(parts)
        degrees = runs[0] - 1.0 if is_paired else v_runs**2 / sum(p**2 / (n - 1) for p, n in zip(parts, runs, strict=True))
        found = Effect(estimate=float(arm.mean() - rival.mean()), per_run=arm - rival.mean(), runs=min(runs), clusters=2,
                       questions=2, v_runs=v_runs, v_clusters=0.0, v_interaction=0.0, v_total=v_runs, df_runs=degrees,
                       df_clusters=1.0)
        around = prediction_interval(found, 0.05, rival_runs=runs[1])
        inside += around.low <= further <= around.high
    error = sqrt(0.05 * 0.95 / worlds)
    if is_paired:
        assert abs(inside / worlds - 0.95) < 3.5 * error  # the t interval is exact
    else:
        assert inside / worlds > 0.95 - 0.01 - 3.5 * error  # Satterthwaite's is an approximation, mostly a careful one
        assert inside / worlds < 0.985


def test_rounding_of_a_ratio_comes_from_both_numbers():
    # 410.2 / 286.6, each within .05: log(410.25 / 286.55) and log(410.15 / 286.65) are the ends
    ends = log(410.25 / 286.55) - log(410.2 / 286.6), log(410.2 / 286.6) - log(410.15 / 286.65)
    assert log_rounding(410.2, 0.05, 286.6, 0.05) == pytest.approx(max(ends))
    assert log_rounding(0.05, 0.05, 286.6, 0.05) == inf


# scores of three queries; what repro_eval 0.5.0 gives for them: ER 0.6, DRI 0.060606060606060386
ORIGINAL = [0.4, 0.6, 0.9], [0.3, 0.55, 0.8]
RERUN = [0.5, 0.6, 0.7], [0.45, 0.5, 0.7]


def test_effect_ratio_and_delta_of_relative_improvements_are_those_of_repro_eval():
    (a, b), (c, d) = ([float(np.mean(each)) for each in pair] for pair in (ORIGINAL, RERUN))
    ratio = effect_ratio(effect(c - d), a - b, 0.0, 0.05)
    assert ratio is not None
    assert ratio.value == pytest.approx(0.6)
    assert delta_relative_improvement((a, b), (c, d)) == pytest.approx(0.060606060606060386)


def test_the_effect_ratio_has_the_bounds_of_runs_and_rounding_and_none_near_zero():
    runs = effect(0.01, 0.02, 0.03)
    reach = T2 * 0.01 / sqrt(3)
    plain = effect_ratio(runs, 0.04, 0.0, 0.05)
    assert plain is not None
    assert (plain.value, plain.low, plain.high) == pytest.approx((0.5, (0.02 - reach) / 0.04, (0.02 + reach) / 0.04))
    rounded = effect_ratio(runs, 0.04, 0.001, 0.05)
    assert rounded is not None
    assert (rounded.low, rounded.high) == pytest.approx(((0.02 - reach) / 0.039, (0.02 + reach) / 0.039))
    behind = effect_ratio(runs, -0.04, 0.0, 0.05)
    assert behind is not None
    assert (behind.value, behind.low, behind.high) == pytest.approx((-0.5, -(0.02 + reach) / 0.04, -(0.02 - reach) / 0.04))
    near = effect_ratio(runs, 0.001, 0.001, 0.05)
    assert near is not None
    assert (near.value, near.low, near.high) == (pytest.approx(20), -inf, inf)
    assert effect_ratio(runs, 0.0, 0.001, 0.05) is None
    assert relative_improvement(0.3, 0.0) is None
    assert delta_relative_improvement((0.3, 0.2), (0.1, 0.0)) is None


def test_the_sceptical_p_of_the_package_it_is_from():
    assert sceptical_p(2, 3, 2) == pytest.approx(0.02569, abs=5e-6)
    assert sceptical_p(-2, -3, 2) == pytest.approx(0.02569, abs=5e-6)  # the direction is the original's
    assert sceptical_p(2, -3, 2) == pytest.approx(1 - 0.02569, abs=5e-6)
    # c = 1: z^2 is half the harmonic mean of the squares, 18/13 x 2 = 36/13, times the golden ratio
    assert sceptical_p(2, 3, 1) == pytest.approx(0.0171397, abs=1e-6)
    assert sceptical_p(2, 3, 1 + 1e-9) == pytest.approx(sceptical_p(2, 3, 1))
    assert sceptical_p(0, 3, 2) == 0.5
    for c in (0.0, -1.0, inf):
        with pytest.raises(ValueError, match="above 0"):
            sceptical_p(2, 3, c)


def test_with_an_imputed_standard_error_c_is_the_number_of_runs_and_that_is_flagged():
    runs = effect(0.01, 0.02, 0.03)  # s = .01
    found = sceptical_of_one_run(runs, 0.02)
    assert found is not None
    assert found.imputed
    assert found.c == pytest.approx(3)
    assert found.p == pytest.approx(sceptical_p(2, 0.02 / (0.01 / sqrt(3)), 3))
    assert sceptical_of_one_run(effect(0.02, 0.02, 0.02), 0.02) is None
    assert sceptical_of_one_run(effect(0.02), 0.02) is None


def test_what_needs_the_original_runs_is_named_with_its_reason():
    assert len(NOT_COMPUTABLE) == 4
    assert all("needs the" in why for why in NOT_COMPUTABLE.values())
