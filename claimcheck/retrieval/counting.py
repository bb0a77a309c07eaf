"""Ranking by counting: one pass over all scores, in blocks that never stand in memory together, without a sort.

The one owner of ties.

The place of a relevant candidate p is 1 + #{score > that of p} + #{score = that of p, id larger}: among equal scores (as
float32) the candidate whose id is larger in byte order stands first, as in trec_eval. Scores are products of float32 vectors,
made in blocks whose shape follows from the numbers of queries and candidates, on one thread: both move a product's last bit.

The score of p has to be known before the first block is counted. It is taken from a product of few queries with their own
relevant candidates (on a graphics card from all products, made once more), and compared to the bit with the score in the
block in which p stands, when that block comes. Where two differ, as products of other shapes may, the queries concerned are
counted again with the scores of the blocks.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import cache

import numpy as np
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

from claimcheck.measurement.places import TOP
from claimcheck.retrieval import compiled, kernel, on_torch
from claimcheck.retrieval.pool import Block, Candidates, Floats, Relevant, Tally, Task, filled_up, share
from claimcheck.run import Json

ROWS, COLUMNS = 1536, 1536
"""Queries and candidates of one product at most; both are shared out evenly. With d dimensions memory is 4 bytes times
ROWS * COLUMNS for the scores and at most (ROWS + COLUMNS) * d for what is filled up."""
_FEW = 64
"""Queries of a product from which the scores of relevant candidates are taken."""
_LEAST_WORK = 2**21
"""Multiplications of such a product at least: libraries have other kernels for small ones, which round otherwise (OpenBLAS
below a million)."""


def count(queries: Floats, pool: Candidates, relevant: Relevant, device: str = "cpu") -> Tally:
    """Count what stands above each relevant candidate, for v queries (v, d) of finite float32.

    Queries are taken up to ROWS at a time in their order; it is quickest where neighbours share their relevant candidates.
    `device`: "cpu", where products are numpy's and the counting is compiled, or any of torch's.
    Raises ValueError: two products of the same vectors differ, so that nothing can be counted.
    """
    tally = Tally.nothing(relevant, TOP)
    rows = share(len(queries), ROWS)
    todo: Sequence[int] = range(0, len(queries), rows)
    given = np.arange(len(relevant.number), dtype=np.int32)  # where the candidates stood before they were put in order
    with one_thread():
        if device == "cpu":
            thresholds = _own_scores(queries, pool, relevant)
        else:
            nothing = np.zeros(len(relevant.number), np.float32)
            asked = Task(queries=queries, relevant=relevant, thresholds=nothing, seen=nothing, tally=tally, rows=rows,
                         columns=COLUMNS)
            thresholds = on_torch.own_scores(asked, pool, todo, device)
        for _ in range(2):
            order = kernel.best_first(relevant.first, thresholds)
            relevant, thresholds, given = relevant.at(order), thresholds[order], given[order]
            task = Task(queries=queries, relevant=relevant, thresholds=thresholds, seen=thresholds.copy(), tally=tally,
                        rows=rows, columns=COLUMNS)
            _pass(task, pool, compiled.blocks(task, todo) if device == "cpu" else on_torch.blocks(task, todo, device))
            differs = np.flatnonzero(task.seen != thresholds)
            if not len(differs):
                for counted in tally.counts:
                    counted[given] = counted.copy()
                return tally
            todo = np.unique((np.searchsorted(relevant.first, differs, side="right") - 1) // rows * rows).tolist()
            for start in todo:
                tally.forget(slice(start, start + rows), relevant)
            thresholds = task.seen
    raise ValueError("the same vectors had different scores in two products of one shape: the library for linear algebra of "
                     "this machine does not give the same twice, and nothing can be ranked by it")


def one_thread() -> AbstractContextManager[object]:
    """Within it numpy's products are made on one thread."""
    return _libraries().limit(limits=1)  # type: ignore[no-any-return]


@cache
def _libraries() -> ThreadpoolController:
    return ThreadpoolController()


def made_by(device: str = "cpu") -> dict[str, Json]:
    """What decides the last bit of a score beside the vectors: the shape of the products, threads, and the library."""
    found = [each for each in _libraries().info() if each["user_api"] == "blas"]  # other libraries may bring one of their own
    blas: dict[str, Json] = next((each for each in found if "numpy" in str(each["filepath"])), (found or [{}])[0])
    named = " ".join(str(blas[name]) for name in ("internal_api", "version", "architecture") if name in blas)
    return {"rows": ROWS, "columns": COLUMNS, "threads": 1, "library": named if device == "cpu" else f"torch on {device}"}


def _pass(task: Task, pool: Candidates, blocks: Sequence[Block]) -> None:
    """Put all candidates to all blocks of queries, each candidate once."""
    for tile in pool.tiles(task.columns):
        candidates = filled_up(tile.vectors)
        for block in blocks:
            block.score(candidates, tile.columns)
            if len(tile.twin_of):
                block.twins(tile.twin_of, tile.twins)
    for block in blocks:
        block.finish()


def _own_scores(queries: Floats, pool: Candidates, relevant: Relevant) -> Floats:
    """The score of each relevant candidate (m,), from products of few queries with all their relevant candidates."""
    scores = np.zeros(len(relevant.number), np.float32)
    for start in range(0, len(queries), _FEW):
        some = queries[start : start + _FEW]
        first = relevant.first[start : start + len(some) + 1]
        columns, at = np.unique(relevant.column[first[0] : first[-1]], return_inverse=True)
        if len(columns):
            vectors = filled_up(pool.vectors(columns), _LEAST_WORK // (_FEW * queries.shape[1]))
            product = filled_up(some, _FEW) @ vectors.T
            scores[first[0] : first[-1]] = product[np.repeat(np.arange(len(some)), np.diff(first)), at]
    return scores
