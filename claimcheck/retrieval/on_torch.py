"""Counting on any device of torch: the twin of `compiled`, in whole operations on a block of scores."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from claimcheck.retrieval.pool import Array, Block, Candidates, Columns, Floats, Task, filled_up
from claimcheck.retrieval.sort_keys import keys, order_of


def blocks(task: Task, starts: Sequence[int], device: str) -> list[Block]:
    """The blocks of queries that begin at `starts`."""
    return [_Block(task, start, torch.device(device)) for start in starts]


def own_scores(task: Task, pool: Candidates, starts: Sequence[int], device: str) -> Floats:
    """The score of each relevant candidate (m,), from the very products in which candidates will be counted.

    On such a device products are cheap beside the counting, so they are all made once more; a product of another shape would
    differ in its last bit now and then, and all would have to be counted again.
    """
    looking = [_Block(task, start, torch.device(device)) for start in starts]
    for tile in pool.tiles(task.columns):
        candidates = filled_up(tile.vectors)
        for block in looking:
            block.look(candidates, tile.columns)
    seen = task.seen.copy()
    for block in looking:
        seen[block.pairs[block.there]] = block.seen.cpu().numpy()[block.there]
    return seen


class _Block:
    """See `Block`. Relevant candidates stand in rows of equal length (b, r), filled up with ones that nothing exceeds."""

    def __init__(self, task: Task, start: int, device: torch.device) -> None:
        torch.set_float32_matmul_precision("highest")  # products are of full float32
        self.task, self.device = task, device
        self.some = slice(start, min(start + task.rows, len(task.queries)))
        self.queries = torch.from_numpy(filled_up(task.queries[self.some])).to(device)
        first = task.relevant.first[self.some.start : self.some.stop + 1]
        numbers = np.arange(max(np.diff(first), default=0))
        self.there = numbers < np.diff(first)[:, None]  # (b, r)
        self.pairs = np.minimum(first[:-1, None] + numbers, max(len(task.thresholds) - 1, 0))
        self.thresholds, self.seen = (self._rows(task.thresholds, np.inf) for _ in range(2))
        given = task.relevant
        self.number, self.column, self.order, self.language = (
            self._rows(each, -1) for each in (given.number, given.column, given.order, given.language))
        self.counts = torch.zeros((4, *self.pairs.shape), dtype=torch.int64, device=device)
        self.best = torch.full((len(self.there), task.tally.best.shape[1]), torch.iinfo(torch.int64).min, device=device)
        self.spoken = torch.full(self.best.shape, -1, dtype=torch.int32, device=device)
        self.scores = self.queries.new_zeros(0)

    def look(self, candidates: Floats, columns: Columns) -> None:
        """Score the candidates of a tile, and put down what relevant ones among them score; count nothing."""
        product = self.queries @ torch.from_numpy(np.ascontiguousarray(candidates)).to(self.device).T
        self.scores = product[: len(self.there)]
        at = self.column.long() - columns.start
        inside = (at >= 0) & (at < len(columns.order))
        self.seen = torch.where(inside, self.scores.gather(1, at.clamp(0, self.scores.shape[1] - 1)), self.seen)

    def score(self, candidates: Floats, columns: Columns) -> None:
        self.look(candidates, columns)
        self._add(self.scores[:, : len(columns.order)], columns)

    def twins(self, of: Array, columns: Columns) -> None:
        self._add(self.scores[:, torch.from_numpy(of).to(self.device)], columns)

    def finish(self) -> None:
        tally, pairs = self.task.tally, self.pairs[self.there]
        self.task.seen[pairs] = self.seen.cpu().numpy()[self.there]
        for whole, counted in zip(tally.counts, self.counts.cpu().numpy(), strict=True):
            whole[pairs] = counted[self.there]
        tally.best_language[self.some] = self.spoken.cpu().numpy()
        there = (self.spoken >= 0).cpu()
        tally.best_order[self.some] = order_of(self.best.cpu()).masked_fill(~there, -1).numpy()

    def _rows(self, values: Array, missing: float) -> Tensor:
        rows = np.where(self.there, values[self.pairs], np.asarray(missing, values.dtype)) if len(values) else self.pairs
        return torch.from_numpy(rows).to(self.device)

    def _add(self, scores: Tensor, columns: Columns) -> None:
        order = torch.from_numpy(columns.order).to(self.device)
        for relevant in range(self.pairs.shape[1]):
            chosen = slice(relevant, relevant + 1)
            equal = scores == self.thresholds[:, chosen]
            above = (scores > self.thresholds[:, chosen]) | (equal & (order > self.order[:, chosen]))
            for begin, end, language in zip(columns.bounds[:-1], columns.bounds[1:], columns.language, strict=True):
                number = self.number[:, relevant] - columns.start
                itself = (number >= begin) & (number < end)
                more = torch.stack((above[:, begin:end].sum(1), equal[:, begin:end].sum(1) - itself.long()))
                self.counts[:2, :, relevant] += more * (self.language[:, relevant] == language)
                self.counts[2:, :, relevant] += more
        self._keep_first(scores, columns, order)

    def _keep_first(self, scores: Tensor, columns: Columns, order: Tensor) -> None:
        spoken = torch.from_numpy(np.repeat(columns.language, np.diff(columns.bounds))).to(self.device)
        k = self.best.shape[1]
        new, at = (found := keys(scores, order)).topk(min(k, found.shape[1]), dim=1)
        both, languages = torch.cat((self.best, new), dim=1), torch.cat((self.spoken, spoken[at]), dim=1)
        self.best, kept = both.topk(k, dim=1)
        self.spoken = languages.gather(1, kept)
