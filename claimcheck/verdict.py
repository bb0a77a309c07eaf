"""(prediction, finding) -> verdict: pure and total. The words are a closed set, and each means one thing only."""

from collections.abc import Collection
from enum import StrEnum

from claimcheck.finding import Count, Outcome
from claimcheck.tier import Tier


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
    CONFIRMED = "confirmed"
    CONTRADICTED = "contradicted"
    IN_PART = "in part"
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
}
_HEADLINES = {TierWord.TABLES_AGREE: HeadlineWord.VERIFIED, TierWord.TABLES_DISAGREE: HeadlineWord.REFUTED,
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
    if Stand.IN_PART in different or {Stand.FOR, Stand.AGAINST} <= different:
        return Stand.IN_PART
    if untested or Stand.OPEN in different or not different:
        return Stand.OPEN
    return different.pop()


def word(tier: Tier, stand: Stand) -> TierWord:
    """The tier's own word for how its evidence stands. Raises KeyError: the tier has no words yet."""
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
