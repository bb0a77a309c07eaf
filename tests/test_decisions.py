"""Intervals to words: the decision table, cell by cell, and what many comparisons make of a claim."""

from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimcheck.finding import Asked, Bounds, Comparison, Comparisons, Goal
from claimcheck.verdict import (
    LEAST_RUNS,
    Stand,
    of_bounds,
    of_comparison,
    of_comparisons,
    of_conjunction,
    of_parts,
    relevant,
)

MARGIN = Asked(margin=Decimal("0.005"))


def bounds(low: str | Decimal, high: str | Decimal) -> Bounds:
    return Bounds(low=Decimal(low), high=Decimal(high), low_level=0.05, high_level=0.05)


def comparison(low: str, high: str, runs: int = 3) -> Comparison:
    around = bounds(low, high)
    return Comparison(about=(), values=(), estimate=(around.low + around.high) / 2, deciding=around, benchmark=around,
                      beyond=around, decimals=4, percent=False, runs=runs, questions=10, clusters=5)


def found(*intervals: str, needed: int | None = None, left_out: tuple[str, ...] = (), runs: int = 3) -> Comparisons:
    return Comparisons(asks="it", asked=MARGIN, needed=needed, left_out=left_out,
                       comparisons=tuple(comparison(*each.split(), runs=runs) for each in intervals))


@pytest.mark.parametrize(("low", "high", "stand"), [
    ("0.0051", "0.0200", Stand.FOR),
    ("0.0001", "0.0040", Stand.FOR),  # the direction holds, however small the effect
    ("0.0000", "0.0200", Stand.OPEN),  # a bound on zero excludes nothing
    ("-0.0010", "0.0050", Stand.OPEN),  # the margin is not excluded
    ("-0.0010", "0.0049", Stand.NEGLIGIBLE),
    ("-0.0200", "0.0000", Stand.NEGLIGIBLE),
    ("-0.0200", "-0.0001", Stand.AGAINST),
    ("-Infinity", "Infinity", Stand.OPEN),
])
def test_the_decision_table_for_a_direction(low: str, high: str, stand: Stand):
    assert of_bounds(bounds(low, high), MARGIN) is stand


@pytest.mark.parametrize(("low", "high", "stand"), [
    ("10.1", "30.0", Stand.FOR), ("10.0", "30.0", Stand.OPEN), ("4.0", "9.9", Stand.AGAINST), ("-3.0", "2.0", Stand.AGAINST)])
def test_a_size_that_was_asked_for_is_reached_or_not(low: str, high: str, stand: Stand):
    # at least ten percent: an effect of four percent is no smaller success, it is none
    assert of_bounds(bounds(low, high), Asked(at_least=Decimal(10), margin=Decimal(5))) is stand


@pytest.mark.parametrize(("low", "high", "no_worse", "equal"), [
    ("-0.0049", "0.0049", Stand.FOR, Stand.FOR),
    ("-0.0049", "0.0200", Stand.FOR, Stand.OPEN),
    ("0.0051", "0.0200", Stand.FOR, Stand.AGAINST),  # better by more than the margin is no equality
    ("-0.0050", "0.0049", Stand.OPEN, Stand.OPEN),  # a bound on the margin excludes nothing
    ("-0.0200", "-0.0050", Stand.OPEN, Stand.OPEN),
    ("-0.0200", "-0.0051", Stand.AGAINST, Stand.AGAINST),
    ("-Infinity", "Infinity", Stand.OPEN, Stand.OPEN),
])
def test_not_worse_and_equal_are_told_from_one_interval(low: str, high: str, no_worse: Stand, equal: Stand):
    for goal, stand in ((Goal.NO_WORSE, no_worse), (Goal.EQUAL, equal)):
        assert of_bounds(bounds(low, high), Asked(margin=Decimal("0.005"), goal=goal)) is stand


def test_against_an_equality_speaks_only_its_own_wider_interval():
    asked = Asked(margin=Decimal("0.005"), goal=Goal.EQUAL)
    apart = comparison("0.0060", "0.0200")
    assert of_comparison(replace(apart, contrary=bounds("0.0040", "0.0220")), asked) is Stand.OPEN
    assert of_comparison(replace(apart, contrary=bounds("0.0051", "0.0210")), asked) is Stand.AGAINST
    alike = replace(comparison("-0.0040", "0.0040"), contrary=bounds("-0.0060", "0.0060"))
    assert of_comparison(alike, asked) is Stand.FOR
    assert relevant(Comparisons(asks="it", asked=asked, comparisons=(alike,))) is None


