"""An experiment -> its view: the arms' tables, dose series and runs, every digit decided."""

from collections.abc import Sequence

from claimcheck.appraisal.summary import ArmRow, ArmsTable, DoseSeries, Experiment, Mean, RunRecord
from claimcheck.appraisal.units import decimals_of
from claimcheck.plan import CHANCE, UNTRAINED
from claimcheck.report.map_views import maps
from claimcheck.report.numbers import mean, whole
from claimcheck.report.rerun_views import NumberView
from claimcheck.report.reruns import KEY_DIGITS
from claimcheck.report.robustness import robustness
from claimcheck.report.run_views import ArmsView, ArmView, DosePointView, DoseView, ExperimentView, MeanView, RunView

MEGABYTE = 1_000_000


def experiment(given: Experiment) -> ExperimentView:
    """The view of all that the runs of one profile gave."""
    return ExperimentView(
        reproduction=given.reproduction, profile=given.profile, tier=given.tier.value, title=given.title, says=given.says,
        seeds=given.seeds, seeds_text=_seeds(given.seeds), tables=tuple(_table(each) for each in given.tables),
        maps=maps(given.maps), doses=tuple(_dose(each) for each in given.doses),
        runs=tuple(_run(each) for each in given.runs), spent=_spent(given.runs), made_with=given.made_with,
        left_out=given.left_out, robustness=tuple(robustness(each) for each in given.robustness))


def _seeds(seeds: Sequence[int]) -> str:
    return f"{len(seeds)} training run{'s' * (len(seeds) != 1)} an arm, seed{'s' * (len(seeds) != 1)} " + ", ".join(
        str(seed) for seed in seeds)


def _mean(given: Mean, measure: str) -> MeanView:
    decimals = decimals_of(measure)
    return MeanView(mean=mean(given.mean, decimals),
                    deviation=None if given.deviation is None else mean(given.deviation, decimals))


def _table(table: ArmsTable) -> ArmsView:
    groups: list[tuple[str, int]] = []
    for setting, _ in table.columns:
        if groups and groups[-1][0] == setting:
            groups[-1] = (setting, groups[-1][1] + 1)
        else:
            groups.append((setting, 1))
    measures = tuple(measure for _, measure in table.columns)
    return ArmsView(
        backbone=table.backbone, route=table.route, groups=tuple(groups), measures=measures, questions=table.questions,
        articles=table.clusters, notes=tuple(_notes(table)), rows=tuple(_arm(row, measures) for row in table.rows),
        title=f"{table.backbone} on {table.route}: {table.questions:,} queries (a question in a language)"
              + (f" from {table.clusters:,} articles" if table.clusters < table.questions else ", each a unit of its own"))


def _arm(row: ArmRow, measures: Sequence[str]) -> ArmView:
    batches = () if row.batches is None else tuple(mean(each, 0 if each == int(each) else 1) for each in row.batches)
    return ArmView(name=row.name, note=row.note, batches=batches, kind=row.name if row.name in (CHANCE, UNTRAINED) else "arm",
                   means=tuple(_mean(each, measure) for each, measure in zip(row.means, measures, strict=True)))


def _notes(table: ArmsTable) -> list[str]:
    """How two measures that are easily misread are to be read, with this table's own numbers."""
    notes = []
    distance, alone = (_column(table, column) for column in (("multilingual", "RankDistance"), ("monolingual", "AP")))
    if CHANCE in distance:
        before = f", the untrained encoder {distance[UNTRAINED].mean.printed}" if UNTRAINED in distance else ""
        notes.append("Rank distance is not 0 for a model that knows nothing: a random order gives "
                     f"{distance[CHANCE].mean.printed}{before}. Read it against these two rows.")
    trained = [each for name, each in alone.items() if name not in (CHANCE, UNTRAINED) and each.mean.value is not None]
    if UNTRAINED in alone and trained:
        low, high = (pick(trained, key=lambda each: each.mean.value or 0.0) for pick in (min, max))
        if (alone[UNTRAINED].mean.value or 0.0) >= 0.5 * (high.mean.value or 0.0):
            lost = (alone[UNTRAINED].mean.value or 0.0) > (high.mean.value or 0.0)
            what = "lexical overlap that is there" if table.lexical else "there"
            notes.append(f"Monolingual AP is mostly {what} before training: {UNTRAINED} "
                         f"{alone[UNTRAINED].mean.printed}, trained arms {low.mean.printed} to {high.mean.printed}"
                         f"{'. Training lowered it in every arm' if lost else ''}.")
    return notes


def _column(table: ArmsTable, column: tuple[str, str]) -> dict[str, MeanView]:
    if column not in table.columns:
        return {}
    place = table.columns.index(column)
    return {row.name: _mean(row.means[place], column[1]) for row in table.rows}


def _dose(series: DoseSeries) -> DoseView:
    points = tuple(DosePointView(share=NumberView(printed=f"{share:g}", value=share), arm=arm,
                                 mean=_mean(given, series.measure)) for share, arm, given in series.points)
    return DoseView(backbone=series.backbone, route=series.route, setting=series.setting, measure=series.measure, points=points,
                    title=f"{series.setting} {series.measure}, {series.backbone} on {series.route}")


def _run(record: RunRecord) -> RunView:
    return RunView(
        key=record.key, short=record.key[:KEY_DIGITS], backbone=record.backbone, arm=record.arm, seed=record.seed,
        batches=(whole(record.batches[0]), whole(record.batches[1])), cpu_seconds=mean(record.cpu_seconds, 1),
        peak_memory=NumberView(printed=f"{record.peak_memory_bytes / MEGABYTE:,.0f}", value=record.peak_memory_bytes),
        batch_plans=record.batch_plans)


def _spent(runs: Sequence[RunRecord]) -> str:
    """What the runs cost in all."""
    if not runs:
        return "no runs"
    seconds, memory = sum(run.cpu_seconds for run in runs), max(run.peak_memory_bytes for run in runs)
    sizes = ((3600, "hours"), (60, "minutes"), (1, "seconds"))
    size, unit = next(((size, unit) for size, unit in sizes if seconds >= 2 * size), sizes[-1])
    return (f"{len(runs)} run{'s' * (len(runs) != 1)}, {seconds / size:.1f} {unit} of CPU in all, "
            f"at most {memory / MEGABYTE:,.0f} MB of memory each")
