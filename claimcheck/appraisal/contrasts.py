"""A prediction for a re-run and what runs gave -> the effects that it is about, before any level or bound is set."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from math import log1p

import numpy as np

from claimcheck.appraisal.measured import LanguageCell, Mean, Measured, Ratio
from claimcheck.design import Route
from claimcheck.finding import Goal
from claimcheck.prediction.rerun import (
    Combine,
    Difference,
    Equivalence,
    Interaction,
    LanguagesAhead,
    NonInferiority,
    Reduction,
    RerunPrediction,
)
from claimcheck.stats.cells import Cell
from claimcheck.stats.effect import Effect, Estimand, p_above, p_below
from claimcheck.stats.medians import median_log_ratio
from claimcheck.stats.two_way import log_ratio, paired, unpaired


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """One comparison: what it is about, the effect (points, or log of a ratio), and the means of arm and rival.

    `same_as`: equal for comparisons that are one and the same, whatever they are called. `geometric`: of a ratio, the log of
    the ratio of geometric means, where every value is above zero. `where`: the routes and settings that it is over.
    """

    about: tuple[tuple[str, str], ...]
    same_as: Hashable
    arms: tuple[str, str]
    means: tuple[float, float]
    effect: Effect = field(repr=False)
    questions: int
    geometric: Effect | None = field(default=None, repr=False)
    where: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """All comparisons of one prediction. `is_log`: effects are logs of ratios, rival over arm, and are told in percent.

    `at_least` and `margin` stand in the effects' own units; `goal` says what is asked of them. `needed`: how many comparisons
    must hold, None for all.
    """

    raws: tuple[Raw, ...]
    measure: str
    is_log: bool
    at_least: float
    margin: float
    goal: Goal = Goal.AHEAD
    needed: int | None = None
    left_out: tuple[str, ...] = ()
    not_covered: tuple[str, ...] = ()

    @property
    def null_for(self) -> float:
        """What the effect must lie above for the prediction to hold: the size that was asked for, or minus what may be lost."""
        return self.at_least if self.goal is Goal.AHEAD else -self.margin

    @property
    def null_against(self) -> float:
        """Where the effect would have to lie below for the prediction to fail: the margin, or the size that was asked for."""
        if self.goal is not Goal.AHEAD:
            return -self.margin
        return self.margin if self.at_least == 0 else self.at_least

    @property
    def hypotheses(self) -> frozenset[Hashable]:
        """What could fail, each counted once; an equivalence can fail on either side."""
        nulls = (-self.margin, self.margin) if self.goal is Goal.EQUAL else (self.null_against,)
        return frozenset((raw.same_as, null) for raw in self.raws for null in nulls)

    @property
    def share(self) -> int:
        """Among how many comparisons the level in favour is shared: one where all must hold, more where some may fail.

        Source: Benjamini and Heller 2008, partial conjunctions: p of "u of n" is (n - u + 1) times the u-th smallest p.
        """
        return 1 if self.needed is None else len(self.raws) - self.needed + 1

    def p_for(self, estimand: Estimand) -> float:
        """Of the hypothesis that not all (or not so many as needed) comparisons hold: intersection-union, no correction."""
        found = sorted(self._p_for(raw.effect, estimand) for raw in self.raws)
        if not found or self.left_out:
            return 1.0
        return min(1.0, self.share * found[(self.needed or len(found)) - 1])

    def p_against(self, estimand: Estimand) -> float:
        """The smallest p of a single comparison's failing, or of so many failing that too few are left; not corrected."""
        found = sorted(self._p_against(raw.effect, estimand) for raw in self.raws)
        return found[self.share - 1] if found else 1.0

    def _p_for(self, effect: Effect, estimand: Estimand) -> float:
        above = p_above(effect, estimand, self.null_for)
        return max(above, p_below(effect, estimand, self.margin)) if self.goal is Goal.EQUAL else above

    def _p_against(self, effect: Effect, estimand: Estimand) -> float:
        below = p_below(effect, estimand, self.null_against)
        return min(below, p_above(effect, estimand, self.margin)) if self.goal is Goal.EQUAL else below


