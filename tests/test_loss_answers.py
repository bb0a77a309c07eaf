"""What a reader is told of losses: the paragraph that answers the question, and grids in which hostile text stays text."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from jinja2 import Environment, PackageLoader

from claimcheck.appraisal.answered import Answered, answered
from claimcheck.appraisal.answers import answer, shown_to_differ
from claimcheck.appraisal.contrast import Contrast, OnLogs, Raw
from claimcheck.appraisal.rerun import RerunFinding
from claimcheck.appraisal.rerun_words import why
from claimcheck.claim import Atom
from claimcheck.finding import Asked, Bounds, Comparison, Comparisons, Goal, Value
from claimcheck.finding import OnLogs as Told
from claimcheck.prediction import RerunPrediction, Setting
from claimcheck.prediction.rerun import Difference, Interaction
from claimcheck.report.latex import escape
from claimcheck.report.loss_views import ExampleView, GridCell, GridRow, GridView
from claimcheck.report.rerun_views import NumberView
from claimcheck.stats.cells import Cell
from claimcheck.stats.effect import Effect, Estimand
from claimcheck.stats.two_way import paired
from claimcheck.tier import Tier
from claimcheck.verdict import Stand

CHECK = Interaction(arm="hybrid", against=("mono", "cross"), measure="AP", settings=(Setting.MULTILINGUAL,),
                    datasets=("xquad-r",), perturbations=("P1", "P2"), margin=0.005)
LESS = Answered(less=True, more=False, same=True, opposed=False)
MORE = Answered(less=False, more=True, same=True, opposed=False)
OPEN = Answered(less=False, more=False, same=False, opposed=False)
OPPOSED = Answered(less=False, more=False, same=False, opposed=True)


def effect(mean: float, spread: float) -> Effect:
    """Of five runs and twelve articles, around a mean."""
    random = np.random.default_rng(8)
    return paired([Cell(values=mean + spread * random.standard_normal((5, 48)), clusters=np.repeat(np.arange(12), 4))])


def contrast(*scales: tuple[float, float]) -> Contrast:
    """Comparisons by their effects in points and in logs, at a level of .25, where the margin is .0202."""
    raws = tuple(Raw(about=(), same_as=number, arms=("a", "b"), means=(0, 0), effect=effect(points, 0.002), questions=1,
                     on_logs=OnLogs(effect=effect(logs, 0.008), level=0.25)) for number, (points, logs) in enumerate(scales))
    return Contrast(raws=raws, measure="AP", is_log=False, at_least=0, margin=0.005, goal=Goal.NO_WORSE)


@pytest.mark.parametrize(("points", "logs", "expected"), [
    (0.003, 0.012, LESS), (-0.003, -0.012, MORE), (0.02, 0.08, replace(LESS, same=False)),
    (-0.003, 0.012, replace(OPPOSED, same=True)),
    (0.0, 0.0, replace(OPEN, same=True)), (0.003, 0.0, replace(OPEN, same=True)), (0.0, 0.06, OPEN)])
def test_each_question_is_answered_only_where_both_scales_bear_it_out(points: float, logs: float, expected: Answered):
    assert answered(contrast((points, logs)), Estimand.BEYOND, 0.05) == (expected,)


def test_two_runs_answer_nothing_and_a_difference_of_arms_has_no_such_answer():
    made = contrast((0.003, 0.012))
    raw = made.raws[0]
    assert answered(replace(made, raws=(replace(raw, effect=replace(raw.effect, runs=2)),)), Estimand.BEYOND, 0.05) == ()
    assert answered(replace(made, raws=(replace(raw, on_logs=None),)), Estimand.BEYOND, 0.05) == ()


def comparison(rival: str, estimate: str, logs: str) -> Comparison:
    around = Bounds(low=Decimal("-0.0011"), high=Decimal("-0.0004"), low_level=0.025, high_level=0.025)
    there = Told(estimate=Decimal(logs), deciding=around, benchmark=around, beyond=around, level=Decimal("0.25"))
    return Comparison(about=(("backbone", "n"), ("data", "xquad-r"), ("against", rival)), estimate=Decimal(estimate),
                      values=(Value(name="hybrid", value=Decimal("0.0128"), decimals=4),
                              Value(name=rival, value=Decimal("0.0121"), decimals=4)),
                      deciding=around, benchmark=around, beyond=around, on_logs=there, decimals=4, percent=False, runs=5,
                      questions=9, clusters=48)


def finding(*own: Answered) -> RerunFinding:
    found = Comparisons(asks="?", asked=Asked(margin=Decimal("0.005"), goal=Goal.NO_WORSE), not_covered=("P2 is not seen",),
                        comparisons=(comparison("mono", "0.0005", "0.0128"), comparison("cross", "-0.0007", "-0.0064")))
    prediction = RerunPrediction(interaction=CHECK)
    return RerunFinding(atom=Atom(id="a", says="?", rerun=(prediction,)), prediction=prediction, found=found, stand=Stand.FOR,
                        also=(), answered=own)


def test_the_paragraph_says_what_was_found_of_each_rival_and_of_whom_it_is_told():
    told = answer(finding(LESS, MORE), (), Tier.REDUCED)
    assert "hybrid 0.0128, mono 0.0121, cross 0.0121" in told
    assert "Against mono, hybrid loses 0.0005 less (its advantage [-0.0011, -0.0004])" in told
    assert "+0.0128 [-0.0011, -0.0004] (95 %, other runs and articles; the margins are 0.005 and 0.0202)" in told
    assert "shown on both scales to lose less, by less than the margin. Against cross, hybrid loses 0.0007 more" in told
    assert "So robustness to these perturbations changes by less than the margin, on both scales." in told
    assert "Not covered: P2 is not seen." in told
    assert told.endswith("tells nothing of the paper's own.")
    assert "tells nothing" not in answer(finding(LESS, MORE), (), Tier.FULL)


@pytest.mark.parametrize(("own", "said", "not_said"), [
    ((LESS, LESS), "is more robust to these perturbations than each", "less robust"),
    ((MORE, MORE), "is less robust to these perturbations than each", "more robust to"),
    ((LESS, OPEN), "is not decided on both scales", "So "), ((OPPOSED, LESS), "depends on the scale", "So ")])
def test_the_paragraph_sums_up_only_what_holds_against_every_rival(own: tuple[Answered, ...], said: str, not_said: str):
    told = answer(finding(*own), (), Tier.FULL)
    assert said in told
    assert not_said not in told


def test_a_loss_that_the_margin_lets_pass_is_told_beside_the_verdict():
    assert shown_to_differ([finding(LESS, MORE)]) == ("shown to lose more than cross, if by less than the margin of 0.005",)
    assert shown_to_differ([finding(LESS, LESS)]) == ()
    plain = RerunPrediction(difference=Difference(arm="a", against=("b",), measure="AP", settings=(Setting.MULTILINGUAL,),
                                                  datasets=("xquad-r",), margin=0.01))
    assert answer(replace(finding(LESS, MORE), prediction=plain), (), Tier.FULL) == ""
    assert answer(finding(), (), Tier.FULL) == ""


def test_what_holds_within_a_margin_names_the_margin():
    own = finding(LESS, MORE)
    assert why([(own.atom, Stand.FOR)], [own], 0) == "holds at a margin of 0.005"
    assert why([(own.atom, Stand.OPEN)], [own], 0).startswith("not decided")
    ahead = replace(own, found=replace(own.found, asked=Asked(margin=Decimal("0.005"))))
    assert "margin" not in why([(own.atom, Stand.FOR)], [ahead], 0)


HOSTILE = "<script>alert(1)</script>\\input{x}"


def test_hostile_text_stays_text_in_grids_and_examples():
    number = NumberView(printed="1", value=1.0)
    grid = GridView(kind="profile", title=HOSTILE, says=(HOSTILE,), corner="x", columns=(HOSTILE,), rows=(
        GridRow(name=HOSTILE, note=HOSTILE, cells=(GridCell(number=number, under=HOSTILE, title=HOSTILE, shade=0.5),)),))
    example = ExampleView(what="A1", arm=HOSTILE, language="en", direction="ltr", question="q", clean=HOSTILE, after=HOSTILE,
                          margins="")
    environment = Environment(loader=PackageLoader("claimcheck.report"), autoescape=True)
    module = environment.get_template("losses.html.jinja").module
    for made in (module.grid(grid), module.examples([example])):
        assert "<script" not in made
        assert "&lt;script&gt;" in made
    assert "\\input" not in escape(HOSTILE)
