"""The store: whole results or none, whoever dies and whoever else is at work; and the journal beside it."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from claimcheck.appraisal import journal
from claimcheck.appraisal.library import read_library
from claimcheck.errors import CorruptInput, UsageFault
from claimcheck.measurement import provenance
from claimcheck.measurement.places import Places, arrange, to_parquet_bytes
from claimcheck.measurement.provenance import Ingredients
from claimcheck.measurement.store import Store, stored
from claimcheck.plan import Plan, make

KEY = "ab" * 32


def places() -> Places:
    ones = [1]
    return arrange({"route": ["r"], "fold": [0], "question": ["q"], "cluster": ["c"], "query_language": ["en"],
                    "candidate_language": ["en"], "place_in_language": ones, "tied_in_language": [0], "place": ones,
                    "tied": [0], "pool_in_language": ones, "pool": ones, "own_language_top": ones})


@pytest.fixture
def own_store(tmp_path: Path) -> Store:
    return Store(path=tmp_path / "store")


def result():
    return stored(to_parquet_bytes(places()), {"key": KEY, "legs": []})


def test_a_result_is_there_whole_or_not_at_all(own_store: Store):
    assert not own_store.has(KEY)
    own_store.publish(KEY, result())
    assert own_store.has(KEY)
    found, record = own_store.read(KEY)
    assert to_parquet_bytes(found) == result().places
    assert record["key"] == KEY
    assert [path.name for path in own_store.path.iterdir()] == [KEY]  # nothing half-made is left beside it


def test_what_stands_is_never_written_over(own_store: Store):
    own_store.publish(KEY, result())
    before = (own_store.folder(KEY) / "run.json").stat().st_mtime_ns
    own_store.publish(KEY, stored(b"other", {}))
    assert (own_store.folder(KEY) / "run.json").stat().st_mtime_ns == before


def test_half_a_result_counts_for_nothing_and_is_replaced(own_store: Store):
    own_store.publish(KEY, result())
    (own_store.folder(KEY) / "run.json").unlink()
    assert not own_store.has(KEY)
    own_store.publish(KEY, result())
    assert own_store.has(KEY)


def test_what_somebody_left_who_died_while_publishing_counts_for_nothing_and_goes(own_store: Store, monkeypatch):
    with monkeypatch.context() as killed:
        killed.setattr(Path, "rename", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        killed.setattr("claimcheck.measurement.store.shutil.rmtree", lambda *_, **__: None)  # nobody is left to clean up
        with pytest.raises(KeyboardInterrupt):
            own_store.publish(KEY, result())
    assert len(list(own_store.path.iterdir())) == 1
    assert not own_store.has(KEY)
    own_store.publish(KEY, result())
    assert [path.name for path in own_store.path.iterdir()] == [KEY]


def test_the_result_of_another_run_under_this_key_is_refused(own_store: Store):
    own_store.publish("cd" * 32, result())
    with pytest.raises(CorruptInput, match="is not the record of this run"):
        own_store.read("cd" * 32)


@pytest.mark.parametrize("garbage", ["[]", "{}", "nothing", '{"legs": 1}'])
def test_garbage_among_the_parts_is_no_part(own_store: Store, garbage: str):
    own_store.put_part(KEY, 0, result())
    (own_store.path / "parts" / KEY / "0.json").write_text(garbage)
    assert own_store.part(KEY, 0) is None


@pytest.mark.parametrize("name", ["places.parquet", "run.json"])
def test_a_flipped_byte_is_named_with_the_next_move(own_store: Store, name: str):
    own_store.publish(KEY, result())
    path = own_store.folder(KEY) / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(bytes(content))
    with pytest.raises(CorruptInput, match="remove the folder"):
        own_store.read(KEY)


def test_a_part_is_used_only_if_it_is_whole(own_store: Store):
    assert own_store.part(KEY, 0) is None
    own_store.put_part(KEY, 0, result())
    assert own_store.part(KEY, 0) == result()
    path = own_store.path / "parts" / KEY / "0.parquet"
    path.write_bytes(path.read_bytes()[:-1])
    assert own_store.part(KEY, 0) is None
    own_store.publish(KEY, result())
    assert not path.exists()  # parts go when the whole stands


def test_a_lock_is_held_by_one_process_and_let_go_by_its_death(own_store: Store):
    script = ("import sys, time; from pathlib import Path; from claimcheck.measurement.store import Store\n"
              "with Store(path=Path(sys.argv[1])).lock(sys.argv[2]) as held: print(held, flush=True); time.sleep(60)")
    other = subprocess.Popen([sys.executable, "-c", script, str(own_store.path), KEY], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        with own_store.lock(KEY) as held:
            assert not held
        with own_store.lock("cd" * 32) as held:
            assert held  # another run is free
        os.kill(other.pid, signal.SIGKILL)
        other.wait()
        for _ in range(50):
            with own_store.lock(KEY) as held:
                if held:
                    break
            time.sleep(0.1)
        assert held
    finally:
        other.kill()
        other.wait()
        if other.stdout is not None:
            other.stdout.close()


def test_a_store_that_cannot_be_written_is_a_usage_fault(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageFault, match="--store"), Store(path=tmp_path / "file").lock(KEY):
        pass


@pytest.fixture
def plan(root: Path) -> Plan:
    library = read_library(root / "claims")
    claims = [document.value for document in library.claims]
    return make(claims, library.reproductions["hybrid-batches"].value, "tiny")


def test_a_key_depends_on_run_sources_libraries_and_data_and_on_nothing_else(plan: Plan):
    ingredients = Ingredients(sources="s", libraries={"torch": "1"}, data={"xquad-r": "d"})
    run, other = plan.runs[:2]
    key = ingredients.key(run)
    assert key == replace(ingredients).key(run)
    assert len({key, ingredients.key(other), replace(ingredients, sources="t").key(run),
                replace(ingredients, libraries={"torch": "2"}).key(run), replace(ingredients, data={"xquad-r": "e"}).key(run),
                ingredients.key(replace(run, seed=run.seed + 1))}) == 6


def test_the_sources_of_a_result_are_all_that_can_change_it(root: Path):
    grimp = pytest.importorskip("grimp")
    graph = grimp.build_graph("claimcheck", include_external_packages=False, cache_dir=None)
    reached = graph.find_upstream_modules("claimcheck.experiment.leg") | {"claimcheck.experiment.leg"}
    listed = [*provenance.MEASURING, *(name for names in provenance.OF_ENCODER.values() for name in names)]
    named = {f"claimcheck/{name}".removesuffix(".py").replace("/", ".").removesuffix(".__init__") for name in listed}
    assert len(listed) == len(set(listed)) == len(named)
    unmoved = {"claimcheck", "claimcheck.errors", "claimcheck.fields", "claimcheck.measurement", "claimcheck.corpora",
               "claimcheck.measurement.store", "claimcheck.files", "claimcheck.measurement.progress"}  # messages, bounds
    unmoved |= {"claimcheck.design", "claimcheck.run"}  # their values are in the condition
    perturbing = {"claimcheck.experiment.perturbed", "claimcheck.measurement.provenance",  # of runs that perturb alone
                  *(f"claimcheck.{each.removesuffix('.py').replace('/', '.')}" for each in provenance.ATTACKING),
                  *(each for each in reached if each.startswith("claimcheck.perturbation"))}
    assert "claimcheck.perturbation.family" in perturbing
    unmoved |= perturbing
    assert reached - unmoved - {"claimcheck.experiment", "claimcheck.retrieval"} == named - unmoved  # the two hold a docstring


def test_defaults_of_a_design_mean_for_ever_what_they_mean_in_old_digests():
    # a key that stands at its default is left out of a run's digest, so another default would bring up results of another run
    from dataclasses import MISSING, fields

    from claimcheck.design import Arm, Backbone, Data, Perturbations, Route, Split, Training

    kinds = (Arm, Backbone, Data, Perturbations, Route, Split, Training)
    given = {f"{kind.__name__}.{item.name}": item.default for kind in kinds for item in fields(kind)
             if item.default is not MISSING and item.default is not None}
    # and of `Data.mixtures`, whose default is made, none is a mixture
    assert given == {"Arm.order": 0, "Data.routes": (), "Perturbations.budget": "light", "Perturbations.draws": 3}


def measuring(root: Path) -> list[Path]:
    return [root / "claimcheck" / name for name in provenance.MEASURING]


def test_predictions_on_record_before_results_stay_frozen(tmp_path: Path, plan: Plan):
    path = tmp_path / "journal.jsonl"
    assert journal.looks(path, plan).changed == set(plan.predictions)  # nothing is on record
    journal.record(path, plan, 0)
    assert journal.looks(path, plan) == journal.Looks()
    moved = replace(plan, predictions={**plan.predictions, "hybrid-batches-08": "other"})
    journal.record(path, moved, 0)
    assert not journal.looks(path, moved).changed  # no result stood yet
    journal.record(path, moved, 3)
    journal.record(path, plan, 3)
    assert journal.looks(path, plan).changed == {"hybrid-batches-08"}  # changed back, but after results
    journal.record(path, plan, 0)  # sources changed, so nothing stands: what was seen was seen all the same
    assert journal.looks(path, plan).changed == {"hybrid-batches-08"}
    assert journal.looks(path, replace(plan, profile="other")).changed == set(plan.predictions)


def test_runs_that_were_looked_at_before_are_told_of(tmp_path: Path, plan: Plan, root: Path):
    library = read_library(root / "claims")
    reproduction = library.reproductions["hybrid-batches"].value
    path = tmp_path / "journal.jsonl"
    fresh, overlapping = make([], reproduction, "tiny", first_seed=3), make([], reproduction, "tiny", first_seed=1)
    other = replace(plan, runs=tuple(run for run in plan.runs if run.condition.arm != "hybrid"))
    journal.record(path, plan, 0)
    journal.record(path, fresh, 0)
    assert journal.looks(path, fresh) == journal.Looks()  # planned is not seen
    journal.record(path, plan, len(plan.runs))
    assert journal.looks(path, plan).other == ()
    assert journal.looks(path, fresh).earlier[0].startswith("seeds 0 to 2")
    assert journal.looks(path, fresh).other == ()
    for again in (overlapping, other):  # seeds 1 to 3, of which two were seen; the same seeds with another design
        assert journal.looks(path, again).other[0].startswith("seeds 0 to 2")
        assert journal.looks(path, again).earlier == ()
    journal.record(path, fresh, len(fresh.runs))
    assert journal.looks(path, plan).earlier == ()  # those runs were seen first
    unpaired = replace(plan, design=replace(plan.design, paired=False))
    assert journal.looks(path, unpaired).other


def test_claims_that_shared_the_level_and_are_gone_are_told_of(tmp_path: Path, plan: Plan):
    path = tmp_path / "journal.jsonl"
    journal.record(path, plan, 0)
    journal.record(path, plan, len(plan.runs))
    fewer = replace(plan, predictions={name: digest for name, digest in plan.predictions.items() if not name.endswith("08")})
    assert journal.looks(path, fewer).gone == ("hybrid-batches-08",)


def test_the_journal_is_only_added_to_and_says_the_same_once(tmp_path: Path, plan: Plan):
    path = tmp_path / "journal.jsonl"
    journal.record(path, plan, 0)
    first = path.read_text()
    journal.record(path, plan, 0)
    assert path.read_text() == first
    journal.record(path, plan, 5)
    assert path.read_text().startswith(first)
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    assert [entry["standing"] for entry in entries] == [0, 5]
    path.write_text(path.read_text()[:-1])  # an editor took the last line break away
    journal.record(path, plan, 6)
    assert [json.loads(line)["standing"] for line in path.read_text().splitlines()] == [0, 5, 6]
    assert journal.on_record(path, plan, 6)
    assert not journal.on_record(path, plan, 7)
    for broken in (b'\xff\n', b'{"reproduction": "r", "profile": "p", "predictions": [], "standing": 0}\n'):
        (tmp_path / "broken").write_bytes(broken)
        with pytest.raises(CorruptInput, match="broken:1"):
            journal.looks(tmp_path / "broken", plan)
    path.write_text(first[:-20])
    with pytest.raises(CorruptInput, match=r"journal\.jsonl:1"):
        journal.looks(path, plan)
