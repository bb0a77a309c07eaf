"""(prediction, finding) -> verdict: pure and total. The words are a closed set, and each means one thing only."""

from collections.abc import Collection
from dataclasses import replace
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum
from math import inf, log1p

from claimcheck.finding import Asked, Bounds, Comparison, Comparisons, Count, Goal, Outcome
from claimcheck.tier import Tier

LEAST_RUNS = 3
"""With fewer training runs an arm no re-run decides anything."""


class Stand(StrEnum):
    """How evidence stands to what was asked, whatever the tier."""

    FOR = "for"
    AGAINST = "against"
    NEGLIGIBLE = "negligible"
    IN_PART = "in part"
    OPEN = "open"
    SCALE_DEPENDENT = "scale-dependent"


class TierWord(StrEnum):
    """The verdict of one tier, in that tier's own words."""

    TABLES_AGREE = "tables agree"
    TABLES_DISAGREE = "tables disagree"
    TABLES_AGREE_IN_PART = "tables agree in part"
    OPEN = "open"
    CONFIRMED = "confirmed"
    CONTRADICTED = "contradicted"
    IN_PART = "in part"
    PROXY_SUPPORTS = "proxy supports"
    PROXY_CONTRADICTS = "proxy contradicts"
    PROXY_IN_PART = "proxy supports in part"
    VERIFIED = "verified"
    REFUTED = "refuted"
    NEGLIGIBLE = "negligible"
    INCONCLUSIVE = "inconclusive"
    SCALE_DEPENDENT = "scale-dependent"
    NOT_A_TEST = "not a test of this claim"
    PLANTED_FOUND = "planted truth found"
    PLANTED_MISSED = "missed"
    NOT_RUN = "not run"
    COULD_NOT_RUN = "could not run"


class HeadlineWord(StrEnum):
    """The verdict on the whole claim."""

    VERIFIED = "verified"
    REFUTED = "refuted"
    IN_PART = "in part"
    UNVERIFIED = "unverified"
    NOT_TESTABLE = "not testable as stated"


_WORDS = {
    Tier.REPORTED: {Stand.FOR: TierWord.TABLES_AGREE, Stand.AGAINST: TierWord.TABLES_DISAGREE,
                    Stand.IN_PART: TierWord.TABLES_AGREE_IN_PART, Stand.OPEN: TierWord.OPEN},
    Tier.DATA: {Stand.FOR: TierWord.CONFIRMED, Stand.AGAINST: TierWord.CONTRADICTED, Stand.IN_PART: TierWord.IN_PART,
                Stand.OPEN: TierWord.OPEN},
    Tier.REDUCED: {Stand.FOR: TierWord.PROXY_SUPPORTS, Stand.AGAINST: TierWord.PROXY_CONTRADICTS,
                   Stand.NEGLIGIBLE: TierWord.NEGLIGIBLE, Stand.IN_PART: TierWord.PROXY_IN_PART,
                   Stand.OPEN: TierWord.INCONCLUSIVE, Stand.SCALE_DEPENDENT: TierWord.SCALE_DEPENDENT},
    Tier.FULL: {Stand.FOR: TierWord.VERIFIED, Stand.AGAINST: TierWord.REFUTED, Stand.NEGLIGIBLE: TierWord.NEGLIGIBLE,
                Stand.IN_PART: TierWord.IN_PART, Stand.OPEN: TierWord.INCONCLUSIVE,
                Stand.SCALE_DEPENDENT: TierWord.SCALE_DEPENDENT},
}
_HEADLINES = {TierWord.VERIFIED: HeadlineWord.VERIFIED, TierWord.REFUTED: HeadlineWord.REFUTED,
              TierWord.TABLES_AGREE: HeadlineWord.VERIFIED, TierWord.TABLES_DISAGREE: HeadlineWord.REFUTED,
              TierWord.TABLES_AGREE_IN_PART: HeadlineWord.IN_PART, TierWord.CONFIRMED: HeadlineWord.VERIFIED,
              TierWord.CONTRADICTED: HeadlineWord.REFUTED, TierWord.IN_PART: HeadlineWord.IN_PART}


def of_count(count: Count) -> Stand:
    """How a count of cells stands to what was asked of each of them.

    All hold: for. None holds and at least one fails: against. Some hold and others fail or are tied within rounding: in
    part. No cell, or nothing but ties: open, since the print cannot tell. What was left out may have gone either way, so with
    anything left out a count is for or against nothing: at most in part.
    """
    holds, fails = count.number(Outcome.HOLDS), count.number(Outcome.FAILS)
    if holds and holds < count.total:
        return Stand.IN_PART
    if count.left_out or not (holds or fails):
        return Stand.OPEN
    return Stand.FOR if holds else Stand.AGAINST


