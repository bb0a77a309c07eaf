"""A pool of candidates whose vectors lie in memory, each distinct text once."""

from collections.abc import Iterator

import numpy as np

from claimcheck.retrieval.pool import Array, Columns, Floats, Relevant, Tile, share


class InMemory:
    """A pool in memory. Its columns are the distinct texts; candidates whose text came before are twins.

    `vectors_of_texts` (u, d) float32; `text` (N,): the row of each candidate's text; `bounds`: where languages begin and end.
    Raises ValueError: the texts are not in order of their first candidates.
    """

    def __init__(self, *, vectors_of_texts: Floats, text: Array, bounds: Array) -> None:
        self._vectors = np.ascontiguousarray(vectors_of_texts)
        self._column = text.astype(np.int32)
        new = np.diff(np.maximum.accumulate(self._column), prepend=np.int32(-1))  # 1 where a text is the next one
        self._first = np.flatnonzero(new).astype(np.int32)
        if not np.array_equal(self._column[self._first], np.arange(len(vectors_of_texts))) or new.max(initial=1) > 1:
            raise ValueError("the distinct texts are not in the order in which the pool has them first")
        twins = np.flatnonzero(new == 0).astype(np.int32)
        self._twins = twins[np.argsort(self._column[twins], kind="stable")]
        self._number = np.empty(len(text), np.int32)
        self._number[self._first] = np.arange(len(self._first))
        self._number[self._twins] = len(self._first) + np.arange(len(twins))
        self._language = np.repeat(np.arange(len(bounds) - 1, dtype=np.int32), np.diff(bounds))

    def tiles(self, most: int) -> Iterator[Tile]:
        """See `Candidates`."""
        width = share(len(self._vectors), most)
        for start in range(0, len(self._vectors), width):
            twins = slice(*np.searchsorted(self._column[self._twins], (start, start + width)))
            columns = self._columns(start, self._first[start : start + width])
            yield Tile(vectors=self._vectors[start : start + width], columns=columns,
                       twin_of=self._column[self._twins[twins]] - start,
                       twins=self._columns(len(self._vectors) + twins.start, self._twins[twins]))

    def vectors(self, columns: Array) -> Floats:
        """See `Candidates`."""
        return self._vectors[columns]

    def relevant(self, first: Array, candidates: Array) -> Relevant:
        """Relevant candidates, as places in the pool, query by query."""
        return Relevant(first=first, number=self._number[candidates], column=self._column[candidates],
                        order=candidates.astype(np.int32), language=self._language[candidates])

    def _columns(self, start: int, candidates: Array) -> Columns:
        language = self._language[candidates]
        begins = np.flatnonzero(np.diff(language, prepend=-1))
        return Columns(start=start, bounds=np.append(begins, len(candidates)), language=language[begins],
                       order=candidates.astype(np.int32))
