"""Which questions, in which languages, are trained on at which step: decided before training starts, and hashed.

Arms of one seed share their random numbers. At step t every arm draws the same number for the kind of batch, the same for
its languages and the same key for each question, each from a stream of its own; so hybrid's monolingual steps at a smaller
alpha are among those at a larger one, and on data that are parallel throughout, all arms see the same questions in the same
order and ask them in the same language. What differs between two arms is then the sampling alone.

Of a mixture of data sets each batch is filled from one, drawn in proportion to its size among those that can fill a batch of
its kind, by a further stream; what is drawn from it comes from a stream of its step alone, so that arms stay alike where they
drew from different data sets before.

Nothing here knows how many processes will train: each takes its share of every batch, so what a batch holds never depends on
their number.
"""

import hashlib
import json
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import repeat
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from claimcheck.corpora.pairs import Mixture, Pairs
from claimcheck.design import Arm, Training
from claimcheck.errors import UsageFault

Setting = TypeVar("Setting")
LanguagePair: TypeAlias = tuple[str, str]
"""The language of the queries and that of the passages, in this order."""

FEWEST = 2
"""Questions that two languages must share to be drawn: a batch of one question has no negatives, and teaches nothing."""
KEYED = 1 << 16
"""Up to so many questions each of them gets a key at each step; of more, so many are drawn as are needed."""

