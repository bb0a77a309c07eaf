"""What a plan's runs have to compute, in texts and tokens: known before anything is run, and whether data are here or not.

Where a trial counted the texts that are here (`measurement.rates.LegRate`), these are taken; else published numbers of texts,
each as long as a text may be, which is more than it will be.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from claimcheck.corpora import sizes
from claimcheck.corpora.large import LARGE
from claimcheck.corpora.shapes import Shape
from claimcheck.corpora.training_data import training_parts
from claimcheck.design import Route, Training
from claimcheck.measurement.rates import LegRate, Texts
from claimcheck.perturbation.families import FAMILIES
from claimcheck.run import Condition, Run

FIRST_LOOK = 1
"""The first look is always the lowest so far: training ends `patience` looks after it at the earliest."""


class Basis(StrEnum):
    """How much a figure can be trusted. Each that is printed says which it is."""

    AT_MOST = "at most"
    ABOUT = "about"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One training and all that is evaluated after it: what one slot does at a time.

    `steps`: at most; `fewest`: where a loss may end it, at the earliest. `pair`: the texts of one pair of a batch; `trained`:
    those of all steps. `looks`: how often the loss that chooses is taken; `looked`: the texts of all looks. `encoded`: data set
    -> what is encoded of it, perturbed queries among them. `legs`: their numbers. `unknown`: what is not counted, in words.
    """

    run: Run
    legs: tuple[int, ...]
    steps: int
    fewest: int
    batch: int
    pair: Texts
    looks: int
    looked: Texts
    encoded: Mapping[str, Texts]
    basis: Basis
    unknown: tuple[str, ...] = ()

    @property
    def trained(self) -> Texts:
        """The texts of all steps."""
        return self.pair.times(self.steps * self.batch)

    @property
    def batch_tokens(self) -> float:
        """Tokens of one batch."""
        return self.pair.tokens * self.batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """Tokens of a text at most, by its role."""

    query: int
    passage: int

    @classmethod
    def of(cls, training: Training, shape: Shape | None) -> "Lengths | None":
        """What the training says, else what the encoder has positions for; None where neither is known."""
        most = shape.longest if shape is not None else None
        query, passage = training.max_query_tokens or most, training.max_passage_tokens or most
        return None if query is None or passage is None else cls(query=query, passage=passage)


def steps_of(run: Run) -> int:
    """The batches that a run feeds at most; 0 where nothing is trained, or the training does not say."""
    filling, training = run.condition.filling, run.condition.training
    if filling.sampling == "none" or training.steps is None:
        return 0
    return max(1, round(training.steps * (filling.steps_share or 1)))


