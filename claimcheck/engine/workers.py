"""Worker processes: as many as are asked for, one thread each, that end with whoever started them."""

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

from claimcheck.processes import end_with

_SET = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1",
        "TOKENIZERS_PARALLELISM": "false", "CUBLAS_WORKSPACE_CONFIG": ":4096:8"}
"""One thread each, and room that cuBLAS needs to give the same bits twice."""


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def workers(number: int) -> Iterator[ProcessPoolExecutor]:
    """So many worker processes with one thread each; those at work when something goes wrong are ended at once."""
    before = {name: os.environ.get(name) for name in _SET}
    os.environ.update(_SET)  # read when a worker first imports its libraries
    pool = ProcessPoolExecutor(max_workers=number, mp_context=multiprocessing.get_context("spawn"), initializer=_begin,
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
    end_with(parent)
