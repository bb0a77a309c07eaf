"""How what runs found is put into words."""

from collections import Counter
from collections.abc import Mapping, Sequence

from claimcheck.appraisal.rerun import AMPLE_RUNS
from claimcheck.claim import Scope
from claimcheck.finding import Asked, Comparison, Comparisons, Goal
from claimcheck.report.rerun_views import ComparisonView
from claimcheck.report.wording import exact, percent_of
from claimcheck.verdict import LEAST_RUNS, Stand

STANDS = {Stand.FOR: "supports", Stand.AGAINST: "contradicts", Stand.NEGLIGIBLE: "lead negligible", Stand.OPEN: "not decided",
          Stand.SCALE_DEPENDENT: "scale-dependent", Stand.IN_PART: "supports in part"}
MOST_NAMED = 3
UNBROKEN = "\N{NO-BREAK SPACE}"
_DECIDES = {Scope.BENCHMARK: "this benchmark", Scope.BEYOND: "fresh articles too"}
_DRAWN = {Scope.BENCHMARK: "this benchmark, a fresh training run", Scope.BEYOND: "a fresh training run and fresh articles"}


def _size(value: object, *, percent: bool) -> str:
    return f"{value} %" if percent else str(value)


def word(stand: Stand, asked: Asked, *, percent: bool) -> str:
    """How a prediction stands; what is negligible is so at a margin."""
    if stand is not Stand.NEGLIGIBLE:
        return STANDS[stand]
    return f"lead negligible at margin {_size(exact(asked.margin, sign=False), percent=percent)}"


def relevance(relevant: bool | None, stand: Stand) -> str:
    """Whether what holds, or speaks against it, is more than the margin."""
    if stand is Stand.AGAINST:
        return {True: "by more than the margin", False: "by less than the margin", None: ""}[relevant]
    return {True: "relevant", False: "not relevant", None: "relevance undecided"}[relevant]


def name(about: Mapping[str, str], columns: Sequence[str]) -> str:
    """A comparison in few words, by what tells it from its neighbours."""
    told = [f"vs {about[each]}" if each == "against" else about[each] for each in columns if about.get(each)]
    return ", ".join(told)


def short(rows: Sequence[ComparisonView], stand: str, *, percent: bool) -> str:
    """A prediction in about forty characters: one comparison with its bounds, a few by name, many counted.

    Where some keep it from holding, those are told and the others are not.
    """
    if not rows:
        return "nothing could be compared"
    deciding = [row for row in rows if row.stand == stand] if stand != Stand.FOR else []
    if 0 < len(deciding) < len(rows) <= MOST_NAMED:
        return ", ".join(f"{row.name} {row.printed}" for row in deciding)
    unit = " %" if percent else ""
    if len(rows) == 1:
        lead = "reduction " if percent else ""
        return f"{lead}{rows[0].printed}"
    if len(rows) <= MOST_NAMED:
        return ", ".join(f"{row.name} {row.estimate.printed}{unit}" for row in rows)
    return _counted(rows) or f"{len(rows)} comparisons"


def _counted(rows: Sequence[ComparisonView]) -> str:
    counts = Counter(row.word for row in rows)
    told = [(each, counts[each]) for each in STANDS.values() if counts[each]]
    return ", ".join(f"{each} in {count}{f' of {len(rows)}' if number == 0 else ''}"
                     for number, (each, count) in enumerate(told))


def counted(found: Comparisons, rows: Sequence[ComparisonView]) -> str:
    """How a few comparisons speak, and how many would have to."""
    told = [_counted(rows)] if 1 < len(rows) <= MOST_NAMED else []
    if len(rows) > 1:
        told.append("all must hold" if found.needed is None else f"at least {found.needed} must hold")
    if any(each.runs < LEAST_RUNS for each in found.comparisons):
        told.append(f"fewer than {LEAST_RUNS} runs an arm decide nothing")
    return "; ".join(told)


