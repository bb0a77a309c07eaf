"""What a worker does: one task at a time, under its lock, each part put in the store as soon as it is there."""

import time
from dataclasses import replace
from functools import partial
from pathlib import Path

from claimcheck.engine.tasks import Task, Word, kept_in
from claimcheck.errors import ClaimcheckError, MeasurementFailed
from claimcheck.execution import Execution
from claimcheck.experiment.devices import settled
from claimcheck.experiment.leg import Leg
from claimcheck.experiment.together import ProcessLost, carry_out
from claimcheck.measurement.provenance import machine
from claimcheck.measurement.store import Store, Stored, stored
from claimcheck.measurement.work import Work

FROZEN = "perturbed"
"""The folder of a store in which frozen sets of perturbed queries stand."""
_POLL_SECONDS = 0.5


def legs(work: Work, execution: Execution | None = None, kept: Path | None = None,
         frozen: Path | None = None) -> tuple[Leg, ...]:
    """Each route and fold of a run. `kept`: where unfinished trainings are kept, if at all; legs trained as one share one.

    `frozen`: where frozen sets of perturbed queries are kept, if at all.
    """
    first = {number: numbers[0] for numbers in work.run.condition.trainings for number in numbers}
    return tuple(Leg(key=work.key, number=number, run=work.run, route=route, fold=fold, files=work.files,
                     checkpoint=work.checkpoint, execution=execution or Execution(device="cpu"),
                     kept=None if kept is None else kept_in(kept, first[number]), frozen=frozen)
                 for number, (route, fold) in enumerate(work.run.condition.legs))


def do(task: Task) -> Word:
    """See to it that every part of a task stands in the store; who finds it locked waits until it does, or is let go of.

    What cannot be carried out is handed back as a word: nobody need try it again.
    """
    while task.lacking():  # before the lock, of which one who comes late leaves no file then
        with task.lock() as mine:
            if mine is not None:
                return _done(task, mine) if task.lacking() else Word()
        time.sleep(_POLL_SECONDS)
    return Word()


def _done(task: Task, mark: Path) -> Word:
    """Do it. Meanwhile the lock's file holds the name of the call, so that a later try sees whether one was lost."""
    before = bool(task.call) and mark.read_bytes() == task.call.encode()
    mark.write_text(task.call, encoding="utf-8")
    try:
        word = _tried(task)
    finally:
        mark.write_text("", encoding="utf-8")
    return replace(word, begun_before=before)


def _tried(task: Task) -> Word:
    try:
        execution = settled(task.execution) if task.transformer else task.execution
        every, lacking = legs(task.work, execution, task.store.parts(task.work.key), task.store.path / FROZEN), task.lacking()
        carry_out([every[number] for number in lacking], partial(put, task.store))
    except (ClaimcheckError, OSError) as error:
        return Word(fault=error)
    except ProcessLost as error:
        return Word(lost=str(error))
    except (ValueError, ArithmeticError, MemoryError, RuntimeError) as error:
        condition = task.work.run.condition
        at = next(iter(task.lacking()), task.numbers[-1])
        return Word(fault=MeasurementFailed(
            f"{condition.backbone} {condition.arm} seed {task.work.run.seed} on {condition.legs[at][0].name}: "
            f"{str(error) or type(error).__name__}; what was done before is kept"))
    return Word()


def put(store: Store, leg: Leg, made: Stored) -> None:
    """Put the result of a leg in the store, with the machine that made it."""
    told = {name: value for name, value in made.record.items() if not name.endswith("_sha256")}
    store.put_part(leg.key, leg.number, stored(made.places, {**told, "machine": machine()}))
