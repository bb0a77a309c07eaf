"""The paper under test: what its own tables say of its claims, found from the cells and from nothing else.

Expected counts were worked out by hand from the printed tables; the tests change cells to show that they are found.
"""

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from claimcheck import plan
from claimcheck.appraisal.appraise import Appraisal, Evidence, appraise, data_sets
from claimcheck.appraisal.data import Opened, open_all
from claimcheck.appraisal.library import Library, read_library
from claimcheck.claim import Claim, Kind
from claimcheck.report import json_export
from claimcheck.report.compose import view
from claimcheck.tier import Tier


def report(claims: Path, data: Path | None = None) -> dict[str, Any]:
    library = read_library(claims)
    library.raise_faults()
    wanted = [name for document in library.claims for name in data_sets(document.value)]
    opened = open_all(wanted, [data] if data else [], None)
    made: dict[str, Any] = json.loads(json_export.render(view(appraised(library, opened), library, opened)))
    return made


def appraised(library: Library, opened: Opened) -> list[Appraisal]:
    return [appraise(document, Evidence(table=library.table_of(document), corpora=opened.corpora), set(Tier))
            for document in library.claims]


@pytest.fixture(scope="module")
def paper(request: pytest.FixtureRequest) -> dict[int, dict[str, Any]]:
    root: Path = request.getfixturevalue("root")
    return dict(enumerate(report(root / "claims")["claims"], start=1))


def findings(claim: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = claim["tiers"]["reported"]["findings"]
    return found


def change(claims: Path, value: str, **where: str) -> None:
    """Change one cell of the paper's reported table."""
    path = claims / "hybrid-batches" / "reported.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    matching = [row for row in rows if all(row[key] == wanted for key, wanted in where.items())]
    assert len(matching) == 1, where
    matching[0]["value"] = value
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def test_there_are_eleven_claims_and_the_reports_own_question(paper):
    assert len(paper) == 12
    assert {claim["kind"] for claim in paper.values()} == {kind.value for kind in Kind}
    assert all("\n" not in claim["statement"] for claim in paper.values())


def test_claims_carry_what_the_source_report_said(paper, paper_dir: Path):
    text = (paper_dir / "source_report.txt").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines() if line.count("\t") == 2][1:]
    assert len(rows) == 11
    for number, (statement, verified, confidence) in enumerate(rows, start=1):
        claim = paper[number]
        assert claim["statement"].startswith(statement), number
        assert claim["source_report"] == {"verified": verified == "✓", "confidence": float(confidence)}
    assert paper[12]["statement"] in text.replace("??.", "?").replace("?.", "?")
    assert paper[12]["source_report"] == {"verified": None, "confidence": None}


def test_the_reported_cells_are_those_of_the_paper(paper_dir: Path, root: Path):
    given = [line for name in ("reported_table1.csv", "reported_tables.csv")
             for line in (paper_dir / name).read_text(encoding="utf-8").splitlines()[1:]]
    own = (root / "claims" / "hybrid-batches" / "reported.csv").read_text(encoding="utf-8").splitlines()
    assert sorted(own[1:]) == sorted(given)
    elsewhere = root / "claims" / "hybrid-batches" / "printed_elsewhere.csv"
    assert elsewhere.read_bytes() == (paper_dir / "printed_elsewhere.csv").read_bytes()


def test_claim_8_is_best_in_6_of_8_by_the_letter_and_tied_once_on_table_1(paper):
    literal, table_1, average = findings(paper[8])
    assert "holds in 6 of 8, fails in 2 of 8" in literal["text"]
    failing = [(cell["about"]["backbone"], cell["about"]["dataset"], cell["about"]["metric"], cell["margin"])
               for cell in literal["cells"] if cell["outcome"] == "fails"]
    assert failing == [("xlm-r", "xquad-r", "map", "−0.0007"), ("labse", "mlqa-r", "recall@10", "−0.0010")]
    assert "holds in 3 of 4, tied within rounding in 1 of 4" in table_1["text"]
    assert average["cells"][0]["values"]["hybrid"] == "0.5913"  # (.5927 + .5121 + .6817 + .5785) / 4 = .59125
    assert average["cells"][0]["values"]["crosslingual"] == "0.5889"  # (.5934 + .5076 + .6791 + .5755) / 4
    assert paper[8]["tiers"]["reported"]["verdict"] == "tables agree in part"