def asked_of_losses(held: Asked) -> str:
    """What a comparison of losses is held against, on both scales."""
    margin = exact(held.margin, sign=False)
    what = {Goal.NO_WORSE: f"that it does not lose more by {margin} or more", Goal.AHEAD: "that it loses less",
            Goal.EQUAL: f"that what it loses differs by less than {margin}, either way"}[held.goal]
    return f"asked: {what}, in points and in logs of what is kept, which must agree"


def asked(held: Asked, *, percent: bool) -> str:
    """What a comparison is held against."""
    least, margin = (_size(exact(each, sign=False), percent=percent) for each in (held.at_least, held.margin))
    if held.goal is Goal.EQUAL:
        return f"asked: a difference of less than {margin}, either way"
    if held.goal is Goal.NO_WORSE:
        return f"asked: no loss of {margin} or more"
    what = "a reduction" if percent else "a difference"
    if held.at_least:
        return f"asked: {what} of more than {least}"
    return f"asked: {what} above {_size(0, percent=percent)}" + (f"; less than {margin} is negligible" if held.margin else "")


def also(others: Sequence[tuple[Asked, Stand, str]], *, percent: bool) -> str:
    """How it stands where other reductions, in percent, or other margins, in points, are asked for."""
    told: list[str] = []
    for other, stand, relevant in others:
        size, margin = (_size(exact(each, sign=False), percent=percent) for each in (other.at_least, other.margin))
        if percent:
            lead = f"{'of' if told else 'a reduction of'} more than {size}"
        else:
            lead = margin if told else f"at margin {margin}"
        told.append(f"{lead}: {', '.join(filter(None, (STANDS[stand], relevant)))}")
    return "; ".join(told)


def reach(found: Comparisons, low: str, high: str, *, percent: bool, reversed_: bool,
          lossless: bool) -> str:
    """What the deciding bounds say of other sizes than what was asked for; `low` is empty where nothing is supported.

    `reversed_`: the high bound lies below zero, so that the contrary of what is claimed is supported. `lossless`: the low one
    does not, so that there is no loss.
    """
    unit = " %" if percent else ""
    match found.asked.goal:
        case Goal.EQUAL:
            return f"the smallest margin at which they count as equal: {high}{unit}" if high else "no margin makes them equal"
        case Goal.NO_WORSE if lossless:
            return "any loss is excluded"
        case Goal.NO_WORSE:
            return f"the smallest loss that is excluded: {high}{unit}" if high else "no loss is excluded"
        case _:
            if low:
                most = f"; {high}{unit} or more is excluded" if high else ""
                return f"the largest size that is still supported: {low}{unit}{most}"
            if reversed_:
                return "no size above zero is supported, and any is excluded"
            below = f"margins from {high}{unit} on make it negligible" if high else "no margin makes it negligible"
            return f"no size above zero is supported; {below}"


_OF_REACH = {Goal.AHEAD: ("more than this size is supported", "from this margin on it is negligible"),
             Goal.NO_WORSE: ("the effect is above this", "the smallest loss that is excluded"),
             Goal.EQUAL: ("the effect is above this", "the smallest margin at which they count as equal")}


def reach_key(held: Asked) -> str:
    """How the figure of the sizes at other levels is read."""
    left, right = _OF_REACH[held.goal]
    return (f"Left line, filled: at this one-sided confidence (upright) {left}. Right line: {right}. Each level stands by "
            "itself and is not adjusted for other claims")


def languages(effects: int, significant: int) -> str:
    """In how many languages of a breakdown there is a difference, after adjusting for all of them."""
    return (f"by query language: a difference in {significant} of {effects} at 5 %, adjusted for all of them (max-T, signs of "
            "articles flipped); exploratory, and conditional on these runs")


