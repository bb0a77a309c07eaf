"""Differences in differences on two scales: the arithmetic by hand, the rule that joins them, and what is shown beside."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from math import inf, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimcheck.appraisal.contrast import Contrast, OnLogs, Raw
from claimcheck.appraisal.first_places import lost, right, share, share_less
from claimcheck.appraisal.interactions import Side, effects
from claimcheck.appraisal.loss_contrasts import contrasts
from claimcheck.appraisal.losses import Piece
from claimcheck.finding import Asked, Bounds, Comparison, Goal
from claimcheck.finding import OnLogs as Told
from claimcheck.prediction.rerun import Interaction, Setting
from claimcheck.stats.cells import Cell
from claimcheck.stats.effect import Estimand, lower, upper
from claimcheck.stats.two_way import log_interaction, log_ratio
from claimcheck.verdict import Stand, margin_on_logs, of_comparison, of_scales

ARTICLES = np.array([0, 0, 1, 1])


def cell(*runs: Sequence[float]) -> Cell:
    return Cell(values=np.array(runs, dtype=np.float64), clusters=ARTICLES)


def side(clean: Cell, after: Cell) -> Side:
    return Side(about=(("P1", "en"),), clean=(clean,), after=(after,), weights=(1.0,))


ARM = side(cell([.8, .6, .4, .6], [.6, .6, .6, .6]), cell([.6, .6, .4, .4], [.6, .4, .6, .4]))
RIVAL = side(cell([.4, .4, .4, .4], [.4, .2, .4, .2]), cell([.2, .4, .2, .4], [.2, .2, .4, .2]))


def test_a_difference_in_differences_by_hand():
    # arm: means .6 and .6 clean, .5 and .5 after: loses .1 in each run; rival: .4 and .3, .3 and .25: loses .1 and .05
    absolute, on_logs = effects(ARM, RIVAL, pair=True)
    assert absolute.per_run == pytest.approx([0.0, -0.05])
    assert absolute.estimate == pytest.approx(-0.025)
    assert on_logs is not None
    assert on_logs.per_run == pytest.approx([log(.5 / .6) - log(.3 / .4), log(.5 / .6) - log(.25 / .3)])
    assert (ARM.mean, ARM.loss, RIVAL.loss) == pytest.approx((.6, .1, .075))


def test_an_arm_against_itself_loses_as_much_on_both_scales():
    for effect in effects(ARM, ARM, pair=True):
        assert effect is not None
        assert effect.estimate == 0
        assert (lower(effect, Estimand.BEYOND, .05), upper(effect, Estimand.BEYOND, .05)) == (0, 0)


def test_of_runs_that_share_nothing_variances_add_up_and_the_estimate_stays():
    together, apart = effects(ARM, RIVAL, pair=True), effects(ARM, RIVAL, pair=False)
    for one, other in zip(together, apart, strict=True):
        assert one is not None
        assert other is not None
        assert other.estimate == pytest.approx(one.estimate)
    # on the absolute scale the arm's runs do not differ (.1, .1), the rival's have variance (.05)^2 / 2 / 2 runs
    assert apart[0].v_runs == pytest.approx(0.05 ** 2 / 2 / 2)


def test_the_log_of_a_ratio_is_an_interaction_with_a_rival_that_loses_nothing():
    random = np.random.default_rng(5)
    cells = [Cell(values=random.random((4, 60)) + .5, clusters=np.repeat(np.arange(12), 5)) for _ in range(4)]
    still = cells[:2]
    both = log_interaction((cells[:2], cells[2:]), (still, still))
    alone = log_ratio(cells[2:], cells[:2], resamples=0)
    for name in ("estimate", "v_runs", "v_clusters", "v_total"):
        assert getattr(both, name) == pytest.approx(getattr(alone, name))
    drawn = log_ratio(cells[2:], cells[:2])
    assert both.v_total == pytest.approx(drawn.v_total, rel=.1)  # the bootstrap of the same


def test_where_a_run_finds_nothing_there_is_no_log():
    nothing = side(cell([.0, .0, .0, .0], [.4, .2, .4, .2]), cell([.0, .0, .0, .0], [.2, .2, .4, .2]))
    absolute, on_logs = effects(ARM, nothing, pair=True)
    assert np.isfinite(absolute.estimate)
    assert on_logs is None
    with pytest.raises(ValueError, match="only what is above 0 has a ratio"):
        log_interaction((ARM.clean, ARM.after), (nothing.clean, nothing.after))


@pytest.mark.parametrize(("margin", "level", "expected"), [
    (.005, .2, .0253),  # -log(1 - .025) = .025318
    (.005, .25, .0202), (0, .25, 0), (.25, .25, inf), (.3, .25, inf)])
def test_a_margin_in_points_is_one_of_logs_rounded_to_the_strict_side(margin: float, level: float, expected: float):
    assert margin_on_logs(margin, level) == expected


def bounds(low: str, high: str) -> Bounds:
    return Bounds(low=Decimal(low), high=Decimal(high), low_level=.05, high_level=.05)


def comparison(points: tuple[str, str], logs: tuple[str, str], level: str = ".2500") -> Comparison:
    own, there = bounds(*points), bounds(*logs)
    logged = Told(estimate=Decimal(0), deciding=there, contrary=there, benchmark=there, beyond=there, level=Decimal(level))
    return Comparison(about=(), values=(), estimate=Decimal(0), deciding=own, contrary=own, benchmark=own, beyond=own,
                      decimals=4, percent=False, runs=5, questions=1, clusters=1, on_logs=logged)


MARGIN = Decimal("0.005")  # .0202 in logs at a level of .25


@pytest.mark.parametrize(("points", "logs", "no_more", "less", "as_much"), [
    (("-.001", ".001"), ("-.010", ".010"), Stand.FOR, Stand.NEGLIGIBLE, Stand.FOR),
    (("-.001", ".001"), ("-.030", ".010"), Stand.OPEN, Stand.NEGLIGIBLE, Stand.OPEN),  # a loss in logs
    (("-.020", "-.010"), ("-.080", "-.040"), Stand.AGAINST, Stand.AGAINST, Stand.AGAINST),
    ((".010", ".020"), (".040", ".080"), Stand.FOR, Stand.FOR, Stand.AGAINST),
    ((".010", ".020"), ("-.010", ".080"), Stand.FOR, Stand.OPEN, Stand.OPEN),  # ahead in points, perhaps not in logs
    (("-.020", "-.010"), (".040", ".080"), Stand.SCALE_DEPENDENT, Stand.SCALE_DEPENDENT, Stand.SCALE_DEPENDENT),
    (("-.004", "-.001"), (".001", ".010"), Stand.FOR, Stand.SCALE_DEPENDENT, Stand.FOR),  # small either way, signs differ
    (("-.010", ".020"), ("-.010", ".080"), Stand.OPEN, Stand.OPEN, Stand.OPEN),
])
def test_what_is_said_holds_on_both_scales(points: tuple[str, str], logs: tuple[str, str], no_more: Stand, less: Stand,
                                           as_much: Stand):
    made = comparison(points, logs)
    for goal, stand in ((Goal.NO_WORSE, no_more), (Goal.AHEAD, less), (Goal.EQUAL, as_much)):
        assert of_comparison(replace(made, contrary=made.contrary if goal is Goal.EQUAL else None, on_logs=replace(
            made.on_logs, contrary=made.on_logs.contrary if goal is Goal.EQUAL else None)) if made.on_logs else made,
            Asked(margin=MARGIN, goal=goal)) is stand, goal


def test_fewer_than_three_runs_decide_nothing_on_any_scale():
    assert of_comparison(replace(comparison((".010", ".020"), (".040", ".080")), runs=2), Asked(margin=MARGIN)) is Stand.OPEN


@given(st.sampled_from(Stand), st.sampled_from(Stand), st.booleans())
def test_joining_scales_heeds_no_order_and_never_says_more_than_both(one: Stand, other: Stand, opposed: bool):
    said = of_scales(one, other, opposed=opposed)
    assert said is of_scales(other, one, opposed=opposed)
    if said is Stand.FOR:
        assert one is other is Stand.FOR
    if said is Stand.AGAINST:
        assert one is other is Stand.AGAINST


def test_p_values_are_those_of_the_scale_that_says_less():
    absolute, on_logs = effects(ARM, RIVAL, pair=True)
    assert on_logs is not None
    raw = Raw(about=(), same_as="x", arms=("a", "b"), means=(0, 0), effect=absolute, questions=4)
    both = replace(raw, on_logs=OnLogs(effect=on_logs, level=.6))
    for goal in Goal:
        alone = Contrast(raws=(raw,), measure="AP", is_log=False, at_least=0, margin=.01, goal=goal)
        joined = replace(alone, raws=(both,))
        there = replace(alone, raws=(replace(raw, effect=on_logs),), margin=margin_on_logs(.01, .6))
        assert joined.p_for(Estimand.BENCHMARK) == max(each.p_for(Estimand.BENCHMARK) for each in (alone, there))
        assert joined.p_against(Estimand.BENCHMARK) >= max(each.p_against(Estimand.BENCHMARK) for each in (alone, there))
        assert joined.hypotheses == alone.hypotheses  # one that two scales must bear out is one


@pytest.mark.parametrize(("changed", "says"), [
    ({"loses": "as much", "margin": 0.0}, "can never be shown"), ({"measure": "RankDistance"}, "less is better"),
    ({"perturbations": ("P1", "P1")}, "stands twice"), ({"against": ("hybrid",)}, "stands twice"),
    ({"perturbations": ("P15",)}, "P15")])
def test_what_cannot_be_asked_of_losses_is_refused(changed: dict[str, object], says: str):
    plain: dict[str, object] = {"arm": "hybrid", "against": ("monolingual",), "measure": "AP", "margin": .005,
                                "settings": (Setting.MULTILINGUAL,), "datasets": ("xquad-r",), "perturbations": ("P1",)}
    assert Interaction(**plain).loses == "no more"  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=says):
        Interaction(**plain | changed)  # type: ignore[arg-type]


def ranks(*runs: Sequence[float]) -> Cell:
    return cell(*runs)


def test_first_places_are_counted_among_what_all_arms_have_right():
    a, b = ranks([1, 1, 1, .5], [1, 1, .5, 1]), ranks([1, .5, 1, 1], [1, 1, 1, 1])
    # right for both: questions 1, 3 in the first run; 1, 2, 4 in the second
    fell = [ranks([.5, .5, 1, .2], [1, .5, 1, 1]), ranks([.5, 1, 1, 1], [1, .5, 1, .5])]
    # of these lost, a mean over two draws: run 1: 1 + 0 of 2; run 2: 0 + 1 + .5 of 3
    found = share([lost([a, b], fell)])
    assert found is not None
    assert found.value == pytest.approx(100 * (1 / 2 + 1.5 / 3) / 2)
    assert right([lost([a, b], fell)]) == 5 / 8
    still = [lost([a, b], [a])]
    less = share_less(still, [lost([a, b], fell)], pair=True)
    assert less is not None
    assert less.value == pytest.approx(found.value)
    assert share([lost([ranks([.5] * 4, [1] * 4)], fell)]) is None  # a run in which nothing is right has no share


def pieces(shift: float, language: str, family: str, random: np.random.Generator) -> Piece:
    clusters = np.repeat(np.arange(12), 4)
    clean = np.clip(.5 + .1 * random.standard_normal((3, 48)), .05, 1)
    draws = np.stack([clean - .1 + shift + .02 * random.standard_normal((3, 48)) for _ in range(2)])
    return Piece(language=language, family=family, clean=clean, draws=draws, applied=np.ones_like(draws), overlap=.9,
                 distance=None, monolingual=None, clusters=clusters)


def test_the_profile_finds_a_loss_where_it_was_planted_and_nowhere_else():
    random = np.random.default_rng(3)
    both = {arm: [pieces(.08 if (arm, language, family) == ("hybrid", "de", "P2") else 0, language, family, random)
                  for family in ("P1", "P2") for language in ("de", "en")] for arm in ("hybrid", "monolingual")}
    groups = {"headline": frozenset({"P1", "P2"}), "P1": frozenset({"P1"}), "P2": frozenset({"P2"})}
    (found,) = contrasts(both, [("hybrid", "monolingual"), ("hybrid", "absent")], groups, ("de", "en", "th"), pair=True)
    rows = {row.family: row for row in found.families}
    assert list(rows) == list(groups)
    assert rows["headline"].p_adjusted is None
    assert rows["headline"].drop.value == pytest.approx((rows["P1"].drop.value + rows["P2"].drop.value) / 2)
    seen = {(name, language): each for name in ("P1", "P2")
            for language, each in zip(("de", "en", "th"), rows[name].by_language, strict=True)}
    assert seen["P1", "th"] is seen["P2", "th"] is None
    for place, each in seen.items():
        if each is not None:
            assert each.p_adjusted >= each.p
            assert (each.p_adjusted < .01) is (place == ("P2", "de"))
    assert seen["P2", "de"].value == pytest.approx(.08, abs=.01)  # type: ignore[union-attr]
