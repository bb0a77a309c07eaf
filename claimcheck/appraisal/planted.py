"""The self-test: claims whose truth is known, since it was built into the synthetic corpus, judged the very same way."""

from collections.abc import Sequence
from dataclasses import dataclass

from claimcheck.appraisal import rerun_words
from claimcheck.appraisal.rerun import findings, stand_of_claim
from claimcheck.appraisal.runs import Runs
from claimcheck.appraisal.tier_verdict import TierVerdict
from claimcheck.claim_files import ClaimFile
from claimcheck.tier import Tier
from claimcheck.verdict import Stand, TierWord

_EXPECTED = {"there": Stand.FOR, "not there": Stand.NEGLIGIBLE, "reversed": Stand.AGAINST}
_FOUND = {Stand.FOR: "there", Stand.NEGLIGIBLE: "not there", Stand.AGAINST: "reversed", Stand.OPEN: "not decided",
          Stand.IN_PART: "there in part", Stand.SCALE_DEPENDENT: "there on one scale alone"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """One planted truth: what was planted, what was found, and whether the two agree. Never evidence about a paper."""

    document: ClaimFile
    planted: str
    found: str
    verdict: TierVerdict


def judge(documents: Sequence[ClaimFile], runs: Runs) -> tuple[Planted, ...]:
    """Judge the planted claims. Raises KeyError: one of them predicts nothing that the runs measure."""
    made = []
    for document in documents:
        claim = document.value
        assert claim.planted is not None
        own = findings(claim, runs.family.tested[claim.id], runs.measured)
        stand, parts, _ = stand_of_claim(claim, own)
        word = TierWord.PLANTED_FOUND if stand is _EXPECTED[claim.planted] else TierWord.PLANTED_MISSED
        made.append(Planted(document=document, planted=claim.planted, found=_FOUND[stand], verdict=TierVerdict(
            tier=Tier.SYNTHETIC, word=word, why=rerun_words.why(parts, own, 0), reruns=own, parts=parts)))
    return tuple(made)
