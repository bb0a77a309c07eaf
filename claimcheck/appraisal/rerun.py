"""One claim at a tier that re-runs: effects -> printed bounds -> how they stand -> the tier's verdict."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from math import isinf

from claimcheck import verdict
from claimcheck.appraisal.answered import Answered, answered
from claimcheck.appraisal.bounds import bounds
from claimcheck.appraisal.breakdown import LanguageEffect, breakdown
from claimcheck.appraisal.contrast import Contrast, Raw
from claimcheck.appraisal.family import DISPLAYED, Tested
from claimcheck.appraisal.measured import Measured
from claimcheck.appraisal.print_values import PrintedComparison
from claimcheck.appraisal.units import decimals_of, rounded, shown
from claimcheck.claim import Atom, Claim
from claimcheck.finding import Asked, Bounds, Comparison, Comparisons, Goal, OnLogs, Value
from claimcheck.prediction import Difference, LanguagesAhead, Reduction, RerunPrediction
from claimcheck.prediction.rerun import Combine, Interaction
from claimcheck.stats.effect import Effect, Estimand, p_above
from claimcheck.stats.families import most_ahead
from claimcheck.stats.power import (
    articles_needed,
    minimum_detectable,
    runs_needed,
    upper_spread,
    with_run_spread,
    with_runs,
)
from claimcheck.verdict import LOG_DECIMALS, Stand, margin_on_logs

AMPLE_RUNS = 10
"""Runs that are taken as given, or more where there are more, when articles are what is short."""
LEVELS = (0.5, 0.4, 0.3, 0.2, 0.1, 0.05, 0.025, 0.01, 0.005, 0.0025, 0.001)
"""One-sided, for the curve of the largest size that is still supported."""
POWER, POWER_EITHER_SIDE = 0.8, 0.9
"""Of a one-sided test; and of each of two, which both hold in 4 of 5 cases then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RerunFinding:
    """What runs say of one prediction. `also`: how it stands at further margins or sizes, in the unit that is printed.

    `breakdown`: the comparisons by language; `printed`: beside the paper's own numbers, one for each comparison, empty where it
    was not asked; `answered`: of an interaction what it says of each rival. None of them enters a verdict.
    """

    atom: Atom
    prediction: RerunPrediction
    found: Comparisons
    stand: Stand
    also: tuple[tuple[Asked, Stand], ...]
    breakdown: tuple[LanguageEffect, ...] = ()
    printed: tuple[PrintedComparison, ...] = ()
    answered: tuple[Answered, ...] = ()


def findings(claim: Claim, tested: Tested, measured: Measured, *, bare: bool = False) -> tuple[RerunFinding, ...]:
    """What runs say of each prediction of a claim that they measure.

    `bare`: only what decides; without the price of an answer, other levels and margins, languages, and what stands beside it.
    """
    made, estimand = [], Estimand(claim.scope.value)
    for atom, prediction, contrast in tested.contrasts:
        found = _comparisons(prediction, contrast, tested, estimand, measured)
        stand = verdict.of_comparisons(found)
        if bare:
            made.append(RerunFinding(atom=atom, prediction=prediction, found=found, stand=stand, also=()))
            continue
        also = tuple((asked, verdict.of_comparisons(_asking(found, asked))) for asked in _also(prediction, found.asked))
        made.append(RerunFinding(atom=atom, prediction=prediction, stand=stand, also=also,
                                 found=_told(found, contrast, tested, estimand, measured),
                                 breakdown=breakdown(contrast, measured),
                                 answered=answered(contrast, estimand, tested.level_for) if tested.is_test else ()))
    return tuple(made)


def stand_of_atom(atom: Atom, own: Sequence[RerunFinding]) -> Stand:
    """How an atom stands: the checks of one reading must all hold; readings that end differently make it stand in part.

    A check that nothing was measured for is open.
    """
    stands = {id(each.prediction): each.stand for each in own}
    readings = dict.fromkeys(prediction.reading for prediction in atom.rerun)
    return verdict.of_parts([verdict.of_conjunction([stands.get(id(each), Stand.OPEN) for each in atom.rerun
                                                     if each.reading is reading]) for reading in readings])


