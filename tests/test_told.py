"""What stands beside a verdict of runs: other sizes, power, languages, the print, other ways; and what `plan` says before."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from claimcheck.appraisal.breakdown import breakdown
from claimcheck.appraisal.rerun import RerunFinding
from claimcheck.appraisal.rerun_words import price
from claimcheck.claim import Atom
from claimcheck.finding import Asked, Bounds, Comparison, Comparisons, Goal, Value
from claimcheck.prediction import Difference, RerunPrediction, Setting
from claimcheck.report.calibrated import calibrated
from claimcheck.report.reaches import reach
from claimcheck.report.rerun_texts import asked, power
from claimcheck.verdict import Stand, TierWord
from tests.test_contrasts import RUNS, difference

D = Decimal


def bounds(low: str, high: str, level: float = 0.05) -> Bounds:
    return Bounds(low=D(low), high=D(high), low_level=level, high_level=level)


def comparison(deciding: str, *others: str, **more: Any) -> Comparison:
    low, high = deciding.split()
    around = bounds(low, high)
    levels = tuple(bounds(*each.split(), level) for each, level in zip(others, (0.5, 0.1), strict=True))
    return Comparison(about=(("against", "old"),), values=(Value(name="new", value=D("0.5"), decimals=4),), estimate=D("0.01"),
                      deciding=around, benchmark=around, beyond=around, decimals=4, percent=False, runs=5, questions=10,
                      clusters=5, reach=levels, **more)


def found(*comparisons: Comparison, goal: Goal = Goal.AHEAD, needed: int | None = None) -> Comparisons:
    return Comparisons(asks="it", asked=Asked(margin=D("0.005"), goal=goal), comparisons=comparisons, needed=needed)


def test_the_weakest_comparison_says_how_large_a_size_is_supported():
    both = found(comparison("0.010 0.030", "0.02 0.02", "0.015 0.025"), comparison("0.004 0.020", "0.012 0.012", "0.008 0.016"))
    view = reach(both, "AP")
    assert view is not None
    assert view.text == "the largest size that is still supported: 0.004; 0.020 or more is excluded"
    assert [(low.value, high.value) for _, low, high in view.points] == [(0.012, 0.012), (0.008, 0.016)]
    assert [confidence.printed for confidence, _, _ in view.points] == ["50 %", "90 %"]
    one = reach(replace(both, needed=1), "AP")  # one of two is enough: the better one says how large, both must be negligible
    assert one is not None
    assert one.text == "the largest size that is still supported: 0.010; 0.030 or more is excluded"


@pytest.mark.parametrize(("goal", "deciding", "text"), [
    (Goal.AHEAD, "-0.01 -0.002", "no size above zero is supported, and any is excluded"),
    (Goal.AHEAD, "-0.01 Infinity", "no size above zero is supported; no margin makes it negligible"),
    (Goal.EQUAL, "-0.010 0.004", "the smallest margin at which they count as equal: 0.010"),
    (Goal.EQUAL, "-Infinity 0.004", "no margin makes them equal"),
    (Goal.NO_WORSE, "-0.010 0.004", "the smallest loss that is excluded: 0.010"),
    (Goal.NO_WORSE, "0.001 0.004", "any loss is excluded"),
    (Goal.NO_WORSE, "-Infinity 0.004", "no loss is excluded"),
])
def test_other_sizes_are_told_in_the_words_of_what_was_asked(goal: Goal, deciding: str, text: str):
    view = reach(found(comparison(deciding, deciding, deciding), goal=goal), "AP")
    assert view is not None
    assert view.text == text


def test_what_is_asked_is_told_for_each_goal():
    told = [asked(Asked(margin=D("0.005"), goal=goal), percent=False) for goal in Goal]
    assert told == ["asked: a difference above 0; less than 0.005 is negligible", "asked: no loss of 0.005 or more",
                    "asked: a difference of less than 0.005, either way"]


def test_the_price_is_that_of_the_least_sensitive_comparison():
    cheap = comparison("0 1", "0 1", "0 1", detectable=D("0.004"), detectable_at_most=D("0.006"), runs_needed=4)
    dear = comparison("0 1", "0 1", "0 1", detectable=D("0.009"), detectable_at_most=D("0.014"), runs_needed=17)
    assert power(found(cheap, dear), percent=False) == (
        "with 5 runs an arm the effect that is seen in 4 of 5 cases is 0.009 (up to 0.014, if runs differ as much as the upper "
        "80 % limit of their spread); 17 runs would do for 0.005")
    never = replace(dear, runs_needed=None, articles_needed=140)
    assert power(found(cheap, never), percent=False).endswith(
        "for 0.005 no number of runs would do on these 5 articles, about 140 articles with 10 runs would")
    assert "neither would a thousand times as many" in power(found(replace(never, articles_needed=None)), percent=False)
    assert power(found(replace(dear, runs=2)), percent=False) == ""  # two runs tell nothing, and are said to elsewhere


def test_what_no_number_of_runs_decides_has_its_price_in_articles():
    prediction = RerunPrediction(difference=Difference(
        arm="new", against=("old",), measure="AP", margin=0.005, datasets=("toy",), settings=(Setting.MULTILINGUAL,)))
    atom = Atom(id="it", says="it", rerun=(prediction,))

    def price_of(*comparisons: Comparison) -> str:
        own = RerunFinding(atom=atom, prediction=prediction, found=found(*comparisons), stand=Stand.OPEN, also=())
        return price([own], RUNS, TierWord.INCONCLUSIVE)

    never = comparison("-0.01 0.02", "0 1", "0 1", runs_needed=None, articles_needed=1_400)
    few = comparison("-0.01 0.02", "0 1", "0 1", runs_needed=9)
    assert "about 1,400 like these would, with 10 runs an arm, where there are 5" in price_of(few, never)
    assert "the runs differ too much among themselves" in price_of(never, replace(never, articles_needed=None))
    decided = comparison("0.01 0.02", "0 1", "0 1", runs_needed=None)
    assert "about 1,400 like these" in price_of(decided, never)  # what is decided has no price


def test_a_breakdown_by_language_flips_signs_of_articles():
    contrast = difference(Setting.MONOLINGUAL, Setting.CROSS_LINGUAL)
    assert contrast is not None
    effects = breakdown(contrast, RUNS)
    assert [(each.comparison, each.language) for each in effects] == [(0, "de"), (0, "en"), (1, "de"), (1, "en")]
    for each in effects:  # every question is alike, so an article is as far ahead as every other
        assert each.means[0] - each.means[1] == pytest.approx(contrast.raws[each.comparison].effect.estimate)
        articles = len({int(code) for cell in RUNS.of("n", "new", ("AP", "monolingual", contrast.raws[0].where[0][0]))
                        for code in cell.cell.clusters})
        assert each.p == pytest.approx(2 / 2**articles, abs=0.02)  # all signs alike, one way or the other
        assert each.p_adjusted >= each.p


@pytest.fixture(scope="module")
def example(root: Path) -> dict[str, Any]:
    """The example report, as it is committed."""
    made: dict[str, Any] = json.loads((root / "reports" / "hybrid-batches" / "report.json").read_text(encoding="utf-8"))
    return made


def reruns(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [rerun for claim in report["claims"] for tier in claim["tiers"].values() for rerun in tier["reruns"]]


def test_every_finding_of_runs_says_what_it_could_have_seen_and_stands_beside_the_print(example: dict[str, Any]):
    assert reruns(example)
    for rerun in reruns(example):
        assert bool(rerun["power"]) == rerun["enters_verdict"]
        assert rerun["reach"]["points"]
        assert rerun["printed_numbers"]["text"].startswith("not comparable")  # of tier reduced, with another encoder
        assert rerun["printed_numbers"]["why_not_comparable"]
        assert {row["backbone"] for row in rerun["printed_numbers"]["rows"]} == {"xlm-r", "labse"}
        for row in rerun["printed_numbers"]["rows"]:
            assert row["source"].startswith("reported.csv:")


def test_every_claim_that_was_tested_says_how_fragile_its_word_is(example: dict[str, Any]):
    tested = {claim["id"]: claim["tiers"]["reduced"] for claim in example["claims"] if "reduced" in claim["tiers"]}
    words = {name: tier["fragility"] for name, tier in tested.items()}
    assert {name for name, each in words.items() if each} == {
        name for name, tier in tested.items() if tier["verdict"] not in ("not a test of this claim", "not run")}
    for name, each in words.items():
        if each:
            assert sum(each["stands"].values()) == each["ways"]
            assert each["text"].startswith(tested[name]["verdict"])


def test_bounds_at_other_levels_grow_with_confidence(example: dict[str, Any]):
    for rerun in reruns(example):
        points = rerun["reach"]["points"]
        lows = [point["supported_above"]["value"] for point in points if point["supported_above"]["value"] is not None]
        highs = [point["negligible_from"]["value"] for point in points if point["negligible_from"]["value"] is not None]
        assert lows == sorted(lows, reverse=True)
        assert highs == sorted(highs)
        assert [point["confidence"] for point in points] == sorted(point["confidence"] for point in points)


def test_a_report_says_how_often_its_rules_are_right(root: Path, example: dict[str, Any]):
    figures = json.loads((root / "claimcheck" / "report" / "calibration.json").read_text(encoding="utf-8"))
    page = (root / "docs" / "calibration.md").read_text(encoding="utf-8")
    told = example["calibration"]
    assert told.startswith("How often these rules are right")
    assert f"Made with claimcheck {figures['version']};" in told
    assert f"95 % intervals held the truth in {figures['coverage']:.2%} or more" in told
    assert f"seed {figures['seed']} and {figures['worlds']:,} simulated worlds a cell" in page  # both of one simulation
    assert figures["passed"] is ("**passed" in page)
    assert figures["worlds"] >= 2_000
    assert calibrated("9.9").count("this report was made with 9.9") == 1


def plan(root: Path, store: Path, *more: str) -> str:
    done = subprocess.run([sys.executable, "-m", "claimcheck", "plan", str(root / "claims"), "--store", str(store), *more],
                          text=True, capture_output=True, check=True, cwd=root)
    return done.stdout


def test_a_plan_says_what_its_runs_could_tell(root: Path, data_dir: Path, tmp_path: Path):
    committed = root / "reports" / "hybrid-batches" / "store"
    before = plan(root, tmp_path / "none", "--data-dir", str(data_dir))
    assert "an effect of 2.3 standard deviations over runs" in before
    after = plan(root, committed, "--data-dir", str(data_dir))
    assert "judged by the 3 that stand" in after
    assert "08, AP, each data set and model: with 3 runs an arm the effect that is seen in 4 of 5 cases is" in after
    told = json.loads(plan(root, committed, "--data-dir", str(data_dir), "--format", "json"))
    (made,) = told["plans"]
    assert made["looks"] == [{"runs": 3, "alpha": 0.05}]
    assert {each["claim"] for each in made["power"]} == {"hybrid-batches-08", "hybrid-batches-10"}  # what quick is a test of
    for each in made["power"]:
        for prediction in each["predictions"]:
            for one in prediction["comparisons"]:
                assert one["detectable_at_most"] > one["detectable"] > 0


def test_more_planned_runs_tell_more_from_the_same_pilot(root: Path, data_dir: Path, tmp_path: Path):
    store = tmp_path / "store"
    shutil.copytree(root / "reports" / "hybrid-batches" / "store", store)
    three, eight = (json.loads(plan(root, store, "--data-dir", str(data_dir), "--profile", name, "--format", "json"))
                    for name in ("quick", "sequential"))
    sizes = [np.array([one["detectable"] for each in told["plans"][0]["power"] for prediction in each["predictions"]
                       for one in prediction["comparisons"]]) for told in (three, eight)]
    assert three["plans"][0]["power"][0]["pilot_runs"] == eight["plans"][0]["power"][0]["pilot_runs"] == 3
    assert (sizes[1] < sizes[0]).all()
