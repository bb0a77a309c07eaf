"""What a prediction is about, as effects: one for each comparison, before any level or bound is set."""

from collections.abc import Hashable
from dataclasses import dataclass, field, replace

from claimcheck.finding import Goal
from claimcheck.stats.effect import Effect, Estimand, p_above, p_below
from claimcheck.verdict import margin_on_logs


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """One comparison: what it is about, the effect (points, or log of a ratio), and the means of arm and rival.

    `same_as`: equal for comparisons that are one and the same, whatever they are called. `geometric`: of a ratio, the log of
    the ratio of geometric means, where every value is above zero. `where`: the routes and settings that it is over.
    `on_logs`: of an interaction, the same on the scale of logs, which must agree.
    """

    about: tuple[tuple[str, str], ...]
    same_as: Hashable
    arms: tuple[str, str]
    means: tuple[float, float]
    effect: Effect = field(repr=False)
    questions: int
    geometric: Effect | None = field(default=None, repr=False)
    where: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    on_logs: "OnLogs | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OnLogs:
    """An interaction on the scale of logs: of what share of its clean mean an arm keeps, log of that less log of the rival's.

    `level`: the larger of the two clean means: what a margin in points is held against, so that it is one in logs.
    """

    effect: Effect = field(repr=False)
    level: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """All comparisons of one prediction. `is_log`: effects are logs of ratios, rival over arm, and are told in percent.

    `at_least` and `margin` stand in the effects' own units; `goal` says what is asked of them. `needed`: how many comparisons
    must hold, None for all.
    """

    raws: tuple[Raw, ...]
    measure: str
    is_log: bool
    at_least: float
    margin: float
    goal: Goal = Goal.AHEAD
    needed: int | None = None
    left_out: tuple[str, ...] = ()
    not_covered: tuple[str, ...] = ()

    @property
    def null_for(self) -> float:
        """What the effect must lie above for the prediction to hold: the size that was asked for, or minus what may be lost."""
        return self.at_least if self.goal is Goal.AHEAD else -self.margin

    @property
    def null_against(self) -> float:
        """Where the effect would have to lie below for the prediction to fail: the margin, or the size that was asked for."""
        if self.goal is not Goal.AHEAD:
            return -self.margin
        return self.margin if self.at_least == 0 else self.at_least

    @property
    def hypotheses(self) -> frozenset[Hashable]:
        """What could fail, each counted once; an equivalence can fail on either side."""
        nulls = (-self.margin, self.margin) if self.goal is Goal.EQUAL else (self.null_against,)
        return frozenset((raw.same_as, null) for raw in self.raws for null in nulls)

    @property
    def share(self) -> int:
        """Among how many comparisons the level in favour is shared: one where all must hold, more where some may fail.

        Source: Benjamini and Heller 2008, partial conjunctions: p of "u of n" is (n - u + 1) times the u-th smallest p.
        """
        return 1 if self.needed is None else len(self.raws) - self.needed + 1

    def p_for(self, estimand: Estimand) -> float:
        """Of the hypothesis that not all (or not so many as needed) comparisons hold: intersection-union, no correction."""
        found = sorted(self._p_for(raw, estimand) for raw in self.raws)
        if not found or self.left_out:
            return 1.0
        return min(1.0, self.share * found[(self.needed or len(found)) - 1])

    def p_against(self, estimand: Estimand) -> float:
        """The smallest p of a single comparison's failing, or of so many failing that too few are left; not corrected."""
        found = sorted(self._p_against(raw, estimand) for raw in self.raws)
        return found[self.share - 1] if found else 1.0

    def _p_for(self, raw: Raw, estimand: Estimand) -> float:
        """Of two scales both have to show it."""
        return max(each._p_for_one(effect, estimand) for each, effect in self._scales(raw))

    def _p_against(self, raw: Raw, estimand: Estimand) -> float:
        """Of two scales both have to fail, on the same side."""
        scales = self._scales(raw)
        below = max(p_below(effect, estimand, each.null_against) for each, effect in scales)
        if self.goal is not Goal.EQUAL:
            return below
        return min(below, max(p_above(effect, estimand, each.margin) for each, effect in scales))

    def _p_for_one(self, effect: Effect, estimand: Estimand) -> float:
        above = p_above(effect, estimand, self.null_for)
        return max(above, p_below(effect, estimand, self.margin)) if self.goal is Goal.EQUAL else above

    def _scales(self, raw: Raw) -> list[tuple["Contrast", Effect]]:
        """The effect of a comparison on each scale, with what it is held against there."""
        if raw.on_logs is None:
            return [(self, raw.effect)]
        there = replace(self, margin=margin_on_logs(self.margin, raw.on_logs.level))
        return [(self, raw.effect), (there, raw.on_logs.effect)]
