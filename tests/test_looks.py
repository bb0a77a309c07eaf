"""Looks that were planned: levels that add up, who is decided when, what is saved, what the journal makes of a changed plan."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from claimcheck.appraisal import journal
from claimcheck.appraisal.stages import Stage, looks_taken, works_at
from claimcheck.errors import FileFaults
from claimcheck.plan import make
from claimcheck.reproduction import ALPHA, Look, Reproduction
from claimcheck.reproduction_files import load
from claimcheck.stats.cells import Cell
from claimcheck.stats.two_way import Estimand, p_above, paired

LOOKS = "    looks:\n      - {runs: 3, alpha: 0.005}\n      - {runs: 5, alpha: 0.045}\n"


@pytest.fixture
def planted(root: Path) -> str:
    """The self-test's reproduction: five arms and five seeds, seconds of training."""
    return (root / "claimcheck" / "selftest" / "reproductions" / "planted.yaml").read_text(encoding="utf-8")


def loaded(text: str, folder: Path) -> Reproduction:
    path = folder / "planted.yaml"
    path.write_text(text, encoding="utf-8")
    document, faults = load(path)
    if faults:
        raise FileFaults(faults)
    assert document is not None
    return document.value


def with_looks(text: str, looks: str) -> str:
    return re.sub(r"(?m)^    seeds: 5$", f"    seeds: 5\n{looks.rstrip()}", text)


@pytest.mark.parametrize(("looks", "words"), [
    ("    looks: [{runs: 5, alpha: 0.03}, {runs: 3, alpha: 0.01}]", "each look is at more runs than the one before"),
    ("    looks: [{runs: 3, alpha: 0.03}, {runs: 5, alpha: 0.03}]", "spend 0.06 in all, and there is 0.05"),
    ("    looks: [{runs: 3, alpha: 0.01}, {runs: 4, alpha: 0.03}]", "is after 4 runs, and it has 5 `seeds`"),
    ("    looks: [{runs: 2, alpha: 0.01}, {runs: 5, alpha: 0.03}]", "greater than or equal to 3"),
    ("    like: nobody", "which is no other profile that stands by itself"),
])
def test_looks_that_cannot_be_are_refused(planted: str, tmp_path: Path, looks: str, words: str):
    with pytest.raises(FileFaults, match=re.escape(words)):
        loaded(with_looks(planted, looks), tmp_path)


def test_a_plan_without_looks_has_one_at_the_whole_level(planted: str, tmp_path: Path):
    plan = make([], loaded(planted, tmp_path), "planted")
    assert plan.looks == (Look(runs=5, alpha=ALPHA),)
    assert plan.cut(plan.looks[0]).runs == plan.runs


def test_at_a_look_stand_the_first_seeds_of_every_arm(planted: str, tmp_path: Path):
    plan = make([], loaded(with_looks(planted, LOOKS), tmp_path), "planted", first_seed=7)
    first = plan.cut(plan.looks[0]).runs
    assert {run.seed for run in first} == {7, 8, 9}
    assert len(first) == 3 * len({run.condition.arm for run in plan.runs})
    assert plan.cut(plan.looks[1]).runs == plan.runs


def test_a_profile_like_another_is_the_same_runs(root: Path):
    document, _ = load(root / "reproductions" / "hybrid-batches.yaml")
    assert document is not None
    quick, sequential = (make([], document.value, name) for name in ("quick", "sequential"))
    assert {run.digest for run in quick.runs} < {run.digest for run in sequential.runs}
    assert sequential.says != quick.says
    assert sum(look.alpha for look in sequential.looks) == pytest.approx(ALPHA)


def test_looks_keep_the_level_that_unadjusted_looks_double():
    # an effect of nothing, looked at after 3, 5 and 8 runs: how often is it said to be above zero at any look?
    random = np.random.default_rng(8)
    clusters, found, plain = np.arange(2), 0, 0
    worlds = 4_000
    for effects in random.standard_normal((worlds, 8)):
        p = [p_above(paired([Cell(values=np.repeat(effects[:runs, None], 2, axis=1), clusters=clusters)]),
                     Estimand.BENCHMARK, 0.0) for runs in (3, 5, 8)]
        found += any(each <= alpha for each, alpha in zip(p, (0.005, 0.015, 0.03), strict=True))
        plain += any(each <= ALPHA for each in p)
    error = (0.05 * 0.95 / worlds) ** 0.5
    assert found / worlds <= 0.05 + 2 * error
    assert plain / worlds > 0.08


