"""The state of a training run, and keeping it so that an interrupted run goes on and ends in the same bits.

A folder holds the newest state whole: `weights.safetensors` and `moments.safetensors`, `best.safetensors` where a checkpoint is
chosen, and `state.json`, put in place last, which names the digest of each. It is written beside the one before and takes its
place in one step; nothing in it is pickled. Randomness needs no keeping: it is a function of seed and step.
"""

import hashlib
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from claimcheck.errors import CorruptInput, Fault
from claimcheck.execution import Execution
from claimcheck.measurement.progress import tell
from claimcheck.retrieval.encoder import Encoder
from claimcheck.retrieval.ranks import Ranks
from claimcheck.run import digest_of

STATE = "state.json"
_TELL_SECONDS = 2.0
Tensors = dict[str, Tensor]


@dataclass(slots=True, kw_only=True)
class State:
    """Where training stands. `step`: batches done; the rest as in `Trained`; `best`: weights of the lowest loss looked at."""

    encoder: Encoder
    optimizer: torch.optim.Optimizer
    plan: str
    executions: list[tuple[int, Execution]]
    losses: list[float] = field(default_factory=list)
    looks: list[tuple[int, float]] = field(default_factory=list)
    chosen: int | None = None
    best: Tensors | None = None

    @classmethod
    def begin(cls, encoder: Encoder, optimizer: torch.optim.Optimizer, plan: str, execution: Execution) -> "State":
        """The state before the first step."""
        return cls(encoder=encoder, optimizer=optimizer, plan=plan, executions=[(0, execution)])

    @property
    def step(self) -> int:
        """Batches done."""
        return len(self.losses)

    def done(self, loss: float) -> None:
        """Count one batch."""
        self.losses.append(loss)

    def looked(self, loss: float) -> None:
        """Take note of the loss that chooses; the weights of the first of the lowest are kept."""
        if self.chosen is None or loss < min(value for _, value in self.looks):
            self.chosen = self.step
            self.best = {name: weight.detach().to("cpu", copy=True) for name, weight in self.encoder.named_parameters()}
        self.looks.append((self.step, loss))

    def over(self, patience: int | None) -> bool:
        """Whether so many looks in a row brought no lower loss."""
        since = [step for step, _ in self.looks if self.chosen is not None and step > self.chosen]
        return patience is not None and len(since) >= patience

    def choose(self) -> None:
        """Give the encoder the weights of the lowest loss."""
        if self.best is not None:
            _put(self.encoder, self.best)

    def moments(self) -> tuple[Tensors, dict[str, Any]]:
        """The optimizer's state: tensors by name, and plain numbers."""
        tensors: Tensors = {}
        plain: dict[str, Any] = {}
        for number, held in self.optimizer.state_dict()["state"].items():
            for name, value in held.items():
                if isinstance(value, Tensor):
                    tensors[f"{number}.{name}"] = value.detach().cpu().contiguous()
                else:
                    plain[f"{number}.{name}"] = value
        return tensors, plain

    def restore(self, tensors: Tensors, plain: dict[str, Any]) -> None:
        """Give the optimizer a state that `moments` gave."""
        held: dict[int, dict[str, Any]] = {}
        for name, value in {**tensors, **plain}.items():
            number, _, key = name.partition(".")
            held.setdefault(int(number), {})[key] = value
        self.optimizer.load_state_dict({"state": held, "param_groups": self.optimizer.state_dict()["param_groups"]})


