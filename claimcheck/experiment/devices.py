"""Which device there is to compute on, and whether what is asked for can be had."""

from dataclasses import replace

import torch

from claimcheck.errors import UsageFault
from claimcheck.execution import Execution


def settled(execution: Execution) -> Execution:
    """The execution with its device named: a GPU where there is one and none is ruled out.

    Raises UsageFault: a GPU is asked for and there is none, or fewer than there are to be processes.
    """
    cards = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if execution.device == "cuda" and not cards:
        raise UsageFault("--device cuda: PyTorch sees no GPU here; take --device cpu, or install PyTorch built for your card")
    device = execution.device if execution.device != "auto" else "cuda" if cards else "cpu"
    if device == "cuda" and execution.processes > cards:
        raise UsageFault(f"--processes {execution.processes}: PyTorch sees {cards} GPUs here, and each process needs its own; "
                         f"take --processes {cards}, or --device cpu")
    return replace(execution, device=device)
