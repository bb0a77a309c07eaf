"""What an engine is to the one who hands out tasks, whichever it is."""

from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from typing import Protocol

from claimcheck.engine.tasks import Task, Word
from claimcheck.execution import Execution

ALL = 1 << 20
"""More tasks than there are: an engine that takes as many as there are has them all at once."""


class Engine(Protocol):
    """Who has tasks worked on.

    `execution`: as tasks are to carry it, its device settled or to be settled where they are worked on. `ahead`: so many tasks
    may wait here for room, so that none does there. `lost`: what a future raises whose worker is gone; `begun`: how often the
    engine has begun with a task by then. `failed`: what it raises for another reason, which another try would meet too.
    """

    execution: Execution
    ahead: int
    lost: tuple[type[BaseException], ...]
    begun: int
    failed: tuple[type[BaseException], ...]

    def room(self, task: Task) -> bool:
        """Whether a task can be handed out now; if so it is, with the next `submit`."""

    def submit(self, handed: Sequence[Task]) -> "list[Future[Word]]":
        """Hand out the tasks for which there was room, in the order in which it was asked for."""

    def wait(self, futures: "Iterable[Future[Word]]", seconds: float) -> "set[Future[Word]]":
        """Those that are done; waits for the first, so long at most."""
