"""What runs found, in words: why a tier says what it says, and what an answer would cost where there is none."""

from collections.abc import Sequence

from claimcheck import verdict
from claimcheck.appraisal.measured import Measured
from claimcheck.appraisal.rerun import AMPLE_RUNS, RerunFinding
from claimcheck.claim import Atom
from claimcheck.finding import Comparison, Goal
from claimcheck.verdict import LEAST_RUNS, Stand, TierWord

_STANDS = {Stand.FOR: "holds", Stand.AGAINST: "contradicted", Stand.NEGLIGIBLE: "at most a negligible lead",
           Stand.OPEN: "not decided", Stand.IN_PART: "holds in part",
           Stand.SCALE_DEPENDENT: "the two scales contradict each other"}
_NAMED = {Stand.AGAINST: "against it", Stand.NEGLIGIBLE: "no lead as large as the margin", Stand.OPEN: "open",
          Stand.SCALE_DEPENDENT: "one way on the absolute scale, the other way on that of logs"}
_TELL = {Goal.AHEAD: "an effect of {}", Goal.NO_WORSE: "that no {} is lost, if nothing is",
         Goal.EQUAL: "that they differ by less than {}, if they do not differ"}
MOST_NAMED = 4


def why(parts: Sequence[tuple[Atom, Stand]], findings: Sequence[RerunFinding], untested: int) -> str:
    """Which comparisons decide, by name, part by part."""
    told = []
    for atom, stand in parts:
        own = [each for each in findings if each.atom is atom]
        name = f"{atom.says}: " if len(parts) > 1 else ""
        told.append(name + _STANDS[stand] + _at_margin(own, stand) + _because(own))
    if untested:
        told.append(f"{untested} of {len(parts) + untested} parts not measured")
    return "; ".join(told)


def _at_margin(own: Sequence[RerunFinding], stand: Stand) -> str:
    """At which margin something holds that only has to hold within one: as it stands it may well be less than the word says."""
    margins = {each.found.asked.margin for each in own}
    if stand is not Stand.FOR or len(margins) != 1 or any(each.found.asked.goal is Goal.AHEAD for each in own):
        return ""
    return f" at a margin of {margins.pop():g}"


def _because(own: Sequence[RerunFinding]) -> str:
    """How each comparison came out, those that stop the claim by name."""
    few = [each for each in own for comparison in each.found.comparisons if comparison.runs < LEAST_RUNS]
    missing = list(dict.fromkeys(text for each in own for text in each.found.left_out))
    if few:
        return f" (fewer than {LEAST_RUNS} runs an arm decide nothing)"
    texts = []
    for stand, word in _NAMED.items():
        named = list(dict.fromkeys(f"{each.prediction.label + ': ' if each.prediction.label else ''}{about(comparison)}"
                                   for each in own for comparison in each.found.comparisons
                                   if verdict.of_comparison(comparison, each.found.asked) is stand))
        if named:
            more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
            texts.append(f"{word}: {', '.join(named[:MOST_NAMED])}{more}")
    texts += [f"left out: {', '.join(missing)}"] if missing else []
    return f" ({'; '.join(texts)})" if texts else ""


def about(comparison: Comparison) -> str:
    """A comparison in few words."""
    told = dict(comparison.about)
    where = [told[name] for name in ("data", "setting", "language") if told.get(name, "mean") != "mean"]
    return f"against {told['against']}{' in ' * bool(where)}{', '.join(where)}"


def price(findings: Sequence[RerunFinding], measured: Measured, word: TierWord) -> str:
    """What would settle it: how many runs, and what they cost here; or that no number of runs would."""
    if word is not TierWord.INCONCLUSIVE:
        return ""
    open_ones = [(each, comparison) for each in findings for comparison in each.found.comparisons
                 if verdict.of_comparison(comparison, each.found.asked) is Stand.OPEN]
    needed = [comparison.runs_needed for _, comparison in open_ones]
    if not open_ones:
        return ""
    if any(comparison.runs < LEAST_RUNS for _, comparison in open_ones):
        return f"at least {LEAST_RUNS} runs an arm are needed: set `seeds` in the profile"
    if not all(each.found.asked.margin for each, _ in open_ones):
        return "no smallest effect of interest is set (`margin: 0`), so no number of runs can be named"
    if any(each is None for each in needed):
        return _in_articles([comparison for _, comparison in open_ones if comparison.runs_needed is None])
    runs = min(comparison.runs for _, comparison in open_ones)
    most = max(*(each for each in needed if each is not None), runs + 1)
    seeds = sorted({run.seed for run in measured.plan.runs})
    spent = sum(result.cpu_seconds for results in measured.results.values() for result in results) / len(seeds)
    return (f"about {most} runs an arm, where there are {runs}, tell {_size(open_ones)} in 4 of 5 cases, one "
            f"comparison at a time. That is an order of magnitude: {runs} runs tell little of their own spread. All arms take "
            f"about {_duration(spent * most)} of CPU here for so many. Decide by runs that were not looked at: set "
            f"`seeds: {most}` and start with `--seed {max(seeds) + 1}`; each look has a level of error of its own")


def _in_articles(never: Sequence[Comparison]) -> str:
    """What it takes where no number of runs decides it."""
    articles, runs = [each.articles_needed for each in never], max(AMPLE_RUNS, *(each.runs for each in never))
    lead = "no number of training runs decides it on these articles"
    if any(each is None for each in articles):
        return f"{lead}, and with {runs} runs a thousand times as many would not: the runs differ too much among themselves"
    most = max(each for each in articles if each is not None)
    return (f"{lead}: about {most:,} like these would, with {runs} runs an arm, where there are {never[0].clusters} (another "
            "split, folds, or another data set)")


def _size(open_ones: Sequence[tuple[RerunFinding, Comparison]]) -> str:
    sizes = dict.fromkeys(_TELL[each.found.asked.goal].format(
        f"{each.found.asked.margin:g} % of {each.prediction.check.measure}" if comparison.percent
        else f"{each.found.asked.margin:g} {each.prediction.check.measure}") for each, comparison in open_ones)
    return " or ".join(sizes)


def _duration(seconds: float) -> str:
    for size, name in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name}"
    return f"{seconds:.0f} seconds"
