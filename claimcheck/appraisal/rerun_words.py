"""What runs found, in words: why a tier says what it says, and what an answer would cost where there is none."""

from collections.abc import Sequence

from claimcheck import verdict
from claimcheck.appraisal.measured import Measured
from claimcheck.appraisal.rerun import RerunFinding
from claimcheck.claim import Atom
from claimcheck.finding import Asked, Comparison
from claimcheck.verdict import LEAST_RUNS, Stand, TierWord

_STANDS = {Stand.FOR: "holds", Stand.AGAINST: "contradicted", Stand.NEGLIGIBLE: "negligible at the margin",
           Stand.OPEN: "not decided", Stand.IN_PART: "holds in part"}
MOST_NAMED = 4


def why(parts: Sequence[tuple[Atom, Stand]], findings: Sequence[RerunFinding], untested: int) -> str:
    """Which comparisons decide, by name, part by part."""
    told = []
    for atom, stand in parts:
        own = [each for each in findings if each.atom is atom]
        name = f"{atom.says}: " if len(parts) > 1 else ""
        told.append(name + _STANDS[stand] + _because(own))
    if untested:
        told.append(f"{untested} of {len(parts) + untested} parts not measured")
    return "; ".join(told)


def _because(own: Sequence[RerunFinding]) -> str:
    """How each comparison came out, those that stop the claim by name."""
    few = [each for each in own for comparison in each.found.comparisons if comparison.runs < LEAST_RUNS]
    if few:
        return f" (fewer than {LEAST_RUNS} runs an arm decide nothing)"
    texts = []
    for stand, word in ((Stand.AGAINST, "against it"), (Stand.NEGLIGIBLE, "negligible"), (Stand.OPEN, "open")):
        named = list(dict.fromkeys(f"{each.prediction.label + ': ' if each.prediction.label else ''}{about(comparison)}"
                                   for each in own for comparison in each.found.comparisons
                                   if verdict.of_bounds(comparison.deciding, each.found.asked) is stand))
        if named:
            more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
            texts.append(f"{word}: {', '.join(named[:MOST_NAMED])}{more}")
    return f" ({'; '.join(texts)})" if texts else ""


def about(comparison: Comparison) -> str:
    """A comparison in few words."""
    told = dict(comparison.about)
    return " ".join(["against", told["against"], *(f"in {told[name]}" for name in ("setting", "language") if name in told
                                                   and told[name] != "mean")])


def price(findings: Sequence[RerunFinding], measured: Measured, word: TierWord) -> str:
    """What would settle it: how many runs, and what they cost here; or that no number of runs would."""
    if word is not TierWord.INCONCLUSIVE:
        return ""
    open_ones = [(each.found.asked, comparison) for each in findings for comparison in each.found.comparisons
                 if verdict.of_bounds(comparison.deciding, each.found.asked) is Stand.OPEN]
    if not open_ones:
        return ""
    needed = [comparison.runs_needed for _, comparison in open_ones]
    runs = min(comparison.runs for _, comparison in open_ones)
    if any(each is None for each in needed):
        return "no number of training runs decides it on these articles: more articles are needed (another split, or folds)"
    most = max(*(each for each in needed if each is not None), runs + 1)
    arms = {name for _, comparison in open_ones for value in comparison.values for name in [value.name]}
    seconds = sum(cpu_seconds(measured, arm) for arm in arms) * (most - runs)
    return (f"about {most} runs an arm instead of {runs} would find an effect of {_size(open_ones)} in 4 of 5 cases; the "
            f"further ones cost about {_duration(seconds)} of CPU here. Set `seeds` in the profile")


def cpu_seconds(measured: Measured, arm: str) -> float:
    """CPU seconds of a run of an arm, mean over the runs that stand."""
    spent = [result.cpu_seconds for (_, name), results in measured.results.items() if name == arm for result in results]
    return sum(spent) / len(spent) if spent else 0.0


def _size(open_ones: Sequence[tuple[Asked, Comparison]]) -> str:
    sizes = dict.fromkeys(f"{asked.margin or asked.at_least} {'%' if comparison.percent else 'points'}"
                          for asked, comparison in open_ones)
    return " or ".join(sizes)


def _duration(seconds: float) -> str:
    for size, name in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name}"
    return f"{seconds:.0f} seconds"