def power(found: Comparisons, *, percent: bool) -> str:
    """What the least sensitive comparison would have shown, and what it would take to see the margin there."""
    known = [each for each in found.comparisons if each.detectable is not None]
    if not known or len(known) < len(found.comparisons) or found.comparisons[0].runs < LEAST_RUNS:
        return ""
    worst = max(known, key=lambda each: each.detectable or 0)
    assert worst.detectable is not None
    size = _size(exact(worst.detectable, sign=False), percent=percent)
    most = "" if worst.detectable_at_most is None else (
        f" (up to {_size(exact(worst.detectable_at_most, sign=False), percent=percent)}, if runs differ as much as the upper "
        "80 % limit of their spread)")
    equal = found.asked.goal is Goal.EQUAL
    subject = "the margin that no difference at all keeps within" if equal else "the effect that is seen"
    told = f"with {worst.runs} runs an arm {subject} in 4 of 5 cases is {size}{most}"
    if not found.asked.margin:
        return told
    margin = _size(exact(found.asked.margin, sign=False), percent=percent)
    more_than = " more than is asked for" if found.asked.at_least else ""
    needed = [each.runs_needed for each in found.comparisons]
    if all(each is not None for each in needed):
        return f"{told}; {max(each or 0 for each in needed)} runs would do for {margin}{more_than}"
    articles = [each.articles_needed for each in found.comparisons if each.runs_needed is None]
    more = (f"about {max(each or 0 for each in articles)} articles with {max(AMPLE_RUNS, worst.runs)} runs would"
            if all(each is not None for each in articles) else "neither would a thousand times as many with 10 runs")
    return f"{told}; for {margin}{more_than} no number of runs would do on these {worst.clusters} articles, {more}"


def where(comparisons: Sequence[Comparison], columns: Sequence[str]) -> str:
    """What all comparisons share and no column tells."""
    shared = {key: value for each in comparisons[:1] for key, value in each.about if key not in columns and key != "against"}
    told = [value for key, value in shared.items() if value != "mean"]
    if "mean" in shared.values():
        told.append("on average over data sets and settings")
    return ", ".join(told)


def _levels(rows: Sequence[ComparisonView]) -> str:
    told = []
    for low, high in dict.fromkeys((row.deciding.low_level, row.deciding.high_level) for row in rows):
        told.append(f"{100 - 200 * low:.4g} %" if low == high else f"one-sided {percent_of(low)} % and {percent_of(high)} %")
    return " or ".join(told)


def decides(rows: Sequence[ComparisonView], scope: Scope, *, apart: bool) -> str:
    """The heading over the bounds that decide, or would if the runs were a test."""
    return f"{'decides nothing' if apart else 'decides'} ({_levels(rows)}, {_DECIDES[scope]})"


def axis(measure: str, arm: str, rival: str, *, percent: bool) -> str:
    """What the figure's axis measures."""
    return f"{measure}, by how many % lower with {arm}" if percent else f"{measure}, {arm} minus {rival}"


def key(rows: Sequence[ComparisonView], scope: Scope, held: Asked, *, percent: bool, apart: bool) -> str:
    """How the figure is read."""
    least, margin = (_size(exact(each, sign=False), percent=percent) for each in (held.at_least, held.margin))
    upright = f"dotted, the {least} asked for" if held.at_least else f"dotted, the margin of {margin}" if held.margin else ""
    shared = ("; the levels share 5 % among the claims that are tested (Holm), and against a claim also among all that it "
              "compares")
    bar = "95 %, and decides nothing" if apart else f"what decides ({_levels(rows)}: {_DRAWN[scope]}{shared})"
    told = (f"How to read it: thick bar, {bar}; thin line above, E1: 95 %, this "
            "benchmark, a fresh training run; broken line below, E2: 95 %, fresh articles too. Upright: broken, zero"
            f"{'; ' + upright if upright else ''}. The 95 % intervals are not adjusted for other claims.")
    return told.replace(" %", f"{UNBROKEN}%")
