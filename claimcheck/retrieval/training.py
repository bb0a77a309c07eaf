"""Training, from top to bottom: feed the plan's batches to the encoder, one after another, and count what was fed.

One loop for every encoder, one process and many, batches that fit in memory and batches that do not. The loss of a batch needs
nothing but its vectors; so they are computed first, gathered from all processes, and give the gradient of each vector. What
is left is to carry these through the encoder, which each process does for its own share, piece by piece where memory asks for
it. That is gradient caching: Gao et al. 2021, arXiv:2101.06983, section 3.
"""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from claimcheck.corpora.pairs import Pairs
from claimcheck.design import Training
from claimcheck.errors import UsageFault
from claimcheck.execution import Execution
from claimcheck.retrieval.batches import BatchPlan, Counting, Counts, stated
from claimcheck.retrieval.encoder import Encoder, cut
from claimcheck.retrieval.feeding import Fed, Rows, feed
from claimcheck.retrieval.loss import info_nce
from claimcheck.retrieval.memory import out_of_memory, what_would_fit
from claimcheck.retrieval.ranks import ALONE, Ranks
from claimcheck.retrieval.selection import Selection
from claimcheck.retrieval.training_state import Kept, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What a training run leaves behind besides the encoder. `losses`: one a step, in order; `fed`: what was really fed.

    `looks`: (steps done, loss on what chooses the checkpoint), in order, and `chosen`: the steps after which the weights are
    those of the encoder. `executions`: (from which step, how it was computed), one unless a resumed run went on otherwise.
    """

    losses: tuple[float, ...] = field(repr=False)
    fed: Counts
    looks: tuple[tuple[int, float], ...] = ()
    chosen: int | None = None
    executions: tuple[tuple[int, Execution], ...] = field(default=(), repr=False)

    @classmethod
    def nothing(cls) -> "Trained":
        """What is left behind where nothing is trained."""
        return cls(losses=(), fed=Counting().counts())


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """What a training run may need beside what it trains on: where it is computed, what chooses a checkpoint, what is kept."""

    execution: Execution = field(default_factory=Execution)
    ranks: Ranks = ALONE
    selection: Selection | None = None
    kept: Kept | None = None


def train(encoder: Encoder, pairs: Pairs, plan: BatchPlan, training: Training, seed: int, how: How = How()) -> Trained:
    """Train the encoder in place. On one thread of one machine the same arguments give the same weights, to the bit.

    The schedule runs over the steps of the plan, so an arm with a share of the steps also comes to the end of its schedule.
    What was kept of an interrupted run is gone on from, and the result is that of a run that was not interrupted.
    Raises UsageFault: a setting that training needs is not set. Raises ValueError: the loss is not a finite number, or the
    processes do not agree on the plan; MemoryError: out of memory, with the setting that would fit; CorruptInput: what was
    kept is damaged.
    """
    _check(training, how)
    how.ranks.check_alike(plan.digest, "the plan of batches")
    temperature = stated(training.temperature, "temperature")
    optimizer = encoder.optimizer(training)
    state = State.begin(encoder, optimizer, plan.digest, how.execution)
    if how.kept is not None:
        state = how.kept.resume(state)
    batches = feed(encoder, pairs, plan.batches, given_negatives=training.negatives == "in-batch and one given")
    counting = Counting()
    for batch in plan.batches[: state.step]:
        counting.add(batch)
    for step in range(state.step, len(plan.batches)):
        if how.selection is not None and state.over(training.patience):
            break
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(training, step, len(plan.batches))
        fed = batches.batch(step)
        optimizer.zero_grad(set_to_none=True)
        with _said_clearly(fed, step, how):
            loss = backward(encoder, fed, temperature, noise_of(seed, step, how.ranks.rank), how)
        if not np.isfinite(loss):
            raise ValueError(f"the loss is {loss} at step {step} of {len(plan.batches)} ({plan.batches[step].says}, learning "
                             f"rate {learning_rate(training, step, len(plan.batches)):g}); lower the learning rate or raise "
                             "the temperature")
        optimizer.step()
        state.done(loss)
        counting.add(plan.batches[step])
        if how.selection is not None and state.step % how.selection.every == 0:
            state.looked(how.selection.loss(encoder, temperature, how.ranks))
        if how.kept is not None:
            how.kept.keep(state, len(plan.batches), how.ranks)
    if how.selection is not None:
        if not state.looks or state.looks[-1][0] != state.step:
            state.looked(how.selection.loss(encoder, temperature, how.ranks))
        state.choose()
    if how.kept is not None:
        how.kept.finish(state, how.ranks)
    return Trained(losses=tuple(state.losses), fed=counting.counts(), looks=tuple(state.looks), chosen=state.chosen,
                   executions=tuple(state.executions))


def backward(encoder: Encoder, fed: Fed, temperature: float, noise: np.random.Generator, how: How) -> float:
    """The loss of a batch; its gradient, summed over all processes, stands at the encoder's weights then."""
    own = [part.part(how.ranks.share(len(part))) for part in (fed.queries, fed.passages)]
    most = how.execution.tokens_at_once
    if sum(int(part.tokens.sum()) for part in own) <= most:
        made = [encoder.embed(part.prepared, part.rows, noise) for part in own]
        loss, gradients = _loss(made, fed, temperature, how.ranks)
        torch.autograd.backward(made, gradients)
    else:
        pieces = [_pieces(part, most) for part in own]
        before: list[list[np.random.Generator]] = [[], []]
        with torch.no_grad():
            made = []
            for which, of_role in enumerate(pieces):
                vectors = []
                for piece in of_role:
                    before[which].append(copy.deepcopy(noise))  # so that the second pass drops what the first one dropped
                    vectors.append(encoder.embed(piece.prepared, piece.rows, noise))
                made.append(torch.cat(vectors))
        loss, gradients = _loss(made, fed, temperature, how.ranks)
        for of_role, noises, gradient in zip(pieces, before, gradients, strict=True):
            parts = torch.split(gradient, [len(piece) for piece in of_role])
            for piece, again, part in zip(of_role, noises, parts, strict=True):
                encoder.embed(piece.prepared, piece.rows, again).backward(part)  # type: ignore[no-untyped-call]
    how.ranks.sum_gradients(weight for _, weight in encoder.named_parameters() if weight.requires_grad)
    return loss