_KIND, _LANGUAGES, _QUESTIONS, _DATA_SET, _STEP = range(5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Pairs of a query and a passage. `questions`: the numbers of the items, all different.

    `query_language`, `passage_language`: that of all pairs, or a tuple with that of each.
    """

    query_language: str | tuple[str, ...]
    passage_language: str | tuple[str, ...]
    questions: Sequence[int] = field(repr=False)

    @property
    def language_pairs(self) -> tuple[LanguagePair, ...]:
        """The languages of each pair, in order."""
        queries, passages = (repeat(each, len(self.questions)) if isinstance(each, str) else each
                             for each in (self.query_language, self.passage_language))
        return tuple(zip(queries, passages, strict=False))

    @property
    def monolingual(self) -> bool:
        """Whether each query and its passage are of the same language."""
        return self.query_language == self.passage_language

    @property
    def says(self) -> str:
        """Its languages in words.

        >>> Batch(query_language=("en", "de"), passage_language=("en", "de"), questions=(1, 2)).says
        'each pair in its own of 2 languages'
        """
        if isinstance(self.query_language, str):
            return f"{self.query_language} to {self.passage_language}"
        used = {language for pair in self.language_pairs for language in pair}
        return f"each pair in its own of {len(used)} languages"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What some batches hold: batches of each kind, pairs of each ordered pair of languages and in all, different questions."""

    monolingual: int
    cross_lingual: int
    language_pairs: Mapping[LanguagePair, int]
    pairs: int
    questions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPlan:
    """The batches of a training run, in the order in which they are fed."""

    batches: tuple[Batch, ...] = field(repr=False)

    @property
    def digest(self) -> str:
        """SHA-256 over the languages and questions of every batch, in order."""
        made = hashlib.sha256(b"[")
        for number, each in enumerate(self.batches):  # as digest_of gives it for all at once, which would take much memory
            languages = [list(given) if isinstance(given, tuple) else given
                         for given in (each.query_language, each.passage_language)]
            text = json.dumps([*languages, list(each.questions)], separators=(",", ":"), ensure_ascii=False)
            made.update(f"{',' if number else ''}{text}".encode())
        made.update(b"]")
        return made.hexdigest()

    def counts(self) -> Counts:
        """What the plan asks for; training counts what it fed."""
        return count(self.batches)


class Counting:
    """Counts that grow batch by batch."""

    def __init__(self) -> None:
        self.kinds: Counter[bool] = Counter()
        self.language_pairs: Counter[LanguagePair] = Counter()
        self.questions: set[int] = set()

    def add(self, batch: Batch) -> None:
        """Count one batch."""
        self.kinds[batch.monolingual] += 1
        self.questions.update(batch.questions)
        if isinstance(batch.query_language, str) and isinstance(batch.passage_language, str):
            self.language_pairs[batch.query_language, batch.passage_language] += len(batch.questions)
        else:
            self.language_pairs.update(batch.language_pairs)

    def counts(self) -> Counts:
        """What was counted so far."""
        return Counts(monolingual=self.kinds[True], cross_lingual=self.kinds[False],
                      language_pairs=dict(sorted(self.language_pairs.items())), pairs=self.language_pairs.total(),
                      questions=len(self.questions))


def count(batches: Iterable[Batch]) -> Counts:
    """Count the batches. The pairs of languages are in order, those that do not occur left out."""
    counting = Counting()
    for batch in batches:
        counting.add(batch)
    return counting.counts()


def make(pairs: Pairs, arm: Arm, training: Training, seed: int) -> BatchPlan:
    """The plan of one arm at one seed: a pure function. `arm.order` selects another draw of everything at the same seed.

    A batch is monolingual with probability alpha (1 for monolingual, 0 for cross-lingual sampling). Its questions are uniform
    without replacement over those that stand in both of its languages; where there are fewer than `batch_size`, all of them.

    Languages per batch: its ordered pair of languages is uniform over those of its kind that share at least `FEWEST` questions.
    Languages per item: its questions are uniform over all that can be asked in the kind, and the ordered pair of each is
    uniform over those of its kind in which that question stands. Monolingual, this is X-X of LAReQA (arXiv:2004.05484, section
    4); cross-lingual, the other reading of pairs in different languages.

    Of a mixture, a batch of a kind comes from one data set, drawn in proportion to the number of its items among those that
    hold enough questions for that kind: a data set in one language serves monolingual batches alone.

    An arm with a share of the steps has the first of the batches that it would have with all of them.
    Raises UsageFault: steps or batch size are not set, or no languages of a needed kind share enough questions.
    """
    if arm.sampling == "none":
        return BatchPlan(batches=())
    steps = max(1, round(stated(training.steps, "steps") * (arm.steps_share or 1)))
    batch_size = stated(training.batch_size, "batch_size")
    alpha = {"monolingual": 1.0, "cross-lingual": 0.0}.get(arm.sampling, arm.alpha or 0.0)
    kind, languages, questions = (_stream(seed, arm.order, number) for number in (_KIND, _LANGUAGES, _QUESTIONS))
    filling = _per_item if arm.languages == "per item" else _per_batch
    if isinstance(pairs, Mixture):
        mixed = _Mixed(pairs, [filling(part) for part in pairs.parts])
        _check(alpha, mixed.kinds)
        chosen = _stream(seed, arm.order, _DATA_SET)
        return BatchPlan(batches=tuple(
            mixed.fill(bool(kind.random() < alpha), batch_size, chosen.random(),
                       np.random.default_rng(np.random.SeedSequence([seed, arm.order, _STEP, step])))
            for step in range(steps)))
    filled = filling(pairs)
    _check(alpha, filled.kinds)
    return BatchPlan(batches=tuple(filled.fill(bool(kind.random() < alpha), batch_size, languages, questions)
                                   for _ in range(steps)))


def stated(setting: Setting | None, name: str) -> Setting:
    """A setting of the training that a run cannot do without. Raises UsageFault: it is not set."""
    if setting is None:
        raise UsageFault(f"the training states no `{name}`, and cannot be run without it; set it in the reproduction "
                         "or its profile")
    return setting


def _stream(seed: int, order: int, number: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence([seed, order, number]))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Filling:
    """How batches are filled from one set of pairs. `kinds`: those that can be: monolingual (True), cross-lingual (False).

    `fill`: whether monolingual, how many pairs at most, the streams of languages and questions -> the batch.
    """

    kinds: frozenset[bool]
    fill: Callable[[bool, int, np.random.Generator, np.random.Generator], Batch]


def _per_batch(pairs: Pairs) -> _Filling:
    of_kind: dict[bool, list[LanguagePair]] = {True: [], False: []}
    shared: dict[LanguagePair, _Shared] = {}
    stands = {language: pairs.stands(language) for language in pairs.languages}
    for query_language in pairs.languages:
        for passage_language in pairs.languages:
            both = _Shared(stands[query_language], stands[passage_language])
            if both.number >= FEWEST:
                of_kind[query_language == passage_language].append((query_language, passage_language))
                shared[query_language, passage_language] = both

    def fill(monolingual: bool, size: int, languages: np.random.Generator, questions: np.random.Generator) -> Batch:
        # One number gives both languages: the list is in order of the query language, so that of a fully parallel corpus
        # is cut at the same places for the query language whether the batch is monolingual or not.
        chosen = of_kind[monolingual][int(languages.random() * len(of_kind[monolingual]))]
        return Batch(query_language=chosen[0], passage_language=chosen[1],
                     questions=array("q", shared[chosen].draw(questions, size).tolist()))

    return _Filling(kinds=frozenset(kind for kind, listed in of_kind.items() if listed), fill=fill)


def _per_item(pairs: Pairs) -> _Filling:
    stands = np.stack([pairs.stands(language) for language in pairs.languages])  # (languages, items)
    number = stands.sum(axis=0)
    usable = {True: _Shared(number >= 1), False: _Shared(number >= 2)}

    @cache
    def choices(monolingual: bool, where: bytes) -> list[LanguagePair]:
        spoken = [language for language, there in zip(pairs.languages, np.frombuffer(where, dtype=bool), strict=True) if there]
        return [(one, other) for one in spoken for other in spoken if (one == other) == monolingual]

    def fill(monolingual: bool, size: int, languages: np.random.Generator, questions: np.random.Generator) -> Batch:
        drawn = usable[monolingual].draw(questions, size)
        listed = [choices(monolingual, np.ascontiguousarray(stands[:, each]).tobytes()) for each in drawn]
        chosen = [each[int(place * len(each))]
                  for each, place in zip(listed, languages.random(len(drawn)).tolist(), strict=True)]
        queries, passages = zip(*chosen, strict=True)
        return Batch(query_language=queries, passage_language=passages, questions=array("q", drawn.tolist()))

    return _Filling(kinds=frozenset(kind for kind, each in usable.items() if each.number >= FEWEST), fill=fill)


class _Mixed:
    """The data sets of a mixture, each with the share of the batches of a kind that it fills."""

    def __init__(self, pairs: Mixture, parts: Sequence[_Filling]) -> None:
        self.kinds = frozenset(kind for part in parts for kind in part.kinds)
        self._parts, self._bounds = parts, pairs.bounds
        sizes = np.array([part.count for part in pairs.parts], dtype=np.float64)
        self._until = {kind: np.cumsum(share) / share.sum() for kind in self.kinds
                       for share in [sizes * [kind in part.kinds for part in parts]]}

    def fill(self, monolingual: bool, size: int, which: float, drawn: np.random.Generator) -> Batch:
        """A batch of the data set in whose share the number `which`, from 0 to below 1, lies."""
        number = int(np.searchsorted(self._until[monolingual], which, side="right"))
        made = self._parts[number].fill(monolingual, size, drawn, drawn)
        return replace(made, questions=array("q", [self._bounds[number] + each for each in made.questions]))


def _check(alpha: float, kinds: frozenset[bool]) -> None:
    if alpha > 0 and True not in kinds:
        raise UsageFault(f"no language holds {FEWEST} training questions, so no monolingual batch can be filled; "
                         "train on more data")
    if alpha < 1 and False not in kinds:
        raise UsageFault(f"no two languages share {FEWEST} training questions, so no cross-lingual batch can be filled; "
                         "train on more languages or on parallel data")


class _Shared:
    """The questions that stand in all of some languages (masks of all questions), to be drawn from."""

    def __init__(self, *stands: NDArray[np.bool_]) -> None:
        both = np.logical_and.reduce(stands)
        self._count, self.number = len(both), int(np.count_nonzero(both))
        # Of a large corpus most questions stand in most languages: then numbers are drawn and looked up, and no list is kept.
        listed = self._count <= KEYED or self.number * 16 < self._count
        self._listed = np.flatnonzero(both) if listed else None
        self._mask = None if listed or self.number == self._count else both

    def draw(self, stream: np.random.Generator, size: int) -> NDArray[np.int64]:
        """Up to `size` different ones, uniform without replacement, in random order."""
        if self._listed is not None and self._count <= KEYED:
            keys = stream.random(self._count)[self._listed]
            return self._listed[np.argsort(keys, kind="stable")[:size]]
        if self._listed is not None:
            return self._listed[stream.choice(self.number, min(size, self.number), replace=False)]
        found: dict[int, None] = {}
        while len(found) < size:
            drawn = stream.integers(self._count, size=2 * size)
            found |= dict.fromkeys((drawn if self._mask is None else drawn[self._mask[drawn]]).tolist())
        return np.fromiter(found, dtype=np.int64)[:size]
