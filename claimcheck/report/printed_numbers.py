"""What the paper prints of the same thing -> its view: beside what runs gave, and apart from every verdict."""

from collections import Counter
from collections.abc import Sequence

from claimcheck.appraisal.print_values import PrintedComparison, PrintedContrast, PrintedStatus, sentence
from claimcheck.report.numbers import ABSENT, interval, printed
from claimcheck.report.rerun_views import NumberView, PrintedNumbersView, PrintedView
from claimcheck.report.wording import exact, sources

_ABSENT = NumberView(printed=ABSENT, value=None)


def printed_numbers(given: Sequence[PrintedComparison], names: Sequence[str]) -> PrintedNumbersView | None:
    """The view of a prediction's comparisons, whose `names` go with them; None where nothing was asked."""
    if not given:
        return None
    counts = Counter(each.status for each in given)
    told = [f"{status} in {counts[status]} of {len(given)}" if len(given) > 1 else str(status)
            for status in PrintedStatus if counts[status]]
    return PrintedNumbersView(
        text=", ".join(told),
        why=tuple(dict.fromkeys(lack.says for each in given for lack in each.lacks)),
        rows=tuple(_row(name, each, contrast) for name, each in zip(names, given, strict=True) for contrast in each.printed),
        says=tuple(dict.fromkeys(sentence(each) for each in given)),
        not_printed=tuple(dict.fromkeys(text for each in given for text in each.not_printed)),
        not_computable=tuple(dict.fromkeys(text for each in given for text in each.not_computable)))


def _row(name: str, comparison: PrintedComparison, given: PrintedContrast) -> PrintedView:
    ratio, sceptical = given.effect_ratio, comparison.sceptical
    bounds = "" if ratio is None or ratio.low.is_infinite() or ratio.high.is_infinite() else (
        f"[{exact(ratio.low, sign=False)}, {exact(ratio.high, sign=False)}]")
    return PrintedView(
        comparison=name, backbone=given.backbone, status=str(comparison.status),
        values=", ".join(f"{each.name} {each.value}" for each in given.values),
        contrast=printed(given.contrast, sign=not given.percent),
        expected=ABSENT if comparison.interval is None else interval(comparison.interval, percent=given.percent).printed,
        effect_ratio=_ABSENT if ratio is None else printed(ratio.value), effect_ratio_bounds=bounds,
        improvement=_ABSENT if given.improvement is None else printed(given.improvement, sign=True),
        sceptical=_ABSENT if sceptical is None else printed(sceptical.p), source=sources(given.sources), notes=given.notes)
