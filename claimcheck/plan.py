"""Plan: which runs a profile of a reproduction asks for, each with its digest. A plan holds no threshold of a claim.

Beside the runs it records the digest of each claim's predictions, so that a claim that changed after its measurements
can be told from one that did not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from claimcheck.claim import Claim
from claimcheck.design import Arm, Design
from claimcheck.reproduction import ALPHA, Look, Reproduction
from claimcheck.run import Condition, Run, canonical, digest_of
from claimcheck.tier import Tier

UNTRAINED = "untrained"
"""The arm that every plan has: the encoder before training."""
CHANCE = "chance"
"""A row of every report that no run makes; no arm is called so."""


FINISHED = "sentence-transformers"
"""The kind of encoder that is evaluated as it is: of all arms it has the one before training."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What must be run, at which tier its evidence will count, and what was predicted before it ran.

    `looks`: when it may be decided, in order; the last one is after all runs.
    """

    reproduction: str
    profile: str
    says: str
    tier: Tier
    design: Design
    runs: tuple[Run, ...]
    predictions: Mapping[str, str]
    looks: tuple[Look, ...]

    def until(self, look: Look) -> tuple[Run, ...]:
        """The runs that must stand at a look: of each condition those with the first seeds."""
        seeds = sorted({run.seed for run in self.runs})[:look.runs]
        return tuple(run for run in self.runs if run.seed in seeds)


def prediction_digest(claim: Claim) -> str:
    """SHA-256 over what decides a claim: kind, scope, necessary conditions and every prediction with its margins."""
    return digest_of({"kind": claim.kind.value, "scope": claim.scope.value, "tables": claim.tables,
                      "necessary": canonical(claim.necessary), "atoms": canonical(claim.atoms)})


def make(claims: Sequence[Claim], reproduction: Reproduction, profile: str, first_seed: int = 0) -> Plan:
    """The runs of a profile: backbones x arms x seeds, seeds counted from `first_seed`. Raises KeyError: no such profile.

    Where no arm of the profile is the encoder before training, one called `untrained` is added: no effect of training can be
    read without it.
    """
    design = reproduction.design(profile)
    arms = dict(design.arms)
    if all(arm.sampling != "none" for arm in arms.values()):
        arms = {UNTRAINED: Arm(sampling="none"), **arms}
    runs = tuple(
        Run(condition=Condition(reproduction=reproduction.id, backbone=backbone, model=model, arm=arm, filling=filling,
                                data=design.data, training=design.training, perturbations=design.perturbations), seed=seed)
        for seed in range(first_seed, first_seed + (design.seeds or 0))  # measures are derived from places: no part of a run
        for backbone, model in design.backbones.items()
        for arm, filling in arms.items() if filling.sampling == "none" or model.encoder != FINISHED)
    return Plan(reproduction=reproduction.id, profile=profile, says=reproduction.profiles[profile].says,
                tier=reproduction.tier(profile), design=design, runs=runs,
                predictions={claim.id: prediction_digest(claim) for claim in claims},
                looks=reproduction.profiles[profile].looks or (Look(runs=max(design.seeds or 0, 1), alpha=ALPHA),))