def looks_of(training: Training, steps: int) -> int:
    """How often the loss that chooses a checkpoint is taken over so many steps, the last one among them."""
    if training.select_every is None or not steps:
        return 0
    return -(-steps // training.select_every)


def fewest_of(training: Training, steps: int) -> int:
    """Steps after which training may end at the earliest.

    >>> fewest_of(Training(select_every=1000, patience=10), 100_000)
    11000
    """
    if training.select_every is None or training.patience is None:
        return steps
    return min(steps, training.select_every * (FIRST_LOOK + training.patience))


def loads(run: Run, shape: Shape | None, tried: Callable[[int], LegRate | None] = lambda _: None) -> tuple[Load, ...]:
    """The trainings of a run, each with what it is evaluated on. `tried`: number of a leg -> its trial, if there was one.

    Where a design names no routes yet, one training on all of its data is taken, and each data set evaluated after it.
    """
    condition = run.condition
    lengths = Lengths.of(condition.training, shape)
    if not condition.legs:
        return (_load(run, (), _routes_to_come(condition), lengths, {}),)
    return tuple(_load(run, group, [condition.legs[number] for number in group], lengths,
                       {number: found for number in group if (found := tried(number)) is not None})
                 for group in condition.trainings)


def _routes_to_come(condition: Condition) -> list[tuple[Route, int]]:
    return [(Route(train="all", evaluate=name), 0) for name in condition.data.evaluate]


@dataclass(slots=True, kw_only=True)
class _Counted:
    """What is counted so far of one training."""

    encoded: dict[str, Texts] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    measured: bool = True


def _load(run: Run, group: tuple[int, ...], legs: list[tuple[Route, int]], lengths: Lengths | None,
          tried: Mapping[int, LegRate]) -> Load:
    condition, training = run.condition, run.condition.training
    steps, batch = steps_of(run), training.batch_size or 0
    looks = looks_of(training, steps)
    first = next(iter(tried.values()), None)
    made = _Counted()
    for place, (route, _) in enumerate(legs):
        found = tried.get(group[place]) if group else None
        _evaluated(made, condition, route, found, lengths)
    pair = _pair(made, training, first, lengths) if steps else Texts()
    looked = _looked(made, condition, legs[0][0], first, lengths).times(looks) if looks else Texts()
    if steps and training.steps is not None and not batch:
        made.unknown.append("training: the design names no batch size")
    return Load(run=run, legs=group, steps=steps, fewest=fewest_of(training, steps), batch=batch, pair=pair, looks=looks,
                looked=looked, encoded=made.encoded, basis=Basis.ABOUT if made.measured else Basis.AT_MOST,
                unknown=tuple(made.unknown))


def _evaluated(made: _Counted, condition: Condition, route: Route, found: LegRate | None, lengths: Lengths | None) -> None:
    name = route.evaluate
    if found is not None and found.evaluated.number:
        texts = found.evaluated
    else:
        made.measured = False
        counted = sizes.questions_and_candidates(name, condition.data.evaluated_in(route))
        if counted is None or lengths is None:
            made.unknown.append(f"encoding {name}: how many texts it holds, or how long they are, is not known here")
            return
        asked = counted[0] + _perturbed(condition, route)
        texts = Texts.alike(asked, lengths.query) + Texts.alike(counted[1], lengths.passage)
        if route.split is not None and route.split.folds is not None:
            texts = texts.times(1 / route.split.folds)  # the folds together evaluate each text once
    made.encoded[name] = made.encoded.get(name, Texts()) + texts


def _perturbed(condition: Condition, route: Route) -> int:
    """Queries that are asked beside the clean ones, each draw of each family in the languages in which the family exists.

    At most: a query that a draw leaves as it is, or two that it makes equal, are encoded once. Of a large corpus none are.
    """
    asked, total = condition.perturbations, 0
    if asked is None or route.evaluate in LARGE:
        return 0
    for name in asked.families:
        family = FAMILIES[name]
        spoken = [language for language in condition.data.evaluated_in(route) if language in family.languages]
        questions, _ = sizes.questions_and_candidates(route.evaluate, spoken) or (0, 0)
        total += questions * (asked.draws if family.drawn else 1)
    return total


def _pair(made: _Counted, training: Training, found: LegRate | None, lengths: Lengths | None) -> Texts:
    """The texts of one pair that is trained on."""
    if found is not None and found.pair.number:
        return found.pair
    made.measured = False
    if lengths is None:
        made.unknown.append("training: how long texts are is not known here")
        return Texts()
    given = 1 if training.negatives == "in-batch and one given" else 0
    return Texts.alike(1, lengths.query) + Texts.alike(1 + given, lengths.passage)


def _looked(made: _Counted, condition: Condition, route: Route, found: LegRate | None, lengths: Lengths | None) -> Texts:
    """The texts of one look at the loss that chooses."""
    if found is not None and found.looked.number:
        return found.looked
    made.measured = False
    name = condition.data.select
    part = training_parts().get(name or "")
    if route.split is not None and route.split.select is not None:
        counted = sizes.questions_and_candidates(route.train, condition.data.trained_in(route))  # all: more than is held back
        items = None if counted is None else counted[0]
    else:
        items = None if part is None else part.expected
    if items is None or lengths is None:
        made.unknown.append(f"looks at the loss on {name or 'what is held back'}: how many texts these are is not known here")
        return Texts()
    return Texts.alike(items, lengths.query) + Texts.alike(items, lengths.passage)


def passages_at_once(run: Run) -> int:
    """Passages whose vectors lie on the disk while a run evaluates: at a time one language of a large corpus, the largest."""
    data = run.condition.data
    routes = data.routes or tuple(Route(train="all", evaluate=name) for name in data.evaluate)
    return max((sizes.passages(route.evaluate, (language,)) for route in routes if route.evaluate in LARGE
                for language in data.evaluated_in(route)), default=0)
