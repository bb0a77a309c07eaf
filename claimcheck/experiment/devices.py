"""Which device there is to compute on, and whether what is asked for can be had."""

from dataclasses import replace

import torch

from claimcheck.errors import UsageFault
from claimcheck.execution import Execution


def cards() -> int:
    """GPUs that PyTorch sees here."""
    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def settled(execution: Execution) -> Execution:
    """The execution with its device named: a GPU where there is one and none is ruled out.

    Raises UsageFault: a GPU is asked for and there is none, or fewer than there are to be processes.
    """
    here = cards()
    if execution.device == "cuda" and not here:
        raise UsageFault("--device cuda: PyTorch sees no GPU here; take --device cpu, or install PyTorch built for your card")
    device = execution.device if execution.device != "auto" else "cuda" if here else "cpu"
    if device == "cuda" and execution.processes > here:
        raise UsageFault(f"--processes {execution.processes}: PyTorch sees {here} GPUs here, and each process needs its own; "
                         f"take --processes {here}, or --device cpu")
    return replace(execution, device=device)
