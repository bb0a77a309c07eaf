"""Which questions, in which languages, are trained on at which step: decided before training starts, and hashed.

Arms of one seed share their random numbers. At step t every arm draws the same number for the kind of batch, the same for
its languages and the same key for each question, each from a stream of its own; so hybrid's monolingual steps at a smaller
alpha are among those at a larger one, and on data that are parallel throughout, all arms see the same questions in the same
order and ask them in the same language. What differs between two arms is then the sampling alone.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from claimcheck.corpora.pairs import TrainingPairs
from claimcheck.design import Arm, Training
from claimcheck.errors import UsageFault
from claimcheck.run import digest_of

Setting = TypeVar("Setting")
LanguagePair: TypeAlias = tuple[str, str]
"""The language of the queries and that of the passages, in this order."""

FEWEST = 2
"""Questions that two languages must share to be drawn: a batch of one question has no negatives, and teaches nothing."""

_KIND, _LANGUAGES, _QUESTIONS = range(3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Pairs of one query language and one passage language. `questions`: indices into the pairs' questions, all different."""

    query_language: str
    passage_language: str
    questions: tuple[int, ...] = field(repr=False)

    @property
    def monolingual(self) -> bool:
        """Whether queries and passages are of the same language."""
        return self.query_language == self.passage_language


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What some batches hold: batches of each kind and of each ordered pair of languages, pairs, and different questions."""

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
        return digest_of([[each.query_language, each.passage_language, list(each.questions)] for each in self.batches])

    def counts(self) -> Counts:
        """What the plan asks for; training counts what it fed."""
        return count(self.batches)


def count(batches: Iterable[Batch]) -> Counts:
    """Count the batches. The pairs of languages are in order, those that do not occur left out."""
    listed = tuple(batches)
    monolingual = sum(batch.monolingual for batch in listed)
    language_pairs = Counter((batch.query_language, batch.passage_language) for batch in listed)
    return Counts(
        monolingual=monolingual,
        cross_lingual=len(listed) - monolingual,
        language_pairs=dict(sorted(language_pairs.items())),
        pairs=sum(len(batch.questions) for batch in listed),
        questions=len({question for batch in listed for question in batch.questions}),
    )


def make(pairs: TrainingPairs, arm: Arm, training: Training, seed: int) -> BatchPlan:
    """The plan of one arm at one seed: a pure function. `arm.order` selects another draw of everything at the same seed.

    A batch is monolingual with probability alpha (1 for monolingual, 0 for cross-lingual sampling). Its ordered pair of
    languages is uniform over those of its kind that share at least `FEWEST` questions, its questions are uniform without
    replacement over those that stand in both languages; where there are fewer than `batch_size`, all of them.
    An arm with a share of the steps has the first of the batches that it would have with all of them.

    Raises UsageFault: steps or batch size are not set, or no languages of a needed kind share enough questions.
    """
    if arm.sampling == "none":
        return BatchPlan(batches=())
    steps = max(1, round(stated(training.steps, "steps") * (arm.steps_share or 1)))
    batch_size = stated(training.batch_size, "batch_size")
    alpha = {"monolingual": 1.0, "cross-lingual": 0.0}.get(arm.sampling, arm.alpha or 0.0)
    choices = _choices(pairs, alpha)
    kind, languages, questions = (_stream(seed, arm.order, number) for number in (_KIND, _LANGUAGES, _QUESTIONS))
    batches = []
    for _ in range(steps):
        of_kind = choices[bool(kind.random() < alpha)]
        # One number gives both languages: the list is in order of the query language, so that of a fully parallel corpus
        # is cut at the same places for the query language whether the batch is monolingual or not.
        query_language, passage_language, shared = of_kind[int(languages.random() * len(of_kind))]
        keys = questions.random(len(pairs.questions))[shared]
        chosen = shared[np.argsort(keys, kind="stable")[:batch_size]]
        batches.append(Batch(query_language=query_language, passage_language=passage_language,
                             questions=tuple(chosen.tolist())))
    return BatchPlan(batches=tuple(batches))


def stated(setting: Setting | None, name: str) -> Setting:
    """A setting of the training that a run cannot do without. Raises UsageFault: it is not set."""
    if setting is None:
        raise UsageFault(f"the training states no `{name}`, and cannot be run without it; set it in the reproduction "
                         "or its profile")
    return setting


def _stream(seed: int, order: int, number: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence([seed, order, number]))


_Choice: TypeAlias = tuple[str, str, NDArray[np.int64]]


def _choices(pairs: TrainingPairs, alpha: float) -> dict[bool, list[_Choice]]:
    """Monolingual or not -> the ordered pairs of languages that can fill a batch, each with the questions that they share."""
    stands = {language: np.array([text is not None for text in pairs.queries[language]], dtype=bool)
              for language in pairs.languages}
    found: dict[bool, list[_Choice]] = {True: [], False: []}
    for query_language in pairs.languages:
        for passage_language in pairs.languages:
            shared = np.flatnonzero(stands[query_language] & stands[passage_language])
            if len(shared) >= FEWEST:
                found[query_language == passage_language].append((query_language, passage_language, shared))
    if alpha > 0 and not found[True]:
        raise UsageFault(f"no language holds {FEWEST} training questions, so no monolingual batch can be filled; "
                         "train on more data")
    if alpha < 1 and not found[False]:
        raise UsageFault(f"no two languages share {FEWEST} training questions, so no cross-lingual batch can be filled; "
                         "train on more languages or on parallel data")
    return found
