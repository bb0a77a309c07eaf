"""Checks that need no chance: planted effects, controls, symmetry, invariance; from places of rankings to the judge's word."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import log

import numpy as np

from claimcheck import verdict
from claimcheck.calibration.deciding import asking, comparison
from claimcheck.calibration.scenarios import SEED
from claimcheck.calibration.splits import cells_of
from claimcheck.calibration.worlds import Values
from claimcheck.measurement.measures import Setting
from claimcheck.measurement.places import Places, arrange
from claimcheck.stats import two_way
from claimcheck.stats.cells import Cell
from claimcheck.stats.effect import Effect, Estimand, lower, standard_error, upper
from claimcheck.verdict import Stand

LANGUAGES, ARTICLES, QUESTIONS, RUNS = 3, 12, 60, 5
ROUTE = "made"
ORACLE = 1e6
"""A lead that puts what is relevant first, whatever else is drawn."""
ALPHA = 0.05
_TOLERANCE = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that has to hold, whether it does, and what was seen."""

    name: str
    passed: bool
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimators:
    """What is checked. The effects of `stats.two_way`, unless another is to be found out."""

    paired: Callable[[Sequence[Cell]], Effect] = two_way.paired
    unpaired: Callable[[Sequence[Cell], Sequence[Cell]], Effect] = two_way.unpaired
    ratio: Callable[[Sequence[Cell], Sequence[Cell]], Effect] = two_way.log_ratio


def controls(by: Estimators = Estimators()) -> tuple[Check, ...]:
    """All checks."""
    arm, rival = _cells(_runs(leads=1.0, stream=1)), _cells(_runs(leads=1.0, stream=2))
    return (*_planted(by, arm, rival), *_negative(by, arm), *_positive(by), *_flips(by, arm, rival), *_orders(by, arm, rival),
            _names(by))


