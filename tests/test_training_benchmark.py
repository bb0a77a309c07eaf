"""What the benchmark of training holds losses to: a plain loop over padded batches, which knows nothing of packed rows."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import tiny_checkpoints
import torch
from conftest import TEXTS

from claimcheck.execution import Execution

FOLDER = Path(__file__).parents[1] / "benchmarks" / "training"
STEPS, BATCH_SIZE = 10, 4
SOME = TEXTS[:8]


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch):
    """The benchmark's modules, which have names that others may have too, by name."""
    monkeypatch.syspath_prepend(FOLDER)
    names = ("work", "peers", "ours")
    before = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield {name: importlib.import_module(name) for name in names}
    torch.set_num_threads(threads)
    for name in names:
        del sys.modules[name]
    sys.modules.update(before)


def task(benchmark: dict[str, ModuleType], checkpoint: Path, **more):
    """Ten batches of pairs whose texts differ in length, some of them too long for a query."""
    noise = np.random.default_rng(5)
    pairs = [(f"{one} {other}", f"{other} {one} {one}") for one in SOME for other in SOME if one != other]
    batches = [noise.choice(len(pairs), BATCH_SIZE, replace=False).tolist() for _ in range(STEPS)]
    return benchmark["work"].Task(checkpoint=str(checkpoint), pairs=pairs, batches=batches, learning_rate=3e-3, query_tokens=12,
                                  passage_tokens=40, **more)


@pytest.mark.parametrize("architecture", ["mbert", "xlm_roberta"])
@pytest.mark.parametrize("tokens_at_once", [10_000, 60])
def test_losses_are_those_of_a_plain_loop_over_padded_batches(benchmark, tmp_path, architecture, tokens_at_once):
    checkpoint = getattr(tiny_checkpoints, architecture)(tmp_path / architecture, TEXTS[:-1] * 3, width=32, vocabulary=200,
                                                         dropout=0.0)
    given = task(benchmark, checkpoint)
    side = benchmark["ours"].Ours(given)
    side.execution = Execution(device="cpu", tokens_at_once=tokens_at_once)
    found, right = side.losses(), benchmark["peers"].padded_losses(given)
    assert len(found) == len(right) == STEPS
    assert right[-1] < right[0] - 0.1, "the weights moved, or this compares nothing but first losses"
    np.testing.assert_allclose(found, right, rtol=0, atol=1e-5)


def test_a_task_is_read_as_it_was_written(benchmark, tmp_path):
    given = task(benchmark, tmp_path / "checkpoint", device="cuda", bfloat16=True)
    again = benchmark["work"].Task.read(given.write(tmp_path / "task.json"))
    assert [tuple(each) for each in again.pairs] == given.pairs
    assert again.batches == given.batches
    assert (again.checkpoint, again.device, again.bfloat16, again.learning_rate) == (given.checkpoint, "cuda", True, 3e-3)