def of_parts(tested: Collection[Stand], untested: int = 0) -> Stand:
    """Checks of a part, or parts of a claim, joined. A word is given only if what is untested or open could not change it.

    >>> of_parts([Stand.FOR, Stand.AGAINST], untested=1), of_parts([Stand.FOR, Stand.FOR], untested=1)
    (<Stand.IN_PART: 'in part'>, <Stand.OPEN: 'open'>)
    """
    different = set(tested)
    if Stand.IN_PART in different or (Stand.FOR in different and different & {Stand.AGAINST, Stand.NEGLIGIBLE}):
        return Stand.IN_PART
    if untested or Stand.OPEN in different or not different:
        return Stand.OPEN
    if Stand.SCALE_DEPENDENT in different:
        return Stand.SCALE_DEPENDENT
    return Stand.NEGLIGIBLE if Stand.NEGLIGIBLE in different else different.pop()  # the weaker of the two, which both bear out


def of_bounds(bounds: Bounds, asked: Asked) -> Stand:
    """How an interval stands to an effect that was asked for.

    For: the low bound is above `at_least`. Against: the high bound is below it. Negligible, where any effect was asked for: the
    interval reaches zero and stays below the margin. No worse: the same with minus the margin in place of `at_least`, and
    nothing is negligible. Equal: for, if the interval lies within the margin on both sides (two one-sided tests); against, if
    it lies wholly beyond it on one. Source: methodology of the decision table, docs/statistics.md.

    >>> from decimal import Decimal as D
    >>> held = Bounds(low=D("-0.002"), high=D("0.004"), low_level=0.05, high_level=0.05)
    >>> [str(of_bounds(held, Asked(margin=D("0.005"), goal=goal))) for goal in Goal]
    ['negligible', 'for', 'for']
    """
    if asked.goal is Goal.EQUAL:
        if -asked.margin < bounds.low and bounds.high < asked.margin:
            return Stand.FOR
        return Stand.AGAINST if bounds.low > asked.margin or bounds.high < -asked.margin else Stand.OPEN
    if asked.goal is Goal.NO_WORSE:
        if bounds.low > -asked.margin:
            return Stand.FOR
        return Stand.AGAINST if bounds.high < -asked.margin else Stand.OPEN
    if bounds.low > asked.at_least:
        return Stand.FOR
    if bounds.high < asked.at_least:
        return Stand.AGAINST
    if asked.at_least == 0 and bounds.high < asked.margin:
        return Stand.NEGLIGIBLE
    return Stand.OPEN


def of_comparison(comparison: Comparison, asked: Asked) -> Stand:
    """How one comparison stands; fewer than three runs never decide.

    Against an equivalence speaks its own, wider interval, since either of its sides could. An interaction has to be decided
    alike on both scales: where one only decides it is open, where they contradict each other it depends on the scale.
    """
    if comparison.runs < LEAST_RUNS:
        return Stand.OPEN
    stand = _of_both(comparison.deciding, comparison.contrary, asked)
    if (there := comparison.on_logs) is None:
        return stand
    margin = Decimal(repr(margin_on_logs(float(asked.margin), float(there.level))))
    return of_scales(stand, _of_both(there.deciding, there.contrary, replace(asked, margin=margin)),
                     opposed=_opposed(comparison.deciding, there.deciding))


def _of_both(deciding: Bounds, contrary: Bounds | None, asked: Asked) -> Stand:
    stand = of_bounds(deciding, asked)
    if contrary is not None and stand is not Stand.FOR:
        return Stand.AGAINST if of_bounds(contrary, asked) is Stand.AGAINST else Stand.OPEN
    return stand


def _opposed(one: Bounds, other: Bounds) -> bool:
    """Whether two intervals lie on different sides of zero, each wholly."""
    return (one.low > 0 and other.high < 0) or (one.high < 0 and other.low > 0)


def of_scales(one: Stand, other: Stand, *, opposed: bool = False) -> Stand:
    """One comparison on two scales. `opposed`: shown to be above zero on one and below it on the other.

    What holds on both scales holds, also where the sign of what is left within a margin differs. Two that are not equal on
    either scale, but each time another is ahead, contradict each other.
    Source: Loftus 1978 and Wagenmakers et al. 2012: an interaction that another scale removes is none of the thing itself.

    >>> [str(of_scales(Stand.FOR, each)) for each in (Stand.FOR, Stand.OPEN, Stand.AGAINST)]
    ['for', 'open', 'scale-dependent']
    """
    if one is other and one is not Stand.OPEN and not (one is Stand.AGAINST and opposed):
        return one
    if {one, other} == {Stand.AGAINST, Stand.NEGLIGIBLE}:
        return Stand.NEGLIGIBLE  # the weaker of the two, which both bear out
    return Stand.SCALE_DEPENDENT if opposed or Stand.OPEN not in (one, other) else Stand.OPEN


