"""The family: one paper's statistical claims at one tier, and the level that Holm's procedure gives to each of them.

Who belongs to it is known before anything runs: every claim that the plan's runs are a test of, whatever --only names. For each
claim two levels: of the bound that speaks for it and of the bound that speaks against it. A claim of several comparisons is
supported only if each of them is (intersection-union, no correction), contradicted if one is (Bonferroni over them; one that
is put twice counts once).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from claimcheck.appraisal.conditions import Conditions, claim_applies, conditions
from claimcheck.appraisal.contrast import Contrast
from claimcheck.appraisal.contrasts import contrast
from claimcheck.appraisal.measured import Measured
from claimcheck.claim import Atom, Claim
from claimcheck.prediction import RerunPrediction
from claimcheck.reproduction import ALPHA
from claimcheck.stats.effect import Estimand
from claimcheck.stats.families import holm_levels

DISPLAYED = 0.025
"""Alpha of each bound of the plain intervals, which decide nothing: together 95 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """What runs say of one claim, and at which levels its bounds are set. `comparisons`: how many share the level against.

    A claim that the runs are no test of has plain intervals, apart from the family, and is not judged.
    """

    conditions: Conditions
    contrasts: tuple[tuple[Atom, RerunPrediction, Contrast], ...] = field(repr=False)
    level_for: float
    level_against: float
    comparisons: int

    @property
    def is_test(self) -> bool:
        """Whether the runs fulfil all necessary conditions of the claim."""
        return not self.conditions.lacking


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Claims by id; `members` are those that the level is shared among."""

    tested: Mapping[str, Tested]
    members: tuple[str, ...]


def family(claims: Sequence[Claim], measured: Measured, alpha: float = ALPHA) -> Family:
    """Work out all contrasts of all claims, and the levels of those that the runs are a test of.

    `alpha`: one-sided, of the whole family at this look; the interval that .05 gives is a 90 % one for a family of one.
    """
    held = {claim.id: conditions(claim, measured.plan.design) for claim in claims if claim_applies(claim, measured.plan.tier)}
    found = {claim.id: _contrasts(claim, measured, held[claim.id]) for claim in claims if claim.id in held}
    members = tuple(sorted(name for name, contrasts in found.items()
                           if not held[name].lacking and any(each.raws for _, _, each in contrasts)))
    estimands = {claim.id: Estimand(claim.scope.value) for claim in claims}
    sizes = {name: len({each for _, _, contrast in contrasts for each in contrast.hypotheses})
             for name, contrasts in found.items()}
    p_for = {name: max(each.p_for(estimands[name]) for _, _, each in found[name]) for name in members}
    p_against = {name: min(1.0, sizes[name] * min(each.p_against(estimands[name]) for _, _, each in found[name]))
                 for name in members}
    level_for, level_against = holm_levels(p_for, alpha), holm_levels(p_against, alpha)
    return Family(members=members, tested={
        name: Tested(conditions=held[name], contrasts=contrasts, level_for=level_for.get(name, DISPLAYED),
                     level_against=level_against.get(name, DISPLAYED), comparisons=sizes[name] if name in members else 1)
        for name, contrasts in found.items()})


def _contrasts(claim: Claim, measured: Measured,
               held: Conditions) -> tuple[tuple[Atom, RerunPrediction, Contrast], ...]:
    return tuple((atom, prediction, contrast(prediction, measured, held.routes))
                 for atom in claim.atoms for prediction in atom.rerun)
