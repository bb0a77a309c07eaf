"""What a batch of the plan means in texts: cut into tokens or features, once for all where the corpus lies in memory."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from claimcheck.corpora.pairs import Pairs, TrainingPairs
from claimcheck.retrieval.batches import Batch
from claimcheck.retrieval.encoder import Encoder, Prepared


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Texts of one role as an encoder takes them: some rows of what it prepared."""

    prepared: Prepared
    rows: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)

    def part(self, part: slice) -> "Rows":
        """Some of them."""
        return Rows(prepared=self.prepared, rows=self.rows[part])

    @property
    def tokens(self) -> NDArray[np.int64]:
        """How many tokens each has."""
        return self.prepared.tokens[self.rows]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fed:
    """A batch as it is fed. The passage of pair i is `passages` i; behind those of all pairs stand negatives given for them.

    `same`: a number for each passage, equal where texts are equal.
    """

    queries: Rows
    passages: Rows
    same: NDArray[np.int64]


class Feed(Protocol):
    """Gives the batches of a plan one after another."""

    def batch(self, number: int) -> Fed:
        """The batch of a step. Raises ValueError: the plan was made for other pairs."""
        ...


def feed(encoder: Encoder, pairs: Pairs, batches: Sequence[Batch], *, given_negatives: bool) -> Feed:
    """A feed of batches; with `given_negatives` the negatives that the corpus gives are fed too."""
    if isinstance(pairs, TrainingPairs):
        return _InMemory(encoder, pairs, batches, given_negatives=given_negatives)
    return _Streamed(encoder, pairs, batches, given_negatives=given_negatives)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Numbered:
    """Different texts of all languages, and language -> the number of each item's among them (-1: none)."""

    texts: Sequence[str] = field(repr=False)
    numbers: Mapping[str, NDArray[np.int64]] = field(repr=False)

    @classmethod
    def of(cls, *given: Mapping[str, Sequence[str | None]]) -> "tuple[_Numbered, ...]":
        """Several kinds of texts, numbered together."""
        rows: dict[str, int] = {}
        numbers = [{language: np.array([-1 if text is None else rows.setdefault(text, len(rows)) for text in own],
                                       dtype=np.int64) for language, own in sorted(each.items())} for each in given]
        return tuple(cls(texts=tuple(rows), numbers=each) for each in numbers)

    def rows(self, languages: str | tuple[str, ...], items: NDArray[np.int64]) -> NDArray[np.int64]:
        """The numbers of some items' texts in the language of all, or in that of each."""
        if isinstance(languages, str):
            return self.numbers[languages][items]
        return np.array([self.numbers[language][item] for language, item in zip(languages, items.tolist(), strict=True)],
                        dtype=np.int64)


class _InMemory:
    """All texts are prepared once, each different one once."""

    def __init__(self, encoder: Encoder, pairs: TrainingPairs, batches: Sequence[Batch], *, given_negatives: bool) -> None:
        self._batches = batches
        self._queries, = _Numbered.of(pairs.queries)
        none = (None,) * pairs.count
        given = pairs.negatives if given_negatives else {}
        negatives = {language: given.get(language, none) for language in pairs.languages} if given else {}
        self._passages, self._negatives = _Numbered.of(pairs.passages, negatives)
        self._prepared_queries = encoder.prepare(self._queries.texts, "query")
        self._prepared_passages = encoder.prepare(self._passages.texts, "passage")

    def batch(self, number: int) -> Fed:
        batch = self._batches[number]
        items = np.asarray(batch.questions, dtype=np.int64)
        queries = self._queries.rows(batch.query_language, items)
        passages = self._passages.rows(batch.passage_language, items)
        if min(queries.min(), passages.min()) < 0:
            raise ValueError(f"the plan holds a question that does not stand in {batch.says}; make the plan from the same "
                             "training pairs")
        if self._negatives.numbers:
            given = self._negatives.rows(batch.passage_language, items)
            passages = np.concatenate([passages, given[given >= 0]])
        return Fed(queries=Rows(prepared=self._prepared_queries, rows=queries),
                   passages=Rows(prepared=self._prepared_passages, rows=passages), same=passages)


class _Streamed:
    """The texts of one batch at a time; those of the next are read and cut into tokens while this one is trained on."""

    def __init__(self, encoder: Encoder, pairs: Pairs, batches: Sequence[Batch], *, given_negatives: bool) -> None:
        self._encoder, self._pairs, self._batches, self._given = encoder, pairs, batches, given_negatives
        self._reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reader")
        self._next: tuple[int, Future[Fed]] | None = None

    def batch(self, number: int) -> Fed:
        ahead = self._next is not None and self._next[0] == number
        made = self._next[1].result() if ahead and self._next is not None else self._read(number)
        after = number + 1
        self._next = (after, self._reader.submit(self._read, after)) if after < len(self._batches) else None
        return made

    def _read(self, number: int) -> Fed:
        batch = self._batches[number]
        items = np.asarray(batch.questions, dtype=np.int64)
        queries = [each or "" for each in self._texts(batch.query_language, items, "queries")]
        passages = [each or "" for each in self._texts(batch.passage_language, items, "passages")]
        if self._given:
            passages += [each for each in self._texts(batch.passage_language, items, "negatives") if each is not None]
        numbers: dict[str, int] = {}
        same = np.array([numbers.setdefault(text, len(numbers)) for text in passages], dtype=np.int64)
        return Fed(queries=self._rows(queries, "query"), passages=self._rows(passages, "passage"), same=same)

    def _texts(self, languages: str | tuple[str, ...], items: NDArray[np.int64], kind: str) -> list[str | None]:
        if isinstance(languages, str):
            return list(getattr(self._pairs.texts(languages, items), kind))
        made: list[str | None] = [None] * len(items)
        for language in sorted(set(languages)):
            places = [place for place, spoken in enumerate(languages) if spoken == language]
            for place, text in zip(places, getattr(self._pairs.texts(language, items[places]), kind), strict=True):
                made[place] = text
        return made

    def _rows(self, texts: list[str], role: str) -> Rows:
        prepared = self._encoder.prepare(texts, "query" if role == "query" else "passage")
        return Rows(prepared=prepared, rows=np.arange(len(texts)))