@given(st.decimals(-1, 1, places=4), st.decimals(-1, 1, places=4), st.decimals("0.0001", 1, places=4))
def test_what_is_equal_is_no_worse_either_way_and_a_lead_is_no_loss(one: Decimal, other: Decimal, margin: Decimal):
    low, high = sorted((one, other))
    around, mirrored = bounds(low, high), bounds(-high, -low)
    no_worse, equal = (Asked(margin=margin, goal=goal) for goal in (Goal.NO_WORSE, Goal.EQUAL))
    both = of_bounds(around, no_worse) is of_bounds(mirrored, no_worse) is Stand.FOR
    assert (of_bounds(around, equal) is Stand.FOR) == both
    if of_bounds(around, Asked(margin=margin)) is Stand.FOR:
        assert of_bounds(around, no_worse) is Stand.FOR


@given(st.decimals(-1, 1, places=4), st.decimals(-1, 1, places=4), st.decimals(0, 1, places=4))
def test_never_for_and_against_and_a_wider_interval_never_says_more(one: Decimal, other: Decimal, wider: Decimal):
    low, high = sorted((one, other))
    said, less = of_bounds(bounds(low, high), MARGIN), of_bounds(bounds(low - wider, high + wider), MARGIN)
    assert less is said or less is Stand.OPEN or (said, less) in {
        (Stand.FOR, Stand.NEGLIGIBLE), (Stand.AGAINST, Stand.NEGLIGIBLE)}  # both hold of an interval within the margin


@pytest.mark.parametrize(("intervals", "stand"), [
    (("0.01 0.02", "0.001 0.02"), Stand.FOR),
    (("0.01 0.02", "-0.01 0.02"), Stand.OPEN),
    (("0.01 0.02", "-0.001 0.002"), Stand.NEGLIGIBLE),
    (("0.01 0.02", "-0.02 -0.01"), Stand.AGAINST),  # a conjunction fails with one of its parts
    (("-0.01 0.02", "-0.02 -0.01", "-0.001 0.002"), Stand.AGAINST),
    ((), Stand.OPEN),
])
def test_a_conjunction_of_comparisons(intervals: tuple[str, ...], stand: Stand):
    assert of_comparisons(found(*intervals)) is stand


def test_what_is_left_out_never_makes_a_conjunction_hold_and_cannot_save_one_that_fails():
    assert of_comparisons(found("0.01 0.02", left_out=("an arm",))) is Stand.OPEN
    assert of_comparisons(found("-0.02 -0.01", left_out=("an arm",))) is Stand.AGAINST


@pytest.mark.parametrize("runs", range(LEAST_RUNS))
@pytest.mark.parametrize("interval", ["0.01 0.02", "-0.02 -0.01", "-0.001 0.002"])
def test_fewer_than_three_runs_decide_nothing(runs: int, interval: str):
    assert of_comparisons(found(interval, runs=runs)) is Stand.OPEN


@pytest.mark.parametrize(("needed", "stand"), [(1, Stand.FOR), (2, Stand.FOR), (3, Stand.AGAINST), (None, Stand.AGAINST)])
def test_so_many_of_the_languages(needed: int | None, stand: Stand):
    # ahead in two of three, behind in one
    assert of_comparisons(found("0.01 0.02", "0.01 0.03", "-0.03 -0.01", needed=needed)) is stand


@given(st.lists(st.sampled_from(["0.01 0.02", "-0.01 0.02", "-0.02 -0.01", "-0.001 0.002"]), min_size=1, max_size=6))
def test_all_of_them_is_what_a_conjunction_is(intervals: list[str]):
    assert of_comparisons(found(*intervals, needed=len(intervals))) is of_comparisons(found(*intervals))


@pytest.mark.parametrize(("intervals", "said"), [
    (("0.006 0.02",), True), (("0.006 0.02", "0.001 0.004"), False), (("0.006 0.02", "0.001 0.02"), None)])
