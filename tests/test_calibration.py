"""The self-test of the rules: its worlds are what they say, it goes through what is shipped, and it finds broken rules out."""

import itertools
import json
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from claimcheck import verdict
from claimcheck.calibration import broken, controls, deciding, selftest, simulate, splits
from claimcheck.calibration.deciding import STANDS, Estimates, conjunction, parts_of, plain, shipped, stands
from claimcheck.calibration.looks import LOOKS, looks
from claimcheck.calibration.page import page
from claimcheck.calibration.parallel import Job, side_by_side
from claimcheck.calibration.scenarios import SCENARIOS, Case, cases
from claimcheck.calibration.simulate import ALPHA, Judged, judge
from claimcheck.calibration.worlds import Folds, Scene, cells, draw, draw_unpaired
from claimcheck.finding import Asked, Bounds
from claimcheck.measurement.places import arrange, to_parquet_bytes
from claimcheck.measurement.store import Store, stored
from claimcheck.stats.effect import Effect, Estimand, lower, p_above, upper
from claimcheck.stats.two_way import paired, unpaired
from claimcheck.stats.variance import Spread
from claimcheck.verdict import Stand

SEVERAL = {each.name: each for each in SCENARIOS}


def case(name: str, runs: int = 3, articles: int = 48, ratio: float | None = 1.0, **changed: object) -> Case:
    return Case(scenario=replace(SEVERAL[name], **changed), runs=runs, articles=articles, ratio=ratio)


# ---------------------------------------------------------------- worlds


@pytest.mark.parametrize(("noisy", "folds", "estimand"), [
    (False, Folds.NONE, Estimand.BEYOND), (True, Folds.NONE, Estimand.BEYOND), (True, Folds.NONE, Estimand.BENCHMARK),
    (True, Folds.ANEW, Estimand.BEYOND), (True, Folds.FIXED, Estimand.BEYOND), (True, Folds.ANEW, Estimand.BENCHMARK)])
@pytest.mark.parametrize("design", ["uneven", "ragged"])
def test_estimates_stray_from_the_truth_by_the_standard_error_that_a_scene_says(design, noisy, folds, estimand):
    scene = Scene(runs=4, articles=48, ratio=0.5, design=design, noisy=noisy, folds=folds)
    worlds = draw(scene, 6_000, np.random.default_rng(1))
    truth = worlds.lasting if estimand is Estimand.BENCHMARK else 0.0
    strayed = worlds.per_run.mean(axis=1) - truth
    # the standard error of a standard deviation of 6,000 normal values is .9 %; folds hold articles of unequal shares
    assert strayed.std() / scene.standard_error(estimand) == pytest.approx(1, abs=0.04)
    assert abs(strayed.mean()) < 4 * scene.standard_error(estimand) / np.sqrt(6_000)


@pytest.mark.parametrize("articles", [12, 48])
def test_the_ratio_is_that_of_the_variances_of_runs_and_articles(articles):
    worlds = draw(Scene(runs=5, articles=articles, ratio=4.0, design="uneven"), 4_000, np.random.default_rng(2))
    over_runs = worlds.per_run.var(axis=1, ddof=1).mean() / 5
    assert over_runs / worlds.lasting.var() == pytest.approx(4, rel=0.1)


def test_a_world_in_questions_is_the_world_in_articles():
    scene = Scene(runs=3, articles=12, ratio=1.0, design="ragged", noisy=True)
    random = np.random.default_rng(3)
    worlds = draw(scene, 2, random)
    made = cells(worlds.means[1], worlds.counts, random)
    assert [cell.values.shape[1] for cell in made] == worlds.counts.sum(axis=1).tolist()
    assert made[0].values.std(axis=1).min() > 0.5  # questions of an article differ
    effect = paired(made)
    assert effect.per_run == pytest.approx(worlds.per_run[1], abs=1e-12)
    parts = parts_of(worlds, scene.shares)
    assert (effect.v_runs, effect.v_clusters, effect.v_interaction) == pytest.approx(
        (parts.v_runs[1], parts.v_clusters[1], parts.v_interaction[1]), rel=1e-12)


