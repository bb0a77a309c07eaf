"""What runs say of a prediction -> its view: how it stands, each comparison, and what it is held against."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from claimcheck import verdict
from claimcheck.appraisal.breakdown import LanguageEffect
from claimcheck.appraisal.print_values import PrintedComparison, words
from claimcheck.appraisal.rerun import RerunFinding
from claimcheck.claim import Scope
from claimcheck.finding import Asked, Comparison, Comparisons, Goal, OnLogs
from claimcheck.prediction import RerunPrediction
from claimcheck.report import rerun_texts as texts
from claimcheck.report.numbers import interval, mean, printed, whole
from claimcheck.report.printed_numbers import printed_numbers
from claimcheck.report.reaches import reach
from claimcheck.report.rerun_views import AlsoView, ComparisonView, LanguageView, NumberView, OnLogsView, RerunView
from claimcheck.report.wording import minus, number, sentence
from claimcheck.verdict import Stand

NOT_JUDGED = "not judged"
"""Stands where runs are no test of a claim: what they gave is shown and nothing follows from it."""
NO_NUMBER = "no number"
"""Of runs or articles that an answer takes, where none that was thought of would do."""
SIGNIFICANT = 0.05
KEY_DIGITS = 12
"""Hexadecimal digits of a run's key that are printed."""


def rerun(finding: RerunFinding, scope: Scope, *, apart: bool = False, answer: str = "") -> RerunView:
    """The view of one prediction. `apart`: the runs are no test of the claim, and it enters no verdict.

    `answer`: what sums it up, in a paragraph.
    """
    found, prediction = finding.found, finding.prediction
    columns = _telling(found.comparisons)
    percent = any(each.percent for each in found.comparisons)
    beside = finding.printed or (None,) * len(found.comparisons)
    rows = tuple(_row(each, columns, None if apart else found.asked, its)
                 for each, its in zip(found.comparisons, beside, strict=True))
    arms, rivals = (list(dict.fromkeys(names)) for names in ((row.arm for row in rows), (row.rival for row in rows)))
    arm, rival = arms[0] if len(arms) == 1 else "arm", rivals[0] if len(rivals) == 1 else "rival"
    losses = any(each.on_logs is not None for each in found.comparisons)
    held = texts.asked_of_losses(found.asked) if losses else texts.asked(found.asked, percent=percent)
    measured = f"loss of {_measure(prediction)}" if losses else _measure(prediction)
    axis = f"{measured}, {rival} minus {arm}" if losses else texts.axis(measured, arm, rival, percent=percent)
    heading = "loses less by" if losses else "reduction, %" if percent else "difference"
    where = texts.where(found.comparisons, columns)
    relevance = "" if apart else _relevant(found, found.asked, finding.stand)
    word = NOT_JUDGED if apart else texts.word(finding.stand, found.asked, percent=percent)
    others = () if apart else finding.also
    languages = tuple(_language(each, rows, found.comparisons) for each in finding.breakdown)
    return RerunView(
        part=finding.atom.says, says=found.asks, reading=prediction.reading.value if prediction.reading else "",
        label=prediction.label, stand=NOT_JUDGED if apart else finding.stand.value, relevance=relevance,
        apart=apart, word=", ".join(filter(None, (word, relevance))),
        printed=texts.short(rows, "" if apart else finding.stand.value, percent=percent), asked=held,
        text=sentence("; ".join(filter(None, ("" if apart else texts.counted(found, rows), held, where)))),
        at_least=printed(found.asked.at_least), margin=printed(found.asked.margin), needed=found.needed,
        unit="percent" if percent else "points", scope=scope.value, goal=found.asked.goal.value,
        columns=columns, where=where, arm_heading=f"{arm} loses" if losses else arm,
        rival_heading=f"{rival} loses" if losses else rival, answer=answer, axis=axis,
        estimate_heading=heading, decides_heading=texts.decides(rows, scope, apart=apart),
        key=texts.key(rows, scope, found.asked, percent=percent, apart=apart), comparisons=rows,
        power="" if apart else sentence(texts.power(found, percent=percent)),
        reach=None if losses else reach(found, axis), languages=languages,
        printed_numbers=printed_numbers(finding.printed, [row.name for row in rows]),
        languages_text=texts.languages(len(languages), sum((each.p.value or 0.0) <= SIGNIFICANT for each in languages)),
        also=tuple(_also(found, asked, stand, percent=percent) for asked, stand in others),
        also_text=texts.also([(asked, stand, _relevant(found, asked, stand)) for asked, stand in others], percent=percent),
        left_out=found.left_out, not_covered=found.not_covered,
        beside=tuple(sentence(minus(text)) for text in found.beside))


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


