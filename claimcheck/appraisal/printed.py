"""What runs gave beside what the paper prints: a column of its own, which no verdict rests on.

The reproduction says where its quantities stand in the reported table (`printed`). The printed difference of two arms is one
more draw of the training run, so it is held against the interval in which one further run is expected. That holds for runs of
the paper's own design alone; elsewhere printed numbers are shown for orientation and nothing is concluded.
docs/printed-numbers.md has the formulas.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR
from math import log

from claimcheck.appraisal.contrast import Contrast, Raw
from claimcheck.appraisal.family import DISPLAYED
from claimcheck.appraisal.print_values import (
    Lack,
    Obstacle,
    PrintedComparison,
    PrintedContrast,
    PrintedStatus,
    RoundedRatio,
    ScepticalP,
)
from claimcheck.appraisal.units import rounded, shown
from claimcheck.design import Data
from claimcheck.evidence.numbers import Number, average
from claimcheck.evidence.reported_table import ReportedTable, Row
from claimcheck.finding import Bounds, Value
from claimcheck.prediction import Setting
from claimcheck.reproduction import PrintedNumbers
from claimcheck.stats.effect import Effect
from claimcheck.stats.replication import (
    delta_relative_improvement,
    effect_ratio,
    log_rounding,
    prediction_interval,
    sceptical_of_one_run,
)
from claimcheck.tier import Tier
from claimcheck.verdict import LEAST_RUNS

RATIO_DECIMALS = 2
IMPROVEMENT_DECIMALS = 3
P_DECIMALS = 4
PERCENT_DECIMALS = 1


def compare(contrast: Contrast, tier: Tier, data: Data, printed: PrintedNumbers | None, table: ReportedTable | None, *,
            alpha: float = 2 * DISPLAYED) -> tuple[PrintedComparison, ...]:
    """Each comparison of a prediction beside what the paper prints of it, in the order of `contrast.raws`.

    `contrast` is of the main way of analysis. `tier`, `data`: of the runs that it is from. `alpha`: of the two-sided prediction
    interval and of the interval of the effect ratio. Each comparison has its own, so of twenty that are right one is expected
    to deviate.
    """
    if printed is None or table is None:
        lack = Lack(obstacle=Obstacle.UNDECLARED, says="the reproduction does not say which cells print it (`printed`)")
        if printed is not None:
            lack = Lack(obstacle=Obstacle.NO_TABLE, says="the paper's tables do not stand beside the claim")
        return tuple(_not_compared(raw, contrast, tier, [lack]) for raw in contrast.raws)
    place = _Place(printed=printed, table=table, measure=contrast.measure,
                   languages={route.name: frozenset(data.evaluated_in(route)) for route in data.routes})
    return tuple(_compared(raw, contrast, tier, place, alpha) for raw in contrast.raws)


# ---------------------------------------------------------------- from a comparison to its printed counterparts


def _not_compared(raw: Raw, contrast: Contrast, tier: Tier, lacks: Sequence[Lack], found: Sequence[PrintedContrast] = (),
                  not_printed: Sequence[str] = ()) -> PrintedComparison:
    return PrintedComparison(about=raw.about, measure=contrast.measure, status=PrintedStatus.NOT_COMPARABLE, tier=tier,
                             runs=raw.effect.runs, lacks=tuple(lacks), printed=tuple(found), not_printed=tuple(not_printed))


def _compared(raw: Raw, contrast: Contrast, tier: Tier, place: "_Place", alpha: float) -> PrintedComparison:
    about, is_log = dict(raw.about), contrast.is_log
    own = place.printed.called("backbone", about["backbone"])
    found: list[tuple[PrintedContrast, _Original]] = []
    lacks: list[Lack] = []
    for backbone in [own] if own in place.backbones else place.backbones:
        numbers = place.of_both(backbone, raw.arms, _cells(raw), about.get("language"))
        if numbers.arm is None or numbers.rival is None:
            lacks += numbers.lacks
        elif is_log and min(numbers.arm.value, numbers.rival.value) <= 0:
            lacks.append(Lack(obstacle=Obstacle.NOT_PRINTED, says=f"{contrast.measure} is printed as 0, which has no ratio"))
        else:
            original = _original(numbers.arm, numbers.rival, is_log=is_log)
            found.append((_contrast(raw, backbone, numbers, original, is_log=is_log, alpha=alpha), original))
    lacks = list(dict.fromkeys(lacks))
    if not found:
        nothing = Lack(obstacle=Obstacle.NOT_PRINTED, says="nothing like it is printed")
        return _not_compared(raw, contrast, tier, lacks or [nothing])
    shown, not_printed = [each for each, _ in found], [each.says for each in lacks]
    lacks = _unlike(raw, tier, place)
    if lacks:
        return _not_compared(raw, contrast, tier, lacks, shown, not_printed)
    (counterpart, original), = found
    interval = _interval(raw.effect, original, counterpart.decimals, is_log=is_log, alpha=alpha)
    status = PrintedStatus.REPRODUCED if interval.low <= counterpart.contrast <= interval.high else PrintedStatus.DEVIATING
    return PrintedComparison(about=raw.about, measure=contrast.measure, status=status, tier=tier, runs=raw.effect.runs,
                             printed=(counterpart,), interval=interval, sceptical=_sceptical(raw.effect, original))


def _unlike(raw: Raw, tier: Tier, place: "_Place") -> list[Lack]:
    """In what the runs are unlike what is printed."""
    backbone, runs = dict(raw.about)["backbone"], raw.effect.runs
    lacks = []
    if place.printed.called("backbone", backbone) not in place.backbones:
        lacks.append(Lack(obstacle=Obstacle.ENCODER,
                          says=f"what was run is {backbone}, and what is printed is {' and '.join(place.backbones)}"))
    if tier is not Tier.FULL:
        lacks.append(Lack(obstacle=Obstacle.TIER,
                          says=f"the runs are of tier {tier}: not the paper's own backbones, data and training"))
    lacks += [Lack(obstacle=Obstacle.LANGUAGES, says=each) for each in place.other_languages(_pools(raw))]
    if runs < LEAST_RUNS:
        lacks.append(Lack(obstacle=Obstacle.FEW_RUNS,
                          says=f"{LEAST_RUNS} runs are needed, and there {'is' if runs == 1 else 'are'} {runs}"))
    return lacks


_PRINTABLE = frozenset({"backbone", "data", "setting", "language", "against"})


def _cells(raw: Raw) -> tuple[tuple[str, str], ...]:
    """The routes and settings that a comparison averages; none where no table prints such a thing."""
    return raw.where if {name for name, _ in raw.about} <= _PRINTABLE else ()


def _pools(raw: Raw) -> tuple[tuple[str, str], ...]:
    """Of these cells those that depend on which languages there are: all, but one language's own pool."""
    return tuple((route, setting) for route, setting in _cells(raw)
                 if setting != Setting.MONOLINGUAL or "language" not in dict(raw.about))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Both:
    """The printed numbers of arm and rival; None where a cell of either is not printed, or twice and differently."""

    arm: Number | None
    rival: Number | None
    lacks: tuple[Lack, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where to look: the table, what its columns are, and the measure. `languages`: of each route, those evaluated here."""

    printed: PrintedNumbers
    table: ReportedTable
    measure: str
    languages: Mapping[str, frozenset[str]]

    @property
    def backbones(self) -> tuple[str, ...]:
        """All that numbers are printed of."""
        rows = self.table.matching(self.printed.where)
        return tuple(dict.fromkeys(row.keys[self.printed.columns.backbone] for row in rows))

    def of_both(self, backbone: str, arms: tuple[str, str], cells: Sequence[tuple[str, str]], language: str | None) -> _Both:
        """The averages of both arms over the cells, all of which must be printed."""
        lacks: list[Lack] = []
        notes: list[str] = []
        chosen: list[Number] = []
        for arm in arms:
            rows: list[Row] = []
            for route, setting in cells:
                data = _data_set(route)
                own = self._rows({"backbone": backbone, "arm": arm, "dataset": data, "setting": setting}, language)
                if not own:
                    what = " ".join(each for each in (self.measure, arm, data, setting, language) if each)
                    lacks.append(Lack(obstacle=Obstacle.NOT_PRINTED, says=f"with {backbone} no {what} is printed"))
                    continue
                best = max(own, key=lambda row: row.printed.decimals)
                rows.append(best)
                for row in own:
                    if not _agree(row, best):
                        says = (f"{best.source.file} prints {best.source.printed} in line {best.source.line} and "
                                f"{row.source.printed} in line {row.source.line}, which rounding does not explain")
                        notes.append(says)
                        if row.printed.decimals == best.printed.decimals:  # nothing tells which one is meant
                            lacks.append(Lack(obstacle=Obstacle.TWO_NUMBERS, says=says))
            if cells and not lacks:
                chosen.append(average(rows))
        arm_number, rival = chosen if len(chosen) == len(arms) else (None, None)
        return _Both(arm=arm_number, rival=rival, lacks=tuple(lacks), notes=tuple(notes))

    def other_languages(self, cells: Sequence[tuple[str, str]]) -> tuple[str, ...]:
        """For each data set whose printed cells are of other languages than those evaluated here: which ones, in words.

        Where no single language is printed nothing is known of it, and nothing said.
        """
        told = []
        for route, setting in cells:
            about = {"dataset": _data_set(route), "setting": setting}
            column, evaluated = self.printed.columns.language, self.languages.get(route)
            if column is None or evaluated is None:
                continue
            rows = [row for row in self._rows(about, None, any_language=True) if not row.sums_up]
            printed = {row.keys[column] for row in rows} - {self.printed.mean}
            ours = {self.printed.called("language", each) for each in evaluated}
            if printed and printed != ours:
                told.append(f"{about['dataset']} is printed in {len(printed)} languages and evaluated here in {len(ours)} "
                            f"(in one of the two: {', '.join(sorted(printed ^ ours))})")
        return tuple(dict.fromkeys(told))

    def _rows(self, about: Mapping[str, str], language: str | None, *, any_language: bool = False) -> tuple[Row, ...]:
        """All printed cells of a quantity. `backbone` is as printed, the other names are the reproduction's."""
        columns = self.printed.columns
        wanted = {columns.measure: self.printed.called("measure", self.measure)}
        for part, name in about.items():
            wanted[getattr(columns, part)] = name if part == "backbone" else self.printed.called(part, name)
        if columns.language is None and language is not None:
            return ()
        if columns.language is not None and not any_language:
            wanted[columns.language] = self.printed.called("language", language) if language else self.printed.mean
        return self.table.matching({**self.printed.where, **wanted})


def _data_set(route: str) -> str:
    """What a route evaluates."""
    return route.rpartition(" > ")[2]


def _agree(row: Row, other: Row) -> bool:
    """Whether two printed numbers can be one, rounded."""
    return abs(row.printed.value - other.printed.value) <= row.printed.slack + other.printed.slack


# ---------------------------------------------------------------- figures


@dataclass(frozen=True, slots=True, kw_only=True)
class _Original:
    """The printed contrast in the unit of the effect, and how far rounding may have moved it."""

    value: float
    rounding: float


def _original(arm: Number, rival: Number, *, is_log: bool) -> _Original:
    if is_log:
        return _Original(value=log(rival.value / arm.value), rounding=log_rounding(
            float(rival.value), float(rival.slack), float(arm.value), float(arm.slack)))
    return _Original(value=float(arm.value - rival.value), rounding=float(arm.slack + rival.slack))


def _contrast(raw: Raw, backbone: str, numbers: _Both, original: _Original, *, is_log: bool, alpha: float) -> PrintedContrast:
    arm, rival = numbers.arm, numbers.rival
    assert arm is not None
    assert rival is not None
    ratio = effect_ratio(raw.effect, original.value, original.rounding, alpha)
    improvement = delta_relative_improvement((float(arm.value), float(rival.value)), raw.means)
    decimals = PERCENT_DECIMALS if is_log else max(_decimals(arm), _decimals(rival))
    rounding = arm.slack + rival.slack
    if is_log:  # of a reduction its lower end is the further one
        moved = shown(original.value, is_log=True) - shown(original.value - original.rounding, is_log=True)
        rounding = rounded(moved, decimals + 1, ROUND_CEILING)
    return PrintedContrast(
        backbone=backbone, values=(_value(raw.arms[0], arm), _value(raw.arms[1], rival)),
        contrast=rounded(shown(original.value, is_log=True) if is_log else arm.value - rival.value, decimals),
        rounding=rounding, decimals=decimals, percent=is_log, sources=(*arm.sources, *rival.sources), notes=numbers.notes,
        effect_ratio=None if ratio is None else RoundedRatio(
            value=rounded(ratio.value, RATIO_DECIMALS), low=rounded(ratio.low, RATIO_DECIMALS, ROUND_FLOOR),
            high=rounded(ratio.high, RATIO_DECIMALS, ROUND_CEILING)),
        improvement=None if improvement is None else rounded(improvement, IMPROVEMENT_DECIMALS))


def _interval(effect: Effect, original: _Original, decimals: int, *, is_log: bool, alpha: float) -> Bounds:
    """Where one further run is expected, rounded outward to the digits of the printed contrast, so that it reads as judged."""
    around = prediction_interval(effect, alpha, original.rounding)
    low, high = shown(around.low, is_log=is_log), shown(around.high, is_log=is_log)
    return Bounds(low=rounded(low, decimals, ROUND_FLOOR), high=rounded(high, decimals, ROUND_CEILING),
                  low_level=alpha / 2, high_level=alpha / 2)


def _sceptical(effect: Effect, original: _Original) -> ScepticalP | None:
    own = sceptical_of_one_run(effect, original.value)
    return None if own is None else ScepticalP(p=rounded(own.p, P_DECIMALS), c=rounded(own.c, RATIO_DECIMALS).normalize(),
                                               imputed=own.imputed)


def _decimals(number: Number) -> int:
    return number.decimals + number.averaged  # an average of printed numbers is shown to one more digit than each of them


def _value(name: str, number: Number) -> Value:
    return Value(name=name, value=rounded(number.value, _decimals(number)), decimals=_decimals(number))
