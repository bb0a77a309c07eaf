"""The whole way on tiny checkpoints through the commands: killed and gone on, several processes, finished models, bad input."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tiny_checkpoints
from conftest import TEXTS

PROFILES = """
  small:
    says: two tiny checkpoints, the arms that claims compare, one seed
    like: tiny-transformers
    arms:
      monolingual: {{sampling: monolingual}}
      crosslingual: {{sampling: cross-lingual, languages: per item}}
      hybrid: {{sampling: hybrid, alpha: 0.5}}
    seeds: 1
  still:
    says: one tiny checkpoint that drops nothing
    like: tiny-transformers
    backbones: {{still: {{encoder: transformers, folder: still, pooling: mean}}}}
    arms: {{hybrid: {{sampling: hybrid, alpha: 0.5}}}}
    seeds: 1
  finished:
    says: a finished model beside a checkpoint
    like: tiny-transformers
    backbones:
      tiny-sentence: {{encoder: sentence-transformers, folder: tiny-sentence}}
      tiny-labse: {{encoder: transformers, folder: tiny-labse, pooling: pooler}}
    arms: {{hybrid: {{sampling: hybrid, alpha: 0.5}}}}
    seeds: 1
  other:
    says: what a test makes of it
    like: tiny-transformers
    arms: {{hybrid: {{sampling: hybrid, alpha: 0.5}}}}
    seeds: 1
{other}
audits:
"""
SPLIT = ("    data: {{train: [xquad-r], evaluate: [xquad-r], languages: [{languages}], routes: [{{train: xquad-r, "
         "evaluate: xquad-r, split: {{evaluate: 12, seed: 2, select: 3}}}}]}}")
RATE = ("    training: {{optimizer: AdamW, learning_rate: {rate}, batch_size: 8, temperature: 0.05, steps: 5, loss: InfoNCE, "
        "schedule: constant after warm-up{more}}}")
MINE = ("    data: {train: [mine], evaluate: [xquad-r], languages: [en, de], select: mlqa-r, "
        "routes: [{train: mine, evaluate: xquad-r}]}")
START = Callable[..., subprocess.Popen[str]]


def reproductions(root: Path, folder: Path, other: str = "") -> Path:
    """The reproduction with a few more profiles."""
    text = (root / "reproductions" / "hybrid-batches.yaml").read_text(encoding="utf-8")
    folder.mkdir(exist_ok=True)
    (folder / "hybrid-batches.yaml").write_text(text.replace("\naudits:\n", PROFILES.format(other=other), 1), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def places(checkpoints: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with all tiny checkpoints, one that drops nothing among them."""
    folder = tmp_path_factory.mktemp("places")
    shutil.copytree(checkpoints / "backbones", folder / "backbones")
    tiny_checkpoints.xlm_roberta(folder / "backbones" / "still", TEXTS[:-1] * 3, width=32, vocabulary=200, dropout=0.0)
    return folder


@pytest.fixture(scope="module")
def start(root: Path, data_dir: Path, places: Path, tmp_path_factory: pytest.TempPathFactory) -> START:
    own = reproductions(root, tmp_path_factory.mktemp("own") / "reproductions")

    def begin(profile: str, folder: Path, *more: object, verb: str = "run", given: Path = own) -> subprocess.Popen[str]:
        store = ("--store", folder / "store", "--out", folder / "out") if verb != "plan" else ()
        arguments = [verb, root / "claims", "--profile", profile, "--reproductions", given, "--data-dir", places, *store, *more]
        return subprocess.Popen([sys.executable, "-m", "claimcheck", *map(str, arguments)], text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, cwd=folder, env={**os.environ, "CLAIMCHECK_DATA": str(data_dir)})

    return begin


def done(process: subprocess.Popen[str], status: int = 0) -> tuple[str, str]:
    said, errors = process.communicate(timeout=250)
    assert process.returncode == status, errors
    assert "Traceback" not in errors
    return said, errors


def results(folder: Path) -> dict[str, bytes]:
    return {path.parent.name: path.read_bytes() for path in sorted((folder / "store").glob("[!.]*/places.parquet"))}


def records(folder: Path) -> dict[tuple[str, str], dict[str, Any]]:
    read = [json.loads(path.read_text()) for path in (folder / "store").glob("[!.]*/run.json")]
    return {(each["condition"]["backbone"], each["condition"]["arm"]): each for each in read}


