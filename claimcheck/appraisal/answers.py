"""The answer to a question about losses, in one paragraph: what was done, what each arm loses, and what follows."""

from collections.abc import Sequence

from claimcheck.appraisal.answered import Answered
from claimcheck.appraisal.attacks import AttackRow, Attacks
from claimcheck.appraisal.losses import Estimated
from claimcheck.appraisal.rerun import RerunFinding
from claimcheck.appraisal.robustness import PANEL_NAME, FamilyRow, Robustness
from claimcheck.appraisal.units import rounded
from claimcheck.finding import Bounds, Comparison
from claimcheck.prediction.rerun import Interaction
from claimcheck.tier import Tier
from claimcheck.verdict import margin_on_logs


def answer(finding: RerunFinding, robustness: Sequence[Robustness], tier: Tier) -> str:
    """The paragraph; empty where the finding is no interaction, or has no comparison that could be answered.

    `robustness`: of the same runs; what it does not hold is not told. `tier`: that of the runs, which says of whom it is told.
    """
    check = finding.prediction.check
    if not isinstance(check, Interaction) or not finding.answered:
        return ""
    told = []
    for backbone, data in dict.fromkeys((dict(each.about)["backbone"], dict(each.about)["data"])
                                        for each in finding.found.comparisons):
        own = [(comparison, one) for comparison, one in zip(finding.found.comparisons, finding.answered, strict=True)
               if (dict(comparison.about)["backbone"], dict(comparison.about)["data"]) == (backbone, data)]
        beside = next((each for each in robustness if (each.backbone, each.route) == (backbone, data)), None)
        told += [_done(check, own[0][0], backbone, data), _lost(check, [each for each, _ in own]),
                 *(_contrast(check, comparison, one) for comparison, one in own), _sum_up(check, [one for _, one in own])]
        if beside is not None:
            told += _besides(check, beside)
    told += [f"Not covered: {'; '.join(finding.found.not_covered)}."] if finding.found.not_covered else []
    if tier is Tier.REDUCED:
        told.append("All this is of the encoder and the data that were run here, and tells nothing of the paper's own.")
    return " ".join(each for each in told if each)


def shown_to_differ(own: Sequence[RerunFinding]) -> tuple[str, ...]:
    """Against whom an arm is shown to lose more, by less than the margin that would count against it."""
    return tuple(f"shown to lose more than {dict(comparison.about)['against']}, if by less than the margin of "
                 f"{each.prediction.check.margin:g}" for each in own
                 for comparison, one in zip(each.found.comparisons, each.answered, strict=False) if one.more and one.same)


def _done(check: Interaction, comparison: Comparison, backbone: str, data: str) -> str:
    return (f"With {backbone} on {data}, {comparison.runs} training runs an arm and {comparison.clusters} articles, queries "
            f"were perturbed by {', '.join(check.perturbations)} at budget {check.budget}.")


def _lost(check: Interaction, comparisons: Sequence[Comparison]) -> str:
    lost = {value.name: f"{value.value:f}" for each in comparisons for value in each.values}
    return f"{check.measure} lost, each language weighing the same: {', '.join(f'{arm} {lost[arm]}' for arm in lost)}."


def _contrast(check: Interaction, comparison: Comparison, one: Answered) -> str:
    logs, rival = comparison.on_logs, dict(comparison.about)["against"]
    assert logs is not None
    way = "less" if comparison.estimate >= 0 else "more"
    margin = margin_on_logs(check.margin, float(logs.level))
    return (f"Against {rival}, {check.arm} loses {abs(comparison.estimate):f} {way} (its advantage "
            f"{_around(comparison.beyond)}); in logs of the share of its clean mean that it keeps, "
            f"{_signed(f'{logs.estimate:f}')} {_around(logs.beyond)} (95 %, other runs and articles; the margins are "
            f"{check.margin:g} and {margin:g}): {_word(one)}.")


def _word(one: Answered) -> str:
    if one.opposed:
        return "it depends on the scale which of the two is more robust"
    if one.less or one.more:
        size = ", by less than the margin" if one.same else ""
        return f"shown on both scales to lose {'less' if one.less else 'more'}{size}"
    if one.same:
        return "no difference as large as the margin on either scale, and none shown"
    return "whether and how they differ is not decided on both scales"


def _sum_up(check: Interaction, own: Sequence[Answered]) -> str:
    """What of it is the same against every rival."""
    if all(each.less for each in own):
        return f"So {check.arm} is more robust to these perturbations than each of them."
    if all(each.more for each in own):
        return f"So {check.arm} is less robust to these perturbations than each of them."
    if all(each.same for each in own):
        return "So robustness to these perturbations changes by less than the margin, on both scales."
    return ""


def _besides(check: Interaction, beside: Robustness) -> list[str]:
    told = []
    headline = next((row for row in beside.rows if row.family == PANEL_NAME), None)
    arms = (check.arm, *check.against)
    if headline is not None:
        told += [_first(headline, arms), _bias(headline, arms)]
    if beside.attacks is not None:
        told.append(_attacked(beside.attacks, arms))
    return told


def _first(row: FamilyRow, arms: Sequence[str]) -> str:
    shares = dict(row.first_lost)
    if not set(arms) <= shares.keys() or row.right is None:
        return ""
    told = ", ".join(f"{arm} {_percent(shares[arm])}" for arm in arms)
    return f"Of the {100 * row.right:.1f} % of queries that all compared arms answer right, first places are lost: {told}."


def _bias(row: FamilyRow, arms: Sequence[str]) -> str:
    grown = {loss.arm: loss.distance for loss in row.losses}
    told = [f"{arm} {_signed(f'{rounded(value, 1):f}')}" for arm in arms if (value := grown.get(arm)) is not None]
    if len(told) < len(arms):
        return ""
    return f"Language bias, as rank distance, changes under noise by (means, without intervals): {', '.join(told)}."


def _attacked(given: Attacks, arms: Sequence[str]) -> str:
    if not set(arms) <= set(given.arms):
        return ""
    own = {(row.attack, row.made_on): row for row in _strongest(given.rows)}
    told = []
    for kind in dict.fromkeys(row.attack for row in given.rows):
        rows = [own[kind, arm] for arm in arms]
        if all(row.success is not None for row in rows):
            shares = ", ".join(f"{row.made_on} {_percent(row.success)}" for row in rows if row.success is not None)
            told.append(f"{kind} ({rows[0].edits} edits at most): {shares}")
    margins = {each.arm: each for each in given.margins}
    clean = ", ".join(f"{arm} {rounded(margins[arm].mean, 3):f}" for arm in arms if arm in margins)
    return (f"Search attacks, each arm attacked by itself on {given.queries:,} queries, take the first place of such queries "
            f"in: {'; '.join(told)}; clean margins of the arms, which make attacks harder, are {clean}." if told else "")


def _strongest(rows: Sequence[AttackRow]) -> list[AttackRow]:
    most = max(row.edits for row in rows)
    return [row for row in rows if row.edits == most and row.made_on == row.put_to]


def _percent(given: Estimated) -> str:
    return f"{rounded(given.value, 1):f} % {_around(given.beyond)}"


def _around(bounds: Bounds) -> str:
    return f"[{bounds.low:f}, {bounds.high:f}]"


def _signed(text: str) -> str:
    return text if text.startswith("-") or not text.strip("0.") else f"+{text}"