def test_claim_9_holds_in_23_of_24(paper):
    literal, table_1, average = findings(paper[9])
    assert literal["printed"] == "23 of 24"
    assert [cell["about"] for cell in literal["cells"] if cell["outcome"] != "holds"] == [
        {"table": "3", "backbone": "xlm-r", "dataset": "xquad-r", "setting": "multilingual", "against": "crosslingual"}]
    assert table_1["printed"] == "22 of 24, 2 tied"
    assert [cell["outcome"] for cell in table_1["cells"]].count("fails") == 0
    assert average["printed"] == "4 of 4"
    assert paper[9]["tiers"]["reported"]["verdict"] == "tables agree in part"


def test_claim_10_falls_by_the_printed_shares_in_all_36_language_cells(paper):
    means, languages, ten_percent = findings(paper[10])
    shares = {(cell["about"]["backbone"], cell["about"]["dataset"]): cell["margin"] for cell in means["cells"]}
    assert shares == {("xlm-r", "xquad-r"): "30.1", ("xlm-r", "mlqa-r"): "21.0", ("labse", "xquad-r"): "15.4",
                      ("labse", "mlqa-r"): "13.4"}
    assert "15.4 (15.45)" in means["text"]
    assert languages["printed"] == "36 of 36"
    assert ten_percent["printed"].startswith("4 of 4")
    assert paper[10]["tiers"]["reported"]["verdict"] == "tables agree"
    assert paper[10]["headline"]["verdict"] == "not testable as stated"


@pytest.mark.parametrize("number", [2, 6])
def test_what_the_source_report_did_not_find_stands_in_the_tables(paper, number: int):
    assert paper[number]["source_report"]["verified"] is False
    assert paper[number]["tiers"]["reported"]["verdict"] == "tables agree"
    assert paper[number]["headline"] == {**paper[number]["headline"], "verdict": "verified", "tier": "reported"}


def test_no_number_of_a_finding_stands_without_its_source(root: Path, data_dir: Path):
    for claim in report(root / "claims", data_dir)["claims"]:
        for tier in claim["tiers"].values():
            for finding in tier["findings"]:
                assert all(cell["source"] for cell in finding["cells"] if cell["values"]), (claim["id"], finding["says"])


def test_a_count_names_the_cells_that_it_rests_on(paper):
    # hundreds of lines would not be read: the first three, and how many more
    cell = findings(paper[1])[0]["cells"][0]
    lines, more = cell["source"].removeprefix("reported.csv:").split(" and ")
    assert len(lines.split(", ")) == 3
    assert int(more.split()[0]) + 3 == int(cell["values"]["cells printed"])


def test_claim_7_is_arithmetic_over_the_languages_of_the_tables(paper):
    assert [finding["printed"] for finding in findings(paper[7])] == [
        "11 as claimed", "110 as claimed", "7 as claimed", "42 as claimed"]
    assert paper[7]["headline"]["verdict"] == "verified"


def test_claims_about_unpublished_data_are_unverified_and_say_what_is_missing(paper):
    for number in (4, 5):
        assert list(paper[number]["tiers"]) == ["data"]
        assert paper[number]["tiers"]["data"]["verdict"] == "could not run"
        assert "fine-tuning data" in paper[number]["tiers"]["data"]["why"]
        assert paper[number]["headline"]["verdict"] == "unverified"


def test_parts_that_the_tables_cannot_show_leave_a_claim_open(paper):
    assert paper[1]["tiers"]["reported"]["verdict"] == "open"
    assert paper[3]["tiers"]["reported"]["verdict"] == "open"
    assert paper[1]["headline"]["verdict"] == paper[3]["headline"]["verdict"] == "unverified"
    assert paper[3]["headline"]["tier"] == "data"


def test_no_empirical_claim_is_verified_or_refuted_without_a_full_run(paper):
    for number in (8, 9, 10, 11, 12):
        assert paper[number]["headline"]["tier"] == "full"
        assert paper[number]["headline"]["verdict"] in ("unverified", "not testable as stated")
        assert paper[number]["tiers"]["full"]["verdict"] == paper[number]["tiers"]["reduced"]["verdict"] == "not run"


