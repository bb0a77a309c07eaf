"""What an encoder is trained on: each question with the sentence that answers it, in every language where it stands."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from claimcheck.corpora.corpus import LanguagePart, ParallelCorpus


@dataclass(frozen=True, slots=True, kw_only=True)
class PairTexts:
    """Texts of some items in one language, in their order. `negatives`: the irrelevant passage given for an item, if any."""

    queries: tuple[str, ...] = field(repr=False)
    passages: tuple[str, ...] = field(repr=False)
    negatives: tuple[str | None, ...] = field(repr=False)


class Pairs(Protocol):
    """Items numbered from 0, each a question with the passage that answers it, in every language where it stands."""

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages, sorted."""
        ...

    @property
    def count(self) -> int:
        """How many items there are, in whatever languages."""
        ...

    def stands(self, language: str) -> NDArray[np.bool_]:
        """Which items stand in a language, shape (count,). Not to be written to."""
        ...

    def texts(self, language: str, items: NDArray[np.int64]) -> PairTexts:
        """The texts of some items. Raises ValueError: one of them does not stand in that language."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPairs:
    """Questions with the sentence that answers each, in several languages, all in memory.

    `questions` (ids) and `languages` are sorted. `queries` and `passages`: language -> one text a question, in the order of
    `questions`; None where the question does not stand in that language, and then in both of them. `negatives`: likewise, an
    irrelevant passage for each question that has one; empty where the data give none.
    """

    questions: tuple[str, ...] = field(repr=False)
    languages: tuple[str, ...]
    queries: Mapping[str, tuple[str | None, ...]] = field(repr=False)
    passages: Mapping[str, tuple[str | None, ...]] = field(repr=False)
    negatives: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict, repr=False)

    @property
    def count(self) -> int:
        """See `Pairs`."""
        return len(self.questions)

    def stands(self, language: str) -> NDArray[np.bool_]:
        """See `Pairs`."""
        return np.array([text is not None for text in self.queries[language]], dtype=bool)

    def texts(self, language: str, items: NDArray[np.int64]) -> PairTexts:
        """See `Pairs`."""
        places = items.tolist()
        queries, passages = ([given[place] for place in places] for given in (self.queries[language], self.passages[language]))
        if None in queries or None in passages:
            raise ValueError(f"an item does not stand in {language}; make the plan from the same training pairs")
        negatives = self.negatives.get(language)
        return PairTexts(queries=tuple(each for each in queries if each is not None),
                         passages=tuple(each for each in passages if each is not None),
                         negatives=tuple(negatives[place] if negatives else None for place in places))


@dataclass(frozen=True, slots=True, kw_only=True)
class InLanguages:
    """Pairs in some of their languages. Raises ValueError: they do not come in one of them."""

    pairs: Pairs = field(repr=False)
    languages: tuple[str, ...]

    def __post_init__(self) -> None:
        if missing := [language for language in self.languages if language not in self.pairs.languages]:
            raise ValueError(f"the training pairs do not come in {', '.join(missing)}; name other languages, or pack those too")

    @property
    def count(self) -> int:
        """See `Pairs`."""
        return self.pairs.count

    def stands(self, language: str) -> NDArray[np.bool_]:
        """See `Pairs`."""
        return self.pairs.stands(language)

    def texts(self, language: str, items: NDArray[np.int64]) -> PairTexts:
        """See `Pairs`."""
        return self.pairs.texts(language, items)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixture:
    """Several sets of pairs as one, their items numbered one after another in the order of `parts`.

    A batch is filled from one of them (see `batches`). `names`: what each is called. Raises ValueError: there are none.
    """

    names: tuple[str, ...]
    parts: tuple[Pairs, ...] = field(repr=False)

    def __post_init__(self) -> None:
        if not self.parts or len(self.parts) != len(self.names):
            raise ValueError("a mixture holds at least one set of pairs, each with its name")

    @property
    def languages(self) -> tuple[str, ...]:
        """See `Pairs`: those of any part."""
        return tuple(sorted({language for part in self.parts for language in part.languages}))

    @property
    def count(self) -> int:
        """See `Pairs`."""
        return self.bounds[-1]

    @property
    def bounds(self) -> tuple[int, ...]:
        """The number of each part's first item, and behind it that of all items."""
        return (0, *accumulate(part.count for part in self.parts))

    def part_of(self, item: int) -> int:
        """Which part an item is of."""
        return bisect_right(self.bounds, item) - 1

    def stands(self, language: str) -> NDArray[np.bool_]:
        """See `Pairs`."""
        return np.concatenate([part.stands(language) if language in part.languages else np.zeros(part.count, dtype=bool)
                               for part in self.parts])

    def texts(self, language: str, items: NDArray[np.int64]) -> PairTexts:
        """See `Pairs`."""
        bounds = np.array(self.bounds)
        if len(items) and not 0 <= items.min() <= items.max() < bounds[-1]:
            raise ValueError(f"items are 0 to {bounds[-1] - 1}, not {items.min()} to {items.max()}")
        of = np.searchsorted(bounds, items, side="right") - 1
        found: dict[str, list[str | None]] = {kind: [None] * len(items) for kind in ("queries", "passages", "negatives")}
        for number in np.unique(of).tolist():
            if language not in self.parts[number].languages:
                raise ValueError(f"an item does not stand in {language}; make the plan from the same training pairs")
            places = np.flatnonzero(of == number)
            own = self.parts[number].texts(language, items[places] - bounds[number])
            for kind, texts in found.items():
                for place, text in zip(places.tolist(), getattr(own, kind), strict=True):
                    texts[place] = text
        return PairTexts(queries=tuple(each or "" for each in found["queries"]),
                         passages=tuple(each or "" for each in found["passages"]), negatives=tuple(found["negatives"]))


def in_memory(pairs: Pairs) -> TrainingPairs:
    """All the pairs, held in memory."""
    every = {language: np.flatnonzero(pairs.stands(language)) for language in pairs.languages}
    texts = {language: pairs.texts(language, items) for language, items in every.items()}

    def spread(kind: str) -> dict[str, tuple[str | None, ...]]:
        made = {}
        for language, items in every.items():
            known = dict(zip(items.tolist(), getattr(texts[language], kind), strict=True))
            made[language] = tuple(known.get(item) for item in range(pairs.count))
        return made

    return TrainingPairs(questions=tuple(f"{item:09d}" for item in range(pairs.count)), languages=pairs.languages,
                         queries=spread("queries"), passages=spread("passages"), negatives=spread("negatives"))


def training_pairs(corpus: ParallelCorpus) -> TrainingPairs:
    """The pairs of a corpus: every question of every language, with the text of its one relevant candidate there."""
    questions = tuple(sorted({question.id for part in corpus.parts.values() for question in part.questions}))
    languages = tuple(sorted(corpus.parts))
    texts = {language: _texts(corpus.parts[language]) for language in languages}
    absent = (None, None)
    return TrainingPairs(
        questions=questions,
        languages=languages,
        queries={language: tuple(texts[language].get(name, absent)[0] for name in questions) for language in languages},
        passages={language: tuple(texts[language].get(name, absent)[1] for name in questions) for language in languages},
    )


def _texts(part: LanguagePart) -> dict[str, tuple[str, str]]:
    return {question.id: (question.text, part.candidates[part.relevant[question.id]].text) for question in part.questions}