def test_unpaired_worlds_are_those_of_two_arms():
    scene = Scene(runs=3, articles=12, ratio=1.0, design="uneven", noisy=True)
    random = np.random.default_rng(4)
    arm, rival = draw_unpaired(scene, 3, random)
    spread = shipped(parts_of(arm, scene.shares, rival), Estimand.BENCHMARK)
    effect = unpaired(cells(arm.means[2], arm.counts, random), cells(rival.means[2], rival.counts, random))
    assert (effect.v_runs, effect.df_runs) == pytest.approx((spread.v_runs[2], spread.df_runs[2]), rel=1e-12)


# ---------------------------------------------------------------- decisions, many at once


def test_decisions_of_many_at_once_are_those_of_the_judge_one_by_one():
    ends = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
    intervals = [(low, high) for low, high in itertools.product(ends, ends) if low <= high]
    low, high = np.array(intervals).T
    seen = set()
    for at_least, margin in itertools.product((0.0, 1.0, 2.0), (0.0, 1.0, 2.0)):
        asked = Asked(at_least=Decimal(at_least), margin=Decimal(margin))
        wanted = [verdict.of_bounds(Bounds(low=Decimal(a), high=Decimal(b), low_level=0.05, high_level=0.05), asked)
                  for a, b in intervals]
        assert [STANDS[code] for code in stands(low, high, at_least, margin)] == wanted
        seen |= set(wanted)
    assert seen == set(STANDS)


@pytest.mark.parametrize("runs", [2, 3])
def test_conjunctions_of_many_at_once_are_those_of_the_judge(runs):
    bounds = {Stand.OPEN: (-1.0, 3.0), Stand.FOR: (1.0, 3.0), Stand.AGAINST: (-3.0, -1.0), Stand.NEGLIGIBLE: (-1.0, 1.0)}
    for three in itertools.product(STANDS, repeat=3):
        found = [deciding.comparison(effect(estimate=0.0, runs=runs), Estimand.BEYOND, 0.05, 0.05) for _ in three]
        found = [replace(each, deciding=replace(each.deciding, low=Decimal(bounds[one][0]), high=Decimal(bounds[one][1])))
                 for each, one in zip(found, three, strict=True)]
        codes = [stands(*(np.array([end]) for end in bounds[one]), 0.0, 2.0) for one in three]
        assert STANDS[conjunction(codes, runs)[0]] is verdict.of_comparisons(deciding.asking(found, 0.0, 2.0))


def effect(estimate: float, v: float = 1.0, runs: int = 5) -> Effect:
    return Effect(estimate=estimate, per_run=np.full(runs, estimate), runs=runs, clusters=12, questions=100, v_runs=v,
                  v_clusters=v / 2, v_interaction=0.0, v_total=1.5 * v, df_runs=runs - 1.0, df_clusters=8.0)


@pytest.mark.parametrize("v", [0.0, 1e-6, 4.0])
@pytest.mark.parametrize("estimate", [-1.0, 0.0, 0.3])
def test_bounds_of_many_at_once_are_those_of_one(v, estimate):
    one = effect(estimate, v)
    v = np.array([v])
    for estimand, spread in ((Estimand.BENCHMARK, plain(v, one.df_runs)), (Estimand.BEYOND, Spread(
            v_runs=v, v_clusters=v / 2, v_interaction=0 * v, df_runs=one.df_runs, df_clusters=one.df_clusters))):
        many = Estimates(estimate=np.array([estimate]), spread=spread)
        for alpha in (0.05, 0.0042):
            assert many.low(alpha)[0] == pytest.approx(lower(one, estimand, alpha), abs=1e-12)
            assert many.high(alpha)[0] == pytest.approx(upper(one, estimand, alpha), abs=1e-12)
        assert many.p_above(0.1)[0] == pytest.approx(p_above(one, estimand, 0.1), abs=1e-12)


# ---------------------------------------------------------------- cells


