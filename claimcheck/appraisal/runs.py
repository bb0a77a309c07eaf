"""A claim at a tier that re-runs the method: is it a test of the claim, and what does it say?"""

from dataclasses import dataclass, field

from claimcheck import verdict
from claimcheck.appraisal import rerun_words
from claimcheck.appraisal.family import Family
from claimcheck.appraisal.journal import Looks
from claimcheck.appraisal.measured import Measured
from claimcheck.appraisal.rerun import findings, stand_of_atom
from claimcheck.appraisal.tier_verdict import TierVerdict, Unavailable
from claimcheck.claim import Claim
from claimcheck.tier import Tier
from claimcheck.verdict import TierWord

RERUN = (Tier.REDUCED, Tier.FULL)
"""Tiers that re-run the method."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """What the runs of a plan gave, put to every claim of the paper; `looks`: what had been seen before."""

    measured: Measured = field(repr=False)
    family: Family = field(repr=False)
    looks: Looks = field(default_factory=Looks)


def rerun_verdict(claim: Claim, tier: Tier, runs: Runs | Unavailable | None) -> TierVerdict:
    """The verdict of a tier that re-runs the method."""
    if isinstance(runs, Unavailable):
        if runs.tier is not None and runs.tier is not tier:
            return _other_tier(tier, runs.tier)
        return TierVerdict(tier=tier, word=TierWord.COULD_NOT_RUN, why=runs.why, remedy=runs.remedy, missing_here=True)
    if runs is None:
        return TierVerdict(tier=tier, word=TierWord.NOT_RUN, why="not all runs of this profile stand in the store",
                           remedy="`claimcheck run`, with the same --profile and --seed, trains and evaluates")
    plan = runs.measured.plan
    if plan.tier is not tier:
        return _other_tier(tier, plan.tier)
    tested = runs.family.tested.get(claim.id)
    own = findings(claim, tested, runs.measured) if tested is not None else ()
    if tested is None or not any(each.found.comparisons for each in own):
        lacks = dict.fromkeys(text for each in own for text in (*each.found.left_out, *each.found.not_covered))
        return TierVerdict(tier=tier, word=TierWord.NOT_RUN, remedy="a profile that measures it",
                           why=f"profile {plan.profile} measures nothing that the claim predicts: "
                               f"{'; '.join(lacks) or 'no query is perturbed in it'}")
    if tier is Tier.FULL and (uncovered := [text for each in own for text in each.found.not_covered]):
        return TierVerdict(tier=tier, word=TierWord.INCONCLUSIVE, why="; ".join(dict.fromkeys(uncovered)), reruns=own)
    said = (*tested.conditions.says, *(f"not checked: {text}" for text in tested.conditions.unchecked),
            *dict.fromkeys(text for each in own for text in each.found.not_covered),
            *(("a check of the claim is not measured here: no query is perturbed",)
              if any(each.interaction is not None for atom in claim.atoms for each in atom.rerun) else ()),
            *_seen(claim, runs.looks))
    if not tested.is_test:
        return TierVerdict(tier=tier, word=TierWord.NOT_A_TEST, why="; ".join(tested.conditions.lacking), reruns=own, says=said,
                           remedy="a run that meets the condition; what was found stands below, apart from every verdict")
    parts = [(atom, stand_of_atom(atom, found)) for atom in claim.atoms
             if (found := [each for each in own if each.atom is atom])]
    untested = [atom for atom in claim.atoms if atom not in [each for each, _ in parts]]
    word = verdict.word(tier, verdict.of_parts([stand for _, stand in parts], len(untested)))
    return TierVerdict(tier=tier, word=word, reruns=own, parts=tuple(parts), untested=len(untested), says=said,
                       why=rerun_words.why(parts, own, len(untested)), remedy=rerun_words.price(own, runs.measured, word))


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
