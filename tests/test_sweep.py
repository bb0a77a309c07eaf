"""What a paper leaves open, swept: other values are run and judged by themselves, and nothing of the main plan moves."""

import json
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest

from claimcheck.appraisal import journal
from claimcheck.appraisal.family import family
from claimcheck.appraisal.measured import Measured, Result
from claimcheck.appraisal.runs import Runs, rerun_verdict
from claimcheck.appraisal.stages import Stage
from claimcheck.appraisal.sweep import Point, Sweep, sweeps, told
from claimcheck.appraisal.swept import Judged, Swept, judged, sentence
from claimcheck.appraisal.tier_verdict import TierVerdict, Unavailable
from claimcheck.claim import Atom, Claim, Kind, Scope
from claimcheck.cli import main
from claimcheck.errors import UsageFault
from claimcheck.measurement.places import LABELS, NUMBERS, Places, arrange
from claimcheck.plan import Plan, make
from claimcheck.prediction import RerunPrediction, Setting
from claimcheck.prediction.rerun import Difference
from claimcheck.report import html, json_export, latex
from claimcheck.report.latex_sweeps import swept_pieces
from claimcheck.report.sweeps import sweep_view
from claimcheck.reproduction import Underspecified
from claimcheck.reproduction_files import ReproductionFile, load
from claimcheck.tier import Tier
from claimcheck.verdict import TierWord

FIELD = "training.temperature"


@pytest.fixture(scope="module")
def document(root: Path) -> ReproductionFile:
    """The paper's reproduction, three of its open fields with values that tests can rely on."""
    made, faults = load(root / "reproductions" / "hybrid-batches.yaml")
    assert made is not None, faults
    for field, values in ((FIELD, (0.05, 0.01, 1)), ("training.warmup_steps", (1000,)),
                          ("training.schedule", ("constant after warm-up", "linear decay"))):
        made = opened(made, field, *values)
    return made


def planned(document: ReproductionFile, profile: str = "tiny", **more: Any) -> Plan:
    return make([], document.value, profile, **more)


def only(document: ReproductionFile, name: str, profile: str = "tiny") -> Sweep:
    found, = sweeps(planned(document, profile), document, [name])
    return found


def opened(document: ReproductionFile, field: str, *values: Any) -> ReproductionFile:
    """The reproduction with other values of one of its open fields."""
    entries = tuple(replace(each, values=values) if each.design_field == field else each
                    for each in document.value.underspecified)
    return replace(document, value=replace(document.value, underspecified=entries))


def digests(plan: Plan) -> set[str]:
    return {run.digest for run in plan.runs}


# --- fields and plans


@pytest.mark.parametrize(("name", "profile", "words"), [
    ("temprature", "tiny", "reproduction hybrid-batches leaves no such field open"),
    ("pooling", "paper", "more than one field is called so: backbones.xlm-r.pooling, backbones.labse.pooling"),
    ("backbones.xlm-r.pooling", "tiny", "the design of profile tiny has no backbones.xlm-r.pooling"),
])
def test_a_field_that_cannot_be_swept_is_told_of_with_those_that_can(document, name: str, profile: str, words: str):
    told = re.escape(f"--sweep {name}: {words}; with profile {profile} can be swept: ") + ".*`training.temperature`"
    with pytest.raises(UsageFault, match=told):
        only(document, name, profile)


def test_an_entry_without_values_and_one_with_a_value_that_cannot_be(document):
    with pytest.raises(UsageFault, match="it cannot be 1000: an arm ends before its warm-up does"):
        only(document, "warmup_steps")
    with pytest.raises(UsageFault, match=re.escape(f"the reproduction gives {FIELD} no `values`")):
        only(opened(document, FIELD), "temperature")
    with pytest.raises(UsageFault, match=re.escape("cannot be -1: `temperature` is -1, out of its range")):
        only(opened(document, FIELD, 0.05, -1), "temperature")
    with pytest.raises(UsageFault, match=re.escape("cannot be hot: `temperature` should be a number, got `hot`")):
        only(opened(document, FIELD, "hot"), "temperature")


def test_nothing_is_swept_on_the_synthetic_corpus(root: Path):
    planted, _ = load(root / "claimcheck" / "selftest" / "reproductions" / "planted.yaml")
    with pytest.raises(UsageFault, match="runs on the synthetic corpus"):
        sweeps(planned(planted, "planted"), planted, ["temperature"])


