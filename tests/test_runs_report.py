"""What runs gave, as the report shows it: what is printed is what was judged, and a self-test is never mistaken for evidence.

Every value is made up by hand; nothing is trained.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from claimcheck import verdict
from claimcheck.appraisal.appraise import Appraisal, Evidence, appraise
from claimcheck.appraisal.data import Opened
from claimcheck.appraisal.library import Library, read_library
from claimcheck.appraisal.planted import Planted
from claimcheck.appraisal.rerun import RerunFinding
from claimcheck.appraisal.summary import ArmRow, ArmsTable, DoseSeries, Experiment, LanguageMap, Mean, RunRecord
from claimcheck.appraisal.tier_verdict import TierVerdict
from claimcheck.claim import Claim, Scope
from claimcheck.finding import Asked, Bounds, Comparison, Comparisons, Value
from claimcheck.prediction import RerunPrediction
from claimcheck.report import html, json_export, latex
from claimcheck.report.compose import view
from claimcheck.report.forest import LEFT, RIGHT, forest
from claimcheck.report.json_runs import rerun as as_json
from claimcheck.report.language_maps import language_map
from claimcheck.report.map_views import maps
from claimcheck.report.reruns import rerun
from claimcheck.report.svg import mark
from claimcheck.report.view import ReportView
from claimcheck.tier import Tier
from claimcheck.verdict import Stand, TierWord

LANGUAGES = ("de", "en", "es", "hi", "ru")
UNSEEN = "XQuAD-R is not on this machine: nothing was trained, and no number below comes from a run."
SAYS = ("conditional on one split of the articles", "trained and evaluated on one data set, on disjoint articles of it")
ARMS = ("monolingual", "crosslingual", "hybrid", "crosslingual-half", "hybrid-25", "hybrid-75")
HOSTILE = """<script>document.title='owned'</script> "><img src=x onerror=alert(1)> \\input{x} $x_1$ 100 % #1 & ^^M ]]>"""


def bounds(low: str, high: str, levels: tuple[float, float] = (0.025, 0.025)) -> Bounds:
    return Bounds(low=Decimal(low), high=Decimal(high), low_level=levels[0], high_level=levels[1])


def key(arm: str, seed: int) -> str:
    """Like a run's key in the store: 64 hexadecimal digits, different for each run."""
    return f"{sum(map(ord, arm)) * 7919 + seed:08x}" * 8


def comparison(rival: str, numbers: str, *, percent: bool = False, needed: int | None = 4, **about: str) -> Comparison:
    """Of `arm mean, rival mean, estimate, then low and high of the deciding, the benchmark and the beyond interval`."""
    given = numbers.split()
    decimals = 1 if percent else len(given[2].partition(".")[2])
    means = zip(("hybrid", rival), map(Decimal, given[:2]), strict=True)
    return Comparison(
        about=(("backbone", "n-grams"), *about.items(), ("against", rival)),
        values=tuple(Value(name=name, value=mean, decimals=decimals) for name, mean in means),
        estimate=Decimal(given[2]), deciding=bounds(given[3], given[4], (0.05, 0.05 / 6)), benchmark=bounds(given[5], given[6]),
        beyond=bounds(given[7], given[8]), decimals=decimals, percent=percent, runs=3, questions=1315, clusters=12,
        detectable=Decimal("6.1" if percent else "0.0061"), runs_needed=needed,
        sources=tuple(key(arm, seed) for arm in ("hybrid", rival) for seed in range(3)))


WHERE = {"data": "xquad-r", "setting": "multilingual"}
AHEAD = comparison("monolingual", "0.1889 0.1677 0.0212 0.0160 0.0271 0.0151 0.0273 0.0139 0.0285", **WHERE)
BEHIND = comparison("crosslingual", "0.1889 0.1936 -0.0047 -0.0089 -0.0004 -0.0092 -0.0002 -0.0104 0.0010", **WHERE)
SMALL = comparison("crosslingual", "0.5120 0.5109 0.0011 -0.0019 0.0041 -0.0022 0.0044 -0.0031 0.0053", needed=None, **WHERE)
WIDE = comparison("monolingual", "0.5120 0.5039 0.0081 -0.0032 0.0194 -0.0040 0.0202 -0.0061 0.0223", needed=9, **WHERE)
BIAS = comparison("monolingual", "850.1 1066.3 20.3 17.9 22.7 17.5 23.0 15.8 24.6", percent=True, **WHERE)
EDGE = comparison("monolingual", "850.1 1066.3 20.3 -Infinity 22.7 -Infinity Infinity 15.8 24.6", percent=True, **WHERE)


