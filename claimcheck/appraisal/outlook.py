"""What planned runs could tell, before they are made: from the spread of runs that stand already, a pilot."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from claimcheck.appraisal.family import Tested, family
from claimcheck.appraisal.measured import read
from claimcheck.appraisal.rerun import RerunFinding, findings
from claimcheck.claim import Claim
from claimcheck.measurement.store import Store
from claimcheck.measurement.work import Work
from claimcheck.plan import Plan
from claimcheck.stats.power import with_runs

FEWEST = 2
"""Runs of each arm that tell anything of how much runs differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What the planned runs could tell of a claim that they are a test of, judged by a pilot of `pilot` runs an arm.

    The comparisons' prices are at the strictest level that sharing it among the claims may give (Holm's first step), and as of
    `runs` runs an arm. Their estimates and bounds are those of the pilot and are nobody's business yet.
    """

    claim: Claim
    pilot: int
    runs: int
    found: tuple[RerunFinding, ...] = field(repr=False)


def outlooks(plan: Plan, claims: Sequence[Claim], works: Sequence[Work], store: Store) -> tuple[Outlook, ...]:
    """For each claim that the plan's runs are a test of; nothing where fewer than two runs of each arm stand.

    Raises CorruptInput: a result that stands is damaged.
    """
    seeds = sorted({work.run.seed for work in works})
    stand = [seed for seed in seeds if all(store.has(work.key) for work in works if work.run.seed == seed)]
    if len(stand) < FEWEST:
        return ()
    pilot = plan.at(stand)
    measured = read(pilot, [work for work in works if work.run.seed in stand], store)
    shared, look = family(claims, measured), plan.looks[-1]
    level = look.alpha / max(len(shared.members), 1)
    made = []
    for claim in claims:
        if claim.id in shared.members:
            strict = _planned(shared.tested[claim.id], look.runs, level)
            made.append(Outlook(claim=claim, pilot=len(stand), runs=look.runs, found=findings(claim, strict, measured)))
    return tuple(made)


def _planned(tested: Tested, runs: int, level: float) -> Tested:
    """The same contrasts as so many runs may be expected to give them, at the level."""
    contrasts = tuple((atom, prediction, replace(contrast, raws=tuple(
        replace(raw, effect=with_runs(raw.effect, runs)) for raw in contrast.raws)))
        for atom, prediction, contrast in tested.contrasts)
    return replace(tested, contrasts=contrasts, level_for=level, level_against=level)
