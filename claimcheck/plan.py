"""Plan: which runs a profile of a reproduction asks for, each with its digest. A plan holds no threshold of a claim.

Beside the runs it records the digest of each claim's predictions, so that a claim that changed after its measurements
can be told from one that did not.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from claimcheck.claim import Claim
from claimcheck.design import Arm, Design
from claimcheck.reproduction import ALPHA, Look, Reproduction
from claimcheck.run import Condition, Run, canonical, digest_of
from claimcheck.tier import Tier

UNTRAINED = "untrained"
"""The arm that every plan has: the encoder before training."""
ATTACKED = "attacked"
"""What runs of attacks are called where else the name of an arm stands."""
CHANCE = "chance"
"""A row of every report that no run makes; no arm is called so."""


FINISHED = "sentence-transformers"
"""The kind of encoder that is evaluated as it is: of all arms it has the one before training."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What must be run, at which tier its evidence will count, and what was predicted before it ran.

    `looks`: when it may be decided, in order; the last one is after all runs. `attacks`: runs that attack all arms of a
    backbone with a seed, which are no arm and enter no verdict.
    """

    reproduction: str
    profile: str
    says: str
    tier: Tier
    design: Design
    runs: tuple[Run, ...]
    predictions: Mapping[str, str]
    looks: tuple[Look, ...]
    attacks: tuple[Run, ...] = ()

    @property
    def everything(self) -> tuple[Run, ...]:
        """All runs, those of attacks last."""
        return (*self.runs, *self.attacks)

    def cut(self, look: Look) -> "Plan":
        """The plan with the runs that must stand at a look: of each condition those with the first seeds."""
        return self.at(sorted({run.seed for run in self.runs})[:look.runs])

    def at(self, seeds: Collection[int]) -> "Plan":
        """The same plan with runs of some seeds alone."""
        runs, attacks = (tuple(run for run in own if run.seed in seeds) for own in (self.runs, self.attacks))
        return replace(self, runs=runs, attacks=attacks)


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
                looks=reproduction.profiles[profile].looks or (Look(runs=max(design.seeds or 0, 1), alpha=ALPHA),),
                attacks=_attacks(runs, design))


def _attacks(runs: Sequence[Run], design: Design) -> tuple[Run, ...]:
    """For each backbone and seed a run that attacks the arms, where the design asks for it."""
    if design.attacks is None:
        return ()
    own: dict[tuple[str, int], dict[str, Run]] = {}
    for run in runs:
        if not design.attacks.arms or run.condition.arm in design.attacks.arms:
            own.setdefault((run.condition.backbone, run.seed), {})[run.condition.arm] = run
    made = []
    for (_, seed), arms in own.items():
        first = next(iter(arms.values())).condition
        made.append(Run(seed=seed, condition=replace(
            first, arm=ATTACKED, filling=Arm(sampling="none"), perturbations=None, attacks=replace(design.attacks, arms=()),
            attacked={name: run.condition.filling for name, run in arms.items()})))
    return tuple(made)
