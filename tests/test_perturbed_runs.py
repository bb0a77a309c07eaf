"""Runs that evaluate perturbed queries beside the clean ones, from a profile to the report."""

import json
import re
import shutil
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import tiny_checkpoints

from claimcheck.appraisal.library import read_library
from claimcheck.appraisal.losses import Piece
from claimcheck.appraisal.losses import loss as loss_of
from claimcheck.appraisal.measured import Measured, read
from claimcheck.appraisal.robustness import Robustness, robustness
from claimcheck.appraisal.visibility import LEAST_VISIBLE, State
from claimcheck.appraisal.works import works
from claimcheck.corpora import lareqa
from claimcheck.corpora.corpus import composed
from claimcheck.design import Backbone, Perturbations, Training
from claimcheck.errors import MeasurementFailed
from claimcheck.execution import Execution
from claimcheck.experiment.perturbed import frozen_sets, told
from claimcheck.measurement.measures import parse, values
from claimcheck.measurement.places import LABELS, NUMBERS, Places, arrange, clean_route, from_parquet, variant
from claimcheck.measurement.store import Store
from claimcheck.plan import Plan, make
from claimcheck.retrieval.building import build

PROFILE = """profiles:
  noisy:
    says: as tiny, with perturbed queries
    like: tiny
    arms:
      monolingual: {sampling: monolingual}
      hybrid: {sampling: hybrid, alpha: 0.5}
      hybrid-again: {sampling: hybrid, alpha: 0.5}
    perturbations: {families: [P1, P1z, P2, P5, P7], draws: 2}
"""
DRAWS = {"P1": 2, "P2": 2, "P5": 1, "P7": 1}  # P1z has no language here, P5 and P7 draw nothing
Command = Callable[..., "subprocess.CompletedProcess[str]"]


def with_profile(root: Path, folder: Path, profile: str = PROFILE) -> Path:
    shutil.copytree(root / "claims", folder / "claims")
    (folder / "reproductions").mkdir()
    text = (root / "reproductions" / "hybrid-batches.yaml").read_text(encoding="utf-8")
    assert text.count("\nprofiles:\n") == 1
    (folder / "reproductions" / "hybrid-batches.yaml").write_text(text.replace("profiles:\n", profile), encoding="utf-8")
    return folder / "claims"


def run(claims: Path, out: Path, store: Path, data_dir: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "claimcheck", "run", claims, "--profile", "noisy", "--only",
                           "hybrid-batches-12", "--store", store, "--out", out, "--data-dir", data_dir, *more], text=True,
                          capture_output=True, check=False, timeout=280)


