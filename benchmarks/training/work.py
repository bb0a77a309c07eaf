"""What both sides are given, and how a side that is a process of its own is asked to do it, round by round."""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A training run on a checkpoint, and texts to encode. `pairs`: a query and its passage; `batches`: numbers of pairs.

    No two passages of a batch are equal. The schedule is linear: up over `warmup_steps`, down to zero at the end.
    """

    checkpoint: str
    pairs: Sequence[tuple[str, str]]
    batches: Sequence[Sequence[int]]
    texts: Sequence[str] = ()
    temperature: float = 0.05
    learning_rate: float = 5e-5
    weight_decay: float = 0.01
    warmup_steps: int = 3
    query_tokens: int = 64
    passage_tokens: int = 256
    device: str = "cpu"
    bfloat16: bool = False

    def write(self, path: Path) -> Path:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")
        return path

    @classmethod
    def read(cls, path: Path) -> "Task":
        return cls(**json.loads(path.read_text(encoding="utf-8")))


def clock(device: str) -> float:
    """CPU seconds of this process; on a card seconds of the wall, when all that was asked of it is done."""
    if device == "cpu":
        return time.process_time()
    import torch

    torch.cuda.synchronize()
    return time.perf_counter()


def one_thread(device: str) -> None:
    if device == "cpu":
        import torch

        torch.set_num_threads(1)


def serve(begin: Callable[[Task], Mapping[str, Callable[..., Any]]]) -> None:
    """Answer requests, one JSON on a line each, until there are no more. `begin`: from a task to what can be asked for."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    sys.stdout = sys.stderr  # what libraries print is no answer
    task = Task.read(Path(sys.argv[1]))
    one_thread(task.device)
    able = begin(task)
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(able[asked.pop("do")](**asked)), file=answers, flush=True)
