"""What an interaction says of each rival, beyond what was predicted: do they differ, which way, and by less than the margin?

Two questions of each rival, each answered only where both scales bear it out; Holm's procedure joins all of them at the level
of the claim. "They differ" is two-sided.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from claimcheck.appraisal.contrast import Contrast, OnLogs, Raw
from claimcheck.stats.effect import Effect, Estimand, p_above, p_below
from claimcheck.stats.families import holm_levels
from claimcheck.verdict import LEAST_RUNS, margin_on_logs


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """Of one comparison: the arm is shown to lose `less` or `more`, on both scales; by less than the margin (`same`).

    `opposed`: shown to lose less on one scale and more on the other.
    """

    less: bool
    more: bool
    same: bool
    opposed: bool


def answered(contrast: Contrast, estimand: Estimand, alpha: float) -> tuple[Answered, ...]:
    """One for each comparison; nothing where one has too few runs, or is no interaction."""
    scales = [(raw, there) for raw in contrast.raws if (there := raw.on_logs) is not None and raw.effect.runs >= LEAST_RUNS]
    if len(scales) < len(contrast.raws):
        return ()
    p: dict[str, float] = {}
    for number, (raw, there) in enumerate(scales):
        both = (raw.effect, there.effect)
        p[f"{number} differs"] = min(1.0, 2 * min(_all_above(both, estimand), _all_below(both, estimand)))
        p[f"{number} same"] = _same(contrast.margin, raw, there, estimand)
    levels = holm_levels(p, alpha)
    return tuple(_one(raw, there, estimand, p, levels, number) for number, (raw, there) in enumerate(scales))


def _one(raw: Raw, there: OnLogs, estimand: Estimand, p: dict[str, float], levels: dict[str, float], number: int) -> Answered:
    name = f"{number} differs"
    differs, half = p[name] <= levels[name], levels[name] / 2
    above = [p_above(each, estimand, 0.0) <= half for each in (raw.effect, there.effect)]
    below = [p_below(each, estimand, 0.0) <= half for each in (raw.effect, there.effect)]
    return Answered(less=differs and all(above), more=differs and all(below),
                    same=p[f"{number} same"] <= levels[f"{number} same"],
                    opposed=(above[0] and below[1]) or (below[0] and above[1]))


def _all_above(effects: Sequence[Effect], estimand: Estimand) -> float:
    return max(p_above(each, estimand, 0.0) for each in effects)


def _all_below(effects: Sequence[Effect], estimand: Estimand) -> float:
    return max(p_below(each, estimand, 0.0) for each in effects)


def _same(margin: float, raw: Raw, there: OnLogs, estimand: Estimand) -> float:
    """p that they differ by the margin or more on either scale, either way: two one-sided tests on each."""
    if not margin:
        return 1.0
    within = ((raw.effect, margin), (there.effect, margin_on_logs(margin, there.level)))
    return max(max(p_above(effect, estimand, -size), p_below(effect, estimand, size)) for effect, size in within)