@pytest.fixture(scope="module")
def whole(start: START, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    done(start("small", folder))
    return folder


def test_the_claims_are_put_to_transformers_like_to_any_other_encoder(whole: Path):
    report = json.loads((whole / "out" / "report.json").read_text())
    tiers = {claim["id"]: claim["tiers"] for claim in report["claims"]}
    assert len(tiers) == 12
    empirical = [f"hybrid-batches-{number:02d}" for number in (8, 9, 10, 11)]
    assert {tiers[name]["reduced"]["verdict"] for name in empirical} == {"not a test of this claim"}  # development articles
    assert {tiers[name]["full"]["verdict"] for name in empirical} == {"not run"}
    backbones, arms = ("tiny-xlm-r", "tiny-labse"), ("untrained", "monolingual", "crosslingual", "hybrid")
    assert set(records(whole)) == {(backbone, arm) for backbone in backbones for arm in arms}


def test_a_record_says_what_was_loaded_and_how_it_was_computed(whole: Path):
    found = records(whole)
    for (backbone, arm), record in found.items():
        assert {"transformers", "tokenizers", "safetensors", "torch"} <= record["libraries"].keys()
        assert len(record["checkpoint"]) == 64
        assert {"config.json", "model.safetensors", "tokenizer.json"} <= record["checkpoint_files"].keys()
        leg, = record["legs"]
        assert leg["encoder"]["rows"] == "packed"
        assert leg["encoder"]["tokenizer"] == ("XLMRobertaTokenizer" if backbone == "tiny-xlm-r" else "BertTokenizer")
        assert leg["encoder"]["pooling"] == ("mean" if backbone == "tiny-xlm-r" else "pooler")
        assert leg["device"] == leg["encoder"]["device"] == "cpu"
        if arm == "untrained":
            assert "looks" not in leg
            continue
        assert [step for step, _ in leg["looks"]] == [4, 8, 12]
        assert leg["chosen_after_steps"] == min(leg["looks"], key=lambda look: look[1])[0]
        assert leg["executions"][0]["from_step"] == 0
        assert set(leg["chosen_on"]) == {"de", "en", "es"}
        assert leg["batches"]["pairs"] == 12 * 16
    assert found["tiny-xlm-r", "hybrid"]["checkpoint"] != found["tiny-labse", "hybrid"]["checkpoint"]
    plans = {record["legs"][0]["batch_plan"] for (_, arm), record in found.items() if arm == "hybrid"}
    assert len(plans) == 1  # both backbones are trained on the same batches


def wait_for(found: Callable[[], Any], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def steps_kept(folder: Path) -> int:
    """Steps of the training that is kept and goes on, 0 where none is."""
    for path in (folder / "store" / "parts").glob("*/*.training/state.json"):
        try:
            return len(json.loads(path.read_text())["losses"])
        except (OSError, ValueError):
            continue  # it is being replaced
    return 0


def test_a_training_that_is_killed_goes_on_and_ends_in_the_same_bytes(start: START, whole: Path, tmp_path: Path):
    first = start("small", tmp_path, "--checkpoint-minutes", "0", "--jobs", "1")
    wait_for(lambda: steps_kept(tmp_path) >= 3)
    first.send_signal(signal.SIGKILL)
    first.communicate(timeout=60)
    assert 3 <= steps_kept(tmp_path) <= 12
    assert set(results(tmp_path)) < set(results(whole))
    _, errors = done(start("small", tmp_path))
    assert results(tmp_path) == results(whole)
    assert " already in" in errors
    assert not list((tmp_path / "store" / "parts").glob("*"))  # what was kept goes when the result stands


def started_by(parent: int) -> list[int]:
    """Processes that compute, and that this one has started."""
    found = [int(pid) for each in Path(f"/proc/{parent}/task").glob("*/children") for pid in each.read_text().split()]
    return [pid for pid in found if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


@pytest.mark.parametrize("processes", [1, 2])
def test_a_training_whose_worker_is_killed_goes_on_from_where_it_was_kept(start: START, tmp_path: Path, processes: int):
    (tmp_path / "whole").mkdir()
    together = ("--device", "cpu", "--jobs", "1", "--processes", processes)
    done(start("still", tmp_path / "whole", *together))
    call = start("still", tmp_path, *together, "--checkpoint-minutes", "0")
    wait_for(lambda: steps_kept(tmp_path) >= 3)
    worker, = started_by(call.pid)
    os.kill(worker if processes == 1 else started_by(worker)[-1], signal.SIGKILL)
    seen = []
    while call.poll() is None:
        seen.append(steps_kept(tmp_path))
        time.sleep(0.05)
    _, errors = done(call)
    assert errors.count("a worker died while still hybrid 0 was under way") == 1
    told = [steps for steps in seen if steps]
    assert told == sorted(told)  # no step was made again that had been kept
    assert results(tmp_path) == results(tmp_path / "whole")
    assert "2 runs made, 0 already in" in errors


def test_two_processes_train_and_encode_together_what_one_does(start: START, tmp_path: Path):
    for name, more in (("one", ()), ("two", ("--processes", "2", "--device", "cpu"))):
        (tmp_path / name).mkdir()
        done(start("still", tmp_path / name, *more))
    one, two = records(tmp_path / "one"), records(tmp_path / "two")
    assert one.keys() == two.keys() == {("still", "untrained"), ("still", "hybrid")}
    alone, both = one["still", "hybrid"], two["still", "hybrid"]
    assert alone["key"] == both["key"]  # how it was computed is no part of what was run
    assert [each["legs"][0]["executions"][0]["processes"] for each in (alone, both)] == [1, 2]
    for name in ("loss_at_first", "loss_at_last"):
        assert alone["legs"][0][name] == pytest.approx(both["legs"][0][name], abs=1e-4)
    assert alone["legs"][0]["batch_plan"] == both["legs"][0]["batch_plan"]
    looks = [[loss for _, loss in each["legs"][0]["looks"]] for each in (alone, both)]
    assert looks[0] == pytest.approx(looks[1], abs=1e-3)


def test_a_finished_model_has_the_arm_before_training_alone(start: START, tmp_path: Path):
    said, _ = done(start("finished", tmp_path, "--format", "json", verb="plan"))
    plan, = json.loads(said)["plans"]
    assert [(run["backbone"], run["arm"]) for run in plan["runs"]] == [
        ("tiny-sentence", "untrained"), ("tiny-labse", "untrained"), ("tiny-labse", "hybrid")]
    done(start("finished", tmp_path))
    record = records(tmp_path)["tiny-sentence", "untrained"]
    assert record["legs"][0]["encoder"]["library"] == "sentence-transformers"
    assert "sentence-transformers" in record["libraries"]
    assert (tmp_path / "out" / "index.html").stat().st_size > 10_000


@pytest.mark.parametrize(("other", "says"), [
    ("    backbones: {x: {encoder: transformers, folder: nowhere, pooling: mean}}", "backbones/nowhere"),
    ("    backbones: {x: {encoder: transformers, hub: a/b, pooling: mean}}", "no revision"),
    (f"    backbones: {{x: {{encoder: transformers, hub: a/b, revision: {'0' * 40}, pooling: mean}}}}", "backbones fetch"),
    ("    data: {train: [xquad-r], evaluate: [xquad-r], languages: [en], routes: [{train: xquad-r, evaluate: xquad-r}]}", ""),
    (MINE, "no packed corpus of that name")])
def test_what_is_not_here_could_not_run_and_the_report_says_why(start: START, root: Path, tmp_path: Path, other: str,
                                                                says: str):
    given = reproductions(root, tmp_path / "reproductions", other)
    if not says:  # no split: a fault of the file, told before anything runs
        _, errors = done(start("other", tmp_path, verb="report", given=given), 2)
        assert "hybrid-batches.yaml:" in errors
        return
    said, errors = done(start("other", tmp_path, verb="report", given=given))
    assert "could not run" in said
    assert says in errors
    assert (tmp_path / "out" / "index.html").exists()


@pytest.mark.parametrize(("other", "says"), [
    (SPLIT.format(languages="en, fr"), "xquad-r does not come in the language `fr`"),
    (SPLIT.format(languages="en"), "so no cross-lingual batch can be filled; train on more languages"),
    (RATE.format(rate="1.0e+30", more=""), "lower the learning rate or raise the temperature"),
    (RATE.format(rate="1.0e-3", more=", max_passage_tokens: 9000"), "this encoder has positions for 512 tokens")])
def test_what_cannot_be_trained_is_one_clear_error_and_results_before_it_are_kept(start: START, root: Path, tmp_path: Path,
                                                                                 other: str, says: str):
    given = reproductions(root, tmp_path / "reproductions", other)
    process = start("other", tmp_path, "--jobs", "1", given=given)
    _, errors = process.communicate(timeout=250)
    assert process.returncode in (1, 2)
    assert "Traceback" not in errors
    assert says in errors
    assert not (tmp_path / "out").exists()
    if "learning rate" in says:
        assert len(results(tmp_path)) >= 1  # the encoder before training


def test_a_checkpoint_that_is_damaged_is_named_with_its_file(start: START, places: Path, root: Path, tmp_path: Path):
    folder = places / "backbones" / "damaged"
    shutil.copytree(places / "backbones" / "tiny-xlm-r", folder)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    given = reproductions(root, tmp_path / "reproductions",
                          "    backbones: {x: {encoder: transformers, folder: damaged, pooling: mean}}")
    said, errors = done(start("other", tmp_path, verb="report", given=given))
    assert "could not run" in said
    assert str(weights) in errors


def test_a_card_that_is_not_here_is_told_before_anything_runs(start: START, tmp_path: Path):
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a card here")
    _, errors = done(start("small", tmp_path, "--device", "cuda"), 2)
    assert "--device cuda: PyTorch sees no GPU here" in errors
    assert not results(tmp_path)
