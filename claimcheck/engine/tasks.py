"""Tasks: what one worker is given at a time, which is what a run trains as one, with all legs that it is evaluated on.

A task carries no result. Whoever works on it holds its lock in the store and puts each part there, so that a task is never
worked on by two, also when whoever handed it out is gone; what is handed back is a word.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from claimcheck.errors import UsageFault
from claimcheck.execution import Execution
from claimcheck.files import held
from claimcheck.measurement.store import Store
from claimcheck.measurement.work import Work

N_GRAMS = "hashed n-grams"
"""The encoder that is computed on one thread of the processor, whatever else there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """The legs of a run that are trained as one, by their numbers. `call`: who handed it out, a name of its own each time."""

    work: Work
    numbers: tuple[int, ...]
    store: Store
    execution: Execution
    call: str = ""

    @property
    def name(self) -> str:
        """What it is called where a person reads it."""
        condition = self.work.run.condition
        return f"{condition.backbone} {condition.arm} {self.work.run.seed}"

    @property
    def transformer(self) -> bool:
        """Whether it is computed as the execution says; n-grams never are."""
        return self.work.run.condition.model.encoder != N_GRAMS

    @property
    def kept(self) -> Path:
        """The folder in which its unfinished training is kept."""
        return kept_in(self.store.parts(self.work.key), self.numbers[0])

    def lacking(self) -> tuple[int, ...]:
        """The numbers of legs whose results were not put in the store whole, none once the run stands."""
        if self.store.has(self.work.key):
            return ()
        return tuple(number for number in self.numbers if self.store.part(self.work.key, number) is None)

    @contextmanager
    def lock(self) -> Iterator[Path | None]:
        """Hold the lock of this task, a file of its own; None where another worker holds it."""
        folder = self.store.path / "locks"
        path = folder / f"{self.work.key}.{self.numbers[0]}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.touch()
        except OSError as error:
            raise UsageFault(f"{self.store.path}: the store cannot be written ({error.strerror}); "
                             "name another with --store") from None
        with held(path) as free:
            yield path if free else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """All that a worker hands back: `fault`, if the task cannot be carried out, whoever tries; else its parts stand.

    `lost`: why a process that it had started is gone, if so; another try may go well. `begun_before`: a worker of the same call
    had begun with it and was lost.
    """

    fault: Exception | None = None
    lost: str = ""
    begun_before: bool = False


class WorkerLost(Exception):
    """A worker is gone, and nobody knows why: killed, its machine gone, or memory out as the system saw it."""


def kept_in(parts: Path, first: int) -> Path:
    """Where a training is kept until it is finished, beside the parts of its run: named by the first of its legs."""
    return parts / f"{first}.training"


def tasks(work: Work, store: Store, execution: Execution, call: str = "") -> tuple[Task, ...]:
    """All that a run asks for: a task for each of its trainings."""
    return tuple(Task(work=work, numbers=numbers, store=store, execution=execution, call=call)
                 for numbers in work.run.condition.trainings)


def elsewhere(task: Task) -> Task:
    """The task with every path in full, so that it means the same in a process that was started somewhere else."""
    work = task.work
    files: Mapping[str, Mapping[str, Path]] = {name: {part: path.absolute() for part, path in own.items()}
                                               for name, own in work.files.items()}
    checkpoint = None if work.checkpoint is None else work.checkpoint.absolute()
    return replace(task, work=replace(work, files=files, checkpoint=checkpoint), store=Store(path=task.store.path.absolute()))
