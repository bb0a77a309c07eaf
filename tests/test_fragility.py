"""Fragility: worlds made by hand in which one choice of analysis turns the word, and worlds in which none does."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from claimcheck import plan as planning
from claimcheck.appraisal.contrasts import contrast
from claimcheck.appraisal.family import Family, family
from claimcheck.appraisal.fragility import Fragility, fragility, sentence
from claimcheck.appraisal.library import read_library
from claimcheck.appraisal.measured import Measured, Result, Way, read
from claimcheck.appraisal.rerun import findings
from claimcheck.appraisal.runs import Runs, rerun_verdict
from claimcheck.appraisal.stages import Stage
from claimcheck.appraisal.works import works
from claimcheck.claim import Atom, Claim, Kind, Necessary, Scope
from claimcheck.design import Arm, Backbone, Data, Design, Route, Split, Training
from claimcheck.measurement.measures import parse, values
from claimcheck.measurement.places import LABELS, NUMBERS, Places, arrange
from claimcheck.measurement.store import Store
from claimcheck.measurement.ties import Ties, any_tied, placed
from claimcheck.plan import Plan
from claimcheck.prediction import RerunPrediction, Setting
from claimcheck.prediction.rerun import Difference, LanguagesAhead, Reduction
from claimcheck.reproduction import ALPHA, Look
from claimcheck.run import Condition, Run
from claimcheck.stats.cells import Cell
from claimcheck.stats.medians import median_log_ratio
from claimcheck.tier import Tier
from claimcheck.verdict import Stand, TierWord

LANGUAGES = ("de", "en", "th")
ROUTE = Route(train="toy", evaluate="toy", split=Split(evaluate=2, seed=0))
POOL = 1000
World = Callable[[str, int, str, int], tuple[int, int, int]]
"""Arm, run, language and question -> the place of the only answer in the language, how many are tied with it, and how far
from it the answer in the next language stands in the pool of all languages."""


def places(world: World, arm: str, run: int, sizes: Sequence[int]) -> Places:
    made = []
    for language, questions in zip(LANGUAGES, sizes, strict=True):
        for question in range(questions):
            place, tied, apart = world(arm, run, language, question)
            shared = {"route": "toy", "fold": 0, "question": f"q{question}", "cluster": f"a{question % 3}", "tied": tied,
                      "query_language": language, "pool_in_language": POOL, "pool": 3 * POOL, "own_language_top": 1}
            other = LANGUAGES[(LANGUAGES.index(language) + 1) % 3]
            made += [{**shared, "candidate_language": language, "place": place, "place_in_language": place,
                      "tied_in_language": tied},
                     {**shared, "candidate_language": other, "place": place + apart, "place_in_language": 1,
                      "tied_in_language": 0, "tied": 0}]
    return arrange({name: [row[name] for row in made] for name in (*LABELS, *NUMBERS)})


def measured(world: World, runs: int = 3, sizes: Sequence[int] = (6, 6, 6)) -> Measured:
    design = Design(backbones={"n": Backbone(encoder="hashed n-grams")}, training=Training(), measures=("AP",), seeds=runs,
                    arms={"new": Arm(sampling="hybrid", alpha=0.5), "old": Arm(sampling="monolingual")},
                    data=Data(train=("toy",), evaluate=("toy",), languages=LANGUAGES, routes=(ROUTE,)))
    condition = Condition(reproduction="toy", backbone="n", arm="", model=design.backbones["n"], filling=design.arms["old"],
                          data=design.data, training=design.training)
    made = tuple(Run(condition=replace(condition, arm=arm), seed=seed) for arm in design.arms for seed in range(runs))
    plan = Plan(reproduction="toy", profile="p", says="", tier=Tier.REDUCED, design=design, predictions={}, runs=made,
                looks=(Look(runs=runs, alpha=ALPHA),))
    return Measured(plan=plan, results={("n", arm): tuple(Result(
        key=f"{arm}{run}", seed=run, places=places(world, arm, run, sizes), record={}) for run in range(runs))
        for arm in design.arms})


def ahead(setting: Setting = Setting.MONOLINGUAL) -> RerunPrediction:
    return RerunPrediction(difference=Difference(arm="new", against=("old",), measure="AP", settings=(setting,),
                                                 datasets=("toy",), margin=0.01))


def reduces(measure: str = "RankDistance") -> RerunPrediction:
    return RerunPrediction(reduction=Reduction(arm="new", against="old", measure=measure, settings=(Setting.MULTILINGUAL,),
                                               datasets=("toy",), at_least=0, margin=0.05))


def counted(at_least: Any, setting: Setting = Setting.MONOLINGUAL) -> RerunPrediction:
    return RerunPrediction(languages_ahead=LanguagesAhead(
        arm="new", against="old", measure="AP", settings=(setting,), datasets=("toy",), at_least=at_least, margin=0.01))


def claimed(*predictions: RerunPrediction, scope: Scope = Scope.BENCHMARK, **more: Any) -> Claim:
    return Claim(spec_version=1, id="it", statement="It is better.", kind=Kind.SUPERLATIVE, scope=scope, paper="p", where="w",
                 atoms=(Atom(id="a", says="it is", rerun=predictions),), **more)


def of(world: World, *predictions: RerunPrediction, runs: int = 3, sizes: Sequence[int] = (6, 6, 6), **more: Any) -> Fragility:
    claim, given = claimed(*predictions, **more), measured(world, runs, sizes)
    found = fragility(claim, family([claim], given).tested["it"], given)
    assert found is not None
    return found


def flips(found: Fragility) -> dict[str, Stand]:
    return {each.choice: each.stand for each in found.flips}


def carried_by_thai(arm: str, run: int, language: str, question: int) -> tuple[int, int, int]:
    return (1 if arm == "new" else 4 + run if language == "th" else 1), 0, 10


def ahead_everywhere(arm: str, run: int, language: str, question: int) -> tuple[int, int, int]:
    return (1 if arm == "new" else 2 + (run + question) % 2), 0, (10 if arm == "new" else 20 + run)


def test_a_lead_that_one_language_carries_is_fragile():
    found = of(carried_by_thai, ahead())
    assert (found.main, found.variants, found.same) == (Stand.FOR, 4, 3)
    assert flips(found) == {"without th": Stand.NEGLIGIBLE}  # no run differs elsewhere
    assert dict(found.stands) == {Stand.FOR: 3, Stand.NEGLIGIBLE: 1}
    assert sentence(found, Tier.REDUCED) == (
        "proxy supports in 3 of 4 ways to analyse the same places; flips without th (negligible)")
    assert [(each.name, each.choices) for each in found.dimensions] == [("language left out", ("none", *LANGUAGES))]
    assert found.left_out == (
        "no place is tied", "all cells that are averaged are equally large, so the means by language and by question are one",
        "3 runs: none can be left out, since fewer than 3 decide nothing")


def test_a_lead_that_is_everywhere_is_robust_to_every_choice():
    found = of(ahead_everywhere, ahead(), reduces(), runs=4, sizes=(6, 9, 3))
    assert found.variants == 2 * 4 * 5 * 3  # means, languages, runs, ratios
    assert found.same == found.variants
    assert found.stands == ((Stand.FOR, 120),)
    assert not found.flips
    assert not found.only_combined
    assert sentence(found, Tier.REDUCED) == "proxy supports in 120 of 120 ways to analyse the same places"
    assert found.left_out == ("no place is tied",)


def test_a_lead_that_rests_on_the_order_of_ties_is_fragile():
    def world(arm: str, run: int, language: str, question: int) -> tuple[int, int, int]:
        return (2, 3, 10) if arm == "new" else (3, int(run == 0 and question == 0), 10)

    found = of(world, ahead())
    assert found.dimensions[0].choices == ("by id", "unfavourable", "favourable")
    assert (found.variants, found.same) == (12, 8)
    assert flips(found) == {"with ties unfavourable": Stand.AGAINST}  # 1/5 against 1/3, where it was 1/2


def test_a_mean_that_a_small_cell_turns_is_fragile():
    def world(arm: str, run: int, language: str, question: int) -> tuple[int, int, int]:
        leads = (arm == "new") == (language == "th")
        return (1 if leads else 10 + run if language == "th" else 2), 0, 10

    # by language (2 x -1/2 + .9) / 3 < 0 < by question with 12 questions in Thai and one in each other language
    found = of(world, ahead(), sizes=(1, 1, 12))
    assert found.main is Stand.AGAINST
    assert flips(found)["with means by question"] is Stand.FOR
    assert "without th" not in flips(found)


def test_a_run_that_hides_a_lead_is_found():
    def world(arm: str, run: int, language: str, question: int) -> tuple[int, int, int]:
        return (1 if (arm == "new") == (run < 3) else 2), 0, 10

    found = of(world, ahead(), runs=4)
    assert found.main is Stand.OPEN  # .5, .5, .5, -.5
    assert flips(found) == {"without seed 3": Stand.FOR}
    assert "run left out" in [each.name for each in found.dimensions]


def test_a_reduction_that_a_few_queries_make_is_fragile():
    def world(arm: str, run: int, language: str, question: int) -> tuple[int, int, int]:
        return 1, 0, (1000 + run if arm == "old" and question == 0 else 10)

    found = of(world, reduces())
    assert found.main is Stand.FOR
    assert flips(found) == {"with ratios of medians": Stand.NEGLIGIBLE}
    assert found.dimensions[-1].choices == ("means", "geometric means", "medians")


def test_two_choices_that_turn_a_word_together_are_told_apart_from_one_that_does():
    def world(arm: str, run: int, language: str, question: int) -> tuple[int, int, int]:
        if arm == "new":
            return (2, 3, 10) if language == "de" else (1, 0, 10)
        return {"de": (3, 0, 10), "en": (1, 0, 10), "th": (2 + run, 0, 10)}[language]

    found = of(world, ahead())
    assert found.main is Stand.FOR
    assert not found.flips
    assert found.only_combined
    assert (found.variants, found.same) == (12, 11)  # without Thai and with ties unfavourable
    assert sentence(found, Tier.REDUCED) == (
        "proxy supports in 11 of 12 ways to analyse the same places; flips only where choices meet, none alone does it")


def test_a_language_is_left_out_only_where_enough_is_left():
    assert flips(of(carried_by_thai, counted("all"))) == {}
    few = of(ahead_everywhere, counted(3))
    assert few.variants == 1
    assert few.left_out[2:5] == tuple(f"without {each} too little is left to compare" for each in LANGUAGES)
    assert sentence(few, Tier.REDUCED).startswith("no other way to analyse these places: no place is tied; ")
    assert of(ahead_everywhere, counted(2)).variants == 4
    # each query language has the candidates of one other language here: without that one nothing of it is left to count
    assert of(ahead_everywhere, counted("all", Setting.CROSS_LINGUAL)).variants == 1
    across = of(ahead_everywhere, ahead(Setting.CROSS_LINGUAL))
    assert across.variants == 4


def test_between_languages_a_language_is_left_out_in_both_roles():
    given = measured(ahead_everywhere)
    wanted = ("AP", Setting.CROSS_LINGUAL.value, "toy")
    pairs = {way: [(each.query_language, each.candidate_language)
                   for each in given.analysed(Way(without_language=way)).of("n", "new", wanted)] for way in ("", "th")}
    assert pairs == {"": [("de", "en"), ("en", "th"), ("th", "de")], "th": [("de", "en")]}


def test_what_is_not_varied_is_said():
    beyond = of(ahead_everywhere, reduces(), scope=Scope.BEYOND)
    assert "medians are not told of further articles, which the claim is about" in beyond.left_out
    assert beyond.dimensions[-1].choices == ("means", "geometric means")

    def zero(arm: str, run: int, language: str, question: int) -> tuple[int, int, int]:
        return (5 if arm == "new" and question < 4 else 1), 0, 10

    shares = of(zero, reduces("R@1"))  # where most have 0, the median is 0, and single values have no logarithm
    assert [text for text in shares.left_out if "values of 0" in text] == [
        "there are values of 0, so there is no ratio of geometric means",
        "there are values of 0, so there is no ratio of medians"]
    top = of(lambda arm, *_: (1, 2, 10), reduces("SameLanguage@10"))
    assert any("so what SameLanguage@10 is with ties in another order, is not stored" in text for text in top.left_out)


def test_what_is_no_test_of_a_claim_has_no_fragility():
    given = measured(ahead_everywhere)
    other = claimed(ahead(), necessary=Necessary(backbones=("xlm-r",)))
    assert fragility(other, family([other], given).tested["it"], given) is None
    elsewhere = claimed(replace(ahead(), difference=replace(ahead().check, datasets=("other",))))
    assert fragility(elsewhere, family([elsewhere], given).tested["it"], given) is None


def test_names_and_the_order_of_rows_change_nothing():
    def renamed(table: Places) -> Places:
        order = np.random.default_rng(7).permutation(len(table))
        columns = {name: getattr(table, name).at(order).strings().tolist() for name in LABELS}
        columns["question"] = [f"x{each[::-1]}" for each in columns["question"]]
        return arrange({**columns, **{name: getattr(table, name)[order] for name in NUMBERS}})

    def world(arm: str, run: int, language: str, question: int) -> tuple[int, int, int]:
        return (2, 3, 10) if arm == "new" else (3 + (run + question) % 2 - (language == "en"), question % 2, 12)

    claim = claimed(ahead(), reduces())
    one = measured(world, 4)
    other = replace(one, cells={}, clusters={}, tied={}, results={
        name: tuple(replace(each, key=f"k{each.key}", places=renamed(each.places)) for each in results)
        for name, results in one.results.items()})
    assert fragility(claim, family([claim], one).tested["it"], one) == fragility(
        claim, family([claim], other).tested["it"], other)


def test_the_median_ratio_by_hand():
    over = [Cell(values=np.array([[1.0, 2, 9], [4, 4, 4]]), clusters=np.array([0, 1, 2])),
            Cell(values=np.array([[6.0], [4]]), clusters=np.array([0]))]
    under = [replace(each, values=np.full_like(each.values, 2.0)) for each in over]
    found = median_log_ratio(over, under, [3, 1])
    assert found is not None
    assert found.per_run == pytest.approx(np.log([(3 * 2 + 6) / 8, 2]))
    assert found.estimate == pytest.approx(np.log([1.5, 2]).mean())
    assert found.v_runs == pytest.approx(np.log([1.5, 2]).var(ddof=1) / 2)
    assert (found.df_runs, found.v_total) == (1, np.inf)
    assert median_log_ratio(over, [replace(each, values=np.zeros_like(each.values)) for each in over]) is None


@pytest.fixture(scope="module")
def example(root: Path) -> tuple[list[Claim], Measured, Family]:
    """The runs that stand beside the published report."""
    library = read_library(root / "claims")
    claims = [document.value for document in library.claims if document.value.reproduction == "hybrid-batches"]
    plan = planning.make(claims, library.reproductions["hybrid-batches"].value, "quick")
    asked = works(plan, (), look=False)
    assert isinstance(asked, tuple)
    stored = {record.parent.name for record in (root / "reports" / "hybrid-batches" / "store").glob("*/run.json")}
    if not {work.key for work in asked} <= stored:
        pytest.fail("the runs beside the published report were made from other sources: make them again")
    given = read(plan, asked, Store(path=root / "reports" / "hybrid-batches" / "store"))
    return claims, given, family(claims, given)


def with_a_tie(places: Places) -> Places:
    """The same, with the first relevant candidate that is not last tied with another one."""
    columns = {name: getattr(places, name) for name in (*LABELS, *NUMBERS)}
    columns["tied"] = places.tied.copy()
    columns["tied"][np.flatnonzero(places.place < places.pool)[0]] = 1
    return arrange(columns)


def test_the_main_way_is_the_way_that_decides(example):
    claims, given, tested = example
    for claim in claims:
        for _, prediction, found in getattr(tested.tested.get(claim.id), "contrasts", ()):
            again = contrast(prediction, given.analysed(Way()), tested.tested[claim.id].conditions.routes)
            assert again is not None
            assert [(raw.effect.estimate, raw.effect.v_runs, raw.effect.v_total) for raw in again.raws] == [
                (raw.effect.estimate, raw.effect.v_runs, raw.effect.v_total) for raw in found.raws]
    # and values under another order of ties differ nowhere but where there are ties; one is put in: whether scores of different
    # texts are equal to the last bit is a matter of the processor
    given = replace(given, cells={}, tied={}, results={name: tuple(replace(each, places=with_a_tie(each.places))
                                                                   for each in results)
                                                       for name, results in given.results.items()})
    wanted = ("AP", Setting.MULTILINGUAL.value, "xquad-r")
    before, after = given.of("n-grams", "hybrid", wanted), given.analysed(Way(ties=Ties.UNFAVOURABLE)).of(
        "n-grams", "hybrid", wanted)
    moved = sum(int((a.cell.values != b.cell.values).sum()) for a, b in zip(before, after, strict=True))
    results = given.results["n-grams", "hybrid"]
    assert 0 < moved <= sum(int((result.places.tied > 0).sum()) for result in results)
    for run, result in enumerate(results):  # the very values that the whole table gives, not only the rows with ties
        whole = values(placed(result.places, parse("AP"), Ties.UNFAVOURABLE), parse("AP"), Setting.MULTILINGUAL, "xquad-r")
        assert all(np.array_equal(cell.values, each.cell.values[run]) for cell, each in zip(whole, after, strict=True))


def test_beside_a_verdict_stands_what_its_arms_did_not_see_alike():
    given, claim = measured(ahead_everywhere), claimed(ahead())
    share = {"new": {"small": 3, "large": 9}, "old": {"small": 6, "large": 6}}
    given = replace(given, results={key: tuple(replace(each, record={"legs": [{"cpu_seconds": 1.0, "batches": {
        "data_sets": share[key[1]], "in_one_language": ["small"]}}]}) for each in runs) for key, runs in given.results.items()})
    stage = Stage(look=given.plan.looks[-1], measured=given, family=family([claim], given), decided=frozenset())
    found = rerun_verdict(claim, Tier.REDUCED, Runs(stages=(stage,)))
    assert ("arms see different data: small is in one language alone, which no cross-lingual batch can hold; of the batches of "
            "new 25.0 %, old 50.0 % came from there") in found.says


def test_fragility_is_of_the_word_that_stands_and_changes_nothing(example):
    claims, given, tested = example
    runs = Runs(stages=(Stage(look=given.plan.looks[-1], measured=given, family=tested, decided=frozenset()),))
    judged = {}
    for claim in claims:
        if claim.id not in tested.tested:
            continue
        before = findings(claim, tested.tested[claim.id], given)
        found = fragility(claim, tested.tested[claim.id], given)
        assert findings(claim, tested.tested[claim.id], given) == before
        word = rerun_verdict(claim, given.plan.tier, runs).word
        assert (found is None) == (word in (TierWord.NOT_A_TEST, TierWord.NOT_RUN))
        if found is not None:
            judged[claim.id] = found
            assert sentence(found, given.plan.tier).startswith(f"{word} in {found.same} of {found.variants} ")
            assert sum(number for _, number in found.stands) == found.variants
    own = [result.places for arm in ("hybrid", "monolingual") for result in given.results["n-grams", arm]]
    tied = any(any_tied(places, Setting.MULTILINGUAL, "xquad-r") for places in own)
    assert {name: found.variants for name, found in judged.items()} == {
        "hybrid-batches-08": 18, "hybrid-batches-10": 18 * (3 if tied else 1)}  # three orders of ties, where there are any
