"""Jobs side by side in processes, each with a stream of its own: results do not depend on how many there are."""

from collections.abc import Callable, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass
from typing import Any

from claimcheck.engine.workers import cores, workers


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Something to be worked out, what to call it, and how long it takes as a multiple of a usual one, roughly."""

    name: str
    work: Callable[[], Any]
    takes: float = 1.0


def side_by_side(jobs: Sequence[Job], step: Callable[[str], None], number: int | None = None) -> list[Any]:
    """The results of all jobs, in their order; one process for each core unless said, none at all with one worker."""
    number = number or cores()
    if number == 1:
        return [_done(job, step) for job in jobs]
    order = sorted(range(len(jobs)), key=lambda place: -jobs[place].takes)  # long ones first: no core waits for one at the end
    with workers(number) as pool:
        futures = {pool.submit(jobs[place].work): place for place in order}
        for future in as_completed(futures):
            future.result()
            step(jobs[futures[future]].name)
        return [future.result() for future in sorted(futures, key=lambda future: futures[future])]


def _done(job: Job, step: Callable[[str], None]) -> Any:
    made = job.work()
    step(job.name)
    return made