def test_relevance_is_a_second_question(intervals: tuple[str, ...], said: bool | None):
    assert relevant(found(*intervals)) is said


@pytest.mark.parametrize(("intervals", "said"), [
    (("-0.02 -0.006",), True), (("-0.004 -0.001",), False), (("-0.02 -0.001",), None), (("0.01 0.02", "-0.02 -0.006"), True)])
def test_what_speaks_against_may_be_less_than_the_margin_too(intervals: tuple[str, ...], said: bool | None):
    assert relevant(found(*intervals)) is said


@given(st.lists(st.sampled_from(Stand), min_size=1, max_size=5))
def test_the_worst_check_of_a_reading_decides(stands: list[Stand]):
    joined = of_conjunction(stands)
    assert joined in stands
    assert (joined is Stand.FOR) == (set(stands) == {Stand.FOR})
    assert (joined is Stand.AGAINST) == (Stand.AGAINST in stands)


def test_readings_that_end_differently_hold_in_part_and_two_ways_of_failing_are_told_as_the_weaker():
    assert of_parts([Stand.FOR, Stand.NEGLIGIBLE]) is Stand.IN_PART
    assert of_parts([Stand.AGAINST, Stand.NEGLIGIBLE]) is Stand.NEGLIGIBLE
    assert of_parts([Stand.AGAINST, Stand.OPEN]) is Stand.OPEN


def test_what_is_printed_is_rounded_outward():
    import numpy as np

    from claimcheck.appraisal.bounds import bounds as around
    from claimcheck.stats.effect import Effect, Estimand

    # no variance: both bounds are the estimate itself, and rounding alone moves them
    effect = Effect(estimate=0.00004, per_run=np.full(3, 0.00004), runs=3, clusters=4, questions=9, v_runs=0.0, v_clusters=0.0,
                    v_interaction=0.0, v_total=0.0, df_runs=2.0, df_clusters=3.0)
    made = around(effect, Estimand.BENCHMARK, (0.05, 0.05), False, 4)
    assert (made.low, made.high) == (Decimal("0.0000"), Decimal("0.0001"))
    assert of_bounds(made, MARGIN) is Stand.NEGLIGIBLE  # judged as printed: the low bound that is read excludes nothing


def test_a_reduction_is_told_in_percent_of_the_rival():
    from claimcheck.appraisal.units import shown

    assert shown(0.0, is_log=True) == 0
    assert round(shown(0.2231435513142097, is_log=True), 9) == 20  # log(1 / 0.8)
    assert round(shown(-0.6931471805599453, is_log=True), 9) == -100  # twice as high is minus 100 percent
    assert shown(float("-inf"), is_log=True) == float("-inf")
    assert shown(float("inf"), is_log=True) == 100


def test_levels_are_shared_by_the_family_and_not_by_what_is_no_test():
    from claimcheck.appraisal.conditions import conditions
    from claimcheck.design import Arm, Backbone, Data, Design, Route, Split, Training

    design = Design(backbones={"n-grams": Backbone(encoder="hashed n-grams")}, arms={"a": Arm(sampling="monolingual")},
                    data=Data(train=("x",), evaluate=("x", "y"), languages=("en", "de"), routes=(
                        Route(train="x", evaluate="x", split=Split(evaluate=2, seed=0)), Route(train="x", evaluate="y"))),
                    training=Training(), measures=("AP",))

    def lacking(**needs):
        every = {"backbones": (), "datasets": (), "languages": (), "zero_shot": False, "also": ()}
        return conditions(SimpleNamespace(necessary=SimpleNamespace(**{**every, **needs})), design)

    assert lacking().lacking == ()
    assert len(lacking().routes) == 2
    assert "names xlm-r and labse" in lacking(backbones=("xlm-r", "labse")).lacking[0]
    assert "names z" in lacking(datasets=("z",)).lacking[0]
    assert "names the languages fr" in lacking(languages=("en", "fr")).lacking[0]
    assert [route.name for route in lacking(zero_shot=True).routes] == ["x > y"]  # trained on what is evaluated: no zero-shot
    assert lacking(also=("a full moon",)).unchecked == ("a full moon",)
