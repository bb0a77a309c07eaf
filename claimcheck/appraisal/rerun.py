"""One claim at a tier that re-runs: effects -> printed bounds -> how they stand -> the tier's verdict."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from math import expm1, inf, isinf

from claimcheck import verdict
from claimcheck.appraisal.contrasts import Contrast, Raw
from claimcheck.appraisal.family import DISPLAYED, Tested
from claimcheck.appraisal.measured import Measured
from claimcheck.claim import Atom, Claim
from claimcheck.finding import Asked, Bounds, Comparison, Comparisons, Value
from claimcheck.prediction import RerunPrediction
from claimcheck.stats.effect import Effect, Estimand, lower, upper
from claimcheck.stats.power import minimum_detectable, runs_needed
from claimcheck.verdict import Stand

MOST_FOLD = 20
"""A log of a ratio below minus this (half a billion times as much) is told as without bound."""
_DECIMALS = {"RankDistance": 1, "LogRankDistance": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class RerunFinding:
    """What runs say of one prediction. `also`: how it stands at further margins or sizes, in the unit that is printed."""

    atom: Atom
    prediction: RerunPrediction
    found: Comparisons
    stand: Stand
    also: tuple[tuple[Asked, Stand], ...]


def findings(claim: Claim, tested: Tested, measured: Measured) -> tuple[RerunFinding, ...]:
    """What runs say of each prediction of a claim that they measure."""
    estimand = Estimand(claim.scope.value)
    made = []
    for atom, prediction, contrast in tested.contrasts:
        found = _comparisons(prediction, contrast, tested, measured, estimand)
        also = tuple((asked, verdict.of_comparisons(_asking(found, asked))) for asked in _also(prediction, found.asked))
        made.append(RerunFinding(atom=atom, prediction=prediction, found=found, stand=verdict.of_comparisons(found), also=also))
    return tuple(made)


def stand_of_atom(atom: Atom, own: Sequence[RerunFinding]) -> Stand:
    """How an atom stands: the checks of one reading must all hold; readings that end differently make it stand in part.

    A check that nothing was measured for is open.
    """
    stands = {id(each.prediction): each.stand for each in own}
    readings = dict.fromkeys(prediction.reading for prediction in atom.rerun)
    return verdict.of_parts([verdict.of_conjunction([stands.get(id(each), Stand.OPEN) for each in atom.rerun
                                                     if each.reading is reading]) for reading in readings])


def _comparisons(prediction: RerunPrediction, contrast: Contrast, tested: Tested, measured: Measured,
                 estimand: Estimand) -> Comparisons:
    check = prediction.difference or prediction.reduction or prediction.languages_ahead
    assert check is not None
    decimals = 1 if contrast.is_log else _DECIMALS.get(check.measure, 4)
    level_high = tested.level_against / tested.comparisons
    comparisons = tuple(_comparison(raw, contrast, measured, decimals, _Levels(
        estimand=estimand, low=tested.level_for / contrast.share, high=level_high)) for raw in contrast.raws)
    return Comparisons(asks=prediction.says or _asks(prediction), asked=_asked(contrast), comparisons=comparisons,
                       needed=contrast.needed, left_out=contrast.left_out, not_covered=contrast.not_covered,
                       beside=_beside(contrast, measured))


def _beside(contrast: Contrast, measured: Measured) -> tuple[str, ...]:
    """Further figures that decide nothing: geometric means of ratios, and the encoder before training."""
    told = []
    for raw in contrast.raws:
        if (effect := raw.geometric) is not None:
            around = _bounds(effect, Estimand.BENCHMARK, (DISPLAYED, DISPLAYED), contrast.is_log, 1)
            told.append(f"of geometric means the reduction is {_rounded(_shown(effect.estimate, contrast.is_log), 1)} % "
                        f"[{around.low}, {around.high}] (95 %, this benchmark)")
        told += _before_training(raw, contrast, measured)
    return tuple(dict.fromkeys(told))


def _before_training(raw: Raw, contrast: Contrast, measured: Measured) -> list[str]:
    """What the untrained encoder gives where a comparison is about one setting: what an arm lost, its rival seems to win."""
    about, decimals = dict(raw.about), 1 if contrast.is_log else _DECIMALS.get(contrast.measure, 4)
    samplings = {run.condition.arm: run.condition.filling.sampling for run in measured.plan.runs}
    before = next((name for name, sampling in samplings.items() if sampling == "none"), None)
    if before is None or about.get("setting", "mean") == "mean" or before in raw.arms:
        return []
    cells = measured.of(about["backbone"], before, (contrast.measure, about["setting"], about["data"]))
    mean = sum(float(each.cell.values.mean()) for each in cells) / len(cells)
    return [f"{contrast.measure} before training, {about['data']}, {about['setting']}: {_rounded(mean, decimals)}"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Levels:
    estimand: Estimand
    low: float
    high: float


def _comparison(raw: Raw, contrast: Contrast, measured: Measured, decimals: int, levels: _Levels) -> Comparison:
    effect, is_log = raw.effect, contrast.is_log
    backbone = dict(raw.about)["backbone"]
    keys = tuple(result.key for arm in raw.arms for result in measured.results[backbone, arm])
    strict = min(levels.low, levels.high)  # an answer either way is an answer
    detectable = contrast.at_least + minimum_detectable(effect, levels.estimand, strict)
    return Comparison(
        about=raw.about,
        values=tuple(Value(name=name, value=_rounded(mean, 1 if is_log else decimals), decimals=1 if is_log else decimals)
                     for name, mean in zip(raw.arms, raw.means, strict=True)),
        estimate=_rounded(_shown(effect.estimate, is_log), decimals),
        deciding=_bounds(effect, levels.estimand, (levels.low, levels.high), is_log, decimals),
        benchmark=_bounds(effect, Estimand.BENCHMARK, (DISPLAYED, DISPLAYED), is_log, decimals),
        beyond=_bounds(effect, Estimand.BEYOND, (DISPLAYED, DISPLAYED), is_log, decimals),
        decimals=decimals, percent=is_log, runs=effect.runs, questions=raw.questions, clusters=effect.clusters,
        detectable=None if isinf(detectable) else _rounded(_shown(detectable, is_log), decimals),
        runs_needed=runs_needed(effect, levels.estimand, contrast.margin, strict) if contrast.margin else None, sources=keys)


def _bounds(effect: Effect, estimand: Estimand, alphas: tuple[float, float], is_log: bool, decimals: int) -> Bounds:
    """Bounds rounded outward to the digits that are printed, so that what is judged is what is read."""
    low, high = _shown(lower(effect, estimand, alphas[0]), is_log), _shown(upper(effect, estimand, alphas[1]), is_log)
    return Bounds(low=_rounded(low, decimals, ROUND_FLOOR), high=_rounded(high, decimals, ROUND_CEILING),
                  low_level=alphas[0], high_level=alphas[1])


def _shown(value: float, is_log: bool) -> float:
    """An effect in the unit that is printed: points as they are, the log of a ratio as a reduction in percent."""
    if not is_log:
        return value
    return -inf if value < -MOST_FOLD else -100 * expm1(-value)  # the reduction has no floor, and its ceiling is 100


def _rounded(value: float, decimals: int, rounding: str = ROUND_HALF_EVEN) -> Decimal:
    if isinf(value):
        return Decimal("Infinity").copy_sign(Decimal(value))
    return Decimal(value).quantize(Decimal(1).scaleb(-decimals), rounding=rounding)


def _asked(contrast: Contrast) -> Asked:
    at_least, margin = (_exact(_shown(value, contrast.is_log)) for value in (contrast.at_least, contrast.margin))
    return Asked(at_least=at_least, margin=margin)


def _exact(value: float) -> Decimal:
    """A margin as its author wrote it: the shortest decimal that is this number to nine digits."""
    return Decimal(f"{value:.9g}")


def _also(prediction: RerunPrediction, asked: Asked) -> tuple[Asked, ...]:
    """Further margins or sizes that the claim file wants to see."""
    if prediction.reduction is not None:
        return tuple(Asked(at_least=_exact(100 * share), margin=asked.margin) for share in prediction.reduction.also_at_least)
    further = prediction.difference.also_margins if prediction.difference is not None else ()
    return tuple(Asked(at_least=asked.at_least, margin=_exact(margin)) for margin in further)


def _asking(found: Comparisons, asked: Asked) -> Comparisons:
    return replace(found, asked=asked)


def _asks(prediction: RerunPrediction) -> str:
    """What a prediction asks, in words, where its author gave none."""
    if (check := prediction.difference) is not None:
        rivals = " and than ".join(check.against)
        where = f"in the {check.settings[0]} setting" if len(check.settings) == 1 else f"{', '.join(check.settings)}"
        how = "on average, " if check.combine.value == "mean" else "" if len(check.settings) == 1 else "in each setting, "
        return f"{check.arm} has a higher {check.measure} than {rivals}, {how}{where}"
    if (reduction := prediction.reduction) is not None:
        size = f"by at least {_exact(100 * reduction.at_least)} %" if reduction.at_least else "at all"
        return f"{reduction.measure} is lower with {reduction.arm} than with {reduction.against}, {size}"
    ahead = prediction.languages_ahead
    assert ahead is not None
    number = "each language" if ahead.at_least == "all" else f"at least {ahead.at_least} languages"
    return f"{ahead.arm} has a higher {ahead.measure} than {ahead.against} in {number}"


