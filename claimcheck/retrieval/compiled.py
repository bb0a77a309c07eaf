"""Counting on a CPU: products by numpy, counting by the compiled kernel."""

from collections.abc import Sequence

import numpy as np

from claimcheck.retrieval import kernel
from claimcheck.retrieval.kernel import GROUP, SLACK
from claimcheck.retrieval.pool import Array, Block, Columns, Floats, Task, filled_up


def blocks(task: Task, starts: Sequence[int]) -> list[Block]:
    """The blocks of queries that begin at `starts`. All of them score into the same memory, one after the other."""
    memory = np.zeros(task.rows * task.columns + SLACK, np.float32)
    return [_Block(task, start, memory) for start in starts]


class _Block:
    """See `Block`."""

    def __init__(self, task: Task, start: int, memory: Floats) -> None:
        self.memory = memory
        some = slice(start, min(start + task.rows, len(task.queries)))
        self.queries = filled_up(task.queries[some])
        given, tally = task.relevant, task.tally
        first = given.first[some.start : some.stop + 1]
        pairs, first = slice(first[0], first[-1]), first - first[0]
        thresholds = np.append(task.thresholds[pairs], np.full(GROUP - 1, np.inf, np.float32))
        self.pairs = (first, thresholds, given.number[pairs], given.order[pairs], given.language[pairs])
        self.counts = tuple(each[pairs] for each in tally.counts)
        self.kept = tally.best[some], tally.best_order[some], tally.best_language[some]
        self.seen, self.by_column = task.seen[pairs], np.argsort(given.column[pairs], kind="stable").astype(np.int32)
        self.column = given.column[pairs][self.by_column]
        self.query = np.repeat(np.arange(len(first) - 1, dtype=np.int32), np.diff(first))[self.by_column]

    def score(self, candidates: Floats, columns: Columns) -> None:
        shape = len(self.queries), len(candidates)
        self.scores = self.memory[: shape[0] * shape[1]].reshape(shape)
        np.matmul(self.queries, candidates.T, out=self.scores)
        inside = slice(*np.searchsorted(self.column, (columns.start, columns.start + len(columns.order))))
        self.seen[self.by_column[inside]] = self.scores[self.query[inside], self.column[inside] - columns.start]
        self._add(self.scores, columns)

    def twins(self, of: Array, columns: Columns) -> None:
        chosen = np.zeros((len(self.scores), len(of) + SLACK), np.float32)
        chosen[:, : len(of)] = self.scores[:, of]
        self._add(chosen, columns)

    def finish(self) -> None:
        """Everything was written to where it belongs."""

    def _add(self, scores: Floats, columns: Columns) -> None:
        tile = columns.start, columns.bounds, columns.language, columns.order
        kernel.add(scores, self.pairs, tile, self.counts, self.kept)
