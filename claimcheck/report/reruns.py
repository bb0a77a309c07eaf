"""What runs say of a prediction -> its view: how it stands, each comparison, and what it is held against."""

from collections.abc import Sequence
from dataclasses import replace

from claimcheck import verdict
from claimcheck.appraisal.rerun import RerunFinding
from claimcheck.claim import Scope
from claimcheck.finding import Asked, Comparison, Comparisons
from claimcheck.prediction import RerunPrediction
from claimcheck.report import rerun_texts as texts
from claimcheck.report.numbers import interval, printed, whole
from claimcheck.report.rerun_views import AlsoView, ComparisonView, NumberView, RerunView
from claimcheck.report.wording import number, sentence
from claimcheck.verdict import LEAST_RUNS, Stand

KEY_DIGITS = 12
"""Hexadecimal digits of a run's key that are printed."""


def rerun(finding: RerunFinding, scope: Scope, *, apart: bool = False) -> RerunView:
    """The view of one prediction. `apart`: the runs are no test of the claim, and it enters no verdict."""
    found, prediction = finding.found, finding.prediction
    columns = _telling(found.comparisons)
    percent = any(each.percent for each in found.comparisons)
    rows = tuple(_row(each, columns, found.asked) for each in found.comparisons)
    arms, rivals = (list(dict.fromkeys(names)) for names in ((row.arm for row in rows), (row.rival for row in rows)))
    arm, rival = arms[0] if len(arms) == 1 else "arm", rivals[0] if len(rivals) == 1 else "rival"
    held = texts.asked(found.asked, percent=percent)
    where = texts.where(found.comparisons, columns)
    relevance = _relevant(found, found.asked, finding.stand)
    return RerunView(
        part=finding.atom.says, says=found.asks, reading=prediction.reading.value if prediction.reading else "",
        label=prediction.label, stand=finding.stand.value, relevance=relevance, apart=apart,
        word=", ".join(filter(None, (texts.word(finding.stand, found.asked, percent=percent), relevance))),
        printed=texts.short(rows, percent=percent), asked=held,
        text=sentence("; ".join(filter(None, (texts.counted(found, rows), held, where)))),
        at_least=printed(found.asked.at_least), margin=printed(found.asked.margin), needed=found.needed,
        unit="percent" if percent else "points", scope=scope.value,
        columns=columns, where=where, arm_heading=arm, rival_heading=rival,
        estimate_heading="reduction, %" if percent else "difference", decides_heading=texts.decides(rows, scope),
        axis=texts.axis(_measure(prediction), arm, rival, percent=percent),
        key=texts.key(rows, scope, found.asked, percent=percent), comparisons=rows,
        also=tuple(_also(found, asked, stand, percent=percent) for asked, stand in finding.also),
        also_text=texts.also([(asked, stand, _relevant(found, asked, stand)) for asked, stand in finding.also],
                             percent=percent),
        left_out=found.left_out, not_covered=found.not_covered)


def first_table(view: RerunView) -> str:
    """The line of a prediction in the first table: its name, where it has one, and what it gave."""
    name = view.label or view.reading
    if not name and view.unit == "percent" and view.at_least.value:
        return f"at least {view.at_least.printed} %: {view.printed.removeprefix('reduction ')}"
    return f"{name}: {view.printed}" if name else view.printed


def _telling(comparisons: Sequence[Comparison]) -> tuple[str, ...]:
    """What comparisons are about wherever they differ in it; of a single one, whom it is against."""
    names = tuple(dict.fromkeys(name for each in comparisons for name, _ in each.about))
    different = {name: {dict(each.about).get(name) for each in comparisons} for name in names}
    return tuple(name for name in names if len(different[name]) > 1) or names[-1:]


def _row(comparison: Comparison, columns: Sequence[str], asked: Asked) -> ComparisonView:
    about = dict(comparison.about)
    arm, rival = comparison.values[0], comparison.values[-1]
    stand = verdict.of_bounds(comparison.deciding, asked) if comparison.runs >= LEAST_RUNS else Stand.OPEN
    percent = comparison.percent
    estimate, deciding = printed(comparison.estimate, sign=not percent), interval(comparison.deciding, percent=percent)
    needed = NumberView(printed="no number" if asked.margin or asked.at_least else "not asked", value=None)
    return ComparisonView(
        about=tuple(about.get(name, "") for name in columns), told=comparison.about, name=texts.name(about, columns),
        arm=arm.name, rival=rival.name, means=(
            NumberView(printed=number(arm.value, arm.decimals), value=float(arm.value)),
            NumberView(printed=number(rival.value, rival.decimals), value=float(rival.value))),
        estimate=estimate, deciding=deciding, printed=f"{estimate.printed}{' %' * percent} {deciding.printed}",
        benchmark=interval(comparison.benchmark, percent=percent), beyond=interval(comparison.beyond, percent=percent),
        stand=stand.value, word=texts.STANDS[stand], runs=whole(comparison.runs), questions=whole(comparison.questions),
        articles=whole(comparison.clusters),
        detectable=NumberView(printed="not known", value=None) if comparison.detectable is None
        else printed(comparison.detectable),
        runs_needed=needed if comparison.runs_needed is None else whole(comparison.runs_needed),
        source=tuple(key[:KEY_DIGITS] for key in comparison.sources), keys=comparison.sources)


def _also(found: Comparisons, asked: Asked, stand: Stand, *, percent: bool) -> AlsoView:
    relevant = _relevant(found, asked, stand)
    return AlsoView(at_least=printed(asked.at_least), margin=printed(asked.margin), stand=stand.value,
                    word=", ".join(filter(None, (texts.word(stand, asked, percent=percent), relevant))))


def _relevant(found: Comparisons, asked: Asked, stand: Stand) -> str:
    """Whether what holds exceeds a margin too; nothing where it does not hold, no margin is set, or a size was asked for."""
    if stand is not Stand.FOR or not asked.margin or asked.at_least:
        return ""
    return texts.relevance(verdict.relevant(replace(found, asked=asked)))


def _measure(prediction: RerunPrediction) -> str:
    check = prediction.difference or prediction.reduction or prediction.languages_ahead or prediction.interaction
    return check.measure if check is not None else ""
