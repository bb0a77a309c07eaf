"""A claim at a tier that re-runs the method: is it a test of the claim, and what does it say?"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from claimcheck import verdict
from claimcheck.appraisal import rerun_words
from claimcheck.appraisal.answers import shown_to_differ
from claimcheck.appraisal.family import Family, Tested
from claimcheck.appraisal.fed import fed
from claimcheck.appraisal.fragility import fragility
from claimcheck.appraisal.journal import Looks
from claimcheck.appraisal.measured import Measured
from claimcheck.appraisal.printed import compare
from claimcheck.appraisal.rerun import RerunFinding, findings, stand_of_claim
from claimcheck.appraisal.stages import Stage
from claimcheck.appraisal.tier_verdict import TierVerdict, Unavailable
from claimcheck.claim import Claim, Kind
from claimcheck.evidence.reported_table import ReportedTable
from claimcheck.reproduction import ALPHA, PrintedNumbers
from claimcheck.tier import Tier
from claimcheck.verdict import TierWord

RERUN = (Tier.REDUCED, Tier.FULL)
"""Tiers that re-run the method."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """What the runs of a plan gave, put to every claim of the paper at each look that was taken; at least one was.

    `looks`: what had been seen before these runs were planned. `printed`: where the paper's tables hold what was measured.
    """

    stages: tuple[Stage, ...]
    printed: PrintedNumbers | None = None
    looks: Looks = field(default_factory=Looks)

    @property
    def measured(self) -> Measured:
        """All runs that were made."""
        return self.stages[-1].measured

    @property
    def family(self) -> Family:
        """The family at the last look that was taken."""
        return self.stages[-1].family

    def deciding(self, claim_id: str) -> Stage:
        """The first look that decides a claim, or the last that was taken."""
        return next((each for each in self.stages if claim_id in each.decided), self.stages[-1])


def rerun_verdict(claim: Claim, tier: Tier, runs: Runs | Unavailable | None,
                  table: ReportedTable | None = None, *, bare: bool = False) -> TierVerdict:
    """The verdict of a tier that re-runs the method; the paper's `table` stands beside it and never enters it.

    `bare`: only what decides, without the price of an answer and what else stands beside the verdict.
    """
    if isinstance(runs, Unavailable):
        if runs.tier is not None and runs.tier is not tier:
            return _other_tier(tier, runs.tier)
        return TierVerdict(tier=tier, word=TierWord.COULD_NOT_RUN, why=runs.why, remedy=runs.remedy, missing_here=True)
    if runs is None:
        return TierVerdict(tier=tier, word=TierWord.NOT_RUN, why="not all runs of this profile stand in the store",
                           remedy="`claimcheck run`, with the same --profile and --seed, trains and evaluates")
    at = runs.deciding(claim.id)
    plan, tested = at.measured.plan, at.family.tested.get(claim.id)
    if plan.tier is not tier:
        return _other_tier(tier, plan.tier)
    own = () if tested is None else findings(claim, tested, at.measured, bare=bare)
    if tested is not None and not bare:
        own = _beside_print(own, tested, runs, table)
    if tested is None or not any(each.found.comparisons for each in own):
        lacks = dict.fromkeys(text for each in own for text in (*each.found.left_out, *each.found.not_covered))
        return TierVerdict(tier=tier, word=TierWord.NOT_RUN, remedy="a profile that measures it",
                           why=f"profile {plan.profile} measures nothing that the claim predicts: {'; '.join(lacks)}")
    if tier is Tier.FULL and (uncovered := [text for each in own for text in each.found.not_covered]):
        return TierVerdict(tier=tier, word=TierWord.INCONCLUSIVE, why="; ".join(dict.fromkeys(uncovered)), reruns=own)
    said = (*tested.conditions.says, *(f"not checked: {text}" for text in tested.conditions.unchecked),
            *dict.fromkeys(text for each in own for text in each.found.not_covered),
            *(f"a check of the claim is not measured here: {text}" for each in own
              if not each.found.comparisons for text in each.found.left_out),
            *(() if bare else fed(at.measured)), *shown_to_differ(own),
            *_scope(claim, own), *(_look(runs, at) if tested.is_test else ()), *_seen(claim, runs.looks))
    if not tested.is_test:
        return TierVerdict(tier=tier, word=TierWord.NOT_A_TEST, why="; ".join(tested.conditions.lacking), reruns=own, says=said,
                           remedy="a run that meets the condition; what was found stands below, apart from every verdict")
    stand, parts, untested = stand_of_claim(claim, own)
    word = verdict.word(tier, stand)
    return TierVerdict(tier=tier, word=word, reruns=own, parts=parts, untested=untested, says=said,
                       why=rerun_words.why(parts, own, untested),
                       remedy="" if bare else rerun_words.price(own, at.measured, word),
                       fragility=None if bare else fragility(claim, tested, at.measured))


def _beside_print(own: Sequence[RerunFinding], tested: Tested, runs: Runs,
                  table: ReportedTable | None) -> tuple[RerunFinding, ...]:
    """Each finding with its comparisons beside the paper's printed numbers."""
    plan = runs.measured.plan
    return tuple(replace(each, printed=compare(contrast, plan.tier, plan.design.data, runs.printed, table))
                 for each, (_, _, contrast) in zip(own, tested.contrasts, strict=True))


def _scope(claim: Claim, own: Sequence[RerunFinding]) -> tuple[str, ...]:
    """Among whom a superlative is one: the arms that were run, and no others."""
    if claim.kind is not Kind.SUPERLATIVE:
        return ()
    arms = dict.fromkeys(value.name for each in own for comparison in each.found.comparisons for value in comparison.values)
    return (f"“best” of the {len(arms)} arms compared here ({', '.join(arms)}), and of no other",)


def _look(runs: Runs, at: Stage) -> tuple[str, ...]:
    """At which of several planned looks the claim was judged."""
    planned = len(runs.measured.plan.looks)
    if planned == 1:
        return ()
    number = runs.stages.index(at) + 1
    text = (f"judged at look {number} of {planned} that were planned, after {at.look.runs} runs an arm, at a level of "
            f"{at.look.alpha:g} of the {ALPHA:g} that all looks share")
    return (text,)


def _seen(claim: Claim, looks: Looks) -> tuple[str, ...]:
    """What a reader must know of looks that were taken before."""
    told = []
    if claim.id in looks.changed:
        told.append("exploratory: the claim's predictions changed, or were first put down, after runs of this profile stood")
    if looks.gone:
        told.append(f"exploratory: {', '.join(looks.gone)} shared the level of error when results stood, and "
                    f"{'is' if len(looks.gone) == 1 else 'are'} no longer among the claims")
    if looks.other:
        told.append("exploratory: other runs of this profile were looked at before, with another design or some of the same "
                    f"seeds ({'; '.join(looks.other)})")
    if looks.earlier:
        told.append("a further look: runs of this profile with other seeds were looked at before "
                    f"({'; '.join(looks.earlier)}), and the level of error is that of each look")
    return tuple(told)


def _other_tier(tier: Tier, planned: Tier) -> TierVerdict:
    return TierVerdict(tier=tier, word=TierWord.NOT_RUN, why=f"the runs of this profile are of tier {planned}",
                       remedy=f"choose a profile of tier {tier} with --profile" if tier is Tier.REDUCED else
                       "the paper's own backbones at pinned revisions, its data and its training")