@pytest.fixture(scope="module")
def made(root: Path, data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with claims, store and report of a run of the profile."""
    folder = tmp_path_factory.mktemp("noisy")
    done = run(with_profile(root, folder), folder / "out", folder / "store", data_dir, "--jobs", "2")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def plan(made: Path) -> Plan:
    library = read_library(made / "claims")
    return make([document.value for document in library.claims], library.reproductions["hybrid-batches"].value, "noisy")


@pytest.fixture(scope="module")
def measured(made: Path, plan: Plan, data_dir: Path) -> Measured:
    asked = works(plan, (data_dir,))
    assert isinstance(asked, tuple)
    return read(plan, asked, Store(path=made / "store"))


@pytest.fixture(scope="module")
def losses(measured: Measured) -> Robustness:
    (found,) = robustness(measured)
    return found


def table(store: Path) -> Places:
    return from_parquet(next(iter(sorted(store.glob("[!.p]*/places.parquet")))))


def test_each_draw_of_each_family_is_a_route_of_its_own_in_the_languages_in_which_it_exists(made: Path):
    places = table(made / "store")
    expected = ["xquad-r", *(variant("xquad-r", family, draw) for family, draws in DRAWS.items() for draw in range(draws))]
    assert list(places.route.names) == expected
    spoken = {name: set(places.query_language.strings()[places.route.strings() == name]) for name in expected}
    assert spoken == {name: {"de", "es"} if " P5 " in name else {"de", "en", "es"} for name in expected}  # English has none


def test_a_query_that_is_not_changed_keeps_its_places_and_one_that_the_encoder_does_not_see_changed_too(made: Path):
    places = table(made / "store")
    columns = ("route", "query_language", "question", "candidate_language")
    where = {key: row for row, key in enumerate(zip(*(getattr(places, name).strings().tolist() for name in columns),
                                                    strict=True))}
    moved = {True: 0, False: 0}
    for (route, *key), row in where.items():
        clean = where[clean_route(route), *key]
        same = all(getattr(places, name)[row] == getattr(places, name)[clean] for name in NUMBERS)
        if not places.applied[row] or " P7 " in route:  # n-grams are cut of letters and digits alone
            assert same
            assert places.agreement[row] == places.agreement[clean]
        else:
            moved[same] += 1
    assert moved[False] > 10 * moved[True]
    (cell,) = (each for each in values(places, parse("Applied"), "multilingual", variant("xquad-r", "P7", 0))
               if each.query_language == "en")
    assert cell.values.mean() > 0.9


def test_an_arm_loses_what_its_double_loses(losses: Robustness):
    for row in losses.rows:
        by_arm = {loss.arm: loss for loss in row.losses}
        if row.losses:
            assert replace(by_arm["hybrid-again"], arm="hybrid") == by_arm["hybrid"]
            assert by_arm["monolingual"] != replace(by_arm["hybrid"], arm="monolingual")


def test_what_the_encoder_does_not_see_is_no_op_and_out_of_the_averages_of_all_arms(losses: Robustness):
    rows = {row.family: row for row in losses.rows}
    assert list(rows) == ["P1", "P1z", "P2", "P5", "P7"]  # the headline is not whole, so there is none
    assert {cell.state for cell in rows["P7"].cells} == {State.NO_OP}
    assert {cell.state for cell in rows["P1z"].cells} == {State.ABSENT}
    assert rows["P7"].losses == rows["P1z"].losses == ()
    assert [cell.state for cell in rows["P5"].cells] == [State.COUNTS, State.ABSENT, State.COUNTS]
    for loss in rows["P5"].losses:
        assert [drop is None for drop in loss.by_language] == [False, True, False]
        assert loss.drop.value == pytest.approx(np.mean([loss.by_language[0], loss.by_language[2]]), abs=1e-12)


def test_losses_are_what_their_definitions_say(measured: Measured, losses: Robustness):
    row = next(row for row in losses.rows if row.family == "P1")
    loss = next(each for each in row.losses if each.arm == "monolingual")
    results = measured.results["n-grams", "monolingual"]

    def of(name: str, route: str) -> dict[str, list[np.ndarray]]:
        found: dict[str, list[np.ndarray]] = {}
        for result in results:
            places = result.places if route == "xquad-r" else result.perturbed
            for cell in values(places, parse(name), "multilingual", route):
                found.setdefault(cell.query_language, []).append(cell.values)
        return found

    clean, draws = of("AP", "xquad-r"), [of("AP", variant("xquad-r", "P1", draw)) for draw in range(2)]
    drop = {language: np.mean([clean[language][seed] - (draws[0][language][seed] + draws[1][language][seed]) / 2
                               for seed in range(3)]) for language in clean}
    assert loss.by_language == pytest.approx([drop[language] for language in losses.languages], abs=1e-12)
    assert loss.drop.value == pytest.approx(np.mean(list(drop.values())), abs=1e-12)
    worst = [np.mean([clean[language][seed] - np.minimum(draws[0][language][seed], draws[1][language][seed])
                      for seed in range(3)]) for language in clean]
    assert loss.worst == pytest.approx(np.mean(worst), abs=1e-12)
    assert loss.worst > loss.drop.value
    ratios = [np.log(np.mean([np.mean([each[language][seed].mean() for each in draws]) for language in clean])
                     / np.mean([clean[language][seed].mean() for language in clean])) for seed in range(3)]
    assert loss.retention is not None
    assert loss.retention.value == pytest.approx(np.mean(ratios), abs=1e-12)
    assert loss.perturbed == pytest.approx(loss.clean - loss.drop.value, abs=1e-12)
    assert 0 < loss.overlap < 1


def test_a_planted_loss_is_found_where_it_was_planted(measured: Measured, losses: Robustness):
    results = dict(measured.results)
    results["n-grams", "hybrid"] = tuple(replace(each, perturbed=worst(each.perturbed))
                                         for each in results["n-grams", "hybrid"])
    (found,) = robustness(replace(measured, results=results, cells={}))
    for before, after in zip(losses.rows, found.rows, strict=True):
        for one, other in zip(before.losses, after.losses, strict=True):
            if (before.family, one.arm) == ("P2", "hybrid"):
                assert other.drop.beyond.low > one.drop.beyond.high
                assert other.perturbed < one.perturbed
            else:
                assert other == one


def worst(places: Places | None) -> Places:
    """The same with all relevant candidates of queries of P2 last in their pools."""
    assert places is not None
    columns = {**{name: getattr(places, name) for name in LABELS}, **{name: getattr(places, name).copy() for name in NUMBERS},
               "applied": places.applied, "agreement": places.agreement}
    own = np.flatnonzero([" P2 " in name for name in places.route.strings()])
    _, behind = np.unique(places.candidate_language.codes[own], return_inverse=True)
    columns["place"][own] = places.pool[own] - behind
    columns["place_in_language"][own] = places.pool_in_language[own]
    columns["tied"][own] = columns["tied_in_language"][own] = 0
    return arrange(columns)


def test_the_report_shows_the_losses_apart_from_every_verdict(made: Path, root: Path, losses: Robustness, pdflatex: str):
    report = json.loads((made / "out" / "report.json").read_text(encoding="utf-8"))
    jsonschema.validate(report, json.loads((root / "schemas" / "report-v1.json").read_text(encoding="utf-8")))
    (given,) = report["experiments"][0]["robustness"]
    families = {each["family"]: each for each in given["families"]}
    assert families["P7"]["languages"]["en"]["state"] == "no-op"
    assert families["P7"]["losses"] == []
    assert families["P5"]["languages"]["en"] == {"state": "not applicable", "applied_percent": None, "visible_percent": None}
    assert families["P5"]["losses"][0]["by_language"]["en"]["value"] is None
    row = next(row for row in losses.rows if row.family == "P1")
    assert {each["arm"]: each["drop"]["value"] for each in families["P1"]["losses"]} == {
        loss.arm: pytest.approx(loss.drop.value, abs=1e-9) for loss in row.losses}
    page = (made / "out" / "index.html").read_text(encoding="utf-8")
    for each in families["P1"]["losses"]:
        assert f'{each["drop"]["printed"]}<small>[{each["beyond"]["low"]["printed"]}' in page
    assert "no query is perturbed by P3 here" in page  # so the claim, which asks for it, is not put to these runs
    assert report["claims"][0]["tiers"]["reduced"]["verdict"] == "not run"
    for name in families:
        if families[name]["set"]:
            assert (made / "store" / "perturbed" / f"{families[name]['set']}.jsonl").is_file()
    done = subprocess.run([pdflatex, "-interaction=nonstopmode", "-halt-on-error", "report.tex"], cwd=made / "out", text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert not re.findall(r"Overfull .hbox \((\d{2,})", done.stdout)


def test_a_set_is_frozen_once_for_all_arms_and_runs_and_a_second_way_ends_in_the_same_bytes(
        made: Path, root: Path, data_dir: Path, tmp_path: Path):
    sets = sorted((made / "store" / "perturbed").iterdir())
    assert len([each for each in sets if each.suffix == ".jsonl"]) == len(DRAWS)
    told = {json.dumps({name: each["set"] for name, each in leg["perturbed"]["families"].items()})
            for path in (made / "store").glob("[!.]*/run.json") for leg in json.loads(path.read_text())["legs"]}
    assert len(told) == 1
    again = tmp_path / "store"
    done = run(made / "claims", tmp_path / "out", again, data_dir, "--jobs", "1")
    assert done.returncode == 0, done.stderr
    for path in [*(made / "store").glob("[!.]*/places.parquet"), *sets]:
        assert (again / path.relative_to(made / "store")).read_bytes() == path.read_bytes(), path.name
    assert (tmp_path / "out" / "index.html").read_bytes()


def test_a_set_that_was_changed_stops_with_one_clear_error_and_nothing_is_lost(made: Path, data_dir: Path, tmp_path: Path):
    shutil.copytree(made / "store", tmp_path / "store")
    results = sorted((tmp_path / "store").glob("[!.p]*/places.parquet"))
    shutil.rmtree(results[0].parent)
    chosen = sorted((tmp_path / "store" / "perturbed").glob("*.jsonl"))[0]
    content = chosen.read_bytes()
    chosen.write_bytes(content.replace(b"true", b"false", 1))
    done = run(made / "claims", tmp_path / "out", tmp_path / "store", data_dir)
    assert done.returncode == 1
    assert "differ from the digest that names them" in done.stderr
    assert "run again, so that the set is made anew" in done.stderr
    assert "Traceback" not in done.stderr
    chosen.unlink()  # as it says
    done = run(made / "claims", tmp_path / "out", tmp_path / "store", data_dir)
    assert done.returncode == 0, done.stderr
    assert chosen.read_bytes() == content


def test_an_index_that_names_another_familys_set_is_not_believed(made: Path, data_dir: Path, tmp_path: Path):
    shutil.copytree(made / "store", tmp_path / "store")
    results = sorted((tmp_path / "store").glob("[!.p]*/places.parquet"))
    shutil.rmtree(results[0].parent)
    index = {json.loads(path.read_text())["family"]: path for path in (tmp_path / "store" / "perturbed").glob("*.json")}
    says = json.loads(index["P2"].read_text())
    index["P2"].write_text(json.dumps(says | {"set": json.loads(index["P1"].read_text())["set"]}))
    done = run(made / "claims", tmp_path / "out", tmp_path / "store", data_dir)
    assert done.returncode == 1
    assert f"{index['P2'].name}" in done.stderr
    assert "names a set that is not one of P2 on these questions" in done.stderr


def test_runs_that_were_put_to_different_texts_are_not_averaged(measured: Measured):
    results = dict(measured.results)
    record = json.loads(json.dumps(results["n-grams", "hybrid"][0].record))
    record["legs"][0]["perturbed"]["families"]["P2"]["set"] = "0" * 64
    results["n-grams", "hybrid"] = (replace(results["n-grams", "hybrid"][0], record=record), *results["n-grams", "hybrid"][1:])
    with pytest.raises(MeasurementFailed, match="put to different perturbed queries of P2"):
        robustness(replace(measured, results=results, cells={}))


def test_a_family_that_an_encoder_does_not_see_is_no_op_in_hindi_too(data_dir: Path, tmp_path: Path):
    # 75 of the questions are published with letters and nukta apart from NFC; joiners are deleted by LaBSE's normaliser
    whole = lareqa.read("xquad-r", {"hi": data_dir / "xquad-r" / "hi.json"})
    asked = Perturbations(families=("P11j",))
    other = [each.text for each in whole.parts["hi"].questions if not unicodedata.is_normalized("NFC", each.text)]
    texts = [*other, *(unicodedata.normalize("NFC", each) for each in other)]
    assert len(other) == 75
    checkpoint = tiny_checkpoints.labse(tmp_path / "labse", texts, layers=1, width=16, heads=2, vocabulary=1000)
    encoder = build(Backbone(encoder="transformers", folder="x", pooling="pooler"), (), Training(max_query_tokens=64), 0,
                    checkpoint, Execution(device="cpu"))
    seen = {}
    for name, corpus in (("as published", whole), ("in NFC", composed(whole))):
        sets = frozen_sets(asked, composed(whole), ("hi",), None)
        counts = told(asked, sets, corpus, encoder)["families"]["P11j"]["cells"]["hi"]
        seen[name] = counts["visible"] / counts["questions"]
    assert seen["in NFC"] < LEAST_VISIBLE < seen["as published"]


def test_the_headline_is_of_what_counts_and_of_the_light_budget_alone(losses: Robustness):
    from claimcheck.report.robustness import robustness as shown

    view = {each.family: each for each in shown(losses).families}
    assert (view["P1"].where, view["P5"].where, view["P7"].where) == ("all", "de, es alone", "")
    said = " ".join(shown(losses).says)
    assert "P7 wherever they exist" in said
    assert "Of no question here: P1z." in said


@pytest.mark.parametrize(("given", "said"), [
    ("{families: [P1, P15]}", "use a family P1 to P14"),
    ("{families: [P1, A1]}", "use a family P1 to P14"),
    ("{families: [P1, P2, P1]}", "`P1` stands twice"),
    ("{families: []}", "`families` is empty; give at least one"),
    ("{families: [P1], draws: 0}", "greater than or equal to 1"),
    ("{families: [P1], budget: heavy}", "`budget` cannot be `heavy`; use one of `light`, `medium`, `stress`"),
])
def test_what_cannot_be_perturbed_so_is_refused_with_its_place(given: str, said: str, root: Path, tmp_path: Path,
                                                               claimcheck: Command):
    claims = with_profile(root, tmp_path, re.sub(r"perturbations: .*", f"perturbations: {given}", PROFILE))
    done = claimcheck("validate", claims)
    assert done.returncode == 2
    assert re.search(r"hybrid-batches\.yaml:\d+:\d+", done.stdout)
    assert said in done.stdout


def test_a_profile_that_perturbs_queries_of_passages_by_language_says_so_before_anything_is_trained(
        root: Path, data_dir: Path, tmp_path: Path, claimcheck: Command):
    data = """    data:
      train: [xquad-r]
      evaluate: [miracl]
      languages: [en, es]
      routes:
        - {train: xquad-r, evaluate: miracl, evaluated_languages: [sw]}
    perturbations"""
    profile = PROFILE.replace("    perturbations", data)
    claims = with_profile(root, tmp_path, profile)
    done = claimcheck("plan", claims, "--profile", "noisy", "--data-dir", data_dir)
    assert "are not perturbed by this version" in done.stdout + done.stderr


def test_a_plan_promises_a_verdict_where_all_that_the_claim_asks_for_is_perturbed(made: Path, claimcheck: Command):
    done = claimcheck("plan", made / "claims", "--profile", "noisy", "--only", "hybrid-batches-12")
    lacks = "no query is perturbed by P3 here; no query is perturbed by P8 here"
    assert f"hybrid-batches-12: reduced (not with profile noisy: {lacks})" in done.stdout
    whole = claimcheck("plan", made / "claims", "--profile", "perturbed", "--only", "hybrid-batches-12")
    assert "hybrid-batches-12: reduced (with profile perturbed)" in whole.stdout
    quick = claimcheck("plan", made / "claims", "--profile", "quick", "--only", "hybrid-batches-12")
    assert "hybrid-batches-12: reduced (not with profile quick: no query is perturbed in it)" in quick.stdout


def test_what_has_no_value_is_no_number():
    values = np.array([[0.5, 0.25]])
    piece = Piece(language="en", family="P1", clean=values, draws=values[None] / 2, applied=np.ones((1, 1, 2)), overlap=0.5,
                  distance=None, monolingual=None, clusters=np.array([0, 1]))
    alone = loss_of("arm", [piece], ("en",), 0)
    assert (alone.distance, alone.monolingual) == (None, None)
    assert loss_of("arm", [replace(piece, distance=2.0, monolingual=-0.125)], ("en",), 0).monolingual == 0.125  # what is lost
    assert alone.drop.value == pytest.approx((0.25 + 0.125) / 2)  # half of each, two questions
