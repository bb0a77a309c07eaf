"""What the runs of a plan gave apart from any claim: arms beside untrained and chance, language maps, doses, provenance."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from claimcheck.appraisal.made_with import made_with
from claimcheck.appraisal.measured import LanguageCell, Measured, Result
from claimcheck.appraisal.robustness import Robustness, robustness
from claimcheck.design import Arm, Route
from claimcheck.measurement.chance import chance_values
from claimcheck.measurement.measures import Setting, parse
from claimcheck.plan import CHANCE
from claimcheck.tier import Tier

MULTILINGUAL_ONLY = ("RankDistance", "LogRankDistance", "RankDistanceShare", "SameLanguage")
LEAST_DOSES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """Mean over runs of the macro mean, and the standard deviation over runs (None where there is but one, or no run)."""

    mean: float
    deviation: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmRow:
    """One arm, or chance: a mean for each column of the table; batches as they were really fed, a run's mean."""

    name: str
    note: str
    batches: tuple[float, float] | None
    means: tuple[Mean, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmsTable:
    """All arms on one route, columns of (setting, measure); rows begin with chance and untrained.

    `lexical`: whether the encoder knows nothing but overlap of words before training.
    """

    backbone: str
    lexical: bool
    route: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[ArmRow, ...]
    questions: int
    clusters: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageMap:
    """Mean AP by query language (rows) and candidate language (columns), each pool by itself; of an arm, or of a difference."""

    backbone: str
    route: str
    title: str
    difference: bool
    languages: tuple[str, ...]
    values: tuple[tuple[float | None, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseSeries:
    """One measure over the share of monolingual batches: (share, arm, mean) in order of shares."""

    backbone: str
    route: str
    setting: str
    measure: str
    points: tuple[tuple[float, str, Mean], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """Where a number comes from: one run as it was made. Seconds are CPU seconds; memory is the peak of the process, bytes."""

    key: str
    backbone: str
    arm: str
    seed: int
    batches: tuple[int, int]
    cpu_seconds: float
    peak_memory_bytes: int
    batch_plans: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """All that the runs of a plan gave. `says`: what was run, and what holds of every result; `made_with`: name -> text."""

    reproduction: str
    profile: str
    tier: Tier
    title: str
    says: tuple[str, ...]
    seeds: tuple[int, ...]
    tables: tuple[ArmsTable, ...]
    maps: tuple[LanguageMap, ...]
    doses: tuple[DoseSeries, ...]
    runs: tuple[RunRecord, ...]
    made_with: tuple[tuple[str, str], ...]
    left_out: tuple[str, ...]
    robustness: tuple[Robustness, ...] = ()


def summary(measured: Measured, pairs: Sequence[tuple[str, str]], says: Iterable[str]) -> Experiment:
    """Summarise a plan's results; `pairs` of (arm, rival) are those whose difference is mapped by language."""
    plan = measured.plan
    routes, backbones = plan.design.data.routes, tuple(plan.design.backbones)
    both = [(backbone, route) for backbone in backbones for route in routes]
    trained = {(run.condition.backbone, run.condition.arm): [numbers[0] for numbers in run.condition.trainings]
               for run in plan.runs}
    runs = tuple(_record(backbone, arm, result, trained[backbone, arm])
                 for (backbone, arm), results in measured.results.items() for result in results)
    return Experiment(
        reproduction=plan.reproduction, profile=plan.profile, tier=plan.tier, title=plan.says, says=tuple(says),
        seeds=tuple(sorted({run.seed for run in plan.runs})),
        tables=tuple(_table(measured, backbone, route) for backbone, route in both),
        maps=tuple(each for backbone, route in both for each in _maps(measured, backbone, route, pairs)),
        doses=tuple(each for backbone, route in both for each in _doses(measured, backbone, route)),
        runs=runs, made_with=made_with(measured), left_out=_left_out(measured), robustness=robustness(measured, pairs))


def _columns(measures: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Settings with the measures that have a meaning in them. With one relevant candidate RR is AP, and is not shown twice."""
    made = []
    for setting in Setting:
        for measure in measures:
            across = setting is Setting.MULTILINGUAL
            if across or not (measure.startswith(MULTILINGUAL_ONLY) or measure in ("RR", "Max@R")):
                made.append((setting.value, measure))
    return tuple(made)


def _table(measured: Measured, backbone: str, route: Route) -> ArmsTable:
    own = measured.arms_of(backbone)
    columns = tuple((setting, measure) for setting, measure in _columns(measured.plan.design.measures)
                    if measured.of(backbone, own[0], (measure, setting, route.name)))  # those that have any query
    places = measured.results[backbone, own[0]][0].places
    chances = tuple(Mean(deviation=None, mean=float(np.mean(
        [cell.values.mean() for cell in chance_values(places, parse(measure), setting, route.name)])))
        for setting, measure in columns)
    rows = [ArmRow(name=CHANCE, note="expected of a random order", batches=None, means=chances)]
    arms = {run.condition.arm: run.condition.filling for run in measured.plan.runs}
    for arm in own:
        means = tuple(_mean(measured.of(backbone, arm, (measure, setting, route.name))) for setting, measure in columns)
        rows.append(ArmRow(name=arm, note=arms[arm].note or "", batches=_batches(measured, backbone, arm, route), means=means))
    # queries are those of the pool of all languages; where there is none, those put to the pool of their own
    cells = (measured.of(backbone, own[0], ("AP", Setting.MULTILINGUAL.value, route.name))
             or measured.of(backbone, own[0], ("AP", Setting.MONOLINGUAL.value, route.name)))
    lexical = measured.plan.design.backbones[backbone].encoder == "hashed n-grams"
    return ArmsTable(backbone=backbone, lexical=lexical, route=route.name, columns=columns, rows=tuple(rows),
                     questions=sum(each.cell.values.shape[1] for each in cells),
                     clusters=len({int(code) for each in cells for code in each.cell.clusters}))


def _mean(cells: Sequence[LanguageCell]) -> Mean:
    by_run = np.mean([each.cell.values.mean(axis=1) for each in cells], axis=0)
    return Mean(mean=float(by_run.mean()), deviation=float(by_run.std(ddof=1)) if len(by_run) > 1 else None)


def _batches(measured: Measured, backbone: str, arm: str, route: Route) -> tuple[float, float]:
    """Monolingual and cross-lingual batches as they were fed, a leg's mean."""
    counts = [(leg["batches"]["monolingual"], leg["batches"]["cross-lingual"])
              for result in measured.results[backbone, arm] for leg in _legs(result.record) if leg["route"] == route.name]
    return float(np.mean([each[0] for each in counts])), float(np.mean([each[1] for each in counts]))


def _maps(measured: Measured, backbone: str, route: Route, pairs: Sequence[tuple[str, str]]) -> list[LanguageMap]:
    languages = measured.plan.design.data.evaluated_in(route)

    @cache
    def means(arm: str) -> Mapping[tuple[str, str], float]:
        return {(each.query_language, each.candidate_language): float(each.cell.values.mean())
                for setting in (Setting.MONOLINGUAL, Setting.CROSS_LINGUAL)
                for each in measured.of(backbone, arm, ("AP", setting.value, route.name))}

    def grid(title: str, values: Mapping[tuple[str, str], float], *, difference: bool) -> LanguageMap:
        return LanguageMap(backbone=backbone, route=route.name, title=title, difference=difference, languages=languages,
                           values=tuple(tuple(values.get((query, pool)) for pool in languages) for query in languages))

    pairs = [pair for pair in pairs if set(pair) <= set(measured.arms_of(backbone))]
    arms = dict.fromkeys(arm for pair in pairs for arm in pair)
    return [*(grid(arm, means(arm), difference=False) for arm in arms),
            *(grid(f"{arm} − {rival}", {pair: means(arm)[pair] - means(rival)[pair] for pair in means(arm)}, difference=True)
              for arm, rival in pairs)]


def _doses(measured: Measured, backbone: str, route: Route) -> list[DoseSeries]:
    """Arms that differ in nothing but the share of monolingual batches, where there are more than three of them."""
    shares = {run.condition.arm: _share(run.condition.filling) for run in measured.plan.runs
              if run.condition.backbone == backbone}
    ordered = sorted((share, arm) for arm, share in shares.items() if share is not None)
    if len(ordered) <= LEAST_DOSES:
        return []
    made = []
    for setting, measure in (*((setting.value, "AP") for setting in Setting), (Setting.MULTILINGUAL.value, "RankDistance")):
        if not measured.of(backbone, ordered[0][1], (measure, setting, route.name)):
            continue
        points = tuple((share, arm, _mean(measured.of(backbone, arm, (measure, setting, route.name))))
                       for share, arm in ordered)
        made.append(DoseSeries(backbone=backbone, route=route.name, setting=setting, measure=measure, points=points))
    return made


def _share(arm: Arm) -> float | None:
    if arm.steps_share is not None or arm.order or arm.languages == "per item":
        return None
    return {"monolingual": 1.0, "cross-lingual": 0.0, "hybrid": arm.alpha}.get(arm.sampling)


def _record(backbone: str, arm: str, result: Result, trained: Sequence[int]) -> RunRecord:
    """`trained`: the numbers of the legs that stand for all that were trained as one with them."""
    legs = _legs(result.record)
    own = [legs[number] for number in trained]
    return RunRecord(key=result.key, backbone=backbone, arm=arm, seed=result.seed,
                     batches=(sum(leg["batches"]["monolingual"] for leg in own),
                              sum(leg["batches"]["cross-lingual"] for leg in own)),
                     cpu_seconds=sum(leg["cpu_seconds"] for leg in legs),
                     peak_memory_bytes=max(leg["peak_memory_bytes"] for leg in legs),
                     batch_plans=tuple(leg["batch_plan"] for leg in own))


def _left_out(measured: Measured) -> tuple[str, ...]:
    found = {(leg["route"], name) for results in measured.results.values() for result in results
             for leg in _legs(result.record) for name in leg["left_out"]}
    return tuple(f"{route}: {name}, which the training data hold too" for route, name in sorted(found))


def _legs(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    legs: list[dict[str, Any]] = record["legs"]
    return legs