def finding(claim: Claim, prediction: RerunPrediction, comparisons: Sequence[Comparison], asked: Asked,
            also: Sequence[Asked] = (), **more: object) -> RerunFinding:
    atom = next(atom for atom in claim.atoms if prediction in atom.rerun)
    found = Comparisons(asks=prediction.says or "hybrid is ahead", asked=asked, comparisons=tuple(comparisons), **more)  # type: ignore[arg-type]
    stand = verdict.of_comparisons(found)
    return RerunFinding(atom=atom, prediction=prediction, found=found, stand=stand,
                        also=tuple((each, verdict.of_comparisons(replace(found, asked=each))) for each in also))


POINTS = Asked(margin=Decimal("0.005"))
MARGINS = tuple(Asked(margin=Decimal(text)) for text in ("0", "0.0025", "0.01"))


def superlative(claim: Claim) -> TierVerdict:
    """One row for and one against, one negligible and one open, and an average that holds."""
    predictions = claim.atoms[0].rerun
    left = {"not_covered": ("mlqa-r is not evaluated here",)}
    own = (finding(claim, predictions[0], (AHEAD, BEHIND), POINTS, MARGINS, **left),
           finding(claim, predictions[1], (WIDE, SMALL), POINTS, MARGINS, **left),
           finding(claim, predictions[2], (AHEAD,), POINTS, MARGINS, **left))
    return TierVerdict(tier=Tier.REDUCED, word=TierWord.PROXY_CONTRADICTS, reruns=own,
                       says=(*SAYS, "mlqa-r is not evaluated here"),
                       why="contradicted (against it: AP, each data set and model: against crosslingual)",
                       parts=tuple((atom, Stand.AGAINST) for atom in claim.atoms))


def conjunction(claim: Claim) -> TierVerdict:
    rows = [comparison(each.about[-1][1], "0.1889 0.1677 0.0212 0.0160 0.0271 0.0151 0.0273 0.0139 0.0285",
                       data="xquad-r", setting=setting)
            for setting in ("monolingual", "cross-lingual", "multilingual") for each in (AHEAD, BEHIND)]
    own = tuple(finding(claim, prediction, rows, POINTS, MARGINS) for prediction in claim.atoms[0].rerun[:1])
    return TierVerdict(tier=Tier.REDUCED, word=TierWord.NOT_A_TEST, reruns=own, says=SAYS,
                       why="the claim names xlm-r and labse, and what was run here is n-grams",
                       remedy="a run that meets the condition; what was found stands below, apart from every verdict")


def reduction(claim: Claim) -> TierVerdict:
    first, second = (atom for atom in claim.atoms if atom.rerun)
    sizes = tuple(Asked(at_least=Decimal(text), margin=Decimal(5)) for text in ("0", "5", "20"))
    own = (finding(claim, first.rerun[0], (BIAS,), Asked(margin=Decimal(5))),
           finding(claim, second.rerun[0], (BIAS,), Asked(at_least=Decimal(10), margin=Decimal(5)), sizes))
    return TierVerdict(tier=Tier.REDUCED, word=TierWord.PROXY_SUPPORTS, reruns=own, why="holds",
                       says=(*SAYS, "exploratory: changed after runs"),
                       parts=((first, Stand.FOR), (second, Stand.FOR)))


def languages(claim: Claim) -> TierVerdict:
    atom = next(atom for atom in claim.atoms if atom.rerun)
    numbers = "0.3{0}00 0.3000 0.0{0}00 {1}0.0040 0.0{0}80 {1}0.0050 0.0{0}81 {1}0.0060 0.0{0}90"
    rows = [comparison("monolingual", numbers.format(step, "-" if step < 2 else ""), language=language)
            for step, language in enumerate(LANGUAGES, start=1)]
    own = (finding(claim, atom.rerun[0], rows, POINTS),)
    return TierVerdict(tier=Tier.REDUCED, word=TierWord.INCONCLUSIVE, reruns=own, says=SAYS, why="not decided (open: in de)",
                       remedy="about 9 runs an arm instead of 3 would find an effect of 0.005 points in 4 of 5 cases; "
                              "the further ones cost about 3 minutes of CPU here. Set `seeds` in the profile")