def test_each_value_is_the_same_plan_but_for_the_field(document):
    plan = planned(document, first_seed=4)
    assert sweeps(plan, document, ()) == ()
    both = sweeps(plan, document, ["temperature", FIELD, "schedule"])
    assert [each.field for each in both] == [FIELD, "training.schedule"]  # each once, and not crossed
    assert [[(told(each.value), each.declared) for each in sweep.points] for sweep in both] == [
        [("0.05", True), ("0.01", False), ("1", False)], [("linear decay", True), ("constant after warm-up", False)]]
    for sweep in both:
        first, *others = sweep.points
        assert first.plan is plan
        for other in others:
            assert not digests(other.plan) & digests(plan)
            assert other.plan.looks == plan.looks
            for one, theirs in zip(plan.runs, other.plan.runs, strict=True):
                key = sweep.field.partition(".")[2]
                back = replace(theirs.condition.training, **{key: getattr(one.condition.training, key)})
                assert replace(theirs, condition=replace(theirs.condition, training=back)) == one


def test_a_value_equal_to_the_declared_one_is_the_main_plan_itself(document):
    found = only(opened(document, FIELD, 0.05), "temperature")
    assert [each.declared for each in found.points] == [True]
    alike = opened(document, FIELD, 1, 1.0, 0.05)
    assert [told(each.value) for each in only(alike, "temperature").points] == ["0.05", "1"]  # 1 and 1.0 are one value
    profile = document.value.profiles["tiny"]
    at_one = replace(document.value, profiles={"tiny": replace(profile, training=replace(profile.training, temperature=1.0))},
                     default_profile="tiny")
    whole = only(replace(document, value=at_one), "temperature")
    assert [(told(each.value), each.declared) for each in whole.points] == [("1", True), ("0.05", False), ("0.01", False)]
    declared = only(document, "temperature").points[2].plan
    assert digests(declared) == digests(whole.points[0].plan)  # declared or swept, a run is the same run


def test_a_field_that_the_profile_does_not_set_is_swept_from_there(document):
    entry = Underspecified(what="how often", chosen="once a batch", design_field="arms.hybrid.languages",
                           values=("per batch", "per item"))
    others = tuple(each for each in document.value.underspecified if not each.design_field.endswith(".languages"))
    given = replace(document, value=replace(document.value, underspecified=(*others, entry)))
    found = only(given, "languages")
    assert [(told(each.value), each.declared) for each in found.points] == [
        ("not set", True), ("per batch", False), ("per item", False)]
    for point in found.points[1:]:  # only hybrid has other runs; what the others share is made once
        assert {run.condition.arm for run in point.plan.runs if run.digest not in digests(found.points[0].plan)} == {"hybrid"}


def test_the_tier_of_each_value_is_derived_as_always(document):
    given = document.value
    backbones = given.profiles["paper"].backbones or {}
    pinned = replace(given.profiles["paper"], backbones={
        name: replace(each, revision="a" * 40) for name, each in backbones.items()})
    full = opened(replace(document, value=replace(given, profiles={**given.profiles, "paper": pinned})), FIELD, 0.05, 0.01)
    assert planned(full, "paper").tier is Tier.FULL
    assert [each.plan.tier for each in only(full, "temperature", "paper").points] == [Tier.FULL, Tier.FULL]
    hub = only(full, "backbones.xlm-r.hub", "paper")
    assert [each.plan.tier for each in hub.points] == [Tier.FULL, Tier.REDUCED]
    assert {run.condition.model.revision for run in hub.points[1].plan.runs
            if run.condition.backbone == "xlm-r"} == {None}  # a commit of one model is none of another
    assert [each.plan.tier for each in only(document, "temperature").points] == [Tier.REDUCED] * 3
    assert planned(full, "paper").tier is Tier.FULL


# --- the journal


