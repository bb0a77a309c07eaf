"""A case in many worlds -> how often intervals cover and words are false, and whether that is as often as it may be."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

from claimcheck import verdict
from claimcheck.calibration.deciding import (
    AGAINST,
    FOR,
    NEGLIGIBLE,
    STANDS,
    Codes,
    Estimates,
    Rule,
    asking,
    comparison,
    conjunction,
    parts_of,
    shipped,
    stands,
)
from claimcheck.calibration.scenarios import MARGIN, Case
from claimcheck.calibration.worlds import Values, Worlds, cells, draw, draw_unpaired, skewed
from claimcheck.stats.effect import Effect, Estimand, lower, p_above, p_below, upper
from claimcheck.stats.families import holm_levels
from claimcheck.stats.two_way import log_ratio, paired, unpaired

ALPHA = 0.05
"""One-sided, of a claim or of a family of claims."""
EACH_END = 0.025
"""Of the 95 % interval whose coverage is counted."""
LEAST_COVERAGE = 0.935
STANDARD_ERRORS = 2.0
"""So far a rate may stand beyond its limit, in Monte Carlo standard errors at the limit."""
AGAIN = 10
"""So many times the worlds, fresh ones, has a case that stood beyond; they decide."""
AT_ONCE = 500
ONE_IN = 50
"""Of so many worlds, one goes the whole way: questions in cells, `two_way.paired`, printed values, `verdict.of_comparisons`."""
RESAMPLES = 200
"""Of the bootstrap of a ratio; 10,000 where claims are judged. What fewer add to the spread of a variance is as much as 200
degrees of freedom leave to it."""
REDUCTION = -log(0.9)
_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What so many worlds gave, as counts; of a case whose claim cannot be falsely verified, or has no right word, None.

    `covered`: 95 % intervals of the first comparison that hold the truth. `false_verified`: worlds in which a claim was said to
    hold that does not; `false_refuted`: to fail, or to be negligible. `right`: claims that got a right word, of all `claims`
    in all worlds. `whole`: worlds that went the whole way as well; `differ`: those of them in which it came out otherwise.
    """

    worlds: int
    covered: int
    false_verified: int | None
    false_refuted: int
    right: int | None
    claims: int
    whole: int
    differ: int

    @property
    def coverage(self) -> float:
        """The part of the intervals that cover."""
        return self.covered / self.worlds

    @property
    def coverage_se(self) -> float:
        """Monte Carlo standard error of the coverage."""
        return sqrt(self.coverage * (1 - self.coverage) / self.worlds)

    @property
    def rates(self) -> tuple[float | None, float]:
        """How often a claim is falsely verified, and falsely refuted or called negligible."""
        return None if self.false_verified is None else self.false_verified / self.worlds, self.false_refuted / self.worlds

    @property
    def power(self) -> float | None:
        """How often a claim gets a right word."""
        return None if self.right is None else self.right / (self.worlds * self.claims)

    @property
    def excess(self) -> float:
        """By how many standard errors the worst rate stands beyond its limit; below 0 where all are within."""
        beyond = [LEAST_COVERAGE - self.coverage, *(rate - ALPHA for rate in self.rates if rate is not None)]
        return max(each / standard_error(limit, self.worlds) for each, limit in
                   zip(beyond, (LEAST_COVERAGE, *(ALPHA for _ in beyond[1:])), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A case with its figures. `first`: those of the first worlds, where they stood beyond a limit and were tried again."""

    case: Case
    figures: Figures
    first: Figures | None = None

    @property
    def passed(self) -> bool:
        """Whether all rates are within their limits and the whole way gave the same; of an informational case, the latter."""
        within = self.case.scenario.informational or self.figures.excess <= STANDARD_ERRORS
        return within and not self.figures.differ and not (self.first and self.first.differ)


def standard_error(rate: float, worlds: int) -> float:
    """Monte Carlo standard error of a rate in so many worlds."""
    return sqrt(rate * (1 - rate) / worlds)


def judge(case: Case, worlds: int, rule: Rule = shipped) -> Judged:
    """Simulate a case; one that stands beyond a limit once more, in ten times as many fresh worlds."""
    figures = simulate(case, worlds, 0, rule)
    if case.scenario.informational or figures.excess <= STANDARD_ERRORS:
        return Judged(case=case, figures=figures)
    return Judged(case=case, figures=simulate(case, AGAIN * worlds, 1, rule), first=figures)


def simulate(case: Case, worlds: int, stage: int, rule: Rule = shipped) -> Figures:
    """So many worlds of a case; the same stage gives the same worlds."""
    random = case.random(stage)
    of_part = partial(_ratios, case) if case.scenario.spreads else partial(_part, case, rule)
    made = [of_part(min(AT_ONCE, worlds - begin), random) for begin in range(0, worlds, AT_ONCE)]
    return Figures(worlds=sum(each.worlds for each in made), covered=sum(each.covered for each in made),
                   false_verified=_sum(each.false_verified for each in made),
                   false_refuted=sum(each.false_refuted for each in made), right=_sum(each.right for each in made),
                   claims=made[0].claims, whole=sum(each.whole for each in made), differ=sum(each.differ for each in made))


def _sum(counts: Iterable[int | None]) -> int | None:
    """The sum, or None where nothing could be counted."""
    found = [each for each in counts if each is not None]
    return sum(found) if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """Which words are right of a claim, from its true effects."""

    truths: tuple[float, ...]
    at_least: float
    margin: float

    def right(self, code: int) -> bool:
        """Whether the word is true."""
        if code == FOR:
            return all(truth > self.at_least for truth in self.truths)
        if code == AGAINST:
            return any(truth < self.at_least for truth in self.truths)
        return code == NEGLIGIBLE and any(truth < self.margin for truth in self.truths)

    @property
    def decidable(self) -> tuple[int, ...]:
        """The words that can be given and are true."""
        given = (FOR, AGAINST) if self.at_least else (FOR, AGAINST, NEGLIGIBLE)
        return tuple(code for code in given if self.right(code))


def _part(case: Case, rule: Rule, worlds: int, random: np.random.Generator) -> Figures:
    own, scene = case.scenario, case.scene
    unit = scene.standard_error(own.estimand)
    at_least, margin = own.at_least * unit, MARGIN * unit
    against = margin if at_least == 0 else at_least
    drawn = [[_Drawn.of(case, truth * unit, worlds, random, rule) for truth in claim] for claim in own.truths]
    many = len(own.truths[0])
    p_for = np.stack([np.max([each.found.p_above(at_least) for each in claim], axis=0) for claim in drawn])
    p_against = np.stack([np.minimum(1.0, many * np.min([each.found.p_below(against) for each in claim], axis=0))
                          for claim in drawn])
    level_for, level_against = _levels(p_for), _levels(p_against)
    codes = np.stack([conjunction([stands(each.found.low(low), each.found.high(high / many), at_least, margin)
                                   for each in claim], case.runs)
                      for claim, low, high in zip(drawn, level_for, level_against, strict=True)])
    sampled = range(0, worlds, ONE_IN) if rule is shipped else range(0)
    differ = sum(not _agrees(case, drawn, codes[:, world], world, (at_least, margin), random) for world in sampled)
    words = [_Words(truths=claim, at_least=own.at_least, margin=MARGIN) for claim in own.truths]
    first = drawn[0][0]
    covered = (first.found.low(EACH_END) <= first.truth) & (first.truth <= first.found.high(EACH_END))
    return _counted(codes, words, int(covered.sum()), len(sampled), differ)


def _counted(codes: Codes, words: Sequence[_Words], covered: int, whole: int, differ: int) -> Figures:
    """From the word of each claim in each world, (C, W)."""
    def wrong(code: int) -> NDArray[np.bool_]:
        return np.asarray(np.any([(given == code) & (not word.right(code)) for given, word in zip(codes, words, strict=True)],
                                 axis=0))

    can_be_false = any(not word.right(FOR) for word in words)
    right = sum(int(np.isin(given, word.decidable).sum()) for given, word in zip(codes, words, strict=True))
    return Figures(worlds=codes.shape[1], covered=covered, false_verified=int(wrong(FOR).sum()) if can_be_false else None,
                   false_refuted=int((wrong(AGAINST) | wrong(NEGLIGIBLE)).sum()), claims=len(words), whole=whole, differ=differ,
                   right=right if any(word.decidable for word in words) else None)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Drawn:
    """Worlds of one comparison. `shift`: what is added to all values of the arm in each world, so that the truth is `truth`."""

    worlds: Worlds
    rival: Worlds | None
    shift: Values
    truth: float
    found: Estimates

    @classmethod
    def of(cls, case: Case, truth: float, worlds: int, random: np.random.Generator, rule: Rule) -> "_Drawn":
        scene, estimand = case.scene, case.scenario.estimand
        arm, rival = (draw(scene, worlds, random), None) if case.scenario.paired else draw_unpaired(scene, worlds, random)
        shift = truth - (arm.lasting if estimand is Estimand.BENCHMARK else np.zeros(worlds))
        estimate = arm.per_run.mean(axis=1) + shift - (0.0 if rival is None else rival.per_run.mean(axis=1))
        spread = rule(parts_of(arm, scene.shares, rival), estimand)
        return cls(worlds=arm, rival=rival, shift=shift, truth=truth, found=Estimates(estimate=estimate, spread=spread))

    def effect(self, world: int, random: np.random.Generator) -> Effect:
        """The effect in one of the worlds, from its questions."""
        ours = cells(self.worlds.means[world] + self.shift[world], self.worlds.counts, random)
        if self.rival is None:
            return paired(ours)
        return unpaired(ours, cells(self.rival.means[world], self.rival.counts, random))


def _levels(p: Values) -> Values:
    """Holm's level of each claim in each world, (C, W)."""
    if len(p) == 1:
        return np.full(p.shape, ALPHA)
    names = [str(place) for place in range(len(p))]
    levels = [holm_levels(dict(zip(names, world, strict=True)), ALPHA) for world in p.T.tolist()]
    return np.array([[level[name] for level in levels] for name in names])


def _agrees(case: Case, drawn: Sequence[Sequence[_Drawn]], codes: Codes, world: int, sizes: tuple[float, float],
            random: np.random.Generator) -> bool:
    """Whether one world comes out the same from its questions: estimate, bounds, and the word of every claim."""
    own, (at_least, margin) = case.scenario, sizes
    effects = [[each.effect(world, random) for each in claim] for claim in drawn]
    against = margin if at_least == 0 else at_least
    many = len(effects[0])
    level_for, level_against = (_levels(np.array([[p] for p in found]))[:, 0].tolist() for found in (
        [max(p_above(each, own.estimand, at_least) for each in claim) for claim in effects],
        [min(1.0, many * min(p_below(each, own.estimand, against) for each in claim)) for claim in effects]))
    given = [verdict.of_comparisons(asking([comparison(each, own.estimand, low, high / many) for each in claim], *sizes))
             for claim, low, high in zip(effects, level_for, level_against, strict=True)]
    same = all(_same_bounds(each.found, world, effect, own.estimand)
               for claim, made in zip(drawn, effects, strict=True) for each, effect in zip(claim, made, strict=True))
    return same and given == [STANDS[code] for code in codes]


def _same_bounds(found: Estimates, world: int, effect: Effect, estimand: Estimand) -> bool:
    here = float(found.low(EACH_END)[world]), float(found.high(EACH_END)[world])
    there = lower(effect, estimand, EACH_END), upper(effect, estimand, EACH_END)
    return bool(np.allclose(here, there, rtol=0, atol=_TOLERANCE * (1 + abs(here[1] - here[0]))))


def _ratios(case: Case, worlds: int, random: np.random.Generator) -> Figures:
    """Reductions by a tenth, asked for as that; each world goes the whole way."""
    assert case.scenario.spreads is not None
    covered, codes = 0, np.empty((1, worlds), np.int8)
    for world in range(worlds):
        arm, rival = skewed(case.runs, *case.scenario.spreads, random, case.articles)
        # draws of each world's own: with so few, those of one seed would lean the same way in all worlds
        effect = log_ratio(rival, arm, paired=case.scenario.paired, resamples=RESAMPLES, seed=int(random.integers(2**31)))
        covered += lower(effect, Estimand.BEYOND, EACH_END) <= REDUCTION <= upper(effect, Estimand.BEYOND, EACH_END)
        word = verdict.of_comparisons(asking([comparison(effect, Estimand.BEYOND, ALPHA, ALPHA)], REDUCTION, 2 * REDUCTION))
        codes[0, world] = STANDS.index(word)
    words = [_Words(truths=(REDUCTION,), at_least=REDUCTION, margin=2 * REDUCTION)]
    return _counted(codes, words, covered, worlds, 0)
