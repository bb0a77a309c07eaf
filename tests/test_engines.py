"""Engines: the same bytes on each, whoever is killed; nothing is made twice, and what cannot be done is one clear error."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from claimcheck.appraisal.works import works
from claimcheck.design import Arm, Backbone, Data, Route
from claimcheck.engine import driving, engines, local, publishing, working
from claimcheck.engine.driving import Drive, Told
from claimcheck.engine.slots import slots
from claimcheck.engine.tasks import Task, Word, WorkerLost, elsewhere, tasks
from claimcheck.errors import MeasurementFailed, UsageFault
from claimcheck.execution import Execution, Hands
from claimcheck.measurement.provenance import Ingredients
from claimcheck.measurement.store import Store, stored
from claimcheck.measurement.work import Work, work
from claimcheck.plan import make
from claimcheck.reproduction_files import load
from claimcheck.run import Condition, Run

SUBMITIT = {"engine": "slurm", "options": {"cluster": "local"}}
STEPS = 400  # of what is killed in the middle: a second or more
# what a terminal would start: runs of a reproduction into a store, without judging
CALL = """
import json, sys
from pathlib import Path
from claimcheck.appraisal.works import works
from claimcheck.engine.driving import Told
from claimcheck.engine.engines import run_all
from claimcheck.execution import Hands
from claimcheck.measurement.store import Store
from claimcheck.plan import make
from claimcheck.reproduction_files import load
file, store, hands = sys.argv[1:]
plan = make([], load(Path(file))[0].value, "planted")
told = Told(done=print, lost=lambda line: print(line, file=sys.stderr))
print("made", run_all(works(plan, ())[:3], Store(path=Path(store)), Hands(**json.loads(hands)), told))
"""

# a worker that has two processes at work on what never ends; as in a pool, an interrupt is its parent's
TOGETHER = """
import os, signal, sys, time
from pathlib import Path
from types import SimpleNamespace as Some
from claimcheck.execution import Execution
from claimcheck.experiment.together import ProcessLost, carry_out

class Endless:
    def __getitem__(self, _):
        run = Some(condition=Some(model=Some(encoder="transformers")))
        return Some(key="k", number=0, run=run, execution=Execution(device="cpu", processes=2))

    def __iter__(self):
        (Path(sys.argv[1]) / str(os.getpid())).touch()
        time.sleep(600)

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        carry_out(Endless(), print)
    except ProcessLost as error:
        print(error)