def contrast(prediction: RerunPrediction, measured: Measured, routes: Sequence[Route]) -> Contrast | None:
    """The effects that a prediction is about, on these routes; None where no run measures such a thing.

    Raises ValueError: the measure has no meaning in a setting.
    """
    check = prediction.check
    if isinstance(check, Interaction):
        return None
    own = [route for route in routes if route.evaluate in check.datasets]
    evaluated = {route.evaluate for route in own}
    covered = tuple(f"{name} is not evaluated here" for name in check.datasets if name not in evaluated)
    arms = [check.arm, *([check.against] if isinstance(check.against, str) else check.against)]
    absent = [arm for arm in arms if arm not in measured.arms]
    left_out = tuple(f"this profile has no arm {arm}" for arm in absent)
    nothing = Contrast(raws=(), measure=check.measure, is_log=isinstance(check, Reduction), at_least=0.0, margin=check.margin,
                       not_covered=covered, left_out=left_out)
    between = Difference | Equivalence | NonInferiority
    if isinstance(check, between) and check.arm not in absent and len(absent) < len(check.against):
        check = replace(check, against=tuple(arm for arm in check.against if arm not in absent))
    elif absent or not own:
        return nothing
    match check:
        case Difference() | Equivalence() | NonInferiority():
            made = _difference(check, measured, own)
        case Reduction():
            made = _reduction(check, measured, own)
        case LanguagesAhead():
            made = _languages(check, measured, own)
    return replace(made, not_covered=covered, left_out=(*left_out, *made.left_out))


_GOALS = {Difference: Goal.AHEAD, Equivalence: Goal.EQUAL, NonInferiority: Goal.NO_WORSE}


def _difference(check: Difference | Equivalence | NonInferiority, measured: Measured, routes: Sequence[Route]) -> Contrast:
    raws: list[Raw] = []
    groups: list[tuple[str, list[tuple[Route, str]]]] = []
    for route in routes:
        groups += [(f"{route.name}|{setting}", [(route, setting)]) for setting in check.settings
                   if _has(measured, route, check.measure, setting)]
    if check.combine is Combine.MEAN and groups:
        groups = [("mean", [each for _, group in groups for each in group])]
    for backbone in measured.backbones_with(check.arm, *check.against):
        for name, group in groups:
            for rival in check.against:
                about = (("backbone", backbone), ("data", group[0][0].name if name != "mean" else "mean"),
                         ("setting", group[0][1] if name != "mean" else "mean"), ("against", rival))
                raws.append(_raw(measured, about, (backbone, check.arm, rival), check.measure, group))
    return Contrast(raws=tuple(raws), measure=check.measure, is_log=False, margin=check.margin, goal=_GOALS[type(check)],
                    at_least=check.at_least if isinstance(check, Difference) else 0.0,
                    left_out=_without_setting(check, measured, routes))


def _has(measured: Measured, route: Route, measure: str, setting: str) -> bool:
    """Whether a setting exists on a route; where each language's passages are a pool of their own, only one does."""
    return any(measured.of(backbone, arm, (measure, setting, route.name)) for backbone, arm in list(measured.results)[:1])


def _without_setting(check: Difference | Equivalence | NonInferiority | Reduction, measured: Measured,
                     routes: Sequence[Route]) -> tuple[str, ...]:
    return tuple(f"{route.name} has no {setting} setting: no query of it has a relevant candidate in such a pool"
                 for route in routes for setting in check.settings if not _has(measured, route, check.measure, setting))


def _reduction(check: Reduction, measured: Measured, routes: Sequence[Route]) -> Contrast:
    raws, left_out = [], [*_without_setting(check, measured, routes)]
    for backbone in measured.backbones_with(check.arm, check.against):
        for route in routes:
            for setting in check.settings:
                if not _has(measured, route, check.measure, setting):
                    continue
                wanted = (check.measure, setting, route.name)
                arm, rival = measured.of(backbone, check.arm, wanted), measured.of(backbone, check.against, wanted)
                cells = [each.cell for each in rival], [each.cell for each in arm]
                if (effect := _ratio(measured, rival, arm)) is None:
                    left_out.append(f"{check.measure} is 0 on {route.name}, and 0 has no ratio")
                    continue
                raws.append(Raw(about=(("backbone", backbone), ("data", route.name), ("setting", setting),
                                       ("against", check.against)),
                                same_as=("ratio", backbone, check.arm, check.against, wanted), effect=effect,
                                arms=(check.arm, check.against), means=(_mean(arm), _mean(rival)),
                                geometric=_geometric(measured, *cells) if measured.origin is None else None,
                                questions=_questions([arm]), where=((route.name, setting),)))
    return Contrast(raws=tuple(raws), measure=check.measure, is_log=True, at_least=-log1p(-check.at_least),
                    margin=-log1p(-check.margin), left_out=tuple(left_out))


def _ratio(measured: Measured, rival: Sequence[LanguageCell], arm: Sequence[LanguageCell]) -> Effect | None:
    """The log of rival over arm; None where a run has a 0 in place of what the ratio is taken of."""
    cells = [each.cell for each in rival], [each.cell for each in arm]
    weights = measured.weights(arm) if measured.way.mean is Mean.BY_QUESTION else None
    match measured.way.ratio:
        case Ratio.LOGS:
            return _geometric(measured, *cells, weights)
        case Ratio.MEDIANS:
            return median_log_ratio(*cells, weights)
        case Ratio.MEANS if _mean_of_a_run_is_zero(arm, rival):
            return None
        case Ratio.MEANS:
            return log_ratio(*cells, weights, paired=measured.plan.design.paired, resamples=measured.resamples)


