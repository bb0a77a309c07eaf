"""Worker processes: as many as are asked for, one thread each, that end with whoever started them."""

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

from claimcheck.processes import end_with

ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1",
              "TOKENIZERS_PARALLELISM": "false", "CUBLAS_WORKSPACE_CONFIG": ":4096:8"}
"""One thread each, and room that cuBLAS needs to give the same bits twice."""


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def one_thread() -> Iterator[None]:
    """What is started meanwhile computes on one thread: read when a process first imports its libraries."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def workers(number: int) -> Iterator[ProcessPoolExecutor]:
    """So many worker processes with one thread each; those at work when something goes wrong are ended at once."""
    made = pool(number)
    with one_thread():
        try:
            yield made
        except BaseException:
            end_at_once(made)
            raise
        else:
            made.shutdown(wait=True)


def pool(number: int, visible: str | None = None) -> ProcessPoolExecutor:
    """Processes that start when they are first needed. `visible`: the cards that they see, as CUDA_VISIBLE_DEVICES has them."""
    return ProcessPoolExecutor(max_workers=number, mp_context=multiprocessing.get_context("spawn"), initializer=_begin,
                               initargs=(os.getpid(), visible))


def end_at_once(made: ProcessPoolExecutor) -> None:
    """End processes whatever they are at."""
    for process in list((made._processes or {}).values()):  # no public way to end what is running
        process.terminate()
    made.shutdown(wait=True, cancel_futures=True)


def _begin(parent: int, visible: str | None) -> None:
    """End this worker when its parent is gone: one that was killed cannot say so."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is interrupted too, and ends its workers
    if visible is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = visible  # before anything has looked for cards
    end_with(parent)
