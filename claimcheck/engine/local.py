"""Tasks on this machine: a process a slot, each with its own cards where there are any.

Each slot has a pool of one process, so that a worker that dies takes no other with it.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field

from claimcheck.engine.slots import Slot, slots
from claimcheck.engine.tasks import Task, Word
from claimcheck.engine.workers import cores, end_at_once, one_thread, pool
from claimcheck.engine.working import do
from claimcheck.errors import UsageFault
from claimcheck.execution import Execution, Hands
from claimcheck.experiment.devices import cards, settled


@dataclass(slots=True, kw_only=True)
class _Seat:
    """A slot with its process, which starts when it is first needed, and what it is at."""

    slot: Slot
    pool: ProcessPoolExecutor | None = None
    at: "Future[Word] | None" = None

    def free(self) -> bool:
        """Whether it is at nothing."""
        return self.at is None or self.at.done()

    def submit(self, task: Task) -> "Future[Word]":
        """Give it a task; a process that is gone is replaced."""
        if self.pool is None:
            self.pool = pool(1, self.slot.visible)
        try:
            self.at = self.pool.submit(do, task)
        except BrokenProcessPool:
            self.pool.shutdown(wait=True)
            self.pool = pool(1, self.slot.visible)
            self.at = self.pool.submit(do, task)
        return self.at


@dataclass(slots=True, kw_only=True)
class Local:
    """The engine of this machine, see `protocol.Engine`. `jobs`: tasks at a time at most, of both kinds together.

    As many are in hand ahead, and no more, so that other processes find the runs beyond them free.
    """

    execution: Execution
    jobs: int
    ahead: int
    n_grams: tuple[_Seat, ...]
    transformers: tuple[_Seat, ...]
    taken: list[_Seat] = field(default_factory=list)
    lost: tuple[type[BaseException], ...] = (BrokenProcessPool,)
    begun: int = 1
    failed: tuple[type[BaseException], ...] = ()

    @property
    def seats(self) -> tuple[_Seat, ...]:
        """All of them; on the processor one may be there for both kinds."""
        return (*self.n_grams, *(seat for seat in self.transformers if all(seat is not other for other in self.n_grams)))

    def room(self, task: Task) -> bool:
        """Take a slot for it, if one is free."""
        free = [seat for seat in self.seats if seat.free() and all(seat is not other for other in self.taken)]
        if len(self.seats) - len(free) >= self.jobs:
            return False
        own = self.transformers if task.transformer else self.n_grams
        found = next((seat for seat in own if any(seat is other for other in free)), None)
        if found is not None:
            self.taken.append(found)
        return found is not None

    def submit(self, handed: Sequence[Task]) -> "list[Future[Word]]":
        """Give the tasks to the slots that were taken for them."""
        seats, self.taken = self.taken, []
        return [seat.submit(task) for seat, task in zip(seats, handed, strict=True)]

    def wait(self, futures: "Iterable[Future[Word]]", seconds: float) -> "set[Future[Word]]":
        """Those that are done; waits for the first, so long at most."""
        return wait(futures, timeout=seconds, return_when=FIRST_COMPLETED).done


@contextmanager
def opened(hands: Hands) -> Iterator[Local]:
    """The engine, as long as it is needed; workers that are at something when something goes wrong are ended at once.

    Raises UsageFault: an option is given, and this engine has none; or the execution asks for a device that is not here.
    """
    if hands.options:
        raise UsageFault(f"--engine-option {next(iter(hands.options))}: the engine local has no options; take --engine slurm "
                         "or ray, or leave it out")
    execution, jobs = settled(hands.execution), hands.jobs or cores()
    found = slots(jobs, execution, cards(), os.environ.get("CUDA_VISIBLE_DEVICES"))
    n_grams = tuple(_Seat(slot=slot) for slot in found.n_grams)
    own = tuple(_Seat(slot=slot) for slot in found.transformers)
    transformers = own if execution.device == "cuda" else n_grams[:len(own)]
    engine = Local(execution=execution, jobs=jobs, ahead=jobs, n_grams=n_grams, transformers=transformers)
    with one_thread():
        try:
            yield engine
        except BaseException:
            for each in engine.seats:
                if each.pool is not None:
                    end_at_once(each.pool)
            raise
        else:
            for each in engine.seats:
                if each.pool is not None:
                    each.pool.shutdown(wait=True)
