"""A run's rankings in the field's formats: the same numbers by our places, by `score` and by trec_eval, query by query."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import pytrec_eval

from claimcheck.appraisal.library import read_library
from claimcheck.corpora.manifest import manifest
from claimcheck.design import Route
from claimcheck.engine.working import legs
from claimcheck.experiment.leg import Leg
from claimcheck.experiment.listing import Listing, listing
from claimcheck.measurement.measures import Setting, parse, values
from claimcheck.measurement.places import Places, from_parquet
from claimcheck.measurement.provenance import Ingredients
from claimcheck.measurement.scoring import score
from claimcheck.measurement.store import Store, stored
from claimcheck.measurement.trec import read_judgments, read_run, write_judgments, write_run
from claimcheck.measurement.work import work
from claimcheck.plan import make

MEASURES = ("AP", "RR", "nDCG@10", "R@10", "R@1", "Max@R")
TREC_EVAL = {"AP": "map", "RR": "recip_rank", "nDCG@10": "ndcg_cut_10", "R@10": "recall_10", "R@1": "recall_1"}


def leg_of(root: Path, data_dir: Path, profile: str, arm: str, route: Route | None = None) -> Leg:
    """The first seed of an arm, on the profile's own route or on another."""
    library = read_library(root / "claims")
    plan = make([document.value for document in library.claims], library.reproductions["hybrid-batches"].value, profile)
    run = next(run for run in plan.runs if run.condition.arm == arm)
    if route is not None:
        data = replace(run.condition.data, train=(route.train,), evaluate=(route.evaluate,), routes=(route,))
        run = replace(run, condition=replace(run.condition, data=data))
    files = {name: {file.language: data_dir / file.path for file in manifest()[name].files if file.language}
             for name in ("xquad-r", "mlqa-r")}
    (leg,) = legs(work(run, Ingredients(sources="s", libraries={}, data=dict.fromkeys(files, "d")), files))
    return leg


def of_places(places: Places, measure: str, setting: Setting) -> dict[str, float]:
    """Topic, as a listing names it -> value."""
    made = {}
    for cell in values(places, parse(measure), setting):
        other = f">{cell.candidate_language}" if setting is Setting.CROSS_LINGUAL else ""
        by_question = zip(cell.questions.tolist(), cell.values.tolist(), strict=True)
        made |= {f"{cell.query_language}{other}/{question}": value for question, value in by_question}
    return made


def checked(found: Listing, setting: Setting, folder: Path) -> Mapping[str, Mapping[str, float]]:
    """Hold three ways of measuring against each other on files that were written and read; what trec_eval says."""
    write_run(folder / "a.run", found.lists, "test")
    write_judgments(folder / "a.qrels", found.judgments)
    ours = score(read_run(folder / "a.run"), read_judgments(folder / "a.qrels"), [parse(each) for each in MEASURES])
    judgments, lists = ({topic: dict(each) for topic, each in given.items()} for given in (found.judgments, found.lists))
    theirs = pytrec_eval.RelevanceEvaluator(judgments, set(TREC_EVAL.values())).evaluate(lists)
    for column, measure in enumerate(MEASURES):
        by_topic = dict(zip(ours.queries, ours.values[:, column].tolist(), strict=True))
        expected = of_places(found.places, measure, setting)
        assert by_topic.keys() == expected.keys() == theirs.keys()
        assert max(abs(by_topic[topic] - expected[topic]) for topic in expected) == 0
        if measure in TREC_EVAL:
            assert max(abs(by_topic[topic] - theirs[topic][TREC_EVAL[measure]]) for topic in expected) <= 1e-12
    return theirs


def test_real_scores_of_a_trained_encoder_give_trec_evals_values(root: Path, data_dir: Path, tmp_path: Path):
    found = listing(leg_of(root, data_dir, "quick", "hybrid"), Setting.MULTILINGUAL, 10**6)
    assert (len(found.lists), found.left_out, len(next(iter(found.lists.values())))) == (1695, 0, 1590)  # 339 x 5 questions
    checked(found, Setting.MULTILINGUAL, tmp_path)
    kept = root / "reports" / "hybrid-batches" / "store"
    same = [key for key in sorted(path.name for path in kept.iterdir() if path.is_dir())
            if (record := Store(path=kept).read(key)[1])["seed"] == 0 and record["condition"]["arm"] == "hybrid"]
    committed = from_parquet((kept / same[0] / "places.parquet").read_bytes())
    ours, theirs = (of_places(each, "AP", Setting.MULTILINGUAL) for each in (found.places, committed))
    assert ours.keys() == theirs.keys()
    assert ours == pytest.approx(theirs, abs=0.01)  # another processor may round a score's last bit otherwise