def test_changing_a_cell_changes_what_is_found_and_nothing_else(paper_claims: Path):
    before = report(paper_claims)
    change(paper_claims, "0.5940", table="3", setting="multilingual", metric="map", sampling="hybrid", language="mean")
    after = report(paper_claims)
    assert findings(after["claims"][7])[0]["printed"] == "7 of 8"
    assert findings(after["claims"][8])[0]["printed"] == "24 of 24"
    changed = [claim["id"] for claim, old in zip(after["claims"], before["claims"], strict=True) if claim != old]
    assert changed == ["hybrid-batches-08", "hybrid-batches-09", "hybrid-batches-11"]  # all that read this mean
    misfits = {each["says"]: len(each["misfits"]) for each in after["table_findings"]}
    assert misfits["Printed means and medians, recomputed from their cells"] == 1  # the mean no longer is that of its cells
    same = {each["name"]: each["sha256"] for each in before["inputs"]}
    assert [each["name"] for each in after["inputs"] if same[each["name"]] != each["sha256"]] == ["hybrid-batches/reported.csv"]


def test_a_cell_that_turns_the_bias_round_turns_the_verdict(paper_claims: Path):
    change(paper_claims, "500.0", table="7", backbone="xlm-r", sampling="hybrid", language="mean")
    claim = report(paper_claims)["claims"][9]
    assert findings(claim)[0]["printed"] == "3 of 4 (−21.9, 15.4, 21.0, 13.4 %)"
    assert claim["tiers"]["reported"]["verdict"] == "tables agree in part"


def test_without_miracl_cells_claim_2_is_no_longer_verified(paper_claims: Path):
    path = paper_claims / "hybrid-batches" / "reported.csv"
    kept = [line for line in path.read_text(encoding="utf-8").splitlines() if ",miracl," not in line]
    path.write_text("\n".join(kept) + "\n", encoding="utf-8")
    claim = report(paper_claims)["claims"][1]
    assert findings(claim)[0]["printed"] == "2 of 3"
    assert claim["headline"]["verdict"] == "in part"


def test_findings_about_the_tables_stand_apart(root: Path):
    found = {each["says"]: each for each in report(root / "claims")["table_findings"]}
    assert found["Printed means and medians, recomputed from their cells"]["printed"] == "96 of 96"
    assert found["Numbers that stand in two tables"]["printed"] == "35 of 36"
    assert found["Numbers that stand in two tables"]["misfits"][0]["values"] == {"in the first": "0.547",
                                                                                 "in the second": "0.5479"}
    assert [cell["values"]["printed"] for cell in found["Numbers printed in the text or in other tables"]["misfits"]] == [
        "0.547", "295.4", "648", "799", "2869"]
    granularity = "Printed monolingual R@1 of XQuAD-R as k/n (n = questions: 9 of 66; n = distinct question strings: 66 of 66)"
    assert found[granularity]["printed"] == "66 of 66"
    assert found["Printed monolingual R@1 of MLQA-R as k/n (n = questions: 42 of 42)"]["printed"] == "42 of 42"


def test_the_audit_would_find_the_sentence_of_section_4_2_1(root: Path):
    # "highest mean mAP and mean R@1, mono and cross, all data sets and models": 16 of 16, none of the eleven claims
    from claimcheck.evidence.checks import find
    from claimcheck.evidence.reported_table import read_table
    from claimcheck.finding import Outcome
    from claimcheck.prediction import BestOf

    table = read_table(root / "claims" / "hybrid-batches" / "reported.csv")
    count = find(BestOf(arm="hybrid", among="sampling", where={
        "table": (3, 4, 5, 6), "setting": ("monolingual", "crosslingual"), "language": "mean"}), table)
    assert (count.number(Outcome.HOLDS), len(count.cells)) == (16, 16)
    assert str(min(cell.margin for cell in count.cells if cell.margin is not None)) == "0.0006"  # .6481 - .6475


def test_admissible_sizes_are_those_of_the_real_files(data_dir: Path, root: Path):
    library = read_library(root / "claims")
    audits = {audit.says: audit.granularity for audit in library.reproductions["hybrid-batches"].value.audits}
    for folder, says in (("xquad-r", "Printed monolingual R@1 of XQuAD-R as k/n"),
                         ("mlqa-r", "Printed monolingual R@1 of MLQA-R as k/n")):
        for path in sorted((data_dir / folder).glob("*.json")):
            articles = json.loads(path.read_text(encoding="utf-8"))["data"]
            questions = [question["question"] for article in articles for paragraph in article["paragraphs"]
                         for question in paragraph["qas"]]
            admissible = audits[says].admissible
            sizes = {name: size if isinstance(size, int) else size[path.stem] for name, size in admissible.items()}
            expected = {"questions": len(questions), "distinct question strings": len(set(questions))}
            assert sizes == {name: expected[name] for name in sizes}, path


def test_every_empirical_claim_predicts_a_re_run_and_discloses_what_was_known(root: Path):
    for document in read_library(root / "claims").claims:
        claim: Claim = document.value
        if claim.kind.settled_at is Tier.FULL:
            assert any(atom.rerun for atom in claim.atoms), claim.id
            assert any("known" in atom.chosen for atom in claim.atoms), claim.id


