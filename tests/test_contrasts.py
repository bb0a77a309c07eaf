"""From stored places to effects: which cells a prediction rests on, worked out by hand on places made by hand."""

from dataclasses import replace
from math import log
from typing import Any

import numpy as np
import pytest
from scipy.special import stdtr

from claimcheck.appraisal.contrast import Contrast
from claimcheck.appraisal.contrasts import contrast
from claimcheck.appraisal.measured import Measured, Result
from claimcheck.design import Arm, Backbone, Data, Design, Route, Split, Training
from claimcheck.finding import Goal
from claimcheck.measurement.places import Places, arrange
from claimcheck.plan import Plan
from claimcheck.prediction import RerunPrediction, Setting
from claimcheck.prediction.rerun import Combine, Difference, Equivalence, LanguagesAhead, NonInferiority, Reduction
from claimcheck.reproduction import Look
from claimcheck.run import Condition, Run
from claimcheck.stats.effect import Estimand, p_above
from claimcheck.tier import Tier

LANGUAGES = ("de", "en")
SEEDS = 3
ROUTE = Route(train="toy", evaluate="toy", split=Split(evaluate=2, seed=0))
DESIGN = Design(backbones={"n": Backbone(encoder="hashed n-grams")}, training=Training(), measures=("AP",), seeds=SEEDS,
                arms={"new": Arm(sampling="hybrid", alpha=0.5), "old": Arm(sampling="monolingual")},
                data=Data(train=("toy",), evaluate=("toy",), languages=LANGUAGES, routes=(ROUTE,)))


def places(own: int, other: int) -> Places:
    """Two questions in two articles, each asked in both languages: at place `own` in its own pool, at `other` in the other."""
    rows: dict[str, list[Any]] = {name: [] for name in (
        "route", "fold", "question", "cluster", "query_language", "candidate_language", "place_in_language", "tied_in_language",
        "place", "tied", "pool_in_language", "pool", "own_language_top")}
    for query in LANGUAGES:
        for question, article in (("q1", "a1"), ("q2", "a2")):
            for candidate in LANGUAGES:
                place = own if query == candidate else other
                values = ("toy", 0, question, article, query, candidate, place, 0,
                          2 * place if query == candidate else 2 * place + 1, 0, 50, 100, 1)
                for name, value in zip(rows, values, strict=True):
                    rows[name].append(value)
    return arrange(rows)


def measured(**arms: list[tuple[int, int]]) -> Measured:
    """Arm -> for each run the places (own, other)."""
    condition = Condition(reproduction="toy", backbone="n", arm="", model=DESIGN.backbones["n"], filling=DESIGN.arms["old"],
                          data=DESIGN.data, training=DESIGN.training)
    plan = Plan(reproduction="toy", profile="p", says="", tier=Tier.REDUCED, design=DESIGN, predictions={},
                looks=(Look(runs=SEEDS, alpha=0.05),),
                runs=tuple(Run(condition=replace(condition, arm=arm), seed=seed) for arm in arms for seed in range(SEEDS)))
    return Measured(plan=plan, results={("n", arm): tuple(Result(key=f"{arm}{seed}", seed=seed, places=places(*each), record={})
                                                          for seed, each in enumerate(runs)) for arm, runs in arms.items()})


RUNS = measured(new=[(1, 2), (1, 4), (1, 5)], old=[(2, 4), (1, 5), (2, 10)])


def effects(found: Contrast | None) -> list[float]:
    assert found is not None
    return [raw.effect.estimate for raw in found.raws]


def difference(*settings: Setting, combine: Combine = Combine.ALL, **more: Any) -> Contrast | None:
    check = Difference(arm="new", against=more.pop("against", ("old",)), measure=more.pop("measure", "AP"), settings=settings,
                       datasets=more.pop("datasets", ("toy",)), margin=0.01, combine=combine)
    return contrast(RerunPrediction(difference=check), RUNS, (ROUTE,))


