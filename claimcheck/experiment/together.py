"""Legs carried out by one process, or by several together that torchrun's own launcher starts and watches."""

import logging
import os
import tempfile
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

from claimcheck.errors import ClaimcheckError
from claimcheck.experiment.leg import Leg, execute_each
from claimcheck.measurement.store import Stored
from claimcheck.processes import end_with
from claimcheck.retrieval.ranks import ALONE, Ranks

Put: TypeAlias = Callable[[Leg, Stored], None]
"""Takes the result of a leg as soon as it is there. With several processes the first one calls it, so it can be pickled."""

_PATIENCE = timedelta(hours=12)  # for a process that waits while the first one writes a checkpoint or counts


class ProcessLost(Exception):
    """One of several processes was killed, and the others were ended with it: another try may go well."""


def carry_out(legs: Sequence[Leg], put: Put) -> None:
    """Execute legs that are trained as one, with as many processes as their execution asks for. Raises as `execute_each` does.

    Raises ProcessLost: one of several processes was killed; what was put by then stays.
    """
    if not legs:
        return
    leg = legs[0]
    if leg.execution.processes == 1 or leg.run.condition.model.encoder != "transformers":
        _put_each(legs, ALONE, put)
        return
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    for name in ("agent.server.api", "multiprocessing.api"):  # they warn of each process that they end
        logging.getLogger(f"torch.distributed.elastic.{name}").setLevel(logging.ERROR)
    logging.getLogger("torch.distributed.elastic.multiprocessing.api").addFilter(_no_word_of_killed)
    size = leg.execution.processes
    config = LaunchConfig(min_nodes=1, max_nodes=1, nproc_per_node=size, rdzv_backend="c10d",
                          rdzv_endpoint="localhost:0", run_id=f"{leg.key[:12]}-{leg.number}", max_restarts=0,
                          monitor_interval=0.1, start_method="spawn", signals_to_handle="SIGTERM")  # ours hears the interrupt
    with tempfile.TemporaryDirectory(prefix="claimcheck-") as said:
        try:
            results = elastic_launch(config, _one)(legs, put, os.getpid(), said)
        except ChildFailedError as error:
            if out := sorted(Path(said).iterdir()):
                kind = OSError if out[0].suffix == ".OSError" else MemoryError
                raise kind(f"{out[0].read_text(encoding='utf-8')} (process {out[0].stem} of {size})") from None
            rank, failure = error.get_first_failure()
            if failure.exitcode < 0:
                raise ProcessLost(f"process {rank} of {size} was ended by signal {-failure.exitcode}") from None
            raise RuntimeError(f"process {rank} of {size} ended with status {failure.exitcode}; what it said stands above, or "
                               "in the log of its job") from None
        except SignalException as error:
            raise ProcessLost(f"{size} processes were ended by signal {error.sigval.value}") from None
    told = [each for each in results.values() if isinstance(each, Exception)]
    if told:
        raise told[0]


def _no_word_of_killed(record: logging.LogRecord) -> bool:
    """Whether a line of torchrun's log is for a reader: not where a process was killed, which is told of anyway."""
    from torch.multiprocessing.spawn import ProcessExitedException

    error = record.exc_info[1] if record.exc_info else None
    return not (isinstance(error, ProcessExitedException) and error.signal_name is not None)


def _put_each(legs: Sequence[Leg], ranks: Ranks, put: Put) -> None:
    for leg, made in zip(legs, execute_each(legs, ranks), strict=True):
        if ranks.rank == 0:
            put(leg, made)


def _one(legs: Sequence[Leg], put: Put, parent: int, said: str) -> Exception | None:
    """What each process does.

    Errors of the design or the data are handed on as values: all processes meet the same. Memory may be out in one of them
    alone, or the disk full where the first one writes, while the others wait for it; so that one ends, which ends them all, and
    leaves what it has to say in a file.
    """
    import torch
    from torch import distributed

    end_with(parent)
    rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    on_card = legs[0].execution.device == "cuda"
    if on_card:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if on_card else "gloo", timeout=_PATIENCE)
    try:
        _put_each(legs, Ranks(rank=rank, size=size), put)
    except (MemoryError, OSError) as error:
        kind = "OSError" if isinstance(error, OSError) else "MemoryError"
        (Path(said) / f"{rank}.{kind}").write_text(str(error), encoding="utf-8")
        os._exit(1)
    except (ClaimcheckError, ValueError) as error:
        distributed.destroy_process_group()
        return error
    distributed.destroy_process_group()
    return None