def test_a_cell_with_the_shipped_rule_is_within_its_limits_and_goes_the_whole_way():
    found = judge(case("no effect, noisy questions", runs=5), 1_000)
    assert found.passed
    assert found.figures.whole == 1_000 / simulate.ONE_IN
    assert found.figures.coverage == pytest.approx(0.95, abs=4 * found.figures.coverage_se)
    verified, refuted = found.figures.rates
    assert 0.02 < verified < 0.08
    assert 0.02 < refuted < 0.08


@pytest.mark.parametrize("name", ["unpaired runs", "folds drawn anew", "unequal cells", "this benchmark, at the margin",
                                  "four claims, two large", "a conjunction at the margin", "at the size asked for"])
def test_every_kind_of_cell_comes_out_the_same_the_whole_way(name, monkeypatch):
    monkeypatch.setattr(simulate, "ONE_IN", 4)
    found = simulate.simulate(case(name), 200, 0)
    assert (found.whole, found.differ) == (50, 0)


def test_a_rule_that_differs_from_the_judges_is_seen_on_the_whole_way(monkeypatch):
    """The bulk goes through another variance than `paired` does: no single world may come out the same."""
    def other(*given):
        return replace(parts_of(*given), v_clusters=parts_of(*given).v_clusters * 1.1)

    monkeypatch.setattr(simulate, "parts_of", other)
    found = judge(case("no effect"), 500)
    assert found.figures.differ == 10
    assert not found.passed


@pytest.mark.parametrize("name", list(broken.BROKEN))
def test_every_broken_rule_is_found_out(name):
    found = broken.found(name, broken.WORLDS)
    assert found.found, (found.figures.coverage, found.figures.rates)
    repaired = simulate.simulate(found.case, broken.WORLDS, 2)
    assert repaired.excess <= simulate.STANDARD_ERRORS, "the same worlds, by the rule that is shipped"


def test_a_broken_rule_fails_a_quick_cell_twice():
    found = judge(case("no effect", ratio=1.0), 1_000, broken.normal)
    assert not found.passed
    assert found.first is not None
    assert (found.first.worlds, found.figures.worlds) == (1_000, 10_000)
    assert found.figures.coverage < 0.93


def test_a_cell_that_was_beyond_by_chance_is_decided_by_fresh_worlds(monkeypatch):
    good = judge(case("no effect"), 500).figures
    bad = replace(good, false_refuted=60)
    given = iter([bad, replace(good, worlds=5_000, covered=4_750, false_refuted=250, false_verified=250)])
    monkeypatch.setattr(simulate, "simulate", lambda *_: next(given))
    found = judge(case("no effect"), 500)
    assert found.first is bad
    assert found.passed


def test_words_are_counted_as_false_by_the_truth_of_every_claim():
    codes = np.array([[1, 1, 2, 3, 0], [1, 0, 2, 3, 3]])  # a column a world, a row a claim
    words = [simulate._Words(truths=(truth,), at_least=0.0, margin=2.0) for truth in (0.0, 2.0)]
    found = simulate._counted(codes, words, 5, 0, 0)
    assert found.false_verified == 2  # of the first claim, whose effect is 0
    assert found.false_refuted == 3  # against, though it is 0; and negligible, though the second is at the margin
    assert found.right == 2  # the second is above 0; the first is negligible
    none = simulate._counted(codes[1:], words[1:], 5, 0, 0)
    assert none.false_verified is None  # an effect above 0 cannot be falsely verified


def test_the_conjunction_that_is_least_favourable_is_at_its_level_and_averages_would_not_be():
    found = simulate.simulate(case("ahead of one, equal to the other", runs=5), 2_000, 0)
    assert 0.03 < found.rates[0] < 0.065  # at the level, neither far below it (a corrected test) nor above


def test_one_split_of_the_data_falls_short_and_fails_nothing():
    anew = simulate.simulate(case("folds drawn anew", runs=10, ratio=0.0), 4_000, 0)
    fixed = judge(case("one split into folds", runs=10, ratio=0.0), 4_000)
    assert anew.coverage > 0.935
    assert 0.8 < fixed.figures.coverage < 0.9
    assert fixed.passed