def test_neither_plan_is_a_look_at_the_other(document, tmp_path: Path):
    plan = replace(planned(document), predictions={"it": "a"})
    point = only(document, "temperature").points[1]
    other = replace(point.plan, predictions={"it": "a"})
    path = tmp_path / "journal.jsonl"
    for each in (plan, other):
        journal.record(path, each, 0)
        journal.record(path, each, len(each.runs))
    for each in (plan, other):
        assert journal.looks(path, each) == journal.Looks()
    before = path.read_text(encoding="utf-8")
    for each in (plan, other, plan):  # all of it stands: nothing is to be added, whoever is asked first
        assert journal.on_record(path, each, len(each.runs))
        journal.record(path, each, len(each.runs))
    assert path.read_text(encoding="utf-8") == before
    fresh = replace(planned(document, first_seed=9), predictions={"it": "a"})
    assert not journal.looks(path, fresh).other
    entries = [json.loads(line) for line in before.splitlines()]
    assert len({entry["design"] for entry in entries}) == 2
    assert entries[-1]["profile"] == "tiny with training.temperature = 0.01"


def test_a_profile_that_takes_a_swept_value_after_looking_is_exploratory(document, tmp_path: Path):
    plan, path = planned(document), tmp_path / "journal.jsonl"
    point = only(document, "temperature").points[1]
    for each in (plan, point.plan):
        journal.record(path, each, 0)
        journal.record(path, each, len(each.runs))
    for first in (0, 9):  # by the runs that were seen, or by others
        taken = replace(point.plan, profile="tiny", runs=tuple(replace(run, seed=run.seed + first) for run in point.plan.runs))
        assert journal.looks(path, taken).other


# --- words


def places(lead: int, arm: str, run: int) -> Places:
    rows = [{"route": "xquad-r", "fold": 0, "question": f"q{question}", "cluster": f"a{question % 3}", "tied": 0,
             "query_language": language, "candidate_language": language, "pool_in_language": 100, "pool": 200,
             "own_language_top": 1, "tied_in_language": 0, "place": place, "place_in_language": place}
            for language in ("de", "en") for question in range(6)
            for place in [2 if arm == "hybrid" or not lead else 2 + lead + (run + question) % 2]]
    return arrange({name: [row[name] for row in rows] for name in (*LABELS, *NUMBERS)})


CLAIM = Claim(spec_version=1, id="it", statement="It is better.", kind=Kind.SUPERLATIVE, scope=Scope.BENCHMARK, paper="p",
              where="w", reproduction="hybrid-batches", atoms=(Atom(id="a", says="it is", rerun=(RerunPrediction(
                  difference=Difference(arm="hybrid", against=("monolingual",), measure="AP", settings=(Setting.MONOLINGUAL,),
                                        datasets=("xquad-r",), margin=0.2)),)),))


def runs_of(plan: Plan, lead: int) -> Runs:
    """Made up: hybrid leads monolingual by so many places."""
    arms = ("untrained", "hybrid", "monolingual")
    given = Measured(plan=plan, results={("n-grams", arm): tuple(
        Result(key=f"{sum(map(ord, arm + told(lead))) + run:064x}", seed=run, places=places(lead, arm, run), record={})
        for run in range(3)) for arm in arms})
    return Runs(stages=(Stage(look=plan.looks[-1], measured=given, family=family([CLAIM], given), decided=frozenset()),))


def at(point: Point, lead: int | None) -> Judged:
    return judged(point, [CLAIM], None if lead is None else runs_of(point.plan, lead))


def made(document: ReproductionFile, *leads: int | None) -> Swept:
    sweep = only(document, "temperature", "quick")
    return Swept(reproduction="hybrid-batches", profile="quick", field=sweep.field, what=sweep.what, chosen=sweep.chosen,
                 values=tuple(at(point, lead) for point, lead in zip(sweep.points, leads, strict=True)))


def test_a_value_is_judged_as_if_it_alone_had_been_run(document):
    for point in only(document, "temperature", "quick").points:
        for lead in (0, 3):
            runs = runs_of(point.plan, lead)
            whole, bare = rerun_verdict(CLAIM, Tier.REDUCED, runs), at(point, lead).verdicts["it"]
            assert (bare.word, bare.why, bare.parts, bare.says) == (whole.word, whole.why, whole.parts, whole.says)
            for one, other in zip(bare.reruns, whole.reruns, strict=True):
                assert [(each.estimate, each.deciding) for each in one.found.comparisons] == [
                    (each.estimate, each.deciding) for each in other.found.comparisons]