@pytest.mark.parametrize("setting", [Setting.MONOLINGUAL, Setting.CROSS_LINGUAL])
def test_pools_of_single_languages_give_the_same(root: Path, data_dir: Path, tmp_path: Path, setting: Setting):
    found = listing(leg_of(root, data_dir, "tiny", "hybrid"), setting, 10**6)
    checked(found, setting, tmp_path)
    assert found.left_out == 0  # XQuAD-R is parallel


def test_questions_without_a_relevant_candidate_in_a_pool_are_left_out_and_counted(root: Path, data_dir: Path, tmp_path: Path):
    route = Route(train="xquad-r", evaluate="mlqa-r", languages=("de", "es"))
    found = listing(leg_of(root, data_dir, "tiny", "untrained", route), Setting.CROSS_LINGUAL, 10**6)
    checked(found, Setting.CROSS_LINGUAL, tmp_path)
    # each question has an answer in its own language, and is asked of one other
    assert len(found.lists) + found.left_out == len(of_places(found.places, "AP", Setting.MONOLINGUAL))
    # 512 and 500 questions, as published; 196 ids stand in both files, counted from them by hand
    assert (len(found.lists), found.left_out) == (2 * 196, 512 + 500 - 2 * 196)


def test_a_shorter_list_is_the_beginning_of_a_longer_one(root: Path, data_dir: Path):
    leg = leg_of(root, data_dir, "tiny", "untrained")
    whole, short = (listing(leg, Setting.MULTILINGUAL, depth) for depth in (10**6, 7))
    assert {topic: list(scores.items())[:7] for topic, scores in whole.lists.items()} == {
        topic: list(scores.items()) for topic, scores in short.lists.items()}
    assert whole.judgments == short.judgments


# ---------------------------------------------------------------- the command


def test_the_command_writes_run_and_judgments_that_score_reads(claimcheck, root: Path, data_dir: Path, tmp_path: Path):
    planned = claimcheck("plan", root / "claims", "--profile", "tiny", "--data-dir", data_dir).stdout
    key = next(line.split()[0] for line in planned.splitlines() if "untrained  seed 0" in line)
    shared = (root / "claims", "--run", key, "--profile", "tiny", "--data-dir", data_dir, "--depth", "50")
    done = claimcheck("export-run", *shared, "--out", tmp_path / "trec")
    assert done.returncode == 0, done.stderr
    assert "0 without a relevant candidate left out" in done.stdout
    assert (f"{key}: the same places as in" in done.stderr) or ("does not stand in" in done.stderr)
    run, qrels = tmp_path / "trec" / "xquad-r.multilingual.run", tmp_path / "trec" / "xquad-r.multilingual.qrels"
    assert run.read_text().startswith("# ir_metadata.start\n")
    scored = claimcheck("score", run, qrels)
    assert scored.returncode == 0, scored.stderr
    assert "R@10" in scored.stdout
    assert claimcheck("export-run", *shared, "--out", tmp_path / "plain", "--plain").returncode == 0
    lines = (tmp_path / "plain" / "xquad-r.multilingual.run").read_text()
    assert run.read_text().endswith(f"# ir_metadata.end\n{lines}")


def test_a_run_that_comes_out_otherwise_than_it_stands_in_the_store_is_an_error(claimcheck, root: Path, data_dir: Path,
                                                                               tmp_path: Path):
    own = ("--profile", "tiny", "--data-dir", data_dir, "--store", tmp_path / "store")
    planned = json.loads(claimcheck("plan", root / "claims", *own, "--format", "json").stdout)
    key, = (run["key"] for plan in planned["plans"] for run in plan["runs"] if (run["arm"], run["seed"]) == ("untrained", 0))
    other = next((root / "reports" / "hybrid-batches" / "store").glob("*/places.parquet")).read_bytes()
    Store(path=tmp_path / "store").publish(key, stored(other, {"key": key}))  # somebody else's places under this run's key
    done = claimcheck("export-run", root / "claims", "--run", key, *own, "--depth", "3", "--out", tmp_path / "trec")
    assert done.returncode == 1
    assert "the run came out otherwise than it stands in" in done.stderr


def test_a_key_that_names_no_run_or_several_is_refused(claimcheck, root: Path, data_dir: Path, tmp_path: Path):
    for key, what in (("zz", "no run of this profile has such a key"), ("", "no run of this profile has such a key")):
        done = claimcheck("export-run", root / "claims", "--run", key, "--out", tmp_path / "out", "--profile", "tiny",
                          "--data-dir", data_dir)
        assert done.returncode == 2
        assert what in done.stderr
        assert "`claimcheck plan` lists the runs" in done.stderr
    assert not (tmp_path / "out").exists()