def _row(comparison: Comparison, columns: Sequence[str], asked: Asked | None,
         beside: PrintedComparison | None) -> ComparisonView:
    """One comparison; with nothing `asked` of it, it is not judged."""
    about = dict(comparison.about)
    arm, rival = comparison.values[0], comparison.values[-1]
    stand = Stand.OPEN if asked is None else verdict.of_comparison(comparison, asked)
    percent = comparison.percent
    estimate, deciding = printed(comparison.estimate, sign=not percent), interval(comparison.deciding, percent=percent)
    told = "not asked" if asked is None or not asked.margin else NO_NUMBER if stand is Stand.OPEN else "decided"
    needed = NumberView(printed=told, value=None)
    return ComparisonView(
        about=tuple(about.get(name, "") for name in columns), told=comparison.about, name=texts.name(about, columns),
        arm=arm.name, rival=rival.name, means=(
            NumberView(printed=number(arm.value, arm.decimals), value=float(arm.value)),
            NumberView(printed=number(rival.value, rival.decimals), value=float(rival.value))),
        estimate=estimate, deciding=deciding, contrary=None if comparison.contrary is None
        else interval(comparison.contrary, percent=percent), printed=f"{estimate.printed}{' %' * percent} {deciding.printed}",
        benchmark=interval(comparison.benchmark, percent=percent), beyond=interval(comparison.beyond, percent=percent),
        on_logs=None if comparison.on_logs is None else _on_logs(comparison.on_logs, asked),
        stand=NOT_JUDGED if asked is None else stand.value, word=NOT_JUDGED if asked is None else texts.STANDS[stand],
        runs=whole(comparison.runs), questions=whole(comparison.questions),
        articles=whole(comparison.clusters),
        detectable=_detectable(comparison.detectable, asked),
        detectable_at_most=_detectable(comparison.detectable_at_most, asked),
        runs_needed=needed if comparison.runs_needed is None or asked is None or stand is not Stand.OPEN
        else whole(comparison.runs_needed),
        articles_needed=_articles(comparison, told),
        printed_numbers="not asked" if beside is None else str(beside.status),
        printed_says="" if beside is None else words(beside),
        source=tuple(key[:KEY_DIGITS] for key in comparison.sources), keys=comparison.sources)


def _on_logs(given: OnLogs, asked: Asked | None) -> OnLogsView:
    margin = None if asked is None else verdict.margin_on_logs(float(asked.margin), float(given.level))
    return OnLogsView(
        estimate=printed(given.estimate, sign=True), deciding=interval(given.deciding, percent=False),
        contrary=None if given.contrary is None else interval(given.contrary, percent=False),
        benchmark=interval(given.benchmark, percent=False), beyond=interval(given.beyond, percent=False),
        margin=mean(margin, verdict.LOG_DECIMALS), level=printed(given.level))


def _articles(comparison: Comparison, told: str) -> NumberView:
    """How many articles an answer takes where no number of runs would do; `told`: whether there is anything to answer."""
    if told != NO_NUMBER:
        return NumberView(printed=told, value=None)
    if comparison.runs_needed is not None:
        return NumberView(printed="as they are", value=None)
    return NumberView(printed=told, value=None) if comparison.articles_needed is None else whole(comparison.articles_needed)


def _detectable(size: Decimal | None, asked: Asked | None) -> NumberView:
    if asked is None or size is None:
        return NumberView(printed="not asked" if asked is None else "not known", value=None)
    return printed(size)


def _language(effect: LanguageEffect, rows: Sequence[ComparisonView], comparisons: Sequence[Comparison]) -> LanguageView:
    """One comparison in one language, in the unit and digits of the whole comparison."""
    row, whole_one = rows[effect.comparison], comparisons[effect.comparison]
    arm, rival = effect.means
    decimals = whole_one.values[0].decimals
    estimate = 100 * (1 - arm / rival) if whole_one.percent and rival else arm - rival
    return LanguageView(
        comparison=row.name, language=effect.language, arm_mean=mean(arm, decimals), rival_mean=mean(rival, decimals),
        estimate=mean(estimate, whole_one.decimals, sign=not whole_one.percent), p=mean(effect.p_adjusted, 4))


def _also(found: Comparisons, asked: Asked, stand: Stand, *, percent: bool) -> AlsoView:
    relevant = _relevant(found, asked, stand)
    return AlsoView(at_least=printed(asked.at_least), margin=printed(asked.margin), stand=stand.value,
                    word=", ".join(filter(None, (texts.word(stand, asked, percent=percent), relevant))))


def _relevant(found: Comparisons, asked: Asked, stand: Stand) -> str:
    """Whether what holds, or speaks against it, is as large as a margin; nothing where none is set or a size was asked for."""
    if stand not in (Stand.FOR, Stand.AGAINST) or not asked.margin or asked.at_least or asked.goal is not Goal.AHEAD:
        return ""
    return texts.relevance(verdict.relevant(replace(found, asked=asked)), stand)


def _measure(prediction: RerunPrediction) -> str:
    return prediction.check.measure