REDUCED = {"08": superlative, "09": conjunction, "10": reduction, "11": languages}


def mean(value: float, deviation: float | None = 0.0012) -> Mean:
    return Mean(mean=value, deviation=deviation)


COLUMNS = (*((setting, measure) for setting in ("monolingual", "cross-lingual") for measure in ("AP", "R@1", "R@10")),
           *(("multilingual", measure) for measure in (
               "AP", "RR", "R@1", "R@10", "RankDistance", "LogRankDistance", "RankDistanceShare", "Max@R", "SameLanguage@10")))
DISTANCE = {"chance": 1066.94, "untrained": 1068.2, "hybrid": 850.1, "crosslingual": 787.3}


def arms_table(backbone: str = "n-grams") -> ArmsTable:
    def row(name: str, level: float) -> ArmRow:
        one = None if name == "chance" else 0.0012
        means = tuple(mean({"monolingual": 0.6, "cross-lingual": 0.1}.get(setting, 0.19) * level, one)
                      if "Distance" not in measure or "Share" in measure
                      else mean(DISTANCE.get(name, 1060.0) if measure == "RankDistance" else 3.4561, one and 4.2)
                      for setting, measure in COLUMNS)
        fed = None if name == "chance" else (0.0, 0.0) if name == "untrained" else (101.3, 98.7)
        note = {"chance": "expected of a random order", "crosslingual-half": "control with as many cross-lingual batches"}
        return ArmRow(name=name, note=note.get(name, ""), batches=fed, means=means)

    levels = {"chance": 0.02, "untrained": 0.98} | {name: 1.0 + 0.02 * place for place, name in enumerate(ARMS)}
    return ArmsTable(backbone=backbone, lexical=backbone != "xlm-r", route="xquad-r", columns=COLUMNS, questions=1315,
                     clusters=12, rows=tuple(row(name, level) for name, level in levels.items()))


def map_of(title: str, *, difference: bool, languages: Sequence[str] = LANGUAGES) -> LanguageMap:
    sign = 0.03 if difference else 0.6
    values = [[(sign if query == pool else sign / 5 - 0.004 * abs(row - column)) * (-1 if difference and row > column else 1)
               for column, pool in enumerate(languages)] for row, query in enumerate(languages)]
    return LanguageMap(backbone="n-grams", route="xquad-r", title=title, difference=difference, languages=tuple(languages),
                       values=tuple(map(tuple, values)))


def experiment(tier: Tier = Tier.REDUCED, languages: Sequence[str] = LANGUAGES) -> Experiment:
    rivals = ("monolingual", "crosslingual")
    points = tuple((share, arm, mean(0.17 + 0.02 * share * (1.6 - share))) for share, arm in (
        (0.0, "crosslingual"), (0.25, "hybrid-25"), (0.5, "hybrid"), (0.75, "hybrid-75"), (1.0, "monolingual")))
    return Experiment(
        reproduction="hybrid-batches", profile="quick", tier=tier, seeds=(0, 1, 2), says=SAYS, tables=(arms_table(),),
        title="five languages, hashed n-grams, disjoint articles of XQuAD-R; minutes on two cores; conditional on one split",
        maps=(*(map_of(arm, difference=False, languages=languages) for arm in ("hybrid", *rivals)),
              *(map_of(f"hybrid − {arm}", difference=True, languages=languages) for arm in rivals)),
        doses=tuple(DoseSeries(backbone="n-grams", route="xquad-r", setting=setting, measure=measure, points=points)
                    for setting, measure in (("monolingual", "AP"), ("cross-lingual", "AP"), ("multilingual", "AP"),
                                             ("multilingual", "RankDistance"))),
        runs=tuple(RunRecord(key=key(arm, seed), backbone="n-grams", arm=arm, seed=seed, batches=(101, 99), cpu_seconds=7.25,
                             peak_memory_bytes=412_345_678, batch_plans=("e" * 64,))
                   for arm in ("untrained", *ARMS) for seed in range(3)),
        made_with=(("commit", "0123456789abcdef, with changes"), ("libraries", "numpy 2.4.6, scipy 1.17.0"),
                   ("machine", "a CPU, 2 cores")),
        left_out=("xquad-r: the article Prime number, which the training data hold too",))