@pytest.fixture(scope="module")
def project(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The self-test's claims as a project of its own, its synthetic corpus evaluated with looks after three and five runs."""
    folder = tmp_path_factory.mktemp("looks")
    own = root / "claimcheck" / "selftest"
    (folder / "reproductions").mkdir()
    (folder / "claims").mkdir()
    text = (own / "reproductions" / "planted.yaml").read_text(encoding="utf-8")
    (folder / "reproductions" / "planted.yaml").write_text(with_looks(text, LOOKS), encoding="utf-8")
    for path in (own / "claims").glob("*.yaml"):
        (folder / "claims" / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    return folder


def test_what_is_decided_at_the_first_look_needs_no_further_runs(project: Path):
    from claimcheck.appraisal.library import read_library
    from claimcheck.appraisal.stages import stage
    from claimcheck.appraisal.works import works
    from claimcheck.engine.driving import Told
    from claimcheck.engine.engines import run_all
    from claimcheck.execution import Hands
    from claimcheck.measurement.store import Store

    library = read_library(project / "claims", project / "reproductions")
    library.raise_faults()
    claims = [document.value for document in library.claims]
    plan = make(claims, library.reproductions["planted"].value, "planted")
    asked = works(plan, ())
    assert isinstance(asked, tuple)
    store = Store(path=project / "store")
    taken: list[Stage] = []
    for look in plan.looks:
        own = works_at(plan, look, asked)
        run_all([work for work in own if not store.has(work.key)], store, Hands(jobs=2), Told(done=lambda _: None))
        taken.append(stage(plan, look, claims, asked, store))
    assert [len(each.measured.plan.runs) for each in taken] == [15, 25]
    assert [each.look.alpha for each in taken] == [0.005, 0.045]
    first, last = taken
    for name, tested in first.family.tested.items():  # the level of a look is what its claims share, and no more
        assert tested.level_for <= 0.005
        assert last.family.tested[name].level_for <= 0.045
    assert last.decided >= first.decided  # planted truths: whatever three runs tell, five tell too
    assert last.settles_all
    told = looks_taken(taken)
    assert "3 (0.005), 5 (0.045)" in told[0]
    assert len(told) == 3  # a line each look, and nothing was saved
    assert looks_taken(taken[:1])[-1].startswith("nothing was left open, so 10 of 25 runs were not made")


GLANCE = """
  glance:
    says: three languages and a few steps, with a look after three runs
    like: tiny
    arms:
      monolingual: {sampling: monolingual}
      crosslingual: {sampling: cross-lingual}
    data:
      train: [xquad-r]
      evaluate: [xquad-r]
      languages: [en, de, es]
      routes:
        - {train: xquad-r, evaluate: xquad-r, split: {evaluate: 12, seed: 2}}
    seeds: 5
    looks: [{runs: 3, alpha: 0.005}, {runs: 5, alpha: 0.045}]
  paper:
"""
CLAIM = """spec_version: 1
id: no-worse
statement: Cross-lingual batches lose no more than half of all there is to lose.
kind: conjunction
scope: benchmark
paper: arXiv:2408.10536
where: our own question, so wide that three runs answer it
reproduction: hybrid-batches
atoms:
  - id: it
    says: it
    chosen: set before any run
    rerun:
      - non_inferiority: {arm: crosslingual, against: [monolingual], measure: AP, settings: [multilingual],
                          datasets: [xquad-r], margin: 0.5}
"""


def test_a_run_stops_at_the_look_that_decides_and_a_report_stops_there_too(root: Path, data_dir: Path, tmp_path: Path):
    text = (root / "reproductions" / "hybrid-batches.yaml").read_text(encoding="utf-8")
    (tmp_path / "reproductions").mkdir()
    (tmp_path / "claims").mkdir()
    (tmp_path / "claims" / "no-worse.yaml").write_text(CLAIM, encoding="utf-8")
    made = text.replace("\n  paper:\n    says", GLANCE + "    says", 1)
    assert made != text
    (tmp_path / "reproductions" / "hybrid-batches.yaml").write_text(made, encoding="utf-8")

    def call(verb: str, out: str) -> str:
        asked = [verb, "claims", "--profile", "glance", "--store", "store", "--out", out, "--data-dir", str(data_dir)]
        done = subprocess.run([sys.executable, "-m", "claimcheck", *asked], text=True, capture_output=True, cwd=tmp_path,
                              check=False)
        assert done.returncode == 0, done.stderr
        return done.stderr

    said = call("run", "one")
    assert "look 1 of 2: 9 runs made, 0 already in" in said  # two arms and the encoder before training
    assert "every claim that the runs test is decided after 3 runs an arm; 6 runs need not be made" in said
    assert "look 2" not in said
    call("report", "two")
    for name in ("report.json", "index.html", "report.tex"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    report = json.loads((tmp_path / "one" / "report.json").read_text(encoding="utf-8"))
    tier = report["claims"][0]["tiers"]["reduced"]
    assert tier["verdict"] == "proxy supports"
    assert any("look 1 of 2 that were planned, after 3 runs an arm, at a level of 0.005" in each for each in tier["says"])
    assert {run["seed"] for run in report["experiments"][0]["runs"]} == {0, 1, 2}
    again = call("run", "three")
    assert "nothing to run, 9 already in" in again


def test_other_looks_are_another_design_to_the_journal(planted: str, tmp_path: Path):
    plan = make([], loaded(with_looks(planted, LOOKS), tmp_path), "planted")
    path = tmp_path / "journal.jsonl"
    journal.record(path, plan, 0)
    journal.record(path, plan, 15)  # the first look was taken
    assert journal.looks(path, plan).other == ()
    later = replace(plan, looks=(Look(runs=3, alpha=0.02), Look(runs=5, alpha=0.03)))
    assert journal.looks(path, later).other  # levels that were chosen after results stood
    assert len([json.loads(line) for line in path.read_text().splitlines()]) == 2
