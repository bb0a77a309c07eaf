"""Runs on this machine: worker processes with one thread each, legs handed out one by one, results published by the parent.

A run's lock is held while it is worked on; where another process holds it, its result is waited for. Whatever stood when
something was killed stands still, and the same call goes on from there.
"""

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from claimcheck.errors import MeasurementFailed
from claimcheck.experiment.leg import Leg, execute
from claimcheck.measurement.places import concatenate, from_parquet, to_parquet_bytes
from claimcheck.measurement.provenance import checkout, machine
from claimcheck.measurement.store import Store, Stored, stored
from claimcheck.measurement.work import Work
from claimcheck.run import Json

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_POLL_SECONDS = 0.5


@dataclass(slots=True, kw_only=True)
class _Under:
    """Works that this process holds the locks of, and the legs of each that are still to come."""

    works: dict[str, Work] = field(default_factory=dict)
    left: dict[str, set[int]] = field(default_factory=dict)


def legs(work: Work) -> tuple[Leg, ...]:
    """What workers do one by one: each route and fold of a run."""
    return tuple(Leg(key=work.key, number=number, run=work.run, route=route, fold=fold, files=work.files)
                 for number, (route, fold) in enumerate(work.run.condition.legs))


def missing(works: Sequence[Work], store: Store) -> tuple[Work, ...]:
    """Those whose results do not stand in the store."""
    return tuple(work for work in works if not store.has(work.key))


def run_all(works: Sequence[Work], store: Store, jobs: int, step: Callable[[str], None]) -> int:
    """See to it that every result stands in the store; how many runs were made here. `step` is told of each leg that is done.

    Raises MeasurementFailed: a run could not be carried out; what was done by then is kept.
    """
    waiting, made = list(missing(works, store)), 0
    while waiting:
        with ExitStack() as locks:
            held = _Under()
            for work in waiting:
                if locks.enter_context(store.lock(work.key)) and not store.has(work.key):
                    held.works[work.key] = work
                    held.left[work.key] = {leg.number for leg in legs(work)}
            _work_off(held, store, jobs, step)
            made += len(held.works)
        waiting = list(missing(waiting, store))
        if waiting and not held.works:  # another process has them all
            time.sleep(_POLL_SECONDS)
    return made


def _work_off(held: _Under, store: Store, jobs: int, step: Callable[[str], None]) -> None:
    todo = []
    for work in held.works.values():
        for leg in legs(work):
            kept = store.part(leg.key, leg.number)
            if kept is None:
                todo.append(leg)
            else:
                _done(held, leg, store, step)
    if not todo:
        return
    with _pool(min(jobs, len(todo))) as pool:
        futures: dict[Future[Stored], Leg] = {pool.submit(execute, leg): leg for leg in todo}
        while futures:
            ready, _ = wait(futures, return_when=FIRST_COMPLETED)
            for future in ready:
                leg = futures.pop(future)
                store.put_part(leg.key, leg.number, _result(future, leg))
                _done(held, leg, store, step)


def _result(future: "Future[Stored]", leg: Leg) -> Stored:
    what = f"{leg.run.condition.backbone} {leg.run.condition.arm} seed {leg.run.seed} on {leg.route.name}"
    try:
        return future.result()
    except BrokenProcessPool:
        raise MeasurementFailed(f"a worker died while runs were under way, {what} among them (out of memory?); what was done "
                                "is kept: run again, with fewer --jobs if memory is short") from None
    except (ValueError, ArithmeticError, MemoryError) as error:
        raise MeasurementFailed(f"{what}: {str(error) or type(error).__name__}; what was done before is kept") from error


def _done(held: _Under, leg: Leg, store: Store, step: Callable[[str], None]) -> None:
    """Count a leg as done; with the last of its run, publish the run."""
    step(f"{leg.run.condition.arm} {leg.run.seed}")
    held.left[leg.key].discard(leg.number)
    if held.left[leg.key]:
        return
    work = held.works[leg.key]
    parts = [part for each in legs(work) if (part := store.part(leg.key, each.number)) is not None]
    assert len(parts) == len(legs(work))
    places = concatenate([from_parquet(part.places) for part in parts])
    store.publish(leg.key, stored(to_parquet_bytes(places), _record(work, parts)))


def _record(work: Work, parts: Sequence[Stored]) -> dict[str, Json]:
    legs: list[Json] = [{name: value for name, value in part.record.items() if name != "places_sha256"} for part in parts]
    return {"format": "claimcheck-run", "format_version": 1, "key": work.key, "run": work.run.digest, "seed": work.run.seed,
            "condition": work.run.condition.as_json(), **work.ingredients.as_json(), "legs": legs,
            "code": checkout(), "machine": machine()}


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Worker processes with one thread each; those that are at work when something goes wrong are ended at once."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))  # read when a worker first imports its libraries
    pool = ProcessPoolExecutor(max_workers=workers, mp_context=multiprocessing.get_context("spawn"), initializer=_begin,
                               initargs=(os.getpid(),))
    try:
        yield pool
    except BaseException:
        for process in list((pool._processes or {}).values()):  # no public way to end what is running
            process.terminate()
        pool.shutdown(wait=True, cancel_futures=True)
        raise
    else:
        pool.shutdown(wait=True)
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _begin(parent: int) -> None:
    """End this worker when its parent is gone: one that was killed cannot say so."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is interrupted too, and ends its workers

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_POLL_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