def stand_of_claim(claim: Claim, own: Sequence[RerunFinding]) -> tuple[Stand, tuple[tuple[Atom, Stand], ...], int]:
    """How a claim stands by what runs say of it, each part that they say anything of, and how many parts they do not."""
    parts = tuple((atom, stand_of_atom(atom, found)) for atom in claim.atoms
                  if (found := [each for each in own if each.atom is atom]))
    untested = len(claim.atoms) - len(parts)
    return verdict.of_parts([stand for _, stand in parts], untested), parts, untested


def _comparisons(prediction: RerunPrediction, contrast: Contrast, tested: Tested, estimand: Estimand,
                 measured: Measured) -> Comparisons:
    levels = _levels(contrast, tested, estimand)
    comparisons = tuple(_comparison(raw, contrast, measured, levels) for raw in contrast.raws)
    return Comparisons(asks=prediction.says or _asks(prediction, contrast.goal), asked=_asked(contrast),
                       comparisons=comparisons, needed=contrast.needed, left_out=contrast.left_out,
                       not_covered=contrast.not_covered)


def _told(found: Comparisons, contrast: Contrast, tested: Tested, estimand: Estimand, measured: Measured) -> Comparisons:
    """The same with what enters no verdict: the price of an answer, bounds at other levels, further figures."""
    levels = _levels(contrast, tested, estimand)
    told = tuple(_priced(comparison, raw, contrast, levels)
                 for comparison, raw in zip(found.comparisons, contrast.raws, strict=True))
    return replace(found, comparisons=told, beside=(*_ahead_in(contrast, tested, estimand), *_beside(contrast, measured)))


def _ahead_in(contrast: Contrast, tested: Tested, estimand: Estimand) -> list[str]:
    """Of comparisons that are counted by language, in how many it is shown that the arm is ahead, and the weakest of them."""
    by_backbone: dict[str, list[Raw]] = {}
    for raw in contrast.raws:
        if "language" in dict(raw.about):
            by_backbone.setdefault(dict(raw.about)["backbone"], []).append(raw)
    told = []
    for backbone, raws in by_backbone.items():
        number = most_ahead([p_above(raw.effect, estimand, contrast.null_for) for raw in raws], tested.level_for)
        weakest = min(raws, key=lambda raw: raw.effect.estimate)
        told.append(f"with {backbone} shown to be ahead in at least {number} of {len(raws)} languages (partial conjunction, "
                    f"one-sided {100 * tested.level_for:.3g} %); the smallest difference is "
                    f"{rounded(weakest.effect.estimate, _decimals(contrast))}, in {dict(weakest.about)['language']}")
    return told


def _decimals(contrast: Contrast) -> int:
    return 1 if contrast.is_log else decimals_of(contrast.measure)


def _beside(contrast: Contrast, measured: Measured) -> tuple[str, ...]:
    """Further figures that decide nothing: geometric means of ratios, and the encoder before training."""
    told = []
    for raw in contrast.raws:
        if raw.effect.runs > 1 and not raw.effect.v_runs:
            told.append(f"all {raw.effect.runs} runs of {' and '.join(raw.arms)} gave the same difference to the last bit: "
                        "either no chance is in them, or the seed is not heeded")
        if (effect := raw.geometric) is not None:
            around = bounds(effect, Estimand.BENCHMARK, (DISPLAYED, DISPLAYED), contrast.is_log, 1)
            told.append(f"of geometric means the reduction is {rounded(shown(effect.estimate, is_log=contrast.is_log), 1)} % "
                        f"[{around.low}, {around.high}] (95 %, this benchmark)")
        told += _before_training(raw, contrast, measured)
    return tuple(dict.fromkeys(told))


