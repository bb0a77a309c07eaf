"""Execution: where and how a run is computed, never what. Nothing of it is part of a run's name; the record tells all of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Device: TypeAlias = Literal["auto", "cpu", "cuda"]
Engine: TypeAlias = Literal["local", "slurm", "ray"]

TOKENS_AT_ONCE = 16_384
"""Tokens of one forward pass in training unless more or fewer are asked for; a batch of more is taken in pieces."""
CHECKPOINT_SECONDS = 600.0
"""Seconds of training between two checkpoints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """How transformers are computed; encoders of n-grams are always computed on one thread of the processor.

    `device`: auto is a GPU where there is one. `processes`: so many train one run together, each on its own GPU (or thread).
    `tokens_at_once`: memory; a batch of more tokens is taken in pieces by gradient caching, with equal loss. `strict`: only
    operations that give the same bits each time, slower on a GPU. `compiled`: torch.compile. `recompute`: activations are made
    again for the gradient instead of kept (gradient checkpointing). `checkpoint_seconds`: between two checkpoints.
    """

    device: Device = "auto"
    processes: int = 1
    tokens_at_once: int = TOKENS_AT_ONCE
    strict: bool = False
    compiled: bool = False
    recompute: bool = False
    checkpoint_seconds: float = CHECKPOINT_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """Who computes, and how.

    `jobs`: so many runs at a time; None is as many as there are cores here, or as many as the engine takes elsewhere. `engine`:
    processes of this machine, jobs of Slurm, or tasks of Ray. `options`: what that engine is told, by the names it has for it.
    """

    jobs: int | None = None
    execution: Execution = Execution(device="cpu")
    engine: Engine = "local"
    options: Mapping[str, str] = field(default_factory=dict)
