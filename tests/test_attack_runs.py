"""Runs of attacks: all arms of a seed trained, attacked and put to what was made on others, from a profile to the report."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import torch

from claimcheck.appraisal.attacks import Attacks, attacks
from claimcheck.appraisal.library import read_library
from claimcheck.appraisal.measured import Measured, read
from claimcheck.appraisal.works import works
from claimcheck.corpora.corpus import Candidate, LanguagePart, ParallelCorpus, Question
from claimcheck.experiment.attacked import part_of
from claimcheck.measurement.measures import parse, values
from claimcheck.measurement.places import attacked, variant
from claimcheck.measurement.store import Store
from claimcheck.perturbation.frozen import read as read_set
from claimcheck.plan import ATTACKED, Plan, make
from claimcheck.retrieval.hinge import ROWS, scorer
from claimcheck.retrieval.ranking import pose
from tests.test_perturbed_runs import with_profile

PROFILE = """profiles:
  attacked:
    says: as tiny, with perturbed queries and attacks
    like: tiny
    arms:
      monolingual: {sampling: monolingual}
      crosslingual: {sampling: cross-lingual}
      hybrid: {sampling: hybrid, alpha: 0.5}
    perturbations: {families: [P1, P1z, P2, P3, P5, P7, P8], draws: 1}
    attacks: {kinds: [A1, A2, A3], arms: [monolingual, crosslingual, hybrid], per_article: 2}
"""
ARMS = ("monolingual", "crosslingual", "hybrid")
PAIRS = [("hybrid", "monolingual"), ("hybrid", "crosslingual")]


def run(claims: Path, out: Path, store: Path, data_dir: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "claimcheck", "run", claims, "--profile", "attacked", "--only",
                           "hybrid-batches-12", "--store", store, "--out", out, "--data-dir", data_dir, *more], text=True,
                          capture_output=True, check=False, timeout=280)


@pytest.fixture(scope="module")
def made(root: Path, data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with claims, store and report of a run of the profile."""
    folder = tmp_path_factory.mktemp("attacked")
    done = run(with_profile(root, folder, PROFILE), folder / "out", folder / "store", data_dir, "--jobs", "2")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def plan(made: Path) -> Plan:
    library = read_library(made / "claims")
    return make([document.value for document in library.claims], library.reproductions["hybrid-batches"].value, "attacked")


@pytest.fixture(scope="module")
def measured(made: Path, plan: Plan, data_dir: Path) -> Measured:
    asked = works(plan, (data_dir,))
    assert isinstance(asked, tuple)
    return read(plan, asked, Store(path=made / "store"))


@pytest.fixture(scope="module")
def found(measured: Measured) -> Attacks:
    made = attacks(measured, "n-grams", "xquad-r", PAIRS)
    assert made is not None
    return made


def test_runs_of_attacks_are_no_arm_and_move_no_other_run(plan: Plan, measured: Measured, made: Path):
    assert [run.condition.arm for run in plan.attacks] == [ATTACKED] * 3
    assert all(tuple(run.condition.attacked) == ARMS for run in plan.attacks)
    assert measured.arms == ("untrained", *ARMS)
    assert [result.seed for result in measured.attacked["n-grams"]] == [run.seed for run in plan.attacks]
    library = read_library(made / "claims")
    reproduction = library.reproductions["hybrid-batches"].value
    without = replace(reproduction, profiles={**reproduction.profiles, "attacked": replace(
        reproduction.profiles["attacked"], attacks=None)})
    assert [run.digest for run in make([], without, "attacked").runs] == [run.digest for run in plan.runs]
    assert not make([], without, "attacked").attacks
    own = {run.condition.arm: run.condition for run in plan.runs}
    for arm in ARMS:  # an attacked arm is trained as its own run is
        assert plan.attacks[0].condition.of_arm(arm) == replace(own[arm], perturbations=None)


def test_an_attacked_arm_is_the_one_of_its_own_run(measured: Measured):
    for arm in ARMS:
        for own, other in zip(measured.results["n-grams", arm], measured.attacked["n-grams"], strict=True):
            assert other.perturbed is not None
            whole = {cell.query_language: dict(zip(cell.questions.tolist(), cell.values.tolist(), strict=True))
                     for cell in values(own.places, parse("AP"), "multilingual", "xquad-r")}
            for cell in values(other.perturbed, parse("AP"), "multilingual", variant("xquad-r", f"clean {arm}", 0)):
                assert [whole[cell.query_language][name] for name in cell.questions] == cell.values.tolist()