"""


@pytest.fixture(scope="module")
def files(root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """A reproduction on the synthetic corpus with one seed: a brief one, and one whose trainings take some seconds."""
    text = (root / "claimcheck" / "selftest" / "reproductions" / "planted.yaml").read_text(encoding="utf-8")
    made = {}
    for steps in (4, STEPS):
        path = tmp_path_factory.mktemp("files") / "planted.yaml"
        changed = text.replace("steps: 120", f"steps: {steps}").replace("warmup_steps: 12\n", "warmup_steps: 2\n")
        path.write_text(changed.replace("seeds: 5", "seeds: 1"), encoding="utf-8")
        made[steps] = path
    return made


def asked(path: Path) -> tuple[Work, ...]:
    document, _ = load(path)
    assert document is not None
    found = works(make([], document.value, "planted"), ())
    assert isinstance(found, tuple)
    return found[:3]


def start(path: Path, store: Path, **hands: Any) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", CALL, path, store, json.dumps(hands)], text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))


def ended(process: subprocess.Popen[str]) -> tuple[str, str]:
    said, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return said, errors


def results(store: Path) -> dict[str, bytes]:
    return {path.parent.name: path.read_bytes() for path in sorted(store.glob("[!.]*/places.parquet"))}


def wait_for(found: Any, seconds: float = 60) -> Any:
    end = time.monotonic() + seconds
    while not (made := found()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
    return made


def at_work(store: Path) -> dict[str, int]:
    """Name of the lock -> process, of the workers that are in the middle of a task in this store."""
    begun = [path for path in (store / "locks").glob("*.*") if path.is_file() and path.stat().st_size]
    found = {}
    for folder in Path("/proc").glob("[0-9]*/fd"):
        try:
            opened = {str(each.readlink()) for each in folder.iterdir()}
        except OSError:
            continue
        found |= {path.name: int(folder.parent.name) for path in begun if str(path.absolute()) in opened}
    return found


def logged(store: Path) -> list[str]:
    """Keys of what jobs have made, one for each making."""
    lines = [line for path in store.glob("jobs/*/*_log.out") for line in path.read_text().splitlines() if " legs in " in line]
    return [line.split()[0] for line in lines if " 0 of " not in line]


@pytest.fixture(scope="module")
def expected(files: dict[int, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[int, dict[str, bytes]]:
    """Steps -> what nothing disturbed gives, made in this process without an engine."""
    made = {}
    for steps, path in files.items():
        store = Store(path=tmp_path_factory.mktemp("whole") / "store")
        for each in asked(path):
            for task in tasks(each, store, Execution(device="cpu")):
                assert working.do(task) == Word()
            from claimcheck.engine.publishing import publish

            publish(each, store)
        made[steps] = results(store.path)
        assert len(made[steps]) == 3
    return made


# ---------------------------------------------------------------- slots and cards


@pytest.mark.parametrize(("jobs", "processes", "cards", "visible", "transformers"), [
    (8, 1, 3, None, ["0", "1", "2"]),
    (2, 1, 3, None, ["0", "1"]),
    (8, 2, 5, None, ["0,1", "2,3"]),
    (8, 1, 2, "5, 3", ["5", "3"]),
    (8, 1, 2, "5,3,-1,1", ["5", "3"]),  # what stands after -1 is not seen, and not counted
    (8, 2, 4, "MIG-a,MIG-b,MIG-c,MIG-d", ["MIG-a,MIG-b", "MIG-c,MIG-d"])])
def test_a_slot_has_as_many_cards_as_there_are_processes(jobs: int, processes: int, cards: int, visible: str | None,
                                                         transformers: list[str]):
    found = slots(jobs, Execution(device="cuda", processes=processes), cards, visible)
    assert [slot.visible for slot in found.transformers] == transformers
    assert [slot.visible for slot in found.n_grams] == [""] * jobs


def test_on_the_processor_several_processes_are_one_task_at_a_time():
    assert len(slots(8, Execution(device="cpu"), 0).transformers) == 8
    assert len(slots(8, Execution(device="cpu", processes=2), 4, "1,2").transformers) == 1


def seen(task: Task) -> Word:
    """In place of what a worker does: say which cards it sees."""
    time.sleep(0.5)  # long enough that no worker takes two
    return Word(lost=f"{task.name}: {os.environ['CUDA_VISIBLE_DEVICES']}")


def test_each_worker_sees_the_cards_of_its_slot_and_n_grams_see_none(files: dict[int, Path], tmp_path: Path,
                                                                     monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(local, "do", seen)
    monkeypatch.setattr(local, "settled", lambda execution: execution)
    monkeypatch.setattr(local, "cards", lambda: 4)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "6,4,2,0")
    plain = tasks(asked(files[4])[0], Store(path=tmp_path), Execution(device="cuda"))[0]
    condition = plain.work.run.condition
    model = Backbone(encoder="transformers", pooling="mean")
    other = replace(plain, work=replace(plain.work, run=Run(condition=replace(condition, model=model), seed=7)))
    with local.opened(Hands(jobs=4, execution=Execution(device="cuda", processes=2))) as engine:
        handed = [task for task in (other, other, other, plain) if engine.room(task)]
        assert handed == [other, other, plain]  # two slots of two cards
        words = [future.result().lost.rpartition(": ")[2] for future in engine.submit(handed)]
        assert engine.room(other)
    assert words == ["6,4", "2,0", ""]


# ---------------------------------------------------------------- the same on each


@pytest.fixture(scope="module")
def ray_session() -> Iterator[Any]:
    """One Ray for all tests: it takes seconds to start."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray

    ray.init(num_cpus=2, num_gpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield ray
    ray.shutdown()


def made_here(path: Path, store: Path, **hands: Any) -> tuple[int, list[str]]:
    """Runs made from this process, and what was told of workers that were lost."""
    lost: list[str] = []
    return engines.run_all(asked(path), Store(path=store), Hands(**hands), Told(done=lambda _: None, lost=lost.append)), lost


@pytest.mark.parametrize("hands", [{"jobs": 2}, SUBMITIT], ids=["local", "slurm"])
def test_every_engine_gives_the_same_bytes(hands: dict[str, Any], files: dict[int, Path],
                                           expected: dict[int, dict[str, bytes]], tmp_path: Path):
    told: list[str] = []
    made = engines.run_all(asked(files[4]), Store(path=tmp_path / "store"), Hands(**hands), Told(done=told.append))
    assert made == 3
    assert sorted(told) == sorted(f"{each.run.condition.arm} 0" for each in asked(files[4]))
    assert results(tmp_path / "store") == expected[4]
    assert not list((tmp_path / "store" / "parts").iterdir())
    assert not list((tmp_path / "store" / "locks").glob("*.*"))  # what tasks were locked by goes with their parts
    assert not list((tmp_path / "store").glob("jobs/*/*.pkl"))
    for record in (json.loads(path.read_text()) for path in (tmp_path / "store").glob("*/run.json")):
        assert record["machine"]["cores"] >= 1
        assert "machine" not in record["legs"][0]


def test_ray_gives_the_same_bytes_and_its_workers_see_the_cards_that_it_gives_them(
        ray_session: Any, files: dict[int, Path], expected: dict[int, dict[str, bytes]], tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch):
    assert made_here(files[4], tmp_path / "store", engine="ray") == (3, [])
    assert results(tmp_path / "store") == expected[4]
    from claimcheck.engine import ray_engine

    def look(task: Task) -> Word:  # pretended cards: nothing is computed on them
        time.sleep(0.5)
        return Word(lost=os.environ["CUDA_VISIBLE_DEVICES"])

    monkeypatch.setattr(ray_engine, "work", look)
    plain = tasks(asked(files[4])[0], Store(path=tmp_path), Execution(device="auto"))[0]
    model = Backbone(encoder="transformers", pooling="mean")
    other = replace(plain, work=replace(plain.work, run=Run(condition=replace(plain.work.run.condition, model=model), seed=7)))
    with ray_engine.opened(Hands(engine="ray", execution=Execution(device="auto"))) as engine:
        assert sorted(future.result().lost for future in engine.submit([other, other])) == ["0", "1"]
        assert engine.execution.device == "auto"  # settled where the cards are
    with pytest.raises(UsageFault, match="no node of Ray has more than 2 GPUs"), ray_engine.opened(
            Hands(engine="ray", execution=Execution(device="cuda", processes=3))):
        pass


@pytest.mark.parametrize("hands", [{"jobs": 2}, {"jobs": 2, **SUBMITIT}], ids=["local", "slurm"])
def test_a_worker_that_is_killed_in_the_middle_is_told_of_and_its_task_tried_again(
        hands: dict[str, Any], files: dict[int, Path], expected: dict[int, dict[str, bytes]], tmp_path: Path):
    call = start(files[STEPS], tmp_path / "store", **hands)
    name, worker = next(iter(wait_for(lambda: at_work(tmp_path / "store")).items()))
    os.kill(worker, signal.SIGKILL)
    said, errors = ended(call)
    assert errors.count("a worker died while") == 1
    assert "Traceback" not in errors
    assert said.endswith("made 3\n")
    assert results(tmp_path / "store") == expected[STEPS]
    assert name.partition(".")[0] in expected[STEPS]


def test_a_worker_of_ray_that_is_killed_is_tried_again_by_ray(ray_session: Any, files: dict[int, Path],
                                                              expected: dict[int, dict[str, bytes]], tmp_path: Path):
    import threading

    def kill() -> None:
        os.kill(next(iter(wait_for(lambda: at_work(tmp_path / "store")).values())), signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    made, lost = made_here(files[STEPS], tmp_path / "store", engine="ray")
    killer.join()
    assert made == 3
    assert len(lost) == 1
    assert results(tmp_path / "store") == expected[STEPS]


# ---------------------------------------------------------------- nothing is made twice


def test_two_calls_at_once_on_one_store_make_nothing_twice(files: dict[int, Path], expected: dict[int, dict[str, bytes]],
                                                           tmp_path: Path):
    both = [start(files[4], tmp_path / "store", jobs=1, **SUBMITIT) for _ in range(2)]
    made = [int(ended(call)[0].split()[-1]) for call in both]
    assert sum(made) == 3
    assert sorted(logged(tmp_path / "store")) == sorted(expected[4])
    assert results(tmp_path / "store") == expected[4]


def test_jobs_go_on_when_their_parent_is_killed_and_the_next_call_finds_what_they_made(
        files: dict[int, Path], expected: dict[int, dict[str, bytes]], tmp_path: Path):
    store = tmp_path / "store"
    first = start(files[STEPS], store, jobs=2, **SUBMITIT)
    wait_for(lambda: len(at_work(store)) == 2)
    sessions = {os.getsid(worker) for worker in at_work(store).values()}
    assert os.getsid(first.pid) not in sessions  # what ends with our terminal does not end them
    first.kill()
    first.communicate(timeout=5)  # nor do they hold what reads our output
    again = start(files[STEPS], store, jobs=2, **SUBMITIT)
    said, errors = ended(again)
    assert said.endswith("made 3\n")
    assert "a worker died" not in errors
    assert sorted(logged(store)) == sorted(expected[STEPS])  # the two that were under way went on, and were not begun again
    assert results(store) == expected[STEPS]


def test_a_job_that_is_preempted_is_started_again(files: dict[int, Path], expected: dict[int, dict[str, bytes]],
                                                  tmp_path: Path):
    call = start(files[STEPS], tmp_path / "store", jobs=2, **SUBMITIT)
    os.kill(next(iter(wait_for(lambda: at_work(tmp_path / "store")).values())), signal.SIGUSR2)  # as submitit asks Slurm to
    _, errors = ended(call)
    assert "a worker died" not in errors
    assert any("Requeued" in path.read_text() for path in (tmp_path / "store").glob("jobs/*/*_log.out"))
    assert results(tmp_path / "store") == expected[STEPS]


def test_an_interrupt_cancels_the_jobs(files: dict[int, Path], tmp_path: Path):
    call = start(files[STEPS], tmp_path / "store", jobs=2, **SUBMITIT)
    wait_for(lambda: len(at_work(tmp_path / "store")) == 2)
    workers = at_work(tmp_path / "store").values()
    call.send_signal(signal.SIGINT)
    _, errors = call.communicate(timeout=30)
    assert errors.count("Traceback") == 1  # of this call, which no command catches here; submitit's processes say nothing
    assert "submitit/local" not in errors
    wait_for(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))
    assert not results(tmp_path / "store")


def test_several_processes_hear_no_interrupt_and_end_with_their_worker_without_a_word(tmp_path: Path):
    (tmp_path / "worker.py").write_text(TOGETHER, encoding="utf-8")
    begun = tmp_path / "begun"
    begun.mkdir()
    worker = subprocess.Popen([sys.executable, tmp_path / "worker.py", begun], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, start_new_session=True)
    wait_for(lambda: worker.poll() is not None or len(list(begun.iterdir())) == 2)
    os.killpg(worker.pid, signal.SIGINT)  # as a terminal does
    with pytest.raises(subprocess.TimeoutExpired):
        worker.communicate(timeout=1)
    assert all(Path(f"/proc/{each.name}").exists() for each in begun.iterdir())
    worker.terminate()
    assert worker.communicate(timeout=60) == ("2 processes were ended by signal 15\n", "")
    assert not any(Path(f"/proc/{each.name}").exists() for each in begun.iterdir())


def test_an_interrupt_while_jobs_are_submitted_cancels_those_that_are(files: dict[int, Path], tmp_path: Path,
                                                                      monkeypatch: pytest.MonkeyPatch):
    import submitit

    submitted: list[Any] = []
    plain = submitit.AutoExecutor.map_array

    def interrupted(self: Any, *given: Any) -> Any:
        submitted.extend(plain(self, *given))
        os.kill(os.getpid(), signal.SIGINT)
        return submitted

    monkeypatch.setattr(submitit.AutoExecutor, "map_array", interrupted)
    with pytest.raises(KeyboardInterrupt):
        made_here(files[STEPS], tmp_path / "store", jobs=2, **SUBMITIT)
    assert len(submitted) == 2
    assert all(job.done() for job in submitted)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_jobs_that_a_job_submits_are_not_shaped_as_it_is(files: dict[int, Path], tmp_path: Path,
                                                         monkeypatch: pytest.MonkeyPatch):
    import submitit

    seen: list[set[str]] = []

    def look(*_: Any) -> Any:
        seen.append({"SLURM_CPUS_PER_TASK", "SBATCH_ACCOUNT"}.intersection(os.environ))
        raise RuntimeError("not now")

    monkeypatch.setattr(submitit.AutoExecutor, "map_array", look)
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "7")
    monkeypatch.setenv("SBATCH_ACCOUNT", "ours")
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    for _ in range(2):
        with pytest.raises(MeasurementFailed, match="jobs cannot be submitted: not now; what was done is kept"):
            made_here(files[4], tmp_path / "store", **SUBMITIT)
        monkeypatch.setenv("SLURM_JOB_ID", "1")
    assert seen == [{"SLURM_CPUS_PER_TASK", "SBATCH_ACCOUNT"}, set()]