@dataclass(slots=True, kw_only=True)
class Kept:
    """A folder in which the state of one training run is kept each `seconds`, by the first process alone.

    `clock` gives seconds. Where the folder is and how often it is written changes nothing of what comes out.
    """

    folder: Path
    seconds: float
    clock: Callable[[], float] = time.monotonic
    last: float | None = None
    told: float = float("-inf")

    def resume(self, state: State) -> State:
        """The state that is kept for this plan, or the one given where none is. Raises CorruptInput: it is damaged."""
        folder = self.folder if self.folder.exists() else self._before  # whoever was killed between two renames left the latter
        path = folder / STATE
        if not path.exists():
            return state
        record = _read(path)
        if record["plan"] != state.plan:
            raise CorruptInput([_fault(path, "is of another plan of batches")])
        read = {name: _load(folder / name, digest) for name, digest in record["files"].items()}
        _put(state.encoder, read["weights.safetensors"])
        state.restore(read.get("moments.safetensors", {}), record["moments"])
        state.losses, state.looks = record["losses"], [(step, loss) for step, loss in record["looks"]]
        state.chosen, state.best = record["chosen"], read.get("best.safetensors")
        before, now = [(step, Execution(**execution)) for step, execution in record["executions"]], state.executions[-1][1]
        alike = replace(before[-1][1], checkpoint_seconds=now.checkpoint_seconds) == now  # how often it is kept moves nothing
        state.executions = before if alike else [*before, (state.step, now)]
        return state

    def keep(self, state: State, steps: int, ranks: Ranks) -> None:
        """Write the state if the time has come."""
        now = self.clock()
        if ranks.rank == 0 and now - self.told >= _TELL_SECONDS:
            self.told = now
            tell(self.folder, state.step, steps, state.losses[-1])
        self.last = now if self.last is None else self.last
        if ranks.rank == 0 and now - self.last >= self.seconds:
            self._write(state)
            self.last = self.clock()

    def finish(self, state: State, ranks: Ranks) -> None:
        """Write the last state where one was written before: what took so long is not made again for want of the evaluation."""
        if ranks.rank == 0 and (self.folder / STATE).exists():
            self._write(state)

    def _write(self, state: State) -> None:
        made = self.folder.with_name(f".{self.folder.name}.new")
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(parents=True)
        moments, plain = state.moments()
        weights = {name: weight.detach().cpu().contiguous() for name, weight in state.encoder.named_parameters()}
        tensors = {"weights.safetensors": weights, "moments.safetensors": moments, "best.safetensors": state.best}
        files = {name: _save(made / name, held) for name, held in tensors.items() if held}
        record = {"plan": state.plan, "losses": state.losses, "looks": state.looks, "chosen": state.chosen, "moments": plain,
                  "executions": [[step, asdict(execution)] for step, execution in state.executions], "files": files}
        plain_record = json.loads(json.dumps(record))
        (made / STATE).write_text(json.dumps({**plain_record, "sha256": digest_of(plain_record)}) + "\n", encoding="utf-8")
        if self.folder.exists():
            shutil.rmtree(self._before, ignore_errors=True)
            self.folder.rename(self._before)
        made.rename(self.folder)
        shutil.rmtree(self._before, ignore_errors=True)

    @property
    def _before(self) -> Path:
        """Where the state before stands while the newest takes its place."""
        return self.folder.with_name(f".{self.folder.name}.old")


def _put(encoder: Encoder, weights: Tensors) -> None:
    with torch.no_grad():
        for name, weight in encoder.named_parameters():
            weight.copy_(weights[name])


def _save(path: Path, tensors: Tensors) -> str:
    save_file(tensors, path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _load(path: Path, digest: str) -> Tensors:
    try:
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() == digest:
                return load_file(path)
        what = f"differs from the digest in {STATE}"
    except (OSError, SafetensorError) as error:
        what = f"cannot be read: {error}"
    raise CorruptInput([_fault(path, what)])


def _read(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["sha256"] == digest_of({name: value for name, value in record.items() if name != "sha256"}):
            return dict(record)
        what = "differs from the digest of itself that it holds"
    except (OSError, ValueError, TypeError, KeyError) as error:
        what = f"cannot be read: {error}"
    raise CorruptInput([_fault(path, what)])


def _fault(path: Path, what: str) -> Fault:
    return Fault(path=path, what=f"{what}: the training that was kept cannot be gone on from",
                 next_move=f"remove the folder {path.parent} to train from the start")