@pytest.mark.parametrize("sampling", ["crosslingual", "monolingual", "hybrid"])
def test_deleting_a_cell_never_makes_a_verdict_stronger(paper_claims: Path, sampling: str):
    where = {"table": "3", "setting": "multilingual", "metric": "map", "sampling": sampling, "language": "mean"}
    path = paper_claims / "hybrid-batches" / "reported.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if not all(row[key] == value for key, value in where.items())]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    after = report(paper_claims)["claims"]
    assert findings(after[7])[0]["printed"] == "6 of 7"  # the group is left out, and that is said
    assert findings(after[7])[0]["left_out"]
    assert after[8]["tiers"]["reported"]["verdict"] != "tables agree"


def test_a_plan_has_a_digest_for_each_run_and_holds_no_threshold(root: Path):
    library = read_library(root / "claims")
    reproduction = library.reproductions["hybrid-batches"].value
    made = plan.make([document.value for document in library.claims], reproduction, "quick", first_seed=7)
    assert len(made.runs) == len({run.digest for run in made.runs}) == 21  # 1 backbone * (6 arms + untrained) * 3 seeds
    assert {run.seed for run in made.runs} == {7, 8, 9}
    assert made.tier is Tier.REDUCED
    assert "margin" not in json.dumps([run.condition.as_json() for run in made.runs])


def test_tier_full_is_derived_from_what_is_run_and_from_no_name(root: Path):
    reproduction = read_library(root / "claims").reproductions["hybrid-batches"].value
    assert reproduction.tier("paper") is reproduction.tier("paper-large") is Tier.FULL
    assert reproduction.tier("mbert") is Tier.REDUCED  # which the paper does not name
    paper = reproduction.profiles["paper"]
    assert paper.backbones is not None
    assert paper.training is not None
    pinned = {name: replace(backbone, revision="0" * 40) for name, backbone in paper.backbones.items()}
    arms = {**reproduction.paper.states.arms, "hybrid": replace(reproduction.paper.states.arms["hybrid"], alpha=0.9)}

    def tier(**changes: Any) -> Tier:
        profile = replace(paper, **{"backbones": pinned, **changes})
        return replace(reproduction, profiles={**reproduction.profiles, "anything": profile}).tier("anything")

    assert tier() is Tier.FULL
    assert tier(training=replace(paper.training, temperature=0.01)) is Tier.FULL  # declared as open
    for sham in ({"training": replace(paper.training, temperature=100.0)}, {"training": replace(paper.training, steps=1)},
                 {"training": replace(paper.training, batch_size=10)}, {"arms": arms},
                 {"backbones": {name: replace(backbone, revision=None) for name, backbone in pinned.items()}},
                 {"arms": {**reproduction.paper.states.arms, "hybrid": replace(arms["hybrid"], alpha=0.5, languages="per item",
                                                                               order=1)}},
                 {"backbones": {"xlm-r": pinned["xlm-r"]}}, {"data": reproduction.profiles["quick"].data}):
        assert tier(**sham) is Tier.REDUCED, sham
    with pytest.raises(ValueError, match="calls a backbone `xlm-r` that is not known to be the paper's"):
        tier(backbones={**pinned, "xlm-r": replace(pinned["xlm-r"], hub="someone/tiny")})
    with pytest.raises(ValueError, match="calls a backbone `labse`"):
        tier(backbones={**pinned, "labse": replace(pinned["labse"], hub=None, revision=None, folder="tiny")})


def test_prose_changes_no_prediction_digest_and_a_margin_does(paper_claims: Path):
    path = paper_claims / "hybrid-batches" / "08-best-in-multilingual-retrieval.yaml"

    def digest() -> str:
        return str(report(paper_claims)["claims"][7]["prediction_sha256"])

    before, text = digest(), path.read_text(encoding="utf-8")
    for prose in ("It was set with the printed figures known", "label: on average", "says: hybrid is ahead"):
        assert prose in text
        path.write_text(text.replace(prose, prose + " so"), encoding="utf-8")
        assert digest() == before
    for decides, other in (("margin: 0.005", "margin: 0.004"), ("kind: superlative", "kind: conjunction"),
                           ("setting: multilingual", "setting: monolingual"), ("scope: benchmark", "scope: beyond")):
        path.write_text(text.replace(decides, other), encoding="utf-8")
        assert digest() != before, decides