def test_a_first_place_is_lost_where_the_objective_says_so(measured: Measured, found: Attacks, made: Path):
    (leg,) = measured.attacked["n-grams"][0].record["legs"]
    table = measured.attacked["n-grams"][0].perturbed
    assert table is not None
    for arm in ARMS:
        for kind in ("A1", "A2", "A3"):
            told = leg["attacks"]["arms"][arm]["attacks"][kind]["2"]
            for cell in values(table, parse("RR"), "multilingual", attacked("xquad-r", kind, arm, arm, 2)):
                # ties are broken by id where J is 0 to the last bit; of vectors made in other blocks bits may differ
                assert abs(int((cell.values < 1).sum()) - told[cell.query_language]["lost"]) <= 1
                assert told[cell.query_language]["questions"] == len(cell.values)
                assert told[cell.query_language]["lost"] >= told[cell.query_language]["lost_before"]
    assert {row.search.queries for row in found.rows if row.search is not None} == {3 * found.queries}


def test_what_was_made_is_frozen_and_put_to_every_arm(measured: Measured, made: Path, found: Attacks):
    (leg,) = measured.attacked["n-grams"][0].record["legs"]
    sets = {arm: read_set(made / "store" / "perturbed", digest) for arm, digest in leg["attacks"]["sets"].items()}
    assert tuple(sets) == ARMS
    questions = sum(leg["attacks"]["questions"].values())
    assert {len(each) for each in sets.values()} == {questions * 3 * 2}
    changed = {arm: {(each.family, each.draw, each.language, each.id) for each in own if each.applied}
               for arm, own in sets.items()}
    table = measured.attacked["n-grams"][0].perturbed
    assert table is not None
    for made_on in ARMS:
        for put_to in ARMS:
            name = attacked("xquad-r", "A1", made_on, put_to, 2)
            cells = {cell.query_language: cell for cell in values(table, parse("Applied"), "multilingual", name)}
            told = {(language, question) for language, cell in cells.items()
                    for question, flag in zip(cell.questions, cell.values, strict=True) if flag}
            assert told == {(language, question) for family, draw, language, question in changed[made_on]
                            if (family, draw) == ("A1", 1)}
    transfer = [row for row in found.rows if row.made_on != row.put_to]
    assert len(transfer) == 3 * 3 * 2
    assert all(row.edits == 2 and row.search is None for row in transfer)


def test_no_other_arms_attack_hurts_an_arm_more_than_its_own(found: Attacks):
    own = {(row.made_on, row.put_to): row for row in found.rows if row.attack == "A1" and row.edits == 2}
    drops = {name: row.drop.value for name, row in own.items()}
    for arm in ARMS:
        lost = {made_on: row.success.value for (made_on, put_to), row in own.items()
                if put_to == arm and row.success is not None}
        assert lost[arm] == max(lost.values()) > 0
        assert drops[arm, arm] > 0
    for each in found.contrasts:
        if each.edits == 2 and each.attack == "A1":
            assert each.drop.value == pytest.approx(drops[each.rival, each.rival] - drops[each.arm, each.arm], abs=1e-12)