LOG_DECIMALS = 4
"""Decimals to which logs are printed."""


def margin_on_logs(margin: float, level: float) -> float:
    """A margin in points as one of logs, at a mean of `level`: what the log of the mean loses when it loses the margin.

    Rounded down, so the stricter way, to the digits that are printed; infinite for a margin that is all of the mean.

    >>> margin_on_logs(0.005, 0.25), margin_on_logs(0.0, 0.25), margin_on_logs(0.3, 0.25)
    (0.0202, 0.0, inf)
    """
    if margin >= level:
        return inf
    exact = Decimal(repr(-log1p(-margin / level)))
    return abs(float(exact.quantize(Decimal(1).scaleb(-LOG_DECIMALS), ROUND_FLOOR)))


def of_comparisons(found: Comparisons) -> Stand:
    """A conjunction: for only if each comparison is, against if one is; fewer than three runs never decide.

    With `needed` set, so many comparisons must hold: for if so many do, against if so many can no longer.
    """
    stands = [of_comparison(each, found.asked) for each in found.comparisons]
    if not stands:
        return Stand.OPEN
    spare = 0 if found.needed is None else len(stands) - found.needed
    for against in (Stand.AGAINST, Stand.NEGLIGIBLE):
        if sum(each in (Stand.AGAINST, against) for each in stands) > spare:
            return against
    if found.left_out:
        return Stand.OPEN
    if Stand.SCALE_DEPENDENT in stands and stands.count(Stand.OPEN) <= spare:
        return Stand.SCALE_DEPENDENT
    return Stand.FOR if stands.count(Stand.FOR) >= len(stands) - spare else Stand.OPEN


def relevant(found: Comparisons) -> bool | None:
    """Whether what holds, or what speaks against it, is as large as the margin: it is, it is not, or that is not decided.

    Where all hold, all must be; where one speaks against it, one that does. Of no other goal than being ahead is it asked.
    """
    if found.asked.goal is not Goal.AHEAD:
        return None
    margin = found.asked.margin
    against = [each.deciding for each in found.comparisons if of_bounds(each.deciding, found.asked) is Stand.AGAINST]
    if against:
        if any(each.high < -margin for each in against):
            return True
        return False if all(each.low > -margin for each in against) else None
    if all(each.deciding.low > margin for each in found.comparisons):
        return True
    return False if any(each.deciding.high < margin for each in found.comparisons) else None


def of_conjunction(stands: Collection[Stand]) -> Stand:
    """Checks all of which must hold: the worst of them decides.

    >>> of_conjunction([Stand.FOR, Stand.AGAINST, Stand.OPEN]), of_conjunction([Stand.FOR, Stand.OPEN])
    (<Stand.AGAINST: 'against'>, <Stand.OPEN: 'open'>)
    """
    order = (Stand.AGAINST, Stand.NEGLIGIBLE, Stand.IN_PART, Stand.OPEN, Stand.SCALE_DEPENDENT, Stand.FOR)
    return min(stands, key=order.index, default=Stand.OPEN)


def word(tier: Tier, stand: Stand) -> TierWord:
    """The tier's own word for how its evidence stands. Raises KeyError: the tier has no word for it."""
    return _WORDS[tier][stand]


def opposes(word: TierWord) -> bool:
    """Whether a tier's evidence speaks, wholly or in part, against the claim."""
    return word in (TierWord.CONTRADICTED, TierWord.IN_PART)


def headline(settling: TierWord, *, vague: bool, plain_part_fails: bool = False, opposed: bool = False) -> HeadlineWord:
    """The verdict on the claim, from the word of the tier that settles it.

    `opposed`: the files of a data set speak against the claim. What is printed cannot verify it then.

    `vague`: a part of the claim names no size, and only an operationalisation of ours was tested. That can neither verify nor
    refute the claim; only a part that is testable as it stands can, by failing (`plain_part_fails`).
    """
    if vague:
        return HeadlineWord.REFUTED if plain_part_fails else HeadlineWord.NOT_TESTABLE
    decided = _HEADLINES.get(settling, HeadlineWord.UNVERIFIED)
    return HeadlineWord.UNVERIFIED if opposed and decided is HeadlineWord.VERIFIED else decided