def test_a_claim_whose_word_changes_and_one_whose_word_does_not(document):
    changed, same = made(document, 0, 3, 0), made(document, 3, 3, 3)
    assert sentence("it", changed.values) == (
        "negligible at the declared value 0.05 and at 1; changed by 0.01 (proxy supports)")
    assert sentence("it", same.values) == "the same word at all 3 values: proxy supports"


def word(value: str, word: TierWord | None, *, declared: bool = False, absent: TierWord | None = None) -> Judged:
    found = {} if word is None else {"it": TierVerdict(tier=Tier.REDUCED, word=word, why="")}
    return Judged(value=value, declared=declared, tier=Tier.REDUCED, verdicts=found, word=absent)


FOR, OPEN = TierWord.PROXY_SUPPORTS, TierWord.INCONCLUSIVE


@pytest.mark.parametrize(("values", "text"), [
    ((word("1", FOR, declared=True), word("2", OPEN), word("3", TierWord.NEGLIGIBLE)),
     "proxy supports at the declared value 1; changed by 2 (inconclusive), 3 (negligible)"),
    ((word("1", FOR, declared=True), word("2", FOR), word("3", None, absent=TierWord.NOT_RUN)),
     "the same word at all 2 values that were run: proxy supports; not run: 3"),
    ((word("1", FOR, declared=True), word("2", OPEN), word("3", None, absent=TierWord.COULD_NOT_RUN)),
     "proxy supports at the declared value 1; changed by 2 (inconclusive); could not run: 3"),
    ((word("1", FOR, declared=True), word("2", None)),
     "proxy supports at the declared value 1; no other value has a word; not measured: 2"),
    ((word("1", FOR, declared=True),), "proxy supports at the declared value 1; no other value has a word"),
    ((word("1", None, declared=True, absent=TierWord.NOT_RUN), word("2", FOR)),
     "proxy supports at 2; that stands beside no word of the declared value; not run: 1"),
    ((word("1", None, declared=True, absent=TierWord.NOT_RUN), word("2", None)), ""),
])
def test_sentences_name_what_changes_a_word_and_what_was_not_run(values: Sequence[Judged], text: str):
    assert sentence("it", values) == text


def test_a_value_that_could_not_run_says_why(document):
    point = only(document, "temperature").points[1]
    found = judged(point, [CLAIM], Unavailable(why="no data", remedy="fetch it", tier=Tier.REDUCED))
    assert (found.word, found.why, dict(found.verdicts)) == (TierWord.COULD_NOT_RUN, "no data; fetch it", {})
    assert judged(point, [CLAIM], None).word is TierWord.NOT_RUN


def test_a_look_at_other_runs_is_marked_at_the_value_that_it_is_of(document):
    sweep = only(document, "temperature", "quick")
    seen = replace(runs_of(sweep.points[1].plan, 3), looks=journal.Looks(changed=frozenset({"it"})))
    given = replace(made(document, 3, 3, 3), values=(at(sweep.points[0], 3), judged(sweep.points[1], [CLAIM], seen)))
    claim, = sweep_view(given, [(1, CLAIM)]).claims
    assert claim.notes == ("", "exploratory")


def test_the_view_has_each_value_beside_the_others(document):
    view = sweep_view(made(document, 0, 3, None), [(8, CLAIM)])
    assert [(each.value, each.declared, each.word) for each in view.values] == [
        ("0.05", True, ""), ("0.01", False, ""), ("1", False, "not run")]
    claim, = view.claims
    assert (claim.number, claim.words) == (8, ("negligible", "proxy supports", ""))
    prediction, = claim.predictions
    row, = prediction.rows
    first, second, third = row.cells
    assert third is None is prediction.cells[2]
    assert first is not None
    assert second is not None
    assert (first.word, second.word) == ("lead negligible", "supports")
    assert first.printed == f"{first.estimate.printed} {first.deciding.printed}"
    assert first.deciding.low_level == 0.05  # of one claim by itself, whatever is swept beside it
    assert sweep_view(made(document, 0, 3, None), [(8, replace(CLAIM, reproduction="other"))]).claims == ()


