"""One comparison beside what the paper prints of it: the values, and the same in words."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from claimcheck.finding import Bounds, Source, Value
from claimcheck.stats.replication import NOT_COMPUTABLE
from claimcheck.tier import Tier
from claimcheck.verdict import LEAST_RUNS


class PrintedStatus(StrEnum):
    """Whether the printed numbers came out again. It is no verdict on the claim."""

    REPRODUCED = "reproduced"
    DEVIATING = "deviating"
    NOT_COMPARABLE = "not comparable"


class Obstacle(StrEnum):
    """Why printed numbers and runs are not comparable, in the words of a narrow column."""

    UNDECLARED = "printed cells not declared"
    NO_TABLE = "no reported table"
    NOT_PRINTED = "no printed number"
    TWO_NUMBERS = "printed twice, differently"
    ENCODER = "another encoder"
    TIER = "not the paper's own design"
    LANGUAGES = "other languages"
    FEW_RUNS = f"fewer than {LEAST_RUNS} runs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """One reason why a comparison cannot be made: its kind, and the same with names, for a sentence."""

    obstacle: Obstacle
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundedRatio:
    """An effect ratio as it is printed, its interval rounded outward; infinite where the printed difference may be 0."""

    value: Decimal
    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ScepticalP:
    """A sceptical p-value as it is printed. `c`: variance of the original's effect over the re-run's; `imputed`: see stats."""

    p: Decimal
    c: Decimal
    imputed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedContrast:
    """The printed counterpart of one comparison, with one printed backbone, and how the runs' effect compares with it.

    `contrast`: the arm less its rival in points, or where `percent` is set the reduction in percent of the rival; `rounding`:
    how far rounding may have moved it. `values` are the arm's and the rival's, averages where the comparison is one.
    `effect_ratio` is None where the printed contrast is 0; of a reduction it is the ratio of the logs. `improvement`: the delta
    of relative improvements, None where a rival's mean is 0. `notes`: what else is printed of the same cells and contradicts.
    """

    backbone: str
    values: tuple[Value, Value]
    contrast: Decimal
    rounding: Decimal
    decimals: int
    percent: bool
    sources: tuple[Source, ...]
    effect_ratio: RoundedRatio | None
    improvement: Decimal | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedComparison:
    """One comparison of runs beside its printed counterpart. `not_printed`: which cells of some printed backbone are not.

    `reproduced` and `deviating` have one printed contrast, `interval` (where one further training run of each arm is expected,
    rounding of the print included, rounded outward), and `sceptical` where runs vary at all. `not comparable` has `lacks` and
    as many printed contrasts, for orientation, as there are printed backbones that have the cells.
    """

    about: tuple[tuple[str, str], ...]
    measure: str
    status: PrintedStatus
    tier: Tier
    runs: int
    lacks: tuple[Lack, ...] = ()
    printed: tuple[PrintedContrast, ...] = ()
    interval: Bounds | None = None
    sceptical: ScepticalP | None = None
    not_printed: tuple[str, ...] = ()
    not_computable: tuple[str, ...] = tuple(NOT_COMPUTABLE)


def words(comparison: PrintedComparison) -> str:
    """The status in a few words, for a column: what could not be compared with its reasons."""
    if comparison.status is not PrintedStatus.NOT_COMPARABLE:
        return str(comparison.status)
    return f"{comparison.status}: {', '.join(dict.fromkeys(each.obstacle for each in comparison.lacks))}"


def sentence(comparison: PrintedComparison) -> str:
    """The comparison in full: what is printed, where, what was expected, and what the figures are good for."""
    told = [_of_contrast(each, comparison) for each in comparison.printed]
    if comparison.status is PrintedStatus.NOT_COMPARABLE:
        text = f"Not comparable: {'; '.join(each.says for each in comparison.lacks)}."
        return f"{text} For orientation only: {'; '.join((*told, *comparison.not_printed))}." if told else text
    interval = comparison.interval
    assert interval is not None
    unit = " %" if comparison.printed[0].percent else ""
    level = f"{100 * (1 - interval.low_level - interval.high_level):g} %"
    inside = "lies in it" if comparison.status is PrintedStatus.REPRODUCED else "lies outside"
    text = (f"{'; '.join(told)}. One further training run of each arm is expected to give {interval.low} to "
            f"{interval.high}{unit} ({level}, from {comparison.runs} runs, rounding of the print included), and the printed "
            f"contrast {inside}: {comparison.status}.")
    if (own := comparison.sceptical) is not None:
        text += (f" Sceptical p {own.p}, one-sided; the standard error of the original is imputed from the runs here "
                 f"(c = {own.c}), and it holds on this benchmark alone.")
    return f"{text} Not computable from what is printed: {', '.join(comparison.not_computable)}."


def _of_contrast(found: PrintedContrast, comparison: PrintedComparison) -> str:
    values = ", ".join(f"{each.name} {each.value}" for each in found.values)
    size = f"a reduction by {found.contrast} %" if found.percent else f"a difference of {found.contrast}"
    lines = ", ".join(str(each.line) for each in found.sources)
    text = (f"printed with {found.backbone}: {comparison.measure} of {values}, {size} ({found.sources[0].file}, "
            f"line{'s' * (len(found.sources) > 1)} {lines})")
    if found.effect_ratio is None:
        text += "; no effect ratio, since the printed contrast is 0"
    else:
        ratio, of_logs = found.effect_ratio, " of logs" if found.percent else ""
        around = "without bounds" if ratio.low.is_infinite() or ratio.high.is_infinite() else f"[{ratio.low}, {ratio.high}]"
        text += f"; effect ratio{of_logs} {ratio.value} {around}"
    if found.improvement is not None:
        text += f", delta relative improvement {found.improvement}"
    return "; ".join([text, *found.notes])