def places(leads: float, random: np.random.Generator, hard: Values) -> Places:
    """Places of one run over a made corpus: parallel questions, an answer in each language, `leads` ahead of the others.

    `hard`: (questions,), how much harder a question is; half as many candidates are nobody's answer. Questions of the last
    article are missing in one language.
    """
    article = np.minimum(np.arange(QUESTIONS) * ARTICLES // QUESTIONS, ARTICLES - 1)
    pool = QUESTIONS * LANGUAGES + QUESTIONS * LANGUAGES // 2
    spoken = np.arange(pool) % LANGUAGES
    names = ("first", "second", "third")
    rows: dict[str, list[str] | list[int]] = {name: [] for name in (
        "route", "question", "cluster", "query_language", "candidate_language", "fold", "place_in_language",
        "tied_in_language", "place", "tied", "pool_in_language", "pool", "own_language_top")}
    for language in range(LANGUAGES):
        for question in range(QUESTIONS):
            if language == 1 and article[question] == ARTICLES - 1:
                continue
            scores = random.standard_normal(pool)
            answers = question * LANGUAGES + np.arange(LANGUAGES)
            scores[answers] += leads - hard[question] * (leads < ORACLE)
            order = np.argsort(-scores)
            top = sum(1 << place for place in range(10) if spoken[order[place]] == language)
            for answer in answers.tolist():
                ahead, own = scores > scores[answer], spoken == spoken[answer]
                row = (ROUTE, f"q{question:03}", f"a{article[question]:02}", names[language], names[spoken[answer]], 0,
                       1 + int((ahead & own).sum()), 0, 1 + int(ahead.sum()), 0, int(own.sum()), pool, top)
                for column, value in zip(rows.values(), row, strict=True):
                    column.append(value)  # type: ignore[arg-type]
    return arrange(rows)


def _runs(leads: float, stream: int) -> tuple[Places, ...]:
    random = np.random.default_rng(np.random.SeedSequence([SEED, stream]))
    hard = np.random.default_rng(np.random.SeedSequence([SEED, 0])).standard_normal(QUESTIONS)  # the same for every arm
    return tuple(places(leads + 0.1 * random.standard_normal() * (leads < ORACLE), random, hard) for _ in range(RUNS))


def _cells(runs: Sequence[Places]) -> list[Cell]:
    return cells_of(runs, "AP", Setting.MULTILINGUAL, ROUTE)


def _minus(arm: Sequence[Cell], rival: Sequence[Cell]) -> list[Cell]:
    return [Cell(values=one.values - other.values, clusters=one.clusters) for one, other in zip(arm, rival, strict=True)]


def _times(cells: Sequence[Cell], factor: float) -> list[Cell]:
    return [Cell(values=factor * cell.values, clusters=cell.clusters) for cell in cells]


def _plus(cells: Sequence[Cell], delta: float) -> list[Cell]:
    return [Cell(values=cell.values + delta, clusters=cell.clusters) for cell in cells]


def _word(effect: Effect, margin: float, estimand: Estimand = Estimand.BEYOND) -> Stand:
    """The judge's word on "ahead"."""
    return verdict.of_comparisons(asking([comparison(effect, estimand, ALPHA, ALPHA)], 0.0, margin))


def _bounds(effect: Effect) -> Values:
    """Estimate and 95 % bounds of both estimands."""
    return np.array([effect.estimate, *(bound(effect, estimand, 0.025) for estimand in Estimand for bound in (lower, upper))])


def _apart(one: Effect, other: Effect) -> float:
    """The largest difference between estimates and bounds of two effects; infinite where one is not known."""
    apart = float(np.abs(_bounds(one) - _bounds(other)).max())
    return apart if np.isfinite(apart) else np.inf


def _planted(by: Estimators, arm: Sequence[Cell], rival: Sequence[Cell]) -> Iterator[Check]:
    before = by.paired(_minus(arm, rival))
    delta = 10 * max(standard_error(before, estimand) for estimand in Estimand)
    for sign, expected in ((1, Stand.FOR), (-1, Stand.AGAINST)):
        for name, effect, was in (
                ("paired", by.paired(_minus(_plus(arm, sign * delta), rival)), before),
                ("unpaired", by.unpaired(_plus(arm, sign * delta), rival), by.unpaired(arm, rival))):
            moved = _bounds(effect) - _bounds(was)
            word = _word(effect, delta / 100)
            right = bool(np.abs(moved - sign * delta).max() <= _TOLERANCE) and word is expected
            yield Check(name=f"planted effect of {sign:+d} x {delta:.4f}, {name} runs", passed=right,
                        says=f"found {moved[0]:+.4f} more, bounds moved by as much to "
                             f"{abs(moved - sign * delta).max():.0e}; {word}")
    ratio = by.ratio(_times(arm, 0.8), arm)
    truth = log(0.8)
    yield Check(name="planted reduction by 20 %, runs alike", passed=bool(np.abs(_bounds(ratio) - truth).max() <= 1e-9),
                says=f"found a reduction by {100 * (1 - np.exp(ratio.estimate)):.4f} %, bounds within "
                     f"{np.abs(_bounds(ratio) - truth).max():.0e} of it")


def _negative(by: Estimators, arm: Sequence[Cell]) -> Iterator[Check]:
    same = by.paired(_minus(arm, arm))
    word = _word(same, 0.005)
    yield Check(name="negative control: runs against themselves, paired",
                passed=word is Stand.NEGLIGIBLE and same.estimate == 0,
                says=f"estimate {same.estimate:g}, bounds {lower(same, Estimand.BEYOND, ALPHA):g} and "
                     f"{upper(same, Estimand.BEYOND, ALPHA):g}; {word}")
    apart = by.unpaired(arm, arm)
    words = [_word(apart, 0.005, estimand) for estimand in Estimand]
    yield Check(name="negative control: runs against themselves, unpaired",
                passed=apart.estimate == 0 and not {Stand.FOR, Stand.AGAINST} & set(words),
                says=f"estimate {apart.estimate:g}; {words[0]} on this benchmark, {words[1]} beyond it")


def _positive(by: Estimators) -> Iterator[Check]:
    oracle, chance = _cells(_runs(leads=ORACLE, stream=3)), _cells(_runs(leads=0.0, stream=4))
    for name, effect, expected in (("oracle against chance", by.paired(_minus(oracle, chance)), Stand.FOR),
                                   ("chance against oracle", by.paired(_minus(chance, oracle)), Stand.AGAINST)):
        words = {str(_word(effect, 0.005, estimand)) for estimand in Estimand}
        yield Check(name=f"positive control: {name}", passed=words == {str(expected)} and abs(effect.estimate) > 0.5,
                    says=f"{effect.estimate:+.4f} AP; {' and '.join(sorted(words))}")


def _flips(by: Estimators, arm: Sequence[Cell], rival: Sequence[Cell]) -> Iterator[Check]:
    better = _plus(arm, 0.05)
    for name, one, other in (
            ("paired", by.paired(_minus(better, rival)), by.paired(_minus(rival, better))),
            ("unpaired", by.unpaired(better, rival), by.unpaired(rival, better)),
            ("ratio", by.ratio(better, rival), by.ratio(rival, better))):
        # what was the low bound is the high one now
        mirrored = -_bounds(other)[[0, 2, 1, 4, 3]]
        apart = float(np.abs(_bounds(one) - mirrored).max())
        yield Check(name=f"arms swapped, {name}", passed=apart <= _TOLERANCE and one.estimate != 0,
                    says=f"bounds mirrored to {apart:.0e}")


def _orders(by: Estimators, arm: Sequence[Cell], rival: Sequence[Cell]) -> Iterator[Check]:
    random = np.random.default_rng(np.random.SeedSequence([SEED, 5]))
    runs, shuffled = random.permutation(RUNS), [random.permutation(cell.values.shape[1]) for cell in arm]
    other_names = random.permutation(1_000)[:ARTICLES]
    changes: dict[str, Callable[[Sequence[Cell]], list[Cell]]] = {
        "order of runs": lambda cells: [Cell(values=cell.values[runs], clusters=cell.clusters) for cell in cells],
        "order of questions": lambda cells: [Cell(values=cell.values[:, order], clusters=cell.clusters[order])
                                             for cell, order in zip(cells, shuffled, strict=True)],
        "order of cells": lambda cells: list(reversed(cells)),
        "numbers of articles": lambda cells: [Cell(values=cell.values, clusters=other_names[cell.clusters]) for cell in cells],
    }
    for name, change in changes.items():
        ours, theirs = change(arm), change(rival)
        apart = {"paired": _apart(by.paired(_minus(ours, theirs)), by.paired(_minus(arm, rival))),
                 "unpaired": _apart(by.unpaired(ours, theirs), by.unpaired(arm, rival))}
        yield Check(name=f"{name} changed", passed=max(apart.values()) <= _TOLERANCE,
                    says=", ".join(f"{how} the same to {far:.0e}" for how, far in apart.items()))


def _names(by: Estimators) -> Check:
    """Other ids of questions and names of articles, in kept places: ties are broken by id, on purpose, before them."""
    random = np.random.default_rng(np.random.SeedSequence([SEED, 6]))
    sides = [_runs(leads=1.0, stream=stream) for stream in (1, 2)]
    question, article = random.permutation(QUESTIONS), random.permutation(ARTICLES)
    renamed = [[_renamed(run, {f"q{old:03}": f"x{new:03}" for old, new in enumerate(question)},
                         {f"a{old:02}": f"y{new:02}" for old, new in enumerate(article)}) for run in side] for side in sides]
    before, after = (by.paired(_minus(*(_cells(side) for side in both))) for both in (sides, renamed))
    apart = _apart(before, after)
    return Check(name="ids of questions and names of articles changed", passed=apart <= _TOLERANCE,
                 says=f"the same to {apart:.0e}")


def _renamed(run: Places, questions: dict[str, str], articles: dict[str, str]) -> Places:
    columns = {name: getattr(run, name) for name in Places.__slots__}
    columns["question"] = replace(run.question, names=tuple(questions[name] for name in run.question.names))
    columns["cluster"] = replace(run.cluster, names=tuple(articles[name] for name in run.cluster.names))
    return arrange(columns)