def _before_training(raw: Raw, contrast: Contrast, measured: Measured) -> list[str]:
    """What the untrained encoder gives where a comparison is about one setting: what an arm lost, its rival seems to win."""
    about, decimals = dict(raw.about), _decimals(contrast)
    samplings = {run.condition.arm: run.condition.filling.sampling for run in measured.plan.runs}
    before = next((name for name, sampling in samplings.items() if sampling == "none"), None)
    if before is None or raw.on_logs is not None or about.get("setting", "mean") == "mean" or before in raw.arms:
        return []
    cells = measured.of(about["backbone"], before, (contrast.measure, about["setting"], about["data"]))
    mean = sum(float(each.cell.values.mean()) for each in cells) / len(cells)
    return [f"{contrast.measure} before training, {about['data']}, {about['setting']}: {rounded(mean, decimals)}"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Levels:
    """Of the bound that speaks for a comparison and of the one that speaks against it, one-sided."""

    estimand: Estimand
    low: float
    high: float


def _levels(contrast: Contrast, tested: Tested, estimand: Estimand) -> _Levels:
    return _Levels(estimand=estimand, low=tested.level_for / contrast.share, high=tested.level_against / tested.comparisons)


def _comparison(raw: Raw, contrast: Contrast, measured: Measured, levels: _Levels) -> Comparison:
    effect, is_log, decimals = raw.effect, contrast.is_log, _decimals(contrast)
    backbone = dict(raw.about)["backbone"]
    keys = tuple(result.key for arm in raw.arms for result in measured.results[backbone, arm])
    equal = contrast.goal is Goal.EQUAL
    ends = (levels.low, levels.low) if equal else (levels.low, levels.high)
    return Comparison(
        about=raw.about,
        values=tuple(Value(name=name, value=rounded(mean, 1 if is_log else decimals), decimals=1 if is_log else decimals)
                     for name, mean in zip(raw.arms, raw.means, strict=True)),
        estimate=rounded(shown(effect.estimate, is_log=is_log), decimals),
        deciding=bounds(effect, levels.estimand, ends, is_log, decimals),
        contrary=bounds(effect, levels.estimand, (levels.high, levels.high), is_log, decimals) if equal else None,
        benchmark=bounds(effect, Estimand.BENCHMARK, (DISPLAYED, DISPLAYED), is_log, decimals),
        beyond=bounds(effect, Estimand.BEYOND, (DISPLAYED, DISPLAYED), is_log, decimals),
        on_logs=None if raw.on_logs is None else _on_logs(raw.on_logs.effect, raw.on_logs.level, levels, ends, equal=equal),
        decimals=decimals, percent=is_log, runs=effect.runs, questions=raw.questions, clusters=effect.clusters, sources=keys)


def _on_logs(effect: Effect, level: float, levels: _Levels, ends: tuple[float, float], *, equal: bool) -> OnLogs:
    def within(estimand: Estimand, alphas: tuple[float, float]) -> Bounds:
        return bounds(effect, estimand, alphas, is_log=False, decimals=LOG_DECIMALS)

    return OnLogs(estimate=rounded(effect.estimate, LOG_DECIMALS), level=rounded(level, LOG_DECIMALS),
                  deciding=within(levels.estimand, ends),
                  contrary=within(levels.estimand, (levels.high, levels.high)) if equal else None,
                  benchmark=within(Estimand.BENCHMARK, (DISPLAYED, DISPLAYED)),
                  beyond=within(Estimand.BEYOND, (DISPLAYED, DISPLAYED)))


def _priced(comparison: Comparison, raw: Raw, contrast: Contrast, levels: _Levels) -> Comparison:
    effect, is_log, decimals = raw.effect, contrast.is_log, comparison.decimals
    price = _price(effect, contrast, levels)
    if raw.on_logs is not None:  # an answer on both scales is as dear as on the dearer one
        there = replace(contrast, margin=margin_on_logs(contrast.margin, raw.on_logs.level))
        price = _dearer(price, _price(raw.on_logs.effect, there, levels))
    return replace(
        comparison, runs_needed=price.runs, articles_needed=price.articles,
        detectable=None if isinf(price.detectable) else rounded(shown(price.detectable, is_log=is_log), decimals),
        detectable_at_most=None if isinf(price.at_most) else rounded(shown(price.at_most, is_log=is_log), decimals),
        reach=tuple(bounds(effect, levels.estimand, (level, level), is_log, decimals) for level in LEVELS))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Price:
    """In the effect's unit: the smallest effect (of an equivalence, margin) that is told; and what an answer takes."""

    detectable: float
    at_most: float
    runs: int | None
    articles: int | None


def _price(effect: Effect, contrast: Contrast, levels: _Levels) -> _Price:
    estimand, margin = levels.estimand, contrast.margin
    equal = contrast.goal is Goal.EQUAL
    level = levels.low if equal else min(levels.low, levels.high)  # an answer either way is an answer
    power = POWER_EITHER_SIDE if equal else POWER
    null = 0.0 if equal else contrast.null_for
    spread = upper_spread(effect)
    wide = with_run_spread(effect, spread) if not isinf(spread) else effect
    runs = runs_needed(effect, estimand, margin, level, power) if margin else None
    many = with_runs(effect, max(AMPLE_RUNS, effect.runs))
    return _Price(detectable=null + minimum_detectable(effect, estimand, level, power),
                  at_most=null + minimum_detectable(wide, estimand, level, power), runs=runs,
                  articles=articles_needed(many, estimand, margin, level, power) if margin and runs is None else None)


def _dearer(one: _Price, other: _Price) -> _Price:
    """Of an answer on two scales: what is detectable is told of the first, runs and articles are those of the dearer."""
    runs = None if one.runs is None or other.runs is None else max(one.runs, other.runs)
    wanted = [each.articles for each in (one, other) if each.runs is None]
    return replace(one, runs=runs, articles=None if not wanted or None in wanted else max(each or 0 for each in wanted))


def _asked(contrast: Contrast) -> Asked:
    at_least, margin = (_exact(shown(value, is_log=contrast.is_log)) for value in (contrast.at_least, contrast.margin))
    return Asked(at_least=at_least, margin=margin, goal=contrast.goal)


def _exact(value: float) -> Decimal:
    """A margin as its author wrote it: the shortest decimal that is this number to nine digits."""
    return Decimal(f"{value:.9g}")


def _also(prediction: RerunPrediction, asked: Asked) -> tuple[Asked, ...]:
    """Further margins or sizes that the claim file wants to see."""
    match prediction.check:
        case Reduction(also_at_least=shares):
            return tuple(replace(asked, at_least=_exact(100 * share)) for share in shares)
        case LanguagesAhead():
            return ()
        case between:
            return tuple(replace(asked, margin=_exact(margin)) for margin in between.also_margins)


def _asking(found: Comparisons, asked: Asked) -> Comparisons:
    return replace(found, asked=asked)


_SAYS = {Goal.AHEAD: "{arm} has a higher {measure} than {rivals}", Goal.EQUAL: "{measure} of {arm} is as that of {rivals}",
         Goal.NO_WORSE: "{measure} of {arm} is no worse than that of {rivals}"}


def _asks(prediction: RerunPrediction, goal: Goal) -> str:
    """What a prediction asks, in words, where its author gave none."""
    match prediction.check:
        case Reduction() as check:
            size = f"by at least {_exact(100 * check.at_least)} %" if check.at_least else "at all"
            return f"{check.measure} is lower with {check.arm} than with {check.against}, {size}"
        case LanguagesAhead() as check:
            number = "each language" if check.at_least == "all" else f"at least {check.at_least} languages"
            return f"{check.arm} has a higher {check.measure} than {check.against} in {number}"
        case Interaction() as check:
            much = {"no more": "no more {}", "less": "less {}", "as much": "as much {}"}[check.loses].format(check.measure)
            joined = f" {'as' if check.loses == 'as much' else 'than'} "
            return f"under perturbed queries, {check.arm} loses {much}{joined}{f' and{joined}'.join(check.against)}"
        case check:
            rivals = (" and than " if goal is Goal.AHEAD else " and that of ").join(check.against)
            one = len(check.settings) == 1
            where = f"in the {check.settings[0]} setting" if one else f"{', '.join(check.settings)}"
            how = "on average, " if check.combine is Combine.MEAN else "" if one else "in each setting, "
            size = f" by more than {_exact(check.at_least)}" if isinstance(check, Difference) and check.at_least else ""
            return _SAYS[goal].format(arm=check.arm, measure=check.measure, rivals=rivals) + f"{size}, {how}{where}"