def test_a_ratio_of_skewed_scores_is_covered():
    found = simulate.simulate(case("ratio, runs alike", ratio=None), 150, 0)
    assert found.coverage > 0.9
    assert found.whole == 150


def test_quick_cells_are_those_of_the_full_test_and_fewer():
    quick, full = set(cases(quick=True)), set(cases(quick=False))
    assert quick < full
    names = {each.scenario.name for each in quick}
    assert {"no effect", "at the margin", "small effect", "large effect", "heavy tails", "unequal cells", "unpaired runs",
            "folds drawn anew", "ahead of one, equal to the other", "four claims, no effect", "ratio, runs alike"} <= names
    assert {each.runs for each in quick} == {3, 5, 8, 10}
    assert {each.articles for each in quick} == {12, 48}
    assert {0.0, 10.0} <= {each.ratio for each in quick}
    assert min(selftest.WORLDS, selftest.QUICK_WORLDS) >= 1_000


def test_how_many_processes_there_are_changes_nothing():
    jobs = [Job(name=str(each), work=Judging(each)) for each in ("no effect", "unpaired runs", "heavy tails")]
    told: list[str] = []
    assert side_by_side(jobs, told.append, 2) == side_by_side(jobs, told.append, 1)
    assert sorted(told) == sorted([each.name for each in jobs] * 2)


