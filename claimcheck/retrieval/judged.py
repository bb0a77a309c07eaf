"""Ranking a large corpus whose passages lie encoded in shards: places of the passages that were judged relevant.

Passages that were not judged are not relevant, as in trec_eval. Shards are streamed once through the same counting as any pool;
in memory are the queries, the relevant passages and one block of scores, however long the corpus is.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from claimcheck.corpora.corpus import JudgedQueries
from claimcheck.errors import MeasurementFailed
from claimcheck.measurement.places import TOP, Places, arrange
from claimcheck.retrieval.counting import count
from claimcheck.retrieval.encoder import Role
from claimcheck.retrieval.pool import Array, Columns, Floats, Relevant, Tile, share
from claimcheck.retrieval.shards import Shards, gather, rows_of


def evaluate_judged(queries: JudgedQueries, shards: Shards, embed: Callable[[list[str], Role], Tensor], route: str,
                    device: str = "cpu") -> Places:
    """Places of the passages judged relevant among all passages of the shards, for each query that has any.

    `embed`: texts and their role -> vectors (n, d), float32. Queries are clusters of their own: they share no article.
    Raises CorruptInput: a judged passage is not in the shards, or twice, or a shard is damaged; MeasurementFailed: the vector
    of a query is not finite or of other dimensions than the passages; ValueError: no query has a relevant passage, a grade is
    beyond 1, which places cannot keep, or vectors are not float32.
    """
    if graded := next((query for query, grades in queries.judgments.items() if max(grades.values(), default=0) > 1), None):
        raise ValueError(f"the query {graded} of {queries.name} has a grade beyond 1, and places tell relevant from not only")
    asked = [(each, found) for each in queries.queries
             if (found := sorted(passage for passage, grade in queries.judgments[each.id].items() if grade > 0))]
    if not asked:
        raise ValueError(f"no query of {queries.name} has a relevant passage: there is nothing to measure")
    pool = Streamed(shards, sorted({passage for _, found in asked for passage in found}))
    vectors = embed([each.text for each, _ in asked], "query")
    if vectors.dtype != torch.float32:
        raise ValueError(f"scores are float32, the vectors of the queries of {queries.name} are {vectors.dtype}")
    if vectors.shape[1] != shards.dimensions:
        raise MeasurementFailed(f"{shards.folder}: holds vectors of {shards.dimensions} dimensions, those of the queries have "
                                f"{vectors.shape[1]}; encode both with one encoder")
    if not (finite := vectors.isfinite().all(dim=1)).all():
        raise MeasurementFailed(f"the vector of the query {asked[int((~finite).nonzero()[0])][0].id} of {queries.name} is not "
                                "finite; mend the encoder")
    counts = count(vectors.numpy(), pool, pool.relevant([found for _, found in asked]), device)
    row = np.repeat(np.arange(len(asked)), [len(found) for _, found in asked])
    languages = [queries.language] * len(row)
    clusters = [f"{queries.language}/{asked[each][0].id}" for each in row]  # ids of one language may stand in another
    top = (1 << min(TOP, shards.count)) - 1  # a corpus of one language
    size = np.full(len(row), shards.count)
    return arrange({
        "route": [route] * len(row), "fold": np.zeros(len(row), np.int8), "question": [asked[each][0].id for each in row],
        "cluster": clusters, "query_language": languages, "candidate_language": languages,
        "place_in_language": 1 + counts.above, "tied_in_language": counts.tied, "place": 1 + counts.above, "tied": counts.tied,
        "pool_in_language": size, "pool": size, "own_language_top": np.full(len(row), top)})


class Streamed:
    """The passages of shards as a pool. `passages`: the relevant ones, whose ids alone have to be told from others, sorted."""

    def __init__(self, shards: Shards, passages: Sequence[str]) -> None:
        self._shards, self._passages = shards, np.array([each.encode() for each in passages], np.bytes_)
        rows = rows_of(shards, passages)
        self._rows = np.array([rows[each] for each in passages], np.int32)

    def tiles(self, most: int) -> Iterator[Tile]:
        """See `Candidates`. A tile ends with its shard."""
        none = np.zeros(0, np.int32)
        for shard in self._shards.parts:
            vectors, ids = shard.vectors(), shard.ids()
            width = share(shard.count, most)
            for begin in range(0, shard.count, width):
                some = np.asarray(vectors[begin : begin + width], np.float32)
                # how many relevant ids an id is larger than: larger than the i-th exactly if this is above i
                order = np.searchsorted(self._passages, ids[begin : begin + width]).astype(np.int32)
                yield Tile(vectors=some, twin_of=none, twins=Columns(start=0, bounds=none, language=none, order=none),
                           columns=Columns(start=shard.start + begin, bounds=np.array([0, len(some)]),
                                           language=np.zeros(1, np.int32), order=order))

    def vectors(self, columns: Array) -> Floats:
        """See `Candidates`."""
        return gather(self._shards, columns)

    def relevant(self, found: Sequence[Sequence[str]]) -> Relevant:
        """The relevant passages of each query, by their ids."""
        order = np.searchsorted(self._passages, np.array([each.encode() for one in found for each in one], np.bytes_))
        rows = self._rows[order]
        return Relevant(first=np.cumsum([0, *map(len, found)]), number=rows, column=rows, order=order.astype(np.int32),
                        language=np.zeros(len(rows), np.int32))