def _pieces(part: Rows, most: int) -> list[Rows]:
    return [part.part(piece) for piece in cut(part.tokens, most)] or [part]


def _loss(made: Sequence[Tensor], fed: Fed, temperature: float, ranks: Ranks) -> tuple[float, list[Tensor]]:
    """The loss of a whole batch from each process's own vectors of its queries and passages, and the gradients of these."""
    everyone = [ranks.gather(own, len(part)).requires_grad_()
                for own, part in zip(made, (fed.queries, fed.passages), strict=True)]
    loss = info_nce(everyone[0], everyone[1], torch.from_numpy(fed.same).to(everyone[0].device), temperature)
    gradients = torch.autograd.grad(loss, everyone)
    return loss.item(), [each[ranks.share(len(each))] for each in gradients]


def learning_rate(training: Training, step: int, steps: int) -> float:
    """The learning rate of one step, which counts from 0.

    Linear from 0 over the warm-up (over all steps, where there are fewer), at its peak in the step after it; then either
    linear to 0 at the end of the last step, or constant.
    Source: transformers, get_linear_schedule_with_warmup and get_constant_schedule_with_warmup.

    >>> four = Training(learning_rate=0.8, warmup_steps=2, schedule="linear decay")
    >>> [learning_rate(four, step, 6) for step in range(6)]
    [0.0, 0.4, 0.8, 0.6000000000000001, 0.4, 0.2]
    """
    peak = stated(training.learning_rate, "learning_rate")
    warmup = min(training.warmup_steps or 0, steps)
    if step < warmup:
        return peak * step / warmup
    if training.schedule == "constant after warm-up":
        return peak
    return peak * (steps - step) / (steps - warmup)


def noise_of(seed: int, step: int, rank: int = 0) -> np.random.Generator:
    """The randomness of dropout at one step: a function of seed, step and process, so no generator has to be kept."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(step, rank) if rank else (step,)))


def _check(training: Training, how: How) -> None:
    """That the training says what this loop must know, and asks for nothing that it does not get."""
    stated(training.loss, "loss")
    stated(training.schedule, "schedule")
    if (training.early_stopping or training.patience) and how.selection is None:
        raise UsageFault("the training ends early by a loss, and no data are named that it is taken on; name them with "
                         "`select_every` in the training and `select` in the data or the split, or leave out `early_stopping`")


@contextmanager
def _said_clearly(fed: Fed, step: int, how: How) -> Iterator[None]:
    """Turn a device's way of saying that memory is out into one sentence with the setting that would fit."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not out_of_memory(error):
            raise
        tokens = np.concatenate([part.tokens[how.ranks.share(len(part))] for part in (fed.queries, fed.passages)])
        raise MemoryError(f"out of memory at step {step}; {what_would_fit(tokens, how.execution)}") from None
