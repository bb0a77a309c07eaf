"""A prediction for a re-run and what runs gave -> the effects that it is about, before any level or bound is set."""

from collections.abc import Sequence
from dataclasses import replace
from math import log1p

import numpy as np

from claimcheck.appraisal.contrast import Contrast, Raw
from claimcheck.appraisal.interactions import interaction
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
from claimcheck.stats.effect import Effect
from claimcheck.stats.medians import median_log_ratio
from claimcheck.stats.two_way import log_ratio, paired, unpaired


def contrast(prediction: RerunPrediction, measured: Measured, routes: Sequence[Route]) -> Contrast:
    """The effects that a prediction is about, on these routes; none where no run measures such a thing, with the reason.

    Raises ValueError: the measure has no meaning in a setting.
    """
    check = prediction.check
    own = [route for route in routes if route.evaluate in check.datasets]
    evaluated = {route.evaluate for route in own}
    covered = tuple(f"{name} is not evaluated here" for name in check.datasets if name not in evaluated)
    arms = [check.arm, *([check.against] if isinstance(check.against, str) else check.against)]
    absent = [arm for arm in arms if arm not in measured.arms]
    left_out = tuple(f"this profile has no arm {arm}" for arm in absent)
    nothing = Contrast(raws=(), measure=check.measure, is_log=isinstance(check, Reduction), at_least=0.0, margin=check.margin,
                       not_covered=covered, left_out=left_out)
    between = Difference | Equivalence | NonInferiority | Interaction
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
        case Interaction():
            made = interaction(check, measured, own)
    return replace(made, not_covered=(*covered, *made.not_covered), left_out=(*left_out, *made.left_out))


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


