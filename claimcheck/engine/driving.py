"""Runs made on whatever engine: taken under their locks, handed out task by task, published when all their parts stand.

A run's lock is held while it is worked on; where another process holds it, its result is waited for. Whatever stood when
something was killed stands still, and the same call goes on from there. A worker that is lost is told of, and its task tried
again; it goes on from the last checkpoint of its training.
"""

import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, field

from claimcheck.engine.protocol import Engine
from claimcheck.engine.publishing import publish
from claimcheck.engine.tasks import Task, Word, tasks
from claimcheck.errors import MeasurementFailed
from claimcheck.measurement.progress import said_of
from claimcheck.measurement.store import Store
from claimcheck.measurement.work import Work

POLL_SECONDS = 0.5
TRIES = 3
"""So often a task is begun, at most, where its worker is lost each time."""
PATIENCE_SECONDS = 60.0
"""So long a part may take to be seen here after its worker said that it stands: shared file systems look rarely."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Who hears of progress.

    `done`: of each leg that is done; `going`: now and then of one whose training takes long; `lost`: once, of a worker.
    """

    done: Callable[[str], None]
    going: Callable[[str], None] = lambda _: None
    lost: Callable[[str], None] = lambda _: None


@dataclass(slots=True, kw_only=True)
class _Under:
    """A run that is worked on here: its lock, and the tasks and legs that are still to come."""

    work: Work
    lock: ExitStack
    tasks: set[int]
    legs: set[int]


@dataclass(slots=True, kw_only=True)
class Drive:
    """Makes all runs that are waiting. `made`: how many were made here."""

    waiting: deque[Work]
    store: Store
    engine: Engine
    told: Told
    call: str = field(default_factory=lambda: uuid.uuid4().hex)
    made: int = 0
    under: dict[str, _Under] = field(default_factory=dict)
    todo: deque[Task] = field(default_factory=deque)
    going: "dict[Future[Word], Task]" = field(default_factory=dict)
    begun: Counter[tuple[str, int]] = field(default_factory=Counter)
    said: bool = False

    def run(self) -> int:
        """Until every result stands. Raises MeasurementFailed, or what a worker says that nobody could carry out."""
        try:
            while self.waiting or self.under:
                self._take()
                self._hand_out()
                if self.going:
                    ready = [(self.going.pop(each), each) for each in self.engine.wait(self.going, POLL_SECONDS)]
                    self._hand_out()  # first, so that no worker waits while results are put together
                    for task, future in ready:
                        self._heard(task, future)
                    self._tell()
                elif self.waiting or self.under:
                    time.sleep(POLL_SECONDS)
        finally:
            for each in self.under.values():
                each.lock.close()
        return self.made

    def _take(self) -> None:
        """Lock runs that are free, as many as there may be tasks in hand."""
        for _ in range(len(self.waiting)):
            if len(self.todo) > self.engine.ahead:
                return
            work = self.waiting.popleft()
            lock = ExitStack()
            if lock.enter_context(self.store.lock(work.key)) and not self.store.has(work.key):
                own = tasks(work, self.store, self.engine.execution, self.call)
                self.under[work.key] = _Under(work=work, lock=lock, tasks={task.numbers[0] for task in own},
                                              legs={number for task in own for number in task.numbers})
                self.made += 1
                for task in own:
                    self._count(task, set(task.numbers).difference(task.lacking()))
                self.todo.extend(own)
            else:
                lock.close()
                if not self.store.has(work.key):
                    self.waiting.append(work)  # another process is at it: others first

    def _hand_out(self) -> None:
        """Give tasks to the engine while it has room; not those that a worker of somebody who is gone is still at."""
        handed: list[Task] = []
        for _ in range(len(self.todo)):
            task = self.todo.popleft()
            if self._settled(task):
                continue
            with task.lock() as free:
                at_work = free is None
            if not at_work and self.engine.room(task):
                handed.append(task)
            else:
                self.todo.append(task)
        if handed:
            self.going |= dict(zip(self.engine.submit(handed), handed, strict=True))

    def _heard(self, task: Task, future: "Future[Word]") -> None:
        """What became of a task: it stands, it is tried again, or the call ends."""
        number = (task.work.key, task.numbers[0])
        try:
            word = future.result()
        except self.engine.lost as error:
            self.begun[number] += self.engine.begun
            self._again(task, str(error))
            return
        except self.engine.failed as error:
            said = [line.strip() for line in str(error).splitlines() if line.strip()]
            raise MeasurementFailed(f"{task.name}: {said[-1] if said else type(error).__name__}; what was done is kept"
                                    ) from None
        if word.fault is not None:
            raise word.fault
        if word.begun_before:
            self._say(task)
        end = time.monotonic() + PATIENCE_SECONDS
        while not word.lost and not self._settled(task):
            if time.monotonic() > end:
                word = Word(lost="what it put in the store cannot be seen here, or is damaged")
            time.sleep(POLL_SECONDS / 10)
        if word.lost:
            self.begun[number] += 1
            self._again(task, word.lost)

    def _again(self, task: Task, why: str) -> None:
        begun = self.begun[task.work.key, task.numbers[0]]
        if begun >= TRIES:
            reason = " ".join(why.split())
            raise MeasurementFailed(f"a worker died {begun} times while {task.name} was under way (out of memory?"
                                    f"{f' it is said: {reason}' if reason else ''}); what was done is kept: run again, with "
                                    "fewer --jobs if memory is short")
        self._say(task)
        self.todo.appendleft(task)

    def _say(self, task: Task) -> None:
        if not self.said:
            self.told.lost(f"a worker died while {task.name} was under way (killed, or out of memory?); what is lost so is "
                           f"tried again, {TRIES} times in all, and a training goes on from its last checkpoint")
        self.said = True

    def _tell(self) -> None:
        """Tell of legs that are done within tasks that are not, and of trainings that have said how far they are."""
        for task in self.going.values():
            if len(task.numbers) > 1:
                parts = self.store.parts(task.work.key)
                self._count(task, [number for number in task.numbers if (parts / f"{number}.json").is_file()])
            if (said := said_of(task.kept)) is not None:
                self.told.going(f"{task.name}, {said}")

    def _count(self, task: Task, done: Iterable[int]) -> None:
        left = self.under[task.work.key].legs
        for number in left.intersection(done):
            left.discard(number)
            self.told.done(f"{task.work.run.condition.arm} {task.work.run.seed}")

    def _settled(self, task: Task) -> bool:
        """Whether all parts of a task stand; with the last of a run, publish it and let go of its lock."""
        if task.lacking():
            return False
        self._count(task, task.numbers)
        under = self.under[task.work.key]
        under.tasks.discard(task.numbers[0])
        if not under.tasks:
            if publish(under.work, self.store):
                under.lock.close()
                del self.under[task.work.key]
            else:
                self._mend(under)
        return True

    def _mend(self, under: _Under) -> None:
        """Have those tasks done again of which a part was damaged or taken away after it stood."""
        for task in tasks(under.work, self.store, self.engine.execution, self.call):
            if not task.lacking():
                continue
            number = (task.work.key, task.numbers[0])
            self.begun[number] += 1
            if self.begun[number] >= TRIES:
                raise MeasurementFailed(f"parts of {task.name} are damaged in {self.store.path} again and again; look at its "
                                        "disk, or name another store with --store")
            self.told.lost(f"a part of {task.name} was damaged or taken away after it stood, and is made again")
            under.tasks.add(task.numbers[0])
            self.todo.append(task)