def test_each_setting_is_a_comparison_of_its_own():
    # monolingual AP is 1/own: new 1, 1, 1; old 1/2, 1, 1/2; the mean difference is (1/2 + 0 + 1/2) / 3
    # cross-lingual is 1/other: new 1/2, 1/4, 1/5; old 1/4, 1/5, 1/10; (1/4 + 1/20 + 1/10) / 3
    assert effects(difference(Setting.MONOLINGUAL, Setting.CROSS_LINGUAL)) == pytest.approx([1 / 3, 0.4 / 3])
    multilingual = [((1 / 2 + 2 / 5) / 2, (1 / 4 + 2 / 9) / 2), ((1 / 2 + 2 / 9) / 2, (1 / 2 + 2 / 11) / 2),
                    ((1 / 2 + 2 / 11) / 2, (1 / 4 + 2 / 21) / 2)]  # own at 2 x own, other at 2 x other + 1, in the pool of all
    expected = sum(new - old for new, old in multilingual) / 3
    assert effects(difference(Setting.MULTILINGUAL)) == pytest.approx([expected])


def test_an_average_gives_each_setting_the_same_weight():
    one, other = effects(difference(Setting.MONOLINGUAL, Setting.CROSS_LINGUAL))
    both = difference(Setting.MONOLINGUAL, Setting.CROSS_LINGUAL, combine=Combine.MEAN)
    assert effects(both) == pytest.approx([(one + other) / 2])


def test_a_reduction_is_the_mean_over_runs_of_the_log_of_the_ratio_of_means():
    check = Reduction(arm="new", against="old", measure="RankDistance", settings=(Setting.MULTILINGUAL,), datasets=("toy",),
                      at_least=0.1, margin=0.05)
    found = contrast(RerunPrediction(reduction=check), RUNS, (ROUTE,))
    # rank distance: 2 x other + 1 - 2 x own: new 5 - 2, 9 - 2, 11 - 2; old 9 - 4, 11 - 2, 21 - 4
    assert effects(found) == pytest.approx([(log(5 / 3) + log(9 / 7) + log(17 / 9)) / 3])
    assert found is not None
    assert found.at_least == pytest.approx(-log(0.9))
    assert found.raws[0].geometric is not None  # all questions are alike here, so both means are one
    assert found.raws[0].geometric.estimate == pytest.approx(found.raws[0].effect.estimate)


def test_a_reduction_of_runs_that_share_nothing_has_the_same_size_and_the_variances_of_both_arms():
    check = Reduction(arm="new", against="old", measure="RankDistance", settings=(Setting.MULTILINGUAL,), datasets=("toy",),
                      at_least=0.1, margin=0.05)
    apart = replace(RUNS, plan=replace(RUNS.plan, design=replace(DESIGN, paired=False)), cells={}, clusters={})
    one, other = (contrast(RerunPrediction(reduction=check), runs, (ROUTE,)) for runs in (RUNS, apart))
    assert effects(other) == pytest.approx(effects(one))
    assert other is not None
    logs = [np.log([5, 9, 17]), np.log([3, 7, 9])]  # rank distances of old and new, as above
    assert other.raws[0].effect.v_runs == pytest.approx(sum(each.var(ddof=1) / 3 for each in logs))
    assert other.raws[0].geometric is not None
    assert other.raws[0].geometric.v_runs == pytest.approx(other.raws[0].effect.v_runs)


def test_languages_are_counted_one_by_one():
    def ahead(at_least: Any) -> Contrast:
        check = LanguagesAhead(arm="new", against="old", measure="AP", settings=(Setting.MONOLINGUAL,), datasets=("toy",),
                               at_least=at_least, margin=0.01)
        found = contrast(RerunPrediction(languages_ahead=check), RUNS, (ROUTE,))
        assert found is not None
        return found

    assert [dict(raw.about)["language"] for raw in ahead("all").raws] == ["de", "en"]
    assert effects(ahead("all")) == pytest.approx([1 / 3, 1 / 3])
    assert ahead(3).raws == ()
    assert "2 languages are evaluated here, fewer than the 3" in ahead(3).left_out[0]
    one, every = (ahead(at_least).p_for(Estimand.BENCHMARK) for at_least in (1, "all"))
    assert one == pytest.approx(2 * every)  # one of two: (2 - 1 + 1) x the smallest p; both languages are alike here
    assert (ahead(1).share, ahead("all").share) == (2, 1)
    against = [ahead(at_least).p_against(Estimand.BENCHMARK) for at_least in (1, "all")]
    assert against[0] == pytest.approx(against[1])  # the larger and the smaller of two that are alike