def _mean_of_a_run_is_zero(*sides: Sequence[LanguageCell]) -> bool:
    """Whether a run has a mean of 0, which has no logarithm."""
    return any(np.min(np.mean([each.cell.values.mean(axis=1) for each in cells], axis=0)) <= 0 for cells in sides)


def _geometric(measured: Measured, rival: Sequence[Cell], arm: Sequence[Cell],
               weights: Sequence[float] | None = None) -> Effect | None:
    """The mean of differences of logs; None where a value is zero, which has no log."""
    if any((cell.values <= 0).any() for cells in (rival, arm) for cell in cells):
        return None
    over, under = ([Cell(values=np.log(cell.values), clusters=cell.clusters) for cell in cells] for cells in (rival, arm))
    if not measured.plan.design.paired:
        return unpaired(over, under, weights)
    return paired([Cell(values=a.values - b.values, clusters=a.clusters) for a, b in zip(over, under, strict=True)], weights)


def _languages(check: LanguagesAhead, measured: Measured, routes: Sequence[Route]) -> Contrast:
    raws, left_out = [], []
    if (cannot := _cannot_count(check, measured, routes)) is not None:
        return Contrast(raws=(), measure=check.measure, is_log=False, at_least=0.0, margin=check.margin, left_out=(cannot,))
    for backbone in measured.backbones_with(check.arm, check.against):
        spoken = {route.name: measured.plan.design.data.evaluated_in(route) for route in routes}
        languages = sorted({language for own in spoken.values() for language in own} - {measured.way.without_language})
        for language in languages:
            group = [(route, setting) for route in routes
                     if language in spoken[route.name] for setting in check.settings]
            about = (("backbone", backbone), ("language", language), ("against", check.against))
            group = [(route, setting) for route, setting in group
                     if any(cell.query_language == language
                            for cell in measured.of(backbone, check.arm, (check.measure, setting, route.name)))]
            if not group:
                left_out.append(f"no question of {language} has an answer here")
                continue
            raws.append(_raw(measured, about, (backbone, check.arm, check.against), check.measure, group, language))
    needed = None if check.at_least == "all" else check.at_least
    return Contrast(raws=tuple(raws), measure=check.measure, is_log=False, at_least=0.0, margin=check.margin, needed=needed,
                    left_out=tuple(left_out))


def _cannot_count(check: LanguagesAhead, measured: Measured, routes: Sequence[Route]) -> str | None:
    """Why so many languages cannot be counted; all of them always can."""
    if check.at_least == "all":
        return None
    languages = {language for route in routes for language in measured.plan.design.data.evaluated_in(route)}
    if check.at_least > len(languages):
        return f"{len(languages)} languages are evaluated here, fewer than the {check.at_least} that are asked for"
    if len(measured.backbones_with(check.arm, check.against)) > 1:
        return f"at least {check.at_least} languages with each of several backbones: such counts are not joined"
    return None


def _raw(measured: Measured, about: tuple[tuple[str, str], ...], who: tuple[str, str, str], measure: str,
         group: Sequence[tuple[Route, str]], language: str = "") -> Raw:
    """The difference of two arms over one or several routes and settings, each of which weighs the same.

    With `language` set, over queries of that language only.
    """
    backbone, arm, rival = who
    ours: list[tuple[LanguageCell, ...]] = []
    theirs: list[tuple[LanguageCell, ...]] = []
    for route, setting in group:
        for name, into in ((arm, ours), (rival, theirs)):
            into.append(tuple(cell for cell in measured.of(backbone, name, (measure, setting, route.name))
                              if language in ("", cell.query_language)))
    weights = [each for cells in ours for each in measured.weights(cells, len(group))]
    flat = [[cell.cell for cells in side for cell in cells] for side in (ours, theirs)]
    if measured.plan.design.paired:
        effect = paired([Cell(values=a.values - b.values, clusters=a.clusters) for a, b in zip(*flat, strict=True)], weights)
    else:
        effect = unpaired(flat[0], flat[1], weights)
    means = tuple(float(np.mean([_mean(cells) for cells in side])) for side in (ours, theirs))
    same_as = ("difference", backbone, arm, rival, measure, language,
               frozenset((route.name, str(setting)) for route, setting in group))
    return Raw(about=about, same_as=same_as, arms=(arm, rival), means=(means[0], means[1]), effect=effect,
               questions=_questions(ours), where=tuple((route.name, str(setting)) for route, setting in group))


def _mean(cells: Sequence[LanguageCell]) -> float:
    """Macro mean over cells and runs."""
    return float(np.mean([each.cell.values.mean() for each in cells]))


def _questions(sides: Sequence[Sequence[LanguageCell]]) -> int:
    """Queries that the comparison rests on: of each cell its questions."""
    return sum(each.cell.values.shape[1] for cells in sides for each in cells)