def test_the_report_tells_of_attacks_apart_from_every_verdict(made: Path, root: Path, found: Attacks, pdflatex: str):
    report = json.loads((made / "out" / "report.json").read_text(encoding="utf-8"))
    jsonschema.validate(report, json.loads((root / "schemas" / "report-v1.json").read_text(encoding="utf-8")))
    (given,) = report["experiments"][0]["robustness"]
    kinds = [grid["kind"] for grid in given["grids"]]
    assert kinds == ["contrast", "profile", "contrast", "profile", "first places", "margins", "attack success", "attack drop",
                     "attack contrast", "transfer", "transfer", "transfer"]
    (success,) = (grid for grid in given["grids"] if grid["kind"] == "attack drop")
    own = {(f"{row.attack}, {row.edits} edit{'s' * (row.edits > 1)}", row.made_on): row.drop.value for row in found.rows
           if row.made_on == row.put_to}
    for row in success["rows"]:
        for arm, cell in zip(success["columns"], row["cells"], strict=True):
            assert cell["value"] == pytest.approx(own[row["name"], arm], abs=1e-9)
    page = (made / "out" / "index.html").read_text(encoding="utf-8")
    assert given["attacks"]["run_keys"] == list(found.keys)
    assert all(key in page for key in found.keys)
    assert f"on {found.queries:,} queries of {found.articles} articles" in page
    by = {(each["by"], each["language"]) for each in given["examples"]}
    assert {("P2", "de"), ("P5", "es"), ("A1", "en")} <= by
    done = subprocess.run([pdflatex, "-interaction=nonstopmode", "-halt-on-error", "report.tex"], cwd=made / "out", text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert not re.findall(r"Overfull .hbox \((\d{2,})", done.stdout)


def test_one_process_makes_the_same_bytes_as_two(made: Path, data_dir: Path, tmp_path: Path):
    chosen = [path.parent for path in (made / "store").glob("[!.p]*/run.json")
              if json.loads(path.read_text())["condition"]["arm"] == ATTACKED]
    assert len(chosen) == 3
    shutil.copytree(made / "store", tmp_path / "store")
    for folder in chosen:
        shutil.rmtree(tmp_path / "store" / folder.name)
    done = run(made / "claims", tmp_path / "out", tmp_path / "store", data_dir, "--jobs", "1")
    assert done.returncode == 0, done.stderr
    for folder in chosen:
        assert (tmp_path / "store" / folder.name / "places.parquet").read_bytes() == (folder / "places.parquet").read_bytes()


def toy(questions: int = 3, sentences: int = 40) -> ParallelCorpus:
    def part(language: str) -> LanguagePart:
        asked = tuple(Question(id=f"q{n}", language=language, text=f"{language} question {n}", article=f"a{n % 2}")
                      for n in range(questions))
        pool = tuple(Candidate(id=f"toy/{language}/{n:05}", language=language, text=f"{language} sentence {n % 35}")
                     for n in range(sentences))  # some texts stand twice
        return LanguagePart(language=language, questions=asked, candidates=pool,
                            relevant={f"q{n}": n for n in range(questions)})

    return ParallelCorpus(name="toy", parts={language: part(language) for language in ("de", "en")})


def embed(texts: list[str], role: str) -> torch.Tensor:
    """A vector that follows from its text alone."""
    rows = [np.random.default_rng(list(f"{role} {text}".encode())).standard_normal(16) for text in texts]
    return torch.from_numpy(np.array(rows, np.float32).reshape(-1, 16))


def test_the_objective_is_the_best_irrelevant_score_less_the_best_relevant_one_alone_as_in_a_batch():
    corpus = toy()
    places, score = scorer(pose(corpus, embed), embed)
    texts = [f"other words {number}" for number in range(2 * ROWS + 5)]
    lists = [(places["de", "q0"], texts), (places["en", "q2"], texts[:3]), (places["en", "q2"], texts[3:])]
    together = score(lists)
    pool = [each for part in corpus.parts.values() for each in part.candidates]
    vectors = {each.text: embed([each.text], "passage")[0].numpy() for each in pool}
    for (place, own), j in zip(lists, together, strict=True):
        name = next(name for name, at in places.items() if at == place)[1]
        relevant = {part.candidates[part.relevant[name]].text for part in corpus.parts.values()}
        for text, value in zip(own, j, strict=True):
            scores = {each: float(vectors[each] @ embed([text], "query")[0].numpy()) for each in vectors}
            expected = max(s for each, s in scores.items() if each not in relevant) - max(scores[each] for each in relevant)
            assert value == pytest.approx(expected, abs=1e-4)
        (alone,) = score([(place, own)])
        assert alone.tobytes() == j.tobytes()
    (one,) = score([(places["en", "q2"], [texts[1]])])
    assert one[0] == together[1][1]


def test_questions_to_attack_are_the_same_whatever_else_is_evaluated():
    corpus = toy(questions=12)
    part = part_of(corpus, 2)
    ids = {language: [each.id for each in own.questions] for language, own in part.parts.items()}
    assert ids["de"] == ids["en"]
    assert sorted(each.article for each in part.parts["de"].questions) == ["a0", "a0", "a1", "a1"]
    assert all(own.candidates == corpus.parts[language].candidates for language, own in part.parts.items())
    alone = replace(corpus, parts={"en": replace(corpus.parts["en"], questions=tuple(
        each for each in corpus.parts["en"].questions if each.article == "a1"))})
    assert [each.id for each in part_of(alone, 2).parts["en"].questions] == [
        each.id for each in part.parts["en"].questions if each.article == "a1"]


@pytest.mark.parametrize(("given", "said"), [
    ("{kinds: [A4]}", "use A1, A2 or A3"), ("{kinds: []}", "give at least one"), ("{kinds: [A1, A1]}", "`A1` stands twice"),
    ("{kinds: [A1], arms: [other]}", "`attacks` names the arm `other`"), ("{kinds: [A1], edits: 0}", "or equal to 1")])
def test_attacks_that_cannot_be_made_are_refused_with_their_place(given: str, said: str, root: Path, tmp_path: Path,
                                                                  claimcheck):
    done = claimcheck("validate", with_profile(root, tmp_path, re.sub(r"attacks: .*", f"attacks: {given}", PROFILE)))
    assert done.returncode == 2
    assert re.search(r"hybrid-batches\.yaml:\d+:\d+", done.stdout)
    assert said in done.stdout
