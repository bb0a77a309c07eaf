"""The first k of each query's ranking as a list, where a list is wanted: from the products that `counting` counts, ties alike.

An index of nearest neighbours would make such lists sooner, from products of another shape: its scores differ in the last bit
from those counted, and equal ones come in the order of its own.
"""

from dataclasses import dataclass

import numpy as np
import torch

from claimcheck.retrieval.counting import COLUMNS, ROWS, one_thread
from claimcheck.retrieval.pool import Array, Candidates, Floats, filled_up, share
from claimcheck.retrieval.sort_keys import keys, order_of, scores_of

_NONE = torch.iinfo(torch.int64).min


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lists:
    """The first k of each of v rankings, best first. `scores` (v, k) float32, -inf past the end of a pool smaller than k;
    `order` (v, k) int64: the `order` of the candidate in `Columns`, which has to tell all candidates apart; -1 past the end.
    """

    scores: Floats
    order: Array


def first(queries: Floats, pool: Candidates, k: int) -> Lists:
    """Rank all candidates for v queries (v, d) of finite float32 and keep the first k. Memory: 8 bytes times v * k * 2."""
    best = torch.full((len(queries), k), _NONE)
    rows = share(len(queries), ROWS)
    with one_thread():
        for tile in pool.tiles(COLUMNS):
            candidates = filled_up(tile.vectors).T
            order = torch.from_numpy(np.concatenate((tile.columns.order, tile.twins.order)))
            for start in range(0, len(queries), rows):
                some = queries[start : start + rows]
                scores = (filled_up(some) @ candidates)[: len(some)]
                real = np.concatenate((scores[:, : len(tile.vectors)], scores[:, tile.twin_of]), axis=1)
                both = torch.cat((best[start : start + rows], keys(torch.from_numpy(real), order)), dim=1)
                best[start : start + rows] = both.topk(k, dim=1).values
    there = best != _NONE
    return Lists(scores=scores_of(best).masked_fill(~there, -torch.inf).numpy(),
                 order=order_of(best).masked_fill(~there, -1).numpy())