def test_an_equivalence_can_fail_on_either_side_and_a_loss_on_one():
    given = {"arm": "new", "against": ("old",), "measure": "AP", "settings": (Setting.MONOLINGUAL,), "datasets": ("toy",)}
    equal, no_worse, ahead = (contrast(each, RUNS, (ROUTE,)) for each in (
        RerunPrediction(equivalence=Equivalence(margin=0.5, **given)),
        RerunPrediction(non_inferiority=NonInferiority(margin=0.5, **given)),
        RerunPrediction(difference=Difference(margin=0.5, at_least=0.1, **given))))
    assert equal is not None
    assert no_worse is not None
    assert ahead is not None
    assert effects(equal) == effects(no_worse) == effects(ahead) == pytest.approx([1 / 3])
    assert (ahead.at_least, ahead.goal) == (0.1, Goal.AHEAD)
    assert [len(each.hypotheses) for each in (equal, no_worse, ahead)] == [2, 1, 1]
    effect, own = equal.raws[0].effect, Estimand.BENCHMARK
    # per run 1/2, 0, 1/2: mean 1/3, standard error 1/6, two degrees of freedom
    below, above = (stdtr(2, (1 / 3 - null) / (1 / 6)) for null in (0.5, -0.5))
    assert equal.p_for(own) == pytest.approx(max(below, 1 - above))  # two one-sided tests, the worse of which counts
    assert equal.p_against(own) == pytest.approx(min(1 - below, above))
    assert no_worse.p_for(own) == pytest.approx(1 - above)
    assert no_worse.p_against(own) == pytest.approx(above)
    assert ahead.p_for(own) == p_above(effect, own, 0.1)


def test_what_is_put_twice_is_one_hypothesis():
    one, mean = difference(Setting.MONOLINGUAL), difference(Setting.MONOLINGUAL, combine=Combine.MEAN)
    other = difference(Setting.CROSS_LINGUAL)
    assert one is not None
    assert mean is not None
    assert other is not None
    assert one.hypotheses == mean.hypotheses
    assert not one.hypotheses & other.hypotheses


def test_what_is_missing_is_left_out_by_name_or_told_as_not_covered():
    absent = difference(Setting.MONOLINGUAL, against=("old", "older"))
    assert absent is not None
    assert [raw.arms for raw in absent.raws] == [("new", "old")]  # the rival that is there is compared all the same
    assert absent.left_out == ("this profile has no arm older",)
    assert absent.p_for(Estimand.BENCHMARK) == 1
    nobody = difference(Setting.MONOLINGUAL, against=("older",))
    assert nobody is not None
    assert nobody.raws == ()
    elsewhere = difference(Setting.MONOLINGUAL, datasets=("toy", "other"))
    assert elsewhere is not None
    assert elsewhere.not_covered == ("other is not evaluated here",)
    assert len(elsewhere.raws) == 1


def test_runs_that_evaluated_other_questions_are_never_compared():
    fewer = RUNS.results["n", "old"][0].places
    kept = [row for row, question in enumerate(fewer.question.strings()) if question == "q1"]
    cut = arrange({name: [getattr(fewer, name).strings()[row] for row in kept] if hasattr(getattr(fewer, name), "strings")
                   else getattr(fewer, name)[kept] for name in Places.__dataclass_fields__})
    results = dict(RUNS.results)
    results["n", "old"] = (replace(results["n", "old"][0], places=cut), *results["n", "old"][1:])
    with pytest.raises(ValueError, match="did not evaluate the same questions"):
        contrast(RerunPrediction(difference=Difference(arm="new", against=("old",), measure="AP", margin=0.01,
                                                       settings=(Setting.MONOLINGUAL,), datasets=("toy",))),
                 Measured(plan=RUNS.plan, results=results), (ROUTE,))
