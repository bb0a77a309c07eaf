"""Runs on this machine: worker processes with one thread each, legs handed out one by one, results published by the parent.

A run's lock is held while it is worked on; where another process holds it, its result is waited for. Whatever stood when
something was killed stands still, and the same call goes on from there.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from claimcheck.corpora.backbones import Checkpoint, files_sha256
from claimcheck.engine.workers import workers
from claimcheck.errors import MeasurementFailed
from claimcheck.execution import Execution, Hands
from claimcheck.experiment.devices import settled
from claimcheck.experiment.leg import Leg
from claimcheck.experiment.together import carry_out
from claimcheck.measurement.places import concatenate, from_parquet, to_parquet_bytes
from claimcheck.measurement.progress import progress_of
from claimcheck.measurement.provenance import checkout, machine
from claimcheck.measurement.store import Store, Stored, stored
from claimcheck.measurement.work import Work
from claimcheck.run import Json

_POLL_SECONDS = 0.5
AHEAD = 3
"""Legs handed out for each worker: so that none waits, and other processes find runs that are not locked."""


@dataclass(slots=True, kw_only=True)
class _Under:
    """A run that is worked on here: its work, the legs that are still to come, and its lock."""

    work: Work
    left: set[int]
    lock: ExitStack


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Who hears of progress. `done`: of each leg that is done; `going`: now and then of one whose training takes long."""

    done: Callable[[str], None]
    going: Callable[[str], None] = lambda _: None


def legs(work: Work, execution: Execution | None = None, kept: Path | None = None) -> tuple[Leg, ...]:
    """What workers do one by one: each route and fold of a run. `kept`: where unfinished trainings are kept, if at all."""
    return tuple(Leg(key=work.key, number=number, run=work.run, route=route, fold=fold, files=work.files,
                     checkpoint=work.checkpoint, execution=execution or Execution(device="cpu"),
                     kept=None if kept is None else kept / f"{number}.training")
                 for number, (route, fold) in enumerate(work.run.condition.legs))


def missing(works: Sequence[Work], store: Store) -> tuple[Work, ...]:
    """Those whose results do not stand in the store."""
    return tuple(work for work in works if not store.has(work.key))


def run_all(works: Sequence[Work], store: Store, hands: Hands, told: Told) -> int:
    """See to it that every result stands in the store; how many runs were made here.

    So many at a time as there are hands, on one thread each; one at a time where transformers have a GPU or several processes.
    Raises MeasurementFailed: a run could not be carried out; UsageFault: the execution asks for a device that is not here.
    What was done by then is kept, unfinished trainings too.
    """
    execution, jobs = settled(hands.execution), hands.jobs
    waiting, made = deque(missing(works, store)), 0
    if any(work.run.condition.model.encoder != "hashed n-grams" for work in waiting) and (
            execution.device == "cuda" or execution.processes > 1):
        jobs = 1
    under: dict[str, _Under] = {}
    futures: dict[Future[Stored], Leg] = {}
    try:
        with workers(min(jobs, sum(len(legs(work)) for work in waiting) or 1)) as pool:
            while waiting or futures:
                for _ in range(len(waiting)):
                    if len(futures) >= AHEAD * jobs:
                        break
                    work = waiting.popleft()
                    taken = _taken(work, store)
                    if taken is not None:
                        under[work.key] = taken
                        made += 1
                        futures |= {pool.submit(carry_out, leg): leg for leg in _todo(taken, store, execution, told)}
                    elif not store.has(work.key):
                        waiting.append(work)  # another process is at it: others first
                if not futures:
                    time.sleep(_POLL_SECONDS if waiting else 0)
                    continue
                ready, _ = wait(futures, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
                for future in ready:
                    leg = futures.pop(future)
                    store.put_part(leg.key, leg.number, _result(future, leg))
                    _done(under[leg.key], leg, store, told)
                _tell(futures.values(), told)
    finally:
        for each in under.values():
            each.lock.close()
    return made


def _taken(work: Work, store: Store) -> _Under | None:
    """A run with its lock, unless another process holds it or its result stands."""
    lock = ExitStack()
    if not lock.enter_context(store.lock(work.key)) or store.has(work.key):
        lock.close()
        return None
    return _Under(work=work, left={leg.number for leg in legs(work)}, lock=lock)


def _todo(taken: _Under, store: Store, execution: Execution, told: Told) -> list[Leg]:
    """The legs of a run whose results were not kept."""
    todo = []
    for leg in legs(taken.work, execution, store.parts(taken.work.key)):
        if store.part(leg.key, leg.number) is None:
            todo.append(leg)
        else:
            _done(taken, leg, store, told)
    return todo


def _tell(under_way: Iterable[Leg], told: Told) -> None:
    """Tell of trainings that have said how far they are."""
    for leg in under_way:
        if leg.kept is not None and (at := progress_of(leg.kept)) is not None:
            condition = leg.run.condition
            told.going(f"{condition.backbone} {condition.arm} {leg.run.seed}, step {at['step']} of {at['steps']}, "
                       f"loss {at['loss']:.3f}")


def _result(future: "Future[Stored]", leg: Leg) -> Stored:
    what = f"{leg.run.condition.backbone} {leg.run.condition.arm} seed {leg.run.seed} on {leg.route.name}"
    try:
        return future.result()
    except BrokenProcessPool:
        raise MeasurementFailed(f"a worker died while runs were under way, {what} among them (out of memory?); what was done "
                                "is kept: run again, with fewer --jobs if memory is short") from None
    except (ValueError, ArithmeticError, MemoryError, RuntimeError) as error:
        raise MeasurementFailed(f"{what}: {str(error) or type(error).__name__}; what was done before is kept") from error


def _done(taken: _Under, leg: Leg, store: Store, told: Told) -> None:
    """Count a leg as done; with the last of its run, publish the run and let go of its lock."""
    told.done(f"{leg.run.condition.arm} {leg.run.seed}")
    taken.left.discard(leg.number)
    if taken.left:
        return
    parts = [part for each in legs(taken.work) if (part := store.part(leg.key, each.number)) is not None]
    assert len(parts) == len(legs(taken.work))
    places = concatenate([from_parquet(part.places) for part in parts])
    store.publish(leg.key, stored(to_parquet_bytes(places), _record(taken.work, parts)))
    taken.lock.close()


def _record(work: Work, parts: Sequence[Stored]) -> dict[str, Json]:
    told: dict[str, Json] = {}
    if work.checkpoint is not None:
        told["checkpoint_files"] = dict(files_sha256(Checkpoint(folder=work.checkpoint, digest="", source="folder")))
    legs: list[Json] = [{name: value for name, value in part.record.items() if not name.endswith("_sha256")} for part in parts]
    return {"format": "claimcheck-run", "format_version": 1, "key": work.key, "run": work.run.digest, "seed": work.run.seed,
            "condition": work.run.condition.as_json(), **work.ingredients.as_json(), **told, "legs": legs,
            "code": checkout(), "machine": machine()}