class Judging:
    """A job that a process can be handed."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self) -> Judged:
        return judge(case(self.name, articles=12), 500)


# ---------------------------------------------------------------- looks


@pytest.mark.parametrize("estimand", list(Estimand))
def test_looks_hold_if_the_level_is_split_and_do_not_if_it_is_not(estimand):
    assert sum(level for _, level in LOOKS) == pytest.approx(ALPHA)
    found = looks(estimand, 8_000)
    assert found.split <= 0.05
    assert found.unadjusted > found.limit


# ---------------------------------------------------------------- controls


def test_all_controls_pass():
    made = controls.controls()
    assert all(each.passed for each in made), [each for each in made if not each.passed]
    assert len({each.name for each in made}) == len(made) == 17


def first_question_counts_twice(cells_of_it):
    return paired([replace(each, values=np.concatenate([each.values, each.values[:, :1]], axis=1),
                           clusters=np.append(each.clusters, each.clusters[0])) for each in cells_of_it])


def last_question_counts_twice(cells_of_it):
    return paired([replace(each, values=np.concatenate([each.values, each.values[:, -1:]], axis=1),
                           clusters=np.append(each.clusters, each.clusters[-1])) for each in cells_of_it])


def first_run_alone(cells_of_it):
    return paired([replace(each, values=each.values[:1].repeat(5, axis=0)) for each in cells_of_it])


def first_cell_weighs_more(cells_of_it):
    return paired(cells_of_it, [2.0] + [1.0] * (len(cells_of_it) - 1))


def names_matter(cells_of_it):
    return paired([replace(each, values=each.values * (1 + each.clusters % 2)) for each in cells_of_it])


def never_below(cells_of_it):
    found = paired(cells_of_it)
    return replace(found, estimate=abs(found.estimate))


def halved(cells_of_it):
    return paired([replace(each, values=each.values / 2) for each in cells_of_it])


def blind(cells_of_it):
    return replace(paired(cells_of_it), v_runs=1.0, v_total=1.0)


@pytest.mark.parametrize(("wrong", "caught"), [
    (first_question_counts_twice, "order of questions changed"), (first_run_alone, "order of runs changed"),
    (first_cell_weighs_more, "order of cells changed"), (names_matter, "numbers of articles changed"),
    (last_question_counts_twice, "ids of questions and names of articles changed"), (never_below, "arms swapped, paired"),
    (never_below, "positive control: chance against oracle"), (halved, "planted effect"),
    (blind, "negative control: runs against themselves, paired"), (blind, "positive control: oracle against chance")])
def test_a_broken_estimator_fails_a_control(wrong, caught):
    made = controls.controls(controls.Estimators(paired=wrong))
    assert any(each.name.startswith(caught) and not each.passed for each in made), made


def test_broken_estimators_of_unpaired_runs_and_of_ratios_fail_theirs():
    def shifted(one, other):
        found = unpaired(one, other)
        return replace(found, estimate=found.estimate + 0.01)

    def no_log(one, other):
        return paired([replace(a, values=a.values - b.values) for a, b in zip(one, other, strict=True)])

    failed = {each.name for each in controls.controls(controls.Estimators(unpaired=shifted, ratio=no_log)) if not each.passed}
    assert failed == {"arms swapped, unpaired", "negative control: runs against themselves, unpaired",
                      "planted reduction by 20 %, runs alike"}


# ---------------------------------------------------------------- halves of real runs


def kept(folder, arm: str, seeds: int, lead: float = 0.0) -> None:
    """Runs of one arm that differ in nothing but the seed; the later half of them is ahead by `lead`."""
    for seed in range(seeds):
        random = np.random.default_rng(seed)
        pool = 40
        place = np.minimum(1 + random.geometric(0.1 + lead * (seed >= seeds // 2), 60), pool).astype(int).tolist()
        columns = {"route": ["made"] * 60, "question": [f"q{number}" for number in range(60)], "fold": [0] * 60,
                   "cluster": [f"a{number % 12}" for number in range(60)], "query_language": ["en"] * 60,
                   "candidate_language": ["en"] * 60, "place_in_language": place, "tied_in_language": [0] * 60, "place": place,
                   "tied": [0] * 60, "pool_in_language": [pool] * 60, "pool": [pool] * 60, "own_language_top": [0] * 60}
        key = f"{arm}-{seed}"
        record = {"key": key, "seed": seed, "condition": {"backbone": "b", "arm": arm}, "sources": "s", "data": {}}
        Store(path=folder).publish(key, stored(to_parquet_bytes(arrange(columns)), record))


def test_halves_of_runs_that_differ_in_nothing_are_rarely_told_apart(tmp_path):
    kept(tmp_path, "one", 8)
    kept(tmp_path, "few", 3)
    groups = splits.groups(tmp_path)
    assert [(each.name, each.seeds) for each in groups] == [("b few", (0, 1, 2)), ("b one", tuple(range(8)))]
    found = splits.splits(groups)
    assert (found.groups, found.too_few) == (1, 1)
    assert {each.setting for each in found.shares} == {"monolingual", "multilingual"}
    assert all(each.tests == 70 for each in found.shares)  # 8! / 4! / 4! / 2 ways, each half asked
    for estimand in Estimand:
        assert found.rate("multilingual", estimand) <= found.limit


def test_halves_that_do_differ_are_told_apart_more_often_than_may_be(tmp_path):
    """Not one group but two under one name: what the check is there to see."""
    kept(tmp_path, "one", 8, lead=0.4)
    found = splits.splits(splits.groups(tmp_path))
    ways = [half for half in splits.halves(8) if set(half) in ({0, 1, 2, 3}, {4, 5, 6, 7})]
    assert len(ways) == 1
    assert sum(each.false[0] for each in found.shares) >= 1


def test_a_store_without_enough_seeds_is_said_to_have_none(tmp_path):
    kept(tmp_path, "few", 3)
    found = splits.splits(splits.groups(tmp_path))
    assert not found.shares
    assert selftest.splits_say(found).startswith("no 6 runs that differ in nothing but the seed")
    assert list(selftest._halves(found)) == []


@pytest.mark.parametrize(("seeds", "number"), [(6, 10), (7, 35), (9, 126), (11, 200)])
def test_runs_are_parted_in_every_way_once(seeds, number):
    made = splits.halves(seeds)
    ways = {frozenset((frozenset(half), frozenset(range(seeds)) - frozenset(half))) for half in made}
    assert len(ways) == number == len(made)


def test_the_share_of_one_group_strays_further_than_independent_tests_would_and_less_than_one():
    spread = splits.spread_of_a_group(6)
    assert np.sqrt(0.05 * 0.95 / 20) / 3 < spread < np.sqrt(0.05 * 0.95)


# ---------------------------------------------------------------- the whole


@pytest.fixture(scope="module")
def small() -> selftest.Calibration:
    """A self-test of a few cells, as the verb puts one together."""
    with pytest.MonkeyPatch.context() as patch:
        few = [case("no effect"), case("one split into folds"), case("ratio, runs alike", ratio=None)]
        patch.setattr(selftest, "cases", lambda quick: few)
        patch.setattr(selftest, "QUICK_WORLDS", 100)
        patch.setattr(selftest.looks, "WORLDS", 1_000)
        return selftest.calibrate(quick=True, workers=1)


def test_the_json_of_a_self_test_holds_every_cell_and_check(small):
    found = json.loads(json.dumps(selftest.as_json(small)))
    assert set(found) == {"version", "seed", "worlds", "quick", "limits", "cells", "checks", "looks", "alternatives", "splits",
                          "passed"}
    assert [each["scenario"] for each in found["cells"]] == ["no effect", "one split into folds", "ratio, runs alike"]
    assert {"runs", "articles", "ratio", "coverage", "coverage_se", "false_verified", "false_refuted", "power", "worlds",
            "passed"} <= set(found["cells"][0])
    assert found["cells"][2]["ratio"] is None
    assert [each["name"] for each in found["checks"]][-1].startswith("looks at 3, 5, 8 runs")
    assert found["passed"] == all(each["passed"] for each in (*found["cells"], *found["checks"]))


def test_a_self_test_fails_with_any_cell_or_check(small):
    passed = replace(small, cells=tuple(each for each in small.cells if each.passed),
                     checks=tuple(each for each in small.checks if each.passed))
    assert passed.passed
    assert passed.cells
    bad = replace(passed.checks[0], passed=False)
    assert not replace(passed, checks=(*passed.checks, bad)).passed
    beyond = replace(passed.cells[0], figures=replace(passed.cells[0].figures, covered=0))
    assert not replace(passed, cells=(beyond,)).passed


def test_the_page_tells_all_scenarios_and_names_what_failed(small):
    failing = replace(small.cells[0], figures=replace(small.cells[0].figures, covered=0))
    text = page(replace(small, cells=(failing,)))
    assert "**not passed" in text
    assert "no effect: 3 runs, 48 articles, V_S/V_C 1" in text
    assert all(each.name in text for each in small.checks)


def test_the_page_in_the_documents_is_of_this_version_and_seed(root):
    text = (root / "docs" / "calibration.md").read_text(encoding="utf-8")
    head = text.partition("## What is asked")[0]
    head = head.replace("\n", " ")
    assert f"claimcheck {selftest.__version__} gave with seed {selftest.SEED} and {selftest.WORLDS:,} simulated worlds" in head
    assert all(f"### {each.name[0].upper()}{each.name[1:]}\n" in text for each in SCENARIOS)
    assert f"{len(list(cases(quick=False)))} cells" in head


def test_the_verb_refuses_a_store_without_results(claimcheck, tmp_path):
    (tmp_path / "empty").mkdir()
    done = claimcheck("selftest", "--quick", "--store", "empty")
    assert done.returncode == 2
    assert "no result stands there" in done.stderr


def test_the_text_of_a_self_test_fits_a_terminal_and_ends_with_the_verdict(small):
    from claimcheck.cli.calibrating import _text

    lines = list(_text(small))
    assert max(map(len, lines)) <= 104
    assert any(line.startswith(("passed: 3 cells", "not passed")) for line in lines[-4:])
    failing = replace(small.cells[2], figures=replace(small.cells[2].figures, covered=0))
    worst = next(line for line in _text(replace(small, cells=(*small.cells[:2], failing))) if line.startswith(" !"))
    assert "ratio, runs alike" in worst