def test_the_paper_has_at_most_three_values_side_by_side(document):
    view = sweep_view(made(document, 0, 3, None), [(8, CLAIM)])
    wide = replace(view, values=view.values * 2, claims=tuple(replace(
        each, words=each.words * 2, notes=each.notes * 2, predictions=()) for each in view.claims))
    pieces = swept_pieces(wide)
    assert [piece.headings for piece in pieces] == [("0.05 (declared)", "0.01", "1")] * 2
    assert [[row[2] for row in piece.rows] for piece in pieces] == [[("negligible", "proxy supports", "–")]] * 2
    assert swept_pieces(replace(view, claims=())) == ()


# --- the whole way, on the real data


PROFILE = """
  brief:
    says: two languages and a few steps
    like: tiny
    arms:
      monolingual: {sampling: monolingual}
      crosslingual: {sampling: cross-lingual}
    data:
      train: [xquad-r]
      evaluate: [xquad-r]
      languages: [en, de]
      routes:
        - {train: xquad-r, evaluate: xquad-r, split: {evaluate: 12, seed: 2}}
  paper:
"""
FILE = """spec_version: 1
id: {id}
statement: Cross-lingual batches lose no more than {margin} of AP.
kind: conjunction
scope: benchmark
paper: arXiv:2408.10536
where: our own question
reproduction: hybrid-batches
atoms:
  - id: it
    says: it
    chosen: set before any run
    rerun:
      - non_inferiority: {{arm: crosslingual, against: [monolingual], measure: AP, settings: [multilingual, monolingual],
                          datasets: [xquad-r], margin: {margin}}}
"""
RUNS = 9  # two arms and the encoder before training, three seeds
Call = Callable[..., str]


