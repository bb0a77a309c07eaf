"""Training, from top to bottom: feed the plan's batches to the encoder, one after another, and count what was fed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from claimcheck.corpora.pairs import TrainingPairs
from claimcheck.design import Training
from claimcheck.errors import UsageFault
from claimcheck.retrieval.batches import Batch, BatchPlan, Counts, count, stated
from claimcheck.retrieval.encoder import Encoder


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What a training run leaves behind besides the encoder. `losses`: one a step, in order; `fed`: what was really fed."""

    losses: tuple[float, ...] = field(repr=False)
    fed: Counts


def train(encoder: Encoder, pairs: TrainingPairs, plan: BatchPlan, training: Training, seed: int) -> Trained:
    """Train the encoder in place. On one thread of one machine the same arguments give the same weights, to the bit.

    The schedule runs over the steps of the plan, so an arm with a share of the steps also comes to the end of its schedule.
    Raises UsageFault: a setting that training needs is not set. Raises ValueError: the loss is not a finite number.
    """
    _check(training)
    temperature = stated(training.temperature, "temperature")
    texts = _Texts.of(pairs)
    prepared_queries, prepared_passages = encoder.prepare(texts.queries, "query"), encoder.prepare(texts.passages, "passage")
    optimizer = encoder.optimizer(training)
    losses: list[float] = []
    fed: list[Batch] = []
    for step, batch in enumerate(plan.batches):
        rate = learning_rate(training, step, len(plan.batches))
        for group in optimizer.param_groups:
            group["lr"] = rate
        noise = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(step,)))
        query_rows, passage_rows = texts.rows(batch)
        queries = encoder.embed(prepared_queries, query_rows, noise)
        passages = encoder.embed(prepared_passages, passage_rows, noise)
        loss = info_nce(queries, passages, torch.from_numpy(passage_rows), temperature)
        if not torch.isfinite(loss):
            raise ValueError(f"the loss is {loss.item()} at step {step} of {len(plan.batches)} ({batch.query_language} to "
                             f"{batch.passage_language}, learning rate {rate:g}); lower the learning rate or raise the "
                             "temperature")
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.item())
        fed.append(batch)
    return Trained(losses=tuple(losses), fed=count(fed))


def _check(training: Training) -> None:
    """That the training says what this loop must know, and asks for nothing that it does not do."""
    stated(training.loss, "loss")
    stated(training.schedule, "schedule")
    if training.negatives == "in-batch and one given" or training.early_stopping is not None:
        raise UsageFault("this version trains with in-batch negatives for a fixed number of steps; "
                         "leave out `early_stopping` and set `negatives: in-batch`")


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


def info_nce(queries: torch.Tensor, passages: torch.Tensor, same: torch.Tensor, temperature: float) -> torch.Tensor:
    """Mean over queries of -log softmax(cosine / temperature) at the query's own passage, among the passages of the batch.

    `queries`, `passages`: unit vectors, shape (pairs, dimensions), row i with row i. `same`: a number for each passage, equal
    where texts are equal; a passage equal to a query's own is no negative of it, and is left out of its softmax.
    Source: van den Oord et al. 2018, arXiv:1807.03748, equation 4.
    """
    cosines = queries @ passages.T / temperature
    own = torch.arange(len(queries), device=queries.device)
    twins = (same[:, None] == same[None, :]) & (own[:, None] != own[None, :])
    return functional.cross_entropy(cosines.masked_fill(twins, -torch.inf), own)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Texts:
    """The different queries and the different passages, and language -> the row of each question's among them (-1: none)."""

    queries: Sequence[str]
    passages: Sequence[str]
    query_rows: Mapping[str, NDArray[np.int64]]
    passage_rows: Mapping[str, NDArray[np.int64]]

    @classmethod
    def of(cls, pairs: TrainingPairs) -> "_Texts":
        queries, query_rows = _numbered(pairs.queries)
        passages, passage_rows = _numbered(pairs.passages)
        return cls(queries=queries, passages=passages, query_rows=query_rows, passage_rows=passage_rows)

    def rows(self, batch: Batch) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows of a batch's queries and of their passages. Raises ValueError: the plan was made for other pairs."""
        questions = list(batch.questions)
        queries = self.query_rows[batch.query_language][questions]
        passages = self.passage_rows[batch.passage_language][questions]
        if min(queries.min(), passages.min()) < 0:
            raise ValueError(f"the plan holds a question that does not stand in {batch.query_language} and in "
                             f"{batch.passage_language}; make the plan from the same training pairs")
        return queries, passages


def _numbered(texts: Mapping[str, Sequence[str | None]]) -> tuple[tuple[str, ...], dict[str, NDArray[np.int64]]]:
    """The different texts of all languages, and language -> the number of each of its texts."""
    rows: dict[str, int] = {}
    numbers = {language: np.array([-1 if text is None else rows.setdefault(text, len(rows)) for text in own], dtype=np.int64)
               for language, own in sorted(texts.items())}
    return tuple(rows), numbers
