"""Runs beside printed numbers: which cells are compared, with what result, and what is not compared at all."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from math import exp, inf, log, sqrt
from pathlib import Path

import numpy as np
import pytest

from claimcheck import plan as plans
from claimcheck import reproduction_files
from claimcheck.appraisal.contrast import Contrast, Raw
from claimcheck.appraisal.contrasts import contrast
from claimcheck.appraisal.library import read_library
from claimcheck.appraisal.measured import Measured, Result
from claimcheck.appraisal.print_values import Obstacle, PrintedComparison, PrintedStatus, sentence, words
from claimcheck.appraisal.printed import compare
from claimcheck.design import Data, Route
from claimcheck.evidence.reported_table import ReportedTable, read_table
from claimcheck.measurement.store import Store
from claimcheck.reproduction import PrintedColumns, PrintedNumbers, PrintedValues
from claimcheck.stats.effect import Effect
from claimcheck.tier import Tier

T2 = 4.302652729911275  # quantile of t at .975 with two degrees of freedom, from a table
ELEVEN = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")
COLUMNS = PrintedColumns(arm="sampling", backbone="backbone", dataset="dataset", setting="setting", measure="metric",
                         language="language")
PRINTED = PrintedNumbers(columns=COLUMNS, values=PrintedValues(
    setting={"cross-lingual": "crosslingual"}, measure={"AP": "map", "RankDistance": "rank_distance"}))  # type: ignore[dict-item]


@pytest.fixture(scope="module")
def table(root: Path) -> ReportedTable:
    return read_table(root / "claims" / "hybrid-batches" / "reported.csv")


def data(languages: tuple[str, ...] = ELEVEN) -> Data:
    of_mlqa = tuple(each for each in languages if each not in ("el", "ru", "th", "tr"))
    routes = (Route(train="mixed", evaluate="xquad-r"), Route(train="mixed", evaluate="mlqa-r", languages=of_mlqa))
    return Data(train=("mixed",), evaluate=("xquad-r", "mlqa-r"), languages=languages, routes=routes)


def raw(per_run: Sequence[float], *, arms: tuple[str, str] = ("hybrid", "monolingual"), backbone: str = "xlm-r",
        where: tuple[tuple[str, str], ...] = (("mixed > xquad-r", "multilingual"),), means: tuple[float, float] = (0.6, 0.55),
        **about: str) -> Raw:
    runs = np.array(per_run)
    v_runs = float((runs - runs[0]).var(ddof=1)) / len(runs) if len(runs) > 1 else inf
    effect = Effect(estimate=float(runs.mean()), per_run=runs, runs=len(runs), clusters=48, questions=1190, v_runs=v_runs,
                    v_clusters=0.0, v_interaction=0.0, v_total=v_runs, df_runs=len(runs) - 1.0, df_clusters=47.0)
    told = about or ({"data": where[0][0], "setting": where[0][1]} if len(where) == 1 else {"data": "mean", "setting": "mean"})
    return Raw(about=(("backbone", backbone), *told.items(), ("against", arms[1])), same_as=("difference", where, arms),
               arms=arms, means=means, effect=effect, questions=100, where=where)


def one(each: Raw, table: ReportedTable | None, measure: str = "AP", *, is_log: bool = False, tier: Tier = Tier.FULL,
        printed: PrintedNumbers | None = PRINTED, languages: tuple[str, ...] = ELEVEN) -> PrintedComparison:
    found = Contrast(raws=(each,), measure=measure, is_log=is_log, at_least=0.0, margin=0.005)
    made, = compare(found, tier, data(languages), printed, table)
    return made


def reasons(found: PrintedComparison) -> list[Obstacle]:
    return [each.obstacle for each in found.lacks]


# ---------------------------------------------------------------- runs of the paper's own design


def test_a_printed_difference_within_reach_of_one_further_run_is_reproduced(table: ReportedTable):
    # printed in Table 3: hybrid .5927, monolingual .5479. Runs: mean .04, s = .01, reach 4.30265 x .01 sqrt(4/3) = .04968
    found = one(raw([0.03, 0.04, 0.05]), table)
    assert (found.status, words(found), found.lacks) == (PrintedStatus.REPRODUCED, "reproduced", ())
    counterpart, = found.printed
    assert (counterpart.backbone, str(counterpart.contrast), str(counterpart.rounding)) == ("xlm-r", "0.0448", "0.00010")
    assert [(each.name, str(each.value)) for each in counterpart.values] == [("hybrid", "0.5927"), ("monolingual", "0.5479")]
    assert [(each.file, each.line, each.printed) for each in counterpart.sources] == [
        ("reported.csv", 145, "0.5927"), ("reported.csv", 143, "0.5479")]
    assert found.interval is not None
    reach = T2 * 0.01 * sqrt(4 / 3) + 0.0001
    assert (str(found.interval.low), str(found.interval.high)) == ("-0.0098", "0.0898")  # -.00978 and .08978, rounded outward
    assert float(found.interval.high) == pytest.approx(0.04 + reach, abs=1e-4)
    ratio = counterpart.effect_ratio
    assert ratio is not None
    assert str(ratio.value) == "0.89"  # .04 / .0448
    assert float(ratio.low) == pytest.approx((0.04 - T2 * 0.01 / sqrt(3)) / 0.0449, abs=0.01)
    assert float(ratio.high) == pytest.approx((0.04 + T2 * 0.01 / sqrt(3)) / 0.0447, abs=0.01)
    # relative improvements: .0448 / .5479 = .08177 in print, .05 / .55 = .09091 in the runs
    assert str(counterpart.improvement) == "-0.009"
    assert found.sceptical is not None
    assert (found.sceptical.imputed, found.sceptical.c) == (True, Decimal(3))
    assert "imputed" in sentence(found)
    assert "Not computable" in sentence(found)
    assert "lines 145, 143" in sentence(found)


def test_a_printed_difference_out_of_reach_deviates(table: ReportedTable):
    found = one(raw([0.003, 0.004, 0.005]), table)  # reach .00497 + .0001: up to .0091, and .0448 is printed
    assert found.status is PrintedStatus.DEVIATING
    assert str(found.interval and found.interval.high) == "0.0091"
    assert "lies outside: deviating" in sentence(found)
    below = one(raw([0.083, 0.084, 0.085]), table)
    assert (below.status, str(below.interval and below.interval.low)) == (PrintedStatus.DEVIATING, "0.0789")


def test_what_is_judged_is_what_is_read_and_rounding_of_the_print_counts(table: ReportedTable):
    # runs without any variance: the interval is the estimate and one unit of the last printed place on either side, outward
    for estimate, status in ((0.0448, "reproduced"), (0.0447, "reproduced"), (0.0449, "reproduced"), (0.0445, "deviating")):
        found = one(raw([estimate] * 3), table)
        assert (str(found.status), found.sceptical) == (status, None)
    assert "ceptical" not in sentence(found)


def test_a_reduction_is_compared_as_logs_and_told_in_percent(table: ReportedTable):
    printed = log(410.2 / 286.6)  # Table 7: a reduction by 30.1 %
    found = one(raw([printed - 0.02, printed, printed + 0.02], means=(300.0, 400.0)), table, "RankDistance", is_log=True)
    counterpart, = found.printed
    assert (found.status, counterpart.percent, str(counterpart.contrast)) == (PrintedStatus.REPRODUCED, True, "30.1")
    reach = T2 * 0.02 * sqrt(4 / 3) + log(410.25 / 410.2) + log(286.6 / 286.55)
    assert found.interval is not None
    assert float(found.interval.low) == pytest.approx(100 * (1 - exp(-(printed - reach))), abs=0.1)
    assert float(found.interval.high) == pytest.approx(100 * (1 - exp(-(printed + reach))), abs=0.1)
    assert float(found.interval.low) <= 100 * (1 - exp(-(printed - reach)))  # outward
    assert str(counterpart.effect_ratio and counterpart.effect_ratio.value) == "1.00"
    assert str(counterpart.improvement) == "-0.051"  # -.3013 in print, -.25 in the runs
    less = one(raw([0.09, 0.1, 0.11], means=(300.0, 400.0)), table, "RankDistance", is_log=True)
    assert less.status is PrintedStatus.DEVIATING
    assert "%" in sentence(less)


def test_an_average_is_compared_with_the_plain_mean_of_the_same_cells(table: ReportedTable):
    cells = tuple((f"mixed > {data}", setting) for data in ("xquad-r", "mlqa-r") for setting in ("monolingual", "multilingual"))
    found = one(raw([0.02, 0.03, 0.04], where=cells), table)
    counterpart, = found.printed
    hybrid, rival = (Decimal(text) / 4 for text in ("2.5506", "2.4603"))  # .7977+.5927+.6481+.5121; .7918+.5479+.6475+.4731
    assert counterpart.contrast == (hybrid - rival).quantize(Decimal("0.00001"))
    assert len(counterpart.sources) == 8
    assert found.status is PrintedStatus.REPRODUCED
    missing = one(raw([0.02, 0.03, 0.04], where=(*cells, ("mixed > miracl", "multilingual"))), table)
    assert (reasons(missing)[0], missing.printed) == (Obstacle.NOT_PRINTED, ())
    assert "no AP hybrid miracl multilingual is printed" in sentence(missing)


def test_queries_of_one_language_are_compared_with_the_printed_row_of_it(table: ReportedTable):
    found = one(raw([0.05, 0.06, 0.07], language="ar"), table)
    counterpart, = found.printed
    assert str(counterpart.contrast) == "0.0546"  # .5416 - .4870, which the file prints as 0.487
    assert counterpart.decimals == 4
    assert found.status is PrintedStatus.REPRODUCED
    without = replace(PRINTED, columns=replace(COLUMNS, language=None), where={"language": "mean"})
    assert reasons(one(raw([0.05, 0.06, 0.07], language="ar"), table, printed=without)) == [Obstacle.NOT_PRINTED] * 2
    assert one(raw([0.03, 0.04, 0.05]), table, printed=without).status is PrintedStatus.REPRODUCED  # the mean is still found


# ---------------------------------------------------------------- two printed numbers for one quantity


def test_the_most_precise_of_two_prints_counts_and_a_contradiction_is_told(table: ReportedTable):
    # Table 1 prints .547 where Table 3 prints .5479; of hybrid .593 is .5927 rounded
    note, = one(raw([0.03, 0.04, 0.05]), table).printed[0].notes
    assert note == "reported.csv prints 0.5479 in line 143 and .547 in line 4, which rounding does not explain"
    assert note in sentence(one(raw([0.03, 0.04, 0.05]), table))
    exact = one(raw([0.03, 0.04, 0.05]), table, printed=replace(PRINTED, where={"table": (3, 4)}))
    assert (exact.printed[0].notes, exact.printed[0].contrast) == ((), Decimal("0.0448"))
    rounded = one(raw([0.03, 0.04, 0.05]), table, printed=replace(PRINTED, where={"table": 1}))
    assert (str(rounded.printed[0].contrast), rounded.printed[0].rounding) == ("0.046", Decimal("0.0010"))


def test_two_prints_of_one_precision_that_differ_are_not_chosen_between(tmp_path: Path):
    path = tmp_path / "reported.csv"
    path.write_text("table,backbone,dataset,setting,metric,sampling,language,value\n"
                    "1,xlm-r,xquad-r,multilingual,map,hybrid,mean,.61\n1,xlm-r,xquad-r,multilingual,map,monolingual,mean,.55\n"
                    "2,xlm-r,xquad-r,multilingual,map,hybrid,mean,.63\n", encoding="utf-8")
    found = one(raw([0.03, 0.04, 0.05]), read_table(path))
    assert (reasons(found), found.printed) == ([Obstacle.TWO_NUMBERS], ())
    assert words(found) == "not comparable: printed twice, differently"
    assert ".61 in line 2 and .63 in line 4" in sentence(found)


# ---------------------------------------------------------------- what is not comparable


def test_runs_of_a_smaller_design_are_never_called_reproduced_nor_deviating(table: ReportedTable):
    for per_run in ([0.0448] * 3, [0.9, 0.91, 0.92]):
        found = one(raw(per_run), table, tier=Tier.REDUCED)
        assert (reasons(found), found.interval, found.sceptical) == ([Obstacle.TIER], None, None)
        assert [each.backbone for each in found.printed] == ["xlm-r"]
        assert words(found) == "not comparable: not the paper's own design"
        assert "For orientation only: printed with xlm-r" in sentence(found)


def test_another_encoder_is_shown_beside_each_printed_one(table: ReportedTable):
    found = one(raw([0.03, 0.04, 0.05], backbone="n-grams"), table, tier=Tier.REDUCED)
    assert reasons(found) == [Obstacle.ENCODER, Obstacle.TIER]
    assert [(each.backbone, str(each.contrast)) for each in found.printed] == [("xlm-r", "0.0448"), ("labse", "0.0300")]
    assert [str(each.effect_ratio and each.effect_ratio.value) for each in found.printed] == ["0.89", "1.33"]
    assert "what was run is n-grams, and what is printed is xlm-r and labse" in sentence(found)
    full = one(raw([0.03, 0.04, 0.05], backbone="n-grams"), table)
    assert (reasons(full), full.interval) == ([Obstacle.ENCODER], None)
    renamed = replace(PRINTED, values=replace(PRINTED.values, backbone={"n-grams": "labse"}))
    assert one(raw([0.03, 0.04, 0.05], backbone="n-grams"), table, printed=renamed).printed[0].backbone == "labse"


@pytest.mark.parametrize(("runs", "said"), [(1, "there is 1"), (2, "there are 2")])
def test_fewer_than_three_runs_compare_nothing(table: ReportedTable, runs: int, said: str):
    found = one(raw([0.03, 0.05][:runs]), table)
    assert (reasons(found), found.interval) == ([Obstacle.FEW_RUNS], None)
    assert f"3 runs are needed, and {said}" in sentence(found)


def test_a_mean_over_other_languages_is_another_mean(table: ReportedTable):
    found = one(raw([0.03, 0.04, 0.05]), table, languages=tuple(each for each in ELEVEN if each != "el"))
    assert reasons(found) == [Obstacle.LANGUAGES]
    assert "in 11 languages and evaluated here in 10 (in one of the two: el)" in sentence(found)
    own = (("mixed > xquad-r", "monolingual"),)  # a language's own pool is the same whatever other languages there are
    assert one(raw([0.003, 0.004, 0.005], where=own, language="ar"), table, languages=ELEVEN[:5]).lacks == ()


def test_what_no_table_prints_is_not_compared(table: ReportedTable):
    control = one(raw([0.03, 0.04, 0.05], arms=("hybrid-25", "monolingual")), table)
    assert (reasons(control), control.printed) == ([Obstacle.NOT_PRINTED], ())
    assert sentence(control) == "Not comparable: with xlm-r no AP hybrid-25 xquad-r multilingual is printed."
    perturbed = one(raw([0.03, 0.04, 0.05], data="xquad-r", setting="multilingual", perturbation="P1"), table)
    assert reasons(perturbed) == [Obstacle.NOT_PRINTED]
    assert reasons(one(raw([0.03, 0.04, 0.05]), None)) == [Obstacle.NO_TABLE]
    assert reasons(one(raw([0.03, 0.04, 0.05]), table, printed=None)) == [Obstacle.UNDECLARED]
    assert words(one(raw([0.03, 0.04, 0.05]), table, "RR")) == "not comparable: no printed number"


def test_a_printed_zero_has_no_ratio_and_a_printed_tie_no_effect_ratio(tmp_path: Path):
    path = tmp_path / "reported.csv"
    path.write_text("table,backbone,dataset,setting,metric,sampling,language,value\n"
                    "1,xlm-r,xquad-r,multilingual,rank_distance,hybrid,mean,0.0\n"
                    "1,xlm-r,xquad-r,multilingual,rank_distance,monolingual,mean,9.0\n"
                    "1,xlm-r,xquad-r,multilingual,map,hybrid,mean,.6\n1,xlm-r,xquad-r,multilingual,map,monolingual,mean,.6\n",
                    encoding="utf-8")
    nothing = one(raw([0.03, 0.04, 0.05]), read_table(path), "RankDistance", is_log=True)
    assert "printed as 0, which has no ratio" in sentence(nothing)
    tie = one(raw([0.03, 0.04, 0.05]), read_table(path))
    assert tie.printed[0].effect_ratio is None
    assert "no effect ratio" in sentence(tie)


def test_the_example_runs_are_shown_beside_the_print_and_compared_with_nothing(root: Path, table: ReportedTable):
    library = read_library(root / "claims")
    reproduction = library.reproductions["hybrid-batches"].value
    folder = root / "reports" / "hybrid-batches" / "store"
    results = defaultdict(list)
    for each in sorted(folder.glob("*/run.json")):
        places, record = Store(path=folder).read(each.parent.name)
        condition = record["condition"]
        assert isinstance(condition, Mapping)
        results[str(condition["backbone"]), str(condition["arm"])].append(
            Result(key=each.parent.name, seed=int(str(record["seed"])), places=places, record=record))
    own = plans.make([document.value for document in library.claims], reproduction, "quick")
    measured = Measured(plan=own, results={name: tuple(sorted(each, key=lambda result: result.seed))
                                           for name, each in results.items()})
    claims = {document.value.id: document.value for document in library.claims}
    figures = {}
    for name in ("hybrid-batches-08", "hybrid-batches-10", "hybrid-batches-11"):
        for prediction in claims[name].atoms[0].rerun:
            found = contrast(prediction, measured, own.design.data.routes)
            assert found is not None
            compared = compare(found, own.tier, own.design.data, reproduction.printed, table)
            assert len(compared) == len(found.raws) > 0
            for each, about in zip(compared, found.raws, strict=True):
                assert reasons(each) == [Obstacle.ENCODER, Obstacle.TIER, Obstacle.LANGUAGES]
                assert [side.backbone for side in each.printed] == ["xlm-r", "labse"]
                assert about.about == each.about
                figures[name, found.measure, each.about[-1][1]] = (about, each)
    about, compared_ap = figures["hybrid-batches-08", "AP", "crosslingual"]
    assert [str(each.contrast) for each in compared_ap.printed] == ["-0.0007", "0.0026"]
    ratio = compared_ap.printed[1].effect_ratio
    assert ratio is not None
    assert float(ratio.value) == pytest.approx(about.effect.estimate / 0.0026, abs=0.006)
    _, bias = figures["hybrid-batches-10", "RankDistance", "monolingual"]
    assert [str(each.contrast) for each in bias.printed] == ["30.1", "15.4"]


# ---------------------------------------------------------------- the mapping itself


@pytest.mark.parametrize(("old", "new", "what"), [
    ("arm: sampling", "arm: samplings", r"has no column `samplings`; did you mean `sampling`\?"),
    ("measure: metric", "measure: dataset", r"`dataset` is given for two parts of a quantity; name a column once"),
    ("setting: {cross-lingual: crosslingual}", "setting: {cross-lingual: crosslingal}",
     r"no cell of reported.csv has setting `crosslingal`; did you mean `crosslingual`\?"),
    ("    setting: {cross-lingual: crosslingual}\n", "",
     r"`cross-lingual`, and one has `crosslingual`; say what is printed: `values: {setting: {cross-lingual: crosslingual}}`"),
    ("setting: {cross-lingual:", "setting: {cross-lingal:", r"`cross-lingal`"),
    ("{AP: map,", "{MAP: map,", "the measure `MAP` is not known"),
    ("{AP: map,", "{AP: maap,", r"metric `maap`; did you mean `map`\?"),
    ("  mean: mean\n", "  mean: meen\n", r"no cell of reported.csv has language `meen`; did you mean `mean`\?"),
    ("  values:\n    setting", "  values:\n    arm: {hybird: hybrid}\n    setting",
     r"has no arm `hybird`; did you mean `hybrid`\?"),
    ("  values:\n    setting", "  values:\n    dataset: {xquad: xquad-r}\n    setting", "has no dataset `xquad`"),
    ("  mean: mean\n", "  where: {language: mean}\n", "`where` selects on `language`, the column of the language; remove it"),
    ("  mean: mean\n", "  where: {tabel: 3}\n", r"has no column `tabel`; did you mean `table`\?"),
    (", language: language}\n  mean: mean\n  values:\n", "}\n  values:\n    language: {de: german}\n",
     "renames each language, and `columns` names none for it"),
    ("{arm: sampling,", "{arms: sampling,", "unknown key `arms`; did you mean `arm`"),
])
def test_a_mapping_that_does_not_fit_is_told_with_its_place(paper_claims: Path, old: str, new: str, what: str):
    path = paper_claims.parent / "reproductions" / "hybrid-batches.yaml"
    text = path.read_text(encoding="utf-8")
    head, _, printed = text.partition("\nprinted:")
    assert printed.count(old) == 1
    path.write_text(head + "\nprinted:" + printed.replace(old, new), encoding="utf-8")
    lines = head.count("\n") + 2
    told = [fault for fault in read_library(paper_claims).faults if re.search(what, str(fault))]
    assert told, [*map(str, read_library(paper_claims).faults)]
    assert all(fault.path.name == path.name and fault.line >= lines and fault.column > 1 for fault in told)


def test_what_is_printed_nowhere_is_a_doubt_and_what_fits_is_none(paper_claims: Path):
    assert read_library(paper_claims).doubts == ()
    path = paper_claims.parent / "reproductions" / "hybrid-batches.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("  values:\n    setting", "  values:\n    backbone: {labse: 7Q9}\n    setting"),
                    encoding="utf-8")
    library = read_library(paper_claims)
    assert library.faults == ()
    doubt, = library.doubts
    assert re.search(r"no cell of reported.csv has backbone `7Q9`", str(doubt))
    path.write_text(re.sub(r"\n    measure: \{.*\}\n", "\n", text), encoding="utf-8")
    doubt, = read_library(paper_claims).doubts
    assert "nothing printed is compared with a re-run" in str(doubt)


def test_a_reproduction_without_printed_numbers_is_whole(paper_claims: Path):
    path = paper_claims.parent / "reproductions" / "hybrid-batches.yaml"
    path.write_text(path.read_text(encoding="utf-8").partition("\nprinted:")[0] + "\n", encoding="utf-8")
    document, faults = reproduction_files.load(path)
    assert faults == []
    assert document is not None
    assert document.value.printed is None
    assert read_library(paper_claims).faults == ()