@pytest.fixture
def project(root: Path, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two claims and a profile of a second, and an engine that works in this process."""
    text = (root / "reproductions" / "hybrid-batches.yaml").read_text(encoding="utf-8")
    changed = text.replace("\n  paper:\n    says", f"{PROFILE}    says", 1)
    assert changed != text
    changed = changed.replace("design_field: training.max_passage_tokens", "design_field: arms.monolingual.languages", 1)
    for field, values in ((FIELD, "[0.05, 1]"), ("training.schedule", "[linear decay]"),
                          ("arms.monolingual.languages", "[per item]")):
        changed, number = re.subn(rf"(?m)^(    design_field: {field}\n    values:) .*$", rf"\1 {values}", changed)
        assert number == 1
    (tmp_path / "reproductions").mkdir()
    (tmp_path / "claims").mkdir()
    (tmp_path / "reproductions" / "hybrid-batches.yaml").write_text(changed, encoding="utf-8")
    for name, margin in (("no-worse", 0.5), ("hardly-worse", 0.001)):
        (tmp_path / "claims" / f"{name}.yaml").write_text(FILE.format(id=name, margin=margin), encoding="utf-8")

    monkeypatch.setattr("claimcheck.engine.local.pool", lambda number, _: ThreadPoolExecutor(number))
    monkeypatch.setenv("CLAIMCHECK_DATA", str(data_dir))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def call(project: Path, capsys: pytest.CaptureFixture[str]) -> Call:
    def called(verb: str, *more: str, out: str = "") -> str:
        where = ("--out", out) if out else ()
        main([verb, "claims", "--profile", "brief", "--store", "store", *where, *more], standalone_mode=False)
        said = capsys.readouterr()
        return said.err + said.out

    return called


def report(folder: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads((Path(folder) / "report.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(json_export.schema()).validate(made)
    return made


def results() -> set[str]:
    return {path.parent.name for path in Path("store").glob("[!.]*/places.parquet")}


def test_a_sweep_runs_beside_the_main_plan_and_moves_nothing_of_it(call: Call, monkeypatch: pytest.MonkeyPatch):
    from claimcheck.engine import engines

    plan = call("plan", "--sweep", "temperature")
    assert "training.temperature = 1: evidence of tier reduced; 9 further training runs, 0 of 9 stand in store" in plan
    assert plan.count("  seed 2\n") == 2 * 3
    listed = json.loads(call("plan", "--sweep", "temperature", "--format", "json"))["plans"][0]["sweeps"]
    assert [(each["field"], each["declared"], [value["value"] for value in each["values"]]) for each in listed] == [
        (FIELD, "0.05", ["1"])]

    # a sweep whose only value is the declared one makes no further run
    said = call("run", "--sweep", "schedule", out="same")
    assert f"{RUNS} runs made, 0 already in" in said
    assert said.count("runs made") == 1
    assert len(results()) == RUNS
    main_runs = results()

    # what has no runs is named
    call("report", "--sweep", "temperature", out="absent")
    assert report("absent")["sweeps"]["fields"][0]["values"][1] == {
        "value": "1", "declared": False, "tier": "reduced", "run": False,
        "why_not": "not run: Not all of its runs stand in the store."}
    assert "not run: 1" in report("absent")["sweeps"]["fields"][0]["claims"][0]["text"]

    # interrupted, it goes on
    whole = engines.run_all

    def interrupted(works: Sequence[Any], *more: Any) -> int:
        whole(works[:2], *more)
        raise KeyboardInterrupt

    monkeypatch.setattr(engines, "run_all", interrupted)
    with pytest.raises(click.Abort):
        call("run", "--sweep", "temperature", out="never")
    assert not Path("never").exists()
    assert len(results()) == RUNS + 2
    monkeypatch.setattr(engines, "run_all", whole)
    said = call("run", "--sweep", "temperature", "--sweep", "schedule", out="with")
    assert f"profile brief: nothing to run, {RUNS} already in" in said
    assert f"profile brief with {FIELD} = 1: {RUNS - 2} runs made, 2 already in" in said
    assert f"other values of {FIELD}, apart from every verdict: no-worse: the same word at all 2 values: proxy supports" in said
    assert main_runs < results()
    assert len(results()) == 2 * RUNS

    # runs that a value shares with the main plan are made once, and are no look at it
    said = call("run", "--sweep", "arms.monolingual.languages", out="shared")
    assert f"profile brief with arms.monolingual.languages = per item: 3 runs made, {RUNS - 3} already in" in said
    alike, = report("shared")["sweeps"]["fields"]
    assert [value["value"] for value in alike["values"]] == ["not set", "per item"]
    assert {each["note"] for claim in alike["claims"] for each in claim["at"]} == {""}

    # the main report is the same to the byte, apart from the section
    said = call("run", out="without")
    assert "other values" not in said
    bare = (Path("without") / "report.json").read_text(encoding="utf-8")
    assert "sweeps" not in report("without")
    for name in ("same", "absent", "with", "shared"):
        rest = report(name)
        del rest["sweeps"]
        assert json.dumps(rest, indent=2, ensure_ascii=True) + "\n" == bare
    call("report", "--sweep", "temperature", "--sweep", "schedule", out="again")
    for name in ("report.json", "index.html", "report.tex"):
        assert (Path("again") / name).read_bytes() == (Path("with") / name).read_bytes()

    # the section holds what a run of that value alone gives
    field, still = report("with")["sweeps"]["fields"]
    assert [value["run"] for value in field["values"]] == [True, True]
    assert [value["value"] for value in still["values"]] == ["linear decay"]
    claims = {each["id"]: each["tiers"]["reduced"] for each in report("with")["claims"]}
    for claim in field["claims"]:
        assert claim["at"][0] == {"word": claims[claim["claim"]]["verdict"], "note": ""}
        for prediction, main_one in zip(claim["predictions"], claims[claim["claim"]]["reruns"], strict=True):
            for row, main_row in zip(prediction["comparisons"], main_one["comparisons"], strict=True):
                assert {key: row["at"][0][key] for key in row["at"][0]} == {key: main_row[key] for key in row["at"][0]}
                assert not set(row["at"][0]["run_keys"]) & set(row["at"][1]["run_keys"])
    declared = Path("reproductions/hybrid-batches.yaml")
    text = declared.read_text(encoding="utf-8")
    brief = text.index("  tiny:")
    declared.write_text(text[:brief] + text[brief:].replace("temperature: 0.05", "temperature: 1", 1), encoding="utf-8")
    said = call("run", out="alone")
    assert f"nothing to run, {RUNS} already in" in said  # declared or swept, a run is the same run
    alone = report("alone")["claims"]
    for claim, single in zip(field["claims"], alone, strict=True):
        tier = single["tiers"]["reduced"]
        assert claim["at"][1]["word"] == tier["verdict"]
        assert any(line.startswith("exploratory: other runs of this profile were looked at before") for line in tier["says"])
        for prediction, one in zip(claim["predictions"], tier["reruns"], strict=True):
            assert [row["at"][1]["deciding"] for row in prediction["comparisons"]] == [
                row["deciding"] for row in one["comparisons"]]


def test_a_field_that_is_not_open_ends_before_anything_runs(call: Call, capsys: pytest.CaptureFixture[str]):
    for verb in ("run", "report", "plan"):
        status = main([verb, "claims", "--profile", "brief", "--store", "store", "--sweep", "nothing"], standalone_mode=False)
        assert status == 2
        assert "--sweep nothing: reproduction hybrid-batches leaves no such field open" in capsys.readouterr().err
    assert not Path("store").exists()


def test_nothing_is_swept_where_no_runs_are_asked_for(call: Call):
    said = call("run", "--tier", "data", "--sweep", "temperature", out="out")
    assert "note: --sweep: no claim or tier that is asked for needs training runs, so nothing is swept" in said
    assert not Path("store").exists()


@pytest.fixture(scope="module")
def example(root: Path, document) -> Any:
    """A report of the paper's claims with two swept fields, one of which holds hostile text."""
    from claimcheck.appraisal.appraise import Evidence, appraise
    from claimcheck.appraisal.data import Opened
    from claimcheck.appraisal.library import read_library
    from claimcheck.report.compose import view

    library = read_library(root / "claims")
    claim = next(each.value for each in library.claims if each.value.id.endswith("08"))
    given = made(document, 0, 3, None)
    own = replace(given, values=tuple(replace(each, verdicts=dict.fromkeys([claim.id], *each.verdicts.values()))
                                      if each.verdicts else each for each in given.values))
    text = r"""<script>alert(1)</script> \input{x} $x_1$ 100 % #1 &"""
    hostile = replace(own, field=text, what=text, values=tuple(replace(each, value=text, why=text) for each in own.values))
    appraisals = [appraise(each, Evidence(table=library.table_of(each)), set(Tier)) for each in library.claims]
    return view(appraisals, library, Opened(corpora={}, files=(), corrupt=()), swept=(own, hostile))


def test_the_section_stands_apart_on_the_page_and_in_the_paper(example):
    page, paper = html.render(example), latex.render(example)
    section = page[page.index('<section class="swept"'):]
    section = section[:section.index("</section>")]
    assert "What the paper leaves open: the same claims at other values" in section
    assert "the value was chosen after looking" in section.replace("\n", " ")
    assert "negligible at the declared value 0.05; changed by 0.01 (proxy supports); not run: 1" in section
    assert section.count('<table class="cells values">') == 2 * 2
    assert "<script" not in page
    assert page.count('href="#_swept"') == 1
    assert r"\section{What the paper leaves open: the same claims at other values}" in paper
    assert "0.05 (declared) & 0.01 & 1" in paper
    bare = replace(example, swept=(), sweep_says=())
    assert "swept" not in html.render(bare)
    assert "at other values" not in latex.render(bare)
    assert "sweeps" not in json.loads(json_export.render(bare))


def test_the_paper_with_a_sweep_compiles_and_keeps_to_its_page(example, pdflatex: str, tmp_path: Path):
    import subprocess

    (tmp_path / "report.tex").write_text(latex.render(example), encoding="utf-8")
    for _ in range(2):
        done = subprocess.run([pdflatex, "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "report.tex"],
                              cwd=tmp_path, capture_output=True, check=False, timeout=120)
        assert done.returncode == 0, done.stdout.decode("utf-8", "replace")[-2000:]
    log = (tmp_path / "report.log").read_text("latin-1")
    assert "Missing character" not in log
    assert [width for width in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log) if float(width) > 15] == []


@pytest.mark.parametrize("width", [1300, 390])
def test_the_section_in_a_browser_is_no_wider_than_its_window(example, width: int, chromium: str, tmp_path: Path):
    from playwright import sync_api

    (tmp_path / "index.html").write_text(html.render(example), encoding="utf-8")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_page(viewport={"width": width, "height": 900})
        tab.goto((tmp_path / "index.html").as_uri())
        tab.evaluate("document.querySelectorAll('#_swept details').forEach(each => each.open = true)")
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        assert tab.locator("#_swept th.declared").count() == 2 * 2
        browser.close()
