"""What is ranked, as arrays: a pool of candidates in columns, the relevant ones of each query, and what was counted so far."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]
Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Columns:
    """Candidates as columns of scores: those from `bounds[i]` to `bounds[i + 1]` are in the language number `language[i]`.

    `start`: the number of the first one among all of the pool; the others follow it. `order` (w,) int32, from 0: larger the
    later an id stands in byte order, as far as it has to be told from the ids of relevant candidates.
    """

    start: int
    bounds: Array
    language: Array
    order: Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tile:
    """Candidates that are scored in one product: `vectors` (w, d) are those of `columns`.

    `twins` are further candidates whose texts stand in the tile and which share their scores: in column `twin_of[i]`.
    """

    vectors: Floats
    columns: Columns
    twin_of: Array
    twins: Columns


class Candidates(Protocol):
    """A pool of candidates, wherever their vectors lie."""

    def tiles(self, most: int) -> Iterator[Tile]:
        """All candidates, up to `most` texts at a time; the same tiles in the same order each time."""
        ...

    def vectors(self, columns: Array) -> Floats:
        """The vectors of some columns by number, (n, d) float32."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Relevant:
    """Relevant candidates, query by query: those of query v are `first[v]` to `first[v + 1]` of the other arrays, (m,) each.

    All int32, `first` int64. `number`: which candidate of the pool it is; `column`: the column that holds its text, its own
    unless it is a twin; `order` and `language`: as in `Columns`.
    """

    first: Array
    number: Array
    column: Array
    order: Array
    language: Array

    def at(self, rows: Array) -> "Relevant":
        """The same in another order, (m,), within each query."""
        return Relevant(first=self.first, number=self.number[rows], column=self.column[rows], order=self.order[rows],
                        language=self.language[rows])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tally:
    """What was counted so far; its arrays are written to.

    Of each relevant candidate, (m,) int32: how many stand above it and how many others are tied with it, among those of its
    language and among all. Of each query, (v, k), best first: score, order and language of the first k of its ranking; -inf
    and -1 past the ranking's end.
    """

    above_in_language: Array
    tied_in_language: Array
    above: Array
    tied: Array
    best: Floats
    best_order: Array
    best_language: Array

    @classmethod
    def nothing(cls, relevant: Relevant, k: int) -> "Tally":
        """Nothing counted."""
        counts = (np.zeros(len(relevant.number), np.int32) for _ in range(4))
        names = ("above_in_language", "tied_in_language", "above", "tied")
        shape = len(relevant.first) - 1, k
        return cls(**dict(zip(names, counts, strict=True)), best=np.full(shape, -np.inf, np.float32),
                   best_order=np.full(shape, -1, np.int32), best_language=np.full(shape, -1, np.int32))

    @property
    def counts(self) -> tuple[Array, Array, Array, Array]:
        """The four of each relevant candidate."""
        return self.above_in_language, self.tied_in_language, self.above, self.tied

    def forget(self, queries: slice, relevant: Relevant) -> None:
        """Take back what was counted for some queries."""
        pairs = slice(*relevant.first[[queries.start, min(queries.stop, len(relevant.first) - 1)]])
        for counted in self.counts:
            counted[pairs] = 0
        self.best[queries], self.best_order[queries], self.best_language[queries] = -np.inf, -1, -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Task:
    """One pass: queries (v, d), their relevant candidates, best first, the scores of these (m,), and where the results go.

    `seen` (m,): the scores as they come up in the products, of `rows` queries and up to `columns` candidates each.
    """

    queries: Floats
    relevant: Relevant
    thresholds: Floats
    seen: Floats
    tally: Tally
    rows: int
    columns: int


class Block(Protocol):
    """Some of the queries, and the counting for them."""

    def score(self, candidates: Any, columns: Columns) -> None:
        """Score the candidates of a tile, put down what relevant ones among them score, and count."""
        ...

    def twins(self, of: Array, columns: Columns) -> None:
        """Count further candidates, whose scores stand in the columns `of` of the tile that was scored last."""
        ...

    def finish(self) -> None:
        """Hand over the results."""
        ...


MULTIPLE = 16
"""Rows and columns of a product are filled up to a multiple of this: kernels for the rest of a division round differently."""


def share(count: int, most: int) -> int:
    """So many of `count` at a time that none of the shares is above `most` and all are nearly alike: a small last one is slow.

    >>> share(13014, 1536), share(5, 1536)  # 9 shares, and one
    (1456, 16)
    """
    shares = -(-count // most)
    return min(most, _up(-(-count // max(shares, 1))))


def filled_up(vectors: Floats, least: int = 0) -> Floats:
    """The vectors with rows of zeros behind them, up to a multiple of MULTIPLE and to `least`; themselves if that many."""
    if len(vectors) == (rows := _up(max(len(vectors), least))):
        return vectors
    made = np.zeros((rows, vectors.shape[1]), np.float32)
    made[: len(vectors)] = vectors
    return made


def _up(count: int) -> int:
    return -(-max(count, 1) // MULTIPLE) * MULTIPLE