def truth(library: Library, planted: str, word: TierWord, rows: Sequence[Comparison]) -> Planted:
    document = next(each for each in library.claims if each.value.id.endswith("08"))
    claim = replace(document.value, id=f"planted-{planted.replace(' ', '-')}", planted=planted,
                    statement=f"Arm b is better; {planted}.")
    own = finding(claim, claim.atoms[0].rerun[0], rows, POINTS)
    found = {Stand.FOR: "there", Stand.NEGLIGIBLE: "not there"}.get(own.stand, "not decided")
    return Planted(document=replace(document, value=claim), planted=planted, found=found, verdict=TierVerdict(
        tier=Tier.SYNTHETIC, word=word, why="as it stands", reruns=(own,)))


@pytest.fixture(scope="module")
def library(root: Path) -> Library:
    return read_library(root / "claims")


OPENED = Opened(corpora={}, files=(), corrupt=())


def appraisals(library: Library) -> Iterator[Appraisal]:
    for document in library.claims:
        made = appraise(document, Evidence(table=library.table_of(document)), set(Tier))
        given = REDUCED.get(document.value.id[-2:])
        tiers = tuple(given(document.value) if given and each.tier is Tier.REDUCED else each for each in made.tiers)
        yield replace(made, tiers=tiers)


def full(library: Library) -> ReportView:
    """A report with everything in it that runs can give."""
    planted = (truth(library, "there", TierWord.PLANTED_FOUND, (AHEAD,)),
               truth(library, "not there", TierWord.PLANTED_FOUND, (SMALL,)),
               truth(library, "reversed", TierWord.PLANTED_MISSED, (WIDE,)))
    return view(list(appraisals(library)), library, OPENED, planted=planted, unseen=(UNSEEN,),
                experiments=(experiment(), experiment(Tier.SYNTHETIC)))


@pytest.fixture(scope="module")
def report(library: Library) -> ReportView:
    return full(library)


@pytest.fixture(scope="module")
def page(report: ReportView) -> str:
    return html.render(report)


@pytest.fixture(scope="module")
def document(report: ReportView) -> dict:
    return json.loads(json_export.render(report))


def reruns(report: ReportView, claim: str) -> Sequence:
    return next(each for each in report.claims if each.id.endswith(claim)).at("reduced").reruns


def figures(text: str, kind: str) -> list[ElementTree.Element]:
    """The figures of a page, each read as XML: they are well-formed or this fails."""
    return [ElementTree.fromstring(each) for each in re.findall(rf'<svg class="{kind}".*?</svg>', text)]


def lines(figure: ElementTree.Element, kind: str) -> list[tuple[float, float]]:
    return [(float(each.attrib["x1"]), float(each.attrib["x2"])) for each in figure.iter("line") if each.get("class") == kind]


