"""(prediction, finding) -> verdict: pure and total. The words are a closed set, and each means one thing only."""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from claimcheck.claim import Tier
from claimcheck.finding import Count, Outcome


class Stand(StrEnum):
    """How evidence stands to what was asked, whatever the tier."""

    FOR = "for"
    AGAINST = "against"
    IN_PART = "in part"
    OPEN = "open"


class TierWord(StrEnum):
    """The verdict of one tier, in that tier's own words."""

    TABLES_AGREE = "tables agree"
    TABLES_DISAGREE = "tables disagree"
    TABLES_AGREE_IN_PART = "tables agree in part"
    OPEN = "open"
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
}
_HEADLINES = {TierWord.TABLES_AGREE: HeadlineWord.VERIFIED, TierWord.TABLES_DISAGREE: HeadlineWord.REFUTED,
              TierWord.TABLES_AGREE_IN_PART: HeadlineWord.IN_PART}


def of_count(count: Count) -> Stand:
    """How a count of cells stands to what was asked of each of them.

    All hold: for. None holds and at least one fails: against. Some hold and others fail or are tied within rounding: in
    part. No cell, or nothing but ties: open, since the print cannot tell.
    """
    holds, fails = count.number(Outcome.HOLDS), count.number(Outcome.FAILS)
    if holds == len(count.cells) and holds:
        return Stand.FOR
    if not holds:
        return Stand.AGAINST if fails else Stand.OPEN
    return Stand.IN_PART


def of_checks(stands: Iterable[Stand]) -> Stand:
    """Several checks or readings of one part: all of one mind, or in part."""
    different = set(stands)
    if not different:
        return Stand.OPEN
    return different.pop() if len(different) == 1 else Stand.IN_PART


def of_parts(tested: Sequence[Stand], untested: int) -> Stand:
    """The parts of a claim at one tier. With parts untested a word is given only if they could not change it.

    >>> of_parts([Stand.FOR, Stand.AGAINST], untested=1), of_parts([Stand.FOR, Stand.FOR], untested=1)
    (<Stand.IN_PART: 'in part'>, <Stand.OPEN: 'open'>)
    """
    different = set(tested)
    if Stand.IN_PART in different or {Stand.FOR, Stand.AGAINST} <= different:
        return Stand.IN_PART
    if untested or Stand.OPEN in different or not different:
        return Stand.OPEN
    return different.pop()


def word(tier: Tier, stand: Stand) -> TierWord:
    """The tier's own word for how its evidence stands. Raises KeyError: the tier has no words yet."""
    return _WORDS[tier][stand]


def headline(settling: TierWord, vague: bool) -> HeadlineWord:
    """The verdict on the claim, from the word of the tier that settles it.

    A claim with a part that names no size cannot be verified, since only its operationalisation was tested; it can be
    refuted, since nothing that fails outright was substantial either.
    """
    decided = _HEADLINES.get(settling, HeadlineWord.UNVERIFIED)
    if vague and decided is not HeadlineWord.REFUTED:
        return HeadlineWord.NOT_TESTABLE
    return decided
