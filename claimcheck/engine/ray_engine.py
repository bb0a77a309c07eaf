"""Tasks as tasks of Ray: on a cluster that runs, or on one that is started here and ends with this process.

Store, data, checkpoints and claimcheck stand on file systems that all nodes share, as with Slurm. Ray hands tasks to nodes with
cores or GPUs to spare, and begins again with those whose worker or node is gone. Nothing is told to its makers.
"""

import logging
import os
import socket
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from claimcheck.engine.protocol import ALL
from claimcheck.engine.tasks import Task, Word, elsewhere
from claimcheck.engine.workers import ONE_THREAD
from claimcheck.errors import UsageFault
from claimcheck.execution import Execution, Hands

OPTIONS = ("address", "num_cpus", "num_gpus")
"""What Ray can be told, as `ray.init` calls it."""
RETRIES = 2
"""So often Ray begins again with a task whose worker is lost."""
_SECONDS = 15  # for a cluster's head to answer
_STORE_BYTES = 100_000_000  # of Ray's store of objects: nothing but words goes through it


def work(task: Task) -> Word:
    """What a worker of Ray calls."""
    from claimcheck.engine.working import do

    return do(task)


@dataclass(slots=True, kw_only=True)
class Ray:
    """The engine, see `protocol.Engine`. `remote`: `work` as Ray has it; `limit`: tasks at a time, None for no limit.

    `on_cards`: whether transformers are computed on GPUs. `cores`: of the largest node.
    """

    execution: Execution
    remote: Any
    limit: int | None
    on_cards: bool
    cores: int
    lost: tuple[type[BaseException], ...]
    failed: tuple[type[BaseException], ...]
    ahead: int
    open: int = 0
    begun: int = RETRIES + 1

    def room(self, task: Task) -> bool:  # noqa: ARG002
        """Ray takes any and begins when it can; --jobs says otherwise."""
        if self.limit is not None and self.open >= self.limit:
            return False
        self.open += 1
        return True

    def submit(self, handed: Sequence[Task]) -> "list[Future[Word]]":
        """Hand out the tasks."""
        return [self.remote.options(name=f"claimcheck {task.name}", **self._needs(task)).remote(elsewhere(task)).future()
                for task in handed]

    def wait(self, futures: "Iterable[Future[Word]]", seconds: float) -> "set[Future[Word]]":
        """Those that are done; waits for the first, so long at most."""
        ready = wait(futures, timeout=seconds, return_when=FIRST_COMPLETED).done
        self.open -= len(ready)
        return ready

    def _needs(self, task: Task) -> dict[str, float]:
        processes = self.execution.processes if task.transformer else 1
        if task.transformer and self.on_cards:
            return {"num_cpus": 1, "num_gpus": processes}
        return {"num_cpus": min(processes, self.cores)}


@contextmanager
def opened(hands: Hands) -> Iterator[Ray]:
    """The engine, as long as it is needed; a cluster that was started here ends then, and what it is at ends with it.

    Raises UsageFault: Ray is not installed or has no such cluster or option, or no node has what a task asks for.
    """
    from claimcheck.engine.engines import library

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # read at import: it would report to its makers
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("RAY_task_oom_retries", str(RETRIES))  # else without end
    ray = library("ray", "ray")
    own = not ray.is_initialized()
    if own:
        _begin(ray, hands)
    try:
        yield _engine(ray, hands)
    finally:
        if own:
            ray.shutdown()


def _begin(ray: Any, hands: Hands) -> None:
    """Start Ray here, or find the cluster that is asked for."""
    told: dict[str, Any] = {}
    for name, value in hands.options.items():
        if name not in OPTIONS:
            raise UsageFault(f"--engine-option {name}: Ray is told {', '.join(OPTIONS)} alone")
        told[name] = value if name == "address" else _number(name, value)
    said = "--engine-option address" if "address" in told else "RAY_ADDRESS"
    address = str(told.get("address") or os.environ.get("RAY_ADDRESS", ""))
    if address in ("", "local"):
        told |= {"include_dashboard": False, "object_store_memory": _STORE_BYTES}
    else:
        _answers(address, f"{said}={address}")
    try:
        ray.init(log_to_driver=False, logging_level=logging.ERROR, **told)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise UsageFault(f"--engine ray: {' '.join(str(error).split())}; see --engine-option") from None


def _answers(address: str, said: str) -> None:
    """Raises UsageFault: no cluster can be at this address; Ray itself would ask for a quarter of an hour."""
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or "/" in host:
        raise UsageFault(f"{said}: give auto, or the host and port of a cluster's head, as 10.0.0.1:6379")
    try:
        socket.create_connection((host, int(port)), timeout=_SECONDS).close()
    except OSError as error:
        raise UsageFault(f"{said}: no cluster of Ray answers there ({error})") from None


def _number(name: str, value: str) -> int:
    if not value.isdecimal():
        raise UsageFault(f"--engine-option {name}={value}: give a whole number")
    return int(value)


def _engine(ray: Any, hands: Hands) -> Ray:
    """The engine on a cluster that is there, its devices settled by what its nodes have."""
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    cards, cores = (int(max(node.get(name, 0) for node in nodes)) for name in ("GPU", "CPU"))
    execution = hands.execution
    if cores < 1:
        raise UsageFault("--engine ray: no node has a core to spare; take --engine-option num_cpus=1 or more")
    if execution.device == "cuda" and not cards:
        raise UsageFault("--device cuda: no node of Ray has a GPU; take --device cpu, or --engine-option num_gpus=N")
    on_cards = execution.device == "cuda" or (execution.device == "auto" and cards > 0)
    if on_cards and execution.processes > cards:
        raise UsageFault(f"--processes {execution.processes}: no node of Ray has more than {cards} GPUs, and each process "
                         f"needs its own; take --processes {cards}, or --device cpu")
    found = ray.exceptions
    lost = (found.WorkerCrashedError, found.NodeDiedError, found.OutOfMemoryError, found.LocalRayletDiedError,
            found.ObjectLostError)
    remote = ray.remote(max_retries=RETRIES, runtime_env={"env_vars": dict(ONE_THREAD)})(work)
    # where the task goes on is a card, or it is told to do without one
    return Ray(execution=execution if on_cards else replace(execution, device="cpu"), remote=remote, limit=hands.jobs,
               ahead=hands.jobs or ALL, on_cards=on_cards, cores=cores, lost=lost, failed=(found.RayError,))
