"""Tasks as jobs of Slurm, through submitit: an array of jobs for all that is asked for at once.

The store, the data, the checkpoints and the Python environment stand on file systems that all nodes share, with locks (flock)
that hold across nodes: NFS from version 4 on and Lustre mounted with flock have them. What submitit writes, logs among it,
stands in `STORE/jobs/`. Jobs go on when the one who submitted them is killed, and the next call finds what they put in the
store; an interrupt cancels them. A job that is preempted or out of time has Slurm start it again, and goes on from the last
checkpoint. `cluster=local` has submitit start processes on this machine instead, to try it all without a cluster.
"""

import importlib
import logging
import os
import re
import signal
import subprocess
import threading
import time
import uuid
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from claimcheck.engine.protocol import ALL
from claimcheck.engine.tasks import Task, Word, WorkerLost, elsewhere
from claimcheck.engine.workers import ONE_THREAD, cores, one_thread
from claimcheck.errors import MeasurementFailed, UsageFault
from claimcheck.execution import Execution, Hands
from claimcheck.measurement.store import Store

JOBS = "jobs"
"""The folder of jobs in a store."""
MINUTES = 720
"""Minutes that a job may take before it is started again, unless `timeout_min` says otherwise."""
TIMEOUTS = 20
"""So often a job is started again that was out of time, unless `slurm_max_num_timeout` says otherwise."""
_ARRAY = 500  # jobs of one array; Slurm takes 1001 unless it is told otherwise
_POLL_SECONDS = {"local": 0.2, "slurm": 2.0}  # files on a shared file system are not asked for too often
_RESULT_SECONDS = 30.0  # for a file of another node to be seen here
_EXECUTOR = ("slurm_max_num_timeout", "slurm_python")  # options that submitit takes when it begins
_LEAST = {"timeout_min": 1, "cpus_per_task": 1, "slurm_max_num_timeout": 0}  # option -> the least that it may be


class Job:
    """What a job calls. Pickled by submitit, as its answer is: these pickles are of our own jobs, in our own store."""

    def __call__(self, task: Task) -> Word:
        """Do the task."""
        os.environ.update(ONE_THREAD)  # where the environment of the one who submitted it does not reach
        from claimcheck.engine.working import do

        began = time.monotonic()
        lacking = task.lacking()
        word = do(task)
        made = len(lacking) - len(task.lacking())
        print(f"{task.work.key} {task.numbers}: {made} of {len(lacking)} legs in {time.monotonic() - began:.1f} s",  # noqa: T201
              flush=True)
        return word

    def checkpoint(self, task: Task) -> Any:
        """What Slurm is to start again when the job is preempted or out of time: the same, which goes on from what is kept."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self, task)


@dataclass(slots=True, kw_only=True)
class Slurm:
    """The engine, see `protocol.Engine`. `executor`: submitit's; `limit`: jobs at a time, None for as many as there are."""

    execution: Execution
    executor: Any
    cluster: str
    limit: int | None
    ahead: int
    open: "dict[Future[Word], Any]" = field(default_factory=dict)
    gone: "dict[Future[Word], float]" = field(default_factory=dict)
    asked: int = 0
    lost: tuple[type[BaseException], ...] = (WorkerLost,)
    begun: int = 1
    failed: tuple[type[BaseException], ...] = ()

    def room(self, task: Task) -> bool:  # noqa: ARG002
        """Slurm has room for any; --jobs says otherwise."""
        if self.limit is not None and len(self.open) + self.asked >= self.limit:
            return False
        self.asked += 1
        return True

    def submit(self, handed: Sequence[Task]) -> "list[Future[Word]]":
        """Submit the tasks, as arrays. Raises MeasurementFailed: Slurm does not take them."""
        self.asked = 0
        made: list[Future[Word]] = []
        for start in range(0, len(handed), _ARRAY):
            own = handed[start:start + _ARRAY]
            with _uninterrupted():
                made.extend(self._submit(own))
        return made

    def _submit(self, tasks: Sequence[Task]) -> "list[Future[Word]]":
        from submitit.helpers import clean_env

        inside = "SLURM_JOB_ID" in os.environ  # we are a job ourselves, and what we submit is not to be shaped as we are
        here = self.executor.folder if self.cluster == "local" else None
        try:
            with one_thread(), clean_env() if inside else nullcontext(), _apart(here):
                jobs = self.executor.map_array(Job(), [elsewhere(task) for task in tasks])
        except (RuntimeError, OSError) as error:
            raise MeasurementFailed(f"--engine slurm: jobs cannot be submitted: {_line(error)}; what was done is kept"
                                    ) from None
        made: dict[Future[Word], Any] = {Future(): job for job in jobs}
        self.open |= made
        return list(made)

    def wait(self, futures: "Iterable[Future[Word]]", seconds: float) -> "set[Future[Word]]":
        """Those that are done; waits for the first, so long at most."""
        poll = _POLL_SECONDS[self.cluster]
        end = time.monotonic() + max(seconds, poll)
        while True:
            for future, job in tuple(self.open.items()):
                self._look(future, job)
            ready = {each for each in futures if each.done()}
            if ready or time.monotonic() > end:
                return ready
            time.sleep(poll)

    def cancel(self) -> None:
        """Cancel the jobs that are still open."""
        for job in self.open.values():
            with suppress(Exception):  # one that ended meanwhile, or a Slurm that does not answer, keeps no other from it
                job.cancel(check=False)
        end = time.monotonic() + 5
        while self.cluster == "local" and time.monotonic() < end and not all(job.done() for job in self.open.values()):
            time.sleep(0.05)

    def _look(self, future: "Future[Word]", job: Any) -> None:
        """Take the word of a job that has one, or say that it is lost."""
        if not job.done():
            return
        if not job.paths.result_pickle.exists():
            state = job.state
            if state.startswith("CANCELLED"):
                error: Exception = MeasurementFailed(f"the job {job.job_id} was cancelled, and is not submitted again; what "
                                                     "was done is kept")
            elif time.monotonic() - self.gone.setdefault(future, time.monotonic()) < (
                    0 if self.cluster == "local" else _RESULT_SECONDS):
                return
            else:
                error = WorkerLost(f"the job {job.job_id} ended without a word, state {state}; its log is {job.paths.stderr}")
            del self.open[future]
            future.set_exception(error)
            return
        del self.open[future]
        failed = job.exception()  # read from a pickle that our own job wrote in our own store; nothing in it is a result
        if failed is None:
            future.set_result(job.result())
            for path in (job.paths.result_pickle, job.paths.submitted_pickle):
                path.unlink(missing_ok=True)
        else:
            said = [line for line in str(failed).partition("You can check")[0].splitlines() if line.strip("- ")]
            future.set_exception(MeasurementFailed(f"the job {job.job_id} failed: {said[-1]}; all that it said stands in "
                                                   f"{job.paths.stderr}; what was done is kept"))