def test_a_worker_that_comes_late_makes_nothing(files: dict[int, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    made_here(files[4], tmp_path / "store", jobs=1)
    task = elsewhere(tasks(asked(files[4])[0], Store(path=tmp_path / "store"), Execution(device="cpu"))[0])
    monkeypatch.setattr(working, "carry_out", lambda *_: pytest.fail("it is made again"))
    assert working.do(task) == Word()  # its parts are gone, and the run stands
    assert not (tmp_path / "store" / "parts" / task.work.key).exists()
    assert not list((tmp_path / "store" / "locks").glob("*.*"))


# ---------------------------------------------------------------- legs that are trained as one


def several(folder: Path) -> Task:
    """A run of three routes, two of which are trained as one, as a task of those two."""
    routes = (Route(train="x", evaluate="y"), Route(train="z", evaluate="y"), Route(train="x", evaluate="z"))
    condition = Condition(reproduction="r", backbone="b", arm="a", model=Backbone(encoder="hashed n-grams", dimensions=4),
                          filling=Arm(sampling="monolingual"), training=asked_training(),
                          data=Data(train=("x", "z"), evaluate=("y", "z"), languages=("de", "en"), routes=routes))
    assert condition.trainings == ((0, 2), (1,))
    given = work(Run(condition=condition, seed=5), Ingredients(sources="s", libraries={}, data=dict.fromkeys("xyz", "d")), {})
    return tasks(given, Store(path=folder), Execution(device="cpu"), "a call")[0]


def asked_training() -> Any:
    from claimcheck.design import Training

    return Training(optimizer="Adam", learning_rate=0.02, batch_size=6, temperature=0.1, steps=8, loss="InfoNCE",
                    negatives="in-batch")


def test_a_part_is_put_as_soon_as_it_is_there_and_only_what_lacks_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    task, asked_for = several(tmp_path), []

    def one_and_out(legs, put) -> None:
        asked_for.append([(leg.number, leg.kept) for leg in legs])
        put(legs[0], stored(b"places", {"route": legs[0].route.name}))
        if len(legs) > 1:
            raise MemoryError("out of memory")

    monkeypatch.setattr(working, "carry_out", one_and_out)
    word = working.do(task)
    assert str(word.fault) == "b a seed 5 on x > z: out of memory; what was done before is kept"
    assert task.lacking() == (2,)
    assert working.do(task) == Word()
    kept = tmp_path / "parts" / task.work.key / "0.training"
    assert asked_for == [[(0, kept), (2, kept)], [(2, kept)]]
    part = task.store.part(task.work.key, 2)
    assert part is not None
    assert part.record["machine"]["cores"] >= 1


def test_who_finds_a_task_locked_waits_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import threading

    task = several(tmp_path)
    monkeypatch.setattr(working, "carry_out", lambda *_: pytest.fail("it is made again"))
    words: list[Word] = []
    with task.lock() as mine:
        assert mine is not None
        late = threading.Thread(target=lambda: words.append(working.do(task)))
        late.start()
        time.sleep(0.2)
        assert not words
        for number in task.numbers:
            task.store.put_part(task.work.key, number, stored(b"places", {}))
        late.join(timeout=10)
    assert words == [Word()]


def test_a_worker_that_was_lost_before_is_told_of_by_the_next_of_the_same_call(tmp_path: Path,
                                                                              monkeypatch: pytest.MonkeyPatch):
    task = several(tmp_path)
    monkeypatch.setattr(working, "carry_out", lambda *_: None)
    with task.lock() as mark:
        assert mark is not None
        mark.write_text("a call")  # it was killed, and could not take that away
    assert working.do(replace(task, call="another")).begun_before is False
    with task.lock() as mark:
        mark.write_text("a call")
    assert working.do(task).begun_before is True
    assert working.do(task).begun_before is False
    with task.lock() as mark:
        mark.write_bytes(b"\xff\x00")  # whatever a machine that went down left there
    assert working.do(task) == Word()


# ---------------------------------------------------------------- what cannot be done


class Losing:
    """An engine whose workers are lost each time."""

    execution, ahead, lost, failed, begun, handed = Execution(device="cpu"), 9, (WorkerLost,), (), 1, 0

    def room(self, task: Task) -> bool:
        return True

    def submit(self, handed: list[Task]) -> list[Future[Word]]:
        self.handed += len(handed)
        made = [Future() for _ in handed]
        for each in made:
            each.set_exception(WorkerLost("no word"))
        return made

    def wait(self, futures: Any, seconds: float) -> set[Future[Word]]:
        return set(futures)


def test_what_is_lost_again_and_again_ends_the_call(files: dict[int, Path], tmp_path: Path):
    engine, told = Losing(), []
    with pytest.raises(MeasurementFailed, match=r"a worker died 3 times while n-grams \S+ 0 .*it is said: no word.*is kept"):
        Drive(waiting=deque(asked(files[4])[:1]), store=Store(path=tmp_path), engine=engine,
              told=Told(done=pytest.fail, lost=told.append)).run()
    assert engine.handed == driving.TRIES
    assert len(told) == 1
    with Store(path=tmp_path).lock(asked(files[4])[0].key) as free:
        assert free


class Damaging:
    """An engine that puts parts of nothing, and takes the first of a run away as soon as the second stands, so many times."""

    execution, ahead, lost, failed, begun = Execution(device="cpu"), 9, (WorkerLost,), (), 1

    def __init__(self, times: int) -> None:
        self.times, self.handed = times, list[tuple[int, ...]]()

    def room(self, task: Task) -> bool:
        return True

    def submit(self, handed: list[Task]) -> list[Future[Word]]:
        made = [Future() for _ in handed]
        for task, each in zip(handed, made, strict=True):
            self.handed.append(task.numbers)
            for number in task.numbers:
                task.store.put_part(task.work.key, number, stored(b"places", {"route": str(number)}))
            each.set_result(Word())
        return made

    def wait(self, futures: Any, seconds: float) -> set[Future[Word]]:
        return set(futures)

    def publish(self, given: Work, store: Store) -> bool:
        """In its place: what stands is damaged just before."""
        if self.times:
            self.times -= 1
            (store.parts(given.key) / "0.parquet").write_bytes(b"half")
            return publishing.publish(given, store)
        store.publish(given.key, stored(b"whole", {}))
        return True


@pytest.mark.parametrize("times", [1, 3])
def test_a_part_that_is_damaged_after_it_stood_is_made_again(times: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    engine, told, task = Damaging(times), list[str](), several(tmp_path)
    monkeypatch.setattr(driving, "publish", engine.publish)
    drive = Drive(waiting=deque([task.work]), store=task.store, engine=engine, told=Told(done=lambda _: None, lost=told.append))
    if times < driving.TRIES:
        assert drive.run() == 1
        assert task.store.has(task.work.key)
    else:
        with pytest.raises(MeasurementFailed, match=r"parts of b a 5 are damaged in .* again and again"):
            drive.run()
    again = min(times, driving.TRIES - 1)
    assert engine.handed == [(0, 2), (1,), *[(0, 2)] * again]
    assert told == ["a part of b a 5 was damaged or taken away after it stood, and is made again"] * again


def faulty(path: Path, folder: Path) -> Path:
    """A reproduction that no worker can train."""
    text = path.read_text(encoding="utf-8").replace("temperature: 0.05", "temperature: 1.0e-44")
    (folder / "planted.yaml").write_text(text, encoding="utf-8")
    return folder / "planted.yaml"


def test_a_fault_of_the_design_is_not_tried_again_by_slurm(files: dict[int, Path], tmp_path: Path):
    with pytest.raises(MeasurementFailed, match="lower the learning rate or raise the temperature; what was done before"):
        made_here(faulty(files[4], tmp_path), tmp_path / "store", **SUBMITIT)
    assert len(list((tmp_path / "store").glob("jobs/*/*_log.out"))) <= 3


def test_a_fault_of_the_design_is_not_tried_again_by_ray(ray_session: Any, files: dict[int, Path], tmp_path: Path):
    with pytest.raises(MeasurementFailed, match="lower the learning rate or raise the temperature; what was done before"):
        made_here(faulty(files[4], tmp_path), tmp_path / "store", engine="ray")


@pytest.mark.parametrize(("hands", "says"), [
    ({"options": {"x": "1"}}, "--engine-option x: the engine local has no options"),
    ({"engine": "slurm"}, "srun"),
    ({"engine": "slurm", "options": {"cluster": "moon"}}, "cluster=moon: there are slurm and local"),
    ({"engine": "slurm", "options": {"cluster": "local", "partition": "gpu"}}, "Use 'slurm_partition' instead"),
    ({"engine": "slurm", "options": {"cluster": "local", "slurm_colour": "red"}}, "Unknown argument 'colour'"),
    ({"engine": "slurm", "options": {"cluster": "local", "timeout_min": "soon"}}, "timeout_min=soon: give a whole number"),
    ({"engine": "slurm", "options": {"cluster": "local", "timeout_min": "0"}}, "timeout_min=0: give a whole number, 1 or more"),
    ({"engine": "slurm", "options": {"cluster": "local", "slurm_max_num_timeout": "few"}}, "give a whole number, 0 or more"),
    ({"engine": "slurm", "options": {"cluster": "local", "nodes": "2"}}, "a job is one task on one node"),
    ({"engine": "ray", "options": {"colour": "red"}}, "Ray is told address, num_cpus, num_gpus alone"),
    ({"engine": "ray", "options": {"num_cpus": "few"}}, "num_cpus=few: give a whole number"),
    ({"engine": "ray", "options": {"address": "127.0.0.1:1"}}, "no cluster of Ray answers there"),
    ({"engine": "ray", "options": {"address": "ray://somewhere"}}, "give auto, or the host and port")])
def test_an_option_that_an_engine_does_not_have_is_one_clear_error(hands: dict[str, Any], says: str, files: dict[int, Path],
                                                                   tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    if hands.get("engine") == "ray":
        import ray

        monkeypatch.setattr(ray, "is_initialized", lambda: False)
    with pytest.raises(UsageFault, match=says) as told:
        made_here(files[4], tmp_path / "store", **hands)
    assert "\n" not in str(told.value)
    assert not results(tmp_path / "store")


def test_a_cluster_of_ray_that_the_environment_names_is_asked_for_before_ray_asks(files: dict[int, Path], tmp_path: Path,
                                                                                  monkeypatch: pytest.MonkeyPatch):
    import ray

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", lambda **_: pytest.fail("Ray would ask for a quarter of an hour"))
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    with pytest.raises(UsageFault, match=r"^RAY_ADDRESS=127\.0\.0\.1:1: no cluster of Ray answers there"):
        made_here(files[4], tmp_path / "store", engine="ray")


@pytest.mark.parametrize(("engine", "name"), [("slurm", "submitit"), ("ray", "ray")])
def test_an_engine_that_is_not_installed_says_how_to_install_it(engine: str, name: str, files: dict[int, Path], tmp_path: Path,
                                                                monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(UsageFault, match=rf"--engine {engine}: .*pip install 'claimcheck-ir\[{engine}\]'"):
        made_here(files[4], tmp_path / "store", engine=engine)


@pytest.mark.parametrize(("given", "says"), [(["a"], "`a` is not KEY=VALUE"), (["a=1", "a=2"], "a is given twice")])
def test_the_command_takes_pairs(given: list[str], says: str, tmp_path: Path):
    from click.testing import CliRunner

    from claimcheck.cli import main

    (tmp_path / "claims").mkdir()
    options = [part for each in given for part in ("--engine-option", each)]
    done = CliRunner().invoke(main, ["run", str(tmp_path / "claims"), "--engine", "slurm", *options])
    assert done.exit_code == 2
    assert says in done.output
