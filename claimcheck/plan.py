"""Plan: which runs a profile of a reproduction asks for, each with its digest. A plan holds no threshold.

Beside the runs it records the digest of each claim's predictions, so that a claim that changed after its measurements
can be told from one that did not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from claimcheck.claim import Claim
from claimcheck.reproduction import Reproduction
from claimcheck.run import Condition, Run, canonical, digest_of
from claimcheck.tier import Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What must be run, at which tier its evidence will count, and what was predicted before it ran."""

    reproduction: str
    profile: str
    says: str
    tier: Tier
    runs: tuple[Run, ...]
    predictions: Mapping[str, str]


def prediction_digest(claim: Claim) -> str:
    """SHA-256 over what decides a claim: kind, scope, necessary conditions and every prediction with its margins."""
    return digest_of({"kind": claim.kind.value, "scope": claim.scope.value, "tables": claim.tables,
                      "necessary": canonical(claim.necessary), "atoms": canonical(claim.atoms)})


def make(claims: Sequence[Claim], reproduction: Reproduction, profile: str, first_seed: int = 0) -> Plan:
    """The runs of a profile: backbones x arms x seeds, seeds counted from `first_seed`. Raises KeyError: no such profile."""
    design = reproduction.design(profile)
    shared = {"data": design.data, "training": design.training}  # measures are derived from places and are no part of a run
    runs = tuple(
        Run(condition=Condition(
            reproduction=reproduction.id, backbone=backbone, arm=arm,
            settings={**shared, "backbone": model, "arm": filling}), seed=seed)
        for seed in range(first_seed, first_seed + (design.seeds or 0))
        for backbone, model in design.backbones.items()
        for arm, filling in design.arms.items())
    return Plan(reproduction=reproduction.id, profile=profile, says=reproduction.profiles[profile].says,
                tier=reproduction.tier(profile), runs=runs,
                predictions={claim.id: prediction_digest(claim) for claim in claims})

