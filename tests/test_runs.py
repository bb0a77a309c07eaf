"""The whole way through training: what stands in the store is the same whoever was killed, and whoever else was at work."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

RUNS = 25  # five arms, untrained among them, and five seeds


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "claimcheck", *map(str, arguments)]


def start(claims: Path, out: Path, store: Path, *more: object) -> subprocess.Popen[str]:
    arguments = command("run", claims, "--tier", "synthetic", "--store", store, "--out", out, *more)
    # a shell's background job starts with interrupts ignored, and so would what it starts: here they are heeded
    return subprocess.Popen(arguments, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=out.parent,
                            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))


def results(store: Path) -> dict[str, bytes]:
    """Key -> the bytes of the places, of every result that stands: what is hidden is not there yet."""
    return {path.parent.name: path.read_bytes() for path in sorted(store.glob("[!.]*/places.parquet"))}


def wait_for(found: Any, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def children(parent: int) -> list[int]:
    """The worker processes of a process; not what Python starts to clean up after them."""
    listed = Path(f"/proc/{parent}/task/{parent}/children")
    found = [int(pid) for pid in listed.read_text().split()] if listed.exists() else []
    return [pid for pid in found if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, root: Path) -> tuple[Path, Path, str]:
    """A run that nothing disturbed: its store, its report, and what it said."""
    folder = tmp_path_factory.mktemp("whole")
    done = start(root / "claims", folder / "out", folder / "store", "--jobs", "2")
    said, errors = done.communicate(timeout=200)
    assert done.returncode == 0, errors
    return folder / "store", folder / "out", said + errors


def test_the_planted_truths_are_found_and_stand_apart(whole):
    _, out, said = whole
    report = json.loads((out / "report.json").read_text())
    found = {each["id"]: (each["planted"], each["found"], each["verdict"]) for each in report["planted"]["truths"]}
    assert found == {"planted-there": ("there", "there", "planted truth found"),
                     "planted-not-there": ("not there", "not there", "planted truth found"),
                     "planted-reversed": ("reversed", "reversed", "planted truth found")}
    assert said.count("self-test, no evidence about the paper") == 3
    assert all("synthetic" not in claim["tiers"] for claim in report["claims"])
    assert {tier["verdict"] for claim in report["claims"] for name, tier in claim["tiers"].items()
            if name in ("reduced", "full")} == {"not run"}


def test_every_run_says_what_it_was_made_from(whole):
    store, _, _ = whole
    records = [json.loads(path.read_text()) for path in store.glob("*/run.json")]
    assert len(records) == RUNS
    for record in records:
        assert record["key"] in results(store)
        assert set(record["libraries"]) == {"python", "unicode", "numba", "numpy", "pyarrow", "torch"}
        assert len(record["sources"]) == 64
        assert record["machine"]["cores"] >= 1
        for leg in record["legs"]:
            assert leg["threads"] == 1
            assert leg["device"] == "cpu"
            assert leg["cpu_seconds"] > 0
            assert leg["peak_memory_bytes"] > 1e7
            fed = leg["batches"]
            assert fed["pairs"] == sum(fed["languages"].values())
    by_arm = {(record["condition"]["arm"], record["seed"]): record["legs"][0]["batches"] for record in records}
    assert by_arm["untrained", 0]["pairs"] == 0
    assert by_arm["monolingual", 0]["cross-lingual"] == by_arm["crosslingual", 0]["monolingual"] == 0
    hybrid = by_arm["hybrid", 0]
    assert hybrid["monolingual"] + hybrid["cross-lingual"] == 120


def test_a_second_run_makes_nothing_and_writes_the_same_report(whole, root: Path, tmp_path: Path):
    store, out, _ = whole
    before = {path: path.stat().st_mtime_ns for path in store.glob("*/*")}
    done = start(root / "claims", tmp_path / "out", store)
    _, errors = done.communicate(timeout=100)
    assert done.returncode == 0
    assert f"nothing to run, {RUNS} already in" in errors
    assert before == {path: path.stat().st_mtime_ns for path in store.glob("*/*")}
    for name in ("index.html", "report.tex", "report.json"):
        assert (tmp_path / "out" / name).read_bytes() == (out / name).read_bytes(), name


def test_this_process_gives_what_a_worker_gave(whole, root: Path, tmp_path: Path):
    # a part of the whole is enough: one run, in this process
    from claimcheck.experiment.leg import Leg, execute
    from claimcheck.plan import make
    from claimcheck.reproduction_files import load

    store, _, _ = whole
    document, _ = load(root / "claimcheck" / "selftest" / "reproductions" / "planted.yaml")
    assert document is not None
    plan = make([], document.value, "planted")
    run = next(each for each in plan.runs if each.condition.arm == "hybrid" and each.seed == 3)
    made = execute(Leg(key="", number=0, run=run, route=run.condition.data.routes[0], fold=0, files={}))
    stored = {(record["run"]): path.parent for path in store.glob("*/run.json") for record in [json.loads(path.read_text())]}
    assert (stored[run.digest] / "places.parquet").read_bytes() == made.places


@pytest.mark.parametrize("after", [0, 1, 9])
def test_killed_at_any_moment_it_goes_on_and_ends_in_the_same_bytes(whole, root: Path, tmp_path: Path, after: int):
    expected, _, _ = whole
    store = tmp_path / "store"
    first = start(root / "claims", tmp_path / "out", store, "--jobs", "2")
    wait_for(lambda: len(results(store)) >= after and (after or children(first.pid)))
    workers = children(first.pid)
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    wait_for(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))  # workers see that their parent is gone
    stood = results(store)
    assert after <= len(stood) < RUNS
    assert not (tmp_path / "out").exists()  # no report of half the runs
    again = start(root / "claims", tmp_path / "out", store, "--jobs", "2")
    _, errors = again.communicate(timeout=200)
    assert again.returncode == 0, errors
    assert f"{RUNS - len(stood)} runs made, {len(stood)} already in" in errors
    assert results(store) == results(expected)


def test_two_at_once_share_the_work_and_do_not_disturb_each_other(whole, root: Path, tmp_path: Path):
    expected, _, _ = whole
    both = [start(root / "claims", tmp_path / name, tmp_path / "store", "--jobs", "1") for name in ("a", "b")]
    said = [each.communicate(timeout=250)[1] for each in both]
    assert [each.returncode for each in both] == [0, 0], said
    assert results(tmp_path / "store") == results(expected)
    assert (tmp_path / "a" / "report.json").read_bytes().count(b"planted truth found") == 3
    made = [int(line.split(":")[1].split()[0]) if " made, " in line else 0 for text in said for line in text.splitlines()
            if line.startswith("profile planted")]
    assert sum(made) == RUNS  # none was made twice


def test_a_worker_that_dies_is_told_of_once_and_its_run_is_tried_again(whole, root: Path, tmp_path: Path):
    expected, _, _ = whole
    first = start(root / "claims", tmp_path / "out", tmp_path / "store", "--jobs", "2")
    wait_for(lambda: len(results(tmp_path / "store")) >= 2)
    for worker in children(first.pid):
        os.kill(worker, signal.SIGKILL)
    _, errors = first.communicate(timeout=200)
    assert first.returncode == 0, errors
    assert errors.count("a worker died") == 1
    assert "Traceback" not in errors
    assert f"{RUNS} runs made, 0 already in" in errors
    assert results(tmp_path / "store") == results(expected)


def test_an_interrupt_says_that_nothing_is_lost(root: Path, tmp_path: Path):
    first = start(root / "claims", tmp_path / "out", tmp_path / "store", "--jobs", "1")
    wait_for(lambda: results(tmp_path / "store"))
    workers = children(first.pid)
    os.kill(first.pid, signal.SIGINT)
    _, errors = first.communicate(timeout=100)
    assert first.returncode == 1
    assert "the same command goes on from there" in errors
    assert "Traceback" not in errors
    wait_for(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))


def test_a_damaged_result_is_named_and_nothing_is_judged_by_it(whole, root: Path, tmp_path: Path):
    import shutil

    store = tmp_path / "store"
    shutil.copytree(whole[0], store)
    path = next(store.glob("*/places.parquet"))
    path.write_bytes(path.read_bytes()[:-9])
    done = start(root / "claims", tmp_path / "out", store)
    _, errors = done.communicate(timeout=100)
    assert done.returncode == 1
    assert f"{path}:1:1: differs from the digest" in errors
    assert "remove the folder" in errors
    assert not (tmp_path / "out").exists()
    shutil.rmtree(path.parent)
    done = start(root / "claims", tmp_path / "out", store)
    _, errors = done.communicate(timeout=100)
    assert done.returncode == 0
    assert f"1 run made, {RUNS - 1} already in" in errors


def test_training_here_gives_the_committed_results(root: Path, data_dir: Path):
    """To the bit on the kind of processor that made them; on another a last bit may differ, and training amplifies it."""
    from claimcheck.experiment.leg import Leg, execute
    from claimcheck.measurement.measures import Setting, mean_by_language, parse, values
    from claimcheck.measurement.places import from_parquet
    from claimcheck.measurement.provenance import machine
    from claimcheck.plan import make
    from claimcheck.reproduction_files import load

    document, _ = load(root / "reproductions" / "hybrid-batches.yaml")
    assert document is not None
    run = next(each for each in make([], document.value, "quick").runs if each.condition.arm == "hybrid" and each.seed == 0)
    records = [json.loads(path.read_text()) | {"folder": path.parent} for path in
               (root / "reports" / "hybrid-batches" / "store").glob("*/run.json")]
    record, = (each for each in records if each["run"] == run.digest)
    files = {path.stem: path for path in (data_dir / "xquad-r").glob("??.json")}
    made = execute(Leg(key="", number=0, run=run, route=run.condition.data.routes[0], fold=0, files={"xquad-r": files}))
    committed = (record["folder"] / "places.parquet").read_bytes()
    if record["machine"]["processor"] == machine()["processor"] and (
            record["legs"][0]["instructions"] == made.record["instructions"]):
        assert made.places == committed, "run `make report`"
    for setting in Setting:
        ours, theirs = (mean_by_language(values(from_parquet(each), parse("AP"), setting)) for each in (made.places, committed))
        assert ours == pytest.approx(theirs, abs=0.01)