@contextmanager
def opened(hands: Hands, store: Store) -> Iterator[Slurm]:
    """The engine, as long as it is needed; jobs that are open when something goes wrong are cancelled.

    Raises UsageFault: submitit is not installed, there is no Slurm here, or it has no such option.
    """
    from claimcheck.engine.engines import library

    submitit = library("submitit", "slurm")
    for handler in tuple(logging.getLogger("submitit").handlers):
        logging.getLogger("submitit").removeHandler(handler)  # it would write to our output; warnings come through without
    options = {name: typed(value) for name, value in hands.options.items()}
    cluster = str(options.pop("cluster", "slurm"))
    if cluster not in ("slurm", "local"):
        raise UsageFault(f"--engine-option cluster={cluster}: there are slurm and local")
    for name in ("nodes", "tasks_per_node"):
        if options.get(name, 1) != 1:
            raise UsageFault(f"--engine-option {name}={options[name]}: a job is one task on one node; see --processes")
    for name, least in _LEAST.items():
        if type(value := options.get(name, least)) is not int or value < least:
            raise UsageFault(f"--engine-option {name}={hands.options[name]}: give a whole number, {least} or more")
    folder = store.path.absolute() / JOBS / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:6]}"
    begins: dict[str, Any] = {"slurm_max_num_timeout": TIMEOUTS} | {
        name: options.pop(name) for name in _EXECUTOR if name in options}
    processes = hands.execution.processes
    given = {"name": "claimcheck", "timeout_min": MINUTES, "cpus_per_task": processes, **options}
    if hands.execution.device == "cuda":
        given = {"gpus_per_node": processes, **given}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # submitit warns of names that it takes for others
            executor = submitit.AutoExecutor(folder=folder, cluster=cluster, **begins)
            executor.update_parameters(**{**given, **_setup(options, cluster)})
    except (NameError, AssertionError, ValueError, TypeError, RuntimeError, Warning) as error:
        raise UsageFault(f"--engine slurm: {_line(error)}; see --engine-option, and submitit for the names") from None
    limit = hands.jobs or (cores() if cluster == "local" else None)
    engine = Slurm(execution=hands.execution, executor=executor, cluster=cluster, limit=limit, ahead=limit or ALL)
    try:
        yield engine
    except BaseException:
        engine.cancel()
        raise


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """An interrupt waits until it is known which jobs were submitted, so that it cancels all of them."""
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    came: list[tuple[int, Any]] = []
    signal.signal(signal.SIGINT, lambda number, frame: came.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if came:
            before(*came[0])


@contextmanager
def _apart(folder: Path | None) -> Iterator[None]:
    """What submitit starts on this machine goes on when our terminal is closed, and says nothing there; it starts what watches
    over a job with `subprocess.Popen`, and takes no options for it. None: nothing is started here.
    """
    if folder is None:
        yield
        return
    local: Any = importlib.import_module("submitit.local.local")
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "controllers.log").open("a", encoding="utf-8") as log:
        local.subprocess = SimpleNamespace(Popen=partial(subprocess.Popen, start_new_session=True, stdout=log, stderr=log))
        try:
            yield
        finally:
            local.subprocess = subprocess


def _setup(options: Mapping[str, Any], cluster: str) -> dict[str, Any]:
    """What a job's script does first: one thread each, and what the user asks for."""
    if cluster == "local":
        return {}
    asked = [str(options["slurm_setup"])] if "slurm_setup" in options else []
    return {"slurm_setup": [*(f"export {name}={value}" for name, value in ONE_THREAD.items()), *asked]}


def typed(value: str) -> bool | int | float | str:
    """An option's value as what it looks like: true or false, a number, else text.

    What would not be written so again stays text, as an account's name that begins with a zero.

    >>> [typed(each) for each in ("gpu", "720", "1.5", "true", "1:00:00", "0042", "1e3", "nan")]
    ['gpu', 720, 1.5, True, '1:00:00', '0042', '1e3', 'nan']
    """
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    if re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?", value):
        return float(value) if "." in value else int(value)
    return value


def _line(error: BaseException) -> str:
    """What an error says, on one line that is not too long."""
    said = " ".join(str(error).split()) or type(error).__name__
    return said if len(said) < 300 else f"{said[:300]} ..."