class Tree(HTMLParser):
    """Elements with their attributes; fails where a tag is left open or closed twice."""

    EMPTY = frozenset({"meta", "link", "br", "wbr", "img", "input", "hr"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_printed_bounds_are_the_ones_that_were_judged(report: ReportView, page: str):
    """Each digit of each Decimal, none more and none less: −0.0004 decides, and −0.0005 or 0.000 would not say the same."""
    row = reruns(report, "08")[0].comparisons[1]
    assert row.deciding.printed == "[−0.0089, −0.0004]"
    assert row.benchmark.printed == "[−0.0092, −0.0002]"
    assert row.beyond.printed == "[−0.0104, +0.0010]"
    assert row.estimate.printed == "−0.0047"
    assert (row.deciding.low.value, row.deciding.high.value) == (-0.0089, -0.0004)
    assert "−0.0047 [−0.0089, −0.0004]" in page


def test_a_reduction_is_printed_in_percent(report: ReportView):
    first, second = reruns(report, "10")
    assert first.printed == "reduction 20.3 % [17.9, 22.7]"
    assert second.asked == "asked: a reduction of more than 10 %"
    assert second.also_text == ("a reduction of more than 0 %: supports, relevant; of more than 5 %: supports; "
                                "of more than 20 %: not decided")


def test_stands_are_those_of_the_verdict(report: ReportView):
    own = reruns(report, "08")
    assert [each.word for each in own] == ["contradicts", "lead negligible at margin 0.005", "supports, relevant"]
    assert [row.word for row in own[1].comparisons] == ["not decided", "lead negligible"]
    assert own[1].also_text == "at margin 0: not decided; 0.0025: not decided; 0.01: lead negligible"
    assert own[2].also_text == "at margin 0: supports; 0.0025: supports, relevant; 0.01: supports, relevant"


def test_two_runs_an_arm_decide_nothing(library: Library):
    claim = next(each.value for each in library.claims if each.value.id.endswith("08"))
    made = rerun(finding(claim, claim.atoms[0].rerun[2], (replace(AHEAD, runs=2),), POINTS), claim.scope)
    assert made.comparisons[0].word == made.word == "not decided"
    assert "Fewer than 3 runs an arm decide nothing" in made.text


def test_levels_and_scope_stand_in_the_heading(report: ReportView, library: Library):
    assert reruns(report, "08")[0].decides_heading == "decides (one-sided 5 % and 0.833 %, this benchmark)"
    assert reruns(report, "11")[0].decides_heading == "decides (one-sided 5 % and 0.833 %, fresh articles too)"
    claim = next(each.value for each in library.claims if each.value.id.endswith("08"))
    equal = replace(AHEAD, deciding=bounds("0.0160", "0.0271", (0.05, 0.05)))
    made = rerun(finding(claim, claim.atoms[0].rerun[2], (equal,), POINTS), Scope.BENCHMARK)
    assert made.decides_heading == "decides (90 %, this benchmark)"


def test_the_first_table_names_the_comparisons(report: ReportView):
    tier = next(each for each in report.claims if each.id.endswith("08")).at("reduced")
    # where some comparisons keep a prediction from holding, those are told, with what decides
    assert tier.short[0] == "AP, each data set and model: vs crosslingual −0.0047 [−0.0089, −0.0004]"
    assert tier.short[1].startswith("R@10, each data set and model: vs crosslingual +0.0011 [")
    assert tier.short[2:] == (
                          "AP on average: +0.0212 [+0.0160, +0.0271]", "mlqa-r is not evaluated here")
    assert next(each for each in report.claims if each.id.endswith("11")).at("reduced").short == (
        "against monolingual: supports in 4 of 5, not decided in 1",)


def test_what_holds_of_every_number_of_a_tier_is_said_once(report: ReportView):
    assert report.tier_says == (("reduced", SAYS),)
    tier = next(each for each in report.claims if each.id.endswith("10")).at("reduced")
    assert tier.short[-1] == "exploratory: changed after runs"
    assert tier.short[0] == "exploratory"
    assert not set(SAYS) & set(tier.short)
    assert set(SAYS) < set(tier.says)


def test_a_run_that_is_no_test_shows_its_numbers_apart(report: ReportView, page: str):
    claim = next(each for each in report.claims if each.id.endswith("09"))
    tier = claim.at("reduced")
    assert tier.short == ("the claim names xlm-r and labse, and what was run here is n-grams",)
    assert all(each.apart for each in tier.reruns)
    assert page.count('<div class="finding apart">') == len(tier.reruns) == 1


def test_forest_marks_stand_where_the_decimals_are(report: ReportView):
    """Zero and the margin give the scale; every other line is then read off the figure and found to be its bound."""
    for each in (*reruns(report, "08"), *reruns(report, "10"), *reruns(report, "11")):
        figure = ElementTree.fromstring(forest(each, "f"))
        (zero, _), = lines(figure, "zero")
        pixels = (lines(figure, "asked")[-1][0] - zero) / (each.at_least.value or each.margin.value)

        def at(x: float, zero: float = zero, pixels: float = pixels) -> object:
            return pytest.approx((x - zero) / pixels, rel=1e-3, abs=0.05 / pixels)

        for kind in ("deciding", "benchmark", "beyond"):
            for (x1, x2), row in zip(lines(figure, kind), each.comparisons, strict=True):
                bound = getattr(row, kind)
                assert (bound.low.value, bound.high.value) == (at(x1), at(x2))
        circles = [float(one.attrib["cx"]) for one in figure.iter("circle") if one.get("class") == "mark"]
        assert [row.estimate.value for row in each.comparisons if row.stand == "for"] == [at(x) for x in circles]


def test_each_stand_has_a_mark_of_its_own_shape(report: ReportView):
    shapes = {re.sub(r"[\d.-]+", "", mark(stand, 10, 10, 4)) for stand in ("for", "against", "negligible", "open")}
    assert len(shapes) == 4


def test_an_infinite_bound_runs_to_the_edge_and_is_printed_as_such(library: Library):
    claim = next(each.value for each in library.claims if each.value.id.endswith("10"))
    made = rerun(finding(claim, claim.atoms[0].rerun[0], (EDGE,), Asked(margin=Decimal(5))), claim.scope)
    assert made.printed == "reduction 20.3 % [−∞, 22.7]"
    figure = ElementTree.fromstring(forest(made, "f"))
    assert lines(figure, "deciding")[0][0] == LEFT
    assert lines(figure, "benchmark") == [(LEFT, RIGHT)]
    assert len([each for each in figure.iter("path") if each.get("class") == "arrow"]) == 3
    assert as_json(made)["comparisons"][0]["benchmark"]["high"] == {"printed": "∞", "value": None}
    assert latex.escape("−∞") == r"$-$$\infty$"


@pytest.mark.parametrize("count", [5, 11])
def test_a_map_has_every_cell_and_its_exact_value(count: int):
    names = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")[:count]
    given = map_of("hybrid − monolingual", difference=True, languages=names)
    made, = maps([given])
    figure = ElementTree.fromstring(language_map(made, "m"))
    cells = list(figure.iter("g"))
    assert len(cells) == count * count
    titles = [each.find("title").text for each in cells]
    for line, query in enumerate(names):
        for column, pool in enumerate(names):
            value = given.values[line][column]
            sign = "+" if value > 0 else "−"
            assert titles[line * count + column] == f"queries {query}, candidates {pool}: {sign}{abs(value):.6f}"
            assert cells[line * count + column].find("text").text[0] == sign
            assert cells[line * count + column].attrib["class"] == ("above" if value > 0 else "below")


def test_a_map_without_a_cell_says_so():
    made, = maps([LanguageMap(backbone="b", route="r", title="a", difference=False, languages=("de", "en"),
                              values=((0.5, None), (float("nan"), 0.25)))])
    assert [[cell.text for cell in row] for row in made.rows] == [["0.500", "–"], ["–", "0.250"]]
    assert [[cell.shade for cell in row] for row in made.rows] == [[1.0, None], [None, 0.5]]


def test_a_dose_series_shows_each_arm_at_its_share(page: str):
    drawn = figures(page, "dose")
    assert len(drawn) == 8  # four series, of the experiment and of the self-test
    places = [float(each.attrib["cx"]) for each in drawn[0].iter("circle")]
    steps = [after - before for before, after in pairwise(places)]
    assert steps == pytest.approx([steps[0]] * 4, abs=0.02)  # shares 0, 0.25, ... 1 are equally far apart
    assert len([each for each in drawn[0].iter("path") if each.get("class") == "spread"]) == 5


def test_what_was_not_seen_stands_first(page: str, report: ReportView, document: dict):
    assert page.index(UNSEEN) < page.index('id="_verdicts"') < page.index('class="verdicts"')
    assert re.search(r'<div class="unseen" role="note"', page)
    paper = latex.render(report)
    assert paper.index("XQuAD-R is not on this machine") < paper.index(r"\section{Verdicts}")
    assert document["unseen"] == [UNSEEN]
    assert list(document).index("unseen") < list(document).index("claims")


def test_the_self_test_looks_apart_and_counts_for_nothing(library: Library, report: ReportView, page: str, document: dict):
    alone = view(list(appraisals(library)), library, OPENED)
    assert report.tally == alone.tally
    assert report.sentences == alone.sentences
    section = page[page.index('<section class="self-test"'):]
    section = section[:section.index("</section>")]
    assert "Self-test, no evidence about the paper" in section
    assert "2 of 3 planted truths found; missed: planted-reversed." in section
    assert section.count('class="forest"') == 3
    assert "table class=\"cells arms\"" in section
    assert page.count('id="_runs"') == 1
    assert len(document["experiments"]) == 1
    assert document["planted"]["found"] == 2
    words = [each["verdict"] for each in document["planted"]["truths"]]
    assert words == ["planted truth found", "planted truth found", "missed"]
    assert [each["tier"] for each in document["planted"]["experiments"]] == ["synthetic"]
    assert not any("planted" in claim["id"] for claim in document["claims"])


def test_no_runs_no_section(library: Library):
    made = view(list(appraisals(library)), library, OPENED)
    text = html.render(made)
    assert 'class="self-test"' not in text
    assert 'id="_runs"' not in text
    assert 'class="unseen"' not in text
    assert json.loads(json_export.render(made))["planted"] == {"found": 0, "total": 0, "truths": [], "experiments": []}


def test_arms_stand_beside_chance_and_untrained_with_what_that_means(report: ReportView):
    table = report.experiments[0].tables[0]
    assert [row.name for row in table.rows[:2]] == ["chance", "untrained"]
    assert table.rows[0].batches == ()
    assert [count.printed for count in table.rows[2].batches] == ["101.3", "98.7"]
    assert sum(count for _, count in table.groups) == len(table.measures) == len(table.rows[0].means)
    assert table.notes[0] == ("Rank distance is not 0 for a model that knows nothing: a random order gives 1066.9, the "
                              "untrained encoder 1068.2. Read it against these two rows.")
    assert table.notes[1].startswith("Monolingual AP is mostly lexical overlap that is there before training: untrained 0.5880")


def test_that_words_overlap_is_said_of_an_encoder_that_knows_nothing_else_and_of_no_other():
    from claimcheck.report.runs import experiment as viewed

    made = replace(experiment(), tables=(arms_table("xlm-r"),))
    note = viewed(made).tables[0].notes[1]
    assert note.startswith("Monolingual AP is mostly there before training: untrained 0.5880")
    assert "overlap" not in note


def test_every_run_of_a_comparison_can_be_followed_to_its_record(page: str, report: ReportView):
    tree = Tree()
    tree.feed(page)
    ids = [attributes["id"] for _, attributes in tree.found if attributes.get("id")]
    assert len(ids) == len(set(ids))
    targets = {(attributes.get("href") or "")[1:] for tag, attributes in tree.found if tag == "a"
               and (attributes.get("href") or "").startswith("#")}
    assert targets <= set(ids)
    keys = {f"_run-{key}" for each in reruns(report, "08") for row in each.comparisons for key in row.source}
    assert keys <= targets
    assert f'title="{key("hybrid", 0)}"' in page


def test_the_page_is_well_formed_and_its_tables_have_headings(page: str):
    tree = Tree()
    tree.feed(page)
    assert tree.open == []
    for tag, attributes in tree.found:
        if tag == "th":
            assert attributes.get("scope") in ("row", "col", "colgroup"), attributes
        if tag == "svg":
            assert attributes["role"] == "img"
            assert attributes["aria-labelledby"]
        if attributes.get("tabindex"):
            assert attributes.get("aria-label")
    for kind in ("forest", "map", "dose"):
        for figure in figures(page, kind):
            first, second = list(figure)[:2]
            assert (first.tag, second.tag) == ("title", "desc")
            assert figure.attrib["aria-labelledby"].split() == [first.attrib["id"], second.attrib["id"]]


def test_every_word_of_a_tier_has_a_sign_and_no_two_of_a_re_run_share_one():
    assert {word.value for word in TierWord} <= set(html.SYMBOLS)
    signs = [html.SYMBOLS[word] for word in html.LEGEND]
    assert len(set(signs)) == len(signs)
    assert {stand.value for stand in Stand} <= set(html.MARKS)


def test_report_json_keeps_its_schema_with_runs(document: dict):
    jsonschema.Draft202012Validator(json_export.schema()).validate(document)
    tier = next(each for each in document["claims"] if each["id"].endswith("08"))["tiers"]["reduced"]
    assert tier["verdict"] == "proxy contradicts"
    row = tier["reruns"][0]["comparisons"][1]
    assert row["deciding"] == {"low": {"printed": "−0.0089", "value": -0.0089}, "low_level": 0.05,
                               "high": {"printed": "−0.0004", "value": -0.0004}, "high_level": 0.05 / 6}
    assert row["run_keys"][0] == key("hybrid", 0)
    assert row["about"] == {"backbone": "n-grams", "data": "xquad-r", "setting": "multilingual", "against": "crosslingual"}


def test_every_verdict_of_a_tier_is_in_the_schema():
    known = json_export.schema()["$defs"]["tier"]["properties"]["verdict"]["enum"]
    planted = json_export.schema()["$defs"]["planted"]["properties"]["verdict"]["enum"]
    assert {word.value for word in TierWord} == {*known, *planted}


def test_the_same_values_give_the_same_bytes(library: Library):
    first, second = full(library), full(library)
    for render in (html.render, latex.render, json_export.render):
        assert render(first) == render(second)


def hostile(library: Library) -> ReportView:
    """Names, notes and sentences of an experiment are others' words."""
    given = experiment()
    table = given.tables[0]
    rows = tuple(replace(row, name=f"{row.name} {HOSTILE}" if number > 1 else row.name, note=HOSTILE)
                 for number, row in enumerate(table.rows))
    made = replace(given, title=HOSTILE, says=(HOSTILE,), left_out=(HOSTILE,), made_with=((HOSTILE, HOSTILE),),
                   tables=(replace(table, rows=rows, route=HOSTILE),),
                   maps=tuple(replace(each, title=HOSTILE, route=HOSTILE) for each in given.maps),
                   doses=tuple(replace(each, route=HOSTILE) for each in given.doses),
                   runs=tuple(replace(each, arm=HOSTILE) for each in given.runs))
    return view(list(appraisals(library)), library, OPENED, experiments=(made,), unseen=(HOSTILE,))


def test_hostile_text_of_runs_stays_text(library: Library):
    tree = Tree()
    tree.feed(html.render(hostile(library)))
    assert not {tag for tag, _ in tree.found} & {"script", "img", "iframe"}
    assert HOSTILE in tree.text


def compiled(text: str, pdflatex: str, folder: Path) -> str:
    (folder / "report.tex").write_text(text, encoding="utf-8")
    for _ in range(2):
        done = subprocess.run([pdflatex, "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "report.tex"],
                              cwd=folder, capture_output=True, check=False, timeout=120)
        assert done.returncode == 0, done.stdout.decode("utf-8", "replace")[-2000:]
    return (folder / "report.log").read_text("latin-1")


def test_the_paper_compiles_with_runs_and_keeps_to_its_page(report: ReportView, pdflatex: str, tmp_path: Path):
    log = compiled(latex.render(report), pdflatex, tmp_path)
    assert "Missing character" not in log
    assert [width for width in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log) if float(width) > 15] == []


def test_the_paper_holds_maps_of_eleven_languages(library: Library, pdflatex: str, tmp_path: Path):
    names = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")
    made = view(list(appraisals(library)), library, OPENED, experiments=(experiment(languages=names),))
    log = compiled(latex.render(made), pdflatex, tmp_path)
    assert [width for width in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log) if float(width) > 15] == []


def test_hostile_text_of_runs_compiles(library: Library, pdflatex: str, tmp_path: Path):
    assert "Missing character" not in compiled(latex.render(hostile(library)), pdflatex, tmp_path)


def test_a_report_of_runs_needs_no_torch():
    """In a process of its own: this one may have loaded it for other tests."""
    code = "import sys, claimcheck.report.compose, claimcheck.report.write; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1300, 390])
def test_the_page_of_runs_in_a_browser(page: str, scheme: str, width: int, chromium: str, tmp_path: Path):
    """The page is no wider than its window, wide things scroll by themselves, and no text of a figure leaves it."""
    from playwright import sync_api

    (tmp_path / "index.html").write_text(page, encoding="utf-8")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        tab.goto((tmp_path / "index.html").as_uri())
        tab.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        outside = tab.evaluate("""() => [...document.querySelectorAll('svg text')].filter(text => {
            const own = text.getBoundingClientRect(), all = text.ownerSVGElement.getBoundingClientRect();
            return own.left < all.left - 1 || own.right > all.right + 1 || own.bottom > all.bottom + 2
        }).map(text => text.textContent)""")
        assert outside == []
        assert tab.get_by_role("note").count() == 2
        assert tab.get_by_role("note", name="Not seen here").count() == 1
        assert "is not the paper's" in tab.get_by_role("note").first.inner_text()
        browser.close()
