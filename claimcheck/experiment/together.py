"""A leg carried out by one process, or by several together that torchrun's own launcher starts and watches."""

import os
import tempfile
from datetime import timedelta
from pathlib import Path

from claimcheck.errors import ClaimcheckError
from claimcheck.experiment.leg import Leg, execute
from claimcheck.measurement.store import Stored
from claimcheck.processes import end_with
from claimcheck.retrieval.ranks import Ranks

_PATIENCE = timedelta(hours=12)  # for a process that waits while the first one writes a checkpoint or counts


def carry_out(leg: Leg) -> Stored:
    """Execute a leg with as many processes as its execution asks for. Raises as `execute` does."""
    if leg.execution.processes == 1 or leg.run.condition.model.encoder != "transformers":
        return execute(leg)
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    config = LaunchConfig(min_nodes=1, max_nodes=1, nproc_per_node=leg.execution.processes, rdzv_backend="c10d",
                          rdzv_endpoint="localhost:0", run_id=f"{leg.key[:12]}-{leg.number}", max_restarts=0,
                          monitor_interval=0.1, start_method="spawn")
    with tempfile.TemporaryDirectory(prefix="claimcheck-") as said:
        try:
            results = elastic_launch(config, _one)(leg, os.getpid(), said)
        except ChildFailedError as error:
            if out := sorted(Path(said).iterdir()):
                raise MemoryError(f"{out[0].read_text(encoding='utf-8')} (process {out[0].name} of {leg.execution.processes})"
                                  ) from None
            rank, failure = error.get_first_failure()
            raise RuntimeError(f"process {rank} of {leg.execution.processes} ended with status {failure.exitcode}; what it "
                               "said stands above") from None
    told = [each for each in results.values() if isinstance(each, Exception)]
    if told:
        raise told[0]
    found: Stored = results[0]
    return found


def _one(leg: Leg, parent: int, said: str) -> Stored | Exception | None:
    """What each process does.

    Errors of the design or the data are handed on as values: all processes meet the same. Memory may be out in one of them
    alone, while the others wait for it; so that one ends, which ends them all, and leaves what it has to say in a file.
    """
    import torch
    from torch import distributed

    end_with(parent)
    rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    on_card = leg.execution.device == "cuda"
    if on_card:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if on_card else "gloo", timeout=_PATIENCE)
    try:
        made = execute(leg, Ranks(rank=rank, size=size))
    except MemoryError as error:
        (Path(said) / str(rank)).write_text(str(error), encoding="utf-8")
        os._exit(1)
    except (ClaimcheckError, ValueError) as error:
        distributed.destroy_process_group()
        return error
    distributed.destroy_process_group()
    return made if rank == 0 else None

